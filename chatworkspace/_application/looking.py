"""Calls that change nothing: a look at how things are, and following every change."""

from __future__ import annotations

from collections.abc import Generator
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import attrs

from chatworkspace._application.asking import Asking
from chatworkspace._application.calls import Call
from chatworkspace._application.endings import Endings
from chatworkspace._application.guiding import Guide
from chatworkspace._application.steps import Going, Steps
from chatworkspace._application.telling import Teller
from chatworkspace._application.turn import Track, Unknown
from chatworkspace._application.turns import Turns
from chatworkspace._application.waiting import Seen
from chatworkspace._domain.places import Place
from chatworkspace._ports.patience import swap_caller
from chatworkspace.errors import ChatWorkspaceError
from chatworkspace.model import Chat, Phase
from chatworkspace.outcomes import Outcome, Progress
from chatworkspace.ports import Look

if TYPE_CHECKING:
    from chatworkspace._application.redacting import Redactor

T = TypeVar("T")


class Looking:
    """Looks for the calls of one process. Safe from any thread."""

    def __init__(self, *, asking: Asking, turns: Turns, steps: Steps, teller: Teller, endings: Endings, guide: Guide, redactor: Redactor) -> None:
        self._redactor = redactor
        self._guide = guide
        self._asking = asking
        self._turns = turns
        self._steps = steps
        self._meanwhile = steps.meanwhile
        self._teller = teller
        self._endings = endings

    def look(self, call: Call, track: Track) -> Going:
        """Follow the chat as it is, without changing anything."""
        while True:
            if call.heard is not None:
                call.heard.enter(Phase.PLANNING)
            dial = self._turns.latest_dial(call.chat_id)
            look = yield from self._meanwhile.told(call, partial(self._asking.look, call.chat_id))
            call.chat = look.chat
            if look.chat.workspace_id is None:
                if look.plan is None or look.claimed_for <= 0 or call.over or call.decides_around:
                    return self._endings.absent(call, look)
                self._steps.wait_for_turn(call, look, call.tell_by())
                yield Seen(workspace=None, phase=Phase.CREATING)
                continue
            if (proven := self._turns.proven(look, dial)) and not (call.told is not None and self._steps.may_have_missed(call.told)):
                return self._endings.proven(call, proven, track)
            reading = yield from self._meanwhile.told(call, partial(self._asking.read, look))
            if isinstance(reading, Unknown):
                if reading.retry_after is not None and (yield from self._meanwhile.later(call, reading.retry_after)):
                    continue
                return self._endings.unknown(call, reading)
            return (yield from self._steps.follow(call, reading, track))

    def begin(self, call: Call) -> Look:
        """Look whether the chat can be followed. ChatNotFoundError, ChatClosedError, UnavailableError."""
        try:
            return self._asking.look(call.chat_id)
        except ChatWorkspaceError as error:
            self._guide.of_error(call, error)
            raise

    def follow(self, call: Call, look: Look, after: Place | None = None) -> Generator[Progress, None, None]:
        """Turn what a look sees into progress that only moves forward. after: how far the follower is already."""
        return in_steps(call, self._redacted(call, self._followed(call, look, after)))

    def _redacted(self, call: Call, steps: Generator[Progress, None, None]) -> Generator[Progress, None, None]:
        try:
            yield from steps
        except Exception as error:
            self._redactor.of_error(call, error)
            raise

    def _followed(self, call: Call, look: Look, after: Place | None) -> Generator[Progress, None, None]:
        chat = look.chat
        call.told = after if after is not None and after.generation == chat.generation else Place(generation=chat.generation)
        if chat.workspace_id is None and look.plan is not None and look.claimed_for > 0:
            yield self._told(call, chat, Seen(workspace=None, phase=Phase.CREATING), call.told)
        going = self.look(call, Track())
        while True:
            try:
                seen = next(going)
            except StopIteration as end:
                outcome: Outcome = end.value
                break
            if seen.phase is not None:
                yield self._told(call, call.chat or chat, seen, call.told)
        outcome = self._guide.of_outcome(call, outcome)
        if call.heard is not None:
            call.heard.outcome = outcome
        # what begins after a settled outcome is told from its first phase on, whatever it is
        place = call.told if outcome.phase is not None else attrs.evolve(call.told, phase=None, queue=0)
        yield self._teller.last(call, outcome, cursor=place.text)
        self._teller.ended(call, outcome)

    def _told(self, call: Call, chat: Chat, seen: Seen, before: Place) -> Progress:
        """Return the step that tells what is seen, and note how far the follower is with it."""
        place = _beyond(before, seen.place(chat))
        heartbeat = seen.line is None and place.same_as(before)
        call.told = place
        return self._teller.progress(call, chat, place, line=seen.line, cursor=place.text, heartbeat=heartbeat)


def in_steps(call: Call, steps: Generator[T, None, None]) -> Generator[T, None, None]:
    """Yield what a call sees. Between two steps the thread is in whatever call it was in before: a suspended follower is nobody's call."""
    call.book.enter(call)
    heard = call.heard
    try:
        while True:
            call.go_on()
            try:
                step = next(steps)
                if heard is not None:
                    heard.tell()
            except StopIteration:
                if heard is not None:
                    heard.end()
                return
            except Exception as error:
                if heard is not None:
                    heard.end(error)
                raise
            finally:
                call.step_back()
            call.told_at = call.clock.monotonic()
            yield step
    finally:
        outer = swap_caller(None)  # perhaps in a finalizer, and so in the midst of anybody's call
        try:
            steps.close()
        finally:
            if heard is not None:
                heard.end(let_go_at=call.told_at)
            call.book.leave(call)
            swap_caller(outer)


def _beyond(before: Place, seen: Place) -> Place:
    """Return how far a follower is that is told what is seen: never less far, within a generation. An agent that drops is no step back."""
    if seen.generation != before.generation:
        return seen
    if before.phase is None:  # nothing was under way when it was told last: whatever is now has begun since
        seen = attrs.evolve(seen, build=max(seen.build, before.build))
    elif seen.step < before.step:
        seen = attrs.evolve(before, line=seen.line if seen.build == before.build else 0)
    return attrs.evolve(seen, line=max(seen.line, before.line)) if seen.build == before.build else seen
