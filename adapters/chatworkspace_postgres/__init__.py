"""A store in the application's own PostgreSQL, for the threads, processes and hosts of a service. Needs psycopg 3.

`pip install chatworkspace[postgres]` brings psycopg with all that it needs. Make the tables once, by `chatworkspace db upgrade` or upgrade(), and
give the store what gives connections:

    pool = ConnectionPool("postgresql://app@db/app")
    store = PostgresStore(pool.connection)
    chats = ChatWorkspaces(store=store, ...)

In a Django application that is PostgresStore(from_django(django.db.connection)).
"""

from __future__ import annotations

from chatworkspace import __version__
from chatworkspace_postgres._django import from_django
from chatworkspace_postgres._schema import upgrade
from chatworkspace_postgres._store import PostgresStore
from chatworkspace_postgres._wire import Connect

__all__ = ["Connect", "PostgresStore", "__version__", "from_django", "upgrade"]


def __dir__() -> list[str]:
    return __all__
