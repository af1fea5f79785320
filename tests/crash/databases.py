"""Fresh stores for tests, each by its URL."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from signal import SIGQUIT
from typing import Protocol
from urllib.parse import urlencode

from psycopg.conninfo import conninfo_to_dict

from tests.adapters.postgres import server
from tests.adapters.postgres.bouncer import bouncer


class Database(Protocol):
    """Where stores are made."""

    name: str
    one_lock: bool
    """A process that stands still inside a write keeps all others from writing."""

    def fresh(self) -> str:
        """Return the URL of an empty store."""
        ...

    def restart(self) -> bool:
        """End the server at once and start it again, as a crash does; False: there is none."""
        ...


class Files(Database):
    """One SQLite file for each store."""

    name = "sqlite"
    one_lock = True

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = count()

    def fresh(self) -> str:
        """Return the URL of a file that is not there yet."""
        return f"sqlite:///{self._folder}/{next(self._numbers)}.db"

    def restart(self) -> bool:
        """Do nothing: there is no server."""
        return False


class Schemas(Database):
    """One schema for each store, in a database of a real PostgreSQL."""

    name = "postgres"
    one_lock = False

    def __init__(self, database: server.Database) -> None:
        self._database = database

    def fresh(self) -> str:
        """Return the URL of a schema with its tables."""
        return self._url(self._database.app)

    def _url(self, dsn: str) -> str:
        parts = conninfo_to_dict(dsn)
        host, port, user, password, name = (parts.pop(it, "") for it in ("host", "port", "user", "password", "dbname"))
        return f"postgresql://{user}:{password}@{host}:{port}/{name}?{urlencode(parts)}#{self._database.schema()}"

    def restart(self) -> bool:
        """End the server as a crash does, and start it again, unless it is somebody else's."""
        if self._database.server is None:
            return False
        self._database.server.stop(SIGQUIT)
        self._database.server.start()
        return True


class Pooled(Schemas):
    """The same, through a pgbouncer in transaction mode: few connections of the server's, which serve all processes in turn."""

    name = "pgbouncer"

    def __init__(self, database: server.Database, way: str) -> None:
        super().__init__(database)
        self._way = way

    def fresh(self) -> str:
        """Return the URL of a schema with its tables."""
        return self._url(self._way)


@contextmanager
def database(name: str, folder: Path) -> Generator[Database, None, None]:
    """Give one of a kind; what it keeps in files lies in that folder."""
    if name == Files.name:
        yield Files(folder)
        return
    with server.database() as running:
        if name == Schemas.name:
            yield Schemas(running)
            return
        with bouncer(running) as way:
            yield Pooled(running, way)
