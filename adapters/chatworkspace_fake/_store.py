"""The store in memory, and one that can fail."""

from __future__ import annotations

import copy
import hashlib
import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from threading import RLock
from typing import TypeVar
from uuid import UUID

import attrs

from chatworkspace import Chat, Reason, UnavailableError
from chatworkspace.ports import (
    ChangedError,
    Claim,
    ClaimedError,
    Clock,
    Intent,
    Look,
    NotFoundError,
    Plan,
    PortError,
    Signal,
    StaleClaimError,
    Store,
    SystemClock,
    WorkspaceTakenError,
)
from chatworkspace_fake._faults import Fault, Faults

T = TypeVar("T")

TIMEOUT = 5.0
"""Seconds that a store call takes at most."""
CALLS = (
    "attach",
    "bind",
    "chats",
    "claim",
    "close_chat",
    "discard",
    "history",
    "look",
    "open_chat",
    "planned",
    "record_stray",
    "release",
    "secret",
    "wait_for_turn",
)
JOURNAL = 64
"""Writes that a FakeStore can take back."""


@attrs.define(kw_only=True)
class _Row:
    chat: Chat
    plan: Plan | None = None
    planned_at: float = 0.0
    name: str = ""
    number: int = 0
    epoch: int = 0
    token: str = ""
    taken_at: float = 0.0
    until: float = 0.0
    written: bool = False
    """The holder of this token has written, and given the claim back."""
    history: tuple[Intent, ...] = ()


class MemoryStore(Store):
    """A supported store for one process: everything is gone when it ends. Safe from any thread.

    `_lock` guards the rows, the makings, the discarded and the waiters; nobody waits under it. Values handed out are frozen.
    """

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock: Clock = SystemClock() if clock is None else clock
        self._process_id = os.getpid()
        self._lock = RLock()
        self._rows: dict[str, _Row] = {}
        self._made: dict[UUID, str] = {}
        self._discarded: set[UUID] = set()
        self._bound: dict[UUID, int] = {}
        self._waiters: dict[str, list[Signal]] = {}
        self._secret = b""

    # ------------------------------------------------------------ reading

    def secret(self) -> bytes:
        with self._open():
            self._secret = self._secret or hashlib.sha256(self._clock.token().encode()).digest()
            return self._secret

    def look(self, chat_id: str) -> Look:
        with self._open():
            return self._look(self._row(chat_id))

    def history(self, chat_id: str) -> Sequence[Intent]:
        with self._open():
            return self._row(chat_id).history

    def planned(self, older_than: float) -> Sequence[Look]:
        with self._open():
            now = self._now()
            return tuple(self._look(row) for row in self._rows.values() if row.plan is not None and now - row.planned_at >= older_than)

    def chats(self, *, after: str = "", limit: int = 500) -> Sequence[Look]:
        with self._open():
            ids = sorted(chat_id for chat_id in self._rows if chat_id > after)[:limit]
            return tuple(self._look(self._rows[chat_id]) for chat_id in ids)

    def wait_for_turn(self, look: Look, deadline: float) -> None:
        chat_id = look.chat.id
        with self._open():
            row = self._row(chat_id)
            now = self._now()
            if row.epoch != look.epoch or not self._alive(row, now):
                return
            signal, ends = self._clock.signal(), min(deadline, row.until)
            self._waiters.setdefault(chat_id, []).append(signal)
        try:
            signal.wait(ends)
        finally:
            with self._lock:
                waiters = self._waiters.get(chat_id, [])
                if signal in waiters:
                    waiters.remove(signal)
                if not waiters:
                    self._waiters.pop(chat_id, None)

    # ------------------------------------------------------------ claims

    def open_chat(self, chat_id: str, owner_id: UUID, organization_id: UUID) -> Chat:
        with self._open():
            row = self._rows.get(chat_id)
            if row is None:
                self._before_write()
                row = self._rows[chat_id] = _Row(chat=Chat(id=chat_id, owner_id=owner_id, organization_id=organization_id, generation=1))
            return row.chat

    def claim(self, look: Look, *, token: str, ttl: float, plan: Plan | None = None) -> Claim:
        with self._open():
            row, now = self._row(look.chat.id), self._now()
            if row.token == token and row.epoch == look.epoch + 1 and not row.written:
                return self._claim(row)
            if row.epoch != look.epoch:
                raise ChangedError
            if self._alive(row, now):
                raise ClaimedError(retry_in=row.until - now)
            self._before_write()
            row.epoch, row.token, row.taken_at, row.until, row.written = row.epoch + 1, token, now, now + ttl, False
            if plan is not None:
                self._plan(row, plan, now)
            return self._claim(row)

    def _plan(self, row: _Row, plan: Plan, now: float) -> None:
        chat = row.chat
        stood = row.plan is not None
        if not stood and (chat.workspace_id is not None or row.history):
            row.chat = _chat(chat, None, generation=chat.generation + 1)
        else:
            row.chat = _chat(chat, None)
        if stood:
            row.history = (*row.history[:-1], attrs.evolve(row.history[-1], template_id=plan.template_id, preset_id=plan.preset_id))
        else:
            intent = Intent(
                generation=row.chat.generation,
                name=plan.name,
                template_id=plan.template_id,
                preset_id=plan.preset_id,
                replaces=chat.workspace_id,
                planned_at=self._date(),
            )
            row.history = (*row.history, intent)
            row.planned_at = now
        self._unbound(chat.workspace_id)
        row.plan, row.name, row.number = plan, plan.name, plan.number

    # ------------------------------------------------------------ writes of the holder

    def bind(self, claim: Claim, workspace_id: UUID) -> Chat:
        with self._open():
            row = self._held(claim)
            if row.written and row.chat.workspace_id == workspace_id:
                return row.chat
            self._not_discarded(workspace_id)
            if self._made.get(workspace_id, claim.chat.id) != claim.chat.id:
                raise WorkspaceTakenError("it is another chat's making")
            self._before_write()
            self._made[workspace_id] = claim.chat.id
            self._rebound(row.chat.workspace_id, workspace_id)
            row.chat, row.plan = _chat(row.chat, workspace_id), None
            if row.history:
                row.history = (*row.history[:-1], attrs.evolve(row.history[-1], workspace_id=workspace_id, bound_at=self._date()))
            self._give_back(row)
            return row.chat

    def attach(self, claim: Claim, workspace_id: UUID | None, *, number: int, note: str = "") -> Chat:
        return self._change(claim, workspace_id, number=number, note=note, closed=False)

    def close_chat(self, claim: Claim, *, number: int, note: str = "") -> Chat:
        return self._change(claim, None, number=number, note=note, closed=True)

    def _change(self, claim: Claim, workspace_id: UUID | None, *, number: int, note: str, closed: bool) -> Chat:
        with self._open():
            row = self._held(claim)
            if row.written and row.chat.generation == claim.chat.generation + 1:
                return row.chat
            if workspace_id is not None:
                self._not_discarded(workspace_id)
            self._before_write()
            before, now = row.chat, self._date()
            self._rebound(before.workspace_id, workspace_id)
            row.chat = _chat(before, workspace_id, generation=before.generation + 1, closed=closed or before.closed)
            row.plan, row.number = None, number
            intent = Intent(
                generation=row.chat.generation,
                name=row.name,
                template_id=None,
                replaces=before.workspace_id,
                workspace_id=workspace_id,
                bound_at=now,
                notes=(note,) if note else (),
            )
            row.history = (*row.history, intent)
            self._give_back(row)
            return row.chat

    def release(self, claim: Claim, *, note: str = "", drop_plan: bool = False) -> None:
        with self._open():
            row = self._row(claim.chat.id)
            if (row.epoch, row.token) != (claim.epoch, claim.token) or row.written:
                return
            self._before_write()
            if note:
                self._note(row, note)
            if drop_plan:
                row.plan = None
            self._give_back(row)

    # ------------------------------------------------------------ no claim needed

    def record_stray(self, chat_id: str, workspace_id: UUID, note: str) -> None:
        with self._open():
            row = self._row(chat_id)
            del workspace_id  # the note names it
            if not row.history or note not in row.history[-1].notes:
                self._before_write()
                self._note(row, note)

    def discard(self, workspace_id: UUID) -> None:
        with self._open():
            if workspace_id in self._bound:
                raise WorkspaceTakenError("a chat is bound to it")
            self._before_write()
            self._discarded.add(workspace_id)

    # ------------------------------------------------------------ inside

    @contextmanager
    def _open(self) -> Iterator[None]:
        if os.getpid() != self._process_id:
            cure = "use a store that lasts (a file, a database) where there is more than one process"
            raise UnavailableError(f"a MemoryStore belongs to the process that made it: {cure}", reason=Reason.STORE_UNAVAILABLE, retryable=False)
        with self._lock:
            yield

    def _before_write(self) -> None:
        """Take note, under the lock, that something is about to change."""

    def _now(self) -> float:
        return self._clock.monotonic()

    def _date(self) -> datetime:
        return self._clock.now()

    def _row(self, chat_id: str) -> _Row:
        try:
            return self._rows[chat_id]
        except KeyError:
            raise NotFoundError(f"chat {chat_id!r}") from None

    def _held(self, claim: Claim) -> _Row:
        row = self._row(claim.chat.id)
        if (row.epoch, row.token) != (claim.epoch, claim.token):
            raise StaleClaimError
        return row

    @staticmethod
    def _alive(row: _Row, now: float) -> bool:
        return row.taken_at <= now < row.until

    def _look(self, row: _Row) -> Look:
        now = self._now()
        plan = row.plan
        return Look(
            chat=row.chat,
            plan=None if plan is None else attrs.evolve(plan, planned_for=now - row.planned_at),
            name=row.name,
            number=row.number,
            epoch=row.epoch,
            claimed_for=row.until - now if self._alive(row, now) else 0.0,
        )

    @staticmethod
    def _claim(row: _Row) -> Claim:
        return Claim(chat=row.chat, plan=row.plan, epoch=row.epoch, token=row.token)

    def _give_back(self, row: _Row) -> None:
        row.until, row.written = 0.0, True
        for signal in self._waiters.pop(row.chat.id, ()):
            signal.set()

    @staticmethod
    def _note(row: _Row, note: str) -> None:
        if row.history:
            last = row.history[-1]
            row.history = (*row.history[:-1], attrs.evolve(last, notes=(*last.notes, note)))

    def _not_discarded(self, workspace_id: UUID) -> None:
        if workspace_id in self._discarded:
            raise WorkspaceTakenError("it was discarded")

    def _unbound(self, workspace_id: UUID | None) -> None:
        if workspace_id is None:
            return
        self._bound[workspace_id] -= 1
        if not self._bound[workspace_id]:
            del self._bound[workspace_id]

    def _rebound(self, before: UUID | None, after: UUID | None) -> None:
        self._unbound(before)
        if after is not None:
            self._bound[after] = self._bound.get(after, 0) + 1


def _chat(chat: Chat, workspace_id: UUID | None, *, generation: int | None = None, closed: bool | None = None) -> Chat:
    return Chat(
        id=chat.id,
        owner_id=chat.owner_id,
        organization_id=chat.organization_id,
        generation=chat.generation if generation is None else generation,
        workspace_id=workspace_id,
        closed=chat.closed if closed is None else closed,
    )


class FakeStore(MemoryStore):
    """A MemoryStore that can fail. An unanswered call ends with UnavailableError after 5 s of its clock."""

    def __init__(self, clock: Clock | None = None) -> None:
        super().__init__(clock)
        self._faults = Faults(self._clock, calls=CALLS, refusable=False)
        self._journal: deque[Callable[[], None]] = deque(maxlen=JOURNAL)
        self._as_of: float | None = None

    def when(self, call: str, *, nth: int = 1, times: int = 1) -> Fault:
        """Choose the nth call of that name from now on, and those behind it, `times` in all. InvalidArgumentError."""
        return self._faults.when(call, nth=nth, times=times)

    def unstruck(self) -> tuple[str, ...]:
        """Return the faults that were armed and have not struck."""
        return self._faults.unstruck()

    def lose_commits(self, count: int) -> None:
        """As a fail-over to a standby that was behind: the last writes never were."""
        with self._lock:
            for _ in range(min(count, len(self._journal))):
                self._journal.pop()()

    def _before_write(self) -> None:
        rows = {chat_id: copy.copy(row) for chat_id, row in self._rows.items()}
        made, discarded, bound = dict(self._made), set(self._discarded), dict(self._bound)

        def undo() -> None:
            self._rows, self._made, self._discarded, self._bound = rows, made, discarded, bound

        self._journal.append(undo)

    def _now(self) -> float:
        return super()._now() if self._as_of is None else self._as_of

    def _apply(self, call: str, act: Callable[[], T]) -> T:
        self._catch_up()
        return self._faults.apply(call, act, deadline=self._clock.monotonic() + TIMEOUT)

    def _catch_up(self) -> None:
        """Perform late writes that have arrived, as of when they arrived."""
        for due, act in self._faults.due():
            with self._lock:
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

    def claim(self, look: Look, *, token: str, ttl: float, plan: Plan | None = None) -> Claim:
        act = super().claim
        return self._apply("claim", lambda: act(look, token=token, ttl=ttl, plan=plan))

    def wait_for_turn(self, look: Look, deadline: float) -> None:
        act = super().wait_for_turn
        self._apply("wait_for_turn", lambda: act(look, deadline))

    def bind(self, claim: Claim, workspace_id: UUID) -> Chat:
        act = super().bind
        return self._apply("bind", lambda: act(claim, workspace_id))

    def attach(self, claim: Claim, workspace_id: UUID | None, *, number: int, note: str = "") -> Chat:
        act = super().attach
        return self._apply("attach", lambda: act(claim, workspace_id, number=number, note=note))

    def close_chat(self, claim: Claim, *, number: int, note: str = "") -> Chat:
        act = super().close_chat
        return self._apply("close_chat", lambda: act(claim, number=number, note=note))

    def release(self, claim: Claim, *, note: str = "", drop_plan: bool = False) -> None:
        act = super().release
        self._apply("release", lambda: act(claim, note=note, drop_plan=drop_plan))

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
