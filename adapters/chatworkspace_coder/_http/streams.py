"""Streams of events over a link: as WebSocket messages, or as server-sent events."""

from __future__ import annotations

import time
from typing import Any, Protocol, cast

from chatworkspace_coder._http.frames import SILENCE, Frames
from chatworkspace_coder._http.link import Body, BrokenError, Link
from chatworkspace_coder._http.messages import Answer
from chatworkspace_coder._http.sizes import EVENT, FRAGMENTS, parsed

Event = tuple[str, object]
"""ping, data or error, and what it carries."""


class Source(Protocol):
    """A stream of events."""

    def event(self, deadline: float) -> Event | None:
        """Return the next event, None at the deadline. BrokenError."""
        ...

    def close(self) -> None:
        """End it, from any thread."""
        ...


class WebSocketSource:
    """Events as messages: {"type", "data"}. The server hangs up on whoever sends it any."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._frames = Frames(link, EVENT)

    def event(self, deadline: float) -> Event | None:
        message = self._frames.message(deadline)
        if message is None:
            return None
        told = _value(message)
        if not isinstance(told, dict):
            raise BrokenError("no event")
        event = cast("dict[str, Any]", told)
        kind = event.get("type")
        return kind if isinstance(kind, str) else "", event.get("data")

    def close(self) -> None:
        self._link.close()


class EventSource:
    """Events as lines: `event:`, `data:`, and an empty line. One without data is a ping."""

    def __init__(self, link: Link, head: Answer) -> None:
        self._link = link
        self._body = Body(link, head)
        self._buffer = bytearray()
        self._searched = 0
        self._heard_at = time.monotonic()
        self._kind, self._data, self._size = "", list[bytes](), 0

    def event(self, deadline: float) -> Event | None:
        while True:
            line = self._line(deadline)
            if line is None:
                return None
            name, _, value = line.partition(b":")
            if name == b"event":
                self._kind = value.strip().decode("utf-8", "replace")
            elif name == b"data":
                self._take(value.removeprefix(b" "))
            elif not line and (self._kind or self._data):
                return self._ended()

    def _take(self, data: bytes) -> None:
        self._data.append(data)
        self._size += len(data) + 1
        if self._size > EVENT.bytes or len(self._data) > FRAGMENTS:
            raise BrokenError("too large an event")

    def _ended(self) -> Event:
        kind, data = self._kind or "data", b"\n".join(self._data)
        self._kind, self._data, self._size = "", [], 0
        return (kind, _value(data)) if data else ("ping", None)

    def _line(self, deadline: float) -> bytes | None:
        while (end := self._buffer.find(b"\n", self._searched)) < 0:
            self._searched = len(self._buffer)
            if len(self._buffer) > EVENT.bytes:
                raise BrokenError("too long a line")
            dead_at = self._heard_at + SILENCE
            try:
                self._buffer += self._body.receive(min(deadline, dead_at))
            except TimeoutError:
                if time.monotonic() >= dead_at:
                    raise BrokenError("silent") from None
                return None
            self._heard_at = time.monotonic()
        line = bytes(self._buffer[:end]).rstrip(b"\r")
        del self._buffer[: end + 1]
        self._searched = 0
        return line

    def close(self) -> None:
        self._link.close()


def _value(told: bytes) -> object:
    try:
        return parsed(told, EVENT)
    except ValueError as error:
        raise BrokenError("no event") from error
