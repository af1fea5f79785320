"""Asking the store and the platform, again and again where they are away: what only reads, and how patiently."""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import ParamSpec, TypeVar
from uuid import UUID

from chatworkspace._application.calls import Calls
from chatworkspace._application.turn import Follow, Unknown
from chatworkspace._application.waiting import Bound
from chatworkspace._domain import names
from chatworkspace._domain.conditions import Finding, classify
from chatworkspace._domain.pauses import back_off
from chatworkspace.errors import ChatClosedError, ChatNotFoundError, UnavailableError
from chatworkspace.model import Chat, Reason, Workspace
from chatworkspace.ports import Clock, Look, NotFoundError, Store, WorkspaceCreator
from chatworkspace.timeouts import Timeouts

T = TypeVar("T")
P = ParamSpec("P")

BACK_OFF_MOST = 1.0


class Asking:
    """Asks for the chats of one process. Safe from any thread; decides nothing and changes nothing."""

    def __init__(self, *, store: Store, creator: WorkspaceCreator, clock: Clock, timeouts: Timeouts, calls: Calls) -> None:
        self._store = store
        self._creator = creator
        self._clock = clock
        self._timeouts = timeouts
        self._calls = calls
        self._secret: bytes | None = None

    # ------------------------------------------------------------ patience

    def stored(self, ask: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Ask the store, with back-off where it is unavailable, for as long as planning may take. UnavailableError with the last real error."""
        return self.stored_until(self._clock.monotonic() + self._timeouts.planning, ask, *args, **kwargs)

    def stored_until(self, deadline: float, ask: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """As stored(), until the deadline."""
        return self._patiently(Reason.STORE_UNAVAILABLE, deadline, ask, *args, **kwargs)

    def platform(self, ask: Callable[[], T], deadline: float) -> T:
        """Ask the platform, as stored() asks the store."""
        return self._patiently(Reason.PLATFORM_UNAVAILABLE, deadline, ask)

    def _patiently(self, reason: Reason, deadline: float, ask: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        attempt = 0
        while True:
            try:
                return ask(*args, **kwargs)
            except UnavailableError as error:
                pause = back_off(attempt, BACK_OFF_MOST, self._clock.random())
                if not error.retryable or self._clock.monotonic() + pause >= deadline:
                    raise UnavailableError(str(error), reason=reason, retryable=error.retryable) from error
                failure = error
            attempt += 1
            self._pause(pause, failure)

    def _pause(self, pause: float, failure: UnavailableError) -> None:
        """Wait before the next attempt. Who is interrupted meanwhile gives up; ClosedError."""
        call = self._calls.mine
        if call is None:
            self._clock.sleep(pause)
            return
        call.pause(self._clock.monotonic() + pause)
        if call.interrupted:
            raise UnavailableError(str(failure), reason=Reason.INTERRUPTED) from failure

    # ------------------------------------------------------------ the store

    def look(self, chat_id: str) -> Look:
        """Read the chat's row. ChatNotFoundError, ChatClosedError, UnavailableError."""
        look = self.look_even_closed(chat_id)
        if look.chat.closed:
            raise ChatClosedError(chat_id)
        return look

    def look_even_closed(self, chat_id: str) -> Look:
        """As look(), for a chat that may be closed."""
        try:
            return self.stored(self._store.look, chat_id)
        except NotFoundError:
            raise ChatNotFoundError(chat_id) from None

    def mark(self, chat_id: str, number: int) -> str:
        """Return the chat's mark for a number."""
        return names.mark_of(self.secret(), chat_id, number)

    def number_after(self, look: Look, left: Workspace | None) -> int:
        """Return the number for names once a live workspace is left behind: one more if it bears the mark in use, or is not known."""
        if left is not None and not names.bears_mark(left.name, self.mark(look.chat.id, look.number)):
            return look.number
        return look.number + 1

    def secret(self) -> bytes:
        """Return the store's secret, asked for once in a process."""
        if self._secret is None:
            self._secret = self.stored(self._store.secret)
        return self._secret

    # ------------------------------------------------------------ reading the platform

    def read(self, look: Look, *, until: float = inf) -> Follow | Unknown:
        """Read the workspace that the chat is bound to. A failure concludes nothing."""
        chat = look.chat
        assert chat.workspace_id is not None, "only a bound chat is read"
        workspace_id, deadline = chat.workspace_id, min(self._clock.monotonic() + self._timeouts.planning, until)
        try:
            workspace, read_at = self.fetch(chat, workspace_id, deadline)
        except NotFoundError as error:
            return Unknown(look=look, reason=Reason.NOT_VISIBLE, error=str(error))
        except UnavailableError as error:
            return Unknown(look=look, reason=error.reason, error=str(error))
        return Follow(bound=Bound(chat=chat, epoch=look.epoch, workspace=workspace, read_at=read_at))

    def fetch(self, chat: Chat, workspace_id: UUID, deadline: float) -> tuple[Workspace, float]:
        """Return a workspace, and say when it was asked for. NotFoundError, UnavailableError."""

        def ask() -> tuple[Workspace, float]:
            now = self._clock.monotonic()
            limit = min(deadline, now + self._timeouts.request)
            return self._creator.get_workspace(chat.owner_id, workspace_id, deadline=limit), now

        return self.platform(ask, deadline)

    def find(self, chat: Chat, name: str, *, within: float | None = None) -> tuple[Workspace | None, float]:
        """Look for the live workspace of a name, and say when it was asked for. UnavailableError."""
        deadline = self._clock.monotonic() + (self._timeouts.planning if within is None else within)

        def ask() -> tuple[Workspace | None, float]:
            now = self._clock.monotonic()
            limit = min(deadline, now + self._timeouts.request)
            return self._creator.find_workspace(chat.owner_id, name, deadline=limit), now

        return self.platform(ask, deadline)

    def classify(self, workspace: Workspace) -> Finding:
        """Return what a workspace's facts come to."""
        return classify(workspace, lost_after=self._timeouts.lost_after)
