"""The log: one logger, and the fields that every record of it has."""

from __future__ import annotations

import logging
from uuid import UUID

from chatworkspace.model import Reason
from chatworkspace.outcomes import Outcome

logger = logging.getLogger("chatworkspace")


def fields(chat_id: str, reason: Reason | None = None, *, workspace_id: UUID | None = None, build: int | None = None) -> dict[str, object]:
    """Return what a record has beside its message, for hosts that log in fields: what is not known is empty, or None."""
    return {
        "chat_id": chat_id,
        "workspace_id": "" if workspace_id is None else str(workspace_id),
        "build": build,
        "reason": "" if reason is None else reason.value,
    }


def fields_of(outcome: Outcome) -> dict[str, object]:
    """As fields(), of an outcome."""
    build = None if outcome.workspace is None else outcome.workspace.build.number
    return fields(outcome.chat.id, outcome.reason, workspace_id=outcome.workspace_id, build=build)
