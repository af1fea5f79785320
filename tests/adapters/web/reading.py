"""Reads a stream of events as a browser does, by the rules of the HTML standard."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

import attrs


@attrs.frozen
class Event:
    """What a page is told."""

    name: str
    data: Any


@attrs.define
class Browser:
    """A browser's EventSource over the connections that it makes: what it has seen last, and when it comes back."""

    last_event_id: str = ""
    retry: int = 3000
    """Milliseconds."""
    comments: int = 0
    events: list[Event] = attrs.field(factory=list[Event])

    def read(self, chunks: Iterable[bytes]) -> Iterator[Event]:
        """Yield the events of one connection, as they are complete."""
        ids, name, data = self.last_event_id, "", list[str]()
        for line in _lines(chunks):
            field, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if not line:
                self.last_event_id = ids
                if data:
                    self.events.append(Event(name or "message", json.loads("\n".join(data))))
                    yield self.events[-1]
                name, data = "", []
            elif not field:
                self.comments += 1
            elif field == "id" and "\0" not in value:
                ids = value
            elif field == "event":
                name = value
            elif field == "data":
                data.append(value)
            elif field == "retry" and value.isdecimal():
                self.retry = int(value)

    @property
    def names(self) -> list[str]:
        """Of all events, in their order."""
        return [it.name for it in self.events]

    def of(self, name: str) -> list[Any]:
        """Return the data of all events of a name."""
        return [it.data for it in self.events if it.name == name]


def _lines(chunks: Iterable[bytes]) -> Iterator[str]:
    """Yield whole lines. A line that the stream breaks off in counts as none."""
    rest = b""
    for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            yield line.decode().removesuffix("\r")
