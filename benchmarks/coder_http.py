"""What the library asks of a Coder server, and how soon it tells that a workspace is ready, over real sockets.

python -m benchmarks.coder_http --json FILE --plot FILE

Real time, real threads, a CoderSimulator on the loopback interface, in this process. The baselines of the same run: one bare request, and the way of
the model system, which polls every 2 s, over the same client.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from random import Random
from statistics import mean, median, quantiles
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "adapters")]

from benchmarks.model_system import ModelSystem  # noqa: E402
from benchmarks.pictures import Bar, bar_chart, page  # noqa: E402
from benchmarks.threads import in_threads  # noqa: E402
from chatworkspace import ChatWorkspaces, Template  # noqa: E402 # runs from a checkout, installed or not
from chatworkspace.ports import SystemClock  # noqa: E402
from chatworkspace_coder import CoderClient  # noqa: E402
from chatworkspace_fake import FakeCoder, MemoryStore  # noqa: E402
from chatworkspace_simulator import CoderSimulator  # noqa: E402

LEVELS = ("2.20", "2.24", "2.35", "newest")
GOAL = 5.0
"""Milliseconds from ready to told, watching: the median. For the 99th percentile it is 25."""
THREADS = 32
POLLERS = 12
"""So many fit under the library's own cap of polls per second; more poll more slowly."""
BRIEF = (0.05, 0.02, 0.02)
"""Seconds that build, connection and scripts take at least, where the wait itself is not what is measured; up to twice as long by chance."""
LONG = (1.0, 1.0, 1.0)
UNSCRIPTED = (0.05, 0.02, 0.0)
"""As BRIEF, but for scripts: while those run, a fresh agent is reached ahead of its dial, by one request more."""


class World:
    """A service over a client, a simulated server and a platform; each chat gets a template of its own, with times of its own."""

    def __init__(self, simulator: CoderSimulator, client: CoderClient, times: Sequence[float]) -> None:
        self.simulator = simulator
        self.client = client
        self._times = times
        self._chance = Random(1)  # noqa: S311 # the same for each system
        self._user = client.user()
        clock = SystemClock()
        home = self._user.organization_ids[0]
        self.service = ChatWorkspaces(store=MemoryStore(clock), creator=client, dialer=client, clock=clock)
        self.model_system = ModelSystem(client, client, clock, self._user.id, home)
        self._of = {"owner_id": self._user.id, "organization_id": home}

    def chat(self, number: int) -> tuple[str, Template, float]:
        """Open a chat; return it with its template, and the seconds until its workspace is ready. Reads the template's version."""
        build, connect, scripts = (least * (1 + self._chance.random()) for least in self._times)
        template = self.simulator.coder.add_template(f"template-{number}", build=build, connect=connect, scripts=scripts)
        self.client.get_template(self._user.id, template.id, deadline=time.monotonic() + 15)
        self.service.open_chat(f"chat-{number}", **self._of)
        return f"chat-{number}", template, build + connect + scripts


@contextmanager
def world(times: Sequence[float], *, level: str = "newest", watching: bool = True) -> Generator[World, None, None]:
    """Serve while inside."""
    coder = FakeCoder(watching=watching)
    with CoderSimulator(coder, level=level, requests_per_minute=None) as simulator, CoderClient(simulator.url, token=simulator.token) as client:
        it = World(simulator, client, times)
        yield it
        it.service.close()


# ---------------------------------------------------------------- what it costs


def cost(creations: int, threads: int, times: Sequence[float] = UNSCRIPTED, *, level: str = "newest", watching: bool = True) -> dict[str, float]:
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


# ---------------------------------------------------------------- how soon it tells


def late(name: str, chats: int, threads: int, times: Sequence[float], *, watching: bool = True, model_system: bool = False) -> dict[str, float]:
    """Return how long after it was ready on the platform each creation returned."""
    found = list[float]()
    with world(times, watching=watching) as it:

        def create(number: int) -> None:
            chat, template, ready_after = it.chat(number)
            if model_system:
                it.model_system.create(chat, template.id)
            else:
                assert it.service.create(chat, template.id).ready
            told_at = time.monotonic()
            made = next(made for made in reversed(it.simulator.coder.workspaces) if made.template.id == template.id)
            found.append(told_at - made.made_at - ready_after)
            if len(found) % max(chats // 4, 1) == 0:
                print(f"  {name}: {len(found)} of {chats}", flush=True)  # noqa: T201 # the command's output

        in_threads(threads, create, range(chats))
    return {"chats": chats, "threads": threads, **summary(found)}


def bare_requests(count: int) -> dict[str, float]:
    """Return what one request on an open connection takes, with reading its answer: what tells that a workspace is ready sends one, the dial."""
    with world(BRIEF) as it:
        took = list[float]()
        for _ in range(count):
            begun = time.monotonic()
            it.client.user()
            took.append(time.monotonic() - begun)
        return {"requests": count, **summary(took)}


def summary(seconds: Sequence[float]) -> dict[str, float]:
    """Return milliseconds."""
    return {"mean_ms": mean(seconds) * 1000, "median_ms": median(seconds) * 1000, "p99_ms": quantiles(seconds, n=100)[98] * 1000}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run all of it, say how far it is, and write the numbers."""
    parser = argparse.ArgumentParser(description="Measure requests, connections and waiting over HTTP.")
    parser.add_argument("--json", type=Path, help="write the numbers to this file")
    parser.add_argument("--plot", type=Path, help="draw the numbers that people compare into this file (SVG)")
    parser.add_argument("--quick", action="store_true", help="a few seconds of it, to see that it runs")
    options = parser.parse_args(arguments)
    numbers = measured(quick=options.quick)
    if options.json:
        options.json.write_text(json.dumps(numbers, indent=2) + "\n", encoding="utf-8")
    if options.plot:
        options.plot.write_text(picture(numbers), encoding="utf-8")
    return 0


def measured(*, quick: bool) -> dict[str, Any]:
    """Run all of it. quick: in a few seconds, for the sake of running."""
    part = 10 if quick else 1
    long = tuple(seconds / part for seconds in LONG)
    threads, pollers = (4, 4) if quick else (THREADS, POLLERS)
    numbers: dict[str, Any] = {"python": platform.python_version(), "machine": platform.machine(), "load": [os.getloadavg()[0]]}
    numbers["per_creation"] = {
        **{f"watching, {level}": told(f"watching, {level}", cost(20 // part, 1, level=level)) for level in LEVELS},
        f"watching, {threads} threads": told(f"watching, {threads} threads", cost(4 * threads, threads)),
        f"polling, {pollers} threads": told(f"polling, {pollers} threads", cost(2 * pollers, pollers, long, watching=False)),
    }
    numbers["bare_request"] = told("a bare request", bare_requests(1000 // part))
    numbers["told_after_ready"] = {
        "watching": told("told after ready, watching", late("watching", 160 // part, 1, BRIEF)),
        "watching_in_threads": told("told after ready, watching in threads", late("in threads", 4 * threads, threads, long)),
        "polling": told("told after ready, polling", late("polling", 4 * pollers, pollers, long, watching=False)),
        "model_system": told("told after ready, as the model system", late("model system", threads, threads, long, model_system=True)),
    }
    numbers["load"].append(os.getloadavg()[0])
    return numbers


def picture(numbers: Mapping[str, Any]) -> str:
    """Draw the requests of a creation, and how late callers are told."""
    requests = [Bar(label=name, value=row["requests_per_creation"]) for name, row in numbers["per_creation"].items()]
    late = numbers["told_after_ready"]
    labels = {"watching": "watching", "watching_in_threads": f"watching, {late['watching_in_threads']['threads']} threads"}
    soon = [Bar(label=f"{label}, {of}", value=late[key][f"{of}_ms"]) for key, label in labels.items() for of in ("median", "p99")]
    bare = [Bar(label=f"one bare request, {of}", value=numbers["bare_request"][f"{of}_ms"], baseline=True) for of in ("median", "p99")]
    slow = [Bar(label=name.replace("_", " "), value=row["mean_ms"], baseline=name == "model_system") for name, row in late.items()]
    return page(
        [
            bar_chart("Requests of a creation", "sent to the server", requests),
            bar_chart("From being ready to being told, over loopback", "ms", [*soon, *bare], goal=GOAL),
            bar_chart("The same beside polling", "ms, mean", slow),
        ]
    )


def told(name: str, numbers: dict[str, float]) -> dict[str, float]:
    """Show numbers as they come."""
    print(f"{name}: " + ", ".join(f"{key} {value:,.2f}" for key, value in numbers.items()), flush=True)  # noqa: T201 # as above
    return numbers


if __name__ == "__main__":
    sys.exit(main())
