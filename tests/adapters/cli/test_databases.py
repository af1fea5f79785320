"""The store in PostgreSQL, from a shell: its tables, what is missing, and a chat's workspace by way of it."""

from __future__ import annotations

import io
import os
import sqlite3
import stat
import subprocess
from collections.abc import Generator
from contextlib import closing
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from chatworkspace import UnavailableError
from chatworkspace_cli._online.stores import opened
from chatworkspace_postgres import PostgresStore
from chatworkspace_simulator import CoderSimulator
from chatworkspace_sqlite import SQLiteStore
from tests.adapters.cli.conftest import Shell
from tests.adapters.cli.worlds import scripts
from tests.adapters.postgres.server import Database, database, granted, own_programs

pytestmark = pytest.mark.adapters

SCRIPTS = scripts("chatworkspace_postgres")


@pytest.fixture(scope="module")
def base() -> Generator[Database, None, None]:
    with database() as it:
        yield it


def url(dsn: str) -> str:
    """Return a connection string as a URL."""
    told = conninfo_to_dict(dsn)
    password = f":{told['password']}" if "password" in told else ""
    return f"postgresql://{told['user']}{password}@{told['host']}:{told['port']}/{told['dbname']}"


def test_a_store_in_postgresql(shell: Shell, base: Database, simulator: CoderSimulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Missing tables are told with what makes them; then they are made once, checked, and used. No password is shown."""
    app, owner = url(base.app), url(base.owner)
    monkeypatch.setenv("CHATWORKSPACE_STORE", app)
    missing = shell("db", "check")
    assert missing.code == 3
    assert "`chatworkspace db upgrade` makes it" in missing.err
    with pytest.raises(UnavailableError, match="chatworkspace db upgrade"), opened(app, {}):
        pass
    assert shell("doctor", "--json").told["problems"][-1]["about"] == "store"
    script = shell("db", "sql", "--dsn", owner)
    assert (script.code, script.out.startswith("BEGIN"), script.out.rstrip().endswith("COMMIT;")) == (0, True, True)
    assert shell("db", "upgrade", "--dsn", owner, "--json").told == {"applied": SCRIPTS, "exit_code": 0}
    assert shell("db", "upgrade", "--dsn", owner).out == "nothing to do\n"
    assert shell("db", "sql", "--dsn", owner, "--json").told["sql"] == ""
    assert "lacks" in shell("db", "check").err
    base.execute(granted("chatworkspace"))
    assert shell("db", "check", "--json").told == {"schema_version": len(SCRIPTS), "exit_code": 0}
    simulator.coder.add_template("docker", build=1)
    done = shell("create", "--chat", "thread-42", "--template", "docker", "--json")
    assert (done.code, done.told["reason"]) == (0, "created")
    store = shell("doctor", "--json").told["store"]
    assert (store["kind"], store["schema_version"], store["chats"]) == ("postgresql", len(SCRIPTS), 1)
    assert store["place"].endswith(f"/{base.name}")
    assert "@" not in store["place"]


def test_tables_in_another_schema(shell: Shell, base: Database) -> None:
    """Made by the same file."""
    assert shell("db", "upgrade", "--dsn", url(base.owner), "--schema", "others").code == 0
    assert shell("db", "check", "--dsn", url(base.owner), "--schema", "others").out == f"nothing is missing; version {len(SCRIPTS)}\n"
    wrong = shell("db", "check", "--dsn", url(base.owner), "--schema", "No; DROP")
    assert (wrong.code, wrong.err.startswith("chatworkspace db check: --schema: expected")) == (2, True)


@pytest.mark.parametrize("command", ["upgrade", "check", "sql"])
def test_what_leads_to_no_database(command: str, shell: Shell) -> None:
    """None is told, nonsense, or nobody listens: each is said, without the password."""
    none = shell("db", command)
    assert (none.code, none.err.startswith(f"chatworkspace db {command}: --dsn: expected")) == (2, True)
    nonsense = shell("db", command, "--dsn", "hush this")
    assert (nonsense.code, "hush" in nonsense.err) == (2, False)
    away = shell("db", command, "--dsn", "postgresql://app:hush@127.0.0.1:9/app")
    assert (away.code, "hush" in away.err) == (4, False)


def test_a_database_that_no_word_names(shell: Shell, base: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By a file, by standard input, by the environment: what has a password in it is in no list of processes. Two at once are refused."""
    dsn, kept = url(base.owner), tmp_path / "dsn"
    kept.write_text(f"{dsn}\n", encoding="utf-8")
    asked = ("db", "upgrade", "--schema", "silent")
    assert shell(*asked, "--dsn-file", str(kept)).code == 0
    monkeypatch.setattr("sys.stdin", io.StringIO(dsn))
    assert shell(*asked, "--dsn-file", "-").out == "nothing to do\n"
    assert shell(*asked, "--dsn", dsn, "--dsn-file", str(kept)).code == 2
    gone = shell(*asked, "--dsn-file", str(tmp_path / "gone"))
    assert (gone.code, "gone: No such file" in gone.err) == (2, True)
    monkeypatch.setenv("CHATWORKSPACE_DSN", dsn)
    assert shell(*asked).out == "nothing to do\n"


def test_a_copy_of_a_store_in_use(shell: Shell, base: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In PostgreSQL: psql takes it into another database, with secret and chats. Only its user may read it, and it replaces nothing."""
    monkeypatch.setenv("PATH", str(own_programs()), prepend=os.pathsep)
    with closing(PostgresStore(lambda: psycopg.connect(base.owner), schema=base.schema())) as store:
        store.open_chat("thread-42", UUID(int=1), UUID(int=2))
        secret = store.secret()
        copy = tmp_path / "chats.sql"
        asked = ("db", "backup", "--dsn", url(base.owner), "--schema", store._schema, str(copy))
        done = shell(*asked)
        assert (done.code, done.out) == (0, f"written: {copy}\n"), done
        assert stat.S_IMODE(copy.stat().st_mode) == 0o600
        assert (shell(*asked).code, shell(*asked, "--schema", "no_such").code) == (2, 3)
        other = base.another()
        subprocess.run([own_programs() / "psql", "-q", "-v", "ON_ERROR_STOP=1", "-f", str(copy), other.owner], check=True, capture_output=True)
        with closing(PostgresStore(lambda: psycopg.connect(other.owner), schema=store._schema)) as restored:
            assert (restored.secret(), restored.look("thread-42").chat.owner_id) == (secret, UUID(int=1))


def test_a_copy_without_the_program_for_it(shell: Shell, base: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is named, and no file is left."""
    schema = base.schema()
    monkeypatch.setenv("PATH", str(tmp_path))
    done = shell("db", "backup", "--dsn", url(base.owner), "--schema", schema, str(tmp_path / "chats.sql"))
    assert (done.code, "pg_dump" in done.err, list(tmp_path.iterdir())) == (3, True, [])


def test_a_copy_of_a_file_in_use(shell: Shell, tmp_path: Path) -> None:
    """Complete, though the last commits are still in its log; only its user may read it, and it replaces nothing. What is no store is refused."""
    copy = tmp_path / "copy.db"
    asked = ("db", "backup", str(copy))
    assert shell(*asked).code == 2
    with closing(SQLiteStore(tmp_path / "chats.db")) as store:
        store.open_chat("thread-42", UUID(int=1), UUID(int=2))
        secret = store.secret()
        done = shell(*asked)
        assert (done.code, done.out) == (0, f"written: {copy}\n"), done
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert shell(*asked).code == 2
    with closing(SQLiteStore(copy)) as restored:
        assert (restored.secret(), restored.look("thread-42").chat.owner_id) == (secret, UUID(int=1))
    foreign = tmp_path / "foreign.db"
    with closing(sqlite3.connect(foreign)) as connection:
        connection.execute("CREATE TABLE orders (id)")
    refused = shell("db", "backup", "--store", f"sqlite://{foreign}", str(tmp_path / "no.db"))
    assert (refused.code, (tmp_path / "no.db").exists()) == (2, False)


def test_the_owner_may_do_it_by_hand(shell: Shell, base: Database) -> None:
    """What `db sql` prints is what `db upgrade` would have run."""
    dsn = url(base.owner)
    script = shell("db", "sql", "--dsn", dsn, "--schema", "by_hand").out
    with psycopg.connect(base.owner, autocommit=True) as connection:
        connection.pgconn.exec_(script.encode())
    assert shell("db", "check", "--dsn", dsn, "--schema", "by_hand").code == 0
