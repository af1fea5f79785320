"""What all tests share: the library's own pytest plugin, loaded from the checkout where it is not installed, and how a run ends.

Where coverage is measured, it begins here in each process of pytest, before the library is imported.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from chatworkspace_fake import pytest_plugin
from tests.runs import covering, places
from tests.runs.ending import Ending

if TYPE_CHECKING:
    from psycopg_pool import ConnectionPool

    from tests.adapters.postgres.server import Database
    from tests.over_postgres import Stores, VirtualDatabase

COVERING = covering.asked()


def pytest_configure(config: pytest.Config) -> None:
    """Load the plugin unless its entry point has, and let Ctrl-C and an order to terminate be heard."""
    if not config.pluginmanager.is_registered(pytest_plugin):
        config.pluginmanager.register(pytest_plugin, "chatworkspace")
    config.pluginmanager.register(Ending(in_charge=not hasattr(config, "workerinput")), "ending")
    if COVERING is not None:
        config.pluginmanager.register(COVERING, "covering")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Refuse a mark where `python -m tests` would not look for it: after the folders have given theirs, and before any test is left out."""
    if lost := places.elsewhere(items):
        message = "marked, and the module does not name the mark: " + "; ".join(lost)
        raise pytest.UsageError(message)


def pytest_collection_finish() -> None:
    """Let the collector of garbage leave alone what lasts as long as the run: thousands of tests, which it would go through again and again."""
    gc.collect()
    gc.freeze()


def pytest_sessionfinish() -> None:
    """Take that back: what is loaded at the end only may look for who refers to it, and the collector knows of what it goes through alone."""
    gc.unfreeze()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what tests have told, whichever process they ran in."""
    reports = [report for key in ("passed", "failed") for report in terminalreporter.getreports(key)]
    for report in reports:
        for name, value in report.user_properties:
            if name == "told":
                terminalreporter.write_line(str(value))


@pytest.fixture(scope="session")
def postgres(pytestconfig: pytest.Config) -> Iterator[Database]:
    """Give a database in a real PostgreSQL. Behind each test, the schemas that it had are taken back."""
    from tests.adapters.postgres.server import database  # noqa: PLC0415 # only these tests need a server, or its driver

    with database() as it:
        pytestconfig.pluginmanager.register(behind := TakingBack(it))
        yield it
        pytestconfig.pluginmanager.unregister(behind)


class TakingBack:
    """Takes back what a test has had of a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def pytest_runtest_logfinish(self) -> None:
        """As pytest calls it when a test and its fixtures have ended."""
        self._database.take_back()


@pytest.fixture(scope="session")
def postgres_pool(postgres: Database) -> Iterator[ConnectionPool[Any]]:
    """Give a pool of connections, as a host has one."""
    from tests.adapters.postgres.server import pool_of  # noqa: PLC0415 # as above

    with pool_of(postgres.app) as pool:
        yield pool


@pytest.fixture(scope="session")
def pgbouncer(postgres: Database) -> Iterator[str]:
    """Give the way into the same database through a pgbouncer in transaction mode."""
    from tests.adapters.postgres.bouncer import bouncer  # noqa: PLC0415 # as above

    with bouncer(postgres) as dsn:
        yield dsn


@pytest.fixture(scope="session")
def pgbouncer_pool(pgbouncer: str) -> Iterator[ConnectionPool[Any]]:
    """Give a pool of connections to it."""
    from tests.adapters.postgres.server import pool_of  # noqa: PLC0415 # as above

    with pool_of(pgbouncer) as pool:
        yield pool


@pytest.fixture(scope="session")
def virtual_postgres(postgres: Database) -> Iterator[VirtualDatabase]:
    """Give a database whose clock tests set."""
    from tests.over_postgres import VirtualDatabase  # noqa: PLC0415 # as above

    with closing(VirtualDatabase(postgres.another())) as it:
        yield it


@pytest.fixture(scope="session")
def postgres_stores(postgres: Database, postgres_pool: ConnectionPool[Any], virtual_postgres: VirtualDatabase) -> Iterator[Stores]:
    """Give stores behind those in memory."""
    from tests.adapters.postgres.server import pool_of  # noqa: PLC0415 # as above
    from tests.over_postgres import Stores  # noqa: PLC0415 # as above

    with pool_of(virtual_postgres.database.app) as pool:
        yield Stores(virtual_postgres, postgres, virtual_pool=pool, real_pool=postgres_pool)


@pytest.fixture(scope="session")
def pgbouncer_stores(postgres: Database, pgbouncer_pool: ConnectionPool[Any], virtual_postgres: VirtualDatabase) -> Iterator[Stores]:
    """Give the same through a pgbouncer."""
    from tests.adapters.postgres.bouncer import bouncer  # noqa: PLC0415 # as above
    from tests.adapters.postgres.server import pool_of  # noqa: PLC0415 # as above
    from tests.over_postgres import Stores  # noqa: PLC0415 # as above

    with bouncer(virtual_postgres.database) as dsn, pool_of(dsn) as pool:
        yield Stores(virtual_postgres, postgres, virtual_pool=pool, real_pool=pgbouncer_pool)
