"""Workspaces as the server writes them."""

from __future__ import annotations

from typing import Any

from chatworkspace import Template, Workspace
from chatworkspace_fake._platform.states import agent_life
from chatworkspace_fake._platform.values import is_classic
from chatworkspace_fake._platform.workspaces import FakeWorkspace
from chatworkspace_simulator._api.shapes.agents import unhealthy
from chatworkspace_simulator._api.shapes.basics import written
from chatworkspace_simulator._api.shapes.builds import build_json, just_asked
from chatworkspace_simulator._api.world import World, organization_name

_NEVER_YET = "0001-01-01T00:00:00Z"
"""A time that never was, where the server does not leave it out."""


def workspace_json(world: World, it: FakeWorkspace, *, asked: bool = False) -> dict[str, Any]:
    """Return a workspace as it is. asked: as it is told to whoever has just asked for its latest build."""
    with it.lock:
        told, record, life = it.told(), it.latest, agent_life(it.latest, it.deeds)
    template = world.platform.templates[it.template.id]
    blueprint = world.platform.blueprints[template.id]
    build = (
        build_json(world, it, record, just_asked(told.build)) if asked else build_json(world, it, record, told.build, agents=told.agents, life=life)
    )
    failing = [str(agent.id) for agent in told.agents if unhealthy(agent, connecting=not world.level.connecting_is_healthy)]
    later: dict[str, Any] = {
        "is_prebuild": False,
        "task_id": None,
        "latest_app_status": None,
        "next_start_at": None,
        "template_use_classic_parameter_flow": is_classic(blueprint, world.platform.book),
        "shared_with": [],
    }
    return {
        **_identity(world, it, told, template),
        "template_active_version_id": str(template.version_id),
        "template_require_active_version": told.required_version_id is not None,
        "latest_build": build,
        "outdated": record.blueprint.version_id != template.version_id,
        "name": told.name,
        "autostart_schedule": None,
        "ttl_ms": None if it.ttl is None else int(it.ttl * 1000),
        "last_used_at": written(world.date(it.used_at)) if it.uses else _NEVER_YET,
        "deleting_at": None,
        "dormant_at": written(world.date(record.asked)) if told.dormant else None,
        "health": {"healthy": not failing, "failing_agents": failing},
        "automatic_updates": "always" if it.updates_always else "never",
        "allow_renames": world.platform.book.renames,
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
