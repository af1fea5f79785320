"""Events: what is heard of each call, and told to the host's listener and to the log, where somebody listens."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Any, TypeVar

from chatworkspace._application.logs import fields, logger
from chatworkspace._domain.texts import cut_inside, visible
from chatworkspace.errors import ChatWorkspaceError
from chatworkspace.events import (
    Adopted,
    CallBegun,
    CallEnded,
    Claimed,
    Dialled,
    Event,
    PhaseBegun,
    Requested,
    Retried,
    TakenOver,
    WatchBroken,
)
from chatworkspace.model import Phase, Workspace
from chatworkspace.ports import Clock, Store

if TYPE_CHECKING:
    from chatworkspace._application.values import Values
    from chatworkspace.outcomes import Outcome

Listener = Callable[[Event], object]
T = TypeVar("T")

LONGEST = 500
"""Characters of others' text in an event."""
CHANGING = frozenset({"create", "start", "stop", "attach", "detach", "close_chat", "delete", "sweep", "purge", "open_chat"})
"""Calls that the log tells of at INFO; those that only look are many."""
_OF_STORE = frozenset(name for name in vars(Store) if not name.startswith("_"))
UNNAMED = "request"
_numbers = count(1)


class Listening:
    """Who listens to the calls of one process. Safe from any thread, without a lock: `_failed` only ever becomes true."""

    def __init__(self, *, listener: Listener | None, clock: Clock, values: Values) -> None:
        self.listener = listener
        self.clock = clock
        self.values = values
        self.left: deque[list[Event]] = deque()
        """Of followers that were let go, and of calls within another's turn: whoever tells next, where no lock is, tells these as well."""
        self._failed = False
        self.begin = partial(Heard, self)
        """Listen to a call that begins; one function call less than a method."""

    def with_left(self, events: list[Event]) -> list[Event]:
        """Return the events of those who were let go, and these."""
        found: list[Event] = []
        with suppress(IndexError):  # another thread was quicker
            while True:
                found += self.left.popleft()
        return found + events

    def fails(self) -> bool:
        """Tell whether a listener fails for the first time."""
        before, self._failed = self._failed, True
        return not before


class Heard:
    """What is heard of one call, by the thread that makes it.

    Events are kept until tell(), which is for where the thread is outside of every lock, mutex and claim: listeners may take their time. `phase` is
    what the time goes to now; whatever the call does, its time is one phase's, so together they are all of it. `outcome`: what the call came to.
    `within_turn`: it is made by what another call has called that holds its chat's mutex; it leaves its events to whoever tells next.
    """

    __slots__ = (
        "_clock",
        "_ended",
        "_events",
        "_listeners",
        "_listening",
        "_of",
        "_phases",
        "_since",
        "_started",
        "outcome",
        "phase",
        "telling",
        "within_turn",
    )

    def __init__(self, listening: Listening, name: str, chat_id: str, started: float, wait: float | None) -> None:
        self._listening = listening
        host = listening.listener
        self._listeners: tuple[Listener, ...] = () if host is None else (host,)
        if logger.isEnabledFor(logging.INFO):
            self._listeners = (_log, *self._listeners)
        self._clock = listening.clock
        self._started = self._since = started
        self._phases: dict[Phase, float] = {}
        self._of: dict[str, Any] = {"call": next(_numbers), "name": name, "chat_id": chat_id, "workspace_id": None, "build_number": None}
        self._events: list[Event] = [CallBegun(**self._of, after=0.0, at=self._clock.now(), wait=wait)]
        self.phase: Phase = Phase.PLANNING
        self.outcome: Outcome | None = None
        self.telling = self.within_turn = self._ended = False

    def tell(self) -> None:
        """Tell what was heard since. A call that a listener makes is not listened to, or there would be no end of it."""
        if self._events:
            events, self._events = self._events, []
            if self.within_turn:
                self._listening.left.append(events)
                return
            if self._listening.left:
                events = self._listening.with_left(events)
            self.telling = True
            try:
                for event in events:
                    for listener in self._listeners:
                        try:
                            listener(event)
                        except Exception:  # noqa: PERF203 # hurts nobody, neither the call nor who is told next
                            if self._listening.fails():
                                logger.exception("on_event failed: it is told on, and logged no more", extra=fields(event.chat_id))
            finally:
                self.telling = False

    def end(self, error: BaseException | None = None, *, let_go_at: float | None = None) -> None:
        """Note how the call has ended, and tell. let_go_at: since when nobody waits for its end; perhaps in a finalizer, so others tell it."""
        if self._ended:
            return
        self._ended, outcome, reason, state = True, self.outcome, None, None
        if error is not None:
            reason = error.reason if isinstance(error, ChatWorkspaceError) else None
        elif outcome is not None:
            reason, state, workspace = outcome.reason, outcome.state, outcome.workspace
            if workspace is not None:
                self._of["workspace_id"], self._of["build_number"] = workspace.id, workspace.build.number
        now = self._clock.monotonic() if let_go_at is None else max(let_go_at, self._since)
        self._phases[self.phase] = self._phases.get(self.phase, 0.0) + now - self._since
        raised = "" if error is None else type(error).__name__
        ended = CallEnded(**self._of, after=now - self._started, reason=reason, state=state, error=raised, phases=self._phases)
        self._events.append(ended)
        if let_go_at is None:
            self.tell()
        else:
            self._listening.left.append(self._events)

    # ------------------------------------------------------------ what the call is at

    def enter(self, phase: Phase, at: float | None = None) -> None:
        """Come to another phase, now or at an instant that is past."""
        if phase is not self.phase:
            now = max(self._clock.monotonic() if at is None else at, self._since)
            self._phases[self.phase] = self._phases.get(self.phase, 0.0) + now - self._since
            self.phase, self._since = phase, now
            self._events.append(PhaseBegun(**self._of, after=now - self._started, phase=phase))

    def wait_in(self, phase: Phase, workspace: Workspace | None) -> None:
        """Wait for what is under way, and tell."""
        if workspace is not None:
            self.saw(workspace)
        self.enter(phase)
        self.tell()

    def saw(self, workspace: Workspace) -> None:
        """Know which workspace, and which build of it, the call is about."""
        self._of["workspace_id"], self._of["build_number"] = workspace.id, workspace.build.number

    # ------------------------------------------------------------ what it asks of others

    def ask(self, what: Callable[..., object] | str, ask: Callable[[], T], phase: Phase | None = None) -> T:
        """Ask the store or the platform for something. what: is asked, or its name. phase: in which that is done."""
        began, failed = self._clock.monotonic(), None
        if phase is not None:
            self.enter(phase, began)
        try:
            return ask()
        except BaseException as error:
            failed = error
            raise
        finally:
            now, name = self._clock.monotonic(), what if isinstance(what, str) else getattr(what, "__name__", UNNAMED)
            port = "store" if name in _OF_STORE else "platform"
            self._events.append(
                Requested(
                    **self._of,
                    after=now - self._started,
                    request=name,
                    port=port,
                    took=now - began,
                    error="" if failed is None else self._words(failed, own=port == "store"),
                    error_type="" if failed is None else type(failed).__name__,
                )
            )
            if phase is not None:
                self.enter(Phase.PLANNING, now)

    def retried(self, what: Callable[..., object], pause: float) -> None:
        """Note that it will be asked for once more."""
        name = getattr(what, "__name__", UNNAMED)
        port, now = "store" if name in _OF_STORE else "platform", self._clock.monotonic()
        self._events.append(Retried(**self._of, after=now - self._started, request=name, port=port, pause=pause))

    def dialled(self, agent: str, began: float, ended: float, error: BaseException | None = None) -> None:
        """Note a dial: until it ended, that is what the time went to."""
        self.enter(Phase.CONNECTING, began)
        words, kind = ("", "") if error is None else (self._words(error), type(error).__name__)
        self._events.append(Dialled(**self._of, after=ended - self._started, agent=agent, took=ended - began, error=words, error_type=kind))

    def watch_broke(self, error: BaseException, now: float, pause: float) -> None:
        """Note that a watch has ended by itself."""
        self._events.append(WatchBroken(**self._of, after=now - self._started, pause=pause, error=self._words(error)))

    def _words(self, error: BaseException, *, own: bool = False) -> str:
        """Return an error in words, without what may be secret. own: of who knows none. Where it is of no chat, nobody can say: its class then."""
        if not (self._of["chat_id"] or own) and self._listening.values.told:
            return type(error).__name__
        text = visible(f"{type(error).__name__}: {error}" if str(error) else type(error).__name__)
        return cut_inside(self._listening.values.out_of_text(self._of["chat_id"], text), LONGEST)

    # ------------------------------------------------------------ what it does about the chat

    def claimed(self, chat_id: str, epoch: int, *, plan: str = "", over: str = "") -> None:
        """Note a claim. plan: the name that is planned with it. over: the name in a plan that stood, of somebody else's making."""
        of: dict[str, Any] = {**self._of, "chat_id": chat_id, "after": self._clock.monotonic() - self._started}
        self._events.append(Claimed(**of, epoch=epoch, plan=plan))
        if over:
            self._events.append(TakenOver(**of, plan=over))

    def adopted(self, chat_id: str, workspace: Workspace) -> None:
        """Note that a workspace was found under the planned name, and bound."""
        self.saw(workspace)
        of: dict[str, Any] = {**self._of, "chat_id": chat_id}
        self._events.append(Adopted(**of, after=self._clock.monotonic() - self._started, workspace=workspace.name))


# ---------------------------------------------------------------- the log


def _log(event: Event) -> None:
    """Say it at INFO, if it belongs to a chat's life, and else at DEBUG."""
    level = logging.INFO if _is_of_its_life(event) else logging.DEBUG
    if logger.isEnabledFor(level):
        reason = event.reason if isinstance(event, CallEnded) else None
        extra = fields(event.chat_id, reason, workspace_id=event.workspace_id, build=event.build_number)
        logger.log(level, "chat %r: %s", event.chat_id, visible(str(event)), extra=extra)


def _is_of_its_life(event: Event) -> bool:
    if isinstance(event, TakenOver | Adopted):
        return True
    if isinstance(event, PhaseBegun) and event.phase is Phase.PLANNING:
        return False  # it comes between any two others
    return event.name in CHANGING and isinstance(event, CallBegun | CallEnded | PhaseBegun)
