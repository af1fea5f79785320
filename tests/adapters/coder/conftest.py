"""A server and a client for each test."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from chatworkspace_coder import CoderClient
from tests.adapters.coder.server import Server, serving

TOKEN = "canary0123-abcdefghijklmnopqrstuv"  # noqa: S105 # of this test's server alone


@pytest.fixture
def server() -> Generator[Server, None, None]:
    with serving() as it:
        yield it


@pytest.fixture
def client(server: Server) -> Generator[CoderClient, None, None]:
    with CoderClient(server.url, token=TOKEN) as it:
        yield it
