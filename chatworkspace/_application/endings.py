"""How a call ends where its workspace was not waited for: the turn did not come, nothing is known, somebody was quicker, there is none."""

from __future__ import annotations

import attrs

from chatworkspace._application.asking import Asking
from chatworkspace._application.calls import Call
from chatworkspace._application.extras import Extras
from chatworkspace._application.making import REFUSED
from chatworkspace._application.telling import Teller, not_applied
from chatworkspace._application.turn import Proven, Track, Unbound, Unknown, Wish
from chatworkspace._application.waiting import Ending
from chatworkspace._domain.advice import Asked, next_step_after
from chatworkspace._domain.conditions import describe
from chatworkspace.errors import BusyError
from chatworkspace.model import Advice, Chat, LeftBehind, Phase, Reason, State
from chatworkspace.outcomes import Outcome
from chatworkspace.ports import TAKEN_OVER, Look, Store


class Endings:
    """Tells such ends. Safe from any thread; used outside of every lock."""

    def __init__(self, *, asking: Asking, teller: Teller, store: Store, extras: Extras) -> None:
        self._asking = asking
        self._teller = teller
        self._store = store
        self._extras = extras

    def not_my_turn(self, call: Call) -> Outcome:
        """Say what is known, the turn not having come, or raise BusyError."""
        look = (self._asking.look_even_closed if call.asked is Asked.DELETE else self._asking.look)(call.chat_id)
        if look.chat.workspace_id is None and look.plan is None:
            if call.interrupted:
                return self._teller.plain(call, look.chat, State.ABSENT, Reason.INTERRUPTED)
            if not call.crowded:
                raise BusyError("somebody else is deciding for this chat")
        return self._teller.plain(call, look.chat, State.STARTING, Reason.IN_PROGRESS, phase=Phase.QUEUED)

    def proven(self, call: Call, proven: Proven, track: Track, wish: Wish | None = None) -> Outcome:
        """Tell what a dial has proven a moment ago."""
        proof = proven.proof
        ending = Ending(workspace=proof.workspace, finding=proof.finding, told=describe(proof.finding, proof.workspace))
        outcome = self._teller.bound(call, proven.look.chat, ending, track, wish)
        self._teller.settled(outcome)  # whoever dialled may not have come to tell it
        return outcome

    def unknown(self, call: Call, unknown: Unknown) -> Outcome:
        """Tell that what the chat is bound to could not be read."""
        reason = Reason.INTERRUPTED if call.interrupted and unknown.reason is Reason.PLATFORM_UNAVAILABLE else unknown.reason
        call.lasting = not unknown.retryable
        outcome = self._teller.plain(call, unknown.look.chat, State.UNKNOWN, reason, error=unknown.error, workspace=unknown.workspace)
        return (
            outcome
            if unknown.retry_after is None
            else attrs.evolve(outcome, advice=Advice.CALL_LATER, next_step=next_step_after(unknown.retry_after), retry_after=unknown.retry_after)
        )

    def unbound(self, call: Call, unbound: Unbound, reason: Reason, track: Track) -> Outcome:
        """Tell that the chat has no workspace, and why."""
        if unbound.ending is not None:
            outcome = self._teller.bound(call, unbound.chat, unbound.ending, track)
            self._teller.settled(outcome)
            return outcome
        outcome = self._teller.plain(call, unbound.chat, State.ABSENT, reason, error=unbound.error, left=track.left)
        if unbound.changed:
            self._teller.binding_changed(outcome)
        return outcome

    def closed(self, call: Call, chat: Chat, track: Track) -> None:
        """Tell the host that the chat was closed, before what else is to be done takes its time."""
        self._teller.binding_changed(self._teller.plain(call, chat, State.ABSENT, Reason.CHAT_CLOSED, left=track.left))

    def overtaken(self, call: Call, look: Look, ending: Ending, track: Track, wish: Wish | None) -> Outcome:
        """Somebody gave the chat another workspace, or none, while this call waited: tell what it has now."""
        old = ending.workspace
        left = None if ending.told.state is State.GONE else LeftBehind(workspace_id=old.id, name=old.full_name, reason=Reason.OVERTAKEN)
        if look.chat.workspace_id is None:
            being_made = look.plan is not None and look.claimed_for > 0
            state, phase = (State.STARTING, Phase.CREATING) if being_made else (State.ABSENT, None)
            return self._teller.plain(call, look.chat, state, Reason.OVERTAKEN, phase=phase, left=left)
        reading = self._asking.read(look)
        if isinstance(reading, Unknown):
            return self.unknown(call, reading)
        workspace = reading.workspace
        told = describe(self._asking.classify(workspace), workspace)
        if told.state is State.READY:  # not proven: the next call will
            told = attrs.evolve(told, state=State.STARTING, phase=Phase.CONNECTING)
        outcome = self._teller.plain(call, look.chat, told.state, Reason.OVERTAKEN, phase=told.phase, workspace=workspace, left=left)
        created = track.made is not None and track.made.id == workspace.id
        return outcome if wish is None else attrs.evolve(outcome, not_applied=not_applied(wish, workspace, track, created=created))

    def absent(self, call: Call, look: Look) -> Outcome:
        """Tell of a chat that is bound to nothing: nothing is planned (was it refused?), somebody is at it, or somebody was interrupted."""
        if look.plan is None:
            return self._teller.plain(call, look.chat, State.ABSENT, Reason.NO_WORKSPACE, error=self._refused_last(call, look))
        if look.claimed_for > 0:
            return self._teller.plain(call, look.chat, State.STARTING, Reason.IN_PROGRESS, phase=Phase.CREATING)
        return self._teller.plain(call, look.chat, State.ABSENT, Reason.INTERRUPTED_CREATION)

    def _refused_last(self, call: Call, look: Look) -> str:
        """Return why the latest creation was refused, if nothing has come of the chat since. A help: nothing is decided by it."""
        if not look.name:  # nothing was ever planned
            return ""
        history = self._extras.ask(call, "history", look.chat.id, lambda _: self._store.history(look.chat.id))
        last = history[-1] if history else None
        if last is None or last.template_id is None or last.workspace_id is not None:
            return ""
        said = next((note for note in reversed(last.notes) if not note.startswith(TAKEN_OVER)), "")
        return said.removeprefix(REFUSED) if said.startswith(REFUSED) else ""
