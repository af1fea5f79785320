"""The store in memory, and one that can fail."""

from __future__ import annotations

import copy
import hashlib
import os
from collections import deque
from collections.abc import Callable, Sequence
from threading import Lock, RLock
from typing import Any, Literal, TypeVar, get_args
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
    interruptible,
    time_left,
)
from chatworkspace_fake._platform.faults import Fault, Faults

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
    "history",
    "look",
    "open_chat",
    "planned",
    "record_stray",
    "release",
    "secret",
    "wait_for_turn",
]
JOURNAL = 64
"""Writes that a FakeStore can take back."""


@attrs.define(kw_only=True)
class _Row:
    chat: Chat
    lock: Lock = attrs.field(factory=Lock)
    """Guards the row; nobody waits under it."""
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
    waiters: list[Signal] = attrs.field(factory=list[Signal])

    def alive(self, now: float) -> bool:
        """Somebody holds it."""
        return self.taken_at <= now < self.until

    def claim(self) -> Claim:
        """Return what its holder gets."""
        return Claim(chat=self.chat, plan=self.plan, epoch=self.epoch, token=self.token)

    def held_by(self, claim: Claim) -> bool:
        """Nobody has claimed since."""
        return self.epoch == claim.epoch and self.token == claim.token

    def give_back(self) -> None:
        """End the claim, and let the next come."""
        self.until, self.written = 0.0, True
        waiters, self.waiters = self.waiters, []
        for signal in waiters:
            signal.set()

    def amend(self, **changes: Any) -> None:
        """Change the latest intent, if there is one."""
        if self.history:
            self.history = (*self.history[:-1], attrs.evolve(self.history[-1], **changes))

    def note(self, note: str) -> None:
        """Add a note to the latest intent."""
        if self.history:
            self.amend(notes=(*self.history[-1].notes, note))


@attrs.define
class _Register:
    """Whose a workspace is. What concerns one workspace is done under its lock, taken after that of a row, never before."""

    made: dict[UUID, str] = attrs.field(factory=dict[UUID, str])
    discarded: set[UUID] = attrs.field(factory=set[UUID])
    bound: dict[UUID, int] = attrs.field(factory=dict[UUID, int])
    """How many chats are bound to it."""

    def copy(self) -> _Register:
        """Return another with the same entries."""
        return _Register(dict(self.made), set(self.discarded), dict(self.bound))

    def bind(self, workspace_id: UUID, maker: str | None) -> None:
        """Count a binding, and note whose making it is. WorkspaceTakenError."""
        if workspace_id in self.discarded:
            raise WorkspaceTakenError("it was discarded")
        if maker is not None and self.made.setdefault(workspace_id, maker) != maker:
            raise WorkspaceTakenError("it is another chat's making")
        self.bound[workspace_id] = self.bound.get(workspace_id, 0) + 1

    def unbind(self, workspace_id: UUID) -> None:
        """Count one binding less."""
        self.bound[workspace_id] -= 1
        if not self.bound[workspace_id]:
            del self.bound[workspace_id]


LOCKS = 1024
"""For all workspaces: all threads of a server come by here, and a single lock would make them queue."""


class MemoryStore(Store):
    """A supported store for one process: everything is gone when it ends. Safe from any thread. Values handed out are frozen."""

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock: Clock = SystemClock() if clock is None else clock
        self._process_id = os.getpid()
        self._rows: dict[str, _Row] = {}
        self._register = _Register()
        self._locks = [Lock() for _ in range(LOCKS)]
        self._secrets: list[bytes] = []

    # ------------------------------------------------------------ reading

    def secret(self) -> bytes:
        self._check_process()
        if not self._secrets:
            self._secrets.append(hashlib.sha256(self._clock.token().encode()).digest())
        return self._secrets[0]  # two threads may both have made one: the first counts

    def look(self, chat_id: str) -> Look:
        return self._look(self._row(chat_id))

    def history(self, chat_id: str) -> Sequence[Intent]:
        return self._row(chat_id).history

    def planned(self, older_than: float) -> Sequence[Look]:
        self._check_process()
        looks = [self._look(row) for row in tuple(self._rows.values()) if row.plan is not None]
        return tuple(look for look in looks if look.plan is not None and look.plan.planned_for >= older_than)

    def chats(self, *, after: str = "", limit: int = 500) -> Sequence[Look]:
        self._check_process()
        ids = sorted(chat_id for chat_id in tuple(self._rows) if chat_id > after)[:limit]
        return tuple(self._look(self._rows[chat_id]) for chat_id in ids)

    def wait_for_turn(self, look: Look, deadline: float) -> None:
        row, signal = self._row(look.chat.id), self._clock.signal()
        with row.lock:
            if row.epoch != look.epoch or not row.alive(self._now()):
                return
            ends = min(deadline, row.until)
            row.waiters.append(signal)
        try:
            with interruptible(signal.set):
                signal.wait(ends)
        finally:
            with row.lock:
                if signal in row.waiters:
                    row.waiters.remove(signal)

    # ------------------------------------------------------------ claims

    def open_chat(self, chat_id: str, owner_id: UUID, organization_id: UUID) -> Chat:
        self._check_process()
        row = self._rows.get(chat_id)
        if row is None:
            self._before_write()
            row = self._rows.setdefault(chat_id, _Row(chat=Chat(id=chat_id, owner_id=owner_id, organization_id=organization_id, generation=1)))
        return row.chat

    def claim(self, look: Look, *, token: str, ttl: float, plan: Plan | None = None) -> Claim:
        row = self._row(look.chat.id)
        with row.lock:
            now = self._now()
            if row.token == token and row.epoch == look.epoch + 1 and not row.written:
                return row.claim()
            # its holder's own write gives a claim back under the same epoch, so the epoch alone does not say that nothing has changed
            if row.epoch != look.epoch or row.chat != look.chat or (row.plan is None) != (look.plan is None):
                raise ChangedError
            if row.alive(now):
                raise ClaimedError(retry_in=row.until - now)
            self._before_write()
            row.epoch, row.token, row.taken_at, row.until, row.written = row.epoch + 1, token, now, now + ttl, False
            if plan is not None:
                self._plan(row, plan, now)
            return row.claim()

    def _plan(self, row: _Row, plan: Plan, now: float) -> None:
        chat = row.chat
        if row.plan is not None:
            row.chat = _chat(chat, None)
            row.amend(template_id=plan.template_id, preset_id=plan.preset_id)
        else:
            opened = chat.workspace_id is not None or bool(row.history)
            row.chat = _chat(chat, None, generation=chat.generation + opened)
            intent = Intent(
                generation=row.chat.generation,
                name=plan.name,
                template_id=plan.template_id,
                preset_id=plan.preset_id,
                replaces=chat.workspace_id,
                planned_at=self._clock.now(),
            )
            row.history = (*row.history, intent)
            row.planned_at = now
        self._unbound(chat.workspace_id)
        row.plan, row.name, row.number = plan, plan.name, plan.number

    # ------------------------------------------------------------ writes of the holder

    def bind(self, claim: Claim, workspace_id: UUID) -> Chat:
        row = self._row(claim.chat.id)
        with row.lock:
            if self._wrote(row, claim, (row.chat.workspace_id, row.chat.closed) == (workspace_id, False)):
                return row.chat
            self._before_write()
            self._rebound(row.chat.workspace_id, workspace_id, maker=row.chat.id)
            row.chat, row.plan = _chat(row.chat, workspace_id), None
            row.amend(workspace_id=workspace_id, bound_at=self._clock.now())
            row.give_back()
            return row.chat

    def attach(self, claim: Claim, workspace_id: UUID | None, *, number: int, note: str = "") -> Chat:
        return self._change(claim, workspace_id, number=number, note=note, closed=False)

    def close_chat(self, claim: Claim, *, number: int, note: str = "") -> Chat:
        return self._change(claim, None, number=number, note=note, closed=True)

    def _change(self, claim: Claim, workspace_id: UUID | None, *, number: int, note: str, closed: bool) -> Chat:
        row = self._row(claim.chat.id)
        with row.lock:
            repeated = (row.chat.workspace_id, row.chat.closed, row.chat.generation) == (workspace_id, closed, claim.chat.generation + 1)
            if self._wrote(row, claim, repeated):
                return row.chat
            self._before_write()
            before = row.chat
            self._rebound(before.workspace_id, workspace_id, maker=None)
            row.chat = _chat(before, workspace_id, generation=before.generation + 1, closed=closed or before.closed)
            row.plan, row.number = None, number
            intent = Intent(
                generation=row.chat.generation,
                name=row.name,
                template_id=None,
                replaces=before.workspace_id,
                workspace_id=workspace_id,
                bound_at=self._clock.now(),
                notes=(note,) if note else (),
            )
            row.history = (*row.history, intent)
            row.give_back()
            return row.chat

    def release(self, claim: Claim, *, note: str = "", drop_plan: bool = False) -> None:
        row = self._row(claim.chat.id)
        with row.lock:
            if not row.held_by(claim) or row.written:
                return
            self._before_write()
            if note:
                row.note(note)
            if drop_plan:
                row.plan = None
            row.give_back()

    # ------------------------------------------------------------ no claim needed

    def record_stray(self, chat_id: str, workspace_id: UUID, note: str) -> None:
        del workspace_id  # the note names it
        row = self._row(chat_id)
        with row.lock:
            if not row.history or note not in row.history[-1].notes:
                self._before_write()
                row.note(note)

    def discard(self, workspace_id: UUID) -> None:
        self._check_process()
        with self._lock(workspace_id):
            if workspace_id in self._register.bound:
                raise WorkspaceTakenError("a chat is bound to it")
            self._before_write()
            self._register.discarded.add(workspace_id)

    # ------------------------------------------------------------ inside

    def _check_process(self) -> None:
        if os.getpid() != self._process_id:
            cure = "use a store that lasts (a file, a database) where there is more than one process"
            raise UnavailableError(f"a MemoryStore belongs to the process that made it: {cure}", reason=Reason.STORE_UNAVAILABLE, retryable=False)

    def _before_write(self) -> None:
        """Take note that something is about to change."""

    def _now(self) -> float:
        return self._clock.monotonic()

    def _row(self, chat_id: str) -> _Row:
        self._check_process()
        try:
            return self._rows[chat_id]
        except KeyError:
            raise NotFoundError(f"chat {chat_id!r}") from None

    @staticmethod
    def _wrote(row: _Row, claim: Claim, repeated: bool) -> bool:  # noqa: FBT001 # an answer of the caller's
        """Tell whether this very write was made already. StaleClaimError: another was, which gave the claim back, or somebody has claimed since."""
        if not row.held_by(claim) or (row.written and not repeated):
            raise StaleClaimError
        return row.written

    def _look(self, row: _Row) -> Look:
        with row.lock:
            now, plan = self._now(), row.plan
            return Look(
                chat=row.chat,
                plan=None if plan is None else attrs.evolve(plan, planned_for=now - row.planned_at),
                name=row.name,
                number=row.number,
                epoch=row.epoch,
                claimed_for=row.until - now if row.alive(now) else 0.0,
            )

    def _lock(self, workspace_id: UUID) -> Lock:
        return self._locks[workspace_id.int % LOCKS]

    def _rebound(self, before: UUID | None, after: UUID | None, *, maker: str | None) -> None:
        if after is not None:
            with self._lock(after):
                self._register.bind(after, maker)
        self._unbound(before)

    def _unbound(self, workspace_id: UUID | None) -> None:
        if workspace_id is not None:
            with self._lock(workspace_id):
                self._register.unbind(workspace_id)


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
        """As a fail-over to a standby that was behind: the last writes never were."""
        with self._world:
            for _ in range(min(count, len(self._journal))):
                self._journal.pop()()

    def _before_write(self) -> None:
        rows = {chat_id: copy.copy(row) for chat_id, row in self._rows.items()}
        register = self._register.copy()

        def undo() -> None:
            self._rows, self._register = rows, register

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

    def claim(self, look: Look, *, token: str, ttl: float, plan: Plan | None = None) -> Claim:
        act = super().claim
        return self._apply("claim", lambda: act(look, token=token, ttl=ttl, plan=plan))

    def wait_for_turn(self, look: Look, deadline: float) -> None:
        act = super().wait_for_turn
        self._catch_up()
        self._faults.apply("wait_for_turn", lambda: act(look, deadline), deadline=self._clock.monotonic() + time_left(TIMEOUT))

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
