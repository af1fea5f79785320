"""Nobody waits for an answer any more: what only reads ends then, whatever it waits for; what changes something does not."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any
from uuid import UUID

import pytest

from chatworkspace import UnavailableError
from chatworkspace._ports.patience import swap_caller
from chatworkspace.ports import NotAnsweredError, PortError
from chatworkspace_coder import CoderClient
from tests.adapters.coder.calls import CHAT, HOME, ME, ONCE, READ, READS, REQUEST, WIRES
from tests.adapters.coder.conftest import TOKEN, waits_of
from tests.adapters.coder.payloads import OWNER, PAGE, WORKSPACE, workspace
from tests.adapters.coder.server import Reply, Server, serving, soon
from tests.hanging import PATIENCE, not_hanging, until

IT = UUID(WORKSPACE)
PATH = f"/workspaces/{WORKSPACE}"


class Calling:
    """A call of the library, as its adapters know it, made in a thread of its own."""

    def __init__(self, act: Callable[[], object], *, may_be_cut: bool = True) -> None:
        self.may_be_cut = may_be_cut
        self.failure: BaseException | None = None
        self._act = act
        self._over = False
        self._wake: Callable[[], object] | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        swap_caller(self)
        try:
            self._act()
        except (UnavailableError, PortError, TimeoutError) as error:
            self.failure = error

    def time_left(self) -> float:
        """Return more than enough."""
        return 600.0

    def set_wake(self, wake: Callable[[], object] | None) -> Callable[[], object] | None:
        """As the library's own: who blocks after the call was ended is woken at once."""
        outer, self._wake = self._wake, wake
        if wake is not None and self._over:
            wake()
        return outer

    def interrupt(self) -> None:
        """End it; return when it has ended."""
        self._over = True
        wake = self._wake
        if wake is not None:
            wake()
        with not_hanging():
            self._thread.join(PATIENCE)
        assert not self._thread.is_alive()


@pytest.mark.parametrize("name", sorted([*READS, "watch", "dial"]))
def test_a_read_that_hangs_is_ended(server: Server, client: CoderClient, name: str) -> None:
    """Whatever is read, and it is not asked again."""
    server.otherwise(Reply(hang=True))
    call = Calling(lambda: (READS | WIRES)[name](client, soon(600)))
    until(lambda: server.seen)
    call.interrupt()
    assert isinstance(call.failure, UnavailableError)
    assert len(server.seen) == 1


@pytest.mark.parametrize("name", ["create", "start", "stop", "delete"])
def test_what_changes_something_is_not(server: Server, client: CoderClient, name: str) -> None:
    """Its outcome would be unknown, by our own doing."""
    release = threading.Event()

    def answer(handler: Any) -> None:
        release.wait(PATIENCE)
        handler.take(Reply(502, PAGE))

    server.otherwise(answer)
    call = Calling(lambda: ONCE[name](client, soon(600)), may_be_cut=False)
    until(lambda: server.seen)
    call._over = True
    assert call._wake is None
    release.set()
    call.interrupt()
    assert isinstance(call.failure, NotAnsweredError)


@contextmanager
def _between_attempts(server: Server) -> Generator[Calling, None, None]:
    server.on("GET", PATH, Reply(503, PAGE, {"Retry-After": "300"}))
    with CoderClient(server.url, token=TOKEN) as client:
        turns = waits_of(client)
        call = Calling(lambda: client.get_workspace(ME, IT, deadline=soon(600)))
        until(lambda: turns.waits)
        yield call


@contextmanager
def _turn(server: Server) -> Generator[Calling, None, None]:
    server.on("GET", PATH, Reply(200, workspace(), {"X-RateLimit-Limit": "512", "X-RateLimit-Remaining": "0"}))
    with CoderClient(server.url, token=TOKEN) as client:
        client.get_workspace(ME, IT, deadline=soon())
        turns = waits_of(client)
        call = Calling(lambda: client.get_workspace(ME, IT, deadline=soon(600)))
        until(lambda: turns.waits)
        yield call


@contextmanager
def _slot(server: Server) -> Generator[Calling, None, None]:
    server.on("GET", PATH, Reply(hang=True))
    asked: list[object] = []

    def token(_: object) -> str:
        asked.append(1)
        return TOKEN

    with CoderClient(server.url, token=token, connections=1) as client:
        busy = threading.Thread(target=_ask, args=(client,))
        busy.start()
        until(lambda: server.seen)
        call = Calling(lambda: client.get_workspace(ME, IT, deadline=soon(600)))
        until(lambda: len(asked) == 2)
        yield call
        client.close()
        busy.join()


def _ask(client: CoderClient) -> None:
    with suppress(UnavailableError):
        client.get_workspace(ME, IT, deadline=soon(600))


@contextmanager
def _others_answer(server: Server) -> Generator[Calling, None, None]:
    server.otherwise(Reply(hang=True))
    with CoderClient(server.url, token=TOKEN) as client:
        busy = threading.Thread(target=_lifetime, args=(client,))
        busy.start()
        until(lambda: server.seen)
        call = Calling(lambda: client._settings.lifetime(ME, soon(600)))
        yield call
        client.close()
        busy.join()


def _lifetime(client: CoderClient) -> None:
    with suppress(UnavailableError):
        client.workspace_ttl(CHAT)


@contextmanager
def _connection(server: Server) -> Generator[Calling, None, None]:
    del server
    with ExitStack() as held:
        listening = held.enter_context(socket.socket())
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        for _ in range(4):
            waiting = held.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listening.getsockname())
        client = held.enter_context(CoderClient(f"http://127.0.0.1:{listening.getsockname()[1]}", token=TOKEN))
        call = Calling(lambda: client.get_workspace(ME, IT, deadline=soon(600)))
        until(lambda: client._transport.guarded)
        yield call


@pytest.mark.parametrize("waits", [_between_attempts, _turn, _slot, _others_answer, _connection], ids=lambda it: it.__name__)
def test_whatever_a_read_waits_for(server: Server, waits: Callable[[Server], Any]) -> None:
    """For the next attempt, its turn, a slot, what another thread asks for, or a connection: it ends, and nothing more is sent."""
    with waits(server) as call:
        asked = len(server.seen)
        call.interrupt()
        assert isinstance(call.failure, UnavailableError)
        assert len(server.seen) == asked


def test_a_call_that_is_over_before_it_asks() -> None:
    """Nothing is sent for it."""
    with serving() as server, CoderClient(server.url, token=TOKEN) as client:
        begin = threading.Event()

        def act() -> None:
            begin.wait(PATIENCE)
            client.list_templates(ME, HOME, deadline=soon(600))

        call = Calling(act)
        call._over = True
        begin.set()
        call.interrupt()
        assert isinstance(call.failure, UnavailableError)
        assert server.seen == []


def test_the_next_call_is_answered(server: Server, client: CoderClient) -> None:
    """What one has given up is nobody's connection."""
    server.on("GET", PATH, Reply(hang=True), Reply(200, workspace()))
    server.on("POST", f"/users/{OWNER}/workspaces", Reply(201, workspace()))
    call = Calling(lambda: client.get_workspace(ME, READ.id, deadline=soon(600)))
    until(lambda: server.seen)
    call.interrupt()
    assert client.get_workspace(ME, IT, deadline=soon()).id == IT
    assert client.create_workspace(REQUEST, deadline=soon()).id == IT
