"""Watching a workspace: by server-sent events, over a WebSocket, and its agent alone."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from chatworkspace import Agent, JobStatus, Transition, UnavailableError, Workspace
from chatworkspace.ports import NotFoundError
from chatworkspace_fake._platform.watching import FakeWatch
from chatworkspace_fake._platform.workspaces import FakeWorkspace
from chatworkspace_simulator._api.routes import Route
from chatworkspace_simulator._api.shapes.workspaces import workspace_json
from chatworkspace_simulator._api.world import World
from chatworkspace_simulator._http.connections import Connection
from chatworkspace_simulator._http.ears import PING, hearing
from chatworkspace_simulator._http.messages import NOT_FOUND, ApiError, GoneError, Request, dumped
from chatworkspace_simulator._http.streams import Answer, Stream
from chatworkspace_simulator._http.websocket import WebSocket, refused, upgrade

EVENTS = "text/event-stream"
_SEVERAL, _UNKNOWN, _NONE = 1, 2, 3
"""Codes of agent-connection-watch."""

Tell = Callable[[str, object], None]
"""Sends an event: its kind, and its data."""


def _open(world: World, request: Request) -> tuple[FakeWorkspace, FakeWatch]:
    """Open a watch. ApiError: there is no such workspace, or no watching at all."""
    if not world.inside.watching:
        raise ApiError(404, "Route not found.")
    workspace_id = request.id("workspace")

    def act() -> tuple[FakeWorkspace, FakeWatch]:
        workspace = world.workspace(request.user, workspace_id)
        return workspace, world.inside.open_watch(workspace)

    return world.ask("watch", act)


# ---------------------------------------------------------------- whole workspaces


def watch_events(world: World, request: Request) -> Stream:
    """Watch by server-sent events."""
    workspace, watch = _open(world, request)

    def talk(connection: Connection) -> None:
        def tell(kind: str, data: object) -> None:
            body = b"" if kind == "ping" else b"data: " + dumped(data) + b"\n"
            connection.say_chunk(b"event: " + kind.encode() + b"\n" + body + b"\n")

        with hearing(None, connection, world.clock, at_end=watch.close):
            _tell_all(world, workspace, watch, tell)

    return Stream(content_type=EVENTS, headers={"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}, talk=talk)


def watch_socket(world: World, request: Request) -> Answer:
    """Watch over a WebSocket."""
    refusal = refused(request)
    if refusal is not None:
        return refusal
    workspace, watch = _open(world, request)

    def talk(connection: Connection) -> None:
        socket = WebSocket(connection)

        begun = False

        def tell(kind: str, data: object) -> None:
            nonlocal begun
            if kind == "ping" and begun:
                socket.ping()
            else:
                socket.send(dumped({"type": kind, "data": data}).decode() + "\n")
            begun = True

        with hearing(socket, connection, world.clock, at_end=watch.close):
            _tell_all(world, workspace, watch, tell)

    return upgrade(request, talk)


def _tell_all(world: World, workspace: FakeWorkspace, watch: FakeWatch, tell: Tell) -> None:
    """Tell every state, more than once, and from time to time that the server is there. Returns when the watch is broken or closed."""
    try:
        with suppress(GoneError, UnavailableError):
            tell("ping", None)
            while True:
                state = watch.next(world.clock.monotonic() + PING)
                if state is None:
                    tell("ping", None)
                    continue
                for _ in range(world.repeats):
                    tell("data", workspace_json(world, workspace))
    except NotFoundError:
        with suppress(GoneError):
            tell("error", {"message": "Internal error fetching workspace.", "detail": NOT_FOUND})
    finally:
        watch.close()


# ---------------------------------------------------------------- the agent alone


def watch_agent(world: World, request: Request) -> Answer:
    """Watch builds, and one agent of the latest."""
    refusal = refused(request)
    if refusal is not None:
        return refusal
    _, watch = _open(world, request)
    name = request.query.get("agent_name")

    def talk(connection: Connection) -> None:
        socket = WebSocket(connection)
        with hearing(socket, connection, world.clock, at_end=watch.close), suppress(GoneError, UnavailableError, NotFoundError):
            _tell_agent(world, watch, socket, name)
        watch.close()

    return upgrade(request, talk)


def _tell_agent(world: World, watch: FakeWatch, socket: WebSocket, name: str | None) -> None:
    before: list[Any] = []
    while True:
        state = watch.next(world.clock.monotonic() + PING)
        if state is None:
            socket.ping()
            continue
        updates, problem = _updates(state, name)
        for update in (it for it in updates if it not in before):
            socket.send(dumped({"error": None, "build_update": None, "agent_update": None, **update}).decode())
        if problem is not None:
            socket.send(dumped({"error": problem, "build_update": None, "agent_update": None}).decode())
            socket.close(reason="error")
            return
        before = updates


def _updates(state: Workspace, name: str | None) -> tuple[list[dict[str, Any]], dict[str, Any] | None]:
    """Return what is to be told of a state, and what is wrong with the question."""
    build = {"build_update": {"transition": state.build.transition.value, "job_status": state.build.job_status.value}}
    if (state.build.transition, state.build.job_status) != (Transition.START, JobStatus.SUCCEEDED):
        return [build], None
    chosen: list[Agent] = [it for it in state.agents if (it.parent_id is None if name is None else it.name == name)]
    if len(chosen) == 1:
        return [build, {"agent_update": {"id": str(chosen[0].id), "lifecycle": chosen[0].lifecycle.value}}], None
    if chosen:
        return [build], _problem(_SEVERAL, "workspace has several agents: name one")
    return [build], _problem(_UNKNOWN if name and state.agents else _NONE, "agent not found")


def _problem(code: int, message: str) -> dict[str, Any]:
    return {"code": code, "retryable": False, "message": message, "details": ""}


ROUTES = [
    Route(method="GET", path="/workspaces/{workspace}/watch", handler=watch_events),
    Route(method="GET", path="/workspaces/{workspace}/watch-ws", handler=watch_socket, mounted=lambda level: level.watch_ws),
    Route(
        method="GET",
        path="/workspaces/{workspace}/agent-connection-watch",
        handler=watch_agent,
        mounted=lambda level: level.agent_connection_watch,
    ),
]
