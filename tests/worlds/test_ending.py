"""Deletions, resumed workspaces, cancelled calls: nothing that must hold breaks, and the same worlds find it where what keeps it is taken out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from unittest import mock

import pytest

from chatworkspace._application.deleting import Deletions
from chatworkspace._ports.patience import Cancel
from tests.worlds.ending import EndingWorld, problems
from tests.worlds.histories import History
from tests.worlds.many import surveys

SOME, MANY = 150, 2000
FEW = 60
KEPT = {"a chat that is closed while a replacement is in doubt, which is made then": 766}
"""What was odd in a world that has broken a rule, or shown that one asked for too much."""


@pytest.mark.parametrize("seeds", [range(SOME), pytest.param(range(SOME, MANY), marks=pytest.mark.deep)], ids=["some", "many"])
def test_nothing_that_must_hold_breaks_in_any_world_with_endings(seeds: range, record_property: Callable[[str, object], None]) -> None:
    """Whoever is killed, wherever answers get lost, and whenever the call is cancelled."""
    broken = {it.seed: it.problems for it in surveys(seeds, endings=True) if it.problems}
    for seed, found in broken.items():
        record_property("told", f"replay: PYTHONPATH=.:adapters python -m tests.worlds.ending {seed}  # {found[0]}")
    assert broken == {}


@pytest.mark.parametrize("seed", KEPT.values(), ids=KEPT)
def test_so_it_is_where_it_once_was_not(seed: int) -> None:
    """Each of them."""
    assert [it.problems for it in surveys([seed], endings=True)] == [()]


@pytest.mark.once
def test_there_are_endings_in_them() -> None:
    """Of each kind some, and deletions that were asked of the platform."""
    counts = Counter[str]()
    for history in _few():
        counts.update(told.kind for told in history.told)
        counts.update("cancelled" for told in history.told if told.cancelled_at is not None)
        counts.update("deleted" for asked in history.asked if asked.kind == "delete")
        counts.update("closed" for row in history.rows if row.chat.closed)
    assert min(counts[kind] for kind in ("resume", "delete", "cancelled", "deleted", "closed")) >= FEW // 4


@pytest.mark.parametrize(
    ("name", "answer", "number"),
    [
        ("_is_doomed", True, 14),  # whatever the chat has, attached or not
        ("_had", None, 15),  # what the chat had is forgotten once it is closed
    ],
)
def test_the_worlds_find_deletions_that_are_wrong(name: str, answer: object, number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of what was attached, and those that never come."""
    monkeypatch.setattr(Deletions, name, mock.Mock(return_value=answer))
    assert any(problem.startswith(f"{number}: ") for history in _few() for problem in problems(history))


def test_the_worlds_find_calls_that_are_not_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    """They wait on, as long as they would have."""
    monkeypatch.setattr(Cancel, "cancel", _not)
    monkeypatch.setattr("tests.worlds.ending.MOST", 1.0)
    assert any(problem.startswith("16: ") for history in _few() for problem in problems(history))


def _not(cancel: Cancel) -> None:
    """Do nothing."""
    del cancel


def _few() -> list[History]:
    return [EndingWorld(seed).run() for seed in range(FEW)]
