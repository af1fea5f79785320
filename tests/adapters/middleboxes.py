"""Starts what stands between a company's people and a server: a proxy that wants a password, TLS of a private authority that wants a certificate."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs

from tests.adapters.coder.certificates import Certificates

PROGRAM = Path(__file__).with_name("middlebox.py")
NAME = "coder.company.example"
"""A name that nobody but the proxy knows."""
PASSWORD = "pass:word/@"  # noqa: S105 # of a proxy of the tests' own
QUOTED = "pass%3Aword%2F%40"


class Middlebox:
    """A process, and what it has been asked for."""

    def __init__(self, *words: str) -> None:
        self._process = subprocess.Popen([sys.executable, str(PROGRAM), *words], stdout=subprocess.PIPE, encoding="utf-8")
        assert self._process.stdout is not None
        self.port: int = int(self._process.stdout.readline())
        self.asked: list[dict[str, Any]] = []
        self._thread = threading.Thread(target=self._read, args=(self._process.stdout,), daemon=True)
        self._thread.start()

    def _read(self, out: Any) -> None:
        self.asked.extend(map(json.loads, out))

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.wait()
        self._thread.join()
        assert self._process.stdout is not None
        self._process.stdout.close()


@contextmanager
def running(*words: str) -> Generator[Middlebox, None, None]:
    """Run one while inside."""
    made = Middlebox(*words)
    try:
        yield made
    finally:
        made.close()


@attrs.frozen(kw_only=True)
class Company:
    """The way to a server in a company: through the proxy, with the certificate, by the name."""

    proxy: Middlebox
    proxy_url: str = attrs.field(repr=False)
    url: str
    ca_file: str
    client_cert: str
    client_key: str


@contextmanager
def company(port: int, certificates: Certificates) -> Generator[Company, None, None]:
    """Put what companies have in front of a port of this machine."""
    certificate, key = certificates.client()
    with (
        running("tls", certificates.server_file(NAME), certificates.ca_file, str(port)) as front,
        running("proxy", "--credentials", f"ana:{PASSWORD}", "--knows", f"{NAME}={front.port}") as proxy,
    ):
        yield Company(
            proxy=proxy,
            proxy_url=f"http://ana:{QUOTED}@127.0.0.1:{proxy.port}",
            url=f"https://{NAME}",
            ca_file=certificates.ca_file,
            client_cert=certificate,
            client_key=key,
        )
