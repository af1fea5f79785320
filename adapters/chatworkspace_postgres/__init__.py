"""A store in the application's own PostgreSQL, for many hosts. Needs psycopg 3 (`chatworkspace[postgres]` brings it with all it needs)."""

from __future__ import annotations

from chatworkspace_postgres._schema import upgrade
from chatworkspace_postgres._store import PostgresStore
from chatworkspace_postgres._wire import Connect

__all__ = ["Connect", "PostgresStore", "upgrade"]
