"""A process that runs code as another user, and says what it raised. Everything is imported before it becomes that user, who may not read it."""

from __future__ import annotations

import os
import sys
from importlib.resources import files

import chatworkspace_sqlite as _  # noqa: F401 # before it may not be read

files("chatworkspace_sqlite").joinpath("0001_first.sql").read_text(encoding="utf-8")


def main(user: str, code: str) -> None:
    """Become the user, and run it."""
    if os.geteuid() != int(user):
        os.setuid(int(user))
    try:
        exec(code, {})  # noqa: S102 # a line of the test
    except Exception as error:  # noqa: BLE001 # to be told
        print(type(error).__name__, error, flush=True)  # noqa: T201 # how it talks


if __name__ == "__main__":
    main(*sys.argv[1:])
