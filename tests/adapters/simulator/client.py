"""A plain client for the tests: requests for what is asked, and a WebSocket over a bare socket."""

from __future__ import annotations

import base64
import json
import os
import socket
import struct
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import requests

from chatworkspace_fake import FakeCoder, FakeWorkspace
from chatworkspace_fake._platform.states import OWNER
from chatworkspace_simulator import CoderSimulator

ANA = UUID(int=0xA)
BEN = UUID(int=0xB)
TIMEOUT = 60.0
"""Seconds within which whatever is answered is answered."""


class Client:
    """One user of a simulator."""

    def __init__(self, simulator: CoderSimulator, token: str | None = None) -> None:
        self._simulator = simulator
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.headers["Coder-Session-Token"] = simulator.token if token is None else token

    def ask(self, method: str, path: str, body: Any = None, *, timeout: float = TIMEOUT, **more: Any) -> requests.Response:
        """Send a request to the API."""
        path = path if path.startswith("/api/") else f"/api/v2{path}"
        return self.session.request(method, self._simulator.url + path, json=body, allow_redirects=False, timeout=timeout, **more)

    def get(self, path: str, **query: str) -> Any:
        """Return what is there, which must be."""
        answer = self.ask("GET", path, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, body: object) -> Any:
        """Return what was made, which must have been."""
        answer = self.ask("POST", path, body)
        assert answer.status_code == 201, answer.text
        return answer.json()

    def open(self, path: str) -> Socket:
        """Open a WebSocket."""
        return Socket(self._simulator, path)


class Refused(Exception):  # noqa: N818 # it is an answer like any other
    """A handshake was answered otherwise."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class Socket:
    """The client's side of a WebSocket."""

    def __init__(self, simulator: CoderSimulator, path: str) -> None:
        url = urlsplit(simulator.url)
        self.bare = socket.create_connection((str(url.hostname), url.port or 0), timeout=TIMEOUT)
        key = base64.b64encode(os.urandom(16)).decode()
        head = (
            f"GET /api/v2{path} HTTP/1.1\r\nHost: {url.netloc}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Key: {key}\r\nCoder-Session-Token: {simulator.token}\r\n\r\n"
        )
        self.bare.sendall(head.encode())
        self.reader = self.bare.makefile("rb")
        status = int(self.reader.readline().split()[1])
        while self.reader.readline().strip():
            pass
        if status != 101:
            self.close()
            raise Refused(status)
        self.code: int | None = None
        """With which the server said good-bye."""
        self._by = time.monotonic() + TIMEOUT

    def frames(self) -> Iterator[tuple[int, bytes]]:
        """Yield every frame up to the server's good-bye or the end of the connection. AssertionError: nothing but signs of life comes any more."""
        while True:
            assert time.monotonic() < self._by, "it never came"
            head = self.reader.read(2)
            if len(head) < 2:
                return
            length = head[1]
            if length > 125:
                length = int.from_bytes(self.reader.read(2 if length == 126 else 8), "big")
            payload = self.reader.read(length)
            if head[0] & 15 == 8:
                self.code = struct.unpack(">H", payload[:2])[0]
                return
            yield head[0] & 15, payload

    def messages(self) -> Iterator[Any]:
        """Yield every text message, read as JSON."""
        for opcode, payload in self.frames():
            if opcode == 1:
                yield json.loads(payload)

    def send(self, payload: bytes, opcode: int = 1) -> None:
        """Send a short frame."""
        mask = os.urandom(4)
        masked = bytes(byte ^ mask[place % 4] for place, byte in enumerate(payload))
        self.bare.sendall(bytes((0x80 | opcode, 0x80 | len(payload))) + mask + masked)

    def close(self) -> None:
        """Hang up."""
        self.reader.close()
        self.bare.close()

    def __enter__(self) -> Socket:  # noqa: PYI034 # nobody inherits from it
        return self

    def __exit__(self, *of_error: object) -> None:
        self.close()


def events(answer: requests.Response) -> Iterator[tuple[str, Any]]:
    """Yield server-sent events, kind and data. AssertionError: as for frames()."""
    kind, by = "", time.monotonic() + TIMEOUT
    data: Any = None
    for line in answer.iter_lines():
        assert time.monotonic() < by, "it never came"
        if line.startswith(b"event: "):
            kind = line[7:].decode()
        elif line.startswith(b"data: "):
            data = json.loads(line[6:])
        elif not line:
            yield kind, data
            kind, data = "", None


def made(coder: FakeCoder, **template: Any) -> FakeWorkspace:
    """Return a workspace of the site's owner, of a template of its own."""
    return coder.add_workspace(coder.add_template("docker", **template), "dev", owner_id=OWNER)
