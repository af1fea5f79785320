"""Agents: reading one, reaching it, and a terminal in it."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from math import inf
from typing import Any
from uuid import UUID

from chatworkspace import Agent, AgentStatus
from chatworkspace.ports import DialError
from chatworkspace_fake import RealShell
from chatworkspace_fake._platform.states import agent_life
from chatworkspace_fake._platform.workspaces import FakeWorkspace
from chatworkspace_simulator._api.pseudo_terminal import Opened, show
from chatworkspace_simulator._api.routes import Route
from chatworkspace_simulator._api.shapes.agents import agent_json
from chatworkspace_simulator._api.shapes.basics import derived
from chatworkspace_simulator._api.terminal import shown
from chatworkspace_simulator._api.world import World, required
from chatworkspace_simulator._http.connections import Connection
from chatworkspace_simulator._http.messages import HTML, NO_AGENT, ApiError, GoneError, Reply, Request, User, missing, told, uuid_of
from chatworkspace_simulator._http.streams import Answer
from chatworkspace_simulator._http.websocket import INTERNAL_ERROR, WebSocket, upgrade

Talk = Callable[[WebSocket, Connection], None]

_PIECE = 4096
"""Bytes of a terminal's output that come in one message at most."""
_NO_TERMINAL = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{0} - Terminal</title></head><body><h1>{0}</h1><p>{1}</p></body></html>
"""


def _find(world: World, user: User, agent_id: UUID) -> tuple[FakeWorkspace, Agent]:
    """Return an agent of a latest build. ApiError 404: those of builds before are gone."""
    world.platform.catch_up()
    for workspace in tuple(world.platform.made.values()):
        if agent_id in workspace.latest.agent_ids and world.sees(user, workspace):
            for agent in workspace.told().agents:
                if agent.id == agent_id:
                    return workspace, agent
    raise missing()


def by_id(world: World, request: Request) -> Reply:
    """Return one, by id."""
    workspace, agent = _find(world, request.user, request.id("agent"))
    with workspace.lock:
        life = agent_life(workspace.latest, workspace.deeds)
        resource = derived(workspace.latest.id, "resource")
    if life is None:
        raise missing()
    return told(agent_json(world, workspace, agent, life, resource))


def listening_ports(world: World, request: Request) -> Reply:
    """Reach the agent, and return the ports that something listens on in its workspace: none."""
    agent_id = request.id("agent")

    def reach() -> list[dict[str, Any]]:
        try:
            workspace, agent = _find(world, request.user, agent_id)
        except ApiError as error:
            known = any(
                agent_id in it.agent_ids for one in tuple(world.platform.made.values()) if world.sees(request.user, one) for it in one.records
            )
            raise _state("disconnected") if known else ApiError(404, NO_AGENT) from error
        if agent.status is not AgentStatus.CONNECTED:
            raise _state(agent.status.value)
        world.platform.dial(workspace, agent_id, inf)
        return []

    return told({"ports": world.ask("dial", reach)})


def _state(state: str) -> ApiError:
    return ApiError(400, f'Agent state is "{state}", it must be in the "connected" state.')


def logs(world: World, request: Request) -> Reply:
    """Return what its scripts said: nothing."""
    _find(world, request.user, request.id("agent"))
    return told([])


def credentials(world: World, request: Request) -> Reply:
    """Return how to start an external agent on its host."""
    workspace = world.workspace(request.user, request.id("workspace"))
    if not workspace.latest.blueprint.external_agent:
        raise ApiError(404, "Workspace does not have an external agent.")
    name = request.arguments["name"]
    agent = next((it for it in workspace.told().agents if it.name == name), None)
    if agent is None:
        raise ApiError(404, f"External agent '{name}' not found in workspace.")
    token = derived(agent.id, "token")
    return told({"agent_token": token, "command": f"curl -fsSL http://localhost/api/v2/init-script/linux/amd64 | CODER_AGENT_TOKEN={token} sh"})


# ---------------------------------------------------------------- terminal


def terminal(world: World, request: Request) -> Answer:
    """Open a terminal over a WebSocket, with a command or, without one, a shell that is typed into."""
    uuid_of(required(request, "reconnect"), "reconnect")
    for name in ("width", "height"):
        if not request.query.get(name, "0").isdecimal():
            raise ApiError(400, "Query parameters have invalid values.", validations=((name, f'Query param "{name}" must be a valid integer'),))
    try:
        workspace, agent = _find(world, request.user, request.id("agent"))
    except ApiError:
        return _page(404, "Agent not found.")
    if agent.status is not AgentStatus.CONNECTED:
        return _page(world.level.unreachable_terminal, "The agent is not connected.")
    command = request.query.get("command", "")
    shell = world.coder.shell
    if isinstance(shell, RealShell):
        size = {"columns": int(request.query.get("width", "80")), "lines": int(request.query.get("height", "24"))}
        opened = partial(shell.open_terminal, workspace.made_as, command or "sh", **size)
        return upgrade(request, partial(_attach, world, workspace, agent, partial(_run, opened)))
    return upgrade(request, partial(_attach, world, workspace, agent, partial(_talk, world, command)))


def _page(status: int, text: str) -> Reply:
    """Return the page that is shown in a terminal's place, whatever is accepted."""
    return Reply(status=status, body=_NO_TERMINAL.format(status, text).encode(), content_type=HTML)


def _attach(world: World, workspace: FakeWorkspace, agent: Agent, talk: Talk, connection: Connection) -> None:
    """Reach the agent, and let it and the client talk."""
    socket = WebSocket(connection)
    with suppress(GoneError):
        try:
            world.platform.dial(workspace, agent.id, inf)
        except DialError as error:
            socket.close(INTERNAL_ERROR, f"dial workspace agent: {error}")
        else:
            talk(socket, connection)
        socket.wait_for_goodbye()


def _run(opened: Opened, socket: WebSocket, connection: Connection) -> None:
    show(socket, opened, connection.stopping)


def _talk(world: World, command: str, socket: WebSocket, _connection: Connection) -> None:
    if command:
        _show(socket, shown(command, world.coder.on_run))
    else:
        _shell(world, socket)
    socket.close()


def _show(socket: WebSocket, output: bytes) -> None:
    """Send what a terminal shows, in pieces of some kilobytes, wherever those end; nothing is one piece, too."""
    for begin in range(0, len(output) or 1, _PIECE):
        socket.send(output[begin : begin + _PIECE])


def _shell(world: World, socket: WebSocket) -> None:
    """Answer what is typed, a line at a time, and show it as it is typed. Returns at `exit`, or when the client goes."""
    typed = ""
    socket.send(b"$ ")
    while (message := socket.receive()) is not None:
        data = _typed(message)
        typed += data
        socket.send(data.replace("\n", "\r\n").encode("utf-8", "replace"))
        while "\n" in typed.replace("\r", "\n"):
            line, _, typed = typed.replace("\r", "\n").partition("\n")
            if line.strip() == "exit":
                return
            if line.strip():
                _show(socket, shown(line.strip(), world.coder.on_run) + b"\r\n")
            socket.send(b"$ ")


def _typed(message: bytes) -> str:
    """Return the keys in a message; another may tell the size of the window alone."""
    try:
        value = json.loads(message)
    except ValueError:
        return ""
    data = value.get("data") if hasattr(value, "get") else None
    return data if isinstance(data, str) else ""


ROUTES = [
    Route(method="GET", path="/workspaceagents/{agent}", handler=by_id),
    Route(method="GET", path="/workspaceagents/{agent}/listening-ports", handler=listening_ports),
    Route(method="GET", path="/workspaceagents/{agent}/logs", handler=logs),
    Route(method="GET", path="/workspaceagents/{agent}/pty", handler=terminal),
    Route(
        method="GET",
        path="/workspaces/{workspace}/external-agent/{name}/credentials",
        handler=credentials,
        mounted=lambda level: level.external_agents,
    ),
]
