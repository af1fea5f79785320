"""The store in memory."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from threading import Lock
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
    StaleClaimError,
    Store,
    WorkspaceTakenError,
    fit_text,
    holder_of,
    interruptible,
    taken_over,
)
from chatworkspace_fake._arguments import check_clock
from chatworkspace_fake._platform.rows import Register, Row

LOCKS = 64
"""For all workspaces: all threads of a server come by here, and a single lock would make them queue."""


class MemoryStore(Store):
    """A supported store for one process: everything is gone when it ends. Safe from any thread. Values handed out are frozen."""

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock: Clock = check_clock(clock)
        self._process_id = os.getpid()
        self._rows: dict[str, Row] = {}
        self._register = Register()
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

    def owned(self, *, after: str = "", limit: int = 500) -> Sequence[tuple[str, Look]]:
        self._check_process()
        rows = sorted((row.place, row) for row in tuple(self._rows.values()) if not row.finished and row.place > after)
        return tuple((place, self._look(row)) for place, row in rows[:limit])

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
            self._before_write(chat_id)
            row = self._rows.setdefault(chat_id, Row(chat=Chat(id=chat_id, owner_id=owner_id, organization_id=organization_id, generation=1)))
        return row.chat

    def claim(self, look: Look, *, token: str, ttl: float, plan: Plan | None = None, keep: bool = False) -> Claim:
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
            self._before_write(row.chat.id)
            lapsed = "" if row.written else row.token
            row.epoch, row.token, row.taken_at, row.until, row.written = row.epoch + 1, token, now, now + ttl, False
            if plan is not None:
                self._plan(row, plan, now, keep=keep)
            if lapsed:
                row.note(taken_over(token, before=lapsed, at=self._clock.now()))
            return row.claim()

    def _plan(self, row: Row, plan: Plan, now: float, *, keep: bool) -> None:
        stood = row.plan is not None
        if not stood:
            row.planned_at, row.planned_on = now, self._clock.now()
        row.plan, row.name, row.number = plan, plan.name, plan.number
        if not keep:
            self._begin(row, plan, stood=stood)

    def _begin(self, row: Row, plan: Plan, *, stood: bool) -> None:
        """Unbind, and begin a generation, unless a plan stood for one that has begun."""
        before = row.chat
        if before.workspace_id is None and stood:
            row.amend(template_id=plan.template_id, preset_id=plan.preset_id)
            return
        opened = before.workspace_id is not None or bool(row.history)
        row.chat = _chat(before, None, generation=before.generation + opened)
        row.history = (*row.history, row.intended(replaces=before.workspace_id))
        self._unbound(before.workspace_id)

    # ------------------------------------------------------------ writes of the holder

    def bind(self, claim: Claim, workspace_id: UUID) -> Chat:
        row = self._row(claim.chat.id)
        with row.lock:
            if self._wrote(row, claim, (row.chat.workspace_id, row.chat.closed) == (workspace_id, False)):
                return row.chat
            self._before_write(row.chat.id)
            before, now = row.chat.workspace_id, self._clock.now()
            self._rebound(before, workspace_id, maker=row.chat.id)
            switched = before not in {None, workspace_id}
            row.chat = _chat(row.chat, workspace_id, generation=row.chat.generation + switched)
            if switched:
                row.history = (*row.history, row.intended(replaces=before, workspace_id=workspace_id, bound_at=now))
            elif before is None:
                row.amend(workspace_id=workspace_id, bound_at=now)
            row.plan = None
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
            self._before_write(row.chat.id)
            before = row.chat
            self._rebound(before.workspace_id, workspace_id, maker=None)
            row.chat = _chat(before, workspace_id, generation=before.generation + 1, closed=closed or before.closed)
            row.plan, row.number = None, number
            if row.chat.closed and not before.closed:
                row.closed_at = self._now()
            intent = Intent(
                generation=row.chat.generation,
                name=row.name,
                template_id=None,
                replaces=before.workspace_id,
                workspace_id=workspace_id,
                bound_at=self._clock.now(),
            )
            row.history = (*row.history, intent)
            if note:
                row.note(note)
            row.give_back()
            return row.chat

    def release(self, claim: Claim, *, note: str = "", drop_plan: bool = False, back: Look | None = None) -> None:
        row = self._row(claim.chat.id)
        with row.lock:
            if not row.held_by(claim) or row.written:
                return
            self._before_write(row.chat.id)
            if note:
                row.note(note)
            if drop_plan:
                row.plan = None
            if back is not None:
                row.name, row.number = back.name, back.number
            row.give_back()

    # ------------------------------------------------------------ no claim needed

    def record_stray(self, chat_id: str, workspace_id: UUID, note: str) -> None:
        del workspace_id  # the note names it
        row = self._row(chat_id)
        with row.lock:
            if not row.history or fit_text(note) not in row.history[-1].notes:
                self._before_write(row.chat.id)
                row.note(note)
                row.finished = False

    def finish(self, chat_ids: Sequence[str], closed_for: float) -> None:
        self._check_process()
        for row in filter(None, map(self._rows.get, chat_ids)):
            with row.lock:
                if row.closed_for(closed_for, self._now()):
                    self._before_write(row.chat.id)
                    row.finished = True

    def purge(self, older_than: float, *, limit: int = 500) -> int:
        self._check_process()
        now, removed = self._now(), 0
        rows = [row for row in tuple(self._rows.values()) if row.finished]
        for row in sorted(rows, key=lambda row: row.closed_at):
            with row.lock:
                if removed < limit and row.finished and row.closed_for(older_than, now):
                    self._before_write(row.chat.id)
                    removed += self._rows.pop(row.chat.id, None) is not None
                    self._register.forget(row.chat.id)
        return removed

    def discard(self, workspace_id: UUID) -> None:
        self._check_process()
        with self._lock(workspace_id):
            if workspace_id in self._register.bound:
                raise WorkspaceTakenError("a chat is bound to it")
            self._before_write(None)
            self._register.discarded.add(workspace_id)

    # ------------------------------------------------------------ inside

    def _check_process(self) -> None:
        if os.getpid() != self._process_id:
            cure = "use a store that lasts (a file, a database) where there is more than one process"
            raise UnavailableError(f"a MemoryStore belongs to the process that made it: {cure}", reason=Reason.STORE_UNAVAILABLE, retryable=False)

    def _before_write(self, chat_id: str | None) -> None:
        """Take note that this chat's row, or None but the register, is about to change."""

    def _now(self) -> float:
        return self._clock.monotonic()

    def _row(self, chat_id: str) -> Row:
        self._check_process()
        try:
            return self._rows[chat_id]
        except KeyError:
            raise NotFoundError(f"chat {chat_id!r}") from None

    @staticmethod
    def _wrote(row: Row, claim: Claim, repeated: bool) -> bool:  # noqa: FBT001 # an answer of the caller's
        """Tell whether this very write was made already. StaleClaimError: another was, which gave the claim back, or somebody has claimed since."""
        if not row.held_by(claim) or (row.written and not repeated):
            raise StaleClaimError
        return row.written

    def _look(self, row: Row) -> Look:
        with row.lock:
            now, plan = self._now(), row.plan
            alive = row.alive(now)
            return Look(
                chat=row.chat,
                plan=None if plan is None else attrs.evolve(plan, planned_for=now - row.planned_at),
                name=row.name,
                number=row.number,
                epoch=row.epoch,
                claimed_for=row.until - now if alive else 0.0,
                holder=holder_of(row.token) if alive else "",
                held_for=now - row.taken_at if alive else 0.0,
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
