"""Claims: taking one, what may be done under it, binding, and giving it back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from chatworkspace._application.asking import Asking
from chatworkspace._application.logs import fields, logger
from chatworkspace._application.memory import Proofs
from chatworkspace._application.turn import Again, Await, Held, Track, Unknown
from chatworkspace._application.waiting import Bound
from chatworkspace._domain.pauses import FLOOR
from chatworkspace._domain.texts import visible
from chatworkspace.errors import UnavailableError
from chatworkspace.model import LeftBehind, Reason, Workspace
from chatworkspace.ports import ChangedError, ClaimedError, Clock, Look, Plan, StaleClaimError, Store, WorkspaceTakenError
from chatworkspace.timeouts import Timeouts

if TYPE_CHECKING:
    from chatworkspace._application.values import Values

MARGIN = 5.0
"""Seconds of a claim that are kept for its record: what is sent ends so long before the claim does."""


class Claims:
    """Takes and gives back the claims of one process. Safe from any thread; each method runs under the chat's mutex."""

    def __init__(self, *, asking: Asking, store: Store, clock: Clock, timeouts: Timeouts, proofs: Proofs, values: Values) -> None:
        self._values = values
        self._asking = asking
        self._store = store
        self._clock = clock
        self._timeouts = timeouts
        self._proofs = proofs
        self._life = timeouts.creating + MARGIN
        self._least = MARGIN + min(MARGIN, timeouts.creating / 2)

    def claim(self, look: Look) -> Held | Await | Again:
        """Take the chat's claim for long enough to send something. UnavailableError."""
        held = self.planned(look)
        return self.too_late(held) if isinstance(held, Held) and not self.long_enough(held, self._clock.monotonic()) else held

    def planned(self, look: Look, plan: Plan | None = None, *, keep: bool = False) -> Held | Await | Again:
        """Take the chat's claim, and with a plan write it down. UnavailableError: it was not confirmed, and nothing may be sent.

        keep: the plan stands beside the binding, until what becomes of it is bound.
        """
        call = self._asking.call
        call.check()
        if call.interrupted:  # it sends nothing any more that it has not sent
            return Again()
        token, begun = self._clock.token(), self._clock.monotonic()
        try:
            by = begun + self._timeouts.planning
            claim = self._asking.stored_until(by, self._store.claim, look, token=token, ttl=self._life, plan=plan, keep=keep)
        except ChangedError:
            return Again()
        except ClaimedError as error:
            return Await(look=attrs.evolve(look, claimed_for=max(error.retry_in, FLOOR)))
        if call.heard is not None:
            plans = ("" if plan is None else plan.name), ("" if look.plan is None else look.plan.name)
            call.heard.claimed(look.chat.id, claim.epoch, plan=plans[0], over=plans[1])
        return Held(claim=claim, look=look, ends_at=begun + self._life)

    def too_late(self, held: Held) -> Again:
        """Give back a claim that came too late to send anything under it."""
        self.release(held)
        return Again()

    def long_enough(self, held: Held, now: float) -> bool:
        """Tell whether a request may be sent under this claim now: not with less than 10 s of it left (less where `creating` is short)."""
        return held.ends_at - now >= self._least

    def release(self, held: Held, *, note: str = "") -> None:
        """Give the claim back. Best effort: it ends by itself, and what goes wrong hides nothing of what the call came to."""
        self._give_back(held, self._clock.monotonic() + 1.0, note=note)

    def drop(self, held: Held, *, note: str = "", back: bool = False) -> None:
        """Give the claim back, and drop the plan. Where it is not confirmed in time, the plan stands, and does no harm.

        back: name and number become again what they were at the look.
        """
        self._give_back(held, self.record_by(held), note=note, drop_plan=True, back=held.look if back else None)

    def _give_back(self, held: Held, until: float, *, note: str, drop_plan: bool = False, back: Look | None = None) -> None:
        chat_id = held.claim.chat.id
        if note:
            note = self._values.out_of_text(chat_id, visible(note))
        try:
            self._asking.stored_until(until, self._store.release, held.claim, note=note, drop_plan=drop_plan, back=back)
        except Exception as error:  # whatever it is: it hides nothing of what the call came to
            self._values.out_of_error(chat_id, error)
            extra = fields(chat_id, Reason.STORE_UNAVAILABLE, workspace_id=held.claim.chat.workspace_id)
            logger.warning("a claim could not be given back: it ends by itself", extra=extra, exc_info=True)

    def limit(self, held: Held, now: float) -> float:
        """Return until when a request under this claim may take that is sent now."""
        return min(now + self._timeouts.creating, held.ends_at - MARGIN)

    def record_by(self, held: Held) -> float:
        """Return until when what came of a request may be written down: its own limit, or the margin that is kept for it."""
        usual, now = held.ends_at - MARGIN, self._clock.monotonic()
        return usual if usual >= now + MARGIN else max(usual, min(now + MARGIN, held.ends_at), now + FLOOR)

    def left_to_read(self, held: Held) -> float:
        """Return the seconds that a look under this claim may take, so that its record can still be written."""
        return max(min(self._timeouts.planning, held.ends_at - MARGIN / 2 - self._clock.monotonic()), FLOOR)

    def settle(self, look: Look, found: Workspace, read_at: float, track: Track) -> Bound | Await | Again:
        """Claim the chat, and bind what a plan that stands has become. What was bound is left behind, unless it is gone."""
        replaces = self._still_bound(look, found)
        held = self.claim(look)
        return self.bind(held, found, read_at, track, replaces=replaces, adopts=True) if isinstance(held, Held) else held

    def _still_bound(self, look: Look, found: Workspace) -> LeftBehind | None:
        bound = look.chat.workspace_id
        if bound is None or bound == found.id:
            return None
        reading = self._asking.read(look)
        if isinstance(reading, Unknown):  # what is not proven gone counts as live
            return LeftBehind(workspace_id=bound, name="", reason=Reason.REPLACED)
        workspace = reading.workspace
        return None if workspace.deleted else LeftBehind(workspace_id=bound, name=workspace.full_name, reason=Reason.REPLACED)

    def bind(
        self, held: Held, workspace: Workspace, read_at: float, track: Track, *, replaces: LeftBehind | None = None, adopts: bool = False
    ) -> Bound | Again:
        """Record what the plan became, in place of what it replaces. A refused holder drops what it has and looks again.

        adopts: nobody has seen the answer to its creation; it was found.
        """
        chat_id = held.claim.chat.id
        try:
            chat = self._asking.stored_until(self.record_by(held), self._store.bind, held.claim, workspace.id)
        except StaleClaimError:
            track.stray = track.made
            return Again()
        except WorkspaceTakenError as error:
            self.release(held, note=f"{workspace.id} could not be bound: {error}")
            raise UnavailableError(f"the workspace {workspace.name} is being discarded", reason=Reason.DISCARDED) from error
        self._proofs.void(chat_id)
        track.left = replaces or track.left
        if track.heard is not None and adopts:
            track.heard.adopted(chat_id, workspace)
        return Bound(chat=chat, epoch=held.claim.epoch, workspace=workspace, read_at=read_at)
