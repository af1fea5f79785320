"""By how much calls miss their deadlines, and how soon a page is answered that needs nothing.

python -m benchmarks.lateness --json FILE

A call of CoderClient to a server that says nothing ends at its deadline, which its socket keeps, or the watchdog; the baseline of the same run is a
sleep of the same length. The page is the example's, under gunicorn, while fifty chats are created, polled and followed; the baseline is the same page
of a server that nobody else asks.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "adapters")]

from benchmarks.report import command  # noqa: E402 # runs from a checkout, installed or not
from chatworkspace import UnavailableError  # noqa: E402
from chatworkspace_coder import CoderClient  # noqa: E402
from chatworkspace_fake import FakeCoder  # noqa: E402
from chatworkspace_simulator import CoderSimulator  # noqa: E402
from tests.web.site import Clients, follow, serving  # noqa: E402

DEADLINE = 0.3
"""Seconds."""
CHATS = 50
LONG = 120.0


def late(call: Callable[[float], object], times: int) -> list[float]:
    """Make a call with a deadline so often, and return by how many milliseconds it missed each."""
    missed = list[float]()
    for _ in range(times):
        deadline = time.monotonic() + DEADLINE
        call(deadline)
        missed.append((time.monotonic() - deadline) * 1000)
    return missed


def deadlines(times: int) -> dict[str, dict[str, float]]:
    """Return by how much they are missed."""
    coder = FakeCoder()
    docker = coder.add_template("docker")
    with CoderSimulator(coder, requests_per_minute=None) as simulator, CoderClient(simulator.url, token=simulator.token) as client:
        me = client.user()
        it = coder.add_workspace(docker, "dev", owner_id=me.id)

        def read(deadline: float) -> None:
            with suppress(UnavailableError):
                client.get_workspace(me.id, it.id, deadline=deadline)

        told = {"sleep": summary(late(lambda deadline: time.sleep(deadline - time.monotonic()), times))}
        for what in ("stall", "drip"):
            fault: Any = simulator.when("GET /workspaces/*", chance=1)
            fault.stall(after=0) if what == "stall" else fault.drip(0.02)
            told[what] = summary(late(read, times))
            fault.disarm()
    return told


def pages() -> dict[str, dict[str, float]]:
    """Return how many milliseconds the page takes."""
    with CoderSimulator(requests_per_minute=None, first_dials="quick") as simulator, tempfile.TemporaryDirectory() as folder:
        simulator.coder.add_template("docker", build=8, connect=1, scripts=1, log=[f"step {number}" for number in range(16)])
        store = f"sqlite://{folder}/chats.db"
        with serving("gunicorn", simulator, store) as site, serving("gunicorn", simulator, store) as idle, ThreadPoolExecutor(4) as pool:
            pollers = Clients("ask", port=site.port, chats=CHATS, each=1, interval=2, seconds=LONG)
            waiters = Clients("ask", port=site.port, chats=10, each=1, interval=2, seconds=LONG, wait=20)
            while len(simulator.coder.workspaces) < CHATS:
                time.sleep(0.01)
            probe = Clients("probe", ports=[site.port, idle.port], path="/healthz", interval=0.01)
            list(pool.map(follow, [site] * 4, ["chat-0"] * 4))
            pollers.end(LONG)
            waiters.end(LONG)
            busy, quiet = probe.end()
    return {"of_a_busy_server": summary([it * 1000 for it in busy]), "of_an_idle_server": summary([it * 1000 for it in quiet])}


def summary(milliseconds: Sequence[float]) -> dict[str, float]:
    """Return the middle and the end of it."""
    ordered = sorted(milliseconds)
    return {"p50": ordered[len(ordered) // 2], "p99": ordered[len(ordered) * 99 // 100], "longest": ordered[-1], "of": len(ordered)}


def measured(*, quick: bool) -> dict[str, object]:
    """Measure all of it. quick: a tenth of the calls."""
    return {"deadlines_missed_by": deadlines(10 if quick else 100), "health_page": pages()}


if __name__ == "__main__":
    sys.exit(command("lateness", "by how much deadlines are missed", measured))
