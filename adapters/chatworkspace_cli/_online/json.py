"""What a command has found, as values of JSON for programs. Pure. Other people's text is data."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import Enum
from typing import Any
from uuid import UUID

from chatworkspace import Agent, ChatWorkspaceError, LeftBehind, Outcome, Progress, RefusedError, Sweep, Template, Workspace
from chatworkspace.ports import Intent, Look
from chatworkspace_cli._online.texts import ARGUMENTS, message_of, next_step_of

Json = dict[str, Any]


def outcome_json(outcome: Outcome) -> Json:
    """Return an outcome."""
    return {
        "chat": outcome.chat.id,
        "state": outcome.state.value,
        "ready": outcome.ready,
        "reason": outcome.reason.value,
        "phase": _word(outcome.phase),
        "next_step": outcome.next_step,
        "created": outcome.created,
        "built": outcome.built,
        "workspace": None if outcome.workspace is None else _workspace_json(outcome.workspace),
        "agent": None if outcome.agent is None else _agent_json(outcome.agent),
        "error": outcome.error,
        "log_tail": list(outcome.log_tail),
        "quota": None if outcome.quota is None else {"consumed": outcome.quota.consumed, "budget": outcome.quota.budget},
        "left_behind": None if outcome.left_behind is None else _left_json(outcome.left_behind),
        "not_applied": {ARGUMENTS.get(name, name): holds for name, holds in outcome.not_applied.items()},
        "elapsed": round(outcome.elapsed, 3),
    }


def _workspace_json(it: Workspace) -> Json:
    return {
        "id": str(it.id),
        "name": it.full_name,
        "template_id": str(it.template_id),
        "build": {
            "number": it.build.number,
            "transition": it.build.transition.value,
            "status": it.build.job_status.value,
            "queue_position": it.build.queue_position,
        },
    }


def _agent_json(it: Agent) -> Json:
    return {"id": str(it.id), "name": it.name, "status": it.status.value, "lifecycle": it.lifecycle.value}


def _left_json(it: LeftBehind) -> Json:
    return {"workspace_id": str(it.workspace_id), "name": it.name, "reason": it.reason.value}


def error_json(error: ChatWorkspaceError) -> Json:
    """Return an error, and what it has left behind."""
    told: Json = {"reason": error.reason.value, "message": message_of(error), "next_step": next_step_of(error), "retryable": error.retryable}
    if isinstance(error, RefusedError) and error.validations:
        told["validations"] = [{"field": field, "detail": detail} for field, detail in error.validations]
    left = {} if error.left_behind is None else {"left_behind": _left_json(error.left_behind)}
    return {"error": told, **left}


def progress_json(step: Progress) -> Json:
    """Return a step as one of the lines of `follow --json`."""
    return {
        "at": step.at.isoformat(),
        "elapsed": round(step.elapsed, 3),
        "generation": step.generation,
        "build_number": step.build_number,
        "phase": _word(step.phase),
        "queue_position": step.queue_position,
        "line": step.line,
    }


def _intent_json(it: Intent) -> Json:
    return {
        "generation": it.generation,
        "name": it.name,
        "template_id": _text(it.template_id),
        "preset_id": _text(it.preset_id),
        "replaces": _text(it.replaces),
        "workspace_id": _text(it.workspace_id),
        "planned_at": _instant(it.planned_at),
        "bound_at": _instant(it.bound_at),
        "notes": list(it.notes),
    }


def chat_json(look: Look, history: Sequence[Intent]) -> Json:
    """Return a chat with its history."""
    chat = look.chat
    return {
        "chat": chat.id,
        "workspace_id": _text(chat.workspace_id),
        "generation": chat.generation,
        "closed": chat.closed,
        "planned": look.plan is not None,
        "history": [_intent_json(it) for it in history],
    }


def sweep_json(swept: Sweep) -> Json:
    """Return what a sweep found and did."""
    return {
        "settled": list(swept.settled),
        "strays": [_workspace_json(it) for it in swept.strays],
        "deleted": [str(it) for it in swept.deleted],
        "errors": dict(swept.errors),
    }


def template_json(it: Template) -> Json:
    """Return a template."""
    return {
        "id": str(it.id),
        "name": it.name,
        "display_name": it.display_name,
        "description": it.description,
        "organization_id": str(it.organization_id),
        "agents_allowed": it.agents_allowed,
        "external_agent": it.external_agent,
        "deprecated": it.deprecated,
    }


def _text(it: UUID | None) -> str | None:
    return None if it is None else str(it)


def _instant(it: datetime | None) -> str | None:
    return None if it is None else it.isoformat()


def _word(it: Enum | None) -> str | None:
    return None if it is None else str(it.value)
