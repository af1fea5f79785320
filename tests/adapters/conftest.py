"""What is tested over real sockets, files and processes takes its time: `python -m pytest -m adapters` runs it, and so does `python -m tests`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.adapters.coder.certificates import Certificates
from tests.ways import is_left_out, mark_by_place

ORDINARY = ("cli/offline", "fake", "mcp/test_server.py", "web", "test_faces_of_stores.py")
"""What needs nothing real: the command's own platform in virtual time, the fake, streams of events in it, and what stores and servers look like."""


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave them alone where they are left out."""
    return is_left_out(collection_path, config, "adapters") if _is_real(collection_path) else None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark all tests of this folder but those that need nothing real."""
    mark_by_place(items, pytest.mark.adapters, _is_real)


def _is_real(path: Path) -> bool:
    here, places = Path(__file__).parent, {path, *path.parents}
    return here in places and not places & {here / it for it in ORDINARY}


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """Give an authority of this run alone."""
    return Certificates(tmp_path_factory.mktemp("tls"))
