"""What the library asks of a Coder server, counted at the server, over real sockets.

python -m benchmarks.coder_http --json FILE

Real time, real threads, a CoderSimulator on the loopback interface, in this process. How soon callers are told is measured by benchmarks.told.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "adapters")]

from benchmarks.report import command, say  # noqa: E402
from benchmarks.threads import in_threads  # noqa: E402
from chatworkspace import ChatWorkspaces, Template  # noqa: E402 # runs from a checkout, installed or not
from chatworkspace.ports import SystemClock  # noqa: E402
from chatworkspace_coder import CoderClient  # noqa: E402
from chatworkspace_fake import FakeCoder, MemoryStore  # noqa: E402
from chatworkspace_simulator import CoderSimulator  # noqa: E402

LEVELS = ("2.20", "2.24", "2.35", "newest")
THREADS = 32
POLLERS = 12
"""So many fit under the library's own cap of polls per second; more poll more slowly."""
BRIEF = (0.05, 0.02, 0.0)
"""Seconds that build, connection and scripts take at least; up to twice as long by chance."""
SCRIPTED = (0.05, 0.02, 0.05)
"""While scripts run, a fresh agent is reached ahead of its dial, by one request more."""
LONG = (1.0, 1.0, 1.0)


class World:
    """A service over a client, a simulated server and a platform; each chat gets a template of its own, with times of its own."""

    def __init__(self, simulator: CoderSimulator, client: CoderClient, times: Sequence[float]) -> None:
        self.simulator = simulator
        self.client = client
        self._times = times
        self._chance = Random(1)  # noqa: S311 # the same for each system
        self._user = client.user()
        clock = SystemClock()
        self.service = ChatWorkspaces(store=MemoryStore(clock), creator=client, dialer=client, clock=clock)
        self._of = {"owner_id": self._user.id, "organization_id": self._user.organization_ids[0]}

    def chat(self, number: int) -> tuple[str, Template]:
        """Open a chat; return it with its template. Reads the template's version."""
        build, connect, scripts = (least * (1 + self._chance.random()) for least in self._times)
        template = self.simulator.coder.add_template(f"template-{number}", build=build, connect=connect, scripts=scripts)
        self.client.get_template(self._user.id, template.id, deadline=time.monotonic() + 15)
        self.service.open_chat(f"chat-{number}", **self._of)
        return f"chat-{number}", template


@contextmanager
def world(times: Sequence[float], *, level: str = "newest", watching: bool = True) -> Generator[World, None, None]:
    """Serve while inside."""
    coder = FakeCoder(watching=watching)
    with CoderSimulator(coder, level=level, requests_per_minute=None) as simulator, CoderClient(simulator.url, token=simulator.token) as client:
        it = World(simulator, client, times)
        yield it
        it.service.close()


def cost(creations: int, threads: int, times: Sequence[float] = BRIEF, *, level: str = "newest", watching: bool = True) -> dict[str, float]:
    """Create so many workspaces; return how many requests and TCP connections that was for each, once the client knows server and versions."""
    with world(times, level=level, watching=watching) as it:
        chats = [it.chat(number) for number in range(threads + creations)]

        def create(number: int) -> None:
            assert it.service.create(chats[number][0], chats[number][1].id).ready

        in_threads(threads, create, range(threads))
        requests, connections = len(it.simulator.requests), it.simulator.connections
        in_threads(threads, create, range(threads, threads + creations))
        return {
            "creations": creations,
            "threads": threads,
            "requests_per_creation": (len(it.simulator.requests) - requests) / creations,
            "connections_per_creation": (it.simulator.connections - connections) / creations,
        }


def measured(*, quick: bool) -> dict[str, Any]:
    """Run all of it. quick: in a few seconds, for the sake of running."""
    part = 10 if quick else 1
    long = tuple(seconds / part for seconds in LONG)
    threads, pollers = (4, 4) if quick else (THREADS, POLLERS)
    ways: dict[str, Callable[[], dict[str, float]]] = {
        **{f"watching, {level}": partial(cost, 20 // part, 1, level=level) for level in LEVELS},
        "watching, with scripts": partial(cost, 20 // part, 1, SCRIPTED),
        f"watching, {threads} threads": partial(cost, 4 * threads, threads),
        f"polling, {pollers} threads": partial(cost, 2 * pollers, pollers, long, watching=False),
    }
    return {"per_creation": {name: say(name, way()) for name, way in ways.items()}}


if __name__ == "__main__":
    sys.exit(command("coder_http", "requests and connections over HTTP", measured))
