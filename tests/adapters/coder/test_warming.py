"""Reaching an agent ahead of its dial: a probe whose answer nobody reads."""

from __future__ import annotations

import os
import threading

import pytest

from chatworkspace import UnavailableError
from chatworkspace.ports import Warming
from chatworkspace_coder import CoderClient, _dialing
from tests.adapters.coder.conftest import TOKEN
from tests.adapters.coder.server import Reply, Server, soon
from tests.adapters.coder.test_dial import IT, MAIN, PROBE
from tests.forks import ended, in_child
from tests.hanging import not_hanging, until


@pytest.fixture
def silent(server: Server) -> Server:
    """Take the probe, and say nothing."""
    server.on("GET", PROBE, Reply(hang=True))
    return server


def warm(client: CoderClient) -> Warming:
    begun = client.warm(IT, MAIN, deadline=soon())
    assert begun is not None
    return begun


def test_it_returns_before_the_answer(silent: Server, client: CoderClient) -> None:
    """The server is asked what a dial asks it, with the token, once; no thread waits for what it says."""
    with not_hanging():
        begun = warm(client)
    until(lambda: silent.paths == [f"GET {PROBE}"])
    assert TOKEN in silent.seen[0].headers.values()
    assert not any("warm" in thread.name for thread in threading.enumerate())
    begun.close()
    begun.close()
    assert client._dialer._warming == {}


def test_a_dial_goes_its_own_way(server: Server, client: CoderClient) -> None:
    """Over a connection of its own, whatever becomes of the probe before."""
    server.on("GET", PROBE, Reply(hang=True), Reply(200, {"ports": None}))
    begun = warm(client)
    until(lambda: len(server.seen) == 1)
    client._workspaces.is_part = lambda *_: True  # type: ignore[method-assign] # it was read before
    with client.dial(IT, MAIN, deadline=soon()):
        pass
    begun.close()
    assert server.connections == 2


def test_it_ends_with_the_client(silent: Server, client: CoderClient) -> None:
    """Its connection is closed, and no other is begun."""
    begun = warm(client)
    until(lambda: len(silent.seen) == 1)
    client.close()
    with pytest.raises(UnavailableError):
        client.warm(IT, MAIN, deadline=soon())
    begun.close()


def test_no_more_than_are_worth_it(silent: Server, client: CoderClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is a socket: beyond some nobody is reached ahead, until one is let go of."""
    monkeypatch.setattr(_dialing, "MOST_WARMING", 2)
    one, _other = warm(client), warm(client)
    assert client.warm(IT, MAIN, deadline=soon()) is None
    one.close()
    warm(client)
    until(lambda: len(silent.seen) == 3)


def test_a_server_that_is_away(client: CoderClient) -> None:
    """It is said so at once; and a deadline that has passed is one."""
    with pytest.raises(UnavailableError):
        client.warm(IT, MAIN, deadline=soon(-1.0))
    with CoderClient("http://127.0.0.1:9", token=TOKEN) as nobody, pytest.raises(UnavailableError, match="refused"):
        nobody.warm(IT, MAIN, deadline=soon())


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork()")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_child_has_none_of_its_parents(silent: Server, client: CoderClient) -> None:
    """And ends none of them: the server hears of no end."""
    begun = warm(client)
    until(lambda: len(silent.seen) == 1)

    def child() -> None:
        assert client._dialer._warming == {}
        client.close()

    assert ended(in_child(child)) == 0
    assert list(client._dialer._warming) == [begun]
    begun.close()
