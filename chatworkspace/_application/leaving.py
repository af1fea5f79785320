"""Attach, detach and close: a chat's binding is changed on the caller's word, and what is left behind is named."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from uuid import UUID

import attrs

from chatworkspace._application.asking import Asking
from chatworkspace._application.calls import Call
from chatworkspace._application.claims import Claims
from chatworkspace._application.memory import Proofs
from chatworkspace._application.turn import Again, Await, Held, Track, Turn, Unbound, Unknown
from chatworkspace._application.waiting import Bound
from chatworkspace._domain.texts import visible
from chatworkspace.errors import InvalidArgumentError, UnavailableError
from chatworkspace.model import Chat, LeftBehind, Reason, Workspace
from chatworkspace.ports import Clock, Look, NotFoundError, StaleClaimError, Store, WorkspaceTakenError
from chatworkspace.timeouts import Timeouts


class Leaving(Enum):
    """Why a binding ends."""

    ATTACH = Reason.ATTACHED
    DETACH = Reason.DETACHED
    CLOSE = Reason.CHAT_CLOSED


@attrs.frozen(kw_only=True, eq=False, repr=False)
class _Settled:
    """What the chat has under its claim: perhaps a live workspace, which would be left behind."""

    left: LeftBehind | None
    number: int


class Leavings:
    """Changes bindings for the chats of one process. Safe from any thread; each method runs under the chat's mutex."""

    def __init__(self, *, asking: Asking, claims: Claims, store: Store, clock: Clock, timeouts: Timeouts, proofs: Proofs) -> None:
        self._asking = asking
        self._claims = claims
        self._store = store
        self._clock = clock
        self._timeouts = timeouts
        self._proofs = proofs

    def attach(self, call: Call, workspace_id: UUID, track: Track) -> Turn:
        """Bind a workspace that somebody else made."""
        look = self._asking.look(call.chat_id)
        if look.chat.workspace_id == workspace_id:
            return self._asking.read(look)
        if look.plan is not None and look.claimed_for > 0:
            return Await(look=look)
        workspace, read_at = self._attachable(look.chat, workspace_id)
        written = self._leave(
            look,
            Leaving.ATTACH,
            track,
            lambda held, number, note: self._store.attach(held.claim, workspace_id, number=number, note=note),
            keep=workspace_id,
        )
        if not isinstance(written, tuple):
            return written
        chat, epoch = written
        track.attached = True
        return Bound(chat=chat, epoch=epoch, workspace=workspace, read_at=read_at)

    def detach(self, call: Call, track: Track) -> Turn:
        """Unbind."""
        look = self._asking.look(call.chat_id)
        if look.chat.workspace_id is None and look.plan is None:
            return Unbound(chat=look.chat, changed=False)
        if look.plan is not None and look.claimed_for > 0:
            return Await(look=look)
        written = self._leave(look, Leaving.DETACH, track, lambda held, number, note: self._store.attach(held.claim, None, number=number, note=note))
        return Unbound(chat=written[0], changed=True) if isinstance(written, tuple) else written

    def close_chat(self, call: Call, track: Track) -> Turn:
        """Unbind for good. Closing a closed chat changes nothing."""
        look = self._asking.look_even_closed(call.chat_id)
        if look.chat.closed:
            return Unbound(chat=look.chat, changed=False)
        if look.plan is not None and look.claimed_for > 0:
            return Await(look=look)
        written = self._leave(look, Leaving.CLOSE, track, lambda held, number, note: self._store.close_chat(held.claim, number=number, note=note))
        return Unbound(chat=written[0], changed=True) if isinstance(written, tuple) else written

    def close_for_good(self, look: Look, doomed: Workspace | None, track: Track) -> Again | Await:
        """Unbind a chat for good, with what it has still to be deleted, if anything is: that is not left behind, and the record leads to it."""
        told = "" if doomed is None else f"; to be deleted: {doomed.full_name}"
        written = self._leave(
            look,
            Leaving.CLOSE,
            track,
            lambda held, number, note: self._store.close_chat(held.claim, number=number, note=visible(f"{note}{told}")),
            keep=None if doomed is None else doomed.id,
        )
        return Again(closed=written[0]) if isinstance(written, tuple) else written

    def _attachable(self, chat: Chat, workspace_id: UUID) -> tuple[Workspace, float]:
        try:
            workspace, read_at = self._asking.fetch(chat, workspace_id, self._clock.monotonic() + self._timeouts.planning)
        except NotFoundError:
            raise InvalidArgumentError("workspace_id", "a workspace that the chat's owner can see", reason=Reason.NOT_VISIBLE) from None
        if workspace.deleted:
            raise InvalidArgumentError("workspace_id", "a workspace that was not deleted", reason=Reason.DELETED)
        if workspace.organization_id != chat.organization_id:
            raise InvalidArgumentError("workspace_id", "a workspace of the chat's organization", reason=Reason.OTHER_ORGANIZATION)
        return workspace, read_at

    def _leave(
        self, look: Look, leaving: Leaving, track: Track, write: Callable[[Held, int, str], Chat], *, keep: UUID | None = None
    ) -> tuple[Chat, int] | Await | Again:
        """Claim, settle what is there, and write the change in one statement that names what is left behind."""
        if look.chat.workspace_id is not None and (switched := self.became(look, track)) is not None:
            return switched
        held = self._claims.claim(look)
        if not isinstance(held, Held):
            return held
        unanswered = False

        def ask() -> Chat:
            nonlocal unanswered
            try:
                return write(held, settled.number, note)
            except UnavailableError:
                unanswered = True
                raise

        ask.__name__ = "close_chat" if leaving is Leaving.CLOSE else "attach"  # what it is told of as
        try:
            settled = self._settle(look, held, leaving, keep)
            left = settled.left
            note = leaving.value.value if left is None else visible(f"{leaving.value.value}; left behind {left.name or left.workspace_id}")
            chat = self._asking.stored_until(self._claims.record_by(held), ask)
        except StaleClaimError:
            if unanswered:  # perhaps it was written before it was overtaken: it must not be written twice
                raise UnavailableError("the store did not say whether it was written", reason=Reason.STORE_UNAVAILABLE) from None
            return Again()
        except WorkspaceTakenError:
            self._claims.release(held)
            raise InvalidArgumentError("workspace_id", "a workspace that is not being deleted", reason=Reason.DISCARDED) from None
        except Exception:
            self._claims.release(held)
            raise
        self._proofs.void(look.chat.id)
        track.left = left or track.left
        return chat, held.claim.epoch

    def became(self, look: Look, track: Track) -> Await | Again | None:
        """Bind what a plan in doubt has become, if it has: what is left behind is what the chat has then."""
        if look.plan is None:
            return None
        found, read_at = self._asking.find(look.chat, look.plan.name)
        if found is None:
            return None
        turn = self._claims.settle(look, found, read_at, track)
        return Again(settled=turn) if isinstance(turn, Bound) else turn

    def _settle(self, look: Look, held: Held, leaving: Leaving, keep: UUID | None) -> _Settled:
        """Find out what would be left behind. What is not proven gone counts as live."""
        bound = look.chat.workspace_id
        if bound is not None and bound == keep:
            return _Settled(left=None, number=look.number)
        if bound is not None:
            reading = self._asking.read(look)
            if isinstance(reading, Unknown):
                left = LeftBehind(workspace_id=bound, name="", reason=leaving.value)
                return _Settled(left=left, number=self._number_after(look, None))
            found = None if reading.workspace.deleted else reading.workspace
        elif look.plan is not None:
            # UnavailableError ends the call here: a workspace that nobody can name must not be left behind
            found, _ = self._asking.find(look.chat, look.plan.name, within=self._claims.left_to_read(held))
        else:
            found = None
        if found is None or found.id == keep:
            return _Settled(left=None, number=look.number)
        left = LeftBehind(workspace_id=found.id, name=found.full_name, reason=leaving.value)
        return _Settled(left=left, number=self._number_after(look, found))

    def _number_after(self, look: Look, left: Workspace | None) -> int:
        """Return the number for names: that of a replacement in doubt, of whose name another may still be made, or one more where that is needed."""
        in_doubt = look.plan is not None and look.chat.workspace_id is not None
        return look.number if in_doubt else self._asking.number_after(look, left)
