"""How soon a caller is told that its workspace is ready, over real sockets.

python -m benchmarks.told --json FILE

The simulator has a process of its own. The baselines of the same run: one bare request by the same client, from one thread and from as many as wait,
and the way of the model system, which polls every 2 s. Instants are those of the clock that all processes of a machine share.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from random import Random
from statistics import mean, median, quantiles
from threading import Thread
from typing import Any
from uuid import UUID

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "adapters")]

from benchmarks.elsewhere import Elsewhere, Settings  # noqa: E402 # runs from a checkout, installed or not
from benchmarks.model_system import ModelSystem  # noqa: E402
from benchmarks.report import command  # noqa: E402
from benchmarks.threads import in_threads  # noqa: E402
from chatworkspace import ChatWorkspaces, ClosedError  # noqa: E402
from chatworkspace.ports import SystemClock  # noqa: E402
from chatworkspace_coder import CoderClient  # noqa: E402
from chatworkspace_fake import MemoryStore  # noqa: E402

THREADS = 32
POLLERS = 12
LONG_BUILDS = 100
BRIEF = (0.15, 0.05, 0.0)
"""Seconds that build, connection and scripts take at least, and up to twice as long by chance."""
SCRIPTED = (0.15, 0.05, 0.05)
COLD_SCRIPTED = (0.15, 0.05, 1.0)
LONG = (1.0, 1.0, 0.0)
UP_TO_HALF_A_MINUTE = (10.0, 0.0, 0.0)
MANY_HOURS = (36_000.0, 0.0, 0.0)


class World:
    """A service over a client and a server; each chat has a template of its own, with times of its own."""

    def __init__(self, server: Elsewhere, client: CoderClient, times: Sequence[float]) -> None:
        self.server = server
        self.client = client
        self._times = times
        self._chance = Random(1)  # noqa: S311 # the same for each system
        self._user = client.user()
        clock = SystemClock()
        self._of = {"owner_id": self._user.id, "organization_id": self._user.organization_ids[0]}
        self.service = ChatWorkspaces(store=MemoryStore(clock), creator=client, dialer=client, clock=clock)
        self.model_system = ModelSystem(client, client, clock, self._of["owner_id"], self._of["organization_id"])

    def chat(self, name: str, times: Sequence[float] | None = None) -> tuple[UUID, float]:
        """Open a chat; return its template, and the seconds until its workspace is ready. Reads the template's version."""
        taken = times or [least * (1 + self._chance.random()) for least in self._times]
        template = self.server.template(name, taken)
        self.client.get_template(self._user.id, template, deadline=time.monotonic() + 15)
        self.service.open_chat(name, **self._of)
        return template, sum(taken)


@contextmanager
def world(times: Sequence[float], *, slow_first_dials: bool = False, watching: bool = True) -> Generator[World, None, None]:
    """Serve while inside."""
    with (
        Elsewhere(Settings(watching=watching, slow_first_dials=slow_first_dials)) as server,
        CoderClient(server.url, token=server.token) as client,
    ):
        it = World(server, client, times)
        try:
            yield it
        finally:
            it.service.close()


def late(it: World, chats: int, threads: int, *, model_system: bool = False) -> dict[str, float]:
    """Return how long after it was ready on the platform each creation returned."""
    found = list[float]()

    def create(number: int) -> None:
        template, ready_after = it.chat(f"chat-{number}")
        if model_system:
            it.model_system.create(f"chat-{number}", template)
        else:
            assert it.service.create(f"chat-{number}", template).ready
        told_at = time.monotonic()
        found.append(told_at - it.server.made_at(template) - ready_after)

    in_threads(threads, create, range(chats))
    return {"chats": chats, "threads": threads, **summary(found)}


def bare(it: World, requests: int, threads: int = 1) -> dict[str, float]:
    """Return what one request on an open connection takes, with reading its answer: telling that a workspace is ready sends one, the dial."""
    took = list[float]()

    def ask(_: int) -> None:
        begun = time.monotonic()
        it.client.user()
        took.append(time.monotonic() - begun)

    in_threads(threads, ask, range(requests))
    return {"requests": requests, "threads": threads, **summary(took)}


def beside(it: World, builds: int) -> list[Thread]:
    """Let so many callers wait for builds that do not end while it is measured."""

    def wait(name: str, template: UUID) -> None:
        with suppress(ClosedError):
            it.service.create(name, template)

    names = [f"long-{number}" for number in range(builds)]
    waiting = [Thread(target=wait, args=(name, it.chat(name, MANY_HOURS)[0])) for name in names]
    for thread in waiting:
        thread.start()
    return waiting


def summary(seconds: Sequence[float]) -> dict[str, float]:
    """Return milliseconds."""
    return {"mean_ms": mean(seconds) * 1000, "median_ms": median(seconds) * 1000, "p99_ms": quantiles(seconds, n=100)[98] * 1000}


# ---------------------------------------------------------------- what is measured


def watching(part: int, threads: int) -> dict[str, Any]:
    """Measure callers that watch, beside bare requests of the same client."""
    with world(BRIEF) as it:
        numbers: dict[str, Any] = {"bare_request": bare(it, 2000 // part), "one_thread": late(it, 200 // part, 1)}
    with world(SCRIPTED) as it:
        numbers["one_thread_with_scripts"] = late(it, 200 // part, 1)
    with world(LONG) as it:
        numbers["bare_request_in_threads"] = bare(it, 2000 // part, threads)
        numbers["threads"] = late(it, 8 * threads, threads)
    for name, times in (("cold_dial", BRIEF), ("cold_dial_with_scripts", COLD_SCRIPTED)):
        with world(times, slow_first_dials=True) as it:
            numbers[name] = late(it, 40 // part, 1)
    return numbers


def polling(part: int, pollers: int) -> dict[str, Any]:
    """Measure callers that cannot watch, over builds of up to half a minute, alone and beside many that wait for long; and the model system."""
    numbers, chats = dict[str, Any](), max(36 // part, pollers)
    times = [seconds / part for seconds in UP_TO_HALF_A_MINUTE]
    with world(times, watching=False) as it:
        numbers["alone"] = late(it, chats, pollers)
    with world(times, watching=False) as it:
        waiting = beside(it, LONG_BUILDS // part)
        numbers["beside_long_builds"] = {"long_builds": len(waiting), **late(it, chats, pollers)}
        it.service.close()
        for thread in waiting:
            thread.join()
    with world(times) as it:
        numbers["model_system"] = late(it, chats, pollers, model_system=True)
    return numbers


def measured(*, quick: bool) -> dict[str, Any]:
    """Measure all of it. quick: in seconds, to see that it runs."""
    part, threads, pollers = (10, 4, 4) if quick else (1, THREADS, POLLERS)
    found = {"watching": watching(part, threads), "polling": polling(part, pollers)}
    return {**found, "ratios": ratios(found["watching"])}


def ratios(numbers: Mapping[str, Mapping[str, float]]) -> dict[str, dict[str, float]]:
    """Return how many bare requests each takes, by the median of these: of one thread, and of as many threads."""
    return {
        f"{name}_to_{baseline}": {of: numbers[name][f"{of}_ms"] / numbers[baseline]["median_ms"] for of in ("median", "p99")}
        for name, baselines in (
            ("one_thread", ("bare_request",)),
            ("one_thread_with_scripts", ("bare_request",)),
            ("threads", ("bare_request", "bare_request_in_threads")),
        )
        for baseline in baselines
    }


if __name__ == "__main__":
    sys.exit(command("told", "how soon a caller is told that its workspace is ready", measured))
