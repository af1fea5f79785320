"""The thread that ends what is overdue: there when it is needed, and ended by whoever may come at any instant."""

from __future__ import annotations

import queue
import socket
import threading
from collections.abc import Callable
from contextlib import suppress

import pytest
from urllib3 import connectionpool

from chatworkspace import UnavailableError
from chatworkspace_coder import CoderClient
from chatworkspace_coder._answers import workspaces
from chatworkspace_coder._http import limits, link, locks, opener, pauses, sockets
from chatworkspace_coder._http.limits import Watchdog
from chatworkspace_coder._http.link import Link
from chatworkspace_coder._http.pauses import Pauses, Wanted
from tests.adapters.coder.calls import CREATE, IT, ME, PATH, READ, REQUEST, look
from tests.adapters.coder.conftest import TOKEN
from tests.adapters.coder.payloads import workspace
from tests.adapters.coder.server import Reply, Server, soon
from tests.adapters.coder.streams import Peer, websocket
from tests.finalizers import at_lines
from tests.hanging import PATIENCE, not_hanging, until


def test_the_watchdog_is_started_late_and_ended(server: Server) -> None:
    """One thread, from the first request to close(), which ends requests under way as well."""
    server.on("GET", PATH, Reply(hang=True))
    client = CoderClient(server.url, token=TOKEN)
    assert not client._transport.guarded
    busy = threading.Thread(target=look, args=(client, 60.0))
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


FILES = [str(it.__file__) for it in (limits, link, locks, opener, pauses, sockets, connectionpool, queue, threading)]
"""Wherever something is locked, ours or not, that ends with the client."""


def _hear(peer: Peer) -> None:
    peer.receive()


def _read(client: CoderClient) -> None:
    client.get_workspace(ME, IT, deadline=soon())


def _watch(client: CoderClient) -> None:
    watch = client.watch(READ, deadline=soon())
    assert watch is not None
    watch.next(soon())


@pytest.mark.parametrize("act", [_read, pytest.param(_watch, marks=pytest.mark.exhaustive)])
def test_a_finalizer_that_closes_the_client_hangs_nobody(server: Server, monkeypatch: pytest.MonkeyPatch, act: Callable[[CoderClient], None]) -> None:
    """At any line: what it came in the midst of is done, or told that the client was closed; no thread is left, and no link."""
    server.on("GET", PATH, Reply(200, workspace()))
    server.on("GET", f"{PATH}/watch-ws", websocket(_hear))
    monkeypatch.setattr(limits, "ENDING", 0.01)

    def lines_of(line: int | None) -> int:
        """Return how many lines there are. line: before which it is closed."""
        client = CoderClient(server.url, token=TOKEN)

        def ask() -> None:
            with suppress(UnavailableError):
                act(client)

        lines = at_lines(FILES, lambda number: client.close() if number == line else None, ask)
        client.close()
        until(lambda: not client._transport.guarded)
        assert all(it._closed for it in client._opener._links)
        return lines

    lines = lines_of(None)
    assert lines > 100
    for line in range(lines):
        lines_of(line)


def test_a_finalizer_that_ends_a_pause_hangs_nobody() -> None:
    """At any line, of whoever waits: it is over, also for those who wait beside it."""
    files = [pauses.__file__, locks.__file__, threading.__file__]

    def lines_of(line: int | None) -> int:
        """Return how many lines there are. line: before which it is ended."""
        it = Pauses()
        beside = threading.Thread(target=it.wait, args=(PATIENCE, Wanted()), daemon=True)
        beside.start()
        lines = at_lines(files, lambda number: it.end() if number == line else None, lambda: it.wait(0.01, Wanted()))
        it.end()
        with not_hanging():
            beside.join()
        return lines

    lines = lines_of(None)
    assert lines > 5
    for line in range(lines):
        lines_of(line)


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
