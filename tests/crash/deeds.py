"""What callers do in a storm, each deed as often as it stands here."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from random import Random
from typing import Any

from chatworkspace import ChatClosedError, ChatWorkspaces

DEEDS = (
    *("create",) * 40,
    *("status",) * 6,
    *("start",) * 6,
    *("connect",) * 4,
    *("stop", "sweep", "delete") * 2,
    *("replace", "attach", "detach"),
)
ENDING = "end-"
"""How chats are called that are deleted: whoever draws one opens it, and after a while comes the next."""
WHILE = 2.0
"""Real seconds."""
OF_ENDING = 0.2
"""Share of the other deeds that are done with such a chat."""
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
    if deed == "delete" or chance.random() < OF_ENDING:
        chat_id = f"{ENDING}{int(time.time() / WHILE)}"
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


def done(service: ChatWorkspaces, deed: str, chat_id: str, told: dict[str, Any], owner: Sequence[str]) -> object:
    """Do it. owner: of the chats that are opened, and the organization."""
    if chat_id.startswith(ENDING):
        with suppress(ChatClosedError):
            service.open_chat(chat_id, owner_id=owner[0], organization_id=owner[1])
    match deed:
        case "sweep":
            return service.sweep()
        case "connect":
            with service.connect(chat_id) as agent:
                return f"connected to {agent!r}"
        case _:
            return getattr(service, deed)(chat_id, **told)
