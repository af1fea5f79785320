"""Processes that are killed take their time: `python -m pytest -m crash` runs these tests, and so does `python -m tests`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.crash import databases
from tests.crash.databases import Database
from tests.ways import is_left_out, mark_by_place

ORDINARY = ("test_asking.py", "test_checker.py", "test_guarantees.py")
"""No process is started in these."""


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave them alone where they are left out."""
    return None if collection_path.name in ORDINARY else is_left_out(collection_path, config, "crash")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark all tests of this folder, save those that are quick."""
    mark_by_place(items, pytest.mark.crash, lambda path: Path(__file__).parent in path.parents and path.name not in ORDINARY)


@pytest.fixture(params=["sqlite", "postgres"], scope="session")
def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """Where stores are made."""
    with databases.database(request.param, tmp_path_factory.mktemp("stores")) as made:
        yield made
