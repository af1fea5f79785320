"""Whatever fails at once, for good or for now, is not asked without end: each call of a port fails in turn, in every situation."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from chatworkspace import ChatWorkspaceError, UnavailableError
from chatworkspace.ports import PortError
from chatworkspace_fake import StuckError
from tests.patience.calls import MANY, METHODS, SITUATIONS, asked_for, world_of
from tests.ways import in_turn

pytestmark = pytest.mark.once

WAIT = 20.0
A_SECOND = 15
"""Times that one thing may be asked in a second: the floor of a loop is a tenth, and who is interrupted asks once more."""
FAILURES: dict[str, Callable[[], Exception]] = {
    "for good": lambda: UnavailableError("the answer (200) is a page", retryable=False),
    "for now": lambda: UnavailableError("no answer"),
    "at the limit": lambda: UnavailableError("429: too many requests", retry_after=0.0),
}


@pytest.mark.parametrize(("name", "situation", "how"), in_turn(METHODS, SITUATIONS, FAILURES, every=3))
def test_what_fails_at_once_is_not_asked_without_end(name: str, situation: str, how: str) -> None:
    """Within its time a call asks about ten times a second at most, and it ends."""
    method, often = METHODS[name], dict[str, str]()
    for call in asked_for(situation, method, WAIT):
        world = world_of(situation)
        port, _, asked = call.partition(".")
        fake: Any = world.sim.store if port == "store" else world.coder
        fake.when(asked, times=MANY).fail(FAILURES[how]())
        lines, began = len(world.sim.trace.splitlines()), world.sim.elapsed
        try:
            with suppress(ChatWorkspaceError, PortError):
                method.act(world, WAIT)
        except StuckError:
            often[call] = "without end"
            continue
        took = world.sim.elapsed - began
        times = sum(f" {call} " in f"{line} " for line in world.sim.trace.splitlines()[lines:])
        if times > A_SECOND * (1 + took):
            often[call] = f"{times} times in {took:g} s"
    assert often == {}
