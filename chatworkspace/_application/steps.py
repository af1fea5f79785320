"""How a call goes on: turns until one says what the chat has, then the wait for it, outside of every lock, and one look more."""

from __future__ import annotations

from collections.abc import Callable, Generator
from functools import partial
from typing import TYPE_CHECKING

import attrs

from chatworkspace._application.asking import Asking
from chatworkspace._application.calls import LEAST, Call, within_itself
from chatworkspace._application.endings import Endings
from chatworkspace._application.guiding import Guide
from chatworkspace._application.logs import fields, logger
from chatworkspace._application.meanwhile import FEW_TURNS, Meanwhile, Rounds
from chatworkspace._application.mutex import ChatMutex
from chatworkspace._application.stories import MOST
from chatworkspace._application.telling import Callbacks, Teller
from chatworkspace._application.turn import Again, Await, LookAgain, Proven, Track, Turn, Unbound, Unknown, Wish
from chatworkspace._application.turns import Turns
from chatworkspace._application.waiting import Bound, Changes, Ending, Goal, Seen, Waiter
from chatworkspace._domain.advice import Asked
from chatworkspace._domain.conditions import UNDIALLED, describe
from chatworkspace._domain.pauses import FLOOR
from chatworkspace._domain.places import Place
from chatworkspace._domain.texts import visible
from chatworkspace.errors import ChatWorkspaceError, OutcomeUnknownError, UnavailableError
from chatworkspace.model import LeftBehind, Phase, Reason, State, Workspace
from chatworkspace.outcomes import Outcome
from chatworkspace.ports import Clock, Look, Store
from chatworkspace.timeouts import Timeouts

if TYPE_CHECKING:
    from chatworkspace._application.redacting import Redactor

TURN_SLICE = 0.5
"""Seconds: a wait for another process's claim blocks in the store, and not every store may hear of an interrupt; it is looked for so often."""

MOST_TURNS = 20
BEGIN = (Asked.CREATE, Asked.START)
"""Calls that begin something which the same call goes on with, in whatever process."""

TOO_SLOW = "the record of chats is slower than a dial is proof of being ready, or changes all the time"

Going = Generator[Seen, None, Outcome]
"""A call on its way: what it sees, and in the end what it came to."""


class Steps:
    """Takes the calls of one process from step to step. Safe from any thread."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        timeouts: Timeouts,
        callbacks: Callbacks,
        mutex: ChatMutex,
        meanwhile: Meanwhile,
        asking: Asking,
        turns: Turns,
        waiter: Waiter,
        teller: Teller,
        endings: Endings,
        guide: Guide,
        redactor: Redactor,
    ) -> None:
        self._redactor = redactor
        self._store = store
        self._clock = clock
        self._timeouts = timeouts
        self._callbacks = callbacks
        self.mutex = mutex
        self.meanwhile = meanwhile
        self._asking = asking
        self._turns = turns
        self._waiter = waiter
        self._teller = teller
        self._endings = endings
        self._guide = guide
        self._begun = guide.begun

    def go(
        self,
        call: Call,
        take: Callable[[], Turn],
        track: Track,
        *,
        wish: Wish | None = None,
        goal: Goal = Goal.SETTLED,
        unbound: Reason = Reason.OVERTAKEN,
    ) -> Outcome:
        """Take a call all the way, from its first turn on.

        goal: what is waited for. unbound: why the chat has no workspace, where a turn says that it has none.
        """
        if len(self._begun) > MOST:
            self._guide.forget_some()
        track.wish = wish
        track.asks = wish is not None and (bool(wish.parameters or wish.name) or wish.preset_id is not None)
        return self.run(call, self._steps(call, take, track, wish=wish, goal=goal, unbound=unbound), track)

    def run(self, call: Call, going: Going, track: Track) -> Outcome:  # noqa: C901 # what may be added to an outcome, one after the other
        """Go all the way. What was made and did not become the chat's goes into the history; no parameter's value is told."""
        track.heard = call.heard
        try:
            while True:
                next(going)
        except StopIteration as end:
            outcome: Outcome = end.value
        except Exception as error:
            self._failed(call, error, track)
            raise
        left = track.left or track.replaces
        if left is not None and left.workspace_id != outcome.chat.workspace_id:
            outcome = attrs.evolve(outcome, left_behind=left)  # however it ended, and whoever overtook it: nobody else will name it
        if track.stray is not None and track.stray.id != outcome.chat.workspace_id:
            self._record_stray(call, track.stray)
        if track.built and outcome.workspace is not None:
            self._guide.built(call, outcome.workspace, track)
        if track.met and call.asked in BEGIN and (outcome.phase is not None or outcome.state is State.READY or track.asks_to_replace):
            outcome = self._guide.begun_elsewhere(call, outcome, track)
        if outcome.phase is not None or call.chat_id in self._guide.wished:
            outcome = self._guide.continued(call, outcome, track)
        if track.asks:
            outcome = self._guide.applied(call, outcome, track)
        if outcome.state is not State.READY or call.chat_id in self._guide.troubled:
            outcome = self._guide.of_outcome(call, outcome)
        if call.heard is not None:
            call.heard.outcome = outcome
        self._teller.ended(call, outcome)
        return outcome

    def _failed(self, call: Call, error: Exception, track: Track) -> None:
        if not isinstance(error, ChatWorkspaceError):
            self._redactor.of_error(call, error)
            return
        error.left_behind = track.left
        self._guide.of_error(call, error)
        if track.stray is not None:  # made, and the caller is told of no workspace at all: the history is the only place that names it
            self._record_stray(call, track.stray)

    def _record_stray(self, call: Call, stray: Workspace) -> None:
        note = visible(f"made {stray.name} ({stray.id}) and was overtaken")
        try:
            self._asking.stored_until(self._asking.by(), self._store.record_stray, call.chat_id, stray.id, note)
        except Exception as error:  # whatever it is: it hides nothing of what the call came to
            self._redactor.of_error(call, error)
            extra = fields(call.chat_id, Reason.OVERTAKEN, workspace_id=stray.id, build=stray.build.number)
            logger.warning("a stray workspace could not be noted", extra=extra, exc_info=True)

    def _steps(  # noqa: C901, PLR0911, PLR0912 # one arm for each Turn there is
        self, call: Call, take: Callable[[], Turn], track: Track, *, wish: Wish | None, goal: Goal, unbound: Reason
    ) -> Going:
        """Take turns until one says what the chat has; then wait for it, outside of every lock, and tell."""
        began, again = call.started, 0
        while True:
            queued_until = call.sooner(max(began, call.resumed_at) + self._timeouts.queued)  # since it came, or since it could go on
            turn = self._take(call, take, queued_until)
            match turn:  # what is usual first
                case Bound() as bound:
                    # nobody else has decided while this call was about to
                    track.met = track.made is None and not (again or call.awaited >= 0 or call.resumed_at > call.started or track.disturbed)
                    return (yield from self.follow(call, bound, track, goal=goal, wish=wish))
                case Proven():
                    return self._endings.proven(call, turn, track, wish)
                case UnavailableError():
                    yield from self._rested(call, turn)
                case None:
                    return self._endings.not_my_turn(call)
                case Again():
                    again += 1
                    self._tell_of(call, turn, track)
                    if self._too_often(again, queued_until):
                        return self._endings.not_my_turn(call)
                    if again >= FEW_TURNS:
                        call.pause(self._clock.monotonic() + FLOOR)
                case Await(look=look):
                    self._teller.stepped(call, look.chat, Seen(workspace=None, phase=Phase.QUEUED))
                    self.wait_for_turn(call, look, queued_until)
                case Unknown(retry_after=retry_after):
                    if retry_after is None or not (yield from self.meanwhile.later(call, retry_after)):
                        return self._endings.unknown(call, turn)
                case Unbound():
                    return self._endings.unbound(call, turn, unbound, track)
                case LookAgain(bound=bound):
                    outcome = yield from self._until_over(call, bound, track, wish)
                    if outcome is not None:
                        return outcome
                    began = self._clock.monotonic()

    def _tell_of(self, call: Call, again: Again, track: Track) -> None:
        """Tell what a turn has changed, before another is taken."""
        if again.settled is not None:
            self.publish(call, again.settled, track)
        if again.closed is not None:
            self._endings.closed(call, again.closed, track)

    def _take(self, call: Call, take: Callable[[], Turn], queued_until: float) -> Turn | UnavailableError | None:
        """Take one turn under the chat's mutex; None if it did not come in time, an error if the platform takes no more requests for now."""
        call.check()
        mutex, limited, heard = self.mutex, call.book.places.limited, call.heard
        if heard is not None:
            if call.chat_id in mutex.held:
                heard.enter(Phase.QUEUED)
            heard.tell()
        if not mutex.acquire(call.chat_id, call, self._clock.monotonic() if limited else queued_until) and not (
            limited and call.may_wait() and mutex.acquire(call.chat_id, call, queued_until)
        ):
            return None
        call.deciding = True
        try:
            if heard is not None and heard.phase is not Phase.PLANNING:
                heard.enter(Phase.PLANNING)
            turn: Turn | UnavailableError = take()
        except UnavailableError as error:
            if error.retry_after is None:
                raise
            turn = error
        finally:
            call.deciding = False
            mutex.release(call.chat_id)
        if heard is not None:
            heard.tell()
        if isinstance(turn, Await) and self._clock.monotonic() >= queued_until:
            return None
        return None if isinstance(turn, (Await, Again)) and call.interrupted else turn

    def _rested(self, call: Call, failure: UnavailableError) -> Generator[Seen, None, None]:
        """Wait where the platform takes no more requests for now; mutex and claim are given back meanwhile. What failed, if the call ends before."""
        assert failure.retry_after is not None, "else it was raised"
        if not (yield from self.meanwhile.later(call, failure.retry_after)):
            if isinstance(failure, OutcomeUnknownError):
                raise failure
            reason = Reason.INTERRUPTED if call.interrupted else failure.reason
            raise UnavailableError(str(failure), reason=reason, retry_after=failure.retry_after) from failure

    def _too_often(self, again: int, queued_until: float) -> bool:
        """Tell whether turns have come to nothing too often, or for too long: by then somebody else has decided."""
        now = self._clock.monotonic()
        return now >= queued_until + self._timeouts.planning or (again >= MOST_TURNS and now >= queued_until)

    def may_have_missed(self, told: Place) -> bool:
        """Tell whether a follower that comes back from there may have missed the rest of a log."""
        return self._waiter.may_have_missed(told)

    def wait_for_turn(self, call: Call, look: Look, until: float) -> None:
        """Wait until the chat may be free. Holds neither mutex nor connection. BusyError: it never will be, for a call around this one decides."""
        if call.decides_around:
            raise within_itself()
        if call.over or not call.may_wait():
            return
        if call.heard is not None:
            call.heard.enter(Phase.QUEUED)
            call.heard.tell()
        ends = min(until, self._clock.monotonic() + look.claimed_for)
        if call.awaited == look.epoch:  # woken, and for nothing
            call.pause(min(ends, self._clock.monotonic() + FLOOR))
        call.awaited = look.epoch
        while not call.interrupted:
            call.check()
            now = self._clock.monotonic()
            if now >= ends:
                return
            slice_end = min(ends, now + TURN_SLICE)
            try:
                self._asking.recorded_until(slice_end + LEAST, self._store.wait_for_turn, look, slice_end)
            except UnavailableError:
                call.pause(slice_end)  # whoever comes back has waited in vain, and looks
                return
            if self._clock.monotonic() < slice_end:
                return

    def follow(self, call: Call, bound: Bound, track: Track, *, goal: Goal = Goal.SETTLED, wish: Wish | None = None) -> Going:
        """Wait for a bound workspace, look at the chat once more, and tell."""
        settled = False
        if track.attached:
            finding = self._asking.classify(bound.workspace)
            told = describe(finding, bound.workspace)
            settled = told.phase is None
            if not settled:
                outcome = self._teller.under_way(call, bound, finding, told, track)
                self._teller.binding_changed(attrs.evolve(outcome, reason=Reason.ATTACHED), bound.workspace)
        elif track.made is not None or track.adopted or track.built:
            self._begun[call.chat_id] = bound.workspace.build.id
            self.publish(call, bound, track)
        rounds: Rounds | None = None
        while True:
            began = self._clock.monotonic()
            changes = self._waiter.wait(call, bound, goal=goal, lines=self._teller.wants_progress or call.following)
            ending = changes if isinstance(changes, Ending) else (yield from self._told(call, bound, track, changes))
            look = (yield from self._told_of_the_row(call)) if call.following else self._asking.look(call.chat_id, even_closed=True)
            if _is_overtaken(bound, look):
                return self._endings.overtaken(call, look, ending, track, wish)
            if ending.told.state is State.READY and not self._turns.still_proven(look, bound, ending):
                rounds = rounds or Rounds(call, self._clock, began, limit=self._timeouts.connect)
                if rounds.another():
                    reading = yield from self.meanwhile.told(call, partial(self._asking.read, look))
                    if isinstance(reading, Unknown):
                        return self._endings.unknown(call, reading)
                    bound = reading
                    continue
                ending = attrs.evolve(ending, told=UNDIALLED, error=TOO_SLOW)
            outcome = self._teller.bound(call, look.chat, ending, track, wish)
            if settled:  # told once, and as it is
                self._teller.binding_changed(outcome, outcome.workspace)
            self._teller.settled(outcome)
            return outcome

    def _told_of_the_row(self, call: Call) -> Generator[Seen, None, Look]:
        """Look once more, for a follower: it is told meanwhile that it goes on."""
        return (yield from self.meanwhile.told(call, partial(self._asking.look_even_closed, call.chat_id)))

    def _told(self, call: Call, bound: Bound, track: Track, changes: Changes) -> Changes:
        """Wait, publish builds met in progress before they are waited for, and tell on_progress."""
        teller, heard = self._teller, call.heard
        while True:
            try:
                seen = next(changes)
            except StopIteration as end:
                ending: Ending = end.value
                if heard is not None and heard.phase is not Phase.PLANNING:
                    heard.enter(Phase.PLANNING)
                return ending
            if heard is not None and seen.phase is not None:
                heard.wait_in(seen.phase, seen.workspace)
            track.waited = track.waited or seen.phase is Phase.BUILDING
            if seen.phase is Phase.BUILDING and seen.workspace is not None and not track.attached:
                self.publish(call, attrs.evolve(bound, workspace=seen.workspace), track)
            teller.stepped(call, bound.chat, seen)
            yield seen

    def _until_over(self, call: Call, bound: Bound, track: Track, wish: Wish | None) -> Generator[Seen, None, Outcome | None]:
        """Wait until the build is over; an outcome if it does not end, or cannot be seen any more."""
        changes = self._waiter.wait(call, bound, goal=Goal.BUILD_OVER, lines=self._teller.wants_progress or call.following)
        ending = changes if isinstance(changes, Ending) else (yield from self._told(call, bound, track, changes))
        endless = self._clock.monotonic() >= call.started + self._waiter.longest  # one build follows another, by somebody else's hand
        if ending.told.phase is Phase.BUILDING or ending.told.state is State.UNKNOWN or endless:
            look = self._asking.look_even_closed(call.chat_id)
            if _is_overtaken(bound, look) and not track.deleting:
                return self._endings.overtaken(call, look, ending, track, wish)
            return self._teller.bound(call, look.chat, ending, track, wish)
        return None

    def publish(self, call: Call, bound: Bound, track: Track) -> None:
        """Tell the host of a new binding or build, once."""
        if self._callbacks.on_chat_updated is None:
            return
        finding = self._asking.classify(bound.workspace)
        self._teller.build_begun(call, bound, finding, describe(finding, bound.workspace), track)

    def publish_adopted(self, call: Call, bound: Bound, left: LeftBehind | None) -> None:
        """As publish(), for what was found under a planned name by a call that is for no chat. left: what it takes the place of."""
        track = Track()
        track.adopted, track.left = True, left
        self.publish(call, bound, track)


def _is_overtaken(bound: Bound, look: Look) -> bool:
    now = look.chat.workspace_id
    return look.chat.generation != bound.chat.generation or now is None or now.int != bound.workspace.id.int
