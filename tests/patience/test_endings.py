"""`close()` and `interrupt()` reach a call wherever it is, within a second; only a request that changes something ends by its own limit."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest

from chatworkspace import ChatWorkspaceError, ClosedError
from chatworkspace.ports import PortError
from tests.patience.calls import LIMITS, METHODS, SITUATIONS, SLACK, asked_for, slow, world_of
from tests.service.chats import CHAT, World
from tests.ways import in_turn

pytestmark = pytest.mark.once

HANGING = 1000.0
CHANGES = {"store.claim", "store.bind", "store.attach", "store.close_chat", "store.discard"} | {
    f"coder.{call}_workspace" for call in ("create", "start", "stop", "delete")
}
"""Calls that change something: not cut short."""
DROPS = ("refusing", "store.release")
"""A claim that is given back with its plan: that changes something as well."""
WAIT = 300.0
AFTER = 0.7
"""Seconds after which the call is ended: before anything that hangs has reached a limit."""
NOT_CHATS = {"chats", "purge", "sweep", "sweep-delete"}
"""Calls of no chat: only close() ends them."""
SOON = 1.0


def _ended(world: World, name: str, end: Callable[[], object]) -> tuple[float, object]:
    """Make the call, end it, and return how long after that it was over, and what it came to."""
    at, over, told = world.sim.elapsed + AFTER, list[float](), list[object]()
    world.sim.at(at, end)

    def call() -> None:
        try:
            told.append(METHODS[name].act(world, WAIT))
        except (ChatWorkspaceError, PortError) as error:
            told.append(error)
        over.append(world.sim.elapsed)

    world.sim.run(call)
    return over[0] - at, told[0]


@pytest.mark.parametrize(("name", "situation", "way"), in_turn(METHODS, SITUATIONS, ("close", "interrupt"), every=3))
def test_every_call_is_reached(name: str, situation: str, way: str) -> None:
    """Whatever it hangs on; a call that hangs on a change is told when that ends, and sends nothing more after close()."""
    if way == "interrupt" and (name in NOT_CHATS or name == "open_chat"):
        return
    late = dict[str, float]()
    for call in asked_for(situation, METHODS[name], 20.0):
        world = world_of(situation)
        slow(world, call, HANGING)
        took, told = _ended(world, name, world.chats.close if way == "close" else partial(world.chats.interrupt, CHAT))
        if took > (LIMITS.creating + SLACK if call in CHANGES or (situation, call) == DROPS else SOON):
            late[call] = took
        if way == "close" and took > 0 and call not in CHANGES and call != "store.release":
            assert isinstance(told, ClosedError), call
    assert late == {}
