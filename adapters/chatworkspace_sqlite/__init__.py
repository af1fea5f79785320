"""A store in one SQLite file, for the threads and processes of one host. Needs nothing but Python."""

from __future__ import annotations

from chatworkspace_sqlite._store import SQLiteStore

__all__ = ["SQLiteStore"]
