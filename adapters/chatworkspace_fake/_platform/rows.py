"""What a store in memory holds: a row for each chat, and a register of workspaces."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from threading import Lock
from typing import Any
from uuid import UUID

import attrs

from chatworkspace import Chat
from chatworkspace.ports import NOTES, Claim, Intent, Plan, Signal, WorkspaceTakenError, fit_text


@attrs.define(kw_only=True)
class Row:
    chat: Chat
    lock: Lock = attrs.field(factory=Lock)
    """Guards the row; nobody waits under it."""
    plan: Plan | None = None
    planned_at: float = 0.0
    planned_on: datetime | None = None
    """The same instant, as it is told."""
    name: str = ""
    number: int = 0
    epoch: int = 0
    token: str = ""
    taken_at: float = 0.0
    until: float = 0.0
    written: bool = False
    """The holder of this token has written, and given the claim back."""
    history: tuple[Intent, ...] = ()
    closed_at: float = 0.0
    finished: bool = False
    """It is closed, and a sweep has found that nothing of it is left."""
    waiters: list[Signal] = attrs.field(factory=list[Signal])

    def alive(self, now: float) -> bool:
        """Somebody holds it."""
        return self.taken_at <= now < self.until

    @property
    def place(self) -> str:
        """Where it stands among the chats of all owners."""
        return f"{self.chat.owner_id}/{self.chat.organization_id}/{self.chat.id}"

    def closed_for(self, seconds: float, now: float) -> bool:
        """Tell whether it has been closed for so long, and nobody holds it."""
        return self.chat.closed and now - self.closed_at >= seconds and not self.alive(now)

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

    def intended(self, **became: Any) -> Intent:
        """Return the intent of the plan that stands, in the present generation, and what it became."""
        planned: dict[str, Any] = {"template_id": None}
        if self.plan is not None:
            planned = {"template_id": self.plan.template_id, "preset_id": self.plan.preset_id, "planned_at": self.planned_on}
        return Intent(generation=self.chat.generation, name=self.name, **planned, **became)

    def amend(self, **changes: Any) -> None:
        """Change the latest intent, if there is one."""
        if self.history:
            self.history = (*self.history[:-1], attrs.evolve(self.history[-1], **changes))

    def note(self, note: str) -> None:
        """Add a note to the latest intent, fit for every store: one that it has is counted, and the oldest of many is forgotten."""
        if self.history:
            last, text = self.history[-1], fit_text(note)
            times = dict(zip(last.notes, last.times or (1,) * len(last.notes), strict=True))
            times = {**{it: count for it, count in times.items() if it != text}, text: times.get(text, 0) + 1}
            self.history = _forgetting((*self.history[:-1], _with_notes(last, times)))


def _with_notes(intent: Intent, times: Mapping[str, int]) -> Intent:
    counts = tuple(times.values())
    return attrs.evolve(intent, notes=tuple(times), times=counts if any(it > 1 for it in counts) else ())


def _forgetting(history: tuple[Intent, ...]) -> tuple[Intent, ...]:
    """Return a history without the oldest notes where there are too many: one has been added."""
    if sum(len(it.notes) for it in history) <= NOTES:
        return history
    at = next(place for place, it in enumerate(history) if it.notes)
    oldest = attrs.evolve(history[at], notes=history[at].notes[1:], times=history[at].times[1:])
    return (*history[:at], oldest, *history[at + 1 :])


@attrs.define
class Register:
    """Whose a workspace is. What concerns one workspace is done under its lock, taken after that of a row, never before."""

    made: dict[UUID, str] = attrs.field(factory=dict[UUID, str])
    discarded: set[UUID] = attrs.field(factory=set[UUID])
    bound: dict[UUID, int] = attrs.field(factory=dict[UUID, int])
    """How many chats are bound to it."""

    def copy(self) -> Register:
        """Return another with the same entries."""
        return Register(dict(self.made), set(self.discarded), dict(self.bound))

    def forget(self, maker: str) -> None:
        """Forget whose making something is, and what was discarded of it."""
        for workspace_id in [it for it, chat_id in tuple(self.made.items()) if chat_id == maker]:
            self.made.pop(workspace_id, None)
            self.discarded.discard(workspace_id)

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
