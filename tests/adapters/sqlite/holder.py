"""A process that stays in the middle of a transaction until it is killed."""

from __future__ import annotations

import sqlite3
import sys
from contextlib import closing


def main(path: str) -> None:
    """Change every chat, do not commit, and wait."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("UPDATE chat SET closed = 1")
        print("inside", flush=True)  # noqa: T201 # how it talks
        sys.stdin.read()


if __name__ == "__main__":
    main(*sys.argv[1:])
