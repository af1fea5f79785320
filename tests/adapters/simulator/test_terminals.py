"""Reaching agents, and terminals in them."""

from __future__ import annotations

import base64
import json
import shlex
from urllib.parse import quote
from uuid import UUID, uuid4

import pytest

from chatworkspace.ports import Completed, DialError
from chatworkspace_fake import NEVER, FakeWorkspace
from chatworkspace_simulator import CoderSimulator
from chatworkspace_simulator._api.terminal import shown, taken_apart
from tests.adapters.simulator.client import Client, Refused, Socket, made

TELLS = r"""printf "\n__RC_%s__\n" "$?" """
ENCODED = base64.b64encode(b"echo 'hi there'").decode()


def _answer(command: str) -> Completed:
    return Completed(exit_code=3, output=f"ran {command}\n")


def _terminal(client: Client, workspace: FakeWorkspace, command: str = "") -> Socket:
    agent = workspace.now.agents[0]
    return client.open(f"/workspaceagents/{agent.id}/pty?reconnect={uuid4()}&width=80&height=24&command={quote(command)}")


# ---------------------------------------------------------------- reaching


def test_an_agent_that_is_connected_is_reached(simulator: CoderSimulator, client: Client) -> None:
    """Whatever the ports are, the answer proves it."""
    agent = made(simulator.coder).now.agents[0]
    assert client.get(f"/workspaceagents/{agent.id}/listening-ports") == {"ports": []}
    assert client.get(f"/workspaceagents/{agent.id}")["status"] == "connected"
    assert simulator.coder.calls == ("dial",)


def test_the_first_dial_of_a_fresh_agent() -> None:
    """Takes a while unless it is to be quick, or fails, as one in 150 does."""
    with CoderSimulator(speed=20) as simulator:
        workspace = made(simulator.coder)
        agent, clock = workspace.now.agents[0], simulator.coder.inside.platform.clock
        began = clock.monotonic()
        answer = Client(simulator).ask("GET", f"/workspaceagents/{agent.id}/listening-ports")
        assert answer.status_code == 500 or clock.monotonic() - began >= 0.2


def test_an_agent_that_is_not_connected(simulator: CoderSimulator, client: Client) -> None:
    """400, with its state; it may come."""
    workspace = made(simulator.coder, connect=NEVER)
    answer = client.ask("GET", f"/workspaceagents/{workspace.now.agents[0].id}/listening-ports")
    assert answer.status_code == 400
    assert answer.json()["message"] == 'Agent state is "connecting", it must be in the "connected" state.'


def test_an_agent_that_cannot_be_dialled(simulator: CoderSimulator, client: Client) -> None:
    """500; 404 where the fault says that it is gone, or it never was."""
    agent = made(simulator.coder).now.agents[0]
    simulator.coder.when("dial").fail()
    simulator.coder.when("dial", nth=2).fail(DialError(permanent=True))
    path = f"/workspaceagents/{agent.id}/listening-ports"
    assert [client.ask("GET", path).status_code for _ in range(3)] == [500, 404, 200]
    assert client.ask("GET", f"/workspaceagents/{UUID(int=404)}/listening-ports").status_code == 404


def test_an_external_agent_tells_how_it_is_started(simulator: CoderSimulator, client: Client) -> None:
    """By a command with a token of its own; others have none."""
    external = made(simulator.coder, external_agent=True)
    told = client.get(f"/workspaces/{external.id}/external-agent/main/credentials")
    assert told["agent_token"] in told["command"]
    assert client.ask("GET", f"/workspaces/{external.id}/external-agent/none/credentials").status_code == 404


# ---------------------------------------------------------------- terminals


def test_a_command_runs_in_a_terminal(simulator: CoderSimulator, client: Client) -> None:
    """Raw bytes with a terminal's line ends, and a good-bye behind them."""
    simulator.coder.on_run = _answer
    with _terminal(client, made(simulator.coder), "uname") as socket:
        assert list(socket.frames()) == [(2, b"ran uname\r\n")]
        assert socket.code == 1000


def test_an_exit_code_is_told_as_the_command_says(simulator: CoderSimulator, client: Client) -> None:
    """A terminal has no other way."""
    simulator.coder.on_run = _answer
    with _terminal(client, made(simulator.coder), f"sh -c 'uname -a; {TELLS}'") as socket:
        assert b"".join(payload for _, payload in socket.frames()) == b"ran uname -a\r\n\r\n__RC_3__\r\n"


def test_a_shell_is_typed_into(simulator: CoderSimulator, client: Client) -> None:
    """It shows what is typed, and answers it; `exit` ends it. A new size of the window is no key."""
    simulator.coder.on_run = _answer
    with _terminal(client, made(simulator.coder)) as socket:
        for keys in ({"data": "una"}, {"height": 40, "width": 120}, {"data": "me\n"}, {"data": "exit\n"}):
            socket.send(json.dumps(keys).encode(), opcode=2)
        assert b"".join(payload for _, payload in socket.frames()) == b"$ uname\r\nran uname\r\n\r\n$ exit\r\n"
        assert socket.code == 1000


def test_much_output_comes_in_pieces(simulator: CoderSimulator, client: Client) -> None:
    """Of some kilobytes, which may end within a letter."""
    simulator.coder.on_run = lambda _: "ä" * 9_999
    with _terminal(client, made(simulator.coder), "cat") as socket:
        pieces = [payload for _, payload in socket.frames()]
    assert (b"".join(pieces).decode(), max(map(len, pieces)), len(pieces)) == ("ä" * 9_999, 4096, 5)


def test_a_terminal_in_an_agent_that_is_away(simulator: CoderSimulator, client: Client) -> None:
    """Is a page in HTML, whatever is accepted: of an agent that is not connected, and of one that never was."""
    workspace = made(simulator.coder)
    workspace.drop_agent()
    for agent_id in (workspace.now.agents[0].id, uuid4()):
        answer = client.ask("GET", f"/workspaceagents/{agent_id}/pty?reconnect={uuid4()}", headers={"Accept": "application/json"})
        assert (answer.status_code, answer.headers["Content-Type"]) == (404, "text/html; charset=utf-8")
        assert answer.text.startswith("<!doctype html>")


@pytest.mark.parametrize("query", ["", "reconnect=no", f"reconnect={UUID(int=1)}&width=wide"])
def test_a_terminal_that_is_asked_for_badly(simulator: CoderSimulator, client: Client, query: str) -> None:
    """400, before anything is upgraded."""
    agent = made(simulator.coder).now.agents[0]
    with pytest.raises(Refused) as refused:
        client.open(f"/workspaceagents/{agent.id}/pty?{query}")
    assert refused.value.status == 400


@pytest.mark.parametrize(
    ("command", "meant"),
    [
        ("echo hi", "echo hi"),
        (f"sh -c 'echo hi; {TELLS}'", "echo hi"),
        (f"(echo hi); {TELLS}", "echo hi"),
        (f"/bin/sh -c '{{ echo hi; }} 2>&1; {TELLS}'", "echo hi"),
        (f"sh -c 'stty -echo; eval \"$1\"; {TELLS}' sh 'echo hi; echo ho'", "echo hi; echo ho"),
        (f"sh -c 'sh -c \"$0\"; code=$?; {TELLS}' 'echo hi'", "echo hi"),
        (f"echo {ENCODED} | base64 -d | sh; {TELLS}", "echo 'hi there'"),
        (f"sh -c 'exit 3; {TELLS}'", "exit 3"),
        ("echo 'not closed", "echo 'not closed"),
    ],
)
def test_a_command_is_taken_apart(command: str, meant: str) -> None:
    """What is meant is what FakeCoder.on_run gets."""
    assert taken_apart(command).command == meant


@pytest.mark.parametrize(
    ("tells", "said"),
    [
        (r"""printf "\n__%s_%d__\n" ab "$?" """, b"\r\n__ab_3__\r\n"),
        (r"""printf '\036%s\x1f%%' $?""", b"\x1e3\x1f%"),
        (r"""printf "\n%s%s:%s" 'RC' "$mark" "$?" """, b"\r\nRC3:3"),
    ],
)
def test_a_format_is_printed(tells: str, said: bytes) -> None:
    """As a shell's printf does."""
    assert shown(f"true; {tells}", lambda _: Completed(exit_code=3, output="")) == said


def test_output_stands_between_two_marks() -> None:
    """Halves of a mark come as arguments, so that a terminal that shows the command does not show a mark."""
    wrapper = r"""printf "%s%s<\n" "$2" "$3"; sh -c "$1" </dev/null; printf "%s%s>%d<\n" "$2" "$3" "$?" """.strip()
    command = shlex.join(["sh", "-c", wrapper, "sh", "echo 'it; works'", "ab", "cd"])
    assert taken_apart(command).command == "echo 'it; works'"
    assert shown(command, _answer) == b"abcd<\r\nran echo 'it; works'\r\nabcd>3<\r\n"
