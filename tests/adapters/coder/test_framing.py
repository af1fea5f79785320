"""An answer belongs to its request: whatever else a server or a proxy puts on the connection, nobody is told another's data."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Generator
from contextlib import suppress
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chatworkspace import UnavailableError
from chatworkspace.ports import PortError
from chatworkspace_coder import CoderClient
from tests.adapters.coder.calls import READ
from tests.adapters.coder.conftest import TOKEN
from tests.adapters.coder.payloads import OWNER, WORKSPACE, workspace
from tests.adapters.coder.server import Handler, Reply, Server, serving, soon
from tests.adapters.coder.streams import Peer, websocket

ME = UUID(OWNER)
EARLY = b"HTTP/1.1 103 Early Hints\r\nLink: </x>; rel=preload\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


def whole(body: bytes, *headers: bytes) -> bytes:
    """Return a sound answer."""
    return OK + b"".join(it + b"\r\n" for it in (*headers, b"Content-Length: %d" % len(body))) + b"\r\n" + body


def chunked(body: bytes, *headers: bytes) -> bytes:
    """Return one in chunks."""
    pieces = b"".join(b"%x\r\n%b\r\n" % (len(it), it) for it in (body[:9], body[9:]))
    return OK + b"".join(it + b"\r\n" for it in (b"Transfer-Encoding: chunked", *headers)) + b"\r\n" + pieces + b"0\r\n\r\n"


FORMS: dict[str, Callable[[bytes, bytes], bytes]] = {
    "sound": lambda body, _: whole(body),
    "chunks": lambda body, _: chunked(body),
    "early hints": lambda body, _: EARLY + whole(body),
    "many before": lambda body, _: b"HTTP/1.1 100 Continue\r\n\r\n" + EARLY * 3 + b"HTTP/1.1 102 Processing\r\n\r\n" + chunked(body),
    "another behind": lambda body, other: whole(body) + whole(other),
    "another behind chunks": lambda body, other: chunked(body) + whole(other),
    "two lengths": lambda body, other: whole(body, b"Content-Length: %d" % (len(body) + len(whole(other)))) + whole(other),
    "a length and chunks": lambda body, other: chunked(body, b"Content-Length: 3") + whole(other),
    "too short a length": lambda body, other: OK + b"Content-Length: %d\r\n\r\n" % len(body) + body + b" " + whole(other),
    "a signed length": lambda body, other: OK + b"Content-Length: +%d\r\n\r\n" % len(body) + body + whole(other),
    "nothing, and something": lambda _, other: b"HTTP/1.1 204 No Content\r\n\r\n" + whole(other),
    "another protocol": lambda _, other: b"HTTP/1.1 101 Switching Protocols\r\n\r\n" + whole(other),
    "two codings": lambda body, other: chunked(body, b"Transfer-Encoding: identity") + whole(other),
}


class Naming:
    """A server whose every answer names its request, and whose strays name one that nobody has made."""

    def __init__(self, server: Server) -> None:
        self.forms: list[str] = []
        server.otherwise(self._answer)

    def _answer(self, handler: Handler) -> None:
        asked = _asked(handler)
        form = FORMS[self.forms.pop(0) if self.forms else "sound"]
        for piece in re.split(b"(?<=preload\r\n\r\n)", form(_of(asked), _of(str(uuid4())))):
            handler.wfile.write(piece)
            handler.server.over.wait(0.01)  # hints are sent while the answer is still to be made


def _asked(handler: Handler) -> str:
    return handler.path.partition("?")[0].rpartition("/")[2]


def _of(asked: str) -> bytes:
    return json.dumps({**workspace(), "id": asked, "name": f"w-{asked[:8]}"}).encode()


@pytest.fixture(scope="module")
def naming() -> Generator[tuple[Naming, CoderClient], None, None]:
    with serving() as server, CoderClient(server.url, token=TOKEN, connections=1) as client:
        yield Naming(server), client


def _ask(client: CoderClient) -> bool:
    """Ask for a workspace that nobody has asked for; return whether it was told, and never another."""
    asked = uuid4()
    with suppress(UnavailableError, PortError):
        found = client.get_workspace(ME, asked, deadline=soon(0.5))
        assert (found.id, found.name) == (asked, f"w-{str(asked)[:8]}")
        return True
    return False


@pytest.mark.parametrize("form", FORMS)
def test_what_is_odd_does_not_shift_the_answers(naming: tuple[Naming, CoderClient], form: str) -> None:
    """Of the requests that follow on the same connection, or on a new one."""
    it, client = naming
    client._transport._pauses.end()  # nobody waits between attempts
    it.forms = [form]
    _ask(client)
    assert [_ask(client), _ask(client)] == [True, True]


@given(forms=st.lists(st.sampled_from(sorted(FORMS)), min_size=1, max_size=5))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_answer_is_taken_for_anothers(naming: tuple[Naming, CoderClient], forms: list[str]) -> None:
    """Whatever comes in whatever order."""
    it, client = naming
    it.forms = list(forms)
    client._transport._pauses.end()  # nobody waits between attempts
    for _ in forms:
        _ask(client)
    it.forms = []
    assert _ask(client)


def test_hints_do_not_cost_the_connection(server: Server, client: CoderClient) -> None:
    """They are read past, and it is used again."""
    Naming(server).forms = ["early hints", "many before", "early hints"]
    assert [_ask(client) for _ in range(4)] == [True] * 4
    assert server.connections == 1


def test_what_is_said_before_the_question_is_no_answer(server: Server, client: CoderClient) -> None:
    """Bytes that came while the connection was idle end it."""

    def late(handler: Handler) -> None:
        handler.wfile.write(whole(_of(_asked(handler))))
        time.sleep(0.05)  # the first answer is read by itself
        handler.wfile.write(whole(_of(str(uuid4()))))

    server.otherwise(late)
    assert _ask(client)
    time.sleep(0.2)
    assert _ask(client)
    assert server.connections == 2


def test_a_watch_reads_past_hints(server: Server, client: CoderClient) -> None:
    """The WebSocket that was asked for begins behind them."""

    def talk(peer: Peer) -> None:
        peer.event("data", {**workspace(), "name": "behind"})
        peer.receive()

    def step(handler: Handler) -> None:
        handler.wfile.write(EARLY + EARLY)
        websocket(talk)(handler)

    server.on("GET", f"/workspaces/{WORKSPACE}", Reply(200, workspace()))
    server.on("GET", f"/workspaces/{WORKSPACE}/watch-ws", step)
    watch = client.watch(READ, deadline=soon())
    assert watch is not None
    assert watch.level == "watch-ws"  # type: ignore[attr-defined] # of the client's own
    watch.close()
