"""A platform, a store, and the app over them under a real web server: `python -m pytest -m web` runs this, and so does `python -m tests`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from chatworkspace_fake import CoderSimulator
from tests.web.site import Site, serving

LINES = tuple(f"step {number} <b>of</b> the build" for number in range(1, 11))
"""Of a build's log. A page that took them for HTML would show them otherwise."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark all tests of this folder."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.web)


@pytest.fixture
def simulator() -> Iterator[CoderSimulator]:
    with CoderSimulator() as running:
        running.coder.add_template("docker", build=4, connect=1, scripts=1, stop=1, log=LINES)
        running.coder.add_template("slow", build=12, log=LINES)
        yield running


@pytest.fixture
def store(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'chats.db'}"


@pytest.fixture(params=["gunicorn", "waitress"])
def site(request: pytest.FixtureRequest, simulator: CoderSimulator, store: str) -> Iterator[Site]:
    with serving(request.param, simulator, store) as running:
        yield running
