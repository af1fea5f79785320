"""The end of a chat and of its workspace: settle what is in doubt, close, write down what will be deleted, and ask for the deletion.

The chat is closed first, so that nothing is made for it meanwhile. From then on its history says what it had: where a call dies there, the same call
again finds and deletes that, and the sweep lists it.
"""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import attrs

from chatworkspace._application.asking import Asking
from chatworkspace._application.builds import Builds
from chatworkspace._application.calls import Call
from chatworkspace._application.claims import Claims
from chatworkspace._application.leaving import Leavings
from chatworkspace._application.turn import Again, Await, Held, LookAgain, Track, Turn, Unbound, Unknown
from chatworkspace._application.waiting import Bound, Ending
from chatworkspace._domain import names
from chatworkspace._domain.conditions import Condition, Finding, describe
from chatworkspace._domain.decisions import Deletion, delete_step
from chatworkspace.errors import InvalidArgumentError, RefusedError
from chatworkspace.model import LeftBehind, Reason, Transition, Workspace
from chatworkspace.ports import Clock, Look, Store, WorkspaceTakenError

GoesOn = Callable[[Finding, Workspace], bool]
"""Tells whether how the latest build ended is to be told before another is asked for."""


class Deletions:
    """Deletes for the chats of one process. Safe from any thread; each method runs under the chat's mutex."""

    def __init__(self, *, asking: Asking, claims: Claims, leavings: Leavings, builds: Builds, store: Store, clock: Clock) -> None:
        self._asking = asking
        self._clock = clock
        self._claims = claims
        self._leavings = leavings
        self._builds = builds
        self._store = store

    def take(self, call: Call, named: UUID | None, goes_on: GoesOn, track: Track) -> Turn:
        """Close the chat, or if it is closed do what is still to be done. named: what may be deleted though it is not of the chat's making."""
        look = self._asking.look_even_closed(call.chat_id)
        if look.chat.closed:
            return self._delete(look, named, goes_on, track)
        if look.plan is not None:
            settled = Await(look=look) if look.claimed_for > 0 else self._leavings.became(look, track)
            if settled is not None:
                return settled
        return self._close(look, named, track)

    def _close(self, look: Look, named: UUID | None, track: Track) -> Turn:
        """Close it, unless what it has cannot be read: it stays bound to that."""
        _check(named, look.chat.workspace_id)
        if look.chat.workspace_id is None:
            return self._leavings.close_for_good(look, None, track)
        reading = self._asking.read(look)
        if isinstance(reading, Unknown):
            return reading
        workspace = reading.workspace
        return self._leavings.close_for_good(look, workspace if self._is_doomed(look, workspace, named) else None, track)

    def _is_doomed(self, look: Look, workspace: Workspace, named: UUID | None) -> bool:
        """Tell whether it is to be deleted: it is named, or of the chat's making, of which its name is the proof."""
        numbers = range(look.number + names.LOST_NUMBERS + 1)
        return named is not None or names.mark_in(workspace.name) in {self._asking.mark(look.chat.id, number) for number in numbers}

    # ------------------------------------------------------------ once it is closed

    def _delete(self, look: Look, named: UUID | None, goes_on: GoesOn, track: Track) -> Turn:
        had = self._had(look)
        _check(named, had)
        if had is None:
            return Unbound(chat=look.chat, changed=False)
        bound = self._asking.read(look, of=had)
        if isinstance(bound, Unknown):
            return bound
        if not (bound.workspace.deleted or self._is_doomed(look, bound.workspace, named)):
            track.left = _left(bound.workspace)
            return Unbound(chat=look.chat, changed=False)
        return self._act(look, bound, goes_on, track)

    def _act(self, look: Look, bound: Bound, goes_on: GoesOn, track: Track) -> Turn:
        workspace = bound.workspace
        finding = self._asking.classify(workspace)
        told = Unbound(chat=look.chat, changed=False, ending=Ending(workspace=workspace, finding=finding, told=describe(finding, workspace)))
        match delete_step(finding):
            case Deletion.WAIT:
                return LookAgain(bound=bound)
            case Deletion.TELL:
                return told
            case Deletion.SEND:
                seen = track.built or (track.waited and finding.condition is Condition.DELETE_FAILED)
                return told if seen or goes_on(finding, workspace) else self._send(look, workspace, track)

    def _had(self, look: Look) -> UUID | None:
        """Return what the chat had when it was closed: the row has it no more, and its history ends with that."""
        history = self._asking.recorded(self._store.history, look.chat.id)
        return history[-1].replaces if history else None

    def _send(self, look: Look, workspace: Workspace, track: Track) -> Turn:
        """Write down that it will be deleted, so that nobody attaches it, and ask for that, if what called for it still holds."""
        held = self._claims.claim(look)
        if not isinstance(held, Held):
            return held
        try:
            reading = self._asking.read(attrs.evolve(look, epoch=held.claim.epoch), of=workspace.id)
            if isinstance(reading, Unknown):
                return reading
            sends = delete_step(self._asking.classify(reading.workspace)) is Deletion.SEND
            return self._discarded(held, reading, track) if sends else Again()
        except WorkspaceTakenError:
            track.left = _left(workspace)
            return Unbound(chat=look.chat, changed=False, error="another chat is bound to it: it was not deleted")
        except RefusedError:
            track.left = _left(workspace)
            raise
        finally:
            self._claims.release(held, note=f"the deletion of {workspace.full_name} was asked for" if track.built else "")

    def _discarded(self, held: Held, bound: Bound, track: Track) -> Turn:
        self._asking.stored(self._store.discard, bound.workspace.id)
        if not self._claims.long_enough(held, self._clock.monotonic()):
            return Again()
        turn = self._builds.send(held, bound, Transition.DELETE, {}, track)
        return LookAgain(bound=turn) if isinstance(turn, Bound) else turn


def _check(named: UUID | None, had: UUID | None) -> None:
    if named not in (None, had):
        raise InvalidArgumentError("workspace_id", "the workspace that the chat has, or had when it was closed")


def _left(workspace: Workspace) -> LeftBehind:
    return LeftBehind(workspace_id=workspace.id, name=workspace.full_name, reason=Reason.CHAT_CLOSED)
