"""Random worlds in which ports are slow and take no requests for a while, the host calls within calls, and calls are interrupted.

`PYTHONPATH=.:adapters python -m tests.worlds.troubled SEED` replays one.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from functools import partial
from threading import get_ident
from typing import Any

from chatworkspace import BusyError, Chat, Outcome
from chatworkspace_fake import Process, Simulation
from tests.worlds.chance import Chance
from tests.worlds.checker import check
from tests.worlds.histories import History
from tests.worlds.script import Action
from tests.worlds.world import World

CALLBACKS = ("status", "status", "create", "create", "follow", "stop", "start", "detach", "sweep")
"""What a callback, an allow-list or a port calls for."""
PORTS = ("create_workspace", "find_workspace", "get_workspace", "get_template", "watch", "dial", "build_log", "start_workspace")
SLOW_PORTS = tuple(call for call in PORTS if call != "watch")
"""A watch whose opener never heard of it stays open."""
STORES = ("look", "claim", "bind", "release", "wait_for_turn")
MOST_FOR_A_CHANGE = 9.0
"""Seconds: requests that arrive late are what other worlds are about, and what they may lead to is told in docs/explanation/guarantees.md."""
LONGEST = 10.0 + 25.0 + 5.0
"""Seconds beyond its `wait` in which a call ends whatever happens, but for pauses: planning, a claim's life, and what a store takes at most."""


class TroubledWorld(World):
    """One random world, with more trouble. The same seed draws the same from World."""

    def __init__(self, seed: int) -> None:
        self.simulation: Callable[..., Any] = partial(Simulation, allowed_templates=self._allowed, on_chat_updated=self._updated)
        self.drawn = Chance(-seed - 1)
        self.nested: dict[int, int] = {}
        """By thread: how deep."""
        self.outer: set[int] = set()
        """Calls within which others were made, which take their time: the host's own."""
        self.refused = 0
        """Nested calls that were refused because they were nested."""
        super().__init__(seed)
        self._slow_down()
        self._limit()
        self._interrupt()
        self._let_ports_call()

    # -------------------------------------------------------------- trouble

    def _slow_down(self) -> None:
        drawn = self.drawn
        for _ in range(drawn.pick((0, 1, 2))):
            seconds = drawn.pick((0.5, 3.0, 4.9, 9.0, 60.0))
            if drawn.happens(0.5):
                call: Any = drawn.pick(SLOW_PORTS)
                seconds = min(seconds, MOST_FOR_A_CHANGE) if call.endswith(("create_workspace", "start_workspace")) else seconds
                self.sim.coder.when(call, chance=drawn.pick((0.2, 1.0)), seed=self.seed).take(seconds)
            else:
                stored: Any = drawn.pick(STORES)
                self.sim.store.when(stored, nth=1 + drawn.below(4), times=drawn.pick((1, 3, 50))).take(seconds)

    def _limit(self) -> None:
        drawn = self.drawn
        if drawn.happens(0.4):
            call: Any = drawn.pick(PORTS)
            self.sim.coder.when(call, chance=drawn.pick((0.1, 0.5)), seed=self.seed).rate_limited(drawn.pick((0.3, 4.0, 30.0)))

    def _interrupt(self) -> None:
        drawn = self.drawn
        for process in self.processes:
            if drawn.happens(0.3):
                self.sim.at(40 * drawn.share(), partial(process.workspaces.interrupt, drawn.pick(self.chats)))
            if drawn.happens(0.05):
                self.sim.at(40 * drawn.share(), process.workspaces.close)

    def _let_ports_call(self) -> None:
        coder: Any = self.sim.coder
        answer = coder._answer

        def asks_first(call: str, act: Callable[[], Any], deadline: float) -> Any:
            self._call_within(0.02)
            return answer(call, act, deadline)

        coder._answer = asks_first

    # -------------------------------------------------------------- calls within calls

    def _allowed(self, chat: Chat) -> None:
        del chat
        self._call_within(0.1)

    def _updated(self, outcome: Outcome) -> None:
        del outcome
        self._call_within(0.2)

    def _call_within(self, likelihood: float) -> None:
        """Call for something, as the host's own function does, within the call that the thread is in; not within a nested one."""
        thread, outer = get_ident(), self.book.caller
        if outer not in self.told or self.told[outer].last or self.nested.get(thread) or not self.drawn.happens(likelihood):
            return
        process = next(it for it in self.processes if it.name == self.told[outer].process)
        self.nested[thread] = 1
        self.outer.add(outer)
        try:
            self._call(process, self._drawn_action())
        finally:
            self.nested[thread] = 0
            self.book._callers[thread] = outer

    def _drawn_action(self) -> Action:
        drawn = self.drawn
        kind = drawn.pick(CALLBACKS)
        wait = drawn.pick((0.0, 3.0, 20.0))
        return Action(kind=kind, after=0.0, chat_id=drawn.pick(self.chats), template=0, wish="", wait=wait, share=drawn.share())

    def _answer(self, process: Process, action: Action) -> dict[str, Any]:
        try:
            return super()._answer(process, action)
        except BusyError as error:
            self.refused += "from within another one" in str(error)
            raise


def ends_at_last(world: TroubledWorld, history: History) -> Iterator[str]:
    """No call hangs, whatever else is wrong."""
    for told in history.told:
        if told.ended_at is None or told.wait is None or told.caller in world.outer:
            continue
        paused = sum(it.seconds for it in history.pauses if it.process == told.process)
        took = told.ended_at - told.begun_at
        if took > told.wait + LONGEST + paused:
            yield f"call {told.caller} to {told.kind} with wait={told.wait} took {took:.3f} s"


def problems(world: TroubledWorld, history: History) -> list[str]:
    """Return what is wrong with it, but for what the time of the host's own calls in between explains."""
    late = tuple(f"{rule}: call {caller} " for caller in world.outer for rule in (3, 4, 7))
    found = [*check(history), *(f"7: {problem}" for problem in ends_at_last(world, history))]
    return [problem for problem in found if not problem.startswith(late)]


def main(seed: int) -> None:
    """Replay one, and tell what is wrong."""
    world = TroubledWorld(seed)
    history = world.run()
    told = [f"{it.caller} {it.process} {it.kind} {it.chat_id} {it.begun_at:.3f}..{it.ended_at} {it.error}" for it in history.told]
    sys.stdout.write("\n".join([history.trace, "", *told, *(problems(world, history) or ["no violations"]), ""]))


if __name__ == "__main__":
    main(int(sys.argv[1]))
