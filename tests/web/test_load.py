"""Many chats at once under real servers: none gets a second workspace when a worker dies, and a page that needs nothing is not kept waiting."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from urllib.request import urlopen

import pytest

from chatworkspace_fake import NEVER
from chatworkspace_fake._platform.states import OWNER
from chatworkspace_simulator import CoderSimulator
from tests.adapters.postgres.server import APP, Database
from tests.web.site import Clients, follow, serving

CHATS = 50
PAGES = 60
"""Health pages that are asked for, one after the other."""
LONG = 120.0
"""Seconds until all chats have to be ready, on the slowest machine."""


@pytest.fixture
def simulator() -> Iterator[CoderSimulator]:
    with CoderSimulator(requests_per_minute=None, first_dials="quick") as running:
        running.coder.add_template("docker", build=4, connect=1, scripts=1, log=[f"step {number}" for number in range(16)])
        yield running


def until_made(simulator: CoderSimulator, count: int) -> int:
    """Wait until the platform has so many workspaces; return how many it has then."""
    over = time.monotonic() + LONG
    while len(simulator.coder.workspaces) < count:
        assert time.monotonic() < over
        time.sleep(0.005)
    return len(simulator.coder.workspaces)


@pytest.mark.exhaustive
def test_a_killed_worker_makes_no_second_workspace(
    simulator: CoderSimulator, database: Database, store: str, record_property: Callable[[str, object], None]
) -> None:
    """Fifty chats, three clients for each. A worker is killed while it creates, and the one that replaces it while all are building.

    By the platform's record each chat has one workspace; all clients see it ready. No server has more connections than threads, and one that listens.
    """
    simulator.coder.when("create_workspace", chance=1).take(0.3)  # so that one can be killed in the midst of it
    with serving("gunicorn", simulator, store) as site:
        workers = [site.workers.get(timeout=LONG) for _ in range(2)]
        clients = Clients("ask", port=site.port, chats=CHATS, each=3, interval=2, seconds=LONG)
        killed_at = [until_made(simulator, 5)]
        os.kill(workers[0], signal.SIGKILL)
        replacement = site.workers.get(timeout=LONG)
        killed_at.append(until_made(simulator, CHATS))
        os.kill(replacement, signal.SIGKILL)
        told = clients.end(2 * LONG)
        (connections,) = database.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND usename = %s", [APP])[0]
    made = Counter(workspace.name for workspace in simulator.coder.workspaces)
    unanswered = told["states"].get("no answer", 0)
    record_property("told", f"{CHATS} chats, 3 clients each, a worker killed when there were {killed_at} workspaces:")
    record_property("told", f"  all ready after {told['seconds']:.1f} s, {unanswered} polls unanswered, {connections} connections at the end")
    assert killed_at[0] < CHATS
    assert (told["ready"], told["not_ready"]) == (3 * CHATS, 0)
    assert connections <= 2 * (4 + 1)
    assert len(made) == len(simulator.coder.workspaces) == CHATS


def in_line(simulator: CoderSimulator) -> None:
    """Let every build stand in line from now on, as long as somebody else's does not end."""
    simulator.coder.set_provisioners(1)
    simulator.coder.add_workspace(simulator.coder.add_template("endless", build=NEVER), "first", owner_id=OWNER)


@pytest.mark.parametrize("server", ["gunicorn", pytest.param("waitress", marks=pytest.mark.exhaustive)])
def test_the_health_page_is_not_kept_waiting(
    server: str, simulator: CoderSimulator, store: str, record_property: Callable[[str, object], None]
) -> None:
    """Fifty chats stand in line, each is polled every two seconds, ten of them by clients that would wait for 20 s, and four tabs follow one of them.

    The page is answered again and again before anything happens. How soon it is, benchmarks/lateness.py tells.
    """
    in_line(simulator)
    with serving(server, simulator, store) as site, ThreadPoolExecutor(4) as pool:
        pollers = Clients("ask", port=site.port, chats=CHATS, each=1, interval=2, seconds=LONG)
        waiters = Clients("ask", port=site.port, chats=10, each=1, interval=2, seconds=LONG, wait=20)
        until_made(simulator, CHATS + 1)
        tabs = [pool.submit(follow, site, "chat-0") for _ in range(4)]
        (took,) = Clients("probe", ports=[site.port], path="/healthz", interval=0.05, times=PAGES).end(LONG)
        assert not any(tab.done() for tab in tabs), "nothing has happened yet"
        simulator.coder.set_provisioners(None)
        assert [tab.result(LONG)[-1].data["state"] for tab in tabs] == ["ready"] * 4
        assert (pollers.end(2 * LONG)["ready"], waiters.end(2 * LONG)["ready"]) == (CHATS, 10)
    record_property("told", f"{server}: {len(took)} health pages while clients poll and nothing is ready, each in {max(took):.2f} s at most")
    assert len(took) == PAGES
    assert len(simulator.coder.workspaces) == CHATS + 1


@pytest.mark.parametrize(("told", "starved"), [("4", False), pytest.param("64", True, marks=pytest.mark.exhaustive)])
def test_why_waiting_is_bounded(told: str, simulator: CoderSimulator, store: str, *, starved: bool) -> None:
    """An app that believes in more threads than its server has lets followers hold all of them, and the health page waits for one of them to go."""
    in_line(simulator)
    with serving("waitress", simulator, store, CHATWORKSPACE_THREADS=told) as site, ThreadPoolExecutor(1) as pool:
        site.ask("POST", "/chats/a/workspace", {"template": "docker"})
        streams = [site.events("a") for _ in range(4)]
        assert [next(stream).name for stream in streams] == ["phase"] * 4
        asked = pool.submit(lambda: urlopen(f"{site.url}/healthz").read())  # noqa: S310 # the server that was started here
        assert bool(wait([asked], 3.0 if starved else LONG).not_done) is starved
        simulator.coder.set_provisioners(None)
        assert asked.result(LONG) == b"ok\n"
        for stream in streams:
            stream.close()
