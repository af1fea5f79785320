"""A simulator, and servers over it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from chatworkspace_fake import FakeCoder, ScaledClock
from chatworkspace_fake._platform.states import OWNER
from chatworkspace_simulator import CoderSimulator
from tests.adapters.cli.worlds import ANOTHER, TOKEN
from tests.adapters.mcp.clients import Servers


@pytest.fixture
def simulator() -> Iterator[CoderSimulator]:
    with CoderSimulator(FakeCoder(ScaledClock(1.0)), tokens={TOKEN: OWNER, ANOTHER: UUID(int=0xA)}) as running:
        yield running


@pytest.fixture
def coder(simulator: CoderSimulator) -> FakeCoder:
    return simulator.coder


@pytest.fixture
def servers(simulator: CoderSimulator, tmp_path: Path) -> Servers:
    return Servers(simulator.url, tmp_path)
