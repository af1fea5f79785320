"""Watching a workspace: by WebSocket, else by server-sent events, else not at all (the core polls then)."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from threading import Lock

import attrs

from chatworkspace import UnavailableError, Workspace
from chatworkspace.ports import Watch
from chatworkspace_coder._answers.errors import error_of_read, is_no_route, is_nobodys, is_too_old, problem_of
from chatworkspace_coder._answers.fields import UnreadableError
from chatworkspace_coder._answers.workspaces import Freshness, freshness
from chatworkspace_coder._api import V2
from chatworkspace_coder._http.failures import OutOfTimeError
from chatworkspace_coder._http.forks import begins_anew
from chatworkspace_coder._http.frames import Key
from chatworkspace_coder._http.link import BrokenError, whole_of
from chatworkspace_coder._http.messages import Answer
from chatworkspace_coder._http.opener import Opener
from chatworkspace_coder._http.streams import EventSource, Source, WebSocketSource
from chatworkspace_coder._memory import Lacking
from chatworkspace_coder._workspaces import Workspaces

STREAMS = 200
"""Each is a socket here and a goroutine there; who comes later is read from a list, which costs less."""
FRESH_READ = 15.0
"""Seconds for the read that begins a watch, at most."""
REMEMBERED = 600.0
"""Seconds for which a level that did not get through is not tried again: a proxy may be set up anew."""
NOBODYS = 60.0
"""The same where what answered was neither Coder nor a page of its: a proxy that begins says so, too."""
BY_WEBSOCKET, BY_EVENTS = "watch-ws", "watch"
"""Levels, by the end of their paths."""
NAMES = {BY_WEBSOCKET: "websocket", BY_EVENTS: "events"}


class StreamWatch(Watch):
    """The states of one workspace, from a source. It begins with a read of its own: what happened while it was opened is in that."""

    def __init__(self, workspaces: Workspaces, workspace: Workspace, level: str, source: Source, let_go: Callable[[], None]) -> None:
        self.level: str = level
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


def steady(it: Workspace) -> Workspace:
    """Leave out what changes with every look."""
    if all(agent.disconnected_for is None for agent in it.agents):
        return it
    still = [agent if agent.disconnected_for is None else attrs.evolve(agent, disconnected_for=0.0) for agent in it.agents]
    return attrs.evolve(it, agents=tuple(still))


class Watching:
    """Opens watches at the best level that the server has. Safe from any thread; `_lock` guards how many are open and being opened."""

    def __init__(self, opener: Opener, workspaces: Workspaces, lacking: Lacking) -> None:
        self._opener = opener
        self._workspaces = workspaces
        self._lacking = lacking
        self._stopped: dict[str, float] = {}
        """Level -> when it may be tried again."""
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

    def watch(self, workspace: Workspace, deadline: float) -> StreamWatch | None:
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
        return NAMES[watch.level]

    def close(self) -> None:
        """End all."""
        for watch in self._open.copy():  # in one piece: a collection may end others meanwhile
            watch.close()

    def _at_best(self, workspace: Workspace, deadline: float) -> StreamWatch | None:
        for level, opened in ((BY_WEBSOCKET, self._by_websocket), (BY_EVENTS, self._by_events)):
            source = opened(workspace, deadline) if self._may_try(level) else None
            if source is not None:
                return self._watch(workspace, level, source)
        return None

    def _watch(self, workspace: Workspace, level: str, source: Source) -> StreamWatch:
        def let_go() -> None:
            self._open.pop(watch, None)

        watch = StreamWatch(self._workspaces, workspace, level, source, let_go)
        self._open[watch] = None
        return watch

    # ------------------------------------------------------------ levels

    def _may_try(self, level: str) -> bool:
        return not self._lacking.has(level) and self._stopped.get(level, 0.0) <= time.monotonic()

    def _by_websocket(self, workspace: Workspace, deadline: float) -> Source | None:
        key = Key()
        link, head = self._opener.open(_path(workspace, BY_WEBSOCKET), workspace.owner_id, deadline, headers=key.headers)
        if key.is_answered_by(head):
            return WebSocketSource(link)
        answer = whole_of(link, head, deadline)
        known = is_too_old(answer) and self._lacking.note(BY_WEBSOCKET, answer)
        if not known and not answer.is_page:
            self._refused(BY_WEBSOCKET, answer)
        return None

    def _by_events(self, workspace: Workspace, deadline: float) -> Source | None:
        link, head = self._opener.open(_path(workspace, BY_EVENTS), workspace.owner_id, deadline, headers={"Accept": "text/event-stream"})
        if head.status == 200 and head.headers.get("content-type", "").startswith("text/event-stream"):
            return EventSource(link, head)
        self._refused(BY_EVENTS, whole_of(link, head, deadline))
        return None

    def _refused(self, level: str, answer: Answer) -> None:
        """Note that a level is not there, or does not get through; else raise what the answer says: NotFoundError, UnavailableError."""
        missing = is_no_route(answer)
        if missing and self._lacking.note(level, answer):
            return
        if missing or (answer.status in (404, 426, 501) and problem_of(answer) is None):
            self._stopped[level] = time.monotonic() + (NOBODYS if is_nobodys(answer) else REMEMBERED)
            return
        if answer.ok:
            raise UnavailableError("the answer is no stream: a proxy is in between")
        raise error_of_read(answer)


def _path(workspace: Workspace, level: str) -> str:
    return f"{V2}/workspaces/{workspace.id}/{level}"
