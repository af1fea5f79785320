"""What a command has found, as values of JSON for programs: what the library's own `as_dict()` says, and errors in the command's words. Pure.

Other people's text is data.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from chatworkspace import ChatWorkspaceError
from chatworkspace.ports import Intent, Look
from chatworkspace_cli._online.held import held_json
from chatworkspace_cli._online.texts import message_of, next_step_of

Json = dict[str, Any]


def error_json(error: ChatWorkspaceError) -> Json:
    """Return an error, whose message and next step speak of what was typed."""
    return {"error": {**error.as_dict(), "message": message_of(error), "next_step": next_step_of(error)}}


def chat_json(look: Look, history: Sequence[Intent]) -> Json:
    """Return a chat with its history, and who is at it."""
    return {"chat": look.chat.as_dict(), "planned": look.plan is not None, **held_json(look), "history": [it.as_dict() for it in history]}
