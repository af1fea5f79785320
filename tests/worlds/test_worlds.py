"""Random worlds: nothing that must hold breaks in thousands of them, and the same worlds find it when what keeps it is taken out.

Many of them are run where everything is asked for; `python -m tests.runs.worlds --worlds 100000` runs others.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.worlds.many import surveys

SOME, MANY = 200, 2000
FEW = 100


@pytest.mark.parametrize("seeds", [range(SOME), pytest.param(range(SOME, MANY), marks=pytest.mark.deep)], ids=["some", "many"])
def test_nothing_that_must_hold_breaks_in_any_world(seeds: range, record_property: Callable[[str, object], None]) -> None:
    """Kills, pauses, lost and late answers, refusals and the user's deeds, in an order that hardly two worlds share."""
    found = list(surveys(seeds))
    broken = {it.seed: it.problems for it in found if it.problems}
    traces = {it.trace for it in found}
    violations = sum(map(len, broken.values()))
    record_property("told", f"worlds {len(seeds)}, distinct traces {len(traces)}, violations {violations}, seeds {seeds[0]}..{seeds[-1]}")
    for seed, problems in broken.items():
        record_property("told", f"replay: PYTHONPATH=.:adapters python -m tests.worlds.world {seed}  # {problems[0]}")
    assert broken == {}
    assert len(traces) >= len(seeds) * 3 // 4


@pytest.mark.once
@pytest.mark.parametrize("mutex", [True, False], ids=["mutex", "no-mutex"])
def test_the_name_alone_keeps_a_chat_to_one_workspace(*, mutex: bool) -> None:
    """With a claim that keeps nobody out, no chat has two workspaces, and each leads back to its chat by its name."""
    broken = {it.seed: problems for it in surveys(range(FEW), claims=False, mutex=mutex) if (problems := _about(it.problems, 1, 2))}
    assert broken == {}


@pytest.mark.once
def test_the_worlds_find_duplicates_where_nothing_prevents_them() -> None:
    """Without mutex and claim, and with names drawn at random, at least half of the worlds see a second workspace."""
    found = [it.seed for it in surveys(range(FEW), claims=False, mutex=False, marks=False) if _about(it.problems, 1)]
    assert len(found) >= FEW // 2


def _about(problems: tuple[str, ...], *numbers: int) -> list[str]:
    return [problem for problem in problems if problem.startswith(tuple(f"{number}: " for number in numbers))]
