"""Watching: by server-sent events, over a WebSocket, an agent alone, and the log of a build."""

from __future__ import annotations

from itertools import islice

import pytest

from chatworkspace_fake import NEVER, Fails, FakeCoder, ScaledClock
from chatworkspace_simulator import CoderSimulator
from tests.adapters.simulator.client import Client, Refused, Socket, events, made
from tests.hanging import until


def test_server_sent_events(simulator: CoderSimulator, client: Client) -> None:
    """A sign of life without data, the state as it is, then each that differs."""
    workspace = made(simulator.coder)
    with client.ask("GET", f"/workspaces/{workspace.id}/watch", stream=True) as answer:
        told = events(answer)
        assert answer.headers["Content-Type"] == "text/event-stream"
        assert next(told) == ("ping", None)
        kind, state = next(told)
        assert (kind, state["latest_build"]["status"]) == ("data", "running")
        assert next(told)[1]["latest_build"]["status"] == "running"
        workspace.stop()
        assert next(told)[1]["latest_build"]["status"] == "stopped"


def test_the_same_over_a_websocket(simulator: CoderSimulator, client: Client) -> None:
    """In envelopes that tell their kind; each state is told more than once."""
    workspace = made(simulator.coder)
    with client.open(f"/workspaces/{workspace.id}/watch-ws") as socket:
        told = socket.messages()
        assert next(told) == {"type": "ping", "data": None}
        assert [it["data"]["latest_build"]["status"] for it in islice(told, 2)] == ["running", "running"]
        workspace.drop_agent()
        agent = next(told)["data"]["latest_build"]["resources"][0]["agents"][0]
        assert (agent["status"], agent["health"]["reason"]) == ("disconnected", "agent has lost connection")


def test_signs_of_life() -> None:
    """A message at first; then pings of the WebSocket with a count, every 15 seconds of the platform's clock."""
    with CoderSimulator(FakeCoder(ScaledClock(1000))) as simulator:
        workspace = made(simulator.coder)
        with Client(simulator).open(f"/workspaces/{workspace.id}/watch-ws") as socket:
            frames = list(islice(socket.frames(), 5))
            assert [opcode for opcode, _ in frames] == [1, 1, 1, 9, 9]
            assert frames[0][1] == b'{"type":"ping","data":null}\n'
            assert [payload for _, payload in frames[3:]] == [b"1", b"2"]


def test_a_watch_is_heard_only(simulator: CoderSimulator, client: Client) -> None:
    """Whoever speaks is sent away with code 1002; a ping is answered."""
    workspace = made(simulator.coder)
    with client.open(f"/workspaces/{workspace.id}/watch-ws") as socket:
        socket.send(b"there?", opcode=9)
        assert (10, b"there?") in list(islice(socket.frames(), 4))
        socket.send(b"{}")
        list(socket.frames())
        assert socket.code == 1002


@pytest.mark.parametrize("stream", ["watch", "watch-ws", "agent-connection-watch"])
def test_a_client_that_hangs_up_is_let_go(simulator: CoderSimulator, client: Client, stream: str) -> None:
    """Its watch is closed at once, though nothing changes."""
    workspace = made(simulator.coder)
    path = f"/workspaces/{workspace.id}/{stream}"
    watching = client.ask("GET", path, stream=True) if stream == "watch" else client.open(path)
    until(lambda: simulator.coder.open_watches == 1)
    watching.close()
    until(lambda: simulator.coder.open_watches == 0)


def test_watches_that_break(simulator: CoderSimulator, client: Client) -> None:
    """End without a good-bye; another can be opened."""
    workspace = made(simulator.coder)
    for _ in range(2):
        with client.open(f"/workspaces/{workspace.id}/watch-ws") as socket:
            told = socket.messages()
            list(islice(told, 3))
            simulator.coder.break_watches()
            assert list(told) == []
            assert socket.code is None


def test_a_platform_that_cannot_be_watched() -> None:
    """Has no such routes."""
    with CoderSimulator(FakeCoder(watching=False)) as simulator:
        workspace = made(simulator.coder)
        assert Client(simulator).ask("GET", f"/workspaces/{workspace.id}/watch").json() == {"message": "Route not found."}


def test_a_workspace_that_is_hidden_meanwhile(simulator: CoderSimulator, client: Client) -> None:
    """Is an error in the stream."""
    workspace = made(simulator.coder)
    with client.open(f"/workspaces/{workspace.id}/watch-ws") as socket:
        told = socket.messages()
        list(islice(told, 3))
        workspace.hide()
        assert next(told)["type"] == "error"


def test_an_agent_alone(simulator: CoderSimulator, client: Client) -> None:
    """The build first, then the lifecycle of its agent."""
    workspace = made(simulator.coder)
    with client.open(f"/workspaces/{workspace.id}/agent-connection-watch") as socket:
        told = socket.messages()
        assert next(told)["build_update"] == {"transition": "start", "job_status": "succeeded"}
        assert next(told)["agent_update"]["lifecycle"] == "ready"
        workspace.shut_down_agent()
        assert next(told)["agent_update"]["lifecycle"] == "shutting_down"


@pytest.mark.parametrize(("agents", "name", "code"), [(("a", "b"), "", 1), (("a",), "none", 2), ((), "", 3)])
def test_which_agent_is_not_clear(simulator: CoderSimulator, client: Client, agents: tuple[str, ...], name: str, code: int) -> None:
    """Told by a code, and the stream is over."""
    workspace = made(simulator.coder, agents=agents)
    with client.open(f"/workspaces/{workspace.id}/agent-connection-watch" + (f"?agent_name={name}" if name else "")) as socket:
        *_, last = socket.messages()
        assert (last["error"]["code"], socket.code) == (code, 1000)


def test_a_log_is_read_from_where_one_was(simulator: CoderSimulator, client: Client) -> None:
    """An array of lines, each with its number, which counts over all builds; the stages of it are lines that say nothing."""
    build = made(simulator.coder, build=Fails(after=0, error="no space"), log=("one", "two")).now.build
    lines = client.get(f"/workspacebuilds/{build.id}/logs")
    said = [("", "info")] * 2 + [("one", "info"), ("two", "info"), ("no space", "error"), ("", "info")]
    assert [(it["output"], it["log_level"]) for it in lines] == said
    assert [it["stage"] for it in lines if it["log_source"] == "provisioner_daemon"] == ["Setting up", "Starting workspace", "Cleaning Up"]
    assert [it["output"] for it in client.get(f"/workspacebuilds/{build.id}/logs", after=str(lines[3]["id"]))] == ["no space", ""]
    assert [client.ask("GET", f"/workspacebuilds/{build.id}/logs?after={it}").status_code for it in ("-1", "x")] == [200, 400]
    (workspace,) = simulator.coder.workspaces
    workspace.stop()
    later = client.get(f"/workspacebuilds/{workspace.now.build.id}/logs")
    assert later[0]["id"] > lines[-1]["id"] > lines[0]["id"] > 1


def test_a_log_is_followed(simulator: CoderSimulator, client: Client) -> None:
    """A line a message, as they come; over with code 1000 when the build is."""
    build = made(simulator.coder, build=0.2, log=("one", "two", "three")).now.build
    with client.open(f"/workspacebuilds/{build.id}/logs?follow&after=-1") as socket:
        assert [it["output"] for it in socket.messages()] == ["", "", "one", "two", "three", ""]
        assert socket.code == 1000
    assert client.get(f"/workspacebuilds/{build.id}")["status"] == "running"


def test_a_log_that_never_ends(simulator: CoderSimulator, client: Client) -> None:
    """Is let go when the client hangs up: leaving the simulator does not wait for it."""
    build = made(simulator.coder, build=NEVER).now.build
    with client.open(f"/workspacebuilds/{build.id}/logs?follow=false"):
        until(lambda: simulator.requests[-1].status == 101)


def test_a_frame_without_a_mask(simulator: CoderSimulator, client: Client) -> None:
    """Is against the protocol: code 1002."""
    workspace = made(simulator.coder)
    with client.open(f"/workspaces/{workspace.id}/watch-ws") as socket:
        socket.bare.sendall(b"\x81\x02{}")
        list(socket.frames())
        assert socket.code == 1002


def test_a_handshake_needs_a_token(simulator: CoderSimulator) -> None:
    """It is refused as any request is."""
    workspace = made(simulator.coder)
    simulator.token = "nobody-s"  # noqa: S105 # nobody's
    with pytest.raises(Refused) as refused:
        Socket(simulator, f"/workspaces/{workspace.id}/watch-ws")
    assert refused.value.status == 401
