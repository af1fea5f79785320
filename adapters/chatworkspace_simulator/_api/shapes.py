"""Workspaces, builds, jobs and agents as the server writes them."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any
from uuid import UUID

import attrs

from chatworkspace import Agent, Build, JobStatus, Template, Transition, Workspace
from chatworkspace_fake._platform.states import NEVER, AgentLife, BuildRecord, agent_life
from chatworkspace_fake._platform.workspaces import FakeWorkspace
from chatworkspace_simulator._api.agent_shapes import derived, resources_json, unhealthy, written
from chatworkspace_simulator._api.searching import status_of
from chatworkspace_simulator._api.world import World, organization_name

_LONG_AGO = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
ZERO = "0001-01-01T00:00:00Z"
"""A time that never was, where the server does not leave it out."""


def version_name(version_id: UUID) -> str:
    """Return what a version is called."""
    return f"version-{version_id.hex[:8]}"


def named_user(user_id: UUID, name: str) -> dict[str, Any]:
    """Return a user in short."""
    return {"id": str(user_id), "username": name, "name": name, "avatar_url": ""}


# ---------------------------------------------------------------- workspaces


def workspace_json(world: World, it: FakeWorkspace, *, asked: bool = False) -> dict[str, Any]:
    """Return a workspace as it is. asked: as it is told to whoever has just asked for its latest build."""
    with it.lock:
        told, record, life = it.told(), it.latest, agent_life(it.latest, it.deeds)
    template = world.platform.templates[it.template.id]
    blueprint = world.platform.blueprints[template.id]
    build = (
        build_json(world, it, record, _just_asked(told.build)) if asked else build_json(world, it, record, told.build, agents=told.agents, life=life)
    )
    failing = [str(agent.id) for agent in told.agents if unhealthy(agent, connecting=not world.level.connecting_is_healthy)]
    later: dict[str, Any] = {
        "is_prebuild": False,
        "task_id": None,
        "latest_app_status": None,
        "next_start_at": None,
        "template_use_classic_parameter_flow": blueprint.evaluation is None,
        "shared_with": [],
    }
    return {
        **_identity(world, it, told, template),
        "template_active_version_id": str(template.version_id),
        "template_require_active_version": blueprint.require_active,
        "latest_build": build,
        "outdated": record.blueprint.version_id != template.version_id,
        "name": told.name,
        "autostart_schedule": None,
        "ttl_ms": None if it.ttl is None else int(it.ttl * 1000),
        "last_used_at": written(world.date(it.used_at)) if it.uses else ZERO,
        "deleting_at": None,
        "dormant_at": written(world.date(record.asked)) if told.dormant else None,
        "health": {"healthy": not failing, "failing_agents": failing},
        "automatic_updates": "never",
        "allow_renames": True,
        "favorite": False,
        **{name: value for name, value in later.items() if name in world.level.workspace_fields},
    }


def _identity(world: World, it: FakeWorkspace, told: Workspace, template: Template) -> dict[str, Any]:
    return {
        "id": str(it.id),
        "created_at": written(told.created_at),
        "updated_at": written(world.date(it.latest.asked)),
        "owner_id": str(it.owner_id),
        "owner_name": world.owner(it).name,
        "owner_avatar_url": "",
        "organization_id": str(template.organization_id),
        "organization_name": organization_name(template.organization_id),
        "template_id": str(template.id),
        "template_name": template.name,
        "template_display_name": template.display_name,
        "template_icon": "",
        "template_allow_user_cancel_workspace_jobs": True,
    }


# ---------------------------------------------------------------- builds


def asked_build_json(world: World, it: FakeWorkspace, record: BuildRecord) -> dict[str, Any]:
    """Return a build as it is told to whoever has just asked for it."""
    with it.lock:
        return build_json(world, it, record, _just_asked(record.told_at(record.asked, (0, None))))


def _just_asked(told: Build) -> Build:
    """Return a build as it was when it was asked for: the server answers before anybody has begun to build, however short that takes."""
    return attrs.evolve(told, job_status=JobStatus.PENDING, error="", error_code="")


def past_build_json(world: World, it: FakeWorkspace, record: BuildRecord) -> dict[str, Any]:
    """Return any build of a workspace; only the latest has agents."""
    with it.lock:
        if record.id == it.latest.id:
            told = it.told()
            return build_json(world, it, it.latest, told.build, agents=told.agents, life=agent_life(it.latest, it.deeds))
    return build_json(world, it, record, record.told_at(world.platform.time, (0, None)))


def build_json(
    world: World, it: FakeWorkspace, record: BuildRecord, told: Build, *, agents: tuple[Agent, ...] = (), life: AgentLife | None = None
) -> dict[str, Any]:
    """Return a build."""
    owner = world.owner(it)
    starts = told.transition is Transition.START
    stops_at = None if it.ttl is None or not starts or told.job_status is not JobStatus.SUCCEEDED else world.date(record.ends_at + it.ttl)
    count = 1 if told.provisioners is None else told.provisioners
    body: dict[str, Any] = {
        "id": str(told.id),
        "created_at": written(world.date(record.asked)),
        "updated_at": written(world.date(record.asked)),
        "workspace_id": str(it.id),
        "workspace_name": it.name,
        "workspace_owner_id": str(owner.id),
        "workspace_owner_name": owner.name,
        "workspace_owner_avatar_url": "",
        "template_version_id": str(told.template_version_id),
        "template_version_name": version_name(told.template_version_id),
        "build_number": told.number,
        "transition": told.transition.value,
        "initiator_id": str(owner.id),
        "initiator_name": owner.name,
        "job": _job_json(world, it, record, told),
        "reason": "initiator",
        "resources": resources_json(world, it, record, agents, life) if agents and life is not None else [],
        "deadline": None if stops_at is None else written(stops_at),
        "max_deadline": None,
        "status": status_of(told),
        "daily_cost": it.cost if starts else 0,
        "matched_provisioners": {"count": count, "available": count, "most_recently_seen": None},
        "template_version_preset_id": None,
        "has_ai_task": False,
    }
    known = told.job_status is JobStatus.SUCCEEDED
    return body | ({"has_external_agent": record.blueprint.external_agent if known else None} if world.level.external_agents else {})


def _job_json(world: World, it: FakeWorkspace, record: BuildRecord, told: Build) -> dict[str, Any]:
    ended = told.job_status in {JobStatus.SUCCEEDED, JobStatus.FAILED, JobStatus.CANCELED}
    times = {
        "started_at": record.begins_at if told.job_status is not JobStatus.PENDING and record.begins_at != NEVER else NEVER,
        "completed_at": record.ends_at if ended else NEVER,
        "canceled_at": record.canceled_at if told.job_status is JobStatus.CANCELED else NEVER,
    }
    optional: dict[str, Any] = {name: written(world.date(instant)) for name, instant in times.items() if instant != NEVER}
    if told.error:
        optional["error"] = told.error
    if told.error_code and world.level.quota_code:
        optional["error_code"] = told.error_code
    return {
        "id": derived(told.id, "job"),
        "created_at": written(world.date(record.asked)),
        **optional,
        "status": told.job_status.value,
        "file_id": derived(told.template_version_id, "file"),
        "tags": {"owner": "", "scope": "organization"},
        "queue_position": told.queue_position,
        "queue_size": told.queue_position,
        "organization_id": str(it.template.organization_id),
        "initiator_id": str(it.owner_id),
        "input": {"workspace_build_id": str(told.id)},
        "type": "workspace_build",
        "metadata": {"template_id": str(it.template.id)},
    }


def job_of_import(template: Template, version_id: UUID) -> dict[str, Any]:
    """Return the job that read a version in."""
    return {
        "id": derived(version_id, "job"),
        "created_at": written(_LONG_AGO),
        "started_at": written(_LONG_AGO),
        "completed_at": written(_LONG_AGO),
        "status": "succeeded",
        "file_id": derived(version_id, "file"),
        "tags": {"owner": "", "scope": "organization"},
        "queue_position": 0,
        "queue_size": 0,
        "organization_id": str(template.organization_id),
        "input": {"template_version_id": str(version_id)},
        "type": "template_version_import",
    }
