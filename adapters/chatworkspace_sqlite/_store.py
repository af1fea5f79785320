"""The store in one file."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from os import PathLike
from typing import TypeVar
from uuid import UUID

import attrs

from chatworkspace import Chat, InvalidArgumentError, UnavailableError
from chatworkspace.ports import (
    Claim,
    Clock,
    Intent,
    Look,
    OwnParts,
    Plan,
    Record,
    Store,
    SystemClock,
    TurnSignals,
    WorkspaceTakenError,
    check_port,
    check_seconds,
    interruptible,
    pauses,
    taken_over,
)
from chatworkspace_sqlite import _rows
from chatworkspace_sqlite._failures import is_damaged
from chatworkspace_sqlite._lines import Line
from chatworkspace_sqlite._rows import SECOND, Row, text_of
from chatworkspace_sqlite._schema import checked_path, checkpoint, keep_private, make_private, prepare, version_of

T = TypeVar("T")

FIRST_LOOK, LONGEST_LOOK = 0.01, 0.25
"""Seconds between two looks of one who waits for a turn that another process has."""
SHORTEST = 0.1
"""Seconds that such a look may take, however near the deadline."""
SECRET_BYTES = 32


class _Parts:
    """What is one process's own: a line for those who read and one for those who write, and those who wait."""

    def __init__(self, path: str, timeout: float, clock: Clock) -> None:
        self.reading = Line(path, begin="BEGIN", timeout=timeout, clock=clock)
        self.writing = Line(path, begin="BEGIN IMMEDIATE", timeout=timeout, clock=clock)
        self.turns = TurnSignals()

    def close(self) -> None:
        """Close the connections, and wake those who wait."""
        self.reading.close()
        self.writing.close()
        self.turns.call_all()


class SQLiteStore(Store):
    """A store in one file, for the threads and processes of one host. Safe from any thread, and after a fork by Python.

    Each method is one transaction, on the disk when it returns. Two more files lie beside it while it is in use (-wal, -shm): they belong to it.
    All are for their user alone, for the secret lies in them: what others may read of a user's own is taken from them.
    A process keeps two connections at most. Times are the host's wall clock, which outlives a restart; where it was set back, claims are free.
    """

    def __init__(self, path: str | PathLike[str], *, timeout: float = 5, clock: Clock | None = None) -> None:
        """Open the file, and make or upgrade its tables.

        path: of a file on a disk of this host, in a directory that is there. timeout: seconds that a call takes at most, above 0. clock: for tests;
        default: the real one.
        InvalidArgumentError, also for a file that is no database, another's, or of a newer version. UnavailableError: locked, full or read-only.
        """
        self._timeout = check_seconds("timeout", timeout)
        self._path = checked_path(path)
        self._clock: Clock = SystemClock() if clock is None else check_port("clock", clock, Clock)
        self._parts = OwnParts(partial(_Parts, self._path, self._timeout, self._clock))
        self._secret_is_kept = False
        self._prepare()

    def _prepare(self) -> None:
        line = Line(self._path, begin="", timeout=self._timeout, clock=self._clock, makes_file=True)
        make_private(self._path)
        try:
            line.run(partial(prepare, path=self._path))
            keep_private(self._path)
        except UnavailableError as error:
            if error.__cause__ is None or not is_damaged(error.__cause__):
                raise
            raise InvalidArgumentError("path", f"a database of chatworkspace; {error}") from error.__cause__
        finally:
            line.close()

    def close(self) -> None:
        """Close this process's connections; who waits is woken, and every later call raises UnavailableError. Idempotent."""
        self._parts.close()

    def schema_version(self) -> int:
        """Return the version of the file's tables: this library's, for opening an older file upgrades it."""
        return self._read(version_of)

    # ------------------------------------------------------------ reading

    def secret(self) -> bytes:
        found = self._read(_find_secret)
        if found is None:
            found = self._write(_make_secret)
        if not self._secret_is_kept:
            self._keep_secret()
        return found

    def _keep_secret(self) -> None:
        """Have the secret in the file itself, and not in its log alone: a copy without it would mark its workspaces otherwise.

        Whoever made it may have died before, or a reader may be in the way: then the next call tries again.
        """
        with suppress(UnavailableError):
            self._secret_is_kept = self._parts.here().reading.run(checkpoint)

    def look(self, chat_id: str) -> Look:
        return self._read(lambda connection: self._record(connection, chat_id)).look

    def history(self, chat_id: str) -> Sequence[Intent]:
        def act(connection: sqlite3.Connection) -> Sequence[Intent]:
            _rows.find(connection, chat_id)
            return _rows.history_of(connection, chat_id)

        return self._read(act)

    def planned(self, older_than: float) -> Sequence[Look]:
        looks = self._looks(_rows.find_planned)
        return tuple(look for look in looks if _has_stood(look, older_than))

    def chats(self, *, after: str = "", limit: int = 500) -> Sequence[Look]:
        return self._looks(lambda connection: _rows.find_page(connection, after, limit))

    def owned(self, *, after: str = "", limit: int = 500) -> Sequence[tuple[str, Look]]:
        rows = self._read(lambda connection: _rows.find_owned(connection, after, limit))
        now = self._now()
        return tuple((row.place, row.look(now)) for row in rows)

    def wait_for_turn(self, look: Look, deadline: float) -> None:
        signal, rests = self._clock.signal(), pauses(self._clock, first=FIRST_LOOK, longest=LONGEST_LOOK)
        with interruptible(signal.set), self._parts.here().turns.waiting(look.chat.id, signal):
            while (ends := self._turn_ends(look, deadline)) is not None:
                if signal.wait(min(ends, self._clock.monotonic() + next(rests))) or self._clock.monotonic() >= ends:
                    return

    def _turn_ends(self, look: Look, deadline: float) -> float | None:
        """Return until when there is nothing to do but wait, by the clock's monotonic(); None: the chat may be free or has changed."""
        seconds = max(deadline - self._clock.monotonic(), SHORTEST)
        now = self._read(lambda connection: self._record(connection, look.chat.id), seconds=seconds)
        if now.epoch != look.epoch or not now.claimed_for:
            return None
        return min(deadline, self._clock.monotonic() + now.claimed_for)

    # ------------------------------------------------------------ claims

    def open_chat(self, chat_id: str, owner_id: UUID, organization_id: UUID) -> Chat:
        def act(connection: sqlite3.Connection) -> Chat:
            _rows.insert(connection, Row(id=chat_id, owner_id=str(owner_id), organization_id=str(organization_id)))
            return self._record(connection, chat_id).chat

        return self._write(act)

    def claim(self, look: Look, *, token: str, ttl: float, plan: Plan | None = None, keep: bool = False) -> Claim:
        def act(connection: sqlite3.Connection) -> Claim:
            row, now = _rows.find(connection, look.chat.id), self._now()
            if not row.record(now).was_claimed(look, token):
                before, row = row, row.taken(now, token, ttl)
                if plan is not None:
                    row = _planned(row, plan, now)
                    row = row if keep else _begun(connection, before, row)
                _rows.update(connection, row)
                if before.token and not before.written:
                    _rows.add_note(connection, row.id, taken_over(token, before=before.token, at=self._clock.now()))
            return row.record(now).claim

        return self._write(act)

    # ------------------------------------------------------------ writes of the holder

    def bind(self, claim: Claim, workspace_id: UUID) -> Chat:
        bound = str(workspace_id)

        def act(connection: sqlite3.Connection) -> Chat:
            row, now = _rows.find(connection, claim.chat.id), self._now()
            if not row.record(now).was_bound(claim, workspace_id):
                _take(connection, bound, maker=row.id)
                row = _became(connection, row, row.given_back(workspace_id=bound, template_id=None, preset_id=None), now)
                _rows.update(connection, row)
            return row.record(now).chat

        return self._give_back(claim, act)

    def attach(self, claim: Claim, workspace_id: UUID | None, *, number: int, note: str = "") -> Chat:
        return self._change(claim, workspace_id, number=number, note=note, closes=False)

    def close_chat(self, claim: Claim, *, number: int, note: str = "") -> Chat:
        return self._change(claim, None, number=number, note=note, closes=True)

    def _change(self, claim: Claim, workspace_id: UUID | None, *, number: int, note: str, closes: bool) -> Chat:
        def act(connection: sqlite3.Connection) -> Chat:
            row, now = _rows.find(connection, claim.chat.id), self._now()
            if not row.record(now).was_attached(claim, workspace_id, closes=closes):
                if workspace_id is not None:
                    _take(connection, str(workspace_id), maker=None)
                replaced = row.workspace_id
                row = _changed(row, text_of(workspace_id), now, number=number, closes=closes)
                _rows.update(connection, row)
                _rows.add_intent(connection, row, replaces=replaced, workspace_id=row.workspace_id, bound_at=now)
                if note:
                    _rows.add_note(connection, row.id, note)
            return row.record(now).chat

        return self._give_back(claim, act)

    def release(self, claim: Claim, *, note: str = "", drop_plan: bool = False, back: Look | None = None) -> None:
        def act(connection: sqlite3.Connection) -> None:
            row = _rows.find(connection, claim.chat.id)
            if row.written or not row.record(self._now()).is_held(claim):
                return
            if note:
                _rows.add_note(connection, row.id, note)
            dropped = {"template_id": None, "preset_id": None} if drop_plan else {}
            former = {} if back is None else {"name": back.name, "number": back.number}
            _rows.update(connection, row.given_back(**dropped, **former))

        self._give_back(claim, act)

    # ------------------------------------------------------------ no claim needed

    def record_stray(self, chat_id: str, workspace_id: UUID, note: str) -> None:
        del workspace_id  # the note names it

        def act(connection: sqlite3.Connection) -> None:
            _rows.find(connection, chat_id)
            _rows.add_note(connection, chat_id, note, once=True)
            _rows.mark_unfinished(connection, chat_id)

        self._write(act)

    def discard(self, workspace_id: UUID) -> None:
        def act(connection: sqlite3.Connection) -> None:
            if _rows.is_bound(connection, str(workspace_id)):
                raise WorkspaceTakenError("a chat is bound to it")
            _rows.mark_discarded(connection, str(workspace_id))

        self._write(act)

    def finish(self, chat_ids: Sequence[str], closed_for: float) -> None:
        now = self._now()
        self._write(lambda connection: _rows.mark_finished(connection, chat_ids, now=now, closed_at=now - round(closed_for * SECOND)))

    def purge(self, older_than: float, *, limit: int = 500) -> int:
        now = self._now()
        return self._write(lambda connection: _rows.remove_closed(connection, limit, now=now, closed_at=now - round(older_than * SECOND)))

    # ------------------------------------------------------------ inside

    def _now(self) -> int:
        """Return the host's wall clock. Asked for behind what was read, so that no claim seems to be of the future that is not."""
        return round(self._clock.now().timestamp() * SECOND)

    def _record(self, connection: sqlite3.Connection, chat_id: str) -> Record:
        return _rows.find(connection, chat_id).record(self._now())

    def _read(self, act: Callable[[sqlite3.Connection], T], *, seconds: float | None = None) -> T:
        return self._parts.here().reading.transact(act, seconds=seconds)

    def _write(self, act: Callable[[sqlite3.Connection], T]) -> T:
        return self._parts.here().writing.transact(act)

    def _give_back(self, claim: Claim, act: Callable[[sqlite3.Connection], T]) -> T:
        result = self._write(act)
        self._parts.here().turns.call(claim.chat.id)
        return result

    def _looks(self, find: Callable[[sqlite3.Connection], list[Row]]) -> tuple[Look, ...]:
        rows = self._read(find)
        now = self._now()
        return tuple(row.look(now) for row in rows)


def _has_stood(look: Look, seconds: float) -> bool:
    try:
        return look.plan is not None and look.plan.planned_for >= seconds
    except UnavailableError:
        return True  # nobody knows how long: whoever sweeps is told


def _planned(row: Row, plan: Plan, now: int) -> Row:
    """Return a row with this plan. One that takes another's place keeps its age."""
    return attrs.evolve(
        row,
        name=plan.name,
        number=plan.number,
        template_id=str(plan.template_id),
        preset_id=text_of(plan.preset_id),
        fingerprint=plan.fingerprint,
        planned_at=row.planned_at if row.planned else now,
    )


def _begun(connection: sqlite3.Connection, before: Row, row: Row) -> Row:
    """Return a planned row unbound, its generation begun in the history, unless a plan stood for one that had begun."""
    planned = {"template_id": row.template_id, "preset_id": row.preset_id}
    if before.planned and before.workspace_id is None:
        _rows.amend(connection, row.id, **planned)
        return row
    opened = before.workspace_id is not None or _rows.latest_generation(connection, row.id) is not None
    row = attrs.evolve(row, generation=row.generation + opened, workspace_id=None)
    _rows.add_intent(connection, row, **planned, replaces=before.workspace_id, planned_at=row.planned_at)
    return row


def _became(connection: sqlite3.Connection, before: Row, row: Row, now: int) -> Row:
    """Return a bound row, and tell the history what the plan became: in its intent, or, where it has replaced another, in one of its own."""
    became = {"workspace_id": row.workspace_id, "bound_at": now}
    if before.workspace_id is None:
        _rows.amend(connection, row.id, **became)
    elif before.workspace_id != row.workspace_id:
        row = attrs.evolve(row, generation=row.generation + 1)
        planned_at = before.planned_at if before.planned else None
        planned = {"template_id": before.template_id, "preset_id": before.preset_id, "planned_at": planned_at}
        _rows.add_intent(connection, row, **planned, replaces=before.workspace_id, **became)
    return row


def _changed(row: Row, workspace_id: str | None, now: int, *, number: int, closes: bool) -> Row:
    return row.given_back(
        generation=row.generation + 1,
        workspace_id=workspace_id,
        closed=closes or bool(row.closed),
        closed_at=now if closes and not row.closed else row.closed_at,
        template_id=None,
        preset_id=None,
        number=number,
    )


def _take(connection: sqlite3.Connection, workspace_id: str, *, maker: str | None) -> None:
    """Have a chat bound to it, as its making or not. WorkspaceTakenError."""
    made_by, discarded = _rows.maker_of(connection, workspace_id)
    if discarded:
        raise WorkspaceTakenError("it was discarded")
    if maker is None:
        return
    if made_by not in {None, maker}:
        raise WorkspaceTakenError("it is another chat's making")
    _rows.mark_made(connection, workspace_id, maker)


def _find_secret(connection: sqlite3.Connection) -> bytes | None:
    found = connection.execute("SELECT value FROM secret").fetchone()
    return None if found is None else found[0]


def _make_secret(connection: sqlite3.Connection) -> bytes:
    connection.execute("INSERT OR IGNORE INTO secret (id, value) VALUES (1, ?)", (os.urandom(SECRET_BYTES),))
    secret = _find_secret(connection)
    assert secret is not None
    return secret
