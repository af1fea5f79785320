"""A server and a client for each test."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from chatworkspace_coder import CoderClient
from chatworkspace_coder._http.pauses import Pauses, Wanted
from tests.adapters.coder.server import Server, serving

TOKEN = "canary0123-abcdefghijklmnopqrstuv"  # noqa: S105 # of this test's server alone


@pytest.fixture
def server() -> Generator[Server, None, None]:
    with serving() as it:
        yield it


class Noted(Pauses):
    """Notes for how many seconds somebody was to wait. sleeps=False: nobody does."""

    def __init__(self, *, sleeps: bool) -> None:
        super().__init__()
        self._sleeps = sleeps
        self.waits: list[float] = []

    def wait(self, seconds: float, wanted: Wanted) -> None:
        """Note it."""
        if seconds:
            self.waits.append(seconds)
        super().wait(seconds if self._sleeps else 0, wanted)


def waits_of(client: CoderClient, *, sleeps: bool = True) -> Noted:
    """Return what the client waits on from now on, between attempts and for its turn to read."""
    transport: Any = client._transport
    transport._pauses = Noted(sleeps=sleeps)
    return transport._pauses  # type: ignore[no-any-return] # see Any above


@pytest.fixture
def client(server: Server) -> Generator[CoderClient, None, None]:
    with CoderClient(server.url, token=TOKEN) as it:
        yield it
