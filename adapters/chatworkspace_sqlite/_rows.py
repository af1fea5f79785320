"""A chat's row, and the statements about it. All of it under one transaction of the caller's; pure but for that."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import attrs

from chatworkspace.ports import NOTES, Intent, Look, NotFoundError, Record, fit_text, intent_of, look_of, record_of

SECOND = 1_000_000
"""In microseconds, as all times in the file."""


@attrs.frozen(kw_only=True)
class Row:
    """As it lies in the file. The field names are the columns'."""

    id: str
    owner_id: str
    organization_id: str
    generation: int = 1
    workspace_id: str | None = None
    closed: bool = False
    name: str = ""
    number: int = 0
    template_id: str | None = None
    """A plan stands while it is set."""
    preset_id: str | None = None
    fingerprint: str = ""
    planned_at: int = 0
    epoch: int = 0
    token: str = ""
    taken_at: int = 0
    until: int = 0
    written: bool = False
    """The holder of this token has written, and given the claim back."""
    closed_at: int | None = None
    finished: bool = False
    """It is closed, and a sweep has found that nothing of it is left."""

    @property
    def planned(self) -> bool:
        """A plan stands."""
        return self.template_id is not None

    @property
    def place(self) -> str:
        """Where it stands among the chats of all owners."""
        return f"{self.owner_id}/{self.organization_id}/{self.id}"

    def record(self, now: int) -> Record:
        """Return it as everybody sees it at a time by the host's clock, which may have been set back.

        A claim taken in the future is free: it would keep the chat.
        """
        return record_of(self._fields(now))

    def look(self, now: int) -> Look:
        """Return what a reader of many gets: what is odd about this one is told when it is asked for."""
        return look_of(self.id, lambda: self._fields(now))

    def _fields(self, now: int) -> dict[str, Any]:
        if {type(self.taken_at), type(self.until), type(self.planned_at)} != {int}:
            return {**attrs.asdict(self), "claimed_for": None, "planned_for": None, "held_for": None}  # whoever reads these tells that the row is odd
        claimed_for = self.until - now if self.taken_at <= now < self.until else 0
        seconds = {"claimed_for": claimed_for, "planned_for": max(now - self.planned_at, 0), "held_for": max(now - self.taken_at, 0)}
        return {**attrs.asdict(self), **{name: it / SECOND for name, it in seconds.items()}}

    def taken(self, now: int, token: str, ttl: float) -> Row:
        """Return it with a new holder."""
        return attrs.evolve(self, epoch=self.epoch + 1, token=token, taken_at=now, until=now + round(ttl * SECOND), written=False)

    def given_back(self, **changes: Any) -> Row:
        """Return it with the holder's write, and free."""
        return attrs.evolve(self, until=0, written=True, **changes)


def text_of(id_: UUID | None) -> str | None:
    """Return an id as it lies in the file."""
    return None if id_ is None else str(id_)


COLUMNS = tuple(field.name for field in attrs.fields(Row))
_SELECT = f"SELECT {', '.join(COLUMNS)} FROM chat"  # noqa: S608 # our own column names
_INSERT = f"INSERT OR IGNORE INTO chat ({', '.join(COLUMNS)}) VALUES ({', '.join('?' * len(COLUMNS))})"  # noqa: S608 # our own column names
_UPDATE = f"UPDATE chat SET {', '.join(f'{name} = ?' for name in COLUMNS[1:])} WHERE id = ?"  # noqa: S608 # our own column names


def find(connection: sqlite3.Connection, chat_id: str) -> Row:
    """Read a chat. NotFoundError."""
    values = connection.execute(f"{_SELECT} WHERE id = ?", (chat_id,)).fetchone()
    if values is None:
        raise NotFoundError(f"chat {chat_id!r}")
    return _row(values)


def find_planned(connection: sqlite3.Connection) -> list[Row]:
    """Read those with a plan."""
    return [_row(values) for values in connection.execute(f"{_SELECT} WHERE template_id IS NOT NULL ORDER BY planned_at")]


def find_page(connection: sqlite3.Connection, after: str, limit: int) -> list[Row]:
    """Read those behind an id. UTF-8 sorts by code point."""
    return [_row(values) for values in connection.execute(f"{_SELECT} WHERE id > ? ORDER BY id LIMIT ?", (after, limit))]


def find_owned(connection: sqlite3.Connection, after: str, limit: int) -> list[Row]:
    """Read those of all owners behind a place, without the finished."""
    owner, _, rest = after.partition("/")
    home, _, chat_id = rest.partition("/")
    # spelled out, for rows of values came after the oldest SQLite that will do
    behind = "owner_id >= ? AND (owner_id > ? OR (organization_id >= ? AND (organization_id > ? OR id > ?)))"
    statement = f"{_SELECT} WHERE NOT finished AND {behind} ORDER BY owner_id, organization_id, id LIMIT ?"
    return [_row(values) for values in connection.execute(statement, (owner, owner, home, home, chat_id, limit))]


_CLOSED = "closed AND closed_at <= ? AND NOT (taken_at <= ? AND ? < until)"


def mark_finished(connection: sqlite3.Connection, chat_ids: Sequence[str], *, now: int, closed_at: int) -> None:
    """Note that nothing is left of those that were closed by then and that nobody holds."""
    statement = f"UPDATE chat SET finished = 1 WHERE id = ? AND {_CLOSED}"  # noqa: S608 # our own words
    connection.executemany(statement, [(chat_id, closed_at, now, now) for chat_id in chat_ids])


def mark_unfinished(connection: sqlite3.Connection, chat_id: str) -> None:
    """Note that something may be left of it."""
    connection.execute("UPDATE chat SET finished = 0 WHERE id = ? AND finished", (chat_id,))


def remove_closed(connection: sqlite3.Connection, limit: int, *, now: int, closed_at: int) -> int:
    """Remove finished chats that were closed by then, with all that is kept of them, and return how many."""
    found = f"SELECT id FROM chat WHERE {_CLOSED} AND finished ORDER BY closed_at LIMIT ?"  # noqa: S608 # as above
    ids = connection.execute(found, (closed_at, now, now, limit)).fetchall()
    for statement in (
        "DELETE FROM note WHERE chat_id = ?",
        "DELETE FROM intent WHERE chat_id = ?",
        "DELETE FROM workspace WHERE maker = ?",
        "DELETE FROM chat WHERE id = ?",
    ):
        connection.executemany(statement, ids)
    return len(ids)


def insert(connection: sqlite3.Connection, row: Row) -> None:
    """Write a row unless the chat has one."""
    connection.execute(_INSERT, attrs.astuple(row))


def update(connection: sqlite3.Connection, row: Row) -> None:
    """Write the chat's row."""
    connection.execute(_UPDATE, (*attrs.astuple(row)[1:], row.id))


def _row(values: Sequence[Any]) -> Row:
    return Row(**dict(zip(COLUMNS, values, strict=True)))


# ---------------------------------------------------------------- the history

_INTENT = ("generation", "name", "template_id", "preset_id", "replaces", "workspace_id", "planned_at", "bound_at")
_INTENTS = f"SELECT {', '.join(_INTENT)} FROM intent WHERE chat_id = ? ORDER BY generation"  # noqa: S608 # our own column names
_NOTES = "SELECT generation, text, times FROM note WHERE chat_id = ? ORDER BY id"
_FORGET = "DELETE FROM note WHERE id <= (SELECT id FROM note WHERE chat_id = ? ORDER BY id DESC LIMIT 1 OFFSET ?) AND chat_id = ?"


def history_of(connection: sqlite3.Connection, chat_id: str) -> tuple[Intent, ...]:
    """Read it, oldest first."""
    notes: dict[int, dict[str, int]] = {}
    for generation, text, times in connection.execute(_NOTES, (chat_id,)):
        notes.setdefault(generation, {})[text] = times
    intents = (dict(zip(_INTENT, values, strict=True)) for values in connection.execute(_INTENTS, (chat_id,)))
    told = ((it, notes.get(it["generation"], {})) for it in intents)
    return tuple(intent_of({**it, "notes": tuple(of), "times": tuple(of.values())}) for it, of in told)


def latest_generation(connection: sqlite3.Connection, chat_id: str) -> int | None:
    """Return the generation of the latest intent; None: there is none yet."""
    (generation,) = connection.execute("SELECT max(generation) FROM intent WHERE chat_id = ?", (chat_id,)).fetchone()
    assert generation is None or isinstance(generation, int)
    return generation


def add_intent(connection: sqlite3.Connection, row: Row, **values: Any) -> None:
    """Begin the row's generation."""
    columns = {"chat_id": row.id, "generation": row.generation, "name": row.name, **values}
    places = ", ".join("?" * len(columns))
    connection.execute(f"INSERT INTO intent ({', '.join(columns)}) VALUES ({places})", tuple(columns.values()))  # noqa: S608 # our own column names


def amend(connection: sqlite3.Connection, chat_id: str, **values: Any) -> None:
    """Change the latest intent, if there is one."""
    changes = ", ".join(f"{name} = ?" for name in values)
    statement = f"UPDATE intent SET {changes} WHERE chat_id = ? AND generation = ?"  # noqa: S608 # our own column names
    connection.execute(statement, (*values.values(), chat_id, latest_generation(connection, chat_id)))


def add_note(connection: sqlite3.Connection, chat_id: str, text: str, *, once: bool = False) -> None:
    """Add a note to the latest intent, if there is one. One that it has is counted; once: it is left as it is."""
    text = fit_text(text)
    generation = latest_generation(connection, chat_id)
    if generation is None:
        return
    found = connection.execute("SELECT id, times FROM note WHERE chat_id = ? AND generation = ? AND text = ?", (chat_id, generation, text)).fetchone()
    if found is not None and once:
        return
    if found is not None:
        connection.execute("DELETE FROM note WHERE id = ?", (found[0],))
    times = 1 if found is None else found[1] + 1
    connection.execute("INSERT INTO note (chat_id, generation, text, times) VALUES (?, ?, ?, ?)", (chat_id, generation, text, times))
    connection.execute(_FORGET, (chat_id, NOTES, chat_id))


# ---------------------------------------------------------------- workspaces


def is_bound(connection: sqlite3.Connection, workspace_id: str) -> bool:
    """Tell whether some chat is bound to it."""
    return connection.execute("SELECT 1 FROM chat WHERE workspace_id = ? LIMIT 1", (workspace_id,)).fetchone() is not None


def maker_of(connection: sqlite3.Connection, workspace_id: str) -> tuple[str | None, bool]:
    """Return whose making it is, and whether it was discarded."""
    found = connection.execute("SELECT maker, discarded FROM workspace WHERE id = ?", (workspace_id,)).fetchone()
    return (None, False) if found is None else (found[0], bool(found[1]))


def mark_made(connection: sqlite3.Connection, workspace_id: str, maker: str) -> None:
    """Note whose making it is, unless that is known."""
    connection.execute("INSERT OR IGNORE INTO workspace (id, maker) VALUES (?, ?)", (workspace_id, maker))


def mark_discarded(connection: sqlite3.Connection, workspace_id: str) -> None:
    """Note that it will be deleted."""
    connection.execute("INSERT OR IGNORE INTO workspace (id) VALUES (?)", (workspace_id,))
    connection.execute("UPDATE workspace SET discarded = 1 WHERE id = ?", (workspace_id,))
