"""How many requests are under way at a time, and for what some of the slots are kept."""

from __future__ import annotations

import threading

import pytest

from chatworkspace import UnavailableError
from chatworkspace_coder import CoderClient
from chatworkspace_coder._http.locks import Bell
from chatworkspace_coder._http.pauses import Slots, Wanted
from tests.adapters.coder.calls import CREATE, IT, ME, PATH, REQUEST, look
from tests.adapters.coder.conftest import TOKEN
from tests.adapters.coder.payloads import workspace
from tests.adapters.coder.server import Reply, Server, soon
from tests.hanging import not_hanging, until


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
        busy = [threading.Thread(target=look, args=(client, 60.0)) for _ in range(12)]
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


def test_whoever_waits_is_woken_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the slot that it gets, in the order of coming: a thousand that wait cost nothing until then."""
    slots, nobody, woken, served = Slots(1), Wanted(), list[float](), list[int]()
    heard = Bell.heard

    def counted(bell: Bell, seconds: float) -> bool:
        woken.append(seconds)
        return heard(bell, seconds)

    monkeypatch.setattr(Bell, "heard", counted)
    assert slots.take(changes=False, deadline=soon(), wanted=nobody)

    def wait(number: int) -> None:
        assert slots.take(changes=bool(number % 2), deadline=soon(60), wanted=nobody)
        served.append(number)
        slots.give_back(changes=bool(number % 2))

    threads = [threading.Thread(target=wait, args=(number,)) for number in range(20)]
    for number, thread in enumerate(threads):
        thread.start()
        until(lambda: len(woken) > number)  # noqa: B023 # called before it changes
    slots.give_back(changes=False)
    for thread in threads:
        thread.join()
    assert (served, len(woken)) == (list(range(20)), 20)


def test_whoever_gives_up_leaves_the_queue() -> None:
    """At once, whoever it is that ends the wait; the slot is somebody else's."""
    slots, wanted, nobody = Slots(1), Wanted(), Wanted()
    assert slots.take(changes=True, deadline=0.0, wanted=nobody)
    found = list[bool]()
    waiting = threading.Thread(target=lambda: found.append(slots.take(changes=False, deadline=soon(60), wanted=wanted)))
    waiting.start()
    until(lambda: wanted._bell is not None)
    with not_hanging():
        wanted.give_up()
        waiting.join()
    assert found == [False]
    assert not slots.take(changes=False, deadline=soon(60), wanted=wanted)
    slots.give_back(changes=True)
    assert slots.take(changes=False, deadline=0.0, wanted=nobody)


def test_a_read_is_served_though_changes_wait_behind_it() -> None:
    """Whoever came first; a read that may have no slot now keeps no change back."""
    slots, nobody, served = Slots(2), Wanted(), list[str]()
    assert slots.take(changes=False, deadline=0.0, wanted=nobody)
    assert slots.take(changes=True, deadline=0.0, wanted=nobody)

    def wait(name: str) -> None:
        assert slots.take(changes=name != "read", deadline=soon(60), wanted=nobody)
        served.append(name)

    threads = [threading.Thread(target=wait, args=(name,)) for name in ("read", "change", "later")]
    for number, thread in enumerate(threads):
        thread.start()
        until(lambda: len(slots._reads) + len(slots._changes) > number)  # noqa: B023 # as above
    for changes in (True, False, True):
        slots.give_back(changes=changes)
        until(lambda: len(slots._reads) + len(slots._changes) == 3 - len(served))
    for thread in threads:
        thread.join()
    assert served == ["change", "read", "later"]


def test_all_connections_in_use(server: Server) -> None:
    """Whoever gets none by the deadline is told so, and nothing was sent."""
    server.on("GET", PATH, Reply(hang=True))
    with CoderClient(server.url, token=TOKEN, connections=1) as client:
        busy = threading.Thread(target=look, args=(client, 60.0))
        busy.start()
        until(lambda: server.seen)
        with not_hanging(0.2), pytest.raises(UnavailableError, match="in use"):
            client.create_workspace(REQUEST, deadline=soon(0.2))
        assert len(server.seen) == 1
        client.close()
        busy.join()
