"""Run the `chatworkspace` command as `python -m chatworkspace_cli`."""

import sys

from chatworkspace_cli._parser import main

sys.exit(main())
