"""Several commands in one process, one after the other: `python -m tests.adapters.cli.several COMMANDS`, which is a JSON array of arrays of words."""

from __future__ import annotations

import json
import sys
from contextlib import suppress

from chatworkspace_cli import main

END = "\0"
"""What is printed behind each command."""


def run(commands: list[list[str]]) -> None:
    """Run each, however it ends."""
    for words in commands:
        with suppress(SystemExit):  # help, or words that are not understood
            main(words)
        sys.stdout.write(END)
        sys.stdout.flush()


if __name__ == "__main__":
    run(json.loads(sys.argv[1]))
