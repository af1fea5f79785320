"""The client against a server that answers anything: typed errors only, and in time."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Generator
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chatworkspace import Chat, ChatWorkspaceError
from chatworkspace.ports import CreateWorkspace, PortError
from chatworkspace_coder import CoderClient, _read, _read_templates
from tests.adapters.coder.conftest import TOKEN
from tests.adapters.coder.payloads import ORGANIZATION, OWNER, PAGE, TEMPLATE, WORKSPACE, agent, build, problem, template, user, version, workspace
from tests.adapters.coder.server import Handler, Reply, Server, Step, serving
from tests.adapters.coder.streams import events, websocket

EXAMPLES = 500
BRIEF = 0.05
LATE = 0.25
"""Seconds by which a call may miss its deadline."""
ME, HOME, OF, IT = UUID(OWNER), UUID(ORGANIZATION), UUID(TEMPLATE), UUID(WORKSPACE)
READ = _read.workspace(workspace(), None)
LISTED = _read_templates.template(template()).template
REQUEST = CreateWorkspace(owner_id=ME, organization_id=HOME, name="dev", template_id=OF)
Call = Callable[[CoderClient, float], object]


def _watched(client: CoderClient, deadline: float) -> None:
    watch = client.watch(READ, deadline=deadline)
    if watch is not None:
        try:
            while watch.next(deadline) is not None:
                pass
        finally:
            watch.close()


def _run(client: CoderClient, deadline: float) -> None:
    with client.dial(READ, READ.agents[0], deadline=deadline) as connection:
        connection.run("true", timeout=max(deadline - time.monotonic(), 0.001))


CALLS: dict[str, Call] = {
    "create": lambda client, deadline: client.create_workspace(REQUEST, deadline=deadline),
    "get": lambda client, deadline: client.get_workspace(ME, IT, deadline=deadline),
    "find": lambda client, deadline: client.find_workspace(ME, "dev", deadline=deadline),
    "list": lambda client, deadline: client.list_workspaces(ME, HOME, deadline=deadline),
    "start": lambda client, deadline: client.start_workspace(READ, {}, deadline=deadline),
    "stop": lambda client, deadline: client.stop_workspace(READ, deadline=deadline),
    "log": lambda client, deadline: client.build_log(READ, after=0, deadline=deadline),
    "use": lambda client, deadline: client.record_use(READ, deadline=deadline),
    "templates": lambda client, deadline: client.list_templates(ME, HOME, deadline=deadline),
    "template": lambda client, deadline: client.get_template(ME, OF, deadline=deadline),
    "parameters": lambda client, deadline: client.list_parameters(ME, LISTED, deadline=deadline),
    "evaluate": lambda client, deadline: client.evaluate_parameters(ME, LISTED, deadline=deadline),
    "presets": lambda client, deadline: client.list_presets(ME, LISTED, deadline=deadline),
    "template use": lambda client, deadline: client.template_use(ME, HOME, deadline=deadline),
    "quota": lambda client, deadline: client.get_quota(ME, HOME, deadline=deadline),
    "watch": _watched,
    "run": _run,
}


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
    st.sampled_from(["Content-Length", "Transfer-Encoding", "Content-Encoding", "Retry-After", "Date", "Location", "Set-Cookie", "Connection", "X"]),
    st.sampled_from(["0", "5", "-1", "99999999", "chunked", "gzip", "deflate", "x", "close", "Tue, 99 Foo", "http://127.0.0.1:1/", "a=b", "9" * 30]),
    max_size=3,
)


@st.composite
def steps(draw: st.DrawFn) -> Step:
    """Return one way to answer."""
    kind = draw(st.sampled_from(["reply", "reply", "reply", "raw", "websocket", "events"]))
    data = draw(st.binary(max_size=120))
    if kind == "raw":
        head = draw(st.sampled_from([b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"HTTP/1.1 999\r\n\r\n"]))
        return _raw(head + data)
    if kind == "websocket":
        return websocket(lambda peer: peer.raw(data))
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


def _raw(data: bytes) -> Callable[[Handler], None]:
    def step(handler: Handler) -> None:
        handler.wfile.write(data)
        handler.close_connection = True

    return step


@pytest.fixture(scope="module")
def strange() -> Generator[tuple[Server, CoderClient], None, None]:
    with serving() as server, CoderClient(server.url, token=TOKEN) as client:
        yield server, client


@given(name=st.sampled_from(sorted(CALLS)), answers=st.lists(steps(), min_size=1, max_size=3))
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_nothing_but_typed_errors_in_time(strange: tuple[Server, CoderClient], name: str, answers: list[Step]) -> None:
    """Whatever the server answers, to whatever call."""
    server, client = strange
    rest = list(answers)
    server.otherwise(lambda handler: handler.take(rest.pop(0) if len(rest) > 1 else rest[0]))
    client._watching._missing.clear()
    deadline = time.monotonic() + BRIEF
    _typed(lambda: CALLS[name](client, deadline))
    assert time.monotonic() <= deadline + LATE


def test_calls_without_a_deadline_are_typed_too(strange: tuple[Server, CoderClient]) -> None:
    """They have a limit of their own."""
    server, client = strange
    chat = Chat(id="c", owner_id=ME, organization_id=HOME, generation=1)
    calls: tuple[Callable[[], object], ...] = (
        client.user,
        lambda: client.template("docker", organization_id=HOME),
        lambda: client.workspace_ttl(chat),
    )
    bodies: list[Any] = [{"id": 3}, [], "x", {"workspace_ttl_ms": "many"}]
    for body in bodies:
        server.otherwise(Reply(200, body))
        for call in calls:
            _typed(call)


def _typed(call: Callable[[], object]) -> None:
    failed = ""
    try:
        call()
    except (ChatWorkspaceError, PortError, TimeoutError) as error:
        failed = f"{error!r} {error}"
    assert TOKEN not in failed
