"""What is promised of the client as a whole, tried on every one of its calls: where the token goes, what is sent again, and what is closed."""

from __future__ import annotations

import asyncio
import gc
import importlib.util
import json
import logging
import re
import threading
import warnings
from collections import Counter
from contextlib import suppress
from pathlib import Path
from uuid import UUID

import pytest

from chatworkspace import ChatWorkspaceError, ChatWorkspaces, State, UnavailableError
from chatworkspace.ports import PortError, SystemClock
from chatworkspace_coder import CoderClient, _client, _watching
from chatworkspace_coder._http import retry
from chatworkspace_fake import Fails, FakeCoder, MemoryStore
from chatworkspace_simulator import CoderSimulator
from tests.adapters.coder.calls import CALLS, ME, ONCE, READ
from tests.adapters.coder.conftest import TOKEN
from tests.adapters.coder.payloads import AGENT, PAGE, WORKSPACE, problem, workspace
from tests.adapters.coder.server import Reply, Server, serving, soon
from tests.adapters.coder.streams import CLOSE, Peer, websocket
from tests.hanging import PATIENCE, not_hanging, until

PTY = f"/workspaceagents/{AGENT}/pty"
FAILS = (ChatWorkspaceError, PortError, TimeoutError)
WITHOUT_OWNER = {"user", "template by name"}


def made(client: CoderClient, name: str, seconds: float = 0.5) -> None:
    """Make a call, whatever comes of it."""
    with suppress(*FAILS):
        CALLS[name](client, soon(seconds))


def reachable(server: Server) -> None:
    """Answer what comes before a terminal or the states of a watch."""
    server.on("GET", f"/workspaces/{WORKSPACE}", Reply(200, workspace()))
    server.on("GET", f"/workspaceagents/{AGENT}/listening-ports", Reply(200, {"ports": None}))


# ---------------------------------------------------------------- the token


@pytest.mark.parametrize("name", CALLS)
def test_no_call_follows_a_redirect(server: Server, client: CoderClient, name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The token goes to the server's own host, in one header, whatever .netrc, cookies and proxies of the environment say."""
    (tmp_path / ".netrc").write_text("default login somebody password else\n")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    monkeypatch.setattr(_client, "LIMIT", 0.5)
    if name == "run":
        reachable(server)
    with serving() as elsewhere:
        for proxy in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(proxy, elsewhere.url)
        server.otherwise(Reply(307, b"", {"Location": f"{elsewhere.url}/api/v2/users/me", "Set-Cookie": "coder_session_token=stale; Path=/"}))
        for _ in range(2):
            made(client, name)
        assert elsewhere.seen == []
    assert server.seen
    for seen in server.seen:
        assert seen.headers["coder-session-token"] == TOKEN
        assert not seen.headers.keys() & {"cookie", "authorization", "proxy-authorization"}
        assert TOKEN not in seen.path + str(seen.query) + str(seen.body)


@pytest.mark.parametrize("name", CALLS)
def test_a_token_function_is_asked_per_request(server: Server, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the id of the owner whose right it is, or None where there is no owner; each request bears what was returned for it."""
    monkeypatch.setattr(_client, "LIMIT", 0.3)
    asked: list[UUID | None] = []

    def token(owner_id: UUID | None) -> str:
        asked.append(owner_id)
        return f"token-{len(asked)}"

    if name == "run":
        reachable(server)
    with CoderClient(server.url, token=token) as client:
        made(client, name, 0.3)
    assert set(asked) == {None if name in WITHOUT_OWNER else ME}
    assert [seen.headers["coder-session-token"] for seen in server.seen] == [f"token-{number}" for number in range(1, len(asked) + 1)]


@pytest.mark.parametrize("name", CALLS)
def test_a_token_function_that_raises(server: Server, name: str) -> None:
    """It is UnavailableError at once, which carries no word of it, and nothing is sent."""

    def token(_: UUID | None) -> str:
        raise RuntimeError(TOKEN)

    with not_hanging(), CoderClient(server.url, token=token) as client, pytest.raises(UnavailableError, match="RuntimeError") as failed:
        CALLS[name](client, soon(60))
    assert TOKEN not in repr(failed.value) + str(failed.value) + repr(failed.value.__context__)
    assert server.seen == []


def test_the_token_shows_in_nothing_that_happens(caplog: pytest.LogCaptureFixture) -> None:
    """A whole life over sockets: no log at any level, no result and no repr has it."""
    caplog.set_level(logging.DEBUG)
    coder = FakeCoder()
    docker = coder.add_template("docker", build=0.1, log=("pulling",), readme="# docker")
    with CoderSimulator(coder) as simulator, CoderClient(simulator.url, token=simulator.token) as client:
        me, clock = client.user(), SystemClock()
        service = ChatWorkspaces(store=MemoryStore(clock), creator=client, dialer=client, clock=clock, workspace_ttl=client.workspace_ttl)
        service.open_chat("a", owner_id=me.id, organization_id=me.organization_ids[0])
        results: list[object] = [me, service.create("a", docker.id), *service.follow("a"), service.status("a")]
        with service.connect("a") as connection:
            results.append(connection.run("true", timeout=30))
        results += [
            client.list_templates(me.id, me.organization_ids[0], deadline=soon()),
            service.stop("a"),
            client,
            vars(client),
            vars(client._transport),
            service,
            vars(service),
        ]
        service.close()
        assert all(simulator.token not in repr(it) for it in results)
        assert simulator.token not in caplog.text
        assert caplog.records  # or nothing was proven


# ---------------------------------------------------------------- sent once


@pytest.mark.parametrize("name", ONCE)
@pytest.mark.parametrize(
    "reply",
    [
        Reply(reset=True),
        Reply(hang=True),
        Reply(502, PAGE),
        Reply(503, problem("busy"), {"Retry-After": "0"}),
        Reply(429, problem("slow")),
        Reply(500),
    ],
    ids=["reset", "hangs", "502 of a proxy", "503", "429", "500"],
)
def test_what_changes_is_never_sent_again(server: Server, client: CoderClient, name: str, reply: Reply) -> None:
    """Whatever becomes of the answer: each request is there once."""
    server.otherwise(reply)
    made(client, name)
    assert set(Counter(server.paths).values()) == {1}


def test_the_warning_of_the_driver_for_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    """On Python 3.14 `backoff` calls what is deprecated: that is not heard of, and no filter of warnings stays behind."""
    real, warned = asyncio.iscoroutinefunction, list[str]()

    def deprecated(it: object) -> bool:
        warned.append("it was called")
        warnings.warn("'asyncio.iscoroutinefunction' is deprecated", DeprecationWarning, stacklevel=2)
        return real(it)

    monkeypatch.setattr(asyncio, "iscoroutinefunction", deprecated)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        before = list(warnings.filters)
        spec = importlib.util.spec_from_file_location("a_copy", retry.__file__)
        assert spec is not None
        assert spec.loader is not None
        copy = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(copy)
        assert copy.retried(lambda: 7, soon()) == 7
        assert warnings.filters == before
    assert warned


def test_one_module_knows_the_driver_for_retries() -> None:
    """So that its filter is in one place."""
    modules = Path(retry.__file__).parent.glob("*.py")
    assert [it.name for it in modules if re.search(r"^\s*(import|from) backoff", it.read_text(encoding="utf-8"), re.MULTILINE)] == ["retry.py"]


# ---------------------------------------------------------------- threads and streams


def test_one_watchdog(server: Server, client: CoderClient) -> None:
    """However many requests are under way, and none before the first."""

    def watchdogs() -> int:
        return sum(thread.name == "chatworkspace-coder-watchdog" for thread in threading.enumerate())

    before = watchdogs()
    server.otherwise(Reply(hang=True))
    threads = [threading.Thread(target=made, args=(client, "get", 120.0)) for _ in range(8)]
    for thread in threads:
        thread.start()
    until(lambda: len(server.seen) == 8)
    assert watchdogs() - before == 1
    client.close()
    for thread in threads:
        thread.join(PATIENCE)
    assert watchdogs() == before


def test_200_streams() -> None:
    """So many watches are open at a time; the next caller polls, and one that is closed makes room."""
    coder = FakeCoder()
    docker = coder.add_template("docker", build=600)
    assert _watching.STREAMS == 200
    with CoderSimulator(coder) as simulator, CoderClient(simulator.url, token=simulator.token) as client:
        me = client.user()
        it = client.get_workspace(me.id, coder.add_workspace(docker, "dev", owner_id=me.id).id, deadline=soon())
        watches = [client.watch(it, deadline=soon(30)) for _ in range(200)]
        assert None not in watches
        assert client.watch(it, deadline=soon()) is None
        first = watches.pop()
        assert first is not None
        first.close()
        again = client.watch(it, deadline=soon())
        assert again is not None
        client.close()
        until(lambda: simulator.open_connections == 0)
        until(lambda: coder.open_watches == 0)


def test_after_a_break_one_read_and_a_new_watch() -> None:
    """A stream that ends tells nothing of what came behind: it is read once, then watched again, which begins with a read."""
    coder = FakeCoder()
    docker = coder.add_template("docker", build=2.0)
    with CoderSimulator(coder) as simulator, CoderClient(simulator.url, token=simulator.token) as client:
        me, clock = client.user(), SystemClock()
        service = ChatWorkspaces(store=MemoryStore(clock), creator=client, dialer=client, clock=clock)
        service.open_chat("a", owner_id=me.id, organization_id=me.organization_ids[0])
        waiting = threading.Thread(target=service.create, args=("a", docker.id))
        waiting.start()
        until(lambda: coder.open_watches == 1 and any(seen.path.endswith("watch-ws") for seen in simulator.requests))
        until(lambda: re.fullmatch(r"/api/v2/workspaces/[^/]*", simulator.requests[-1].path))
        before = len(simulator.requests)
        coder.break_watches()
        waiting.join(PATIENCE)
        kinds = [re.sub(r"[0-9a-f-]{36}", "*", seen.path.removeprefix("/api/v2")) for seen in simulator.requests[before:]]
        assert service.status("a", wait=0).state is State.READY
        assert kinds == ["/workspaces/*", "/workspaces/*/watch-ws", "/workspaces/*", "/workspaceagents/*/listening-ports"]
        service.close()


def test_the_last_lines_of_a_failed_build() -> None:
    """One request for the log tells the caller what went wrong, though nobody followed."""
    coder = FakeCoder()
    docker = coder.add_template("docker", build=Fails(after=0.3, error="exit status 1"), log=("planning", "applying", "no space left"))
    with CoderSimulator(coder) as simulator, CoderClient(simulator.url, token=simulator.token) as client:
        me, clock = client.user(), SystemClock()
        service = ChatWorkspaces(store=MemoryStore(clock), creator=client, dialer=client, clock=clock)
        service.open_chat("a", owner_id=me.id, organization_id=me.organization_ids[0])
        outcome = service.create("a", docker.id)
        assert (outcome.state, outcome.error) == (State.FAILED, "exit status 1")
        assert list(outcome.log_tail) == ["planning", "applying", "no space left", "exit status 1"]
        assert sum(seen.path.endswith("/logs") for seen in simulator.requests) == 1
        service.close()


# ---------------------------------------------------------------- terminals


class Heard:
    """A terminal that notes what the client sends, until it hangs up."""

    def __init__(self, *, answers: bool) -> None:
        self.frames: list[tuple[int, bytes]] = []
        self.begun, self.gone = threading.Event(), threading.Event()
        self._answers = answers

    def __call__(self, peer: Peer) -> None:  # noqa: D102 # a test calls it
        self.begun.set()
        if self._answers:
            halves = peer.query["command"].split()[-2:]
            peer.send(f"{''.join(halves)}<\r\nhello\r\n{''.join(halves)}>3<\r\n".encode(), 2)
        peer.handler.connection.settimeout(60)
        try:
            while True:
                self.frames.append(peer.receive())
        except (OSError, ValueError):
            self.gone.set()


@pytest.mark.parametrize("answers", [True, False], ids=["ended", "out of time"])
def test_a_terminal_is_closed_properly(server: Server, client: CoderClient, answers: bool) -> None:  # noqa: FBT001
    """With a good-bye, and then the connection; a command that runs too long is interrupted first, by its keys: interrupt, and quit."""
    reachable(server)
    heard = Heard(answers=answers)
    server.on("GET", PTY, websocket(heard))
    with client.dial(READ, READ.agents[0], deadline=soon()) as connection:
        if answers:
            completed = connection.run("x", timeout=30)
            assert (completed.exit_code, completed.output) == (3, "hello\n")
        else:
            with pytest.raises(TimeoutError):
                connection.run("x", timeout=0.3)
    assert heard.gone.wait(PATIENCE)
    *typed, last = heard.frames
    assert last[0] == CLOSE
    assert [json.loads(data) for _, data in typed] == ([] if answers else [{"data": "\x03"}, {"data": "\x1c"}])


def test_a_terminal_ends_with_the_client(server: Server, client: CoderClient) -> None:
    """Whoever waits for its command is told at once, and nothing is opened any more."""
    reachable(server)
    heard = Heard(answers=False)
    server.on("GET", PTY, websocket(heard))
    connection = client.dial(READ, READ.agents[0], deadline=soon()).__enter__()
    failed: list[BaseException] = []

    def run() -> None:
        try:
            connection.run("x", timeout=120)
        except UnavailableError as error:
            failed.append(error)

    running = threading.Thread(target=run)
    running.start()
    assert heard.begun.wait(PATIENCE)
    client.close()
    running.join(PATIENCE)
    assert len(failed) == 1
    assert heard.gone.wait(PATIENCE)
    with pytest.raises(UnavailableError):
        connection.run("x", timeout=5)


def test_a_stream_that_opens_while_the_client_closes(server: Server, client: CoderClient) -> None:
    """It is ended as those that were there: what was opened is noted under the lock that closing takes."""
    gone = threading.Event()

    def talk(peer: Peer) -> None:
        client._opener.close()  # between the handshake and what the watch does with it
        peer.handler.connection.settimeout(60)
        with suppress(OSError, ValueError):
            peer.receive()
        gone.set()

    server.on("GET", f"/workspaces/{WORKSPACE}/watch-ws", websocket(talk))
    with suppress(UnavailableError):
        client.watch(READ, deadline=soon())
    assert gone.wait(PATIENCE)


def test_closing_ends_what_is_being_opened(server: Server, client: CoderClient) -> None:
    """At once, and it says why."""
    server.on("GET", f"/workspaces/{WORKSPACE}/watch-ws", Reply(hang=True))
    threading.Timer(0.2, client.close).start()
    with not_hanging(), pytest.raises(UnavailableError, match="closed"):
        client.watch(READ, deadline=soon(60))


@pytest.mark.parametrize("level", ["2.20", "newest"])
def test_commands_leave_nothing_open(level: str) -> None:
    """However many were run, and however they ended."""
    coder = FakeCoder()
    docker = coder.add_template("docker")
    with CoderSimulator(coder, level=level) as simulator, CoderClient(simulator.url, token=simulator.token) as client:
        me = client.user()
        it = client.get_workspace(me.id, coder.add_workspace(docker, "dev", owner_id=me.id).id, deadline=soon())
        connection = client.dial(it, it.agents[0], deadline=soon())
        assert [connection.__enter__().run(f"echo {number}", timeout=30).exit_code for number in range(5)] == [0] * 5
        simulator.when("GET /workspaceagents/*/pty").reset(after=0)
        with pytest.raises(UnavailableError):
            connection.__enter__().run("true", timeout=5)
        until(lambda: simulator.open_connections <= 1)
    gc.collect()
