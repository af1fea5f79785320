"""How many workspaces a second the library itself can give out, and what its mutex costs.

python -m benchmarks.concurrent_creation --json FILE

Real time, real threads, MemoryStore and FakeCoder whose templates build at once: what is measured is the library and its fakes, nothing else.
Every figure of the mutex stands beside a bare lock measured in the same run.
"""

from __future__ import annotations

import gc
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median, quantiles
from typing import Any
from uuid import UUID

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "adapters")]

from benchmarks.report import command, say  # noqa: E402
from benchmarks.waiting import added_latency, added_latency_of_the_model_system, memory, summary  # noqa: E402
from chatworkspace import ChatWorkspaces, Template  # noqa: E402 # runs from a checkout, installed or not
from chatworkspace._application.calls import Call, Calls  # noqa: E402
from chatworkspace._application.mutex import ChatMutex  # noqa: E402
from chatworkspace.ports import CreateWorkspace, Plan, SystemClock  # noqa: E402
from chatworkspace_fake import FakeCoder, MemoryStore  # noqa: E402

OWNER = UUID(int=1)
THREADS = (1, 8, 64)
ROUND, ROUNDS = 1000, 50
"""Creations of a round, and rounds."""


class World:
    """One service over fresh fakes, with as many open chats as asked for."""

    def __init__(self, chats: int) -> None:
        clock = SystemClock()
        self.coder = FakeCoder(clock)
        self.template: Template = self.coder.add_template("docker")
        self.store = MemoryStore(clock)
        self.workspaces = ChatWorkspaces(store=self.store, creator=self.coder, dialer=self.coder, clock=clock)
        self.chats = [f"chat-{number}" for number in range(chats)]
        for chat in self.chats:
            self.workspaces.open_chat(chat, owner_id=OWNER, organization_id=self.template.organization_id)


def in_threads(count: int, work: Callable[[int], object]) -> float:
    """Run work(number) in so many threads, all let go at once; return the seconds from then to the last one's end. A failure is raised."""
    gate, failed = threading.Barrier(count + 1), list[BaseException]()

    def run(number: int) -> None:
        gate.wait()
        try:
            work(number)
        except BaseException as error:  # noqa: BLE001 # raised below
            failed.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    gate.wait()
    begun = time.perf_counter()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]
    return time.perf_counter() - begun


def creations(threads: int, rounds_of_both: int) -> dict[str, float]:
    """Create a workspace for each of many chats, by the library and by the very port calls of it alone, in turns; return both.

    The rounds are short, so that what else the machine does is unkind to both of a pair.
    """
    chats = ROUND
    rounds = [(seconds(threads, chats, by_the_library), seconds(threads, chats, bare_creation)) for _ in range(rounds_of_both)]
    ours, bare = ([chats / took for took, _ in of] for of in zip(*rounds, strict=True))
    return {
        "threads": threads,
        "creations": chats * len(rounds),
        "creations_per_second": median(ours),
        "bare_port_calls_per_second": median(bare),
        "percent_of_bare": 100 * median(mine / theirs for mine, theirs in zip(ours, bare, strict=True)),
        "cpu_microseconds_per_creation": median(cpu / chats * 1e6 for (_, cpu), _ in rounds),
    }


def seconds(threads: int, chats: int, create: Callable[[World, str], object]) -> tuple[float, float]:
    """Create a workspace for each of many chats; return the seconds that it took, and those of processor time."""
    world = World(chats)
    gc.collect()

    def work(number: int) -> None:
        for chat in world.chats[number::threads]:
            create(world, chat)

    cpu = time.process_time()
    took = in_threads(threads, work)
    cpu = time.process_time() - cpu
    assert len(world.coder.live) == chats
    return took, cpu


def by_the_library(world: World, chat: str) -> None:
    """Make one creation."""
    assert world.workspaces.create(chat, world.template.id).ready


def bare_creation(world: World, chat: str) -> None:
    """Make the port calls of one creation."""
    store, coder, until = world.store, world.coder, time.monotonic() + 30
    look = store.look(chat)
    template = coder.get_template(OWNER, world.template.id, deadline=until)
    plan = Plan(name=f"bare-{chat}", number=0, template_id=template.id)
    claim = store.claim(look, token=chat, ttl=30, plan=plan)
    request = CreateWorkspace(owner_id=OWNER, organization_id=template.organization_id, name=plan.name, template_id=template.id)
    made = coder.create_workspace(request, deadline=until)
    store.bind(claim, made.id)
    with coder.dial(made, made.agents[0], deadline=until):
        pass
    store.look(chat)


def one_chat(threads: int, rounds: int) -> dict[str, float]:
    """Let all threads ask for the same chat's workspace, chat after chat."""
    world = World(rounds)
    gate = threading.Barrier(threads)

    def work(_: int) -> None:
        for chat in world.chats:
            gate.wait()
            assert world.workspaces.create(chat, world.template.id).ready

    seconds = in_threads(threads, work)
    return {"threads": threads, "chats": rounds, "workspaces": len(world.coder.workspaces), "calls_per_second": threads * rounds / seconds}


def mutex_free(turns: int) -> dict[str, float]:
    """Take and give back a free mutex, beside a bare lock."""
    mutex, call, lock = ChatMutex(), Call(Calls(), SystemClock(), "chat", None), threading.Lock()

    def bare() -> None:
        for _ in range(turns):
            lock.acquire()
            lock.release()

    def ours() -> None:
        for _ in range(turns):
            mutex.acquire("chat", call, None)
            mutex.release("chat")

    rounds = [(timed(bare), timed(ours)) for _ in range(9)]  # in turns, so that a busy machine is unkind to both
    bare_us, ours_us = (min(of) / turns * 1e6 for of in zip(*rounds, strict=True))
    return {"microseconds": ours_us, "bare_lock_microseconds": bare_us, "ratio": ours_us / bare_us}


def timed(work: Callable[[], object]) -> float:
    """Return the seconds that work takes."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def handed_over(rounds: int) -> dict[str, float]:
    """From the release to the waiter's going on, while the releaser blocks; beside two bare locks that two threads play ping-pong with."""
    ours, bare = mutex_hand_over(rounds), lock_hand_over(rounds)
    return {
        "median_microseconds": median(ours) * 1e6,
        "p99_microseconds": p99(ours) * 1e6,
        "bare_median_microseconds": median(bare) * 1e6,
        "bare_p99_microseconds": p99(bare) * 1e6,
        "ratio_of_medians": median(ours) / median(bare),
        "computing_releaser_median_microseconds": median(mutex_hand_over(rounds // 4, computing=True)) * 1e6,
    }


def p99(values: Sequence[float]) -> float:
    """Return the 99th percentile."""
    return quantiles(values, n=100)[98]


def mutex_hand_over(rounds: int, *, computing: bool = False) -> list[float]:
    """Two threads take turns on one chat's mutex; return how long each hand-over took."""
    mutex, clock, times = ChatMutex(), SystemClock(), list[float]()
    released_at = [0.0]

    def play(_: int) -> None:
        call = Call(Calls(), clock, "chat", None)
        for _ in range(rounds):
            mutex.acquire("chat", call, None)
            times.append(time.perf_counter() - released_at[0])
            while not mutex.waiting("chat") and len(times) < 2 * rounds - 1:
                time.sleep(0)
            released_at[0] = time.perf_counter()
            mutex.release("chat")
            if computing:
                sum(range(2000))

    in_threads(2, play)
    return times[1:-1]


def lock_hand_over(rounds: int) -> list[float]:
    """Two threads wake each other by two bare locks; return how long each took."""
    locks, times, released_at = (threading.Lock(), threading.Lock()), list[float](), [0.0]
    for lock in locks:
        lock.acquire()

    def play(number: int) -> None:
        for turn in range(rounds):
            if turn or number:
                locks[number].acquire()
                times.append(time.perf_counter() - released_at[0])
            released_at[0] = time.perf_counter()
            locks[1 - number].release()

    in_threads(2, play)
    return times


def many_chats(chats: int) -> dict[str, float]:
    """Take the mutexes of very many chats, one after the other; the table must be empty afterwards."""
    mutex, call = ChatMutex(), Call(Calls(), SystemClock(), "chat", None)
    for number in range(chats):
        mutex.acquire(str(number), call, None)
        mutex.release(str(number))
    return {"chats": chats, "entries_left": len(mutex)}


def measured(*, quick: bool) -> dict[str, Any]:
    """Run all of it. quick: a tenth of the work."""
    part = 10 if quick else 1
    return {
        "told_after_ready": {
            "watching": say("told after ready, watching", summary(added_latency(1000 // part, watching=True))),
            "polling": say("told after ready, polling", summary(added_latency(1000 // part, watching=False))),
            "model_system": say("told after ready, as the model system", summary(added_latency_of_the_model_system(1000 // part))),
        },
        "memory": {
            "watching": say("memory of a blocked caller, watching", memory(1000 // part, watching=True)),
            "polling": say("memory of a blocked caller, polling", memory(1000 // part, watching=False)),
        },
        "creations": [say(threads_of(count), creations(count, ROUNDS // part)) for count in THREADS],
        "one_chat": say("64 threads on one chat", one_chat(64, 200 // part)),
        "mutex_free": say("mutex, free", mutex_free(200_000 // part)),
        "mutex_handed_over": say("mutex, handed over", handed_over(20_000 // part)),
        "mutex_table": say("mutex, many chats", many_chats(1_000_000 // part)),
    }


def threads_of(count: float) -> str:
    """Say how many threads these are."""
    return "1 thread" if count == 1 else f"{count:.0f} threads"


if __name__ == "__main__":
    sys.exit(command("concurrent_creation", "concurrent creation, and what the mutex costs", measured))
