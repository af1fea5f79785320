"""A store in one SQLite file, for the threads and processes of one host. Needs nothing but Python.

The file is made when it is not there; its directory has to be, on a disk of the host:

    store = SQLiteStore("/var/lib/app/chats.db")
    chats = ChatWorkspaces(store=store, ...)
"""

from __future__ import annotations

from chatworkspace import __version__
from chatworkspace_sqlite._store import SQLiteStore

__all__ = ["SQLiteStore", "__version__"]


def __dir__() -> list[str]:
    return __all__
