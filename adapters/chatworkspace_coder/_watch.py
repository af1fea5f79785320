"""Watching a workspace: by WebSocket, else by server-sent events, else not at all (the core polls then)."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import suppress
from threading import Lock
from typing import Protocol

from chatworkspace import UnavailableError, Workspace
from chatworkspace.ports import Watch
from chatworkspace_coder._answers.errors import Answer, error_of_read, is_no_route, problem_of
from chatworkspace_coder._answers.json import UnreadableError, as_object, text
from chatworkspace_coder._answers.workspaces import Freshness, freshness, steady
from chatworkspace_coder._api import V2
from chatworkspace_coder._http.forks import begins_anew
from chatworkspace_coder._http.frames import Frames, Key
from chatworkspace_coder._http.link import Body, BrokenError, Link, Opener, rest_of
from chatworkspace_coder._http.transport import OutOfTimeError
from chatworkspace_coder._workspaces import Workspaces

STREAMS = 200
"""Each is a socket here and a goroutine there; who comes later polls."""
FRESH_READ = 15.0
"""Seconds for the read that begins a watch, at most."""
SILENCE = 45.0
LONGEST_LINE = 64 * 1024 * 1024
REMEMBERED = 600.0
"""Seconds for which a level that the server does not have is not tried again: a server may be updated."""

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
        self._frames = Frames(link)

    def event(self, deadline: float) -> Event | None:
        message = self._frames.message(deadline)
        if message is None:
            return None
        try:
            told = as_object(json.loads(message))
        except (ValueError, RecursionError) as error:
            raise BrokenError("no event") from error
        return text(told, "type"), told.get("data")

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
        self._kind, self._data = "", list[bytes]()

    def event(self, deadline: float) -> Event | None:
        while True:
            line = self._line(deadline)
            if line is None:
                return None
            name, _, value = line.partition(b":")
            if name == b"event":
                self._kind = value.strip().decode("utf-8", "replace")
            elif name == b"data":
                self._data.append(value.removeprefix(b" "))
            elif not line and (self._kind or self._data):
                return self._ended()

    def _ended(self) -> Event:
        kind, data = self._kind or "data", b"\n".join(self._data)
        self._kind, self._data = "", []
        if not data:
            return "ping", None
        try:
            return kind, json.loads(data)
        except (ValueError, RecursionError) as error:
            raise BrokenError("no event") from error

    def _line(self, deadline: float) -> bytes | None:
        while (end := self._buffer.find(b"\n", self._searched)) < 0:
            self._searched = len(self._buffer)
            if len(self._buffer) > LONGEST_LINE:
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


class StreamWatch(Watch):
    """The states of one workspace, from a source. It begins with a read of its own: what happened while it was opened is in that."""

    def __init__(self, workspaces: Workspaces, workspace: Workspace, source: Source, let_go: Callable[[], None]) -> None:
        self._workspaces = workspaces
        self._of = workspace.owner_id, workspace.id
        self._source = source
        self._let_go = let_go
        self._last: Workspace | None = None
        self._fresh: Freshness | None = None
        self._closed = False

    def next(self, deadline: float) -> Workspace | None:
        self._check()
        try:
            return self._first(deadline) if self._last is None else self._heard(deadline)
        except BrokenError as error:
            self._check()
            self.close()
            raise UnavailableError(f"the watch broke: {error}") from error

    def close(self) -> None:
        self._closed = True
        self._source.close()
        self._let_go()

    def _check(self) -> None:
        if self._closed:
            raise UnavailableError("the watch is closed")

    def _first(self, deadline: float) -> Workspace | None:
        try:
            found, self._fresh = self._workspaces.dated(*self._of, min(deadline, time.monotonic() + FRESH_READ))
        except OutOfTimeError:
            if time.monotonic() >= deadline:
                return None
            raise
        self._check()
        self._last = steady(found)
        return found

    def _heard(self, deadline: float) -> Workspace | None:
        while True:
            event = self._source.event(deadline)
            self._check()
            if event is None:
                return None
            kind, told = event
            if kind == "error":
                self._settle(deadline)
            news = self._news(told) if kind == "data" else None
            if news is not None:
                return news

    def _news(self, told: object) -> Workspace | None:
        """Return what is told if it differs; what was sent before the last reading, and came after it, is not news."""
        try:
            found, fresh = self._workspaces.read(told), freshness(told)
        except UnreadableError as error:
            raise BrokenError(f"not a workspace: {error}") from error
        if found.id != self._of[1] or (self._fresh is not None and fresh < self._fresh):
            return None
        self._fresh = fresh
        if steady(found) == self._last:
            return None
        self._last = steady(found)
        return found

    def _settle(self, deadline: float) -> None:
        """After an error from the server: not visible any more, or a break."""
        with suppress(UnavailableError):
            self._workspaces.dated(*self._of, min(deadline, time.monotonic() + FRESH_READ))
        raise BrokenError("the server reports an error")


class Watching:
    """Opens watches at the best level that the server has. Safe from any thread; `lock` guards the count and the level."""

    def __init__(self, opener: Opener, workspaces: Workspaces) -> None:
        self._opener = opener
        self._workspaces = workspaces
        self._missing: dict[str, float] = {}
        self.begin_anew()
        begins_anew(self)

    def begin_anew(self) -> None:
        """Begin without streams."""
        self._lock = Lock()
        self._open: dict[StreamWatch, None] = {}
        self._opening = 0

    @property
    def streams(self) -> int:
        """How many are open."""
        return len(self._open)

    def watch(self, workspace: Workspace, deadline: float) -> Watch | None:
        """Open a watch; None: poll. NotFoundError, UnavailableError."""
        with self._lock:
            if len(self._open) + self._opening >= STREAMS:
                return None
            self._opening += 1
        try:
            return self._at_best(workspace, deadline)
        finally:
            with self._lock:
                self._opening -= 1

    def level(self, workspace: Workspace, deadline: float) -> str:
        """Return at which level a watch can be opened: "websocket", "events" or "polling". NotFoundError, UnavailableError."""
        watch = self.watch(workspace, deadline)
        if watch is None:
            return "polling"
        watch.close()
        return "websocket" if "watch-ws" not in self._missing else "events"

    def close(self) -> None:
        """End all."""
        for watch in tuple(self._open):
            watch.close()

    def _at_best(self, workspace: Workspace, deadline: float) -> Watch | None:
        levels: dict[str, Callable[[Workspace, float], Source | None]] = {"watch-ws": self._by_websocket, "watch": self._by_events}
        for name, opened in levels.items():
            if self._missing.get(name, 0.0) > time.monotonic():
                continue
            source = opened(workspace, deadline)
            if source is not None:
                return self._watch(workspace, source)
            self._missing[name] = time.monotonic() + REMEMBERED
        return None

    def _watch(self, workspace: Workspace, source: Source) -> StreamWatch:
        def let_go() -> None:
            self._open.pop(watch, None)

        watch = StreamWatch(self._workspaces, workspace, source, let_go)
        self._open[watch] = None
        return watch

    def _by_websocket(self, workspace: Workspace, deadline: float) -> Source | None:
        key = Key()
        path = f"{V2}/workspaces/{workspace.id}/watch-ws"
        link, head = self._opener.open(path, workspace.owner_id, deadline, headers=key.headers)
        if key.is_answered_by(head):
            return WebSocketSource(link)
        return _refused(link, head, deadline)

    def _by_events(self, workspace: Workspace, deadline: float) -> Source | None:
        path = f"{V2}/workspaces/{workspace.id}/watch"
        link, head = self._opener.open(path, workspace.owner_id, deadline, headers={"Accept": "text/event-stream"})
        if head.status == 200 and head.headers.get("content-type", "").startswith("text/event-stream"):
            return EventSource(link, head)
        return _refused(link, head, deadline)


def _refused(link: Link, head: Answer, deadline: float) -> Source | None:
    """Return None if this level is not there; else raise what the answer says: NotFoundError, UnavailableError."""
    try:
        answer = rest_of(link, head, min(deadline, time.monotonic() + 2.0))
    finally:
        link.close()
    if is_no_route(answer) or (answer.status in (404, 426, 501) and problem_of(answer) is None):
        return None
    if answer.ok:
        raise UnavailableError("the answer is no stream: a proxy is in between")
    raise error_of_read(answer)
