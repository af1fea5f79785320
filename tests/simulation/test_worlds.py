"""Random worlds: nothing that must hold breaks in thousands of them, and the same worlds find it when what keeps it is taken out.

CHATWORKSPACE_WORLDS=100000 runs more of them.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterator

import pytest

from tests.simulation.checker import check
from tests.simulation.worlds import World

WORLDS = int(os.environ.get("CHATWORKSPACE_WORLDS", "2000"))
FEW = 300


@pytest.fixture(autouse=True)
def _one_processor() -> Iterator[None]:
    """Keep the threads of the worlds, of which one runs at a time, on one processor: the turn is handed on in half the time."""
    if sys.platform != "linux":
        yield
        return
    every = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(every)})
    yield
    os.sched_setaffinity(0, every)


def test_nothing_that_must_hold_breaks_in_any_world(capsys: pytest.CaptureFixture[str]) -> None:
    """Kills, pauses, lost and late answers, refusals and the user's deeds, in an order that hardly two worlds share."""
    traces, broken = set[bytes](), dict[int, list[str]]()
    for seed in range(WORLDS):
        history = World(seed).run()
        traces.add(hashlib.sha256(history.trace.encode()).digest())
        problems = check(history)
        if problems:
            broken[seed] = problems
    with capsys.disabled():
        print(f"\nworlds {WORLDS}, distinct traces {len(traces)}, violations {sum(map(len, broken.values()))}, seeds 0..{WORLDS - 1}")  # noqa: T201
        for seed, problems in broken.items():
            print(f"replay: PYTHONPATH=.:adapters python -m tests.simulation.worlds {seed}  # {problems[0]}")  # noqa: T201
    assert broken == {}
    assert len(traces) >= WORLDS * 3 // 4


@pytest.mark.parametrize("mutex", [True, False], ids=["mutex", "no-mutex"])
def test_the_name_alone_keeps_a_chat_to_one_workspace(*, mutex: bool) -> None:
    """With a claim that keeps nobody out, no chat has two workspaces, and each leads back to its chat by its name."""
    broken = {seed: problems for seed in range(FEW) if (problems := _problems(World(seed, claims=False, mutex=mutex), 1, 2))}
    assert broken == {}


def test_the_worlds_find_duplicates_where_nothing_prevents_them() -> None:
    """Without mutex and claim, and with names drawn at random, at least half of the worlds see a second workspace."""
    found = [seed for seed in range(FEW) if _problems(World(seed, claims=False, mutex=False, marks=False), 1)]
    assert len(found) >= FEW // 2


def _problems(world: World, *numbers: int) -> list[str]:
    return [problem for problem in check(world.run()) if problem.startswith(tuple(f"{number}: " for number in numbers))]
