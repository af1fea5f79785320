"""The store in PostgreSQL, from a shell: its tables, what is missing, and a chat's workspace by way of it."""

from __future__ import annotations

from collections.abc import Generator

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from chatworkspace import UnavailableError
from chatworkspace_cli._online.stores import opened
from chatworkspace_simulator import CoderSimulator
from tests.adapters.cli.conftest import Shell
from tests.adapters.cli.worlds import scripts
from tests.adapters.postgres.server import Database, database, granted

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


def test_the_owner_may_do_it_by_hand(shell: Shell, base: Database) -> None:
    """What `db sql` prints is what `db upgrade` would have run."""
    dsn = url(base.owner)
    script = shell("db", "sql", "--dsn", dsn, "--schema", "by_hand").out
    with psycopg.connect(base.owner, autocommit=True) as connection:
        connection.pgconn.exec_(script.encode())
    assert shell("db", "check", "--dsn", dsn, "--schema", "by_hand").code == 0
