"""WebSocket messages over a link. websocket-client does the framing; opening, deadlines and closing are ours."""

from __future__ import annotations

import base64
import hashlib
import os
import time
from contextlib import suppress
from typing import cast

import websocket
from websocket import ABNF, WebSocketException

from chatworkspace_coder._http.link import BrokenError, Link
from chatworkspace_coder._http.messages import Answer
from chatworkspace_coder._http.sizes import FRAGMENTS, Size

SILENCE = 45.0
"""Seconds without a byte after which the other side counts as dead: it pings every 15 s."""
LEAST = 0.1
"""Seconds for a frame to be sent, however near the deadline: some bytes, for which there is room unless the other side reads nothing."""
_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # of RFC 6455


class Key:
    """The proof that the other side speaks WebSocket."""

    def __init__(self) -> None:
        self._key = base64.b64encode(os.urandom(16)).decode()

    @property
    def headers(self) -> dict[str, str]:
        """The headers that ask for it."""
        return {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": self._key}

    def is_answered_by(self, head: Answer) -> bool:
        """Tell whether it does."""
        digest = hashlib.sha1((self._key + _GUID).encode()).digest()  # noqa: S324 # RFC 6455 says so
        return head.status == 101 and head.headers.get("sec-websocket-accept") == base64.b64encode(digest).decode()


class Frames(websocket.WebSocket):
    """Messages. Read by one thread at a time, which also answers pings."""

    def __init__(self, link: Link, most: Size) -> None:
        """most: what one message may be."""
        super().__init__(skip_utf8_validation=True, fire_cont_frame=True)  # pyright: ignore[reportUnknownMemberType] # half typed
        self._link = link
        self._deadline = 0.0
        self._heard_at = time.monotonic()
        self._received = 0
        self._most = most.bytes
        self._parts: list[bytes] = []
        self._held = 0
        """Pieces of the message under way, and their bytes."""
        self.connected = True
        self.deaf: bool = False
        """Nobody is to hear what still comes."""

    def message(self, deadline: float) -> bytes | None:
        """Return the next message, or None at the deadline; half a one is kept for the next call. BrokenError, with the reason of a close."""
        self._deadline, self._received = deadline, 0
        if self.deaf:
            raise BrokenError("it is not listened to")
        try:
            opcode, data = self._next()
        except TimeoutError:
            return None
        except (WebSocketException, ValueError, TypeError, IndexError) as error:
            raise BrokenError(type(error).__name__) from None
        if opcode == ABNF.OPCODE_CLOSE:
            raise ClosedByServerError(data)
        return data

    def _next(self) -> tuple[int, bytes]:
        while True:
            opcode, frame = cast("tuple[int, ABNF]", self.recv_data_frame())  # pyright: ignore[reportUnknownMemberType] # as above
            part = frame.data if isinstance(frame.data, bytes) else frame.data.encode()
            if opcode == ABNF.OPCODE_CLOSE:
                return opcode, part
            self._parts.append(part)
            self._held += len(part)
            if len(self._parts) > FRAGMENTS:
                raise BrokenError("too many pieces of a message")
            if frame.fin:
                parts, self._parts, self._held = self._parts, [], 0
                return opcode, b"".join(parts)

    def say(self, data: bytes, deadline: float) -> None:
        """Send a message. TimeoutError, BrokenError."""
        self._deadline = deadline
        self.send_binary(data)

    def say_at_last(self, *messages: bytes) -> None:
        """Send messages that nobody answers, as far as they are taken."""
        with suppress(BrokenError, TimeoutError, WebSocketException, OSError):
            for message in messages:
                self.say(message, time.monotonic() + LEAST)

    def deafen(self) -> None:
        """Let message() end with BrokenError, now and from now on. From any thread; idempotent."""
        self.deaf = True
        self._link.deafen()

    def bye(self, deadline: float) -> None:
        """Say that it ends, and close."""
        with suppress(BrokenError, TimeoutError, WebSocketException, OSError):
            self._deadline = deadline
            self.send_close()
        self._link.close()

    def _recv(self, bufsize: int) -> bytes:
        self._check_frame()
        now = time.monotonic()
        dead_at = self._heard_at + SILENCE
        if now >= dead_at:
            raise BrokenError("silent")
        try:
            received = self._link.receive(bufsize, min(self._deadline, dead_at))
        except TimeoutError:
            if time.monotonic() < self._deadline:
                raise BrokenError("silent") from None
            raise
        self._heard_at = time.monotonic()
        self._received += len(received)
        if self._received > 2 * self._most:
            raise BrokenError("too large a message")
        return received

    def _check_frame(self) -> None:
        """Look at what is known of the frame under way: nonsense may claim to be of any size."""
        header = cast("tuple[int, ...] | None", self.frame_buffer.header)  # pyright: ignore[reportUnknownMemberType] # as above
        length = self.frame_buffer.length
        if header is not None and (any(header[1:4]) or header[5]):  # reserved bits, or a mask, which is for clients
            raise BrokenError("no frame")
        if length is not None and length + self._held > self._most:
            raise BrokenError("too large a message")

    def _send(self, data: str | bytes) -> int:
        told = data.encode("latin-1") if isinstance(data, str) else data
        try:
            self._link.send(told, max(self._deadline, time.monotonic() + LEAST))
        except TimeoutError:
            raise BrokenError("it takes nothing") from None  # half a frame is the end of it
        return len(told)


class ClosedByServerError(BrokenError):
    """The other side has said that it ends."""

    def __init__(self, payload: bytes) -> None:
        self.code = int.from_bytes(payload[:2], "big") if len(payload) >= 2 else 1005
        self.reason = payload[2:126].decode("utf-8", "replace")
        super().__init__(f"closed ({self.code}) {self.reason}".rstrip())
