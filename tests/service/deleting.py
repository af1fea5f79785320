"""What the tests of delete() look at."""

from __future__ import annotations

from chatworkspace import Outcome, Reason, State, Transition
from tests.service.chats import CHAT, World

START, DELETE = Transition.START, Transition.DELETE


def told(outcome: Outcome) -> tuple[State, Reason]:
    """Return what it says."""
    return outcome.state, outcome.reason


def notes(world: World) -> tuple[str, ...]:
    """Return the last of the history."""
    return world.chats.history(CHAT)[-1].notes
