"""Watching a workspace: by WebSocket, by server-sent events, or not at all."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable

import pytest

from chatworkspace import AgentStatus, JobStatus, UnavailableError, Workspace
from chatworkspace.ports import NotFoundError, Watch
from chatworkspace_coder import CoderClient, _watching
from chatworkspace_coder._answers import workspaces
from chatworkspace_coder._http import frames, streams
from tests.adapters.coder.conftest import TOKEN
from tests.adapters.coder.payloads import NO_ROUTE, NOT_FOUND, OTHER, PAGE, WORKSPACE, agent, build, problem, workspace
from tests.adapters.coder.server import Handler, Reply, Server, soon
from tests.adapters.coder.streams import PING, PONG, Peer, event, events, frame, websocket
from tests.hanging import not_hanging

IT = workspaces.workspace(workspace(), None)
PATH = f"/workspaces/{WORKSPACE}"
WS, SSE = f"{PATH}/watch-ws", f"{PATH}/watch"
BUILDING = workspace(build(job={"status": "running", "completed_at": None}))
READY = workspace()
STOPPING = workspace(build(transition="stop", build_number=2, job={"status": "running", "completed_at": None}))


def opened(client: CoderClient) -> Watch:
    watch = client.watch(IT, deadline=soon())
    assert watch is not None
    return watch


def told(watch: Watch, seconds: float = 20.0) -> Workspace:
    found = watch.next(soon(seconds))
    assert found is not None
    return found


class Script:
    """What the server says, step by step: a test lets it go on."""

    def __init__(self) -> None:
        self.go = threading.Semaphore(0)
        self.peers: list[Peer] = []

    def websocket(self, *steps: Callable[[Peer], None]) -> Callable[[Handler], None]:
        """Ping, then take a step whenever the test lets it."""

        def talk(peer: Peer) -> None:
            self.peers.append(peer)
            peer.event("ping")
            for step in steps:
                self.go.acquire(timeout=60)
                step(peer)
            peer.over.wait(60)

        return websocket(talk)


def say(told: object, *, pieces: int = 1) -> Callable[[Peer], None]:
    return lambda peer: peer.send(json.dumps({"type": "data", "data": told}).encode(), pieces=pieces)


@pytest.fixture(params=["websocket", "events", "events until the end"])
def stream(request: pytest.FixtureRequest, server: Server) -> Callable[..., None]:
    """Let the server have a stream of either kind that tells these states."""

    def tell(*states: object) -> None:
        if request.param == "websocket":
            script = Script()
            for _ in states:
                script.go.release()
            server.on("GET", WS, script.websocket(*(say(state) for state in states)))
        else:
            lines = [event("ping"), *(event("data", state) for state in states)]
            server.on("GET", SSE, events(*lines, server.wait, chunked=request.param == "events"))

    return tell


def test_it_begins_with_how_it_is(server: Server, client: CoderClient, stream: Callable[..., None]) -> None:
    """Read when asked for; then what differs, and nothing that was sent before that reading."""
    server.on("GET", PATH, Reply(200, READY))
    stream(BUILDING, READY, READY, STOPPING)
    watch = opened(client)
    assert told(watch) == client.get_workspace(IT.owner_id, IT.id, deadline=soon())
    assert told(watch).build.number == 2
    deadline = soon(0.1)
    with not_hanging(0.1):
        assert watch.next(deadline) is None
    assert time.monotonic() >= deadline
    watch.close()


def test_requests_of_a_watch(server: Server, client: CoderClient) -> None:
    """Two: the stream, and one read."""
    server.on("GET", PATH, Reply(200, READY))
    server.on("GET", WS, Script().websocket())
    watch = opened(client)
    told(watch)
    assert watch.next(soon(0.1)) is None
    assert server.paths == [f"GET {WS}", f"GET {PATH}"]
    assert server.seen[0].headers["coder-session-token"] == TOKEN
    assert not server.seen[0].headers.keys() & {"cookie", "origin"}
    watch.close()


def test_a_change_ends_the_waiting(server: Server, client: CoderClient) -> None:
    """At once, whole, in however many frames it comes."""
    script = Script()
    server.on("GET", PATH, Reply(200, BUILDING))
    big = READY | {"padding": "x" * 300_000}
    server.on("GET", WS, script.websocket(say(big, pieces=5)))
    watch = opened(client)
    assert told(watch).build.job_status is JobStatus.RUNNING
    threading.Timer(0.1, script.go.release).start()
    with not_hanging():
        assert told(watch, 60.0).build.job_status is JobStatus.SUCCEEDED
    watch.close()


def test_a_message_that_comes_slowly(server: Server, client: CoderClient) -> None:
    """Half of it at the deadline is kept; the deadline holds against bytes that come one by one."""
    data = json.dumps({"type": "data", "data": READY}).encode()

    def drip(peer: Peer) -> None:
        whole = frame(data, 1)
        for at in range(0, len(whole), 8):
            peer.handler.wfile.write(whole[at : at + 8])
            peer.over.wait(0.004)

    script = Script()
    server.on("GET", PATH, Reply(200, BUILDING))
    server.on("GET", WS, script.websocket(drip))
    watch = opened(client)
    told(watch)
    script.go.release()
    waits, over = 0, soon(60)
    while (found := watch.next(soon(0.05))) is None:
        waits += 1
        assert time.monotonic() < over
    assert (found.build.job_status, waits > 1) == (JobStatus.SUCCEEDED, True)
    watch.close()


def test_pings_are_answered(server: Server, client: CoderClient) -> None:
    """By whoever waits."""
    answers: list[tuple[int, bytes]] = []

    def ping(peer: Peer) -> None:
        peer.send(b"there?", PING)
        answers.append(peer.receive())
        say(STOPPING)(peer)

    script = Script()
    server.on("GET", PATH, Reply(200, READY))
    server.on("GET", WS, script.websocket(ping))
    watch = opened(client)
    told(watch)
    script.go.release()
    told(watch)
    assert answers == [(PONG, b"there?")]
    watch.close()


def test_what_changes_with_every_look_is_no_news(server: Server, client: CoderClient) -> None:
    """For how long an agent is away."""
    away = workspace(build(agent(status="disconnected", disconnected_at="2026-09-01T10:00:30Z")))
    back = workspace(build(agent(last_connected_at="2026-09-01T10:00:40Z")))
    script = Script()
    server.on("GET", PATH, Reply(200, away))
    server.on("GET", WS, script.websocket(say(away), say(back)))
    watch = opened(client)
    first = told(watch)
    assert first.agents[0].status is AgentStatus.DISCONNECTED
    assert first.agents[0].disconnected_for
    script.go.release()
    assert watch.next(soon(0.2)) is None
    script.go.release()
    assert told(watch).agents[0].status is AgentStatus.CONNECTED
    watch.close()


def _reset(peer: Peer) -> None:
    peer.handler.reset()
    raise OSError


BREAKS: dict[str, Callable[[Peer], None]] = {
    "closed": lambda peer: peer.close(1001, "going away"),
    "reset": _reset,
    "nonsense": lambda peer: peer.raw(b"\xff" * 20),
    "no JSON": lambda peer: peer.send(b"<html>"),
    "no workspace": say({"id": WORKSPACE}),
    "an error": lambda peer: peer.event("error", problem("oops")),
    "cut off": lambda peer: peer.raw(b"\x81\x7f\xff\xff\xff\xff\xff\xff\xff\xff", end=True),
}


@pytest.mark.parametrize("step", BREAKS.values(), ids=BREAKS)
def test_a_watch_that_breaks(server: Server, client: CoderClient, step: Callable[[Peer], None]) -> None:
    """UnavailableError, now and later; nothing stays open."""
    script = Script()
    server.on("GET", PATH, Reply(200, READY))
    server.on("GET", WS, script.websocket(step))
    watch = opened(client)
    told(watch)
    script.go.release()
    for _ in range(2):
        with pytest.raises(UnavailableError):
            watch.next(soon())
    assert client._watching.streams == 0


def test_a_workspace_that_is_not_visible_any_more(server: Server, client: CoderClient) -> None:
    """The server reports an error, and one read tells which."""
    script = Script()
    server.on("GET", PATH, Reply(200, READY), Reply(404, NOT_FOUND))
    server.on("GET", WS, script.websocket(BREAKS["an error"]))
    watch = opened(client)
    told(watch)
    script.go.release()
    with pytest.raises(NotFoundError):
        watch.next(soon())
    watch.close()


def test_the_read_behind_an_error_keeps_the_deadline(server: Server, client: CoderClient) -> None:
    """Whoever reports an error may not answer either."""
    script = Script()
    server.on("GET", PATH, Reply(200, READY), Reply(hang=True))
    server.on("GET", WS, script.websocket(BREAKS["an error"]))
    watch = opened(client)
    told(watch)
    script.go.release()
    with not_hanging(0.5), pytest.raises(UnavailableError):
        watch.next(soon(0.5))


def test_silence_is_noticed(server: Server, client: CoderClient, stream: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    """A stream without even a ping is dead."""
    server.on("GET", PATH, Reply(200, READY))
    stream()
    watch = opened(client)
    told(watch)
    monkeypatch.setattr(frames, "SILENCE", 0.2)
    monkeypatch.setattr(streams, "SILENCE", 0.2)
    with pytest.raises(UnavailableError, match="silent"):
        watch.next(soon())


def test_closing_ends_the_waiting(server: Server, client: CoderClient, stream: Callable[..., None]) -> None:
    """From another thread, at once; it never begins again."""
    server.on("GET", PATH, Reply(200, READY))
    stream()
    watch = opened(client)
    told(watch)
    threading.Timer(0.1, watch.close).start()
    with not_hanging():
        for _ in range(2):
            with pytest.raises(UnavailableError):
                watch.next(soon(60))
    watch.close()
    assert client._watching.streams == 0


def test_closing_the_client_ends_all(server: Server) -> None:
    """Watches too."""
    server.on("GET", PATH, Reply(200, READY))
    server.on("GET", WS, Script().websocket())
    with CoderClient(server.url, token=TOKEN) as client:
        watch = opened(client)
        told(watch)
    with pytest.raises(UnavailableError):
        watch.next(soon())
    with pytest.raises(UnavailableError):
        client.watch(IT, deadline=soon())


# ---------------------------------------------------------------- levels


@pytest.mark.parametrize("missing", [Reply(404, NO_ROUTE), Reply(404, PAGE), Reply(426, b"upgrade")], ids=["no route", "proxy's 404", "426"])
def test_one_level_down(server: Server, client: CoderClient, missing: Reply) -> None:
    """And it is remembered; without any level the core polls."""
    server.on("GET", WS, missing)
    assert client.watch(IT, deadline=soon()) is None
    assert client.watch(IT, deadline=soon()) is None
    assert server.paths == [f"GET {WS}", f"GET {SSE}"]


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (Reply(404, NOT_FOUND), NotFoundError),
        (Reply(403, problem("no")), NotFoundError),
        (Reply(401, problem("who?")), UnavailableError),
        (Reply(502, PAGE), UnavailableError),
        (Reply(101, b""), UnavailableError),
        (Reply(302, b"", {"Location": "http://127.0.0.1:1"}), UnavailableError),
        (Reply(hang=True), UnavailableError),
        (Reply(reset=True), UnavailableError),
        (Reply(200, {}, {"X": "x" * 3000}, drip=0.01), UnavailableError),
    ],
)
def test_a_watch_that_does_not_open(server: Server, client: CoderClient, reply: Reply, kind: type[Exception]) -> None:
    """By its deadline; what the server does have is not taken for missing."""
    server.on("GET", WS, reply)
    with not_hanging(0.3), pytest.raises(kind):
        client.watch(IT, deadline=soon(0.3 if reply.hang or reply.drip else 60.0))
    assert server.paths == [f"GET {WS}"]


def test_streams_are_limited(server: Server, client: CoderClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the limit the core polls; one that is closed makes room."""
    monkeypatch.setattr(_watching, "STREAMS", 2)
    server.on("GET", PATH, Reply(200, READY))
    server.on("GET", WS, Script().websocket())
    watches = [opened(client) for _ in range(2)]
    assert client.watch(IT, deadline=soon()) is None
    watches[0].close()
    opened(client).close()
    watches[1].close()


def test_another_workspace_is_no_news(server: Server, client: CoderClient) -> None:
    """A stream tells of one alone."""
    script = Script()
    server.on("GET", PATH, Reply(200, READY))
    server.on("GET", WS, script.websocket(say(STOPPING | {"id": OTHER})))
    watch = opened(client)
    told(watch)
    script.go.release()
    assert watch.next(soon(0.1)) is None
    watch.close()
