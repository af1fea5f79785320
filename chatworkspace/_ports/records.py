"""A chat's row as a store has read it: what it tells readers and holders, and what every store decides by it, whatever it keeps rows in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any, cast
from uuid import UUID

import attrs

from chatworkspace._ports.errors import ChangedError, ClaimedError, StaleClaimError
from chatworkspace._ports.store import Claim, Intent, Look, Plan, holder_of
from chatworkspace.errors import UnavailableError
from chatworkspace.model import Chat, Reason

Fields = Mapping[str, Any]
"""A row by the names of the fields that it fills. Ids are text or None; numbers may be text; instants are microseconds since 1970."""

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


@attrs.frozen(kw_only=True)
class Record:
    """A chat's row at one moment.

    chat: its identity, generation and binding.
    plan: the one that stands, or None.
    name: the name in use, kept after bind; empty before the first plan.
    number: that goes into the mark of that name.
    epoch: counts the claims.
    claimed_for: seconds that somebody's claim still lives; 0: free.
    token: of the claim with this epoch, whether it still lives or not; empty before the first.
    written: its holder has written, and given the claim back.
    held_for: seconds since it was claimed, while that claim lives.
    """

    chat: Chat
    plan: Plan | None
    name: str
    number: int
    epoch: int
    claimed_for: float
    token: str
    written: bool
    held_for: float = 0.0

    @property
    def look(self) -> Look:
        """What a reader gets."""
        held = self.claimed_for > 0
        return Look(
            chat=self.chat,
            plan=self.plan,
            name=self.name,
            number=self.number,
            epoch=self.epoch,
            claimed_for=self.claimed_for,
            holder=holder_of(self.token) if held else "",
            held_for=self.held_for if held else 0.0,
        )

    @property
    def claim(self) -> Claim:
        """What its holder gets."""
        return Claim(chat=self.chat, plan=self.plan, epoch=self.epoch, token=self.token)

    def was_claimed(self, look: Look, token: str) -> bool:
        """Tell whether this very claim was made already, and its answer lost; if not, it may be made. ChangedError, ClaimedError."""
        if (self.epoch, self.token, self.written) == (look.epoch + 1, token, False):
            return True
        # its holder's own write gives a claim back under the same epoch, so the epoch alone does not say that nothing has changed
        if (self.epoch, self.chat, self.plan is None) != (look.epoch, look.chat, look.plan is None):
            raise ChangedError
        if self.claimed_for:
            raise ClaimedError(retry_in=self.claimed_for)
        return False

    def is_held(self, claim: Claim) -> bool:
        """Tell whether nobody has claimed since."""
        return (self.epoch, self.token) == (claim.epoch, claim.token)

    def was_bound(self, claim: Claim, workspace_id: UUID) -> bool:
        """Tell whether this very bind was made already; if not, it may be made.

        StaleClaimError: another write was, which gave the claim back, or somebody has claimed since.
        """
        chat = claim.chat
        switches = chat.workspace_id not in {None, workspace_id}
        return self._was_written(claim, attrs.evolve(chat, generation=chat.generation + switches, workspace_id=workspace_id))

    def was_attached(self, claim: Claim, workspace_id: UUID | None, *, closes: bool = False) -> bool:
        """Tell whether this very attach, or close, was made already; if not, it may be made. StaleClaimError as was_bound."""
        chat = claim.chat
        then = attrs.evolve(chat, generation=chat.generation + 1, workspace_id=workspace_id, closed=chat.closed or closes)
        return self._was_written(claim, then)

    def _was_written(self, claim: Claim, then: Chat) -> bool:
        if not self.is_held(claim) or (self.written and self.chat != then):
            raise StaleClaimError
        return self.written


# ---------------------------------------------------------------- from a row


ODD = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""What a field raises that holds something that no store has put there: it was changed by hand, or damaged."""


def record_of(row: Fields) -> Record:
    """Return the record of a row: the fields of Chat, Plan and Record by their names. A plan stands while there is a template_id.

    UnavailableError: a field is odd.
    """
    try:
        return _record(row)
    except ODD as error:
        raise _odd(f"the row of chat {row.get('id')!r}", error) from error


def look_of(chat_id: str, row: Callable[[], Fields]) -> Look:
    """Return what a reader of many rows gets. One that is odd takes none of the others away.

    There is the id of it, and all else raises record_of()'s error when it is asked for. row: returns it, and may raise as a field that is odd does.
    """
    try:
        return _record(row()).look
    except ODD as error:
        return cast("Look", _OddLook(chat_id, _odd(f"the row of chat {chat_id!r}", error)))


def _odd(what: str, error: Exception) -> UnavailableError:
    return UnavailableError(f"{what} is odd: {type(error).__name__}: {error}", reason=Reason.STORE_UNAVAILABLE, retryable=False)


class _OddChat:
    """Stands where the chat of an odd row would: it has the id alone."""

    def __init__(self, id_: str, error: UnavailableError) -> None:
        self.id = id_
        self._error = error

    def __getattr__(self, name: str) -> object:
        raise self._error


class _OddLook:
    """Stands where the look at an odd row would."""

    def __init__(self, id_: str, error: UnavailableError) -> None:
        self.chat = _OddChat(id_, error)
        self._error = error

    def __getattr__(self, name: str) -> object:
        raise self._error


def _record(row: Fields) -> Record:
    chat = Chat(
        id=row["id"],
        owner_id=UUID(row["owner_id"]),
        organization_id=UUID(row["organization_id"]),
        generation=int(row["generation"]),
        workspace_id=_id(row["workspace_id"]),
        closed=bool(row["closed"]),
    )
    return Record(
        chat=chat,
        plan=_plan(row),
        name=row["name"],
        number=int(row["number"]),
        epoch=int(row["epoch"]),
        claimed_for=float(row["claimed_for"]),
        token=row["token"],
        written=bool(row["written"]),
        held_for=float(row.get("held_for", 0.0)),
    )


def _plan(row: Fields) -> Plan | None:
    template_id = _id(row["template_id"])
    if template_id is None:
        return None
    return Plan(
        name=row["name"],
        number=int(row["number"]),
        template_id=template_id,
        preset_id=_id(row["preset_id"]),
        fingerprint=row["fingerprint"],
        planned_for=float(row["planned_for"]),
    )


def intent_of(row: Fields) -> Intent:
    """Return one generation of the history: the fields of Intent by their names, `times` if there are any. UnavailableError: a field is odd."""
    try:
        return _intent(row)
    except ODD as error:
        raise _odd(f"generation {row.get('generation')} of a history", error) from error


def _intent(row: Fields) -> Intent:
    return Intent(
        generation=int(row["generation"]),
        name=row["name"],
        template_id=_id(row["template_id"]),
        preset_id=_id(row["preset_id"]),
        replaces=_id(row["replaces"]),
        workspace_id=_id(row["workspace_id"]),
        planned_at=_time(row["planned_at"]),
        bound_at=_time(row["bound_at"]),
        notes=tuple(row["notes"]),
        times=_times(row.get("times", ())),
    )


def _times(told: Sequence[Any]) -> tuple[int, ...]:
    times = tuple(map(int, told))
    return times if any(it != 1 for it in times) else ()


def _id(text: str | None) -> UUID | None:
    return None if text is None else UUID(text)


def _time(microseconds: int | str | None) -> datetime | None:
    return None if microseconds is None else _EPOCH + timedelta(microseconds=int(microseconds))
