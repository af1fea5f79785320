"""A server and a client for each test."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Generator
from pathlib import Path
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


@pytest.fixture(scope="session")
def certified(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """Make a certificate of 127.0.0.1, and its key."""
    if shutil.which("openssl") is None:
        pytest.skip("makes a certificate with openssl")
    folder: Path = tmp_path_factory.mktemp("tls")
    certificate, key = folder / "c.pem", folder / "k.pem"
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run([*made, "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True)
    return str(certificate), str(key)
