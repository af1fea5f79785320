"""Values to bodies. Pure. Names of fields are Coder's."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from chatworkspace import Transition, Workspace
from chatworkspace.ports import CreateWorkspace

MINUTE_MS = 60_000
SHORTEST_MS = MINUTE_MS
LONGEST_MS = 30 * 24 * 60 * MINUTE_MS
"""Coder refuses a lifetime under 1 minute or over 30 days, and cuts seconds off."""


def creation(request: CreateWorkspace, of_preset: Mapping[str, str]) -> dict[str, Any]:
    """Return the body that asks for a workspace, of the template's active version. of_preset: what its preset answers, which wins."""
    values = _values({**request.parameters, **of_preset})
    body: dict[str, Any] = {"name": request.name, "template_id": str(request.template_id), "rich_parameter_values": values}
    if request.preset_id is not None:
        body["template_version_preset_id"] = str(request.preset_id)
    if request.ttl is not None:
        body["ttl_ms"] = ttl_ms(request.ttl)
    return body


def ttl_ms(seconds: float) -> int:
    """Return a lifetime in whole minutes, not shorter than asked for, within what Coder takes."""
    asked = min(max(seconds * 1000, SHORTEST_MS), LONGEST_MS)
    return math.ceil(asked / MINUTE_MS) * MINUTE_MS


def start(workspace: Workspace, parameters: Mapping[str, str]) -> dict[str, Any]:
    """Return the body that asks for a start.

    Without a version Coder takes that of the build before, which a template may forbid. That a workspace is set to update always is for whoever asks
    to see to, as Coder's own page does. No preset is carried over: one of another version is refused.
    """
    body: dict[str, Any] = {"transition": Transition.START.value, "rich_parameter_values": _values(parameters), "template_version_preset_id": None}
    version_id = workspace.required_version_id or workspace.updates_to
    if version_id is not None:
        body["template_version_id"] = str(version_id)
    return body


def build(transition: Transition) -> dict[str, Any]:
    """Return the body that asks for a stop or a deletion."""
    return {"transition": transition.value}


def evaluation(owner_id: UUID, answers: Mapping[str, str]) -> dict[str, Any]:
    """Return the body that asks what the parameters are for an owner who answers so."""
    return {"id": 1, "inputs": dict(answers), "owner_id": str(owner_id)}


def may_create(organization_id: UUID) -> dict[str, Any]:
    """Return the body that asks whether the token's holder may make workspaces of its own in an organization."""
    workspace = {"resource_type": "workspace", "owner_id": "me", "organization_id": str(organization_id)}
    return {"checks": {"create": {"object": workspace, "action": "create"}}}


def _values(parameters: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in parameters.items()]
