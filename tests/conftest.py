"""What all tests share: the library's own pytest plugin, loaded from the checkout where it is not installed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from chatworkspace_fake import pytest_plugin

if TYPE_CHECKING:
    from psycopg_pool import ConnectionPool

    from tests.adapters.postgres.server import Database

# before anybody imports them: an assertion that fails in a suite is to show its values
pytest.register_assert_rewrite("tests.contract.clock", "tests.contract.creator", "tests.contract.dialer", "tests.contract.store")


def pytest_configure(config: pytest.Config) -> None:
    """Load the plugin unless its entry point has."""
    if not config.pluginmanager.is_registered(pytest_plugin):
        config.pluginmanager.register(pytest_plugin, "chatworkspace")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what tests have told, whichever process they ran in."""
    reports = [report for key in ("passed", "failed") for report in terminalreporter.getreports(key)]
    for report in reports:
        for name, value in report.user_properties:
            if name == "told":
                terminalreporter.write_line(str(value))


@pytest.fixture(scope="session")
def postgres() -> Iterator[Database]:
    """Give a database in a real PostgreSQL."""
    from tests.adapters.postgres.server import database  # noqa: PLC0415 # only these tests need a server, or its driver

    with database() as it:
        yield it


@pytest.fixture(scope="session")
def postgres_pool(postgres: Database) -> Iterator[ConnectionPool[Any]]:
    """Give a pool of connections, as a host has one."""
    from psycopg_pool import ConnectionPool  # noqa: PLC0415 # as above

    with ConnectionPool(postgres.app, min_size=1, max_size=16) as pool:
        yield pool
