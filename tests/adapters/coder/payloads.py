"""What Coder sends, as its server writes it."""

from __future__ import annotations

from typing import Any

OWNER = "8b0c6d0e-0000-4000-8000-000000000001"
OTHER = "8b0c6d0e-0000-4000-8000-000000000002"
ORGANIZATION = "5f3e0000-0000-4000-8000-000000000001"
TEMPLATE = "a1b20000-0000-4000-8000-000000000001"
VERSION = "c3d40000-0000-4000-8000-000000000001"
NEXT_VERSION = "c3d40000-0000-4000-8000-000000000002"
WORKSPACE = "11110000-0000-4000-8000-000000000001"
BUILD = "22220000-0000-4000-8000-000000000001"
AGENT = "33330000-0000-4000-8000-000000000001"
PRESET = "e5f60000-0000-4000-8000-000000000001"
ENDED = "2026-09-01T10:00:00.123456789Z"
Json = dict[str, Any]


def user(**changes: Any) -> Json:
    return {"id": OWNER, "username": "ana", "organization_ids": [ORGANIZATION], "status": "active"} | changes


def agent(**changes: Any) -> Json:
    return {
        "id": AGENT,
        "parent_id": None,
        "name": "main",
        "status": "connected",
        "lifecycle_state": "ready",
        "first_connected_at": "2026-09-01T10:00:01Z",
        "last_connected_at": "2026-09-01T10:00:02Z",
    } | changes


def build(*agents: Json, job: Json | None = None, resource: str = "docker_container", **changes: Any) -> Json:
    return {
        "id": BUILD,
        "build_number": 1,
        "transition": "start",
        "template_version_id": VERSION,
        "job": {"status": "succeeded", "completed_at": ENDED, "error": "", "queue_position": 0} | (job or {}),
        "status": "running",
        "resources": [{"type": resource, "agents": list(agents)}] if agents else [],
        "workspace_id": WORKSPACE,
    } | changes


def workspace(latest: Json | None = None, **changes: Any) -> Json:
    return {
        "id": WORKSPACE,
        "name": "dev-ana",
        "owner_id": OWNER,
        "owner_name": "ana",
        "organization_id": ORGANIZATION,
        "template_id": TEMPLATE,
        "template_active_version_id": NEXT_VERSION,
        "template_require_active_version": False,
        "created_at": "2026-09-01T09:59:00Z",
        "updated_at": "2026-09-01T09:59:00Z",
        "last_used_at": "2026-09-01T10:00:00Z",
        "dormant_at": None,
        "latest_build": build(agent()) if latest is None else latest,
    } | changes


def template(**changes: Any) -> Json:
    return {
        "id": TEMPLATE,
        "organization_id": ORGANIZATION,
        "name": "docker",
        "display_name": "Docker",
        "description": "containers",
        "active_version_id": VERSION,
        "active_user_count": 3,
        "deprecated": False,
        "deleted": False,
        "agents_allowed": True,
        "use_classic_parameter_flow": False,
    } | changes


def version(**changes: Any) -> Json:
    return {"id": VERSION, "template_id": TEMPLATE, "readme": "# Docker", "has_external_agent": False} | changes


def problem(message: str, detail: str = "", **validations: str) -> Json:
    told: Json = {"message": message}
    if detail:
        told["detail"] = detail
    if validations:
        told["validations"] = [{"field": field, "detail": why} for field, why in validations.items()]
    return told


NOT_FOUND = problem("Resource not found or you do not have access to this resource")
NO_ROUTE = problem("Route not found.")
PAGE = b"<html><body><h1>502 Bad Gateway</h1></body></html>"
