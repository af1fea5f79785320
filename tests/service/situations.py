"""The situations of the table in test_faults.py, and its cases."""

from __future__ import annotations

from collections.abc import Callable

import attrs

from chatworkspace_fake import FakeWorkspace
from tests.service.faults import FAULTS, Fault
from tests.service.stories import (
    FOUND,
    SETTLING,
    Act,
    Deed,
    World,
    attach,
    close,
    create,
    detach,
    nothing,
    other_parameters,
    other_template,
    own,
    remove,
    replace,
    start,
    stop,
)


@attrs.frozen
class Situation:
    """What else goes on."""

    name: str
    begin: Callable[[World, Fault], object] = lambda _world, _fault: None
    ends: tuple[str, ...] = ()
    """What the last call is told, if not what the story says."""
    leaves: bool = False
    """Somebody leaves a live workspace behind, on purpose."""
    before: Deed = nothing
    faults: tuple[str, ...] = attrs.field(default=(), kw_only=True)
    """The faults that it is tried with."""


def _with_a_second_process(world: World, fault: Fault) -> None:
    """Let a second process want the same; where the fault is to strike the first, a second later."""
    world.meanwhile(1 if fault.stops_first else 0, world.second, fault.story.act)


def _with_nine_more_callers(world: World, fault: Fault) -> None:
    for _ in range(9):
        world.meanwhile(0, world.first, fault.story.act)


def _with(seconds: float, act: Act) -> Callable[[World, Fault], object]:
    return lambda world, _: world.meanwhile(seconds, world.second, act)


def _user(seconds: float, deed: Callable[[FakeWorkspace], object]) -> Callable[[World, Fault], object]:
    return lambda world, _: world.at(seconds, lambda world: deed(world.latest))


def _restart(workspace: FakeWorkspace) -> None:
    workspace.cancel()
    workspace.start()


def _stop(workspace: FakeWorkspace) -> None:
    workspace.cancel()
    workspace.stop()


NASTIEST = ("kill-before-store-bind", "pause-before-store-bind", "create-workspace-late-40")
STOPPED = (*FOUND, "not_running")
ALONE = Situation("alone")
SECOND_PROCESS = Situation("second-process", _with_a_second_process)
SITUATIONS = (
    Situation("ten-callers-in-the-process", _with_nine_more_callers),
    Situation("call-after-20-s", _with(20, create)),
    Situation("other-template", _with(10, other_template)),
    Situation("other-parameters", _with(10, other_parameters)),
    Situation("attach-after-10-s", _with(10, attach), leaves=True, before=own),
    Situation("detach-after-10-s", _with(10, detach), leaves=True),
    Situation("detach-after-40-s", _with(40, detach), leaves=True),
    Situation("replace-after-10-s", _with(10, replace), leaves=True),
    Situation("replace-after-40-s", _with(40, replace), leaves=True),
    Situation("close-after-10-s", _with(10, close), ("chat_closed",), leaves=True),
    Situation("delete-after-10-s", _with(10, remove), ("chat_closed",), leaves=True),
    Situation("delete-after-40-s", _with(40, remove), ("chat_closed",), leaves=True),
    Situation("start-after-10-s", _with(10, start)),
    Situation("stop-after-10-s", _with(10, stop), STOPPED),
    Situation("user-deletes", _user(40, FakeWorkspace.delete)),
    Situation("user-restarts", _user(40, _restart)),
    Situation("user-stops", _user(40, _stop), STOPPED),
    Situation(
        "user-renames", _user(40, lambda it: it.rename("mine")), faults=("kill-after-store-bind", "pause-before-store-bind", "store-bind-late-40")
    ),
)


@attrs.frozen
class Case:
    """A fault in a situation."""

    fault: Fault
    situation: Situation

    def __str__(self) -> str:
        return f"{self.fault.name}--{self.situation.name}"

    @property
    def ends(self) -> tuple[str, ...]:
        """What the last call is told."""
        return self.situation.ends or self.fault.ends or self.fault.story.ends

    @property
    def leaves(self) -> bool:
        """Somebody leaves a live workspace behind, on purpose."""
        return self.situation.leaves or self.fault.story.leaves

    def play(self, seed: int = 0) -> World:
        """Let the fault strike those who call, then call from another process, and again from a third when all that was late has arrived."""
        world, story = World(seed), self.fault.story
        self.situation.before(world)
        story.before(world)
        world.told.clear()
        requests = world.requests
        self.fault.strike(world)
        self.situation.begin(world, self.fault)
        world.run((world.first, story.act))
        world.run((world.second, story.later))
        world.sim.sleep(SETTLING)
        for workspace in world.made:
            workspace.show()
        world.run((world.third, story.later))
        world.asked = world.requests - requests
        return world


CASES = (
    *(Case(fault, situation) for fault in FAULTS for situation in (ALONE, SECOND_PROCESS)),
    *(Case(fault, situation) for situation in SITUATIONS for fault in FAULTS if fault.name in (situation.faults or NASTIEST)),
)
