"""A real pgbouncer in transaction mode: connections of the stores' user go through it, and share few of the server's."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from tests.adapters.postgres.server import APP, TO_START, Database, answers, folder_of_servers, run_as_nobody
from tests.required import required
from tests.sockets import free_port

SERVER_CONNECTIONS = 4
"""Fewer than there are clients, so that statements of one client meet many of them."""


def program() -> str:
    """Return where it is. Skips, or fails where it is required."""
    found = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}{os.pathsep}/usr/sbin")
    return required("pgbouncer", found, "pgbouncer is not installed (Debian's package of that name)")


@contextmanager
def bouncer(database: Database, port: int | None = None) -> Generator[str, None, None]:
    """Start one before this database, and give the way in."""
    path = program()
    with folder_of_servers() as folder:
        port = port or free_port()
        settings = folder / "pgbouncer.ini"
        settings.write_text(_settings(database, port), encoding="utf-8")
        with (folder / "log").open("ab") as log:
            process = run_as_nobody(path, str(settings), stdout=log, stderr=log)
        try:
            dsn = make_conninfo(host="127.0.0.1", port=port, user=APP, dbname=database.name, connect_timeout=10)
            _await(dsn, process, folder / "log")
            yield dsn
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(TO_START)


def _settings(database: Database, port: int) -> str:
    server = conninfo_to_dict(database.app)
    return f"""[databases]
{database.name} = host={server["host"]} port={server.get("port", 5432)} dbname={database.name} user={APP} password={APP}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = {SERVER_CONNECTIONS}
max_client_conn = 2000
server_login_retry = 1
ignore_startup_parameters = extra_float_digits,options
"""


def _await(dsn: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + TO_START
    while not answers(dsn):
        assert process.poll() is None, log.read_text(errors="replace")
        assert time.monotonic() < deadline
        time.sleep(0.02)


def server_processes(database: Database) -> set[int]:
    """Return the server's processes that serve the stores' user."""
    rows = database.execute("SELECT pid FROM pg_stat_activity WHERE usename = %s AND datname = current_database()", (APP,))
    return {pid for (pid,) in rows}
