"""Who one is, which organizations there are, what one may use, and how the server is set up."""

from __future__ import annotations

from typing import Any, cast
from uuid import UUID

from chatworkspace_simulator._api.levels import EXPERIMENTAL, Level
from chatworkspace_simulator._api.routes import Route
from chatworkspace_simulator._api.shapes.users import organization_json, user_json
from chatworkspace_simulator._api.world import World
from chatworkspace_simulator._http.messages import NO_ROUTE, ApiError, Reply, Request, User, missing, told

NO_LIMIT = -1


def build_info(world: World, request: Request) -> Reply:
    """Which server this is."""
    del request
    return told(
        {
            "version": world.level.version,
            "external_url": "",
            "dashboard_url": "",
            "deployment_id": str(UUID(int=0)),
            "agent_api_version": "2.7",
            "provisioner_api_version": "1.14",
            "upgrade_message": "",
            "telemetry": False,
            "workspace_proxy": False,
        }
    )


def user(world: World, request: Request) -> Reply:
    """One user."""
    return told(user_json(world, world.user(request)))


def organizations(world: World, request: Request) -> Reply:
    """All that the caller may see, or those that a user is in."""
    if "user" in request.arguments:
        return told([organization_json(it) for it in world.organizations(world.user(request))])
    return told([organization_json(it) for it in world.organizations() if world.sees_organization(request.user, it)])


def organization(world: World, request: Request) -> Reply:
    """One organization."""
    return told(organization_json(world.organization(request.user, request.arguments["organization"])))


def quota(world: World, request: Request) -> Reply:
    """Answer with what a user uses and may use. ApiError 404: there are no quotas without a licence."""
    if not world.platform.book.licensed:
        raise ApiError(404, NO_ROUTE)
    owner = world.user(request)
    if "organization" in request.arguments:
        world.organization(request.user, request.arguments["organization"])
    found = world.ask("get_quota", lambda: world.platform.quota_of(owner.id))
    if found is None:
        used = sum(it.consumes(world.platform.time) for it in world.platform.live() if it.owner_id == owner.id)
        return told({"credits_consumed": used, "budget": NO_LIMIT})
    return told({"credits_consumed": found.consumed, "budget": found.budget})


def allowed(world: World, request: Request) -> Reply:
    """Say for each check whether the caller may: an administrator everything, others what is about workspaces of their own."""
    checks = request.json().get("checks")
    if not isinstance(checks, dict):
        raise ApiError(400, "Validation failed.", validations=(("checks", "an object is expected"),))
    return told({name: _may(world, request.user, check) for name, check in cast("dict[str, Any]", checks).items()})


def _may(world: World, user: User, check: Any) -> bool:
    about = _object(_object(check).get("object"))
    organization = about.get("organization_id")
    if organization and str(organization) not in {str(it) for it in world.organizations(None if user.admin else user)}:
        return False
    own = about.get("owner_id") in {"me", str(user.id)}
    return user.admin or (own and about.get("resource_type") == "workspace")


def _object(told: object) -> dict[str, Any]:
    return cast("dict[str, Any]", told) if isinstance(told, dict) else {}


def experiments(world: World, request: Request) -> Reply:
    """Answer with what is switched on that is not finished."""
    del request
    return told(["agents"] if world.level.chats == EXPERIMENTAL else [])


def chats_ttl(world: World, request: Request) -> Reply:
    """How long the workspaces of chats run; 0: as their templates say."""
    del world, request
    return told({"workspace_ttl_ms": 0})


def allow_list(world: World, request: Request) -> Reply:
    """Answer with the templates that chats may use, for administrators; empty: all."""
    if not request.user.admin:
        raise missing()
    templates = world.templates()
    allowed = [] if all(it.agents_allowed for it in templates) else [str(it.id) for it in templates if it.agents_allowed]
    return told({"template_ids": allowed})


def health(world: World, request: Request) -> Reply:
    """Say that the API is there."""
    del world, request
    return told({"message": "👋"})


def _chats_at(base: str) -> Route:
    def mounted(level: Level) -> bool:
        return level.chats == base

    return Route(method="GET", path=f"{base}/config/workspace-ttl", handler=chats_ttl, mounted=mounted)


ROUTES = [
    Route(method="GET", path="/", handler=health, for_everybody=True),
    Route(method="GET", path="/buildinfo", handler=build_info, for_everybody=True),
    Route(method="GET", path="/users/{user}", handler=user),
    Route(method="GET", path="/users/{user}/organizations", handler=organizations),
    Route(method="GET", path="/users/{user}/organizations/{organization}", handler=organization),
    Route(method="GET", path="/organizations", handler=organizations),
    Route(method="GET", path="/organizations/{organization}", handler=organization),
    Route(method="GET", path="/organizations/{organization}/members/{user}/workspace-quota", handler=quota),
    Route(method="GET", path="/workspace-quota/{user}", handler=quota),
    Route(method="POST", path="/authcheck", handler=allowed),
    Route(method="GET", path="/experiments", handler=experiments),
    _chats_at("/api/v2/chats"),
    _chats_at(EXPERIMENTAL),
    Route(method="GET", path=f"{EXPERIMENTAL}/config/template-allowlist", handler=allow_list, mounted=lambda level: level.allow_list),
]
