"""The store in a PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from uuid import UUID

from chatworkspace import Chat
from chatworkspace.ports import (
    ChangedError,
    Claim,
    Clock,
    Intent,
    Look,
    NotFoundError,
    OwnParts,
    Plan,
    Record,
    Store,
    SystemClock,
    TurnSignals,
    WorkspaceTakenError,
    check_port,
    check_seconds,
    check_text,
    fit_text,
    interruptible,
    pauses,
)
from chatworkspace_postgres import _statements as sql
from chatworkspace_postgres._lines import Line
from chatworkspace_postgres._listener import Listener, key_of
from chatworkspace_postgres._names import checked_schema
from chatworkspace_postgres._rows import intent_of, look_of, record_of
from chatworkspace_postgres._schema import check, check_version, schema_version
from chatworkspace_postgres._statements import Statement
from chatworkspace_postgres._wire import Connect, checked_connect

FIRST_LOOK, LONGEST_LOOK = 0.05, 0.5
"""Seconds between two looks of one who waits for a turn that another process has."""
SELDOM = 2.0
"""Seconds between two where notifications come."""

MOST_NOTED = 800
"""Characters of a note that are kept: with them, a statement leaves in one piece (see _wire)."""
TAKEN = "it is another chat's making, or was discarded"

NOBODY = UUID(int=0)
"""Stands before all owners."""
_ESCAPED = str.maketrans({"\\": r"\\", '"': r"\""})
"""As an array's text wants it."""

Values = dict[str, str | None]


class _Parts:
    """What is one process's own: those who wait, and who wakes them."""

    def __init__(self, listen: Connect | None, channel: str) -> None:
        self.turns = TurnSignals()
        self.listener = None if listen is None else Listener(listen, channel, self.turns)

    def close(self) -> None:
        """Give back the listening connection, and wake those who wait."""
        if self.listener is not None:
            self.listener.close()
        self.turns.call_all()


class PostgresStore(Store):
    """A store in the application's own PostgreSQL, for many hosts. One statement per method; nothing held in between.

    Safe from any thread, and after a fork as far as `connect` is. Times are the server's own clock; what travels is durations. Every method may
    raise UnavailableError, and InvalidArgumentError if the connection that it is given is inside a transaction. See docs/how-to/postgres.md.
    """

    def __init__(
        self, connect: Connect, *, schema: str = "chatworkspace", listen: Connect | None = None, timeout: float = 5, clock: Clock | None = None
    ) -> None:
        """Keep what gives connections; do no I/O. InvalidArgumentError.

        connect: a function that returns a context manager of an idle psycopg.Connection, such as pool.connection; one that takes a `timeout` is given
        the seconds that are left. schema: where the tables are, and the channel of notifications.
        listen: as connect, for a connection that this store may keep to hear of turns (not through a pooler in transaction mode). With it, writes
        notify as well: give it to all processes, or to none. timeout: seconds that a call takes at most, above 0. clock: for tests; default: the real
        one.
        """
        self._schema = checked_schema(schema)
        self._clock: Clock = SystemClock() if clock is None else check_port("clock", clock, Clock)
        self._connect = checked_connect("connect", connect)
        self._listen = None if listen is None else checked_connect("listen", listen)
        self._line = Line(self._connect, schema=self._schema, timeout=check_seconds("timeout", timeout), clock=self._clock)
        self._parts = OwnParts(partial(_Parts, self._listen, self._schema))
        self._secret: bytes | None = None
        """Read once in a process where notifications need it."""

    def schema_version(self) -> int:
        """Return the version of the schema's tables. UnavailableError."""
        return schema_version(self._line)

    def check(self) -> None:
        """Raise with what is missing: schema, version, rights. UnavailableError, which tries again only where that may help."""
        check(self._line, self._schema)

    def close(self) -> None:
        """Give back the listening connection, if any; who waits is woken, and every later call raises UnavailableError. Idempotent."""
        self._line.close()
        self._parts.close()

    # ------------------------------------------------------------ reading

    def secret(self) -> bytes:
        (value, version), *_ = self._line.ask(sql.SECRET, {}, or_again=True)
        check_version(self._schema, int(version or 0), self._line.place)
        self._secret = bytes.fromhex(value or "")
        return self._secret

    def look(self, chat_id: str) -> Look:
        return self._row(chat_id).look

    def history(self, chat_id: str) -> Sequence[Intent]:
        rows = self._line.ask(sql.HISTORY, {"chat_id": check_text("chat_id", chat_id)})
        if not rows:
            raise _not_found(chat_id)
        return tuple(intent_of(row) for row in rows if row[0] is not None)

    def planned(self, older_than: float) -> Sequence[Look]:
        return tuple(look_of(row) for row in self._line.ask(sql.PLANNED, {"older_than": repr(float(older_than))}))

    def chats(self, *, after: str = "", limit: int = 500) -> Sequence[Look]:
        return tuple(look_of(row) for row in self._line.ask(sql.CHATS, {"after": check_text("after", after), "limit": str(limit)}))

    def owned(self, *, after: str = "", limit: int = 500) -> Sequence[tuple[str, Look]]:
        owner, home, chat_id = (check_text("after", after) or f"{NOBODY}/{NOBODY}/").split("/", 2)
        given: Values = {"owner_id": owner, "organization_id": home, "after": chat_id, "limit": str(limit)}
        return tuple(("/".join((row[1] or "", row[2] or "", row[0] or "")), look_of(row)) for row in self._line.ask(sql.OWNED, given))

    def wait_for_turn(self, look: Look, deadline: float) -> None:
        if not look.claimed_for:
            return
        key, parts, signal = self._key(look.chat.id), self._parts.here(), self._clock.signal()
        ends = min(deadline, self._clock.monotonic() + look.claimed_for)
        with interruptible(signal.set), parts.turns.waiting(key, signal):
            listening = parts.listener is not None and parts.listener.ready(ends - self._clock.monotonic())
            if listening and not self._still_held(look):  # given back since the look, and notified to nobody
                return
            first, longest = (SELDOM, SELDOM) if listening else (FIRST_LOOK, LONGEST_LOOK)
            for pause in pauses(self._clock, first=first, longest=longest):
                if signal.wait(min(ends, self._clock.monotonic() + pause)) or self._clock.monotonic() >= ends or not self._still_held(look):
                    return

    def _still_held(self, look: Look) -> bool:
        now = self.look(look.chat.id)
        return now.epoch == look.epoch and now.claimed_for > 0

    # ------------------------------------------------------------ claims

    def open_chat(self, chat_id: str, owner_id: UUID, organization_id: UUID) -> Chat:
        given: Values = {"chat_id": check_text("chat_id", chat_id), "owner_id": str(owner_id), "organization_id": str(organization_id)}
        return record_of(self._line.ask(sql.OPEN_CHAT, given, or_again=True)[0]).chat

    def claim(self, look: Look, *, token: str, ttl: float, plan: Plan | None = None, keep: bool = False) -> Claim:
        chat = look.chat
        given: Values = {
            "chat_id": check_text("chat_id", chat.id),
            "epoch": str(look.epoch),
            "generation": str(chat.generation),
            "bound_to": _text_of(chat.workspace_id),
            "closed": str(chat.closed),
            "planned": str(look.plan is not None),
            "token": check_text("token", token),
            "ttl": repr(float(ttl)),
        }
        if plan is None:
            done, record = self._change(sql.CLAIM, given)
        else:
            done, record = self._change(sql.CLAIM_WITH_PLAN_BESIDE if keep else sql.CLAIM_WITH_PLAN, given | _planned(plan))
        if done or record.was_claimed(look, token):
            return record.claim
        raise ChangedError

    # ------------------------------------------------------------ writes of the holder

    def bind(self, claim: Claim, workspace_id: UUID) -> Chat:
        done, record = self._write(sql.BIND, claim, {"workspace_id": str(workspace_id)})
        if done or record.was_bound(claim, workspace_id):
            return record.chat
        raise WorkspaceTakenError(TAKEN)

    def attach(self, claim: Claim, workspace_id: UUID | None, *, number: int, note: str = "") -> Chat:
        return self._leave(claim, workspace_id, number=number, note=note, closes=False)

    def close_chat(self, claim: Claim, *, number: int, note: str = "") -> Chat:
        return self._leave(claim, None, number=number, note=note, closes=True)

    def _leave(self, claim: Claim, workspace_id: UUID | None, *, number: int, note: str, closes: bool) -> Chat:
        given: Values = {"workspace_id": _text_of(workspace_id), "number": str(number), "note": _noted(note), "closes": str(closes)}
        done, record = self._write(sql.DETACH if workspace_id is None else sql.ATTACH, claim, given)
        if done or record.was_attached(claim, workspace_id, closes=closes):
            return record.chat
        raise WorkspaceTakenError(TAKEN)

    def release(self, claim: Claim, *, note: str = "", drop_plan: bool = False, back: Look | None = None) -> None:
        given: Values = {
            "note": _noted(note),
            "drop_plan": str(drop_plan),
            "former_name": None if back is None else check_text("back.name", back.name),
            "former_number": None if back is None else str(back.number),
        }
        self._write(sql.RELEASE, claim, given)

    # ------------------------------------------------------------ no claim needed

    def record_stray(self, chat_id: str, workspace_id: UUID, note: str) -> None:
        del workspace_id  # the note names it
        if not self._line.ask(sql.RECORD_STRAY, {"chat_id": check_text("chat_id", chat_id), "note": _noted(note)}):
            raise _not_found(chat_id)

    def discard(self, workspace_id: UUID) -> None:
        if not self._line.ask(sql.DISCARD, {"workspace_id": str(workspace_id)}):
            raise WorkspaceTakenError("a chat is bound to it")

    def finish(self, chat_ids: Sequence[str], closed_for: float) -> None:
        ids = ",".join(f'"{check_text("chat_ids", it).translate(_ESCAPED)}"' for it in chat_ids)
        self._line.ask(sql.FINISH, {"chat_ids": f"{{{ids}}}", "seconds": repr(float(closed_for))})

    def purge(self, older_than: float, *, limit: int = 500) -> int:
        ((count,),) = self._line.ask(sql.PURGE, {"seconds": repr(float(older_than)), "limit": str(limit)})
        return int(count or 0)

    # ------------------------------------------------------------ inside

    def _key(self, chat_id: str) -> str:
        """Return what a chat is called among those who wait: its id, and in notifications what only this store's processes know."""
        if self._listen is None:
            return chat_id
        return key_of(self._secret or self.secret(), chat_id)

    def _row(self, chat_id: str) -> Record:
        rows = self._line.ask(sql.LOOK, {"chat_id": check_text("chat_id", chat_id)})
        if not rows:
            raise _not_found(chat_id)
        *values, version = rows[0]
        check_version(self._schema, int(version or 0), self._line.place)
        return record_of(values)

    def _change(self, statement: Statement, given: Values) -> tuple[bool, Record]:
        """Return whether it was done, and the row as it is now."""
        rows = self._line.ask(statement, given)
        if not rows:
            raise _not_found(given["chat_id"])
        done, *values, _ = rows[0]
        return done == "t", record_of(values)

    def _write(self, statement: Statement, claim: Claim, given: Values) -> tuple[bool, Record]:
        key = self._key(check_text("chat_id", claim.chat.id))
        holder: Values = {"chat_id": claim.chat.id, "epoch": str(claim.epoch), "token": check_text("token", claim.token)}
        notice: Values = {"channel": self._schema, "payload": None if self._listen is None else key}
        result = self._change(statement, holder | notice | given)
        self._parts.here().turns.call(key)
        return result


def _planned(plan: Plan) -> Values:
    return {
        "name": check_text("plan.name", plan.name),
        "number": str(plan.number),
        "template_id": str(plan.template_id),
        "preset_id": _text_of(plan.preset_id),
        "fingerprint": check_text("plan.fingerprint", plan.fingerprint),
    }


def _noted(note: str) -> str:
    """Return what goes into the history: fit for it, and cut where it is long."""
    note = fit_text(note)
    remark = f"… [{len(note)} characters, cut]"
    return note if len(note) <= MOST_NOTED else note[: MOST_NOTED - len(remark)] + remark


def _text_of(id_: UUID | None) -> str | None:
    return None if id_ is None else str(id_)


def _not_found(chat_id: object) -> NotFoundError:
    return NotFoundError(f"chat {chat_id!r}")
