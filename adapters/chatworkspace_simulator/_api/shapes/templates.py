"""Templates and their versions as the server writes them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from chatworkspace import Template
from chatworkspace_fake._platform.states import Blueprint
from chatworkspace_fake._platform.values import is_classic
from chatworkspace_simulator._api.shapes.basics import LONG_AGO, derived, named_user, version_name, written
from chatworkspace_simulator._api.world import World, organization_name

_NO_POLICIES: dict[str, Any] = {
    "default_ttl_ms": 0,
    "activity_bump_ms": 3600000,
    "autostop_requirement": {"days_of_week": [], "weeks": 1},
    "autostart_requirement": {"days_of_week": []},
    "allow_user_autostart": True,
    "allow_user_autostop": True,
    "allow_user_cancel_workspace_jobs": True,
    "failure_ttl_ms": 0,
    "time_til_dormant_ms": 0,
    "time_til_dormant_autodelete_ms": 0,
    "max_port_share_level": "owner",
}
"""When workspaces stop, sleep and end by themselves: never, here."""


def template_json(world: World, it: Template) -> dict[str, Any]:
    """Return a template as the server tells it."""
    blueprint, it = world.platform.blueprints[it.id], world.platform.told_template(it)
    owners = {workspace.owner_id for workspace in world.platform.live() if workspace.template.id == it.id}
    later = {
        "deleted": False,
        "cors_behavior": "simple",
        "disable_module_cache": False,
        "use_classic_parameter_flow": is_classic(blueprint, world.platform.book),
        "agents_allowed": it.agents_allowed,
        "allow_workspace_renames": world.platform.book.renames,
    }
    return {
        "id": str(it.id),
        "created_at": written(LONG_AGO),
        "updated_at": written(LONG_AGO),
        **_organization(it),
        "name": it.name,
        "display_name": it.display_name,
        "provisioner": "terraform",
        "active_version_id": str(it.version_id),
        "active_user_count": len(owners),
        "build_time_stats": {transition: {"P50": None, "P95": None} for transition in ("start", "stop", "delete")},
        "description": it.description,
        "deprecated": it.deprecated,
        "deprecation_message": "this template is deprecated" if it.deprecated else "",
        "icon": "",
        "created_by_id": str(UUID(int=0)),
        "created_by_name": "admin",
        **_NO_POLICIES,
        "require_active_version": world.platform.required_version(it.id) is not None,
        **{name: value for name, value in later.items() if name in world.level.template_fields},
    }


def _organization(it: Template) -> dict[str, str]:
    name = organization_name(it.organization_id)
    return {
        "organization_id": str(it.organization_id),
        "organization_name": name,
        "organization_display_name": name.title(),
        "organization_icon": "",
    }


def version_json(world: World, it: Template, blueprint: Blueprint) -> dict[str, Any]:
    """Return a version of a template."""
    body: dict[str, Any] = {
        "id": str(blueprint.version_id),
        "template_id": str(it.id),
        "organization_id": str(it.organization_id),
        "created_at": written(LONG_AGO),
        "updated_at": written(LONG_AGO),
        "name": version_name(blueprint.version_id),
        "message": "",
        "job": job_of_version(it, blueprint.version_id, "job", "template_version_import"),
        "readme": it.readme,
        "created_by": named_user(UUID(int=0), "admin"),
        "archived": False,
        "matched_provisioners": {"count": 1, "available": 1, "most_recently_seen": written(world.clock.now())},
    }
    return body | ({"has_external_agent": blueprint.external_agent} if world.level.external_agents else {})


def job_of_version(template: Template, version_id: UUID, what: str, kind: str) -> dict[str, Any]:
    """Return a job about a version, which is over: the import that read it in, say. what: names it among those of the version."""
    return {
        "id": derived(version_id, what),
        "created_at": written(LONG_AGO),
        "started_at": written(LONG_AGO),
        "completed_at": written(LONG_AGO),
        "status": "succeeded",
        "file_id": derived(version_id, "file"),
        "tags": {"owner": "", "scope": "organization"},
        "queue_position": 0,
        "queue_size": 0,
        "organization_id": str(template.organization_id),
        "input": {"template_version_id": str(version_id)},
        "type": kind,
    }
