"""What a command has found, as values of JSON for programs: of what the library says of its values, the part that is promised here. Pure.

Other people's text is data.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from chatworkspace import ChatWorkspaceError, Outcome, Progress, RefusedError, Sweep, Template, Workspace
from chatworkspace.ports import Intent, Look
from chatworkspace_cli._online.texts import ARGUMENTS, message_of, next_step_of

Json = dict[str, Any]

OUTCOME = (
    "chat",
    "state",
    "ready",
    "reason",
    "phase",
    "next_step",
    "created",
    "built",
    "workspace",
    "agent",
    "error",
    "log_tail",
    "quota",
    "left_behind",
    "not_applied",
    "elapsed",
)
AGENT = ("id", "name", "status", "lifecycle")
PROGRESS = ("at", "elapsed", "generation", "build_number", "phase", "queue_position", "line")
TEMPLATE = ("id", "name", "display_name", "description", "organization_id", "agents_allowed", "external_agent", "deprecated")


def outcome_json(outcome: Outcome) -> Json:
    """Return an outcome."""
    told = outcome.as_dict()
    return _part(
        OUTCOME,
        told,
        chat=outcome.chat.id,
        workspace=None if outcome.workspace is None else _workspace_json(outcome.workspace),
        agent=None if outcome.agent is None else _part(AGENT, told["agent"]),
        not_applied={ARGUMENTS.get(name, name): holds for name, holds in outcome.not_applied.items()},
        elapsed=round(outcome.elapsed, 3),
    )


def _workspace_json(it: Workspace) -> Json:
    told = it.as_dict()
    build = told["build"]
    return {
        "id": told["id"],
        "name": it.full_name,
        "template_id": told["template_id"],
        "build": {
            "number": build["number"],
            "transition": build["transition"],
            "status": build["job_status"],
            "queue_position": build["queue_position"],
        },
    }


def error_json(error: ChatWorkspaceError) -> Json:
    """Return an error, and what it has left behind."""
    told: Json = {"reason": error.reason.value, "message": message_of(error), "next_step": next_step_of(error), "retryable": error.retryable}
    if isinstance(error, RefusedError) and error.validations:
        told["validations"] = [{"field": field, "detail": detail} for field, detail in error.validations]
    left = {} if error.left_behind is None else {"left_behind": error.left_behind.as_dict()}
    return {"error": told, **left}


def progress_json(step: Progress) -> Json:
    """Return a step as one of the lines of `follow --json`."""
    return _part(PROGRESS, step.as_dict(), elapsed=round(step.elapsed, 3))


def chat_json(look: Look, history: Sequence[Intent]) -> Json:
    """Return a chat with its history."""
    chat = look.chat.as_dict()
    return {
        "chat": chat["id"],
        "workspace_id": chat["workspace_id"],
        "generation": chat["generation"],
        "closed": chat["closed"],
        "planned": look.plan is not None,
        "history": [it.as_dict() for it in history],
    }


def sweep_json(swept: Sweep) -> Json:
    """Return what a sweep found and did."""
    return {**swept.as_dict(), "strays": [_workspace_json(it) for it in swept.strays]}


def template_json(it: Template) -> Json:
    """Return a template."""
    return _part(TEMPLATE, it.as_dict())


def _part(names: Sequence[str], told: Mapping[str, Any], **ours: Any) -> Json:
    """Return what has these names, in their order: our own where there is one."""
    return {name: ours[name] if name in ours else told[name] for name in names}
