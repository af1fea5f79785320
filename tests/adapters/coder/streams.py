"""The server's side of streams: WebSockets, server-sent events, and a terminal with a real shell behind it."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import pty
import select
import signal
import struct
import subprocess
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.adapters.coder.server import Handler

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
Talk = Callable[["Peer"], None]


class Peer:
    """One WebSocket, as the server has it."""

    def __init__(self, handler: Handler) -> None:
        self.handler = handler
        self.over = handler.server.over
        self.query = {name: values[0] for name, values in parse_qs(urlsplit(handler.path).query).items()}

    def send(self, data: bytes, opcode: int = TEXT, *, pieces: int = 1) -> None:
        """Send a message, in one frame or several."""
        size = max(-(-len(data) // pieces), 1)
        parts = [data[at : at + size] for at in range(0, len(data), size)] or [b""]
        for number, part in enumerate(parts):
            last = number == len(parts) - 1
            self.handler.wfile.write(frame(part, 0 if number else opcode, last=last))

    def raw(self, data: bytes, *, end: bool = False) -> None:
        """Send bytes as they are, and break off."""
        self.handler.wfile.write(data)
        if end:
            raise OSError

    def event(self, kind: str, told: Any = None) -> None:
        """Send what watch-ws sends."""
        self.send(json.dumps({"type": kind, "data": told}).encode())

    def close(self, code: int, reason: str = "") -> None:
        """Say that it ends."""
        self.send(struct.pack("!H", code) + reason.encode(), CLOSE)

    def receive(self) -> tuple[int, bytes]:
        """Return opcode and payload of the next frame."""
        first, second = self.handler.rfile.read(2)
        size = second & 0x7F
        if size == 126:
            (size,) = struct.unpack("!H", self.handler.rfile.read(2))
        elif size == 127:
            (size,) = struct.unpack("!Q", self.handler.rfile.read(8))
        mask = self.handler.rfile.read(4)
        return first & 0x0F, bytes(byte ^ mask[at % 4] for at, byte in enumerate(self.handler.rfile.read(size)))


def frame(data: bytes, opcode: int, *, last: bool = True) -> bytes:
    size = len(data)
    head = bytes([opcode | (0x80 if last else 0)])
    if size < 126:
        return head + bytes([size]) + data
    return head + (struct.pack("!BH", 126, size) if size < 65536 else struct.pack("!BQ", 127, size)) + data


def websocket(talk: Talk) -> Callable[[Handler], None]:
    """Open a WebSocket, and talk."""

    def step(handler: Handler) -> None:
        key = handler.headers["Sec-WebSocket-Key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        accept = base64.b64encode(hashlib.sha1(key.encode()).digest()).decode()  # noqa: S324 # RFC 6455
        head = f"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"
        handler.wfile.write(head.encode())
        handler.close_connection = True
        with suppress(OSError, ValueError):
            talk(Peer(handler))

    return step


def events(*lines: bytes | Callable[[], None], chunked: bool = True) -> Callable[[Handler], None]:
    """Send server-sent events; what can be called is called between."""

    def step(handler: Handler) -> None:
        kind = "Transfer-Encoding: chunked\r\n" if chunked else "Connection: close\r\n"
        handler.wfile.write(f"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n{kind}\r\n".encode())
        handler.close_connection = True
        for line in lines:
            if callable(line):
                line()
            else:
                handler.wfile.write(b"%x\r\n%b\r\n" % (len(line), line) if chunked else line)

    return step


def event(kind: str, told: Any = None) -> bytes:
    """Return one server-sent event."""
    data = b"" if told is None else b"data: " + json.dumps(told).encode() + b"\n"
    return f"event: {kind}\n".encode() + data + b"\n"


def terminal(peer: Peer) -> None:
    """Run the command as Coder does: through the user's shell, on a terminal of its own, whose bytes go out as they come."""
    ours, theirs = pty.openpty()
    command = peer.query["command"]
    os.write(theirs, b"$ " + command.encode() + b"\n")  # a shell that shows what it runs
    with subprocess.Popen(["/bin/sh", "-c", command], stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True) as process:
        os.close(theirs)
        try:
            _pump(peer, ours, process)
        finally:
            with suppress(ProcessLookupError):  # all of it has ended
                os.killpg(process.pid, signal.SIGKILL)  # what the command has started, too: it is a session of its own
            os.close(ours)
    peer.close(1000)


def _pump(peer: Peer, ours: int, process: subprocess.Popen[bytes]) -> None:
    socket = peer.handler.connection
    while not peer.over.is_set():
        ready, _, _ = select.select([ours, socket], [], [], 0.05)
        if socket in ready:
            opcode, data = peer.receive()
            if opcode == CLOSE:
                return
            os.write(ours, json.loads(data)["data"].encode())
        if ours in ready:
            try:
                said = os.read(ours, 4096)
            except OSError:  # nobody holds the other side any more
                return
            peer.send(said, BINARY)
        elif process.poll() is not None:
            return
