"""What several tests of waiting ask for."""

from __future__ import annotations

from typing import Any

from chatworkspace import (
    Outcome,
)
from tests.service.chats import CHAT, World


def create(world: World, **properties: Any) -> Outcome:
    """Create from a template of such properties, with all patience."""
    return world.chats.create(CHAT, world.template(**properties).id)


def goes_on(world: World) -> Outcome:
    """Ask for the same again."""
    return world.chats.create(CHAT, world.latest.template.id)
