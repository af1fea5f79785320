"""Run the `chatworkspace` command as `python -m chatworkspace`."""

import sys

from chatworkspace.cli import main

sys.exit(main())
