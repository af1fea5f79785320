"""Run the `chatworkspace` command as `python -m chatworkspace_cli`."""

import sys

from chatworkspace_cli import main

sys.exit(main())
