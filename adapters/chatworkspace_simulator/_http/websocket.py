"""The server's side of a WebSocket (RFC 6455), without extensions."""

from __future__ import annotations

import base64
import hashlib
import struct
from threading import RLock

from chatworkspace_simulator._http.connections import Connection
from chatworkspace_simulator._http.messages import TEXT, ApiError, GoneError, Reply, Request
from chatworkspace_simulator._http.streams import Answer, Stream, Talk

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
TEXT_FRAME, BINARY_FRAME, CLOSE_FRAME, PING_FRAME, PONG_FRAME = 1, 2, 8, 9, 10
NORMAL, PROTOCOL_ERROR, INTERNAL_ERROR = 1000, 1002, 1011
_LARGEST = 1 << 24
"""Bytes that a client may send in one frame."""


def upgrade(request: Request, talk: Talk) -> Answer:
    """Answer a handshake, and talk then. A request that is none is told to make one. ApiError 400: it lacks something."""
    refusal = refused(request)
    if refusal is not None:
        return refusal
    key = request.headers["Sec-WebSocket-Key"]
    accept = base64.b64encode(hashlib.sha1(key.encode() + _GUID, usedforsecurity=False).digest()).decode()
    agreed = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Accept": accept}
    return Stream(status=101, headers=agreed, talk=talk)


def refused(request: Request) -> Reply | None:
    """Return the answer to a request that is no handshake; None: it is one. ApiError 400: it lacks something."""
    headers = request.headers
    wanted = "websocket" in headers.get("Upgrade", "").lower() and "upgrade" in headers.get("Connection", "").lower()
    if not wanted or request.method != "GET":
        needed = {"Connection": "Upgrade", "Upgrade": "websocket"}
        return Reply(status=426, body=b"WebSocket protocol violation: no handshake", content_type=TEXT, headers=needed)
    if headers.get("Sec-WebSocket-Key") is None or headers.get("Sec-WebSocket-Version") != "13":
        raise ApiError(400, "Failed to accept websocket.", detail="unsupported version or missing key")
    return None


class WebSocket:
    """One that is open. Read by one thread, written to by any."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._lock = RLock()
        self._closed = False
        self._pings = 0

    def send(self, data: str | bytes) -> None:
        """Send a message: text, or bytes. GoneError."""
        opcode, payload = (TEXT_FRAME, data.encode("utf-8", "replace")) if isinstance(data, str) else (BINARY_FRAME, data)
        with self._lock:
            if self._closed:
                raise GoneError
            self._connection.say(_frame(opcode, payload))

    def ping(self) -> None:
        """Ask whether the client is there. GoneError."""
        self._pings += 1
        self._control(PING_FRAME, str(self._pings).encode())

    def close(self, code: int = NORMAL, reason: str = "") -> None:
        """Say good-bye, once."""
        with self._lock:
            if not self._closed:
                self._control(CLOSE_FRAME, struct.pack(">H", code) + reason.encode()[:120])
                self._closed = True

    def receive(self) -> bytes | None:
        """Return the client's next message; None: it said good-bye. Pings are answered. GoneError: the connection broke."""
        message = b""
        while True:
            final, opcode, payload = self._read()
            if opcode == CLOSE_FRAME:
                self.close(struct.unpack(">H", payload[:2])[0] if len(payload) >= 2 else NORMAL)
                return None
            if opcode == PING_FRAME:
                self._control(PONG_FRAME, payload)
            elif opcode != PONG_FRAME:
                message += payload
                if final:
                    return message

    def wait_for_goodbye(self) -> None:
        """Read what the client still sends, until it says good-bye or a second has passed. GoneError: it broke off."""
        self._connection.limit(1.0)
        while self.receive() is not None:
            pass

    def _control(self, opcode: int, payload: bytes) -> None:
        with self._lock:
            if not self._closed:
                self._connection.send(_frame(opcode, payload))

    def _read(self) -> tuple[bool, int, bytes]:
        first, second = self._connection.read(2)
        length = second & 0x7F
        if length == 126:
            (length,) = struct.unpack(">H", self._connection.read(2))
        elif length == 127:
            (length,) = struct.unpack(">Q", self._connection.read(8))
        if not second & 0x80 or length > _LARGEST:
            self.close(PROTOCOL_ERROR, "unmasked or too large")
            raise GoneError
        mask = self._connection.read(4)
        masked = self._connection.read(length)
        return bool(first & 0x80), first & 0x0F, bytes(byte ^ mask[place % 4] for place, byte in enumerate(masked))


def _frame(opcode: int, payload: bytes) -> bytes:
    size = len(payload)
    if size < 126:
        length = struct.pack(">B", size)
    elif size < 1 << 16:
        length = struct.pack(">BH", 126, size)
    else:
        length = struct.pack(">BQ", 127, size)
    return bytes((0x80 | opcode,)) + length + payload
