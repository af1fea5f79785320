"""A model that obeys every advice is led somewhere, in every world; and a table of advice that is wrong is noticed."""

from __future__ import annotations

from collections.abc import Callable

import attrs
import pytest

from chatworkspace import Advice, Reason
from chatworkspace._domain import advice
from tests.obedience.many import played
from tests.over_http import over_http

PARTS, WORLDS = 10, 200
KEPT = (2_003_758, 4_002_810, 4_002_865, 4_003_232, 4_005_732)
"""Worlds that have broken a rule, or shown that one asked for too much."""
OVER_HTTP, PARTS_OVER_HTTP, MORE_OVER_HTTP = 25, 4, range(4, 12)


@pytest.mark.parametrize("part", range(PARTS))
def test_an_obedient_model_is_led_somewhere(part: int, record_property: Callable[[str, object], None]) -> None:
    """In 2,000 worlds, whatever is slow, broken, full, or done by the user meanwhile."""
    report = played(range(part * WORLDS, (part + 1) * WORLDS))
    record_property("told", str(report))
    assert report.wrong == []


def test_so_it_is_where_it_once_was_not() -> None:
    """Each world that has broken a rule."""
    assert played(KEPT).wrong == []


@pytest.mark.adapters
@pytest.mark.parametrize("part", [*range(PARTS_OVER_HTTP), *(pytest.param(it, marks=pytest.mark.exhaustive) for it in MORE_OVER_HTTP)])
def test_it_is_over_http_as_well(part: int) -> None:
    """In a hundred of them, and two hundred more where all is run, through the client and the simulator."""
    with over_http("newest"):
        assert played(range(part * OVER_HTTP, (part + 1) * OVER_HTTP)).wrong == []


@pytest.mark.parametrize(
    ("reason", "wrong"),
    [
        (Reason.BUILD_FAILED, {"repeated": Advice.START}),
        (Reason.IN_PROGRESS, {"still": Advice.CALL_LATER}),
        (Reason.QUOTA_FULL, {"first": Advice.START}),
        (Reason.STOPPED, {"first": Advice.START}),
        (Reason.IN_PROGRESS, {"first": Advice.ASK_USER}),
        (Reason.OUTCOME_UNKNOWN, {"first": Advice.START}),
    ],
    ids=str,
)
def test_a_table_that_is_wrong_is_noticed(reason: Reason, wrong: dict[str, Advice], monkeypatch: pytest.MonkeyPatch) -> None:
    """By the player alone, in the first worlds in which it matters."""
    table = {**advice.TABLE, reason: attrs.evolve(advice.TABLE[reason], **wrong)}
    monkeypatch.setattr(advice, "TABLE", table)
    assert any(played(range(first, first + 20)).wrong for first in range(0, 1200, 20))
