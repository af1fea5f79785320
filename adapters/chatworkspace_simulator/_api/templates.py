"""Templates and their versions."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any
from uuid import UUID

from chatworkspace import Template
from chatworkspace_fake._platform.states import Blueprint
from chatworkspace_simulator._api.agent_shapes import written
from chatworkspace_simulator._api.routes import Route
from chatworkspace_simulator._api.searching import template_matches
from chatworkspace_simulator._api.shapes import job_of_import, named_user, version_name
from chatworkspace_simulator._api.world import World, organization_name
from chatworkspace_simulator._http.messages import Reply, Request, missing, told

_LONG_AGO = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)


# ---------------------------------------------------------------- templates


def templates(world: World, request: Request) -> Reply:
    """All of an organization, or of every one; without the deprecated ones unless they are asked for."""
    organization = world.organization(request.arguments["organization"]) if "organization" in request.arguments else None
    matches = template_matches(request.query.get("q", ""), world)

    def listed() -> list[Template]:
        return [it for it in world.templates() if organization in {None, it.organization_id} and matches(it)]

    return told([template_json(world, it) for it in world.ask("list_templates", listed)])


def template(world: World, request: Request) -> Reply:
    """One, by id."""
    template_id = request.id("template")
    return told(template_json(world, world.ask("get_template", lambda: world.platform.template(template_id))))


def template_by_name(world: World, request: Request) -> Reply:
    """One, by the name that it has in its organization."""
    organization, name = world.organization(request.arguments["organization"]), request.arguments["name"].lower()

    def named() -> Template | None:
        return next((it for it in world.templates() if it.organization_id == organization and it.name.lower() == name), None)

    found = world.ask("get_template", named)
    if found is None:
        raise missing()
    return told(template_json(world, found))


def template_json(world: World, it: Template) -> dict[str, Any]:
    """Return a template as the server tells it."""
    blueprint = world.platform.blueprints[it.id]
    owners = {workspace.owner_id for workspace in world.platform.live() if workspace.template.id == it.id}
    organization = organization_name(it.organization_id)
    later = {
        "deleted": False,
        "cors_behavior": "simple",
        "disable_module_cache": False,
        "use_classic_parameter_flow": blueprint.evaluation is None,
        "agents_allowed": it.agents_allowed,
        "allow_workspace_renames": True,
    }
    return {
        "id": str(it.id),
        "created_at": written(_LONG_AGO),
        "updated_at": written(_LONG_AGO),
        "organization_id": str(it.organization_id),
        "organization_name": organization,
        "organization_display_name": organization.title(),
        "organization_icon": "",
        "name": it.name,
        "display_name": it.display_name,
        "provisioner": "terraform",
        "active_version_id": str(it.version_id),
        "active_user_count": len(owners),
        "build_time_stats": {transition: {"p50": None, "p95": None} for transition in ("start", "stop", "delete")},
        "description": it.description,
        "deprecated": it.deprecated,
        "deprecation_message": "this template is deprecated" if it.deprecated else "",
        "icon": "",
        "default_ttl_ms": 0,
        "activity_bump_ms": 3600000,
        "autostop_requirement": {"days_of_week": [], "weeks": 1},
        "autostart_requirement": {"days_of_week": []},
        "created_by_id": str(UUID(int=0)),
        "created_by_name": "admin",
        "allow_user_autostart": True,
        "allow_user_autostop": True,
        "allow_user_cancel_workspace_jobs": True,
        "failure_ttl_ms": 0,
        "time_til_dormant_ms": 0,
        "time_til_dormant_autodelete_ms": 0,
        "require_active_version": blueprint.require_active,
        "max_port_share_level": "owner",
        **{name: value for name, value in later.items() if name in world.level.template_fields},
    }


# ---------------------------------------------------------------- versions


def version(world: World, request: Request) -> Reply:
    """One version of a template."""
    return told(_version_json(world, *world.version(request.id("version"))))


def versions(world: World, request: Request) -> Reply:
    """All of a template that are known still: the active one."""
    it = world.platform.templates.get(request.id("template"))
    if it is None:
        raise missing()
    return told([_version_json(world, it, world.platform.blueprints[it.id])])


def _version_json(world: World, it: Template, blueprint: Blueprint) -> dict[str, Any]:
    body: dict[str, Any] = {
        "id": str(blueprint.version_id),
        "template_id": str(it.id),
        "organization_id": str(it.organization_id),
        "created_at": written(_LONG_AGO),
        "updated_at": written(_LONG_AGO),
        "name": version_name(blueprint.version_id),
        "message": "",
        "job": job_of_import(it, blueprint.version_id),
        "readme": it.readme,
        "created_by": named_user(UUID(int=0), "admin"),
        "archived": False,
        "matched_provisioners": {"count": 1, "available": 1, "most_recently_seen": written(world.clock.now())},
    }
    return body | ({"has_external_agent": blueprint.external_agent} if world.level.external_agents else {})


ROUTES = [
    Route(method="GET", path="/templates", handler=templates),
    Route(method="GET", path="/templates/{template}", handler=template),
    Route(method="GET", path="/templates/{template}/versions", handler=versions),
    Route(method="GET", path="/organizations/{organization}/templates", handler=templates),
    Route(method="GET", path="/organizations/{organization}/templates/{name}", handler=template_by_name),
    Route(method="GET", path="/templateversions/{version}", handler=version),
]
