"""What an answer may cost: by kind, as it comes and unpacked; nothing is made of what is larger or deeper."""

from __future__ import annotations

import gzip
import json
import tracemalloc
import zlib
from collections.abc import Callable
from uuid import UUID

import pytest

from chatworkspace import UnavailableError
from chatworkspace.ports import NotAnsweredError
from chatworkspace_coder import CoderClient
from chatworkspace_coder._answers.errors import error_of_read, may_pass
from chatworkspace_coder._http.messages import Answer
from chatworkspace_coder._http.sizes import DEPTH, FRAGMENTS, LIST, LOG, ONE, PROBLEM, NoJsonError, Size, TooLargeError, Unpacker, parsed
from tests.adapters.coder.calls import HOME, ME, READ, REQUEST
from tests.adapters.coder.payloads import BUILD, ORGANIZATION, OWNER, PAGE, WORKSPACE, problem, user, workspace
from tests.adapters.coder.server import Handler, Reply, Server, soon
from tests.adapters.coder.streams import TEXT, Peer, events, frame, websocket

IT = UUID(WORKSPACE)
PATH = f"/workspaces/{WORKSPACE}"
CREATE = f"/users/{OWNER}/workspaces"
MIB = 1024 * 1024
FEW = Size(bytes=1000, values=20)


def packed(body: bytes) -> Reply:
    return Reply(200, gzip.compress(body), {"Content-Encoding": "gzip"})


# ---------------------------------------------------------------- JSON


@pytest.mark.parametrize(
    "told",
    [b"[" * 900, b"[" * (DEPTH + 1) + b"]" * (DEPTH + 1), b'{"a":' * 80 + b"1" + b"}" * 80, b"[" + b"[]," * 20 + b"1]", b" " * 1001],
    ids=["open", "deep", "deep objects", "many", "large"],
)
def test_what_is_too_large_is_not_parsed(told: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is made of it."""

    def loads(_: bytes) -> object:
        pytest.fail("it was parsed")

    monkeypatch.setattr("chatworkspace_coder._http.sizes.json.loads", loads)
    with pytest.raises(TooLargeError):
        parsed(told, Size(bytes=1000, values=1000) if told[:3] in {b"[[[", b'{"a'} else FEW)


@pytest.mark.parametrize(
    "value",
    [[[0] * 3] * 300, {"text": "[" * 500}, {"text": '"' * 300 + "{" * 300 + "\\" * 301}, {"a": "\\", "b": ["["] * 100, "c": '\\"[' * 100}, "x"],
    ids=["wide", "brackets in a text", "quotes", "escapes", "text"],
)
def test_depth_is_not_what_stands_in_texts(value: object) -> None:
    """Nor how many lists stand beside each other."""
    assert parsed(json.dumps(value).encode(), ONE) == value


@pytest.mark.parametrize("depth", [1, 10, DEPTH])
def test_what_is_deep_enough(depth: int) -> None:
    """Up to the limit, lists and objects in turn, and beside many others."""
    value: object = 1
    for level in range(depth - 1):
        value = [value] if level % 2 else {"a": value}
    assert parsed(json.dumps([value] + [[]] * 100).encode(), ONE) == [value] + [[]] * 100


@pytest.mark.parametrize("told", [b"", b"x", PAGE, b"]" * 100, b"}{" * 100, b'"' * 101, b"[}" * 100, b"\xff\xfe", b"1" * 5000])
def test_what_is_no_json(told: bytes) -> None:
    """Is not quoted either."""
    with pytest.raises((NoJsonError, TooLargeError)) as failed:
        parsed(told, ONE)
    assert failed.value.__cause__ is failed.value.__context__ is None


def test_an_answer_is_parsed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """However often it is asked what it says."""
    told: list[bytes] = []
    loads = json.loads

    def noted(it: bytes) -> object:
        told.append(it)
        return loads(it)

    monkeypatch.setattr("chatworkspace_coder._http.sizes.json.loads", noted)
    for body in (problem("No."), "x", None):
        answer = Answer(status=400, body=json.dumps(body).encode(), most=PROBLEM)
        may_pass(answer)
        assert str(error_of_read(answer)) == str(error_of_read(answer))
    assert len(told) == 3


# ---------------------------------------------------------------- bodies


def test_no_more_is_unpacked_than_may_be() -> None:
    """A thousandth of it on the wire is enough to know: memory stays near the limit."""
    bomb = gzip.compress(b"[" * 64 * MIB)
    assert len(bomb) < 100_000
    tracemalloc.start()
    try:
        with pytest.raises(TooLargeError):
            Unpacker("gzip", ONE.bytes).add(bomb)
        assert tracemalloc.get_traced_memory()[1] < 4 * ONE.bytes
    finally:
        tracemalloc.stop()


def test_bytes_that_unpack_to_nothing_are_counted() -> None:
    """And so are those behind the end of what was packed."""
    ending = zlib.compressobj(wbits=31)
    for more in (b"\0\0\0\xff\xff" * 300, gzip.compress(b"x") + b"x" * 1100):
        body = Unpacker("gzip", 1000)
        head = ending.flush(zlib.Z_SYNC_FLUSH) if more[:1] == b"\0" else b""
        with pytest.raises(TooLargeError):
            body.add(head + more)


@pytest.mark.parametrize("packing", ["gzip", "deflate", "X-GZip", "identity", ""])
def test_what_proxies_pack(packing: str) -> None:
    """Though nobody asked for it. One byte at a time, too."""
    told = b'{"a": 1}' * 10
    sent = gzip.compress(told) if "gzip" in packing.lower() else zlib.compress(told) if packing == "deflate" else told
    body = Unpacker(packing, 1000)
    for at in range(len(sent)):
        body.add(sent[at : at + 1])
    assert body.whole() == told


@pytest.mark.parametrize("sent", [gzip.compress(b"x" * 100)[:-10], b"not packed"], ids=["half", "none"])
def test_what_is_not_packed_as_it_says(sent: bytes) -> None:
    """Half of it is none."""
    body = Unpacker("gzip", 1000)
    with pytest.raises(ValueError, match="packed"):  # noqa: PT012 # either may say so
        body.add(sent)
        body.whole()


KINDS: dict[str, tuple[str, str, Callable[[CoderClient], object], Size]] = {
    "workspace": ("GET", PATH, lambda client: client.get_workspace(ME, IT, deadline=soon()), ONE),
    "workspaces": ("GET", "/workspaces", lambda client: client.list_workspaces(ME, HOME, deadline=soon()), LIST),
    "templates": ("GET", f"/organizations/{ORGANIZATION}/templates", lambda client: client.list_templates(ME, HOME, deadline=soon()), LIST),
    "log": ("GET", f"/workspacebuilds/{BUILD}/logs", lambda client: client.build_log(READ, after=0, deadline=soon()), LOG),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("form", ["long", "packed", "many", "deep"])
def test_each_kind_has_its_limits(server: Server, client: CoderClient, kind: str, form: str) -> None:
    """What is larger is refused by one request, whatever it is larger by; the memory that it takes is a part of what it would."""
    method, path, ask, most = KINDS[kind]
    server.on("GET", f"/users/{OWNER}", Reply(200, user()))
    server.on("GET", f"/workspacebuilds/{BUILD}", Reply(200, {"workspace_id": WORKSPACE}))
    forms = {
        "long": Reply(200, b" " * (most.bytes + 1)),
        "packed": packed(b"[" * 4 * most.bytes),
        "many": packed(b"[" + b"[]," * (most.values // 2) + b"1]"),
        "deep": packed(b"[" * 100 + b"]" * 100),
    }
    server.on(method, path, forms[form])
    tracemalloc.start()
    try:
        with pytest.raises(UnavailableError, match="too large") as failed:
            ask(client)
        assert tracemalloc.get_traced_memory()[1] < 12 * most.bytes
    finally:
        tracemalloc.stop()
    assert not failed.value.retryable
    assert server.paths.count(f"{method} {path}") == 1


@pytest.mark.parametrize("told", [b"-1\r\n", b"2\r\n{}\r\n0\r\n", b"2\r\n{}\r\n0\r\nx: ", b""], ids=["minus one", "trailers", "a trailer", "a size"])
def test_what_is_said_of_chunks_is_bounded(server: Server, client: CoderClient, told: bytes) -> None:
    """No line, no trailer and no size lets more in than the kind of answer may be."""
    sent = [0]

    def answer(handler: Handler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + told)
        piece = b"x: yyyyyyyyyyyyyy\r\n" * 4096 if told.endswith(b"0\r\n") else b"1" * 65536
        while sent[0] < 64 * MIB:
            handler.wfile.write(piece)
            sent[0] += len(piece)

    server.on("GET", PATH, answer)
    tracemalloc.start()
    try:
        with pytest.raises(UnavailableError, match=r"too large|is no number") as failed:
            client.get_workspace(ME, IT, deadline=soon())
        assert tracemalloc.get_traced_memory()[1] < 2 * ONE.bytes
    finally:
        tracemalloc.stop()
    assert not failed.value.retryable
    assert sent[0] < 64 * MIB
    assert len(server.seen) == 1


def test_a_creation_whose_answer_is_too_large(server: Server, client: CoderClient) -> None:
    """May have been made: it is looked for."""
    server.on("POST", CREATE, packed(b"[" * 4 * ONE.bytes))
    with pytest.raises(NotAnsweredError):
        client.create_workspace(REQUEST, deadline=soon())


def test_a_refusal_that_is_packed(server: Server, client: CoderClient) -> None:
    """Is told all the same."""
    told = gzip.compress(json.dumps(problem("No.")).encode())
    server.on("GET", PATH, Reply(400, told, {"Content-Encoding": "gzip"}))
    with pytest.raises(UnavailableError, match=r"No\."):
        client.get_workspace(ME, IT, deadline=soon())


# ---------------------------------------------------------------- streams


def _by_frames(*frames: bytes) -> Callable[[Peer], None]:
    def talk(peer: Peer) -> None:
        for it in frames:
            peer.raw(it)
        peer.handler.server.over.wait(20)

    return talk


@pytest.mark.parametrize(
    ("talk", "reason"),
    [
        (_by_frames(frame(b"x" * 10, TEXT, last=False), *[frame(b"x" * (MIB // 2), 0, last=False)] * 8), "too large"),
        (_by_frames(frame(b"x", TEXT, last=False) + frame(b"x", 0, last=False) * FRAGMENTS), "too many pieces"),
        (_by_frames(frame(b"[" * 2000, TEXT)), "no event"),
        (_by_frames(b"\x81\x7f" + b"\xff" * 8 + b"x" * 100), "too large"),
        (_by_frames(b"\x81\x7f\x80" + b"\0" * 7 + b"x" * 100), "too large"),
    ],
    ids=["large", "in many pieces", "deep", "of minus one byte", "of half of all numbers"],
)
def test_a_message_of_a_stream_is_bounded(server: Server, client: CoderClient, talk: Callable[[Peer], None], reason: str) -> None:
    """Put together from however many frames, and heard in however many calls."""
    server.on("GET", f"{PATH}/watch-ws", websocket(talk))
    server.on("GET", PATH, Reply(200, workspace()))
    watch = client.watch(READ, deadline=soon())
    assert watch is not None
    assert watch.next(soon()) is not None
    over = soon()

    def hear() -> None:
        while watch.next(soon(0.05)) is None and soon(0) < over:
            pass

    with pytest.raises(UnavailableError, match=reason):
        hear()


@pytest.mark.parametrize(
    "lines",
    [
        [b"data: " + b"x" * MIB + b"\n"] * 5,
        [b"data:\n" * (FRAGMENTS + 1)],
        [b"data: " + b"x" * (ONE.bytes + 1)],
        [b"data: " + b"[" * 2000 + b"\n\n"],
    ],
    ids=["large", "of many lines", "a long line", "deep"],
)
def test_an_event_of_a_stream_is_bounded(server: Server, client: CoderClient, lines: list[bytes]) -> None:
    """However many lines it has."""
    server.on("GET", f"{PATH}/watch-ws", Reply(404, PAGE))
    server.on("GET", f"{PATH}/watch", events(*lines, server.wait))
    server.on("GET", PATH, Reply(200, workspace()))
    watch = client.watch(READ, deadline=soon())
    assert watch is not None
    assert watch.next(soon()) is not None
    with pytest.raises(UnavailableError, match="broke"):
        watch.next(soon())


def test_a_workspace_in_many_pieces_is_heard(server: Server, client: CoderClient) -> None:
    """As many as a server may send it in."""
    other = workspace()
    other["latest_build"]["job"]["status"] = "failed"
    server.on("GET", f"{PATH}/watch-ws", websocket(lambda peer: peer.send(json.dumps({"type": "data", "data": other}).encode(), pieces=500)))
    server.on("GET", PATH, Reply(200, workspace()))
    watch = client.watch(READ, deadline=soon())
    assert watch is not None
    watch.next(soon())
    heard = watch.next(soon())
    assert heard is not None
    assert heard.build.job_status.value == "failed"
