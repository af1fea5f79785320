"""The record of chats."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

import attrs

from chatworkspace._domain.plain import Plain, short
from chatworkspace.model import Chat


@attrs.frozen(kw_only=True)
class Plan:
    """What will be asked for, written down before it is asked for. Part of the chat's row.

    name: wish, hyphen, mark.
    number: goes into the mark; goes up only when a live workspace of that name is left behind.
    template_id: what the workspace is to be made from.
    preset_id: the preset that is asked for, or None.
    fingerprint: keyed hash of the parameters; their values are never stored.
    planned_for: seconds since it was planned, by the store's clock.
    """

    name: str
    number: int
    template_id: UUID
    preset_id: UUID | None = None
    fingerprint: str = ""
    planned_for: float = 0.0


@attrs.frozen(kw_only=True)
class Intent(Plain):
    """One per generation: the chat's history. Nothing is made by it; what a closed chat had is read there when that is to be deleted.

    generation: of the chat; they count up.
    name: that was asked for; empty where nothing was.
    template_id: what was to be made from; None: attached, detached or closed.
    preset_id: the preset that was asked for, or None.
    replaces: the workspace that the chat had before, or None.
    workspace_id: what came of it, or None.
    planned_at: when it was written down, by the store's clock; aware.
    bound_at: when the workspace became the chat's, by the store's clock; aware.
    notes: refusals, strays, take-overs, why it was left behind; each text once, the latest last. A chat keeps its last 20.
    times: how often each of the notes was made; empty: once each.
    """

    generation: int
    name: str
    template_id: UUID | None
    preset_id: UUID | None = None
    replaces: UUID | None = None
    workspace_id: UUID | None = None
    planned_at: datetime | None = None
    bound_at: datetime | None = None
    notes: tuple[str, ...] = ()
    times: tuple[int, ...] = ()

    def __repr__(self) -> str:
        return f"<Intent generation {self.generation}, name {short(self.name)!r}, workspace {self.workspace_id}, {len(self.notes)} notes>"


NOTES = 20
"""Notes that a chat keeps: older ones are forgotten for new ones. What is repeated is counted, and takes no place of its own."""


@attrs.frozen(kw_only=True)
class Look:
    """A chat's row as it was read, and what a claim has to match.

    chat: its identity, generation and binding.
    plan: the one that stands, or None. Of a chat that is bound, it is a replacement's: what it became takes the place of what is bound.
    name: the name planned last, kept after bind; empty before the first plan.
    number: that goes into the mark of that name.
    epoch: counts the claims.
    claimed_for: seconds that somebody's claim still lives; 0: free.
    holder: what that claim's holder calls itself: holder_of() its token. Empty: it is free, or nobody knows.
    held_for: seconds since it was claimed; 0: free.
    """

    chat: Chat
    plan: Plan | None
    name: str
    number: int
    epoch: int
    claimed_for: float
    holder: str = ""
    held_for: float = 0.0


def holder_of(token: str) -> str:
    """Return what a token's holder calls itself: all before the last colon, such as `HOST:PID`. The rest is nobody else's business."""
    return token.rpartition(":")[0]


TAKEN_OVER = "taken over by "
"""How the note of a take-over begins."""


def taken_over(token: str, *, before: str, at: datetime) -> str:
    """Return the note of a claim with this token, made at this time in UTC, that takes over from the holder of the token before."""
    return f"{TAKEN_OVER}{holder_of(token) or 'somebody'} from {holder_of(before) or 'somebody'} at {at:%Y-%m-%d %H:%M:%S} UTC"


@attrs.frozen(kw_only=True)
class Claim:
    """The right to change things for a chat until somebody else claims. Carried by every write of its holder.

    chat: as it is under the claim.
    plan: the one that stands, or None.
    epoch: counts the claims; the next one voids this.
    token: the holder's own, from Clock.token().
    """

    chat: Chat
    plan: Plan | None
    epoch: int
    token: str


class Store(Protocol):
    """Everything durable. One atomic, committed step per method; nothing is held between calls; decisions rest on the row that is updated.

    Each call ends within the adapter's own time limit (a constructor argument, 5 s), or what `ports.time_left` leaves of it, with UnavailableError at
    the latest; what it blocks on stands within `ports.interruptible`, waits for a turn among them.
    """

    def secret(self) -> bytes:
        """32 random bytes, made at first use and the same ever after. Marks are computed from it."""
        ...

    def open_chat(self, chat_id: str, owner_id: UUID, organization_id: UUID) -> Chat:
        """Insert unless known, at generation 1; return what is stored (the caller compares)."""
        ...

    def look(self, chat_id: str) -> Look:
        """Read. NotFoundError."""
        ...

    def claim(self, look: Look, *, token: str, ttl: float, plan: Plan | None = None, keep: bool = False) -> Claim:
        """Take the right to change things for the chat, if it is free and as it was looked at: epoch + 1 and the token.

        As it was looked at: epoch, generation, binding, and whether a plan stands. The epoch alone does not tell, for a holder's own write keeps it.

        With a plan, in the same step: unbound, the plan in place of any other, name and number from it, generation + 1 if there was a binding, or an
        earlier intent and no plan stood (else the same generation). A new intent where there was a binding or no plan stood; else that of the
        standing plan is amended. A plan that takes another's place keeps its age.
        keep, for a chat that is bound: the plan stands beside the binding, as a replacement's. Binding and generation stay, and there is no intent.
        A claim that was over, and was not given back, is taken over: its holder has died, or stands still. In the same step the latest intent, as
        it is after this claim, gets a note: taken_over().
        plan=None leaves a standing plan and the binding as they are; Claim.plan is what stands. The same token gets its own claim again when its
        answer was lost. ChangedError: look again. ClaimedError: wait. NotFoundError.
        """
        ...

    def wait_for_turn(self, look: Look, deadline: float) -> None:
        """Return when the chat may be free or changed since the look, or at the deadline. Early is fine. Holds no connection that others need."""
        ...

    # Writes of the holder; each gives the claim back. StaleClaimError once somebody else has claimed, and for a second write that is not the first
    # one repeated. Repeating one after a lost answer is harmless.

    def bind(self, claim: Claim, workspace_id: UUID) -> Chat:
        """The plan became this workspace, and stands no more.

        Bound to another one: generation + 1 and an intent of its own, as planned, which names what it replaces. Bound to this very one: the plan is
        dropped, and nothing is counted. WorkspaceTakenError (the claim stays): it is another chat's making, or was discarded.
        """
        ...

    def attach(self, claim: Claim, workspace_id: UUID | None, *, number: int, note: str = "") -> Chat:
        """Generation + 1; binding and any plan are replaced by a workspace not made here (None: unbound).

        number as given, one more if a live workspace of the name is left behind. What was bound goes into the history.
        WorkspaceTakenError (the claim stays): discarded.
        """
        ...

    def close_chat(self, claim: Claim, *, number: int, note: str = "") -> Chat:
        """As attach(None), and closed."""
        ...

    def release(self, claim: Claim, *, note: str = "", drop_plan: bool = False, back: Look | None = None) -> None:
        """Give back without a change of binding; the note (a refusal, say) goes into the history. A stale claim is ignored.

        A note that the generation has is counted, and is the latest again; of all of a chat's the last 20 are kept.

        drop_plan: the plan stands no more; name and number stay, unless `back` says what they become again: those of that look.
        """
        ...

    # No claim needed.

    def record_stray(self, chat_id: str, workspace_id: UUID, note: str) -> None:
        """A workspace that bears the chat's mark and is not the chat's: into the history, once. NotFoundError."""
        ...

    def discard(self, workspace_id: UUID) -> None:
        """Will be deleted: attach and bind refuse it from now on. WorkspaceTakenError: a chat is bound to it."""
        ...

    def history(self, chat_id: str) -> Sequence[Intent]:
        """Oldest first. NotFoundError."""
        ...

    def planned(self, older_than: float) -> Sequence[Look]:
        """Chats whose plan has stood for at least so many seconds, for the sweep."""
        ...

    def chats(self, *, after: str = "", limit: int = 500) -> Sequence[Look]:
        """In order of id (by code point), those behind `after`, for the sweep. A row that cannot be read takes no other away: see look_of()."""
        ...

    def owned(self, *, after: str = "", limit: int = 500) -> Sequence[tuple[str, Look]]:
        """In order of owner, organization and id, those behind a place, each with its own place: for the sweep.

        Without those that finish() was told of. A place is OWNER/ORGANIZATION/ID, ids of the platform in lower case, compared by code point.
        """
        ...

    def finish(self, chat_ids: Sequence[str], closed_for: float) -> None:
        """Nothing is left of these on the platform: of those that have been closed for so many seconds, and that nobody holds, owned() tells no more.

        A stray that is recorded for one brings it back.
        """
        ...

    def purge(self, older_than: float, *, limit: int = 500) -> int:
        """Remove at most so many chats for good, those first that were closed first, with history and notes, and tell how many.

        Those that finish() was told of, that have been closed for at least so many seconds, and that nobody holds. Of workspaces that they have made
        it is forgotten whose they were. Once an answer was lost, it tells of those that are removed by the repetition; 0: none is left.
        """
        ...
