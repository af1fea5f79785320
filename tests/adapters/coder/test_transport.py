"""Limits that hold, and reads that are asked again."""

from __future__ import annotations

import gc
import os
import shutil
import socket
import subprocess
import threading
import time
from contextlib import suppress
from pathlib import Path
from uuid import UUID

import pytest

from chatworkspace import InvalidArgumentError, UnavailableError
from chatworkspace.ports import CreateWorkspace, PortError
from chatworkspace_coder import CoderClient
from chatworkspace_coder._answers import workspaces
from chatworkspace_coder._http.limits import Watchdog
from chatworkspace_coder._http.link import Link
from chatworkspace_coder._http.pauses import Slots, Wanted
from chatworkspace_coder._http.sizes import ONE
from tests.adapters.coder.conftest import TOKEN, waits_of
from tests.adapters.coder.payloads import NOT_FOUND, ORGANIZATION, OWNER, PAGE, TEMPLATE, WORKSPACE, problem, workspace
from tests.adapters.coder.server import Handler, Reply, Server, Step, serving, soon
from tests.hanging import PATIENCE, not_hanging, until

ME, IT = UUID(OWNER), UUID(WORKSPACE)
PATH = f"/workspaces/{WORKSPACE}"
CREATE = f"/users/{OWNER}/workspaces"
REQUEST = CreateWorkspace(owner_id=ME, organization_id=UUID(ORGANIZATION), name="dev", template_id=UUID(TEMPLATE))


# ---------------------------------------------------------------- reads are asked again


def cut_off(handler: Handler, said: bytes) -> None:
    """Say so much, and close."""
    handler.wfile.write(said)
    handler.close_connection = True


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
        lambda handler: cut_off(handler, b"HTTP/1.1 200 OK\r\nX-Coder-Build-Version: v2.34"),
        lambda handler: cut_off(handler, b"HTTP/1.1 200 OK\r\nDate: x\r\n"),
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


def test_connections_are_shared(server: Server) -> None:
    """32 threads with 4 connections: no more are made, and all are served."""
    server.on("GET", PATH, Reply(200, workspace()))
    with CoderClient(server.url, token=TOKEN, connections=4) as client:
        failed: list[BaseException] = []

        def ask() -> None:
            try:
                for _ in range(5):
                    client.get_workspace(ME, IT, deadline=soon(20))
            except BaseException as error:  # noqa: BLE001 # told below
                failed.append(error)

        threads = [threading.Thread(target=ask) for _ in range(32)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failed == []
        assert (len(server.seen), server.connections <= 4) == (160, True)


def test_reads_that_hang_do_not_keep_a_change_from_being_sent(server: Server) -> None:
    """Some slots are for what changes something; reads have the others, and wait for them."""
    server.on("GET", PATH, Reply(hang=True))
    server.on("POST", CREATE, Reply(201, workspace()))
    with CoderClient(server.url, token=TOKEN, connections=8) as client:
        busy = [threading.Thread(target=_ask, args=(client, 60.0)) for _ in range(12)]
        for thread in busy:
            thread.start()
        until(lambda: len(server.seen) == 7)
        assert client.create_workspace(REQUEST, deadline=soon()).id == IT
        assert server.paths == [f"GET {PATH}"] * 7 + [f"POST {CREATE}"]
        client.close()
        for thread in busy:
            thread.join()


@pytest.mark.parametrize(("count", "for_changes"), [(1, 0), (2, 1), (8, 1), (15, 1), (16, 2), (32, 4)])
def test_slots_for_changes(count: int, for_changes: int) -> None:
    """One in eight, and one at least; a single connection is everybody's. What is given back is there again."""
    slots, nobody = Slots(count), Wanted()
    for _ in range(2):
        reads = [slots.take(changes=False, deadline=0.0, wanted=nobody) for _ in range(count + 1)]
        changes = [slots.take(changes=True, deadline=0.0, wanted=nobody) for _ in range(for_changes + 1)]
        assert (sum(reads), sum(changes)) == (count - for_changes, for_changes)
        for _ in range(sum(reads)):
            slots.give_back(changes=False)
        for _ in range(sum(changes)):
            slots.give_back(changes=True)


def test_all_connections_in_use(server: Server) -> None:
    """Whoever gets none by the deadline is told so, and nothing was sent."""
    server.on("GET", PATH, Reply(hang=True))
    with CoderClient(server.url, token=TOKEN, connections=1) as client:
        busy = threading.Thread(target=_ask, args=(client, 60.0))
        busy.start()
        until(lambda: server.seen)
        with not_hanging(0.2), pytest.raises(UnavailableError, match="in use"):
            client.create_workspace(REQUEST, deadline=soon(0.2))
        assert len(server.seen) == 1
        client.close()
        busy.join()


def _ask(client: CoderClient, seconds: float) -> None:
    with suppress(UnavailableError):
        client.get_workspace(ME, IT, deadline=soon(seconds))


def test_a_connection_that_was_closed_meanwhile(server: Server, client: CoderClient) -> None:
    """A creation is not sent into it."""
    server.on("GET", PATH, Reply(200, workspace(), {"Connection": "close"}))
    server.on("POST", CREATE, Reply(201, workspace()))
    client.get_workspace(ME, IT, deadline=soon())
    assert client.create_workspace(REQUEST, deadline=soon()).id == IT


def test_the_watchdog_is_started_late_and_ended(server: Server) -> None:
    """One thread, from the first request to close(), which ends requests under way as well."""
    server.on("GET", PATH, Reply(hang=True))
    client = CoderClient(server.url, token=TOKEN)
    assert not client._transport.guarded
    busy = threading.Thread(target=_ask, args=(client, 60.0))
    busy.start()
    until(lambda: server.seen)
    assert client._transport.guarded
    with not_hanging():
        client.close()
        busy.join()
    assert not client._transport.guarded
    client.close()
    with pytest.raises(UnavailableError, match="closed"):
        client.get_workspace(ME, IT, deadline=soon())


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


def test_a_thread_that_cannot_be_started(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Is the failure of that call, before anything is sent; the next starts one, and its limit holds."""
    server.on("GET", PATH, Reply(hang=True))
    server.on("POST", CREATE, Reply(201, workspace()))
    failing = [True]
    start = threading.Thread.start

    def refused(thread: threading.Thread) -> None:
        if thread.name == "chatworkspace-coder-watchdog" and failing:
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", refused)
    with CoderClient(server.url, token=TOKEN) as client:
        with pytest.raises(UnavailableError, match="thread"):
            client.create_workspace(REQUEST, deadline=soon())
        with pytest.raises(UnavailableError, match="thread"):
            client.get_workspace(ME, IT, deadline=soon(0.3))
        with pytest.raises(UnavailableError, match="thread"):
            client.watch(workspaces.workspace(workspace(), None), deadline=soon())
        assert server.seen == []
        failing.clear()
        assert client.create_workspace(REQUEST, deadline=soon()).id == IT
        server.on("GET", PATH, Reply(200, workspace(), drip=0.02))
        with not_hanging(0.3), pytest.raises(UnavailableError, match="in time"):
            client.get_workspace(ME, IT, deadline=soon(0.3))


def test_a_watchdog_that_has_died_is_replaced() -> None:
    """However it died, a child of fork() has none either."""
    watchdog = Watchdog()
    dead = threading.Thread(target=lambda: None)
    dead.start()
    dead.join()
    watchdog._thread = dead
    with watchdog.limit(soon()):
        assert watchdog.running
    watchdog.close()


def test_a_finalizer_under_a_lock_of_ours_hangs_nobody() -> None:
    """The collector runs anywhere: whatever it ends in a thread that holds a lock is ended as soon as that lets go."""
    ended: list[str] = []

    def under_its_own_locks() -> None:
        watchdog = Watchdog()
        ours, theirs = socket.socketpair()
        link = Link(ours)
        with theirs, watchdog.limit(soon()) as limit, watchdog.lock, link._lock:
            limit.cut()
            link.close()
            ended.append("both")
        watchdog.close()
        if limit.struck and ours.fileno() == -1:
            ended.append("when the locks were let go")

    finalizer = threading.Thread(target=under_its_own_locks, daemon=True)
    finalizer.start()
    finalizer.join(PATIENCE)
    assert ended == ["both", "when the locks were let go"]


def test_threads_that_end_each_others_requests_under_their_locks() -> None:
    """Neither waits for the other, in whatever order they came by what they hold."""
    watchdogs = Watchdog(), Watchdog()
    limits = [watchdog.limit(soon()) for watchdog in watchdogs]
    both, left = threading.Barrier(2), list[int]()

    def end(mine: int) -> None:
        with watchdogs[mine].lock:
            both.wait(PATIENCE)
            limits[1 - mine].cut()
        left.append(mine)

    threads = [threading.Thread(target=end, args=(mine,), daemon=True) for mine in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert sorted(left) == [0, 1]
    assert [limit.struck for limit in limits] == [True, True]


def test_a_watchdog_without_work_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next limit starts another."""
    monkeypatch.setattr("chatworkspace_coder._http.limits.IDLE", 0.02)
    watchdog = Watchdog()
    for _ in range(2):
        with watchdog.limit(soon()):
            assert watchdog.running
        until(lambda: not watchdog.running)
    watchdog.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_child_of_a_fork_has_connections_of_its_own(server: Server, client: CoderClient) -> None:
    """What the parent has open is not used by the child, and goes on in the parent."""
    server.on("GET", PATH, Reply(200, workspace()))
    client.get_workspace(ME, IT, deadline=soon())
    child = os.fork()
    if child == 0:
        code = 1
        with suppress(BaseException):
            code = 0 if client.get_workspace(ME, IT, deadline=soon()).id == IT else 2
        os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    client.get_workspace(ME, IT, deadline=soon())
    assert server.connections == 2


# ---------------------------------------------------------------- TLS


# ssl leaves a socket that is cut off at a certain moment to the collector
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.skipif(shutil.which("openssl") is None, reason="makes a certificate with openssl")
def test_tls(tmp_path: Path) -> None:
    """An authority that ca_file names is trusted, another is not; deadlines hold behind it too, for requests and for watches."""
    certificate, key = tmp_path / "c.pem", tmp_path / "k.pem"
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run([*made, "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True)
    with serving(tls=(str(certificate), str(key))) as server:
        server.on("GET", PATH, Reply(200, workspace()), Reply(200, workspace()), Reply(200, workspace(), drip=0.02))
        with CoderClient(server.url, token=TOKEN, ca_file=str(certificate)) as client:
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
