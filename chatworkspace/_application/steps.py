"""How a call goes on: turns until one says what the chat has, then the wait for it, outside of every lock, and one look more."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping

import attrs

from chatworkspace._application.asking import Asking
from chatworkspace._application.calls import Call
from chatworkspace._application.endings import Endings
from chatworkspace._application.mutex import ChatMutex
from chatworkspace._application.telling import Callbacks, Teller, logger
from chatworkspace._application.turn import Again, Await, Follow, LookAgain, Proven, Track, Turn, Unbound, Unknown, Wish
from chatworkspace._application.turns import Turns
from chatworkspace._application.waiting import Bound, Ending, Goal, Seen, Waiter
from chatworkspace._domain.conditions import describe
from chatworkspace._domain.pauses import FLOOR
from chatworkspace._domain.redaction import Redaction
from chatworkspace.errors import ChatWorkspaceError, UnavailableError
from chatworkspace.model import Phase, Reason, State, Workspace
from chatworkspace.outcomes import Outcome
from chatworkspace.ports import Clock, Look, NotFoundError, Store
from chatworkspace.timeouts import Timeouts

TURN_SLICE = 0.5
"""Seconds: a wait for another process's claim blocks in the store, where an interrupt cannot reach it; it is looked for so often."""

FEW_TURNS = 4
"""Turns in a row that came to nothing, because somebody else was quicker or the claim came late; from then on there is a pause between them."""
MOST_TURNS = 20

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
        asking: Asking,
        turns: Turns,
        waiter: Waiter,
        teller: Teller,
        endings: Endings,
    ) -> None:
        self._store = store
        self._clock = clock
        self._timeouts = timeouts
        self._callbacks = callbacks
        self.mutex = mutex
        self._asking = asking
        self._turns = turns
        self._waiter = waiter
        self._teller = teller
        self._endings = endings

    def go(
        self,
        call: Call,
        take: Callable[[], Turn],
        track: Track,
        *,
        wish: Wish | None = None,
        goal: Goal = Goal.SETTLED,
        unbound: Reason = Reason.OVERTAKEN,
        parameters: Mapping[str, str] | None = None,
    ) -> Outcome:
        """Take a call all the way, from its first turn on.

        goal: what is waited for. unbound: why the chat has no workspace, where a turn says that it has none.
        """
        return self.run(call, self._steps(call, take, track, wish=wish, goal=goal, unbound=unbound), track, parameters)

    def run(self, call: Call, going: Going, track: Track, parameters: Mapping[str, str] | None = None) -> Outcome:
        """Go all the way. What was made and did not become the chat's goes into the history; no parameter's value is told."""
        without = Redaction(parameters or {})
        try:
            outcome = without.of_outcome(_end_of(going))
        except ChatWorkspaceError as error:
            without.of_error(error)
            error.left_behind = track.left
            if track.stray is not None:  # made, and the caller is told of no workspace at all: the history is the only place that names it
                self._record_stray(call.chat_id, track.stray)
            raise
        if track.left is not None and track.left.workspace_id != outcome.chat.workspace_id:
            outcome = attrs.evolve(outcome, left_behind=track.left)  # however it ended, and whoever overtook it: nobody else will name it
        if track.stray is not None and track.stray.id != outcome.chat.workspace_id:
            self._record_stray(call.chat_id, track.stray)
        self._teller.ended(call, outcome)
        return outcome

    def _record_stray(self, chat_id: str, stray: Workspace) -> None:
        try:
            self._store.record_stray(chat_id, stray.id, f"made {stray.name} ({stray.id}) and was overtaken")
        except (UnavailableError, NotFoundError):
            logger.warning("a stray workspace could not be noted", extra={"chat_id": chat_id, "reason": Reason.OVERTAKEN.value}, exc_info=True)

    def _steps(  # noqa: C901, PLR0911 # one arm for each Turn there is
        self,
        call: Call,
        take: Callable[[], Turn],
        track: Track,
        *,
        wish: Wish | None,
        goal: Goal,
        unbound: Reason,
    ) -> Going:
        """Take turns until one says what the chat has; then wait for it, outside of every lock, and tell."""
        queued_until, again = call.until(self._timeouts.queued), 0
        while True:
            turn = self._take(call, take, queued_until)
            match turn:
                case None:
                    return self._endings.not_my_turn(call)
                case Again():
                    again += 1
                    if again >= MOST_TURNS and self._clock.monotonic() >= queued_until:
                        return self._endings.not_my_turn(call)
                    if again >= FEW_TURNS:
                        call.pause(self._clock.monotonic() + FLOOR)
                case Await(look=look):
                    self._teller.stepped(call, look.chat, Seen(workspace=None, phase=Phase.QUEUED))
                    self.wait_for_turn(call, look, queued_until)
                case Proven():
                    return self._endings.proven(call, turn, track, wish)
                case Unknown():
                    return self._endings.unknown(call, turn)
                case Unbound():
                    return self._endings.unbound(call, turn, unbound, track)
                case LookAgain(bound=bound):
                    outcome = yield from self._until_over(call, bound, track, wish)
                    if outcome is not None:
                        return outcome
                    queued_until = call.until(self._timeouts.queued)
                case Follow(bound=bound):
                    return (yield from self.follow(call, bound, track, goal=goal, wish=wish))

    def _take(self, call: Call, take: Callable[[], Turn], queued_until: float) -> Turn | None:
        """Take one turn under the chat's mutex; None if it did not come in time."""
        call.check()
        mutex = self.mutex
        if not mutex.acquire(call.chat_id, call, queued_until):
            return None
        try:
            turn = take()
        finally:
            mutex.release(call.chat_id)
        if isinstance(turn, Await) and (call.interrupted or self._clock.monotonic() >= queued_until):
            return None
        return turn

    def wait_for_turn(self, call: Call, look: Look, until: float) -> None:
        """Wait until the chat may be free. Holds neither mutex nor connection."""
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
            self._asking.stored(self._store.wait_for_turn, look, slice_end)
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
            self.publish(call, bound, track)
        while True:
            ending = yield from self._wait(call, bound, track, goal)
            look = self._asking.look_even_closed(call.chat_id)
            if _is_overtaken(bound, look):
                return self._endings.overtaken(call, look, ending, track, wish)
            outcome = self._teller.bound(call, look.chat, ending, track, wish)
            if not outcome.ready or self._turns.still_proven(look, bound, ending):
                if settled:  # told once, and as it is
                    self._teller.binding_changed(outcome, outcome.workspace)
                self._teller.became_ready(outcome)
                return outcome
            reading = self._asking.read(look)
            if isinstance(reading, Unknown):
                return self._endings.unknown(call, reading)
            bound = reading.bound

    def _wait(self, call: Call, bound: Bound, track: Track, goal: Goal) -> Generator[Seen, None, Ending]:
        """Wait, publish builds met in progress before they are waited for, and tell on_progress."""
        teller = self._teller
        steps = self._waiter.wait(call, bound, goal=goal, lines=teller.wants_progress or call.following)
        while True:
            try:
                seen = next(steps)
            except StopIteration as end:
                ending: Ending = end.value
                return ending
            track.waited = track.waited or seen.phase is Phase.BUILDING
            if seen.phase is Phase.BUILDING and seen.workspace is not None and not track.attached:
                self.publish(call, attrs.evolve(bound, workspace=seen.workspace), track)
            teller.stepped(call, bound.chat, seen)
            yield seen

    def _until_over(self, call: Call, bound: Bound, track: Track, wish: Wish | None) -> Generator[Seen, None, Outcome | None]:
        """Wait until the build is over; an outcome if it does not end, or cannot be seen any more."""
        ending = yield from self._wait(call, bound, track, Goal.BUILD_OVER)
        if ending.told.phase is Phase.BUILDING or ending.told.state is State.UNKNOWN:
            look = self._asking.look_even_closed(call.chat_id)
            if _is_overtaken(bound, look):
                return self._endings.overtaken(call, look, ending, track, wish)
            return self._teller.bound(call, look.chat, ending, track, wish)
        return None

    def publish(self, call: Call, bound: Bound, track: Track) -> None:
        """Tell the host of a new binding or build, once."""
        if self._callbacks.on_chat_updated is None:
            return
        finding = self._asking.classify(bound.workspace)
        self._teller.build_begun(call, bound, finding, describe(finding, bound.workspace), track)


def _end_of(going: Going) -> Outcome:
    """Go all the way, and return what it came to."""
    try:
        while True:
            next(going)
    except StopIteration as end:
        outcome: Outcome = end.value
        return outcome


def _is_overtaken(bound: Bound, look: Look) -> bool:
    return look.chat.generation != bound.chat.generation or look.chat.workspace_id != bound.workspace.id
