"""The store in one file."""

from __future__ import annotations

import math
import os
import sqlite3
from collections.abc import Callable, Sequence
from functools import partial
from os import PathLike
from typing import TypeVar
from uuid import UUID

import attrs

from chatworkspace import Chat, InvalidArgumentError, UnavailableError
from chatworkspace.ports import (
    ChangedError,
    Claim,
    ClaimedError,
    Clock,
    Intent,
    Look,
    Plan,
    StaleClaimError,
    Store,
    SystemClock,
    TurnSignals,
    WorkspaceTakenError,
)
from chatworkspace_sqlite import _rows
from chatworkspace_sqlite._failures import is_damaged
from chatworkspace_sqlite._lines import Line
from chatworkspace_sqlite._rows import EPOCH, SECOND, Row, text_of
from chatworkspace_sqlite._schema import checked_path, prepare, version_of

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
    A process keeps two connections at most. Times are the host's wall clock, which outlives a restart; where it was set back, claims are free.
    """

    def __init__(self, path: str | PathLike[str], *, timeout: float = 5, clock: Clock | None = None) -> None:
        """Make or upgrade the tables. timeout: seconds that a call takes at most, above 0.

        A file that is no database, another's, or of a newer version: InvalidArgumentError naming the path; locked, full or read-only:
        UnavailableError.
        """
        self._timeout = _checked_timeout(timeout)
        self._path = checked_path(path)
        self._clock: Clock = SystemClock() if clock is None else clock
        self._closed = False
        self._by_process: dict[int, _Parts] = {}
        """Those of a parent stay, for SQLite lets a child neither use nor close them."""
        self._prepare()

    def _prepare(self) -> None:
        line = Line(self._path, begin="", timeout=self._timeout, clock=self._clock, makes_file=True)
        try:
            line.run(partial(prepare, path=self._path))
        except UnavailableError as error:
            if error.__cause__ is None or not is_damaged(error.__cause__):
                raise
            raise InvalidArgumentError("path", f"a database of chatworkspace; {error}") from error.__cause__
        finally:
            line.close()

    def close(self) -> None:
        """Close this process's connections; who waits is woken, and every later call raises UnavailableError. Idempotent."""
        self._closed = True
        self._parts().close()

    def schema_version(self) -> int:
        """Return the version of the file's tables: this library's, for opening an older file upgrades it."""
        return self._read(version_of)

    # ------------------------------------------------------------ reading

    def secret(self) -> bytes:
        return self._read(_find_secret) or self._write(_make_secret)

    def look(self, chat_id: str) -> Look:
        return self._read(lambda connection: _rows.find(connection, chat_id).look(self._now()))

    def history(self, chat_id: str) -> Sequence[Intent]:
        def act(connection: sqlite3.Connection) -> Sequence[Intent]:
            _rows.find(connection, chat_id)
            return _rows.history_of(connection, chat_id)

        return self._read(act)

    def planned(self, older_than: float) -> Sequence[Look]:
        looks = self._looks(_rows.find_planned)
        return tuple(look for look in looks if look.plan is not None and look.plan.planned_for >= older_than)

    def chats(self, *, after: str = "", limit: int = 500) -> Sequence[Look]:
        return self._looks(lambda connection: _rows.find_page(connection, after, limit))

    def wait_for_turn(self, look: Look, deadline: float) -> None:
        chat_id, signal, pause = look.chat.id, self._clock.signal(), FIRST_LOOK
        with self._parts().turns.waiting(chat_id, signal):
            while (ends := self._turn_ends(look, deadline)) is not None:
                now = self._clock.monotonic()
                if signal.wait(min(ends, now + pause * (1 + self._clock.random()) / 2)) or self._clock.monotonic() >= ends:
                    return
                pause = min(2 * pause, LONGEST_LOOK)

    def _turn_ends(self, look: Look, deadline: float) -> float | None:
        """Return until when there is nothing to do but wait, by the clock's monotonic(); None: the chat may be free or has changed."""
        seconds = max(deadline - self._clock.monotonic(), SHORTEST)
        now = self._read(lambda connection: _rows.find(connection, look.chat.id).look(self._now()), seconds=seconds)
        if now.epoch != look.epoch or not now.claimed_for:
            return None
        return min(deadline, self._clock.monotonic() + now.claimed_for)

    # ------------------------------------------------------------ claims

    def open_chat(self, chat_id: str, owner_id: UUID, organization_id: UUID) -> Chat:
        def act(connection: sqlite3.Connection) -> Chat:
            _rows.insert(connection, Row(id=chat_id, owner_id=str(owner_id), organization_id=str(organization_id)))
            return _rows.find(connection, chat_id).chat

        return self._write(act)

    def claim(self, look: Look, *, token: str, ttl: float, plan: Plan | None = None, keep: bool = False) -> Claim:
        def act(connection: sqlite3.Connection) -> Claim:
            row, now = _rows.find(connection, look.chat.id), self._now()
            if row.token == token and row.epoch == look.epoch + 1 and not row.written:
                return row.claim(now)
            if not row.as_looked_at(look):
                raise ChangedError
            if row.claimed_for(now):
                raise ClaimedError(retry_in=row.claimed_for(now))
            taken = row.taken(now, token, ttl)
            if plan is not None:
                taken = _planned(taken, plan, now)
                taken = taken if keep else _begun(connection, row, taken)
            _rows.update(connection, taken)
            return taken.claim(now)

        return self._write(act)

    # ------------------------------------------------------------ writes of the holder

    def bind(self, claim: Claim, workspace_id: UUID) -> Chat:
        bound = str(workspace_id)

        def act(connection: sqlite3.Connection) -> Chat:
            row = _rows.find(connection, claim.chat.id)
            if not _wrote(row, claim, repeated=(row.workspace_id, bool(row.closed)) == (bound, False)):
                _take(connection, bound, maker=row.id)
                row = _became(connection, row, row.given_back(workspace_id=bound, template_id=None, preset_id=None), self._now())
                _rows.update(connection, row)
            return row.chat

        return self._give_back(claim, act)

    def attach(self, claim: Claim, workspace_id: UUID | None, *, number: int, note: str = "") -> Chat:
        return self._change(claim, text_of(workspace_id), number=number, note=note, closed=False)

    def close_chat(self, claim: Claim, *, number: int, note: str = "") -> Chat:
        return self._change(claim, None, number=number, note=note, closed=True)

    def _change(self, claim: Claim, workspace_id: str | None, *, number: int, note: str, closed: bool) -> Chat:
        generation = claim.chat.generation + 1

        def act(connection: sqlite3.Connection) -> Chat:
            row = _rows.find(connection, claim.chat.id)
            repeated = (row.workspace_id, bool(row.closed), row.generation) == (workspace_id, closed, generation)
            if _wrote(row, claim, repeated=repeated):
                return row.chat
            if workspace_id is not None:
                _take(connection, workspace_id, maker=None)
            after = _changed(row, workspace_id, number=number, closed=closed)
            _rows.update(connection, after)
            _rows.add_intent(connection, after, replaces=row.workspace_id, workspace_id=workspace_id, bound_at=self._now())
            if note:
                _rows.add_note(connection, after.id, note)
            return after.chat

        return self._give_back(claim, act)

    def release(self, claim: Claim, *, note: str = "", drop_plan: bool = False, back: Look | None = None) -> None:
        def act(connection: sqlite3.Connection) -> None:
            row = _rows.find(connection, claim.chat.id)
            if not row.held_by(claim) or row.written:
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

        self._write(act)

    def discard(self, workspace_id: UUID) -> None:
        def act(connection: sqlite3.Connection) -> None:
            if _rows.is_bound(connection, str(workspace_id)):
                raise WorkspaceTakenError("a chat is bound to it")
            _rows.mark_discarded(connection, str(workspace_id))

        self._write(act)

    # ------------------------------------------------------------ inside

    def _now(self) -> int:
        """Return the host's wall clock. Asked for behind what was read, so that no claim seems to be of the future that is not."""
        return round((self._clock.now() - EPOCH).total_seconds() * SECOND)

    def _parts(self) -> _Parts:
        process_id = os.getpid()
        parts = self._by_process.get(process_id)
        if parts is None:
            parts = self._by_process.setdefault(process_id, _Parts(self._path, self._timeout, self._clock))
            if self._closed:  # by the parent
                parts.close()
        return parts

    def _read(self, act: Callable[[sqlite3.Connection], T], *, seconds: float | None = None) -> T:
        return self._parts().reading.transact(act, seconds=seconds)

    def _write(self, act: Callable[[sqlite3.Connection], T]) -> T:
        return self._parts().writing.transact(act)

    def _give_back(self, claim: Claim, act: Callable[[sqlite3.Connection], T]) -> T:
        result = self._write(act)
        self._parts().turns.call(claim.chat.id)
        return result

    def _looks(self, find: Callable[[sqlite3.Connection], list[Row]]) -> tuple[Look, ...]:
        rows = self._read(find)
        now = self._now()
        return tuple(row.look(now) for row in rows)


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


def _changed(row: Row, workspace_id: str | None, *, number: int, closed: bool) -> Row:
    return row.given_back(
        generation=row.generation + 1,
        workspace_id=workspace_id,
        closed=closed or bool(row.closed),
        template_id=None,
        preset_id=None,
        number=number,
    )


def _wrote(row: Row, claim: Claim, *, repeated: bool) -> bool:
    """Tell whether this very write was made already. StaleClaimError: another was, which gave the claim back, or somebody has claimed since."""
    if not row.held_by(claim) or (row.written and not repeated):
        raise StaleClaimError
    return bool(row.written)


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


def _checked_timeout(timeout: object) -> float:
    if isinstance(timeout, bool) or not isinstance(timeout, (int, float)) or not 0 < timeout < math.inf:
        raise InvalidArgumentError("timeout", "a finite number of seconds above 0")
    return float(timeout)


def _find_secret(connection: sqlite3.Connection) -> bytes | None:
    found = connection.execute("SELECT value FROM secret").fetchone()
    return None if found is None else found[0]


def _make_secret(connection: sqlite3.Connection) -> bytes:
    connection.execute("INSERT OR IGNORE INTO secret (id, value) VALUES (1, ?)", (os.urandom(SECRET_BYTES),))
    secret = _find_secret(connection)
    assert secret is not None
    return secret
