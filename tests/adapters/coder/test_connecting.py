"""Several addresses of a name: one that leads nowhere does not use up the time of the others."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Generator
from contextlib import ExitStack, suppress
from typing import Any
from uuid import UUID

import pytest

from chatworkspace import UnavailableError
from chatworkspace_coder import CoderClient
from chatworkspace_coder._http import connecting
from chatworkspace_coder._http.connecting import Address, connected, in_turn
from chatworkspace_coder._http.limits import OverdueError, Watchdog
from tests.adapters.coder.calls import ME, READ
from tests.adapters.coder.conftest import TOKEN
from tests.adapters.coder.payloads import PAGE, WORKSPACE, workspace
from tests.adapters.coder.server import Reply, Server, soon
from tests.hanging import not_hanging, until
from tests.sockets import refusing_port

IT = UUID(WORKSPACE)
PATH = f"/workspaces/{WORKSPACE}"


def _starts(where: Any) -> socket.socket:
    made = socket.socket()
    made.setblocking(False)
    made.connect_ex(where)
    return made


@pytest.fixture
def nowhere() -> Generator[Address, None, None]:
    """Give an address whose connections do not come about, and are not refused either: its queue is full."""
    with ExitStack() as held:
        listening = held.enter_context(socket.socket())
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        where = listening.getsockname()
        for _ in range(4):
            held.enter_context(_starts(where))
        yield socket.AF_INET, socket.SOCK_STREAM, 0, where


def refusing() -> Address:
    """Return an address at which nobody listens."""
    return socket.AF_INET, socket.SOCK_STREAM, 0, ("127.0.0.1", refusing_port())


def at(server: Server) -> Address:
    return socket.AF_INET, socket.SOCK_STREAM, 0, ("127.0.0.1", int(server.url.rpartition(":")[2]))


def resolve(monkeypatch: pytest.MonkeyPatch, *addresses: Address) -> None:
    """Let every name have these addresses."""
    found: list[Any] = [(family, kind, protocol, "", where) for family, kind, protocol, where in addresses]

    def told(*_: object) -> list[Any]:
        return found

    monkeypatch.setattr("chatworkspace_coder._http.connecting.socket.getaddrinfo", told)


def test_a_dead_address_leaves_time_to_the_others(server: Server, nowhere: Address, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of requests, and of watches: all would have ended with the first."""
    server.on("GET", PATH, Reply(200, workspace()))
    server.otherwise(Reply(404, PAGE))
    resolve(monkeypatch, nowhere, nowhere, refusing(), at(server))
    with CoderClient("http://coder.example:80", token=TOKEN) as client:
        assert client.get_workspace(ME, IT, deadline=soon()).id == IT
        assert client.watch(READ, deadline=soon()) is None
    assert f"GET {PATH}/watch-ws" in server.paths


def test_one_that_refuses_is_not_waited_for(server: Server, nowhere: Address, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next is tried at once; what is told is what came of those that did not work."""
    monkeypatch.setattr(connecting, "STAGGER", 3600.0)
    watchdog = Watchdog()
    resolve(monkeypatch, refusing(), at(server), nowhere)
    with not_hanging(), watchdog.limit(soon()) as limit, connected("x", 1, limit) as made:
        assert made.getpeername() == at(server)[3]
    resolve(monkeypatch, refusing(), refusing())
    with watchdog.limit(soon()) as limit, pytest.raises(ConnectionRefusedError):
        connected("x", 1, limit)
    resolve(monkeypatch)
    with watchdog.limit(soon()) as limit, pytest.raises(OSError, match="no address"):
        connected("x", 1, limit)
    watchdog.close()


def test_the_limit_is_for_all_addresses_together(nowhere: Address, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many there are."""
    resolve(monkeypatch, *[nowhere] * 20)
    watchdog = Watchdog()
    with not_hanging(0.5), watchdog.limit(soon(0.5)) as limit, pytest.raises(OverdueError):
        connected("x", 1, limit)
    watchdog.close()


def test_closing_ends_what_is_being_connected(nowhere: Address, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not only what is connected."""
    resolve(monkeypatch, nowhere)
    client = CoderClient("http://coder.example:80", token=TOKEN)
    ended: list[float] = []

    def ask() -> None:
        with suppress(UnavailableError):
            client.get_workspace(ME, IT, deadline=soon(120))
        ended.append(time.monotonic())

    asking = threading.Thread(target=ask)
    asking.start()
    until(lambda: client._transport.guarded)
    with not_hanging():
        client.close()
        asking.join()
    assert ended


def test_families_take_turns() -> None:
    """In the system's order within each, and beginning with the system's first."""
    of = [(family, socket.SOCK_STREAM, 0, number) for family, number in ((10, 1), (10, 2), (10, 3), (2, 4), (2, 5))]
    assert [where for *_, where in in_turn(of)] == [1, 4, 2, 5, 3]  # type: ignore[arg-type] # numbers in place of addresses
    assert in_turn([]) == []
