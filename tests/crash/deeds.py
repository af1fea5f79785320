"""What callers do in a storm, each deed as often as it stands here."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any

from chatworkspace import ChatWorkspaces

DEEDS = (
    *("create",) * 40,
    *("status",) * 6,
    *("start",) * 6,
    *("connect",) * 4,
    *("stop", "sweep") * 2,
    *("replace", "attach", "detach"),
)
LEAVING = ("attach", "detach")
"""What leaves behind what the chat has, as a replacement does."""
ASKED = "asked"
"""The reason of a report that one of them begins."""
PATIENCE = 60.0
"""Seconds of the service that a call waits at most."""
WAITS = (PATIENCE, PATIENCE, 5.0, 0.0)
"""Seconds of the service, of which one is drawn for each call."""


def drawn(chance: Random, *, chats: Sequence[str], templates: Sequence[str], own: Sequence[str]) -> tuple[str, str, dict[str, Any]]:
    """Draw a deed, its chat, and what else it is told. own: workspaces of the user's own making, for the chat to have."""
    deed, chat_id = chance.choice(DEEDS), chance.choice(chats)
    template_id, wait = chance.choice(templates), chance.choice(WAITS)
    match deed:
        case "create":
            return deed, chat_id, {"template_id": template_id, "wait": wait}
        case "replace":
            return "create", chat_id, {"template_id": template_id, "wait": wait, "replace": True}
        case "attach" if own:
            return deed, chat_id, {"workspace_id": chance.choice(own), "wait": wait}
        case "connect" | "sweep":
            return deed, chat_id, {}
        case _:
            return ("status" if deed == "attach" else deed), chat_id, {"wait": wait}


def done(service: ChatWorkspaces, deed: str, chat_id: str, told: dict[str, Any]) -> object:
    """Do it."""
    match deed:
        case "sweep":
            return service.sweep()
        case "connect":
            with service.connect(chat_id) as agent:
                return f"connected to {agent!r}"
        case _:
            return getattr(service, deed)(chat_id, **told)
