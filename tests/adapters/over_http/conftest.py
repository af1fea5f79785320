"""A test for each level of the simulator, and an end to all that it opens."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.ways import levels


@pytest.fixture(params=levels())
def level(request: pytest.FixtureRequest) -> str:
    """Give each level."""
    return str(request.param)


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    """End servers and clients behind the test."""
    with ExitStack() as stack:
        yield stack
