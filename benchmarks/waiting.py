"""How long after it is ready a caller is told, in virtual time; and what a caller that waits costs, in real memory."""

from __future__ import annotations

import gc
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from random import Random
from statistics import mean, median, quantiles
from typing import Any

from benchmarks.model_system import ModelSystem
from chatworkspace import ChatWorkspaces
from chatworkspace.ports import SystemClock
from chatworkspace_fake import NEVER, FakeCoder, MemoryStore, Simulation

OWNER = Simulation().owner_id


def added_latency(chats: int, *, watching: bool) -> list[float]:
    """Return, for each of many creations of random length, the virtual seconds from being ready to being told."""
    sim = Simulation(coder=lambda clock: FakeCoder(clock, watching=watching))
    return [_told_late(sim, chat, sim.workspaces.create) for chat in _chats(sim, chats)]


def added_latency_of_the_model_system(chats: int) -> list[float]:
    """Return the same for the baseline."""
    sim = Simulation()
    system = ModelSystem(sim.coder, sim.coder, sim, sim.owner_id, sim.organization_id)
    return [_told_late(sim, chat, system.create) for chat in _chats(sim, chats)]


def _chats(sim: Simulation, count: int) -> list[str]:
    return [sim.open_chat(f"chat-{number}").id for number in range(count)]


def _told_late(sim: Simulation, chat: str, create: Callable[[str, Any], object]) -> float:
    chance = Random(chat)  # noqa: S311 # the same for each system
    build, connect, scripts = (1 + 9 * chance.random() for _ in range(3))
    template = sim.coder.add_template(f"template-{chat}", build=build, connect=connect, scripts=scripts)
    begun = sim.elapsed
    create(chat, template.id)
    return sim.elapsed - begun - build - connect - scripts


def summary(seconds: list[float]) -> dict[str, float]:
    """Return milliseconds."""
    return {"mean_ms": mean(seconds) * 1000, "median_ms": median(seconds) * 1000, "p99_ms": quantiles(seconds, n=100)[98] * 1000}


# ---------------------------------------------------------------- memory


def memory(callers: int, *, watching: bool) -> dict[str, float]:
    """Block so many threads in create(), and return what each costs beside a thread that blocks on a bare lock."""
    blocked = _rss_of(callers, _blocked_in_create(callers, watching=watching))
    bare = _rss_of(callers, _blocked_on_a_lock())
    return {"callers": callers, "kib_per_caller": blocked, "kib_per_bare_thread": bare, "kib_own": blocked - bare}


Blocking = tuple[Callable[[int], object], Callable[[], int], Callable[[], object]]
"""What a thread does, how many are blocked in it, and what lets them go."""


def _blocked_in_create(callers: int, *, watching: bool) -> Blocking:
    clock = SystemClock()
    coder = FakeCoder(clock, watching=watching)
    template = coder.add_template("never", build=NEVER)
    workspaces = ChatWorkspaces(store=MemoryStore(clock), creator=coder, dialer=coder, clock=clock)
    for number in range(callers):  # made before: what the fakes remember of a workspace is not what a caller costs
        workspaces.open_chat(f"chat-{number}", owner_id=OWNER, organization_id=template.organization_id)
        workspaces.create(f"chat-{number}", template.id, wait=0)

    def wait(number: int) -> None:
        workspaces.create(f"chat-{number}", template.id)

    def let_go() -> None:
        for number in range(callers):
            workspaces.interrupt(f"chat-{number}")

    return wait, lambda: len(workspaces._parts.watches), let_go  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] # who waits is nobody's business but a measurement's


def _blocked_on_a_lock() -> Blocking:
    lock, entered = threading.Lock(), list[int]()
    lock.acquire()

    def wait(number: int) -> None:
        entered.append(number)
        with lock:
            pass

    return wait, lambda: len(entered), lock.release


def _rss_of(callers: int, blocking: Blocking) -> float:
    work, blocked, let_go = blocking
    threads = [threading.Thread(target=work, args=(number,)) for number in range(callers)]
    gc.collect()
    before = rss_kib()
    for thread in threads:
        thread.start()
    while blocked() < callers:
        SystemClock().sleep(0.05)
    SystemClock().sleep(1.0)
    after = rss_kib()
    let_go()
    for thread in threads:
        thread.join()
    return (after - before) / callers


def rss_kib() -> float:
    """Return the resident memory of this process."""
    if not sys.platform.startswith("linux"):
        return float("nan")
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * 4.0
