"""Reaching an agent, and running commands in it."""

from __future__ import annotations

import threading
from uuid import UUID

import attrs
import pytest

from chatworkspace import Agent, Reason, RefusedError, UnavailableError
from chatworkspace.ports import DialError, OutputBuffer
from chatworkspace_coder import CoderClient, _terminal
from chatworkspace_coder._answers import workspaces
from tests.adapters.coder.conftest import TOKEN
from tests.adapters.coder.payloads import AGENT, NOT_FOUND, OTHER, PAGE, WORKSPACE, build, problem, workspace
from tests.adapters.coder.server import Reply, Server, soon
from tests.adapters.coder.streams import BINARY, PING, Peer, frame, terminal, websocket
from tests.hanging import not_hanging

IT = workspaces.workspace(workspace(), None)
MAIN = IT.agents[0]
PROBE = f"/workspaceagents/{AGENT}/listening-ports"
PTY = f"/workspaceagents/{AGENT}/pty"
PATH = f"/workspaces/{WORKSPACE}"


def dial(client: CoderClient, agent: Agent = MAIN, seconds: float = 20.0) -> _terminal.Connection:
    connection = client.dial(IT, agent, deadline=soon(seconds))
    assert isinstance(connection, _terminal.Connection)
    return connection


@pytest.fixture
def reachable(server: Server) -> Server:
    server.on("GET", PATH, Reply(200, workspace()))
    server.on("GET", PROBE, Reply(200, {"ports": None}))
    server.on("GET", PTY, websocket(terminal))
    return server


# ---------------------------------------------------------------- dialling


def test_the_probe_is_one_request(reachable: Server, client: CoderClient) -> None:
    """Where the agent was read before; else one more tells whose it is."""
    with dial(client):
        pass
    with dial(client):
        pass
    assert reachable.paths == [f"GET {PATH}", f"GET {PROBE}", f"GET {PROBE}"]


@pytest.mark.parametrize(
    ("reply", "latest", "permanent"),
    [
        (Reply(400, problem('Agent state is "connecting", it must be in the "connected" state.')), workspace(), False),
        (Reply(428, problem("Agent isn't connected!")), workspace(), False),
        (Reply(500, problem("Internal error dialing workspace agent.", "agent is unreachable")), workspace(), False),
        (Reply(403, problem("Forbidden.")), workspace(), False),
        (Reply(404, NOT_FOUND), workspace(), True),
        (Reply(400, problem("Agent state is")), workspace(build(transition="stop", build_number=2)), True),
    ],
    ids=["connecting", "older", "unreachable", "forbidden", "no agent", "stopped"],
)
def test_an_agent_that_is_not_reached(reachable: Server, client: CoderClient, reply: Reply, latest: object, permanent: bool) -> None:  # noqa: FBT001
    """One attempt; an agent that the workspace has no more will not come back."""
    reachable.on("GET", PATH, Reply(200, workspace()), Reply(200, latest))
    reachable.on("GET", PROBE, reply)
    with pytest.raises(DialError) as failed:
        dial(client)
    assert failed.value.permanent is permanent
    assert reachable.paths.count(f"GET {PROBE}") == 1


@pytest.mark.parametrize("reply", [Reply(502, PAGE), Reply(200, PAGE), Reply(401, problem("who?")), Reply(429, problem("slow")), Reply(hang=True)])
def test_a_probe_that_tells_nothing(reachable: Server, client: CoderClient, reply: Reply) -> None:
    """UnavailableError, by the deadline."""
    reachable.on("GET", PROBE, reply)
    with not_hanging(0.3), pytest.raises(UnavailableError):
        dial(client, seconds=0.3)


@pytest.mark.parametrize("agent", [attrs.evolve(MAIN, id=UUID(OTHER))])
def test_an_agent_of_no_workspace_of_ours(reachable: Server, client: CoderClient, agent: Agent) -> None:
    """It is not dialled."""
    with pytest.raises(DialError) as failed:
        dial(client, agent)
    assert failed.value.permanent
    assert reachable.paths == [f"GET {PATH}"]
    reachable.on("GET", f"/workspaces/{OTHER}", Reply(404, NOT_FOUND))
    with pytest.raises(DialError) as failed:
        client.dial(attrs.evolve(IT, id=UUID(OTHER)), MAIN, deadline=soon())
    assert failed.value.permanent


# ---------------------------------------------------------------- without a terminal


def without_terminal(server: Server, client: CoderClient, terminal: Reply, *probes: Reply) -> UnavailableError:
    """Return why there is no terminal, where the agent was reached a moment ago."""
    server.on("GET", PTY, terminal)
    connection = dial(client)
    server.on("GET", PROBE, *probes)
    with pytest.raises(UnavailableError) as failed:
        connection.run("true", timeout=20)
    return failed.value


@pytest.mark.parametrize("status", [404, 502])
def test_a_terminal_whose_agent_is_gone(reachable: Server, client: CoderClient, status: int) -> None:
    """P3: the server has a page for it, as a proxy may have: the agent is probed once, and its state is told."""
    state = 'Agent state is "disconnected", it must be in the "connected" state.'
    failure = without_terminal(reachable, client, Reply(status, PAGE), Reply(400, problem(state)))
    assert (str(failure), failure.reason, failure.retryable) == (f"no terminal: {state}", Reason.CONNECT_FAILED, True)
    assert reachable.paths.count(f"GET {PROBE}") == 2


def test_a_terminal_that_a_proxy_refuses(reachable: Server, client: CoderClient) -> None:
    """The agent is reached, so the page is somebody else's."""
    failure = without_terminal(reachable, client, Reply(404, PAGE), Reply(200, {"ports": None}))
    assert "not Coder's" in str(failure)
    assert failure.reason is Reason.PLATFORM_UNAVAILABLE


def test_a_terminal_of_a_server_that_is_away(reachable: Server, client: CoderClient) -> None:
    """The probe says no more; what the server says by itself needs none."""
    assert without_terminal(reachable, client, Reply(502, PAGE), Reply(502, PAGE)).retryable
    asked = reachable.paths.count(f"GET {PROBE}")
    reachable.on("GET", PROBE, Reply(200, {"ports": None}))
    assert "who?" in str(without_terminal(reachable, client, Reply(401, problem("who?")), Reply(200, {"ports": None})))
    assert reachable.paths.count(f"GET {PROBE}") == asked + 1  # to connect


# ---------------------------------------------------------------- commands


@pytest.mark.usefixtures("reachable")
@pytest.mark.parametrize(
    ("command", "code", "output"),
    [
        ("echo hello", 0, "hello\n"),
        ("exit 3", 3, ""),
        ("printf 'no end of line'", 0, "no end of line"),
        ("echo out; echo err >&2; false", 1, "out\nerr\n"),
        ("echo 'it'\\''s \"quoted\" $HOME' | tr -d '\\n'", 0, 'it\'s "quoted" $HOME'),
        ("cat; echo", 0, "\n"),
        ("if then", 2, None),
        ("kill -9 $$", 137, None),
        ("printf '\\033[31mred\\033[0m \\033]0;title\\007x'", 0, "red x"),
        ("echo 'a<'; echo 'b>0<'", 0, "a<\nb>0<\n"),
        ("ps -o args= -p $PPID", 0, None),
        ("printf 'grün €'", 0, "grün €"),
        ("", 0, ""),
    ],
)
def test_a_command(client: CoderClient, command: str, code: int, output: str | None) -> None:
    """Its output and exit code, though the terminal shows the command, and the command may show how it was run."""
    completed = dial(client).run(command, timeout=30)
    assert completed.exit_code == code
    assert not completed.truncated
    if output is not None:
        assert completed.output == output


@pytest.mark.usefixtures("reachable")
def test_a_lot_of_output(client: CoderClient) -> None:
    """What is too much is left out, and said to be."""
    completed = dial(client).run(f"head -c {_terminal.MIB + 5000} /dev/zero | tr '\\0' x; exit 7", timeout=60)
    first, said, last = completed.output.split("\n")
    assert (completed.exit_code, completed.truncated, len(first) + len(last)) == (7, True, _terminal.MIB)
    assert (set(first + last), said) == ({"x"}, "[5,000 bytes are left out here]")


@pytest.mark.usefixtures("reachable")
def test_a_command_that_takes_too_long(client: CoderClient) -> None:
    """TimeoutError; it is interrupted."""
    with not_hanging(), pytest.raises(TimeoutError):
        dial(client).run("sleep 60", timeout=1.0)


def test_what_is_long_or_secret_is_in_no_url(reachable: Server, client: CoderClient) -> None:
    """It is typed: a URL has little room, and is logged on its way."""
    assert dial(client).run(f"echo {'x' * 7000}", timeout=30).output == "x" * 7000 + "\n"
    assert dial(client).run("echo $KEY", env={"KEY": "a-secret"}, timeout=30).output == "a-secret\n"
    commands = [asked.query["command"] for asked in reachable.seen if "command" in asked.query]
    assert len(commands) == 2
    assert not any("xxx" in it or "a-secret" in it for it in commands)


def test_too_much_input_is_refused(reachable: Server, client: CoderClient) -> None:
    """Before anything is sent."""
    connection = dial(client)
    sent = len(reachable.seen)
    with pytest.raises(RefusedError):
        connection.run("cat", stdin=bytes(17 * 2**20), timeout=1)
    assert len(reachable.seen) == sent


@pytest.mark.usefixtures("reachable")
def test_commands_in_threads(client: CoderClient) -> None:
    """Each has a terminal of its own."""
    said: dict[int, str] = {}

    def run(number: int) -> None:
        with dial(client) as connection:
            said[number] = connection.run(f"echo {number}", timeout=30).output.strip()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert said == {number: str(number) for number in range(8)}


def _close(peer: Peer) -> None:
    peer.close(1011, "dial workspace agent: unreachable")


def _vanish(peer: Peer) -> None:
    peer.send(b"begun", BINARY)


def _silence(peer: Peer) -> None:
    peer.over.wait(60)


def _nonsense(peer: Peer) -> None:
    peer.handler.wfile.write(b"\xff\xff\xff\xff\xff\xff")


@pytest.mark.parametrize(
    "step",
    [
        websocket(_close),
        websocket(_vanish),
        websocket(_silence),
        websocket(_nonsense),
        Reply(404, NOT_FOUND),
        Reply(502, PAGE),
        Reply(101, b""),
        Reply(200, b"{}"),
        Reply(hang=True),
        Reply(reset=True),
    ],
    ids=["closed", "gone", "silent", "nonsense", "404", "502", "no proof", "200", "hangs", "reset"],
)
def test_a_terminal_that_breaks(reachable: Server, client: CoderClient, step: Reply) -> None:
    """UnavailableError or TimeoutError, in time."""
    reachable.on("GET", PTY, step)
    connection = dial(client)
    with not_hanging(0.3), pytest.raises((UnavailableError, TimeoutError)) as failed:
        connection.run("echo hello", timeout=0.3)
    assert TOKEN not in str(failed.value)


def _flood(peer: Peer) -> None:
    pings = frame(b"x" * 100, PING) * 500
    while not peer.over.is_set():
        peer.handler.wfile.write(pings)


def test_a_terminal_that_asks_and_does_not_listen(reachable: Server, client: CoderClient) -> None:
    """Its pings are answered until the answers stick; then neither they, nor the interrupt, nor the good-bye make the call late."""
    reachable.on("GET", PTY, websocket(_flood))
    connection = dial(client)
    with not_hanging(2.0), pytest.raises((UnavailableError, TimeoutError)):
        connection.run("echo hello", timeout=2.0)


def test_a_terminal_is_asked_for_as_coder_wants_it(reachable: Server, client: CoderClient) -> None:
    """With an id of its own, a size, the command, and the token in the header."""
    connection = dial(client)
    for _ in range(2):
        connection.run("true", timeout=20)
    one, other = [seen for seen in reachable.seen if seen.path.endswith("/pty")]
    assert one.query["reconnect"] != other.query["reconnect"]
    assert one.query.keys() == {"reconnect", "width", "height", "command"}
    assert one.headers["coder-session-token"] == TOKEN


# ---------------------------------------------------------------- the marks, without a network


def _output(mark: str) -> _terminal.Output:
    return _terminal.Output(mark, OutputBuffer(2**20))


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_marks_may_come_in_pieces(size: int) -> None:
    """Cut anywhere, with escapes and line ends of a terminal between."""
    shown = b"$ sh -c ... sh 'echo' ab cd\r\n\x1b[2J\x1b[Habcd<\r\n" + b"line\r\n" * 200 + b"abcd>12<\r\n"
    output = _output("abcd")
    for at in range(0, len(shown), size):
        if output.exit_code is None:
            output.add(shown[at : at + size])
    completed = output.completed()
    assert (completed.exit_code, completed.output) == (12, "line\n" * 200)


def test_what_nobody_sees_is_no_output() -> None:
    """Colours, controls, directions and tags go, whatever their encoding; the rest is as the command wrote it."""
    output = _output("abcd")
    output.add("abcd<\r\n\x1b[31mred\x1b[0m\t\x07\x9b1mü\u202e\u200b\U000e0041漢\r\n10%\r20%\r\nabcd>0<\r\n".encode())
    assert output.completed().output == "red\tü漢\n10%\n20%\n"


def test_what_is_shown_of_the_command_is_no_mark() -> None:
    """Its halves stand apart wherever the command is shown."""
    wrapped = _terminal.wrap("echo", "0123456789abcdef", "fedcba9876543210")
    assert "0123456789abcdeffedcba9876543210" not in wrapped
    output = _output("0123456789abcdeffedcba9876543210")
    output.add(wrapped.encode())
    assert output.exit_code is None
