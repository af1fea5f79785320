"""A platform, a store, and the app over them under a real web server: `python -m pytest -m web` runs this, and so does `python -m tests`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from chatworkspace_postgres import upgrade
from chatworkspace_simulator import CoderSimulator
from tests.adapters.postgres.server import Database, granted
from tests.ways import is_left_out, mark_by_place
from tests.web.site import Site, serving

LINES = tuple(f"step {number} <b>of</b> the build" for number in range(1, 11))
"""Of a build's log. A page that took them for HTML would show them otherwise."""


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave them alone where they are left out."""
    return is_left_out(collection_path, config, "web")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark all tests of this folder."""
    mark_by_place(items, pytest.mark.web, lambda path: Path(__file__).parent in path.parents)


@pytest.fixture
def simulator() -> Iterator[CoderSimulator]:
    with CoderSimulator(requests_per_minute=None, first_dials="quick") as running:
        running.coder.add_template("docker", build=4, connect=1, scripts=1, stop=1, log=LINES)
        running.coder.add_template("slow", build=12, log=LINES)
        yield running


@pytest.fixture
def database(postgres: Database) -> Iterator[Database]:
    """Give one of its own in a real PostgreSQL, with the store's tables and the rights that the app's user needs."""
    fresh = Database(postgres.owner, postgres.server)
    try:
        upgrade(lambda: psycopg.connect(fresh.owner))
        fresh.execute(granted("chatworkspace"))
        yield fresh
    finally:
        fresh.drop()


@pytest.fixture
def store(database: Database) -> str:
    return f"postgresql://?{urlencode(conninfo_to_dict(database.app))}"


@pytest.fixture(params=["gunicorn", pytest.param("waitress", marks=pytest.mark.exhaustive)])
def site(request: pytest.FixtureRequest, simulator: CoderSimulator, store: str) -> Iterator[Site]:
    with serving(request.param, simulator, store) as running:
        yield running
