"""Many worlds, on all processors: one process for each, and its threads, of which one runs at a time, kept on it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import Queue, get_context
from typing import Any, NamedTuple

from tests.worlds.checker import check
from tests.worlds.ending import EndingWorld, problems
from tests.worlds.world import World

CHUNK = 25


class Survey(NamedTuple):
    """What came of one world."""

    seed: int
    trace: bytes
    """A hash of its story."""
    problems: tuple[str, ...]


def survey(seed: int, *, claims: bool = True, mutex: bool = True, marks: bool = True, endings: bool = False) -> Survey:
    """Run one world, and check it. endings: one in which chats are deleted and calls are cancelled, with all that keeps it."""
    if endings:
        ended = EndingWorld(seed).run()
        return Survey(seed, hashlib.sha256(ended.trace.encode()).digest(), tuple(problems(ended)))
    history = World(seed, claims=claims, mutex=mutex, marks=marks).run()
    return Survey(seed, hashlib.sha256(history.trace.encode()).digest(), tuple(check(history)))


def surveys(seeds: Iterable[int], **world: bool) -> Iterator[Survey]:
    """Run many, and yield what came of them in the order of their seeds."""
    processors = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else [-1] * (os.cpu_count() or 1)
    context = get_context("spawn")
    free: Queue[int] = context.Queue()
    for processor in processors:
        free.put(processor)
    with ProcessPoolExecutor(len(processors), mp_context=context, initializer=_settle_down, initargs=(free,)) as pool:
        yield from pool.map(partial(survey, **world), seeds, chunksize=CHUNK)


def _settle_down(free: Any) -> None:
    """Keep this process on one processor: the turn is handed from thread to thread in half the time."""
    processor: int = free.get()
    if processor >= 0:
        os.sched_setaffinity(0, {processor})
