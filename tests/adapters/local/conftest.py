"""A root of its own for each test, of which nothing is left."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from tests.adapters.local.worlds import Home, home


@pytest.fixture
def here() -> Generator[Home, None, None]:
    """Give a platform of its own."""
    it = home()
    yield it
    it.end()
