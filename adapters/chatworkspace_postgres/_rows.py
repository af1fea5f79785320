"""What is read, and what becomes of it. Pure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from uuid import UUID

import attrs

from chatworkspace import Chat
from chatworkspace.ports import Claim, Intent, Look, Plan
from chatworkspace_postgres._statements import COLUMNS

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


@attrs.frozen(kw_only=True)
class Row:
    """A chat's row as it was read."""

    chat: Chat
    plan: Plan | None
    name: str
    number: int
    epoch: int
    token: str
    written: bool
    """The holder of this token has written, and given the claim back."""
    claimed_for: float

    @property
    def look(self) -> Look:
        """What a reader gets."""
        return Look(chat=self.chat, plan=self.plan, name=self.name, number=self.number, epoch=self.epoch, claimed_for=self.claimed_for)

    @property
    def claim(self) -> Claim:
        """What its holder gets."""
        return Claim(chat=self.chat, plan=self.plan, epoch=self.epoch, token=self.token)

    def as_looked_at(self, look: Look) -> bool:
        """Nothing has changed since."""
        return self.epoch == look.epoch and self.chat == look.chat and (self.plan is None) == (look.plan is None)

    def held_by(self, claim: Claim) -> bool:
        """Nobody has claimed since."""
        return self.epoch == claim.epoch and self.token == claim.token


def row_of(values: Sequence[str | None]) -> Row:
    """Return a chat's row."""
    it: dict[str, str | None] = dict(zip(COLUMNS, values, strict=True))
    chat = Chat(
        id=_text(it["id"]),
        owner_id=UUID(it["owner_id"]),
        organization_id=UUID(it["organization_id"]),
        generation=_whole(it["generation"]),
        workspace_id=_id(it["workspace_id"]),
        closed=it["closed"] == "t",
    )
    return Row(
        chat=chat,
        plan=_plan(it),
        name=_text(it["name"]),
        number=_whole(it["number"]),
        epoch=_whole(it["epoch"]),
        token=_text(it["token"]),
        written=it["written"] == "t",
        claimed_for=float(_text(it["claimed_for"])),
    )


def _plan(it: dict[str, str | None]) -> Plan | None:
    template_id = _id(it["template_id"])
    if template_id is None:
        return None
    return Plan(
        name=_text(it["name"]),
        number=_whole(it["number"]),
        template_id=template_id,
        preset_id=_id(it["preset_id"]),
        fingerprint=_text(it["fingerprint"]),
        planned_for=float(_text(it["planned_for"])),
    )


def intent_of(values: Sequence[str | None]) -> Intent:
    """Return one generation of the history."""
    generation, name, template_id, preset_id, replaces, workspace_id, planned_at, bound_at, notes = values
    return Intent(
        generation=_whole(generation),
        name=_text(name),
        template_id=_id(template_id),
        preset_id=_id(preset_id),
        replaces=_id(replaces),
        workspace_id=_id(workspace_id),
        planned_at=_time(planned_at),
        bound_at=_time(bound_at),
        notes=tuple(json.loads(_text(notes))),
    )


def _text(value: str | None) -> str:
    assert value is not None
    return value


def _whole(value: str | None) -> int:
    return int(_text(value))


def _id(value: str | None) -> UUID | None:
    return None if value is None else UUID(value)


def _time(microseconds: str | None) -> datetime | None:
    return None if microseconds is None else EPOCH + timedelta(microseconds=int(microseconds))
