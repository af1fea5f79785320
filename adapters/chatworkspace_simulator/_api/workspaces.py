"""Making, finding and changing workspaces."""

from __future__ import annotations

import re
from datetime import datetime
from time import sleep
from typing import Any
from uuid import UUID

from chatworkspace import InvalidArgumentError, Template
from chatworkspace.ports import CreateWorkspace, NameTakenError, NotAnsweredError
from chatworkspace_fake._platform.rules import LOST_RACE
from chatworkspace_fake._platform.workspaces import FakeWorkspace
from chatworkspace_simulator._api.errors import error_of
from chatworkspace_simulator._api.routes import Route
from chatworkspace_simulator._api.searching import workspace_matches
from chatworkspace_simulator._api.shapes.workspaces import workspace_json
from chatworkspace_simulator._api.world import World
from chatworkspace_simulator._http.messages import ApiError, Reply, Request, User, done, invalid, missing, optional_uuid, told

_NAME = re.compile(r"[a-zA-Z0-9]+(?:-[a-zA-Z0-9]+)*")
_AS_IT_IS = 304
_RESERVED = ("new", "create")
_LONGEST_NAME = 32
_BEFORE_MAKING = 0.01
"""Real seconds that a server takes, at least, between its look for a name and the workspace of that name."""
_TTL = (60_000, 30 * 86_400_000)
"""Milliseconds, at least and at most."""
GONE = "Workspace \"{}\" was deleted, you can view this workspace by specifying '?include_deleted=true' and trying again."


# ---------------------------------------------------------------- making


def create(world: World, request: Request) -> Reply:
    """Make a workspace of a user's."""
    owner, body = _owner(world, request), request.json()
    name = _name(body)
    template = _template(world, request.user, body)
    if "organization" in request.arguments and world.organization(request.user, request.arguments["organization"]) != template.organization_id:
        raise missing()
    parameters = parameters_of(body)
    wanted = CreateWorkspace(
        owner_id=owner.id,
        organization_id=template.organization_id,
        name=name,
        template_id=template.id,
        parameters=parameters,
        preset_id=optional_uuid(body.get("template_version_preset_id")),
        ttl=_ttl(body),
    )
    free = _looked_free(world, wanted)
    made = world.ask("create_workspace", lambda: _make(world, wanted, free=free))
    if body.get("automatic_updates") == "always":
        made.update_always()
    answer = workspace_json(world, made, asked=True)
    answer["latest_build"]["template_version_name"] = ""
    return told(answer, status=201)


def _owner(world: World, request: Request) -> User:
    """Return for whom it is to be. ApiError 403: the caller may make workspaces of their own alone."""
    name = request.arguments["user"]
    if not request.user.admin and name not in {"me", str(request.user.id), request.user.name}:
        raise ApiError(403, "Unauthorized to create workspace.", detail="You may make workspaces of your own; ask an administrator for more.")
    return world.user(request)


def _looked_free(world: World, wanted: CreateWorkspace) -> bool:
    """Look whether nothing has the name, as a server does a while before it makes anything; nobody else can come in between who is not there."""
    if not world.is_shared() or any((it.owner_id, it.name.lower()) == (wanted.owner_id, wanted.name.lower()) for it in world.platform.live()):
        return False
    sleep(_BEFORE_MAKING)
    return True


def _make(world: World, wanted: CreateWorkspace, *, free: bool) -> FakeWorkspace:
    """free: nothing had the name a moment ago, so that a race was lost if something has it now."""
    try:
        return world.platform.make(wanted)
    except NameTakenError as error:
        if free and world.platform.conflict_status is None:
            raise error_of(NotAnsweredError(LOST_RACE, in_flight=False)) from error
        raise _taken(wanted.name) from error


def _taken(name: str) -> ApiError:
    return ApiError(409, f'Workspace "{name}" already exists.', validations=(("name", "This value is already in use and should be unique."),))


def _name(body: dict[str, Any]) -> str:
    name = body.get("name", "")
    if not isinstance(name, str):
        raise ApiError(400, "Request body must be valid JSON.", detail="name: expected a string")
    if len(name) > _LONGEST_NAME or not _NAME.fullmatch(name) or name.lower() in _RESERVED:
        raise invalid("name", f'Validation failed for tag "workspace_name" with value: "{name}"')
    return name


def _template(world: World, user: User, body: dict[str, Any]) -> Template:
    by_id, by_version = (optional_uuid(body.get(field)) for field in ("template_id", "template_version_id"))
    if (by_id is None) == (by_version is None):
        tag = "required_without" if by_id is None else "excluded_with"
        fields = ("template_id", "template_version_id")
        raise ApiError(400, "Validation failed.", validations=tuple((it, f'Validation failed for tag "{tag}" with value: ""') for it in fields))
    there = (it for it in world.templates() if world.sees_organization(user, it.organization_id))
    template = next((it for it in there if (by_id or by_version) == (it.id if by_version is None else it.version_id)), None)
    if template is None:
        kind, field = ("Template", "template_id") if by_version is None else ("Template version", "template_version_id")
        raise ApiError(400, f'{kind} "{by_id or by_version}" doesn\'t exist.', validations=((field, "template not found"),))
    return template


def parameters_of(body: dict[str, Any]) -> dict[str, str]:
    """Return the values that come with a build. ApiError 400: they are no strings."""
    found: dict[str, str] = {}
    pairs: Any = body.get("rich_parameter_values") or ()
    for it in pairs:
        name, value = (it.get("name"), it.get("value")) if hasattr(it, "get") else (None, None)
        if not isinstance(name, str) or not isinstance(value, str):
            raise ApiError(400, "Request body must be valid JSON.", detail="rich_parameter_values: expected objects with a string name and value")
        found[name] = value
    return found


def _ttl(body: dict[str, Any]) -> float | None:
    """Return whole minutes, in seconds."""
    milliseconds = body.get("ttl_ms") or 0
    if not isinstance(milliseconds, int):
        raise ApiError(400, "Request body must be valid JSON.", detail="ttl_ms: expected an integer")
    if not milliseconds:
        return None
    if not _TTL[0] <= milliseconds <= _TTL[1]:
        limit = "at least one minute" if milliseconds < _TTL[0] else "less than 30 days"
        raise ApiError(400, "Invalid Workspace Time to Shutdown.", validations=(("ttl_ms", f"time until shutdown must be {limit}"),))
    return float(milliseconds // 60_000 * 60)


# ---------------------------------------------------------------- finding


def by_id(world: World, request: Request) -> Reply:
    """Return one, by id."""
    workspace_id = request.id("workspace")
    found = world.ask("get_workspace", lambda: world.workspace(request.user, workspace_id))
    if world.deleted(found) and request.query.get("include_deleted") != "true":
        raise ApiError(410, GONE.format(workspace_id))
    return told(workspace_json(world, found))


def by_name(world: World, request: Request) -> Reply:
    """Return one, by its owner and its name."""
    return told(workspace_json(world, named(world, request, call="find_workspace")))


def named(world: World, request: Request, *, call: str) -> FakeWorkspace:
    """Return the workspace whose owner and name are in the path. ApiError 404."""
    owner, name = world.user(request), request.arguments["name"]
    live = world.ask(call, lambda: world.platform.find(owner.id, name))
    if live is not None:
        return world.platform.made[live.id]
    if request.query.get("include_deleted") == "true":
        there = [it for it in world.coder.workspaces if it.owner_id == owner.id and it.name.lower() == name.lower() and world.deleted(it)]
        if there and not there[-1].hidden:
            return there[-1]
    raise missing()


def listed(world: World, request: Request) -> Reply:
    """Return those that fit a query."""
    matches = workspace_matches(request.query.get("q", ""), world, request.user.name)
    limit, offset = natural(request, "limit"), natural(request, "offset")
    found = world.ask("list_workspaces", lambda: [it for it in world.shown(request.user) if matches(it)])
    page = found[offset : offset + limit] if limit else found[offset:]
    return told({"workspaces": [workspace_json(world, it) for it in page], "count": len(found)})


def natural(request: Request, name: str, *, least: int = 0) -> int:
    """Return a number from the query, 0 by default. ApiError 400."""
    text = request.query.get(name, "0")
    if not text.removeprefix("-").isdecimal() or int(text) < least:
        raise ApiError(400, "Query parameters have invalid values.", validations=((name, f'Query param "{name}" must be a valid integer'),))
    return int(text)


# ---------------------------------------------------------------- changing


def _live(world: World, user: User, workspace_id: UUID) -> FakeWorkspace:
    found = world.workspace(user, workspace_id)
    if world.deleted(found):
        raise ApiError(410, GONE.format(workspace_id))
    return found


def record_use(world: World, request: Request) -> Reply:
    """Note that it is used."""
    workspace_id = request.id("workspace")
    world.ask("record_use", lambda: world.workspace(request.user, workspace_id).record_use())
    return done()


def extend(world: World, request: Request) -> Reply:
    """Move the time at which it stops by itself."""
    workspace = _live(world, request.user, request.id("workspace"))
    try:
        until = datetime.fromisoformat(str(request.json().get("deadline")).replace("Z", "+00:00"))
        ahead = (until - world.date(world.platform.time)).total_seconds()
    except (ValueError, TypeError) as error:
        raise ApiError(400, "Request body must be valid JSON.", detail=str(error)) from error
    if workspace.stops_at is None:
        raise ApiError(409, "Workspace shutdown is manual.")
    if ahead < 30 * 60:
        raise ApiError(400, "Cannot extend workspace: new deadline must be at least 30 minutes in the future.")
    workspace.extend(world.platform.time + ahead)
    return told({"message": f"Deadline updated to {until.isoformat()}."})


def set_ttl(world: World, request: Request) -> Reply:
    """Set after how long it stops by itself."""
    workspace = _live(world, request.user, request.id("workspace"))
    try:
        ttl = _ttl(request.json())
    except ApiError as error:
        raise ApiError(error.status, "Error updating workspace time until shutdown.", validations=error.validations) from error
    workspace.ttl = ttl
    workspace.changed()
    return done()


def set_dormancy(world: World, request: Request) -> Reply:
    """Put it to sleep, or wake it; 304: it is so."""
    workspace, wanted = world.workspace(request.user, request.id("workspace")), request.json().get("dormant")
    if not isinstance(wanted, bool):
        raise ApiError(400, "Request body must be valid JSON.", detail="dormant: expected a boolean")
    if wanted is workspace.dormant or (world.deleted(workspace) and world.level.gone_dormant == _AS_IT_IS):
        return done(_AS_IT_IS)
    workspace.go_dormant(stopping=False) if wanted else workspace.wake()
    return told(workspace_json(world, workspace))


def rename(world: World, request: Request) -> Reply:
    """Give it another name."""
    workspace, name = _live(world, request.user, request.id("workspace")), _name(request.json())
    if not world.platform.book.renames:
        raise ApiError(400, "Workspace renames are not allowed.")
    try:
        workspace.rename(name)
    except InvalidArgumentError as error:
        raise _taken(name) from error
    return done()


ROUTES = [
    Route(method="POST", path="/users/{user}/workspaces", handler=create),
    Route(method="POST", path="/organizations/{organization}/members/{user}/workspaces", handler=create),
    Route(method="GET", path="/workspaces", handler=listed),
    Route(method="GET", path="/workspaces/{workspace}", handler=by_id),
    Route(method="PATCH", path="/workspaces/{workspace}", handler=rename),
    Route(method="PUT", path="/workspaces/{workspace}/ttl", handler=set_ttl),
    Route(method="PUT", path="/workspaces/{workspace}/extend", handler=extend),
    Route(method="PUT", path="/workspaces/{workspace}/dormant", handler=set_dormancy),
    Route(method="POST", path="/workspaces/{workspace}/usage", handler=record_use),
    Route(method="GET", path="/users/{user}/workspace/{name}", handler=by_name),
]
