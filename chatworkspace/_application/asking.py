"""Asking the store and the platform, again and again where they are away: what only reads, and how patiently."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from math import inf
from typing import Any, ParamSpec, TypeVar
from uuid import UUID

import attrs

from chatworkspace._application.calls import Call, Calls
from chatworkspace._application.turn import Unknown
from chatworkspace._application.waiting import Bound
from chatworkspace._domain import names
from chatworkspace._domain.conditions import Finding, classify
from chatworkspace._domain.pauses import back_off
from chatworkspace._ports.patience import here
from chatworkspace.errors import ChatClosedError, ChatNotFoundError, UnavailableError
from chatworkspace.model import Chat, Reason, Workspace
from chatworkspace.ports import Clock, Intent, Look, NotFoundError, Store, WorkspaceCreator
from chatworkspace.timeouts import Timeouts

T = TypeVar("T")
P = ParamSpec("P")

BACK_OFF_MOST = 1.0
_NONE: Mapping[str, Any] = {}


@attrs.frozen(eq=False, repr=False)
class _Kind:
    """What is asked for, and of whom."""

    unavailable: Reason
    """Why there is no answer, where nobody answers."""
    cut: bool
    """It changes nothing, and is ended with the call."""


_READING, _WRITING = _Kind(Reason.STORE_UNAVAILABLE, cut=True), _Kind(Reason.STORE_UNAVAILABLE, cut=False)
_LOOKING, _SETTLING = _Kind(Reason.PLATFORM_UNAVAILABLE, cut=True), _Kind(Reason.PLATFORM_UNAVAILABLE, cut=False)


class Asking:
    """Asks for the chats of one process. Safe from any thread; decides nothing and changes nothing.

    What only reads is asked for within what is left of the call, and ended with it. What changes something ends by limits of its own.
    """

    def __init__(self, *, store: Store, creator: WorkspaceCreator, clock: Clock, timeouts: Timeouts, calls: Calls) -> None:
        self._store = store
        self._creator = creator
        self._clock = clock
        self._timeouts = timeouts
        self._calls = calls
        self._secret: bytes | None = None

    # ------------------------------------------------------------ patience

    def stored(self, write: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Have the store write, with back-off where it is unavailable, for as long as planning may take. UnavailableError: the last real error."""
        return self._ask(_WRITING, self._clock.monotonic() + self._timeouts.planning, write, args, kwargs)

    def stored_until(self, deadline: float, write: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """As stored(), until the deadline."""
        return self._ask(_WRITING, deadline, write, args, kwargs)

    def recorded(self, read: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Ask the store what it knows, as stored() has it write."""
        return self._ask(_READING, None, read, args, kwargs)

    def recorded_until(self, deadline: float, read: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """As recorded(), until the deadline."""
        return self._ask(_READING, deadline, read, args, kwargs)

    def platform(
        self,
        ask: Callable[[float], T],
        deadline: float | None = None,
        *,
        settling: bool = False,
        once: bool = False,
        what: Callable[..., object] | None = None,
    ) -> T:
        """Ask the platform, as recorded() asks the store. ask: is given until when it may take. deadline: None: as by() has it.

        what: by whose name the request is told of; None: that of `ask`. settling: whether a request was acted upon. It is part of that request, and
        not ended with the call. once: it is not asked again.
        """
        return self._ask(_SETTLING if settling else _LOOKING, deadline, ask, what=what, once=once)

    def check(self) -> None:
        """Raise ClosedError after close(): nothing is begun any more."""
        self._calls.check()

    @property
    def call(self) -> Call:
        """The call that this thread is in. Outside of any it is one that nobody can end."""
        mine = here.caller
        return mine if isinstance(mine, Call) and mine.book is self._calls else Call(self._calls, self._clock, "", None)

    def apart(self, name: str) -> Call:
        """Return a call for another thread, which does part of one of this name. close() ends it, too."""
        return Call(self._calls, self._clock, "", None, name=name)

    def by(self) -> float:
        """Return until when a question may take without which nothing can be told."""
        return self.call.by(self._timeouts.planning)

    def _ask(
        self,
        kind: _Kind,
        deadline: float | None,
        ask: Callable[..., T],
        args: tuple[Any, ...] | None = None,
        kwargs: Mapping[str, Any] = _NONE,
        *,
        what: Callable[..., object] | None = None,
        once: bool = False,
    ) -> T:
        """Ask, again and again where nobody answers. deadline: None: as by() has it. args: None: it is given until when it may take."""
        mine, attempt = here.caller, 0
        call = mine if isinstance(mine, Call) and mine.book is self._calls else self.call
        until = call.by(self._timeouts.planning) if deadline is None else deadline
        while True:
            outer, interrupted = call.terms, call.interrupted
            call.terms = until, kind.cut, interrupted
            try:
                if call.heard is not None:
                    return call.heard.ask(what or ask, partial(ask, *((until,) if args is None else args), **kwargs))
                if args is None:
                    return ask(until)
                return ask(*args, **kwargs) if kwargs else ask(*args)
            except UnavailableError as error:
                failure = error
            finally:
                call.terms = outer
            call.check()
            if kind.cut and call.interrupted and not interrupted:  # which ended it: once more, for as long as it may still take
                until = min(until, call.by(inf))
                continue
            pause = max(back_off(attempt, BACK_OFF_MOST, self._clock.random()), failure.retry_after or 0.0)
            if once or not failure.retryable or pause > BACK_OFF_MOST or self._clock.monotonic() + pause >= until:
                reason = Reason.INTERRUPTED if call.interrupted and failure.retryable else kind.unavailable
                raise UnavailableError(str(failure), reason=reason, retryable=failure.retryable, retry_after=failure.retry_after) from failure
            attempt += 1
            self._pause(call, what or ask, pause, failure)

    def _pause(self, call: Call, what: Callable[..., object], pause: float, failure: UnavailableError) -> None:
        """Wait before the next attempt. Who is interrupted meanwhile gives up; ClosedError."""
        if call.heard is not None:
            call.heard.retried(what, pause)
        call.pause(self._clock.monotonic() + pause)
        if call.interrupted:
            raise UnavailableError(str(failure), reason=Reason.INTERRUPTED) from failure

    # ------------------------------------------------------------ the store

    def look(self, chat_id: str, until: float | None = None, *, even_closed: bool = False) -> Look:
        """Read the chat's row. until: when that ends at the latest; None: as by() has it. ChatNotFoundError, ChatClosedError, UnavailableError."""
        try:
            look = self._ask(_READING, until, self._store.look, (chat_id,))
        except NotFoundError:
            raise ChatNotFoundError(chat_id) from None
        if look.chat.closed and not even_closed:
            raise ChatClosedError(chat_id)
        return look

    def history(self, chat_id: str) -> Sequence[Intent]:
        """Return what was planned for the chat, oldest first. ChatNotFoundError, UnavailableError."""
        try:
            return self.recorded(self._store.history, chat_id)
        except NotFoundError:
            raise ChatNotFoundError(chat_id) from None

    def look_even_closed(self, chat_id: str, until: float | None = None) -> Look:
        """As look(), for a chat that may be closed."""
        return self.look(chat_id, until, even_closed=True)

    def mark(self, chat_id: str, number: int) -> str:
        """Return the chat's mark for a number."""
        return names.mark_of(self._secret or self.secret(), chat_id, number)

    def number_after(self, look: Look, left: Workspace | None) -> int:
        """Return the number for names once a live workspace is left behind: one more if it bears the mark in use, or is not known."""
        if left is not None and not names.bears_mark(left.name, self.mark(look.chat.id, look.number)):
            return look.number
        return look.number + 1

    def secret(self) -> bytes:
        """Return the store's secret, asked for once in a process."""
        if self._secret is None:
            self._secret = self.recorded(self._store.secret)
        return self._secret

    # ------------------------------------------------------------ reading the platform

    def read(self, look: Look, until: float = inf, *, of: UUID | None = None, settling: bool = False) -> Bound | Unknown:
        """Read the workspace that the chat is bound to. A failure concludes nothing. until: as for look(). settling: as for platform().

        of: what it was bound to before it was closed.
        """
        chat = look.chat
        workspace_id = chat.workspace_id if of is None else of
        assert workspace_id is not None, "only a bound chat is read"
        deadline = min(self._clock.monotonic() + self._timeouts.planning if settling else self.by(), until)
        try:
            workspace, read_at = self.fetch(chat, workspace_id, deadline, settling=settling)
        except NotFoundError as error:
            return Unknown(look=look, reason=Reason.NOT_VISIBLE, error=str(error))
        except UnavailableError as error:
            return unread(look, error)
        return Bound(chat=chat, epoch=look.epoch, workspace=workspace, read_at=read_at)

    def fetch(self, chat: Chat, workspace_id: UUID, deadline: float, *, settling: bool = False) -> tuple[Workspace, float]:
        """Return a workspace, and say when it was asked for. NotFoundError, UnavailableError."""

        def get_workspace(until: float) -> tuple[Workspace, float]:
            now = self._clock.monotonic()
            return self._creator.get_workspace(chat.owner_id, workspace_id, deadline=min(until, now + self._timeouts.request)), now

        return self.platform(get_workspace, deadline, settling=settling)

    def find(self, chat: Chat, name: str, *, within: float = inf, settling: bool = False) -> tuple[Workspace | None, float]:
        """Look for the live workspace of a name, and say when it was asked for. UnavailableError.

        within: seconds that it may take at most. settling: as for platform().
        """

        def find_workspace(until: float) -> tuple[Workspace | None, float]:
            now = self._clock.monotonic()
            return self._creator.find_workspace(chat.owner_id, name, deadline=min(until, now + self._timeouts.request)), now

        deadline = self._clock.monotonic() + within
        return self.platform(find_workspace, deadline if settling else min(deadline, self.by()), settling=settling)

    def classify(self, workspace: Workspace) -> Finding:
        """Return what a workspace's facts come to."""
        return classify(workspace, lost_after=self._timeouts.lost_after)


def unread(look: Look, error: UnavailableError) -> Unknown:
    """Return that the platform could not say how what the chat is bound to is."""
    return Unknown(look=look, reason=error.reason, error=str(error), retry_after=error.retry_after, retryable=error.retryable)
