"""A store in memory that can fail."""

from __future__ import annotations

import copy
from collections import deque
from collections.abc import Callable, Sequence
from threading import RLock
from typing import Literal, TypeVar, get_args
from uuid import UUID

from chatworkspace import Chat, UnavailableError
from chatworkspace.ports import Claim, Clock, Intent, Look, Plan, PortError, time_left
from chatworkspace_fake._arguments import check_whole
from chatworkspace_fake._platform.faults import Fault, Faults
from chatworkspace_fake._platform.memory import MemoryStore

T = TypeVar("T")

TIMEOUT = 5.0
"""Seconds that a store call takes at most."""
StoreCall = Literal[
    "attach",
    "bind",
    "chats",
    "claim",
    "close_chat",
    "discard",
    "finish",
    "history",
    "look",
    "open_chat",
    "owned",
    "planned",
    "purge",
    "record_stray",
    "release",
    "secret",
    "wait_for_turn",
]
JOURNAL = 64
"""Writes that a FakeStore can take back."""


class FakeStore(MemoryStore):
    """A MemoryStore that can fail. An unanswered call ends with UnavailableError after 5 s of its clock."""

    def __init__(self, clock: Clock | None = None) -> None:
        super().__init__(clock)
        self._faults = Faults(self._clock, calls=get_args(StoreCall), refusable=False)
        self._world = RLock()
        """Guards all of it: who takes back writes must meet nobody who writes. Nobody waits under it."""
        self._journal: deque[Callable[[], None]] = deque(maxlen=JOURNAL)
        self._as_of: float | None = None

    def when(self, call: StoreCall, *, nth: int = 1, times: int = 1) -> Fault:
        """Choose the nth call of that name from now on, and those behind it, `times` in all. InvalidArgumentError."""
        return self._faults.when(call, nth=nth, times=times)

    def unstruck(self) -> tuple[str, ...]:
        """Return the faults that were armed and have not struck."""
        return self._faults.unstruck()

    def lose_commits(self, count: int) -> None:
        """As a fail-over to a standby that was behind: the last writes never were. InvalidArgumentError."""
        check_whole("count", count, least=0)
        with self._world:
            for _ in range(min(count, len(self._journal))):
                self._journal.pop()()

    def _before_write(self, chat_id: str | None) -> None:
        row = None if chat_id is None else copy.copy(self._rows.get(chat_id))
        register = self._register.copy()

        def undo() -> None:
            self._register = register
            if row is not None:
                self._rows[row.chat.id] = row
            elif chat_id is not None:
                self._rows.pop(chat_id, None)

        self._journal.append(undo)

    def _now(self) -> float:
        return super()._now() if self._as_of is None else self._as_of

    def _apply(self, call: str, act: Callable[[], T]) -> T:
        def perform() -> T:
            with self._world:
                return act()

        self._catch_up()
        return self._faults.apply(call, perform, deadline=self._clock.monotonic() + time_left(TIMEOUT))

    def _catch_up(self) -> None:
        """Perform late writes that have arrived, as of when they arrived."""
        for due, act in self._faults.due():
            with self._world:
                self._as_of = due
                try:
                    act()
                except (PortError, UnavailableError):
                    pass  # whoever sent it has given up
                finally:
                    self._as_of = None

    def secret(self) -> bytes:
        return self._apply("secret", super().secret)

    def open_chat(self, chat_id: str, owner_id: UUID, organization_id: UUID) -> Chat:
        act = super().open_chat
        return self._apply("open_chat", lambda: act(chat_id, owner_id, organization_id))

    def look(self, chat_id: str) -> Look:
        act = super().look
        return self._apply("look", lambda: act(chat_id))

    def claim(self, look: Look, *, token: str, ttl: float, plan: Plan | None = None, keep: bool = False) -> Claim:
        act = super().claim
        return self._apply("claim", lambda: act(look, token=token, ttl=ttl, plan=plan, keep=keep))

    def wait_for_turn(self, look: Look, deadline: float) -> None:
        act = super().wait_for_turn
        self._catch_up()

        def wait() -> None:
            if self._clock.monotonic() < deadline:  # a wait that arrives late waits for nothing
                act(look, deadline)

        self._faults.apply("wait_for_turn", wait, deadline=self._clock.monotonic() + time_left(TIMEOUT))

    def bind(self, claim: Claim, workspace_id: UUID) -> Chat:
        act = super().bind
        return self._apply("bind", lambda: act(claim, workspace_id))

    def attach(self, claim: Claim, workspace_id: UUID | None, *, number: int, note: str = "") -> Chat:
        act = super().attach
        return self._apply("attach", lambda: act(claim, workspace_id, number=number, note=note))

    def close_chat(self, claim: Claim, *, number: int, note: str = "") -> Chat:
        act = super().close_chat
        return self._apply("close_chat", lambda: act(claim, number=number, note=note))

    def release(self, claim: Claim, *, note: str = "", drop_plan: bool = False, back: Look | None = None) -> None:
        act = super().release
        self._apply("release", lambda: act(claim, note=note, drop_plan=drop_plan, back=back))

    def record_stray(self, chat_id: str, workspace_id: UUID, note: str) -> None:
        act = super().record_stray
        self._apply("record_stray", lambda: act(chat_id, workspace_id, note))

    def discard(self, workspace_id: UUID) -> None:
        act = super().discard
        self._apply("discard", lambda: act(workspace_id))

    def history(self, chat_id: str) -> Sequence[Intent]:
        act = super().history
        return self._apply("history", lambda: act(chat_id))

    def planned(self, older_than: float) -> Sequence[Look]:
        act = super().planned
        return self._apply("planned", lambda: act(older_than))

    def chats(self, *, after: str = "", limit: int = 500) -> Sequence[Look]:
        act = super().chats
        return self._apply("chats", lambda: act(after=after, limit=limit))

    def owned(self, *, after: str = "", limit: int = 500) -> Sequence[tuple[str, Look]]:
        act = super().owned
        return self._apply("owned", lambda: act(after=after, limit=limit))

    def finish(self, chat_ids: Sequence[str], closed_for: float) -> None:
        act = super().finish
        self._apply("finish", lambda: act(chat_ids, closed_for))

    def purge(self, older_than: float, *, limit: int = 500) -> int:
        act = super().purge
        return self._apply("purge", lambda: act(older_than, limit=limit))
