"""Calls that change nothing: a look at how things are, and following every change."""

from __future__ import annotations

from collections.abc import Generator
from functools import partial
from typing import TYPE_CHECKING

from chatworkspace._application.asking import Asking
from chatworkspace._application.calls import Call
from chatworkspace._application.endings import Endings
from chatworkspace._application.guiding import Guide
from chatworkspace._application.steps import Going, Steps
from chatworkspace._application.telling import Teller
from chatworkspace._application.turn import Track, Unknown
from chatworkspace._application.turns import Turns
from chatworkspace._application.waiting import Seen
from chatworkspace.model import Phase
from chatworkspace.outcomes import Outcome, Progress

if TYPE_CHECKING:
    from chatworkspace._application.redacting import Redactor


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

    def look(self, call: Call) -> Going:
        """Follow the chat as it is, without changing anything."""
        while True:
            dial = self._turns.dialled(call.chat_id)
            look = yield from self._meanwhile.told(call, partial(self._asking.look, call.chat_id))
            call.chat = look.chat
            if look.chat.workspace_id is None:
                if look.plan is None or look.claimed_for <= 0 or call.over or call.decides_around:
                    return self._endings.absent(call, look)
                self._steps.wait_for_turn(call, look, call.tell_by())
                yield Seen(workspace=None, phase=Phase.CREATING)
                continue
            if proven := self._turns.proven(look, dial):
                return self._endings.proven(call, proven, Track())
            reading = yield from self._meanwhile.told(call, partial(self._asking.read, look))
            if isinstance(reading, Unknown):
                if reading.retry_after is not None and (yield from self._meanwhile.later(call, reading.retry_after)):
                    continue
                return self._endings.unknown(call, reading)
            return (yield from self._steps.follow(call, reading.bound, Track()))

    def follow(self, call: Call) -> Generator[Progress, None, None]:
        """Turn what a look sees into progress that only moves forward."""
        try:
            yield from self._followed(call)
        except Exception as error:
            self._redactor.of_error(call, error)
            raise

    def _followed(self, call: Call) -> Generator[Progress, None, None]:
        look = self._asking.look(call.chat_id)
        furthest, generation = Seen(workspace=None, phase=None), look.chat.generation
        if look.chat.workspace_id is None and look.plan is not None and look.claimed_for > 0:
            furthest = Seen(workspace=None, phase=Phase.CREATING)
            yield self._teller.progress(call, look.chat, furthest)
        going = self.look(call)
        while True:
            try:
                seen = next(going)
            except StopIteration as end:
                outcome: Outcome = end.value
                break
            if seen.phase is None:
                continue
            chat = call.chat or look.chat
            if seen.line is None:
                if furthest.phase is not None and chat.generation == generation and seen.step < furthest.step:
                    seen = furthest  # an agent that drops is no step back: where it was is told again
                furthest, generation = seen, chat.generation
            yield self._teller.progress(call, chat, seen)
        outcome = self._guide.of_outcome(call, outcome)
        yield self._teller.progress(call, outcome.chat, None, outcome=outcome)
        self._teller.ended(call, outcome)
