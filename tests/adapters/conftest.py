"""What is tested over real sockets, files and processes takes its time: `python -m pytest -m adapters` runs it, and so does `python -m tests`."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark all tests of this folder but those of the fake, which needs nothing real."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents and here / "fake" not in item.path.parents:
            item.add_marker(pytest.mark.adapters)
