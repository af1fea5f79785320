"""A process that binds one chat after another from 4 threads, and says of each when it was told that it is bound. Runs until killed."""

from __future__ import annotations

import os
import sys
from itertools import count
from pathlib import Path
from threading import Thread
from uuid import UUID

from chatworkspace_sqlite import SQLiteStore
from tests.adapters.sqlite.files import bound, opened


def write(store: SQLiteStore, name: str) -> None:
    """Bind, and tell."""
    for number in count():
        workspace_id = UUID(bytes=os.urandom(16))
        bound(store, f"{name}-{number}", workspace_id)
        os.write(1, f"{name}-{number} {workspace_id}\n".encode())  # one line is written whole


def main(path: str, name: str) -> None:
    """Start the threads."""
    with opened(Path(path)) as store:
        threads = [Thread(target=write, args=(store, f"{name}-{number}")) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


if __name__ == "__main__":
    main(*sys.argv[1:])
