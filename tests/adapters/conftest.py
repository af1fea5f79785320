"""What is tested over real sockets, files and processes takes its time: `python -m pytest -m adapters` runs it, and so does `python -m tests`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.adapters.coder.certificates import Certificates

ORDINARY = ("cli/offline", "fake", "mcp/test_server.py", "web", "test_faces_of_stores.py")
"""What needs nothing real: the command's own platform in virtual time, the fake, streams of events in it, and what stores and servers look like."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark all tests of this folder but those that need nothing real."""
    here = Path(__file__).parent
    for item in items:
        places = {item.path, *item.path.parents}
        if here in places and not places & {here / it for it in ORDINARY}:
            item.add_marker(pytest.mark.adapters)


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """Give an authority of this run alone."""
    return Certificates(tmp_path_factory.mktemp("tls"))
