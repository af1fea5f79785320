"""Limits that hold, and reads that are asked again."""

from __future__ import annotations

import gc
import os
import threading
import time
from pathlib import Path
from uuid import UUID

import pytest

from chatworkspace import InvalidArgumentError, UnavailableError
from chatworkspace.ports import CreateWorkspace, PortError
from chatworkspace_coder import CoderClient
from chatworkspace_coder._answers import workspaces
from chatworkspace_coder._http.sizes import ONE
from tests.adapters.coder.certificates import Certificates
from tests.adapters.coder.conftest import TOKEN, waits_of
from tests.adapters.coder.payloads import NOT_FOUND, ORGANIZATION, OWNER, PAGE, TEMPLATE, WORKSPACE, problem, workspace
from tests.adapters.coder.server import Handler, Reply, Server, Step, serving, soon
from tests.forks import ended, in_child
from tests.hanging import not_hanging, until

ME, IT = UUID(OWNER), UUID(WORKSPACE)
PATH = f"/workspaces/{WORKSPACE}"
CREATE = f"/users/{OWNER}/workspaces"
REQUEST = CreateWorkspace(owner_id=ME, organization_id=UUID(ORGANIZATION), name="dev-ana", template_id=UUID(TEMPLATE))


# ---------------------------------------------------------------- reads are asked again


def cut_off(said: bytes) -> Step:
    """Say so much, and close."""

    def step(handler: Handler) -> None:
        handler.wfile.write(said)
        handler.close_connection = True

    return step


@pytest.mark.parametrize(
    "failure",
    [
        Reply(500, problem("oops")),
        Reply(502, PAGE),
        Reply(403, PAGE),
        Reply(404, PAGE),
        Reply(408, PAGE),
        Reply(503, b"x" * 1_000_000),
        Reply(429, problem("slow")),
        Reply(408, problem("slow")),
        Reply(reset=True),
        Reply(200, workspace(), cut=20),
        cut_off(b"HTTP/1.1 200 OK\r\nX-Coder-Build-Version: v2.34"),
        cut_off(b"HTTP/1.1 200 OK\r\nDate: x\r\n"),
        Reply(200, workspace(), {"Content-Encoding": "gzip"}),
    ],
    ids=[
        "500",
        "502",
        "403 of a proxy",
        "404 of an ingress",
        "408 of an ingress",
        "a long 503",
        "429",
        "408",
        "reset",
        "cut off",
        "cut off in a header",
        "cut off between headers",
        "not what it says",
    ],
)
def test_a_read_is_asked_again(server: Server, client: CoderClient, failure: Step) -> None:
    """Where that may help."""
    server.on("GET", PATH, failure, Reply(200, workspace()))
    assert client.get_workspace(ME, IT, deadline=soon()).id == IT
    assert len(server.seen) == 2


@pytest.mark.parametrize(
    "answer", [Reply(401, problem("who?")), Reply(404, NOT_FOUND), Reply(400, problem("bad")), Reply(302, b"", {"Location": "/"})]
)
def test_a_read_that_was_answered_is_not_asked_again(server: Server, client: CoderClient, answer: Reply) -> None:
    """The answer would be the same."""
    server.on("GET", PATH, answer)
    with pytest.raises((UnavailableError, PortError)):
        client.get_workspace(ME, IT, deadline=soon())
    assert len(server.seen) == 1


@pytest.mark.parametrize(
    "answer",
    [
        Reply(200, PAGE),
        Reply(200, b"no JSON"),
        Reply(200, {"id": "another thing"}),
        Reply(200, b" " * (ONE.bytes + 1)),
        Reply(200, workspace(), {"Content-Encoding": "br"}),
        Reply(401, problem("who?")),
        Reply(401, PAGE),
    ],
    ids=["page", "no JSON", "no workspace", "too large", "packed otherwise", "401", "401 of a proxy"],
)
def test_what_is_final_is_not_asked_again_by_anybody(server: Server, client: CoderClient, answer: Reply) -> None:
    """It is one request, and the error says so to whoever would make the call again."""
    server.on("GET", PATH, answer)
    with pytest.raises(UnavailableError) as failed:
        client.get_workspace(ME, IT, deadline=soon())
    assert (len(server.seen), failed.value.retryable) == (1, False)


@pytest.mark.parametrize("answer", [Reply(401, problem("who?")), Reply(401, PAGE)], ids=["401", "401 of a proxy"])
def test_the_next_token_of_a_function_may_be_good(server: Server, answer: Reply) -> None:
    """So the call may be made again."""
    server.on("GET", PATH, answer)
    with CoderClient(server.url, token=lambda _: TOKEN) as client, pytest.raises(UnavailableError) as failed:
        client.get_workspace(ME, IT, deadline=soon())
    assert (len(server.seen), failed.value.retryable) == (1, True)


def test_the_server_may_ask_for_patience(server: Server, client: CoderClient) -> None:
    """Retry-After is honoured where the deadline allows; else the failure is told at once."""
    server.on("GET", PATH, Reply(429, problem("slow"), {"Retry-After": "1"}), Reply(200, workspace()))
    patience = waits_of(client)
    client.get_workspace(ME, IT, deadline=soon())
    assert (len(server.seen), max(patience.waits) >= 1.0) == (2, True)
    patience.waits.clear()
    server.on("GET", PATH, Reply(429, problem("slow"), {"Retry-After": "60"}))
    with pytest.raises(UnavailableError, match="429"):
        client.get_workspace(ME, IT, deadline=soon())
    assert (len(server.seen), patience.waits) == (3, [])


def test_attempts_keep_their_distance() -> None:
    """On a connection that breaks at most 10 in 3 s, with 100 ms between them."""
    with serving() as server, CoderClient(server.url, token=TOKEN) as client:
        server.otherwise(Reply(reset=True))
        between = waits_of(client)
        with pytest.raises(UnavailableError):
            client.get_workspace(ME, IT, deadline=soon(3))
        assert len(server.seen) - 1 <= len(between.waits)
        assert 2 <= len(server.seen) <= 10
        assert min(between.waits) >= 0.1


def test_a_read_is_asked_again_while_time_lasts(server: Server, client: CoderClient) -> None:
    """However often: an ingress may take long to come back. Of every wait a part is certain, so that the attempts of 3 s are few."""
    server.on("GET", PATH, *[Reply(503, PAGE)] * 12, Reply(200, workspace()))
    between = waits_of(client, sleeps=False)
    assert client.get_workspace(ME, IT, deadline=soon(600)).id == IT
    assert len(between.waits) == 12
    assert sum(between.waits[:9]) >= 3.0


def test_the_real_reason_is_told(server: Server, client: CoderClient) -> None:
    """Not that the last attempt ran out of time."""
    server.on("GET", PATH, Reply(503, problem("Coder is going down.")), Reply(hang=True))
    with pytest.raises(UnavailableError, match="going down"):
        client.get_workspace(ME, IT, deadline=soon(2.0))


def test_a_refused_connection() -> None:
    """It is said what happened."""
    with CoderClient("http://127.0.0.1:1", token=TOKEN) as client, pytest.raises(UnavailableError, match="refused"):
        client.get_workspace(ME, IT, deadline=soon(1.0))


# ---------------------------------------------------------------- limits


@pytest.mark.parametrize(
    "slow",
    [Reply(hang=True), Reply(200, workspace(), drip=0.02), Reply(200, workspace(), {"X": "x" * 2000}, drip=0.02)],
    ids=["silence", "dripped body", "dripped headers"],
)
def test_a_deadline_holds(server: Server, client: CoderClient, slow: Reply) -> None:
    """Against silence, and against bytes that come one by one."""
    server.on("GET", PATH, slow)
    server.on("POST", CREATE, slow)
    with not_hanging(0.3), pytest.raises(UnavailableError):
        client.get_workspace(ME, IT, deadline=soon(0.3))
    with not_hanging(0.3), pytest.raises(PortError):
        client.create_workspace(REQUEST, deadline=soon(0.3))


def test_a_deadline_that_has_passed(server: Server, client: CoderClient) -> None:
    """Nothing is sent."""
    with pytest.raises(UnavailableError):
        client.create_workspace(REQUEST, deadline=time.monotonic() - 1)
    assert server.seen == []


def test_a_dripped_handshake_of_tls() -> None:
    """A port that speaks something else, slowly."""
    with serving() as server:
        client = CoderClient(server.url.replace("http:", "https:"), token=TOKEN)
        with not_hanging(0.5), pytest.raises(UnavailableError):
            client.get_workspace(ME, IT, deadline=soon(0.5))
        client.close()


def test_a_connection_that_was_closed_meanwhile(server: Server, client: CoderClient) -> None:
    """A creation is not sent into it."""
    server.on("GET", PATH, Reply(200, workspace(), {"Connection": "close"}))
    server.on("POST", CREATE, Reply(201, workspace()))
    client.get_workspace(ME, IT, deadline=soon())
    assert client.create_workspace(REQUEST, deadline=soon()).id == IT


@pytest.mark.parametrize("answer", [Reply(503, PAGE, {"Retry-After": "30"}), Reply(429, PAGE, {"Retry-After": "30"})], ids=["503", "429"])
def test_closing_ends_the_wait_for_another_attempt(server: Server, answer: Reply) -> None:
    """At once, whatever the server has asked for; the failure is that the client is closed."""
    server.on("GET", PATH, answer)
    client = CoderClient(server.url, token=TOKEN)
    patience = waits_of(client)

    def close() -> None:
        until(lambda: patience.waits)
        client.close()

    closing = threading.Thread(target=close)
    closing.start()
    with not_hanging(), pytest.raises(UnavailableError, match="closed"):
        client.get_workspace(ME, IT, deadline=soon(60))
    closing.join()
    assert len(server.seen) == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_child_of_a_fork_has_connections_of_its_own(server: Server, client: CoderClient) -> None:
    """What the parent has open is not used by the child, and goes on in the parent."""
    server.on("GET", PATH, Reply(200, workspace()))
    client.get_workspace(ME, IT, deadline=soon())

    def act() -> None:
        assert client.get_workspace(ME, IT, deadline=soon()).id == IT

    assert ended(in_child(act)) == 0
    client.get_workspace(ME, IT, deadline=soon())
    assert server.connections == 2


# ---------------------------------------------------------------- TLS


# ssl leaves a socket that is cut off at a certain moment to the collector
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_tls(certificates: Certificates) -> None:
    """An authority that ca_file names is trusted, another is not; deadlines hold behind it too, for requests and for watches."""
    with serving(tls=certificates.server()) as server:
        server.on("GET", PATH, Reply(200, workspace()), Reply(200, workspace()), Reply(200, workspace(), drip=0.02))
        with CoderClient(server.url, token=TOKEN, ca_file=certificates.ca_file) as client:
            for _ in range(2):
                assert client.get_workspace(ME, IT, deadline=soon()).id == IT
            assert server.connections == 1
            with not_hanging(0.3), pytest.raises(UnavailableError):
                client.get_workspace(ME, IT, deadline=soon(0.3))
            assert client.watch(workspaces.workspace(workspace(), None), deadline=soon()) is None
        with CoderClient(server.url, token=TOKEN) as client:
            between = waits_of(client)
            with pytest.raises(UnavailableError, match="certificate") as failed:
                client.get_workspace(ME, IT, deadline=soon())
            assert (failed.value.retryable, between.waits) == (False, [])
    gc.collect()


def test_a_file_without_certificates(tmp_path: Path) -> None:
    """It is said at once."""
    (tmp_path / "ca.pem").write_text("nothing")
    for name in ("ca.pem", "none.pem"):
        with pytest.raises(InvalidArgumentError):
            CoderClient("https://127.0.0.1:1", token=TOKEN, ca_file=str(tmp_path / name))
