"""The client against a server that answers anything, and against one that does not answer: typed errors only, in time, and few attempts."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chatworkspace import ChatWorkspaceError, UnavailableError
from chatworkspace.ports import PortError
from chatworkspace_coder import CoderClient, _client
from chatworkspace_coder._http.pacing import Pacing
from chatworkspace_coder._http.tokens import HEADER
from tests.adapters.coder.calls import CALLS, ONCE
from tests.adapters.coder.conftest import TOKEN, waits_of
from tests.adapters.coder.payloads import (
    AGENT,
    PAGE,
    WORKSPACE,
    agent,
    build,
    problem,
    template,
    user,
    version,
    workspace,
)
from tests.adapters.coder.server import Handler, Reply, Server, Step, serving
from tests.adapters.coder.streams import BINARY, TEXT, Peer, event, events, websocket
from tests.hanging import AT_ONCE, TIMES, not_hanging
from tests.sockets import refusing_port

FEW, MANY = 20, 500
"""Each call is answered so many, at least: a few more are drawn, since time may run out before anything is sent."""
PATIENCE = st.sampled_from([0.05] * 9 + [0.3])
"""Seconds: with more of them, reads are asked again."""
HANGS = TIMES * AT_ONCE
"""Seconds: a call that misses its deadline by so many has none."""
SOUND_PATHS: dict[str, dict[str, Reply]] = {
    "watch, read": {f"/workspaces/{WORKSPACE}": Reply(200, workspace())},
    "run": {f"/workspaces/{WORKSPACE}": Reply(200, workspace()), f"/workspaceagents/{AGENT}/listening-ports": Reply(200, {"ports": None})},
}
"""What is answered soundly, so that the nonsense comes later."""


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(sorted({*workspace(), *build(), *agent(), *template()})), inner, max_size=5)
    ),
    max_leaves=12,
)
SOUND: st.SearchStrategy[Any] = st.sampled_from(
    [workspace(), build(agent()), user(), version(), template(), [template()], {"workspaces": [workspace()]}, {"ports": []}, problem("No."), None, []]
)
BODIES = SOUND | JSON | st.binary(max_size=200) | st.sampled_from([PAGE, b"", b"[" * 5000, b"\x1f\x8b", b'{"id": 1' + b"0" * 5000 + b"}"])
STATUS = st.sampled_from(
    [100, 101, 200, 200, 200, 201, 204, 206, 301, 302, 304, 307, 400, 401, 403, 404, 409, 410, 418, 425, 429, 499, 500, 502, 503, 599]
)
HEADERS = st.dictionaries(
    st.sampled_from(
        [
            "Content-Length",
            "Transfer-Encoding",
            "Content-Encoding",
            "Retry-After",
            "Date",
            "Location",
            "Set-Cookie",
            "Connection",
            "X-RateLimit-Limit",
            "X-RateLimit-Remaining",
        ]
    ),
    st.sampled_from(["0", "5", "-1", "99999999", "chunked", "gzip", "deflate", "x", "close", "Tue, 99 Foo", "http://127.0.0.1:1/", "a=b", "9" * 30]),
    max_size=3,
)


OPCODES = st.sampled_from([TEXT, BINARY, 0, 3, 8, 9, 10])
EVENTS = st.fixed_dictionaries({"type": st.sampled_from(["data", "ping", "error", "x", 3]), "data": SOUND | JSON}).map(
    lambda it: json.dumps(it).encode()
)
"""What a watch may tell."""


@st.composite
def steps(draw: st.DrawFn) -> Step:
    """Return one way to answer."""
    kind = draw(st.sampled_from(["reply", "reply", "reply", "raw", "websocket", "messages", "events", "told"]))
    data = draw(st.binary(max_size=120))
    if kind == "raw":
        head = draw(st.sampled_from([b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"HTTP/1.1 999\r\n\r\n"]))
        return _raw(head + data)
    if kind == "websocket":
        return websocket(lambda peer: peer.raw(data))
    if kind == "messages":
        return websocket(_says(draw(st.lists(st.tuples(OPCODES, EVENTS | st.binary(max_size=60)), max_size=4))))
    if kind == "told":
        return events(*draw(st.lists(st.builds(event, st.sampled_from(["data", "ping", "error", ""]), SOUND | JSON), max_size=4)))
    if kind == "events":
        return events(data, b"event: data\ndata: {}\n\n", chunked=draw(st.booleans()))
    body = draw(BODIES)
    return Reply(
        draw(STATUS),
        body if isinstance(body, bytes) else json.dumps(body).encode(),
        draw(HEADERS),
        drip=draw(st.sampled_from([0, 0, 0, 0, 0.005])),
        cut=draw(st.sampled_from([None, None, 0, 7])),
        reset=draw(st.sampled_from([False] * 7 + [True])),
        hang=draw(st.sampled_from([False] * 19 + [True])),
    )


def _says(messages: list[tuple[int, bytes]]) -> Callable[[Peer], None]:
    def talk(peer: Peer) -> None:
        for opcode, data in messages:
            peer.send(data, opcode)

    return talk


def _raw(data: bytes) -> Callable[[Handler], None]:
    def step(handler: Handler) -> None:
        handler.wfile.write(data)
        handler.close_connection = True

    return step


class Strange:
    """A server that answers each call from a script of its own: it knows them apart by their tokens."""

    def __init__(self, server: Server) -> None:
        self.clients = {name: CoderClient(server.url, token=f"{TOKEN}-{number}") for number, name in enumerate(CALLS)}
        self.asked = dict.fromkeys(CALLS, 0)
        self._names = {f"{TOKEN}-{number}": name for number, name in enumerate(CALLS)}
        self._scripts: dict[str, list[Step]] = {}
        server.otherwise(self._answer)

    def _answer(self, handler: Handler) -> None:
        name = self._names[handler.headers[HEADER]]
        self.asked[name] += 1
        sound = SOUND_PATHS.get(name, {}).get(handler.path.partition("?")[0].removeprefix("/api/v2"))
        script = self._scripts[name]
        handler.take(sound or (script.pop(0) if len(script) > 1 else script[0]))

    def call(self, name: str, answers: list[Step], patience: float) -> float:
        """Make a call; return by how many seconds it missed its deadline. It must raise nothing but what is said."""
        client = self.clients[name]
        self._scripts[name] = list(answers)
        client._watching._stopped.clear()
        client._transport._pacing = Pacing()  # a refusal would keep the next answers away
        client._settings._lifetime._told = client._settings._allowed._told = None
        deadline = time.monotonic() + patience
        _typed(lambda: CALLS[name](client, deadline))
        return time.monotonic() - deadline


@pytest.fixture(scope="module")
def strange() -> Generator[Strange, None, None]:
    with serving() as server:
        it = Strange(server)
        yield it
        for client in it.clients.values():
            client.close()


@pytest.mark.parametrize("examples", [FEW, pytest.param(MANY, marks=pytest.mark.deep)])
def test_nothing_but_typed_errors_in_time(strange: Strange, monkeypatch: pytest.MonkeyPatch, examples: int) -> None:
    """Whatever the server answers, to whatever call: each example to all calls, which are made at the same time."""
    strange.asked = dict.fromkeys(CALLS, 0)
    with ThreadPoolExecutor(len(CALLS)) as threads:

        @given(answers=st.lists(steps(), min_size=1, max_size=3), patience=PATIENCE)
        @settings(max_examples=examples + examples // 10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
        def example(answers: list[Step], patience: float) -> None:
            monkeypatch.setattr(_client, "LIMIT", patience)
            made = {name: threads.submit(strange.call, name, answers, patience) for name in CALLS}
            assert {name for name, call in made.items() if call.result() > HANGS} == set()

        example()
    # of each version it is described once; and a busy machine has used up the time of some before they have asked
    assert {name for name, asked in strange.asked.items() if asked < examples / 4} <= {"described"}


def _typed(call: Callable[[], object]) -> None:
    failed = ""
    try:
        told = call()
    except (ChatWorkspaceError, PortError, TimeoutError) as error:
        failed = f"{error!r} {error}"
    else:
        failed = repr(told)
    assert TOKEN not in failed


# ---------------------------------------------------------------- nobody there


def test_few_attempts_on_a_refused_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """In 3 s a read is tried 10 times at most, with 100 ms between; what changes, watches or dials once. All say so, in time."""
    monkeypatch.setattr(_client, "LIMIT", 3.0)
    deadline = time.monotonic() + 3.0

    def tried(name: str) -> tuple[int, list[float]]:
        """Return how many attempts were made, each of which asks for the token, and the seconds between them."""
        attempts: list[UUID | None] = []

        def token(owner_id: UUID | None) -> str:
            attempts.append(owner_id)
            return TOKEN

        with CoderClient(f"http://127.0.0.1:{refusing_port()}", token=token) as client:
            between = waits_of(client)
            with pytest.raises(UnavailableError, match="refused"):
                CALLS[name](client, deadline)
        return len(attempts), between.waits

    with ThreadPoolExecutor(len(CALLS)) as threads, not_hanging(3.0):
        told = dict(zip(CALLS, threads.map(tried, CALLS), strict=True))
    for name, (attempts, waits) in told.items():
        once = name in ONCE or name in {"watch", "watch, read"}
        assert (attempts == 1) if once else (2 <= attempts <= 10), name
        assert all(seconds >= 0.1 for seconds in waits), name
        assert len(waits) >= attempts - 1, name
