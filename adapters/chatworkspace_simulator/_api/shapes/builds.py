"""Builds, their jobs and their logs as the server writes them."""

from __future__ import annotations

from typing import Any

import attrs

from chatworkspace import Agent, Build, JobStatus, Transition
from chatworkspace_fake._platform.states import NEVER, AgentLife, BuildRecord, agent_life
from chatworkspace_fake._platform.workspaces import FakeWorkspace
from chatworkspace_simulator._api.shapes.agents import resources_json
from chatworkspace_simulator._api.shapes.basics import derived, version_name, written
from chatworkspace_simulator._api.world import World

_DONE = {Transition.START: "running", Transition.STOP: "stopped", Transition.DELETE: "deleted"}
_STAGES = {Transition.START: "Starting workspace", Transition.STOP: "Stopping workspace", Transition.DELETE: "Deleting workspace"}
_ROOM = 1 << 16
"""Ids that each build has for its lines."""
_UNDER_WAY = {Transition.START: "starting", Transition.STOP: "stopping", Transition.DELETE: "deleting"}


def status_of(build: Build) -> str:
    """Return the status of a workspace, which the server works out from its latest build."""
    match build.job_status:
        case JobStatus.SUCCEEDED:
            return _DONE[build.transition]
        case JobStatus.RUNNING:
            return _UNDER_WAY[build.transition]
        case JobStatus.UNKNOWN:
            return "failed"
        case JobStatus.PENDING | JobStatus.CANCELING | JobStatus.CANCELED | JobStatus.FAILED:
            return str(build.job_status.value)


def asked_build_json(world: World, it: FakeWorkspace, record: BuildRecord) -> dict[str, Any]:
    """Return a build as it is told to whoever has just asked for it."""
    with it.lock:
        return build_json(world, it, record, just_asked(record.told_at(record.asked, (0, None))))


def just_asked(told: Build) -> Build:
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
    until = it.stops_at if it.latest.id == record.id else None if it.ttl is None or not starts else record.ends_at + it.ttl
    stops_at = None if until is None or told.job_status is not JobStatus.SUCCEEDED else world.date(until)
    count = 0 if told.job_status is not JobStatus.PENDING else 1 if told.provisioners is None else told.provisioners
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
        "reason": "autostop" if told.automatic else "initiator",
        "resources": resources_json(world, it, record, agents, life) if agents and life is not None else [],
        "deadline": None if stops_at is None else written(stops_at),
        "max_deadline": None,
        "status": status_of(told),
        "daily_cost": it.cost if starts else 0,
        "matched_provisioners": {"count": count, "available": count, "most_recently_seen": None},
        "has_ai_task": False,
    }
    if world.level.preset_of_build:
        body["template_version_preset_id"] = None if record.preset_id is None else str(record.preset_id)
    known = told.job_status is JobStatus.SUCCEEDED
    return body | ({"has_external_agent": record.blueprint.external_agent if known else None} if world.level.external_agents else {})


def _job_json(world: World, it: FakeWorkspace, record: BuildRecord, told: Build) -> dict[str, Any]:
    ended = told.job_status in {JobStatus.SUCCEEDED, JobStatus.FAILED, JobStatus.CANCELED}
    times = {
        "started_at": record.begins_at if told.job_status is not JobStatus.PENDING and record.begins_at != NEVER else NEVER,
        "completed_at": record.ends_at if ended else NEVER,
        "canceled_at": record.canceled_at if ended else NEVER,
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


def log_json(world: World, record: BuildRecord) -> list[dict[str, Any]]:
    """Return the log of a build so far: what was built says, between empty lines that tell the stages. Ids count over the whole server."""
    now = world.platform.time
    if now < record.begins_at:
        return []
    first = record.ordinal * _ROOM
    begun = [
        _line_json(world, record, first + place, stage=stage, daemon=True) for place, stage in enumerate(("Setting up", _STAGES[record.transition]))
    ]
    said = [
        _line_json(world, record, first + len(begun) - 1 + it.id, stage=_STAGES[record.transition], text=it.text, level=it.level)
        for it in record.log_at(now)
    ]
    over = [_line_json(world, record, first + _ROOM - 1, stage="Cleaning Up", daemon=True)] if now >= record.ends_at else []
    return [*begun, *said, *over]


def _line_json(
    world: World, record: BuildRecord, number: int, *, stage: str, text: str = "", level: str = "info", daemon: bool = False
) -> dict[str, Any]:
    return {
        "id": number,
        "created_at": written(world.date(record.asked if record.begins_at == NEVER else record.begins_at)),
        "log_source": "provisioner_daemon" if daemon else "provisioner",
        "log_level": level,
        "stage": stage,
        "output": text,
    }
