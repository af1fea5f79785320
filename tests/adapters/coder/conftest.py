"""A server and a client for each test."""

from __future__ import annotations

import threading
from collections.abc import Generator
from typing import Any

import pytest

from chatworkspace_coder import CoderClient
from tests.adapters.coder.server import Server, serving

TOKEN = "canary0123-abcdefghijklmnopqrstuv"  # noqa: S105 # of this test's server alone


@pytest.fixture
def server() -> Generator[Server, None, None]:
    with serving() as it:
        yield it


class Noted(threading.Event):
    """Ends waits, and notes for how many seconds somebody was to wait. sleeps=False: nobody does."""

    def __init__(self, *, sleeps: bool) -> None:
        super().__init__()
        self._sleeps = sleeps
        self.waits: list[float] = []

    def wait(self, timeout: float | None = None) -> bool:
        """Note it."""
        if timeout:
            self.waits.append(timeout)
        return super().wait(timeout if self._sleeps else 0)


def waits_of(client: CoderClient, *, sleeps: bool = True) -> Noted:
    """Return what the client waits on from now on, between attempts and for its turn to read."""
    transport: Any = client._transport
    transport._ended = Noted(sleeps=sleeps)
    return transport._ended  # type: ignore[no-any-return] # see Any above


@pytest.fixture
def client(server: Server) -> Generator[CoderClient, None, None]:
    with CoderClient(server.url, token=TOKEN) as it:
        yield it
