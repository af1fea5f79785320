"""The server's limit of requests per path: reads keep away from it, and what the server asks for is honoured."""

from __future__ import annotations

import heapq
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from uuid import UUID

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatworkspace import ChatWorkspaces, RefusedError, UnavailableError
from chatworkspace.ports import CreateWorkspace, NotAnsweredError, SystemClock
from chatworkspace_coder import CoderClient
from chatworkspace_coder._http import pacing, rates
from chatworkspace_coder._http.messages import Answer
from chatworkspace_coder._http.pacing import MOST, Pacing
from chatworkspace_coder._http.rates import PROCESSES, WINDOW, Rate, interval, rate_in
from chatworkspace_fake import FakeCoder, MemoryStore
from chatworkspace_simulator import CoderSimulator
from chatworkspace_simulator._http import limits as server_limits
from tests.adapters.coder.calls import CALLS
from tests.adapters.coder.conftest import waits_of
from tests.adapters.coder.payloads import ORGANIZATION, OWNER, PAGE, TEMPLATE, WORKSPACE, problem, workspace
from tests.adapters.coder.server import Reply, Server, soon
from tests.hanging import PATIENCE, not_hanging, until

ME, IT = UUID(OWNER), UUID(WORKSPACE)
PATH, CREATE = f"/workspaces/{WORKSPACE}", f"/users/{OWNER}/workspaces"
REQUEST = CreateWorkspace(owner_id=ME, organization_id=UUID(ORGANIZATION), name="dev-ana", template_id=UUID(TEMPLATE))
KEY = (None, "/path")
MORE_THAN_A_WINDOW = 150
"""Requests of eight clients, where a path may be read 120 times in one."""


DATED = {"Date": "Wed, 21 Oct 2026 07:28:00 GMT"}


def told(left: object, limit: object = 512, **headers: str) -> dict[str, str]:
    return {"X-RateLimit-Limit": str(limit), "X-RateLimit-Remaining": str(left), "X-RateLimit-Reset": "1893456000"} | headers


def small(headers: dict[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


# ---------------------------------------------------------------- the pace, as values


@pytest.mark.parametrize(
    ("left", "seconds"),
    [(511, 0), (257, 0), (256, 480 / 256), (100, 4.8), (8, 60), (1, 60), (0, 60)],
)
def test_the_less_is_left_the_slower(left: int, seconds: float) -> None:
    """Nothing is slowed while half is left; then each of eight processes takes an eighth of the rest in a minute; a minute is the longest wait."""
    assert interval(rate_in(small(told(left)))) == pytest.approx(seconds)


@given(limit=st.integers(1, 10**6), left=st.integers(0, 10**6))
def test_the_rest_is_never_used_up(limit: int, left: int) -> None:
    """All processes together read no more in a window than is left, as long as there is one for each."""
    pause = interval(Rate(limit=limit, left=min(left, limit)))
    assert 0 <= pause <= WINDOW
    if pause:
        assert PROCESSES * WINDOW / pause <= max(left, PROCESSES) + 1e-6


@pytest.mark.parametrize("headers", [{}, told("x"), told(-1), told(3, 0), told("9" * 30), told("٣"), told(3, ""), {"X-RateLimit-Remaining": "3"}])
def test_headers_that_say_nothing(headers: dict[str, str]) -> None:
    """As from a server or proxy without a limit: nothing is slowed."""
    assert interval(rate_in(small(headers))) == 0


# ---------------------------------------------------------------- the state


def noted(left: int, status: int = 200, **headers: str) -> Pacing:
    pacing = Pacing()
    pacing.note(KEY, Answer(status=status, headers=small(told(left, **headers))), now=100.0)
    return pacing


def test_turns_stand_in_line() -> None:
    """Threads that read one path take turns at the pace; another path, and another user's, are not slowed."""
    pacing = noted(100)
    waits = [pacing.turn(KEY, now=100.0, deadline=1000.0) for _ in range(3)]
    assert waits == pytest.approx([4.8, 9.6, 14.4])
    for other in ((None, "/other"), (ME, "/path")):
        assert pacing.turn(other, now=100.0, deadline=1000.0) == 0
    assert pacing.turn(KEY, now=200.0, deadline=1000.0) == 0


def test_a_turn_leaves_half_of_the_time() -> None:
    """For the answer; a deadline that has passed is waited for by nobody."""
    pacing = noted(0)
    assert pacing.turn(KEY, now=100.0, deadline=115.0) == 7.5
    assert pacing.turn(KEY, now=100.0, deadline=90.0) == 0
    assert max(pacing.turn(KEY, now=100.0, deadline=10_000.0) for _ in range(100)) <= WINDOW  # however long the line


def test_enough_again() -> None:
    """The next answer that says so ends it, and nothing is remembered."""
    pacing = noted(3)
    assert len(pacing) == 1
    pacing.note(KEY, Answer(status=200, headers=small(told(500))), now=101.0)
    assert (len(pacing), pacing.turn(KEY, now=101.0, deadline=1000.0)) == (0, 0)


def test_what_is_remembered_is_bounded() -> None:
    """However many paths are near their limits: the oldest are forgotten."""
    pacing = Pacing()
    for number in range(MOST + 10):
        pacing.note((None, str(number)), Answer(status=200, headers=small(told(1))), now=100.0)
    assert len(pacing) == MOST
    assert pacing.turn((None, "0"), now=100.0, deadline=1000.0) == 0
    assert pacing.turn((None, str(MOST)), now=100.0, deadline=1000.0) > 0


def test_a_refusal_is_remembered() -> None:
    """Until the server's Retry-After is over, though not longer than a minute, whatever is asked for."""
    pacing = noted(0, 429, **{"Retry-After": "30"})
    refused = pacing.refusal(KEY, now=110.0)
    assert refused is not None
    assert (refused[0].status, refused[1]) == (429, 20.0)
    assert pacing.refusal(KEY, now=130.0) is None
    assert noted(0, 429, **{"Retry-After": "999999999"}).refusal(KEY, now=100.0 + WINDOW) is None
    assert noted(0, 503, **{"Retry-After": "30"}).refusal(KEY, now=110.0) is None


# ---------------------------------------------------------------- eight processes, in virtual time


class Clock(SystemClock):
    """Time as the story has it."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def now(self) -> datetime:  # noqa: D102 # of the base class
        return datetime(2030, 1, 1, tzinfo=timezone.utc) + timedelta(seconds=self.seconds)


def polled_by_eight(limit: int, pause: float, begins: float, patience: float) -> tuple[int, int]:
    """Let eight processes poll one path for ten minutes, as often as they may; return how often they were refused, and how often answered."""
    clock = Clock(begins)
    server, processes = server_limits.RateLimit(clock, limit), [Pacing() for _ in range(PROCESSES)]
    due = [(begins, number, False) for number in range(PROCESSES)]
    refused = answered = 0
    while due[0][0] < begins + 600:
        now, number, sends = heapq.heappop(due)
        clock.seconds = now
        if not sends:
            heapq.heappush(due, (now + processes[number].turn(KEY, now=now, deadline=now + patience), number, True))
            continue
        headers, refusal = server.count("path")
        refused, answered = refused + (refusal is not None), answered + (refusal is None)
        processes[number].note(KEY, Answer(status=429 if refusal else 200, headers=small(headers)), now=now)
        heapq.heappush(due, (now + 0.003 + pause, number, False))
    return refused, answered


@pytest.mark.parametrize("limit", [32, 60, 512])
@settings(deadline=None, max_examples=40)
@given(pause=st.sampled_from([0.0, 0.25, 1.0, 2.0]), begins=st.integers(0, 59))
def test_eight_processes_are_never_refused(limit: int, pause: float, begins: int) -> None:
    """Also those that would poll without a pause, whenever in the server's minute they begin; and they use their part of what is allowed."""
    refused, answered = polled_by_eight(limit, pause, begins, patience=1e9)
    assert refused == 0
    assert answered / 10 >= limit * 0.4 or pause == 2.0


@settings(deadline=None, max_examples=40)
@given(pause=st.sampled_from([0.25, 1.0, 2.0]), begins=st.integers(0, 59))
def test_neither_are_they_with_deadlines(pause: float, begins: int) -> None:
    """A read that may take 15 s is not held back for longer than half of that, which suffices at the server's own limit."""
    assert polled_by_eight(512, pause, begins, patience=15.0)[0] == 0


# ---------------------------------------------------------------- over sockets


def test_reads_of_a_path_are_slowed(server: Server, client: CoderClient) -> None:
    """By what the last answer said; reads of other paths, and what creates, are not."""
    server.on("GET", PATH, Reply(200, workspace(), told(200, 2000)))
    server.on("GET", "/users/me", Reply(200, {"id": OWNER, "username": "ana"}, told(500)))
    server.on("POST", CREATE, Reply(201, workspace(), told(0)))
    turns = waits_of(client, sleeps=False)
    for _ in range(2):
        client.get_workspace(ME, IT, deadline=soon(60))
    assert (len(turns.waits), 0 < turns.waits[0] <= 2.4) == (1, True)  # an eighth of 200 in a minute
    for _ in range(3):
        client.user()
        client.create_workspace(REQUEST, deadline=soon(60))
    assert len(turns.waits) == 1


def test_a_slow_read_keeps_its_deadline(server: Server, client: CoderClient) -> None:
    """It waits for half of its time at most, and is answered."""
    server.on("GET", PATH, Reply(200, workspace(), told(0)))
    client.get_workspace(ME, IT, deadline=soon())
    turns = waits_of(client)
    client.get_workspace(ME, IT, deadline=soon(4))
    assert (len(turns.waits), 0 < turns.waits[0] <= 2.0) == (1, True)


def test_closing_ends_a_slow_read(server: Server, client: CoderClient) -> None:
    """At once."""
    server.on("GET", PATH, Reply(200, workspace(), told(0)))
    client.get_workspace(ME, IT, deadline=soon())
    turns = waits_of(client)

    def close() -> None:
        until(lambda: turns.waits)
        client.close()

    closing = threading.Thread(target=close)
    closing.start()
    with not_hanging(), pytest.raises(UnavailableError, match="closed"):
        client.get_workspace(ME, IT, deadline=soon(120))
    closing.join()


def test_a_refused_path_is_left_alone(server: Server, client: CoderClient) -> None:
    """Who cannot wait so long is told at once, without a request; who can waits; what creates on another path is sent."""
    server.on("GET", PATH, Reply(429, problem("slow down"), {"Retry-After": "3"}), Reply(200, workspace()))
    server.on("POST", CREATE, Reply(201, workspace()))
    turns = waits_of(client)
    for _ in range(3):
        with pytest.raises(UnavailableError, match="slow down"):
            client.get_workspace(ME, IT, deadline=soon(0.5))
    assert turns.waits == []
    client.create_workspace(REQUEST, deadline=soon())
    assert server.paths == [f"GET {PATH}", f"POST {CREATE}"]
    client.get_workspace(ME, IT, deadline=soon(60))
    assert turns.waits
    assert server.paths == [f"GET {PATH}", f"POST {CREATE}", f"GET {PATH}"]


OWN = Reply(429, problem("slow down"), told(0, **{"Retry-After": "60"}))


# a description is a help: without it the template is listed all the same
@pytest.mark.parametrize("name", sorted(CALLS.keys() - {"watch, read", "wake", "run", "described"}))
def test_each_call_says_when_it_may_be_made_again(server: Server, client: CoderClient, name: str) -> None:
    """At once, by one request: whoever waits for so long holds nothing meanwhile. It is certain that nothing was made."""
    server.otherwise(OWN)
    turns = waits_of(client)
    with pytest.raises(UnavailableError) as failed:
        CALLS[name](client, soon(120))
    assert type(failed.value) is UnavailableError
    assert (failed.value.retry_after, failed.value.retryable) == (60.0, True)
    assert (len(server.seen), turns.waits) == (1, [])


def test_a_refusal_that_is_remembered_says_what_is_left_of_it(server: Server, client: CoderClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not what the server said then."""
    server.on("GET", PATH, OWN)
    with pytest.raises(UnavailableError):
        client.get_workspace(ME, IT, deadline=soon())
    monotonic = time.monotonic
    monkeypatch.setattr("chatworkspace_coder._http.transport.time.monotonic", lambda: monotonic() + 20)
    with pytest.raises(UnavailableError) as failed:
        client.get_workspace(ME, IT, deadline=soon(120))
    assert failed.value.retry_after is not None
    assert 20 <= failed.value.retry_after <= 40
    assert len(server.seen) == 1


@pytest.mark.parametrize(
    ("reply", "seconds"),
    [
        (Reply(429, problem("slow down"), told(0)), 60.0),
        (Reply(429, problem("slow down"), {"Retry-After": "7"}), 7.0),
        (Reply(429, problem("slow down")), 60.0),
        (Reply(429, problem("slow down"), {"Retry-After": "soon"}), 60.0),
        (Reply(429, problem("slow down"), {"Retry-After": "-3"}), 60.0),
        (Reply(429, problem("slow down"), {"Retry-After": "0"}), 1.0),
        (Reply(429, problem("slow down"), DATED | {"Retry-After": "Wed, 21 Oct 2026 07:28:40 GMT"}), 40.0),
        (Reply(429, problem("slow down"), DATED | {"Retry-After": "Wed, 21 Oct 2026 07:20:00 GMT"}), 1.0),
        (Reply(429, problem("slow down"), {"Date": "today", "Retry-After": "Wed, 21 Oct 2026 07:28:40 GMT"}), 60.0),
    ],
    ids=["only how many are left", "only when", "neither", "a word", "a negative", "nothing to wait", "a date", "a past date", "no date to tell by"],
)
def test_what_coder_says_of_its_limit(server: Server, client: CoderClient, reply: Reply, seconds: float) -> None:
    """Without the seconds it is the minute over which it counts; a date is one of the server's clock. It is certain that nothing was made."""
    server.on("POST", CREATE, reply)
    with pytest.raises(UnavailableError) as failed:
        client.create_workspace(REQUEST, deadline=soon())
    assert failed.value.retry_after == seconds


@pytest.mark.parametrize("told", ["Wed, 21 Oct 2026 07:28:40", "Wed, 21 Oct 99999 07:28:40 GMT", "1, 2, 3", ",", "x" * 70_000, "9" * 400])
def test_dates_that_are_none(told: str) -> None:
    """Say nothing, and break nothing."""
    assert Answer(status=429, headers=small(DATED | {"Retry-After": told})).retry_after is None


def test_a_429_of_a_proxy_says_nothing_of_a_change(server: Server, client: CoderClient) -> None:
    """It may have been sent on: it is looked for. A read is asked again."""
    page = Reply(429, PAGE, {"Retry-After": "60"})
    server.on("POST", CREATE, page)
    with pytest.raises(NotAnsweredError):
        client.create_workspace(REQUEST, deadline=soon())
    server.on("GET", PATH, attrs.evolve(page, headers={"Retry-After": "0"}), Reply(200, workspace()))
    assert client.get_workspace(ME, IT, deadline=soon()).id == IT


class Standing(SystemClock):
    """A server's clock that stands still at the beginning of a minute, however slow the machine is, until it is time to go on."""

    def __init__(self) -> None:
        self.is_time: Callable[[], bool] = bool
        self._since: float | None = None

    def now(self) -> datetime:  # noqa: D102 # of the base class
        if self._since is None and self.is_time():
            self._since = time.monotonic()
        return datetime(2030, 1, 1, tzinfo=timezone.utc) + timedelta(seconds=0.0 if self._since is None else time.monotonic() - self._since)


def test_a_creation_waits_until_the_server_takes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Over the whole way: it is told as made, by a second request; one that may not wait so long is told when."""
    monkeypatch.setattr(server_limits, "WINDOW", 6.0)
    server_clock = Standing()
    with CoderSimulator(FakeCoder(server_clock), requests_per_minute=3) as simulator, CoderClient(simulator.url, token=simulator.token) as client:
        server_clock.is_time = lambda: [seen.status for seen in simulator.requests if seen.method == "POST"].count(429) >= 2
        docker = simulator.coder.add_template("docker")
        me = client.user()
        clock = SystemClock()
        with ChatWorkspaces(store=MemoryStore(clock), creator=client, dialer=client, clock=clock) as service:
            for chat in "abcd":
                service.open_chat(chat, owner_id=me.id, organization_id=me.organization_ids[0])
            for _ in range(3):
                with suppress(RefusedError):
                    client.create_workspace(attrs.evolve(REQUEST, owner_id=me.id, template_id=UUID(int=1)), deadline=soon())
            with pytest.raises(UnavailableError) as failed:
                service.create("a", docker.id, wait=1)
            assert type(failed.value) is UnavailableError
            assert failed.value.retry_after == 6.0
            assert service.create("b", docker.id, wait=PATIENCE).created
    assert [seen.status for seen in simulator.requests if seen.method == "POST"][-3:] == [429, 429, 201]
    assert len(simulator.coder.live) == 1


def test_eight_clients_poll_one_workspace(monkeypatch: pytest.MonkeyPatch) -> None:
    """Over several of the server's windows, as often as they may: none is ever refused. A minute takes 2 s here, for server and clients."""
    for module in (server_limits, rates, pacing):
        monkeypatch.setattr(module, "WINDOW", 2.0)
    coder = FakeCoder()
    docker = coder.add_template("docker")
    with CoderSimulator(coder, requests_per_minute=120) as simulator:
        clients = [CoderClient(simulator.url, token=simulator.token) for _ in range(PROCESSES)]
        me = clients[0].user()
        it = coder.add_workspace(docker, "dev", owner_id=me.id)
        over = soon(PATIENCE)

        def poll(client: CoderClient) -> None:
            while len(simulator.requests) < MORE_THAN_A_WINDOW and time.monotonic() < over:
                with suppress(UnavailableError):
                    client.get_workspace(me.id, it.id, deadline=soon(60))

        threads = [threading.Thread(target=poll, args=(client,)) for client in clients]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for client in clients:
            client.close()
        answers = [seen.status for seen in simulator.requests]
    assert set(answers) == {200}
    assert len(answers) >= MORE_THAN_A_WINDOW
