"""Builds: asking for one, reading, canceling, and their logs."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from chatworkspace import JobStatus, Transition
from chatworkspace_fake._platform.states import Blueprint, BuildRecord
from chatworkspace_fake._platform.workspaces import UNTIL_OVER, FakeWorkspace
from chatworkspace_simulator._api.routes import Route
from chatworkspace_simulator._api.shapes.builds import asked_build_json, log_json, past_build_json
from chatworkspace_simulator._api.workspaces import named, natural, parameters_of
from chatworkspace_simulator._api.world import World
from chatworkspace_simulator._http.connections import Connection
from chatworkspace_simulator._http.ears import hearing
from chatworkspace_simulator._http.messages import ACTIVE, ApiError, GoneError, Reply, Request, dumped, invalid, missing, optional_uuid, told
from chatworkspace_simulator._http.streams import Answer
from chatworkspace_simulator._http.websocket import WebSocket, upgrade

_REASONS = frozenset({"dashboard", "cli", "ssh_connection", "vscode_connection", "jetbrains_connection", "task_manual_pause"})
_LOOK = 1.0
"""Seconds of the clock after which a log is looked at, whatever is known of it."""


# ---------------------------------------------------------------- asking


def build(world: World, request: Request) -> Reply:
    """Ask for a start, a stop or a deletion."""
    body, workspace_id = request.json(), request.id("workspace")
    transition = _transition(body)
    if world.level.build_reasons and body.get("reason") not in {None, "", *_REASONS}:
        raise invalid("reason", f'Validation failed for tag "oneof" with value: "{body["reason"]}"')
    parameters = parameters_of(body)

    def act() -> tuple[FakeWorkspace, BuildRecord]:
        workspace = world.workspace(request.user, workspace_id)
        with workspace.lock:
            _check(world, workspace, transition)
            world.platform.build(workspace, transition, parameters, version=_version(world, workspace, body, transition))
            return workspace, workspace.latest

    workspace, record = world.ask(f"{transition.value}_workspace", act)
    return told(asked_build_json(world, workspace, record), status=201)


def _transition(body: dict[str, Any]) -> Transition:
    wanted = body.get("transition", "")
    for it in Transition:
        if it.value == wanted:
            return it
    raise invalid("transition", f'Validation failed for tag "oneof" with value: "{wanted}"')


def _check(world: World, workspace: FakeWorkspace, transition: Transition) -> None:
    if world.deleted(workspace) and transition is not Transition.DELETE and not world.platform.book.starts_deleted:
        raise ApiError(409, f"Cannot {transition.value} a deleted workspace!", detail="This workspace has been deleted and cannot be modified.")
    if workspace.latest.status_at(world.platform.time) in UNTIL_OVER:
        raise ApiError(409, ACTIVE, detail=ACTIVE)
    if workspace.dormant and transition is Transition.START and not world.level.start_wakes:
        raise ApiError(403, "insert workspace build: rbac: forbidden")


def _version(world: World, workspace: FakeWorkspace, body: dict[str, Any], transition: Transition) -> Blueprint:
    """Return the version to build: that of the build before, unless another is asked for. Whoever may not choose is refused an old one."""
    wanted = optional_uuid(body.get("template_version_id"))
    version = workspace.latest.blueprint
    if wanted is not None:
        try:
            template, version = world.version(wanted)
        except ApiError as error:
            raise ApiError(400, "template version does not exist") from error
        if template.id != workspace.template.id:
            raise ApiError(400, "template version doesn't match template")
    required = world.platform.required_version(workspace.template.id)
    if transition is Transition.START and required is not None and version.version_id != required:
        raise ApiError(403, "You are not authorized to use a version that is not the active one.")
    return version


# ---------------------------------------------------------------- reading


def _find(world: World, request: Request) -> tuple[FakeWorkspace, BuildRecord]:
    build_id = request.id("build")
    for workspace in tuple(world.platform.made.values()):
        for record in reversed(workspace.records):
            if record.id == build_id and world.sees(request.user, workspace):
                return workspace, record
    raise missing()


def by_id(world: World, request: Request) -> Reply:
    """Return one, by id."""
    world.platform.catch_up()
    return told(past_build_json(world, *_find(world, request)))


def by_number(world: World, request: Request) -> Reply:
    """Return one, by its owner, workspace and number."""
    workspace = named(world, request, call="get_workspace")
    found = next((it for it in workspace.records if str(it.number) == request.arguments["number"]), None)
    if found is None:
        raise missing()
    return told(past_build_json(world, workspace, found))


def of_workspace(world: World, request: Request) -> Reply:
    """Return all of a workspace, the newest first."""
    workspace = world.workspace(request.user, request.id("workspace"))
    limit, offset = natural(request, "limit"), natural(request, "offset")
    records = workspace.records[::-1][offset:]
    return told([past_build_json(world, workspace, it) for it in (records[:limit] if limit else records)])


def parameters(world: World, request: Request) -> Reply:
    """Return the values that it was built with."""
    _, record = _find(world, request)
    return told([{"name": name, "value": value} for name, value in record.values.items()])


def cancel(world: World, request: Request) -> Reply:
    """Cancel a build under way."""
    workspace, record = _find(world, request)
    with workspace.lock:
        status = workspace.latest.status_at(world.platform.time) if workspace.latest.id == record.id else JobStatus.SUCCEEDED
        if status not in UNTIL_OVER:
            raise ApiError(400, "Job has already completed!")
        expected = request.query.get("expect_status")
        if expected is not None and expected != status.value:
            raise ApiError(412, f"Job is {status.value}, not {expected}.")
        workspace.cancel()
    return told({"message": "Job has been marked as canceled..."})


# ---------------------------------------------------------------- logs


def logs(world: World, request: Request) -> Answer:
    """Return the log so far, or follow it over a WebSocket: `follow` may have any value."""
    workspace, record = _find(world, request)
    after = natural(request, "after", least=-1)
    lines = world.ask("build_log", lambda: log_json(world, _current(workspace, record)))
    if "follow" in request.query:
        return upgrade(request, lambda connection: _follow(world, workspace, record, after, connection))
    return told([it for it in lines if it["id"] > after])


def _current(workspace: FakeWorkspace, record: BuildRecord) -> BuildRecord:
    """Return a build as it is now: it may have been canceled, or taken by a provisioner, since."""
    return next(it for it in workspace.records if it.id == record.id)


def _follow(world: World, workspace: FakeWorkspace, record: BuildRecord, after: int, connection: Connection) -> None:
    socket = WebSocket(connection)
    with hearing(socket, connection, world.clock) as ears, suppress(GoneError):
        while not ears.over:
            signal = ears.signal
            workspace.listen(signal)
            build = _current(workspace, record)
            now = world.platform.time
            for line in log_json(world, build):
                if line["id"] > after:
                    socket.send(dumped(line).decode())
                    after = line["id"]
            if build.status_at(now) not in UNTIL_OVER:
                socket.close()
                return
            ears.wait(min(build.next_line_at(now), now + _LOOK))
            workspace.unlisten(signal)


ROUTES = [
    Route(method="POST", path="/workspaces/{workspace}/builds", handler=build),
    Route(method="GET", path="/workspaces/{workspace}/builds", handler=of_workspace),
    Route(method="GET", path="/workspacebuilds/{build}", handler=by_id),
    Route(method="GET", path="/workspacebuilds/{build}/parameters", handler=parameters),
    Route(method="PATCH", path="/workspacebuilds/{build}/cancel", handler=cancel),
    Route(method="GET", path="/workspacebuilds/{build}/logs", handler=logs),
    Route(method="GET", path="/users/{user}/workspace/{name}/builds/{number}", handler=by_number),
]
