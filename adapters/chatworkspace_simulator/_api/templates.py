"""Templates and their versions."""

from __future__ import annotations

from chatworkspace import Template
from chatworkspace_simulator._api.routes import Route
from chatworkspace_simulator._api.searching import template_matches
from chatworkspace_simulator._api.shapes.templates import template_json, version_json
from chatworkspace_simulator._api.world import World
from chatworkspace_simulator._http.messages import Reply, Request, missing, told

# ---------------------------------------------------------------- templates


def templates(world: World, request: Request) -> Reply:
    """All of an organization, or of every one; without the deprecated ones unless they are asked for."""
    organization = world.organization(request.user, request.arguments["organization"]) if "organization" in request.arguments else None
    matches = template_matches(request.query.get("q", ""), world)

    def listed() -> list[Template]:
        seen = (it for it in world.templates() if world.sees_organization(request.user, it.organization_id))
        return [it for it in map(world.platform.told_template, seen) if organization in {None, it.organization_id} and matches(it)]

    return told([template_json(world, it) for it in world.ask("list_templates", listed)])


def template(world: World, request: Request) -> Reply:
    """One, by id."""
    template_id = request.id("template")
    found = world.ask("get_template", lambda: world.platform.template(template_id))
    if not world.sees_organization(request.user, found.organization_id):
        raise missing()
    return told(template_json(world, found))


def template_by_name(world: World, request: Request) -> Reply:
    """One, by the name that it has in its organization."""
    organization, name = world.organization(request.user, request.arguments["organization"]), request.arguments["name"].lower()

    def named() -> Template | None:
        return next((it for it in world.templates() if it.organization_id == organization and it.name.lower() == name), None)

    found = world.ask("get_template", named)
    if found is None:
        raise missing()
    return told(template_json(world, found))


# ---------------------------------------------------------------- versions


def version(world: World, request: Request) -> Reply:
    """One version of a template."""
    return told(version_json(world, *world.seen_version(request.user, request.id("version"))))


def versions(world: World, request: Request) -> Reply:
    """All of a template that are known still: the active one."""
    it = world.platform.templates.get(request.id("template"))
    if it is None or not world.sees_organization(request.user, it.organization_id):
        raise missing()
    return told([version_json(world, it, world.platform.blueprints[it.id])])


def external_logins(world: World, request: Request) -> Reply:
    """Answer with the other services that a version wants its users to be signed in at: none."""
    world.seen_version(request.user, request.id("version"))
    return told([])


ROUTES = [
    Route(method="GET", path="/templates", handler=templates),
    Route(method="GET", path="/templates/{template}", handler=template),
    Route(method="GET", path="/templates/{template}/versions", handler=versions),
    Route(method="GET", path="/organizations/{organization}/templates", handler=templates),
    Route(method="GET", path="/organizations/{organization}/templates/{name}", handler=template_by_name),
    Route(method="GET", path="/templateversions/{version}", handler=version),
    Route(method="GET", path="/templateversions/{version}/external-auth", handler=external_logins),
]
