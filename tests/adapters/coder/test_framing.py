"""An answer belongs to its request: whatever else a server or a proxy puts on the connection, nobody is told another's data."""

from __future__ import annotations

import json
import re
import socket
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
from chatworkspace_coder._http import sockets
from chatworkspace_coder._http.link import Body, BrokenError, Link
from chatworkspace_coder._http.messages import Answer
from tests.adapters.coder.calls import CALLS, READ
from tests.adapters.coder.certificates import Certificates
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


def counted(body: bytes, size: bytes) -> bytes:
    """Return one whose second chunk says that it is so long, in hexadecimal digits where the size has room for them."""
    size = size.replace(b"%", b"%x" % len(body[9:]))
    return OK + b"Transfer-Encoding: chunked\r\n\r\n9\r\n%b\r\n%b\r\n%b\r\n0\r\n\r\n" % (body[:9], size, body[9:])


SIZES = [b"-1", b"-%", b"+%", b" %", b"0x%", b"0_%", b"%_", b"%,", b"", b"\xb2%", b"% 0", b"1" * 16, b"%" + b" " * 1100]
"""Of chunks. What is none of them for one reader is for another."""
LENGTHS = ["-1", "-%", "+%", "0_%", "%_", "% 0", "%,%", "", "0x%", "\xb2", "9" * 16, "9" * 5000]
"""Of a body; here in decimal digits."""
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
    "a chunk longer than it says": lambda body, other: counted(body + b" " * 20, b"%x" % len(body[9:])) + whole(other),
    "a body of nothing in chunks": lambda _, other: b"HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + whole(other),
}


def _of_chunk(size: bytes) -> Callable[[bytes, bytes], bytes]:
    return lambda body, other: counted(body, size) + whole(other)


def _of_length(told: str) -> Callable[[bytes, bytes], bytes]:
    def form(body: bytes, other: bytes) -> bytes:
        return OK + b"Content-Length: %b\r\n\r\n" % told.replace("%", str(len(body))).encode("latin-1") + body + whole(other)

    return form


FORMS.update({f"a chunk of {size[:9]!r}": _of_chunk(size) for size in SIZES})
FORMS.update({f"a length of {told[:9]!r}": _of_length(told) for told in LENGTHS})


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


BRIEF = 0.5
"""Seconds after which an answer that is none is given up."""


def _ask(client: CoderClient, seconds: float = 20.0) -> bool:
    """Ask for a workspace that nobody has asked for; return whether it was told, and never another."""
    asked = uuid4()
    with suppress(UnavailableError, PortError):
        found = client.get_workspace(ME, asked, deadline=soon(seconds))
        assert (found.id, found.name) == (asked, f"w-{str(asked)[:8]}")
        return True
    return False


@pytest.mark.parametrize("form", FORMS)
def test_what_is_odd_does_not_shift_the_answers(naming: tuple[Naming, CoderClient], form: str) -> None:
    """Of the requests that follow on the same connection, or on a new one."""
    it, client = naming
    client._transport._pauses.end()  # nobody waits between attempts
    it.forms = [form]
    _ask(client, BRIEF)
    assert [_ask(client), _ask(client)] == [True, True]


@given(forms=st.lists(st.sampled_from(sorted(FORMS)), min_size=1, max_size=5))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_answer_is_taken_for_anothers(naming: tuple[Naming, CoderClient], forms: list[str]) -> None:
    """Whatever comes in whatever order."""
    it, client = naming
    it.forms = list(forms)
    client._transport._pauses.end()  # nobody waits between attempts
    for _ in forms:
        _ask(client, BRIEF)
    it.forms = []
    assert _ask(client)


@pytest.mark.parametrize("form", [it for it in FORMS if it.startswith(("a chunk of", "a length of"))])
def test_a_length_that_is_no_number_is_final(server: Server, form: str) -> None:
    """The next answer would say so again: it is asked for once. Nothing is told."""
    it = Naming(server)
    it.forms = [form] * 9
    with CoderClient(server.url, token=TOKEN) as client, pytest.raises(UnavailableError, match="how long it is is no number") as failed:
        client.get_workspace(ME, uuid4(), deadline=soon())
    assert (failed.value.retryable, len(it.forms)) == (False, 8)


@pytest.mark.parametrize("size", [it for it in SIZES if len(it) < 200] + [b"1" * 200], ids=repr)
def test_a_stream_takes_no_other_sizes(size: bytes) -> None:
    """A chunk of a watch is as long as it says, or the watch is broken."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(counted(b'{"a": "b"}', size).partition(b"\r\n\r\n")[2])
        theirs.shutdown(socket.SHUT_WR)
        body = Body(Link(ours), Answer(status=200, headers={"transfer-encoding": "chunked"}))
        assert body.receive(soon()) == b'{"a": "b"'
        with pytest.raises(BrokenError, match="no chunk"):
            body.receive(soon())


@pytest.mark.parametrize("end", ["0\r\n\r\n", "000;x=y\r\nA: b\r\nC: d\r\n\r\n", "0 \r\n\r\n"])
def test_what_chunks_may_say(server: Server, client: CoderClient, end: str) -> None:
    """Extensions, a trailer, blanks behind a size: none of it costs the answer, nor the connection."""

    def answer(handler: Handler) -> None:
        body = _of(_asked(handler))
        told = b"%X;name=value\r\n%b\r\n%x  \r\n%b\r\n" % (9, body[:9], len(body[9:]), body[9:])
        handler.wfile.write(OK + b"Transfer-Encoding: Chunked\r\n\r\n" + told + end.encode())

    server.otherwise(answer)
    assert [_ask(client), _ask(client)] == [True, True]
    assert server.connections == 1


@pytest.mark.parametrize("cut", [b"9", b"9\r\n", b'9\r\n{"id"', b'5\r\n{"id"\r', b"5\r\n"], ids=["size", "line", "chunk", "end", "nothing"])
def test_chunks_that_are_cut_off(server: Server, client: CoderClient, cut: bytes) -> None:
    """Are no whole answer, wherever it is: it is asked for again."""

    def answer(handler: Handler) -> None:
        handler.wfile.write(OK + b"Transfer-Encoding: chunked\r\n\r\n" + cut)
        handler.close_connection = True

    server.on("GET", f"/workspaces/{WORKSPACE}", answer, Reply(200, workspace()))
    assert client.get_workspace(ME, UUID(WORKSPACE), deadline=soon()).name == workspace()["name"]
    assert len(server.seen) == 2


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


@pytest.fixture(params=["http", "https"])
def first_to_speak(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Generator[tuple[Server, CoderClient], None, None]:
    """Give a server that says something on each connection before it is asked, and a client that has been slow to ask."""
    certificates: Certificates = request.getfixturevalue("certificates")
    tls = certificates.server() if request.param == "https" else None
    with serving(tls=tls) as server, CoderClient(server.url, token=TOKEN, ca_file=certificates.ca_file) as client:
        said, look = server.greet(whole(_of(WORKSPACE))), sockets.heard

        def late(idle: socket.socket) -> bool | None:
            said()
            return look(idle)

        monkeypatch.setattr(sockets, "heard", late)
        client._transport._pauses.end()  # nobody waits between attempts
        yield server, client


@pytest.mark.parametrize("name", ["get", "create", "watch"])
def test_what_is_said_first_of_all_is_no_answer(first_to_speak: tuple[Server, CoderClient], name: str) -> None:
    """It is not taken for the answer to what was not yet asked: nothing is sent, and so nothing was made."""
    server, client = first_to_speak
    with pytest.raises(UnavailableError, match="no sound HTTP"):
        CALLS[name](client, soon(5))
    assert server.seen == []


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
