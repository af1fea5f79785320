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
KEPT = {
    "a rule that once asked for too much, or was broken": (2_003_758, 4_002_810, 4_002_865, 4_003_232, 4_005_732),
    "a record that takes claims and does not say so": (
        *(1_002_038, 1_017_508, 1_035_951, 1_037_050, 1_044_861, 1_048_125, 1_054_292, 1_069_333, 1_091_443, 1_099_825),
    ),
    "everything takes as long as it may, three times": (1_004_225,),
    "a start that is refused what the template asks": (1_095_902,),
}
"""Worlds that have broken a rule, or shown that one asked for too much, by what was odd in them."""
OVER_HTTP, PARTS_OVER_HTTP, MORE_OVER_HTTP = 25, 4, range(4, 12)


@pytest.mark.parametrize("part", range(PARTS))
def test_an_obedient_model_is_led_somewhere(part: int, record_property: Callable[[str, object], None]) -> None:
    """In 2,000 worlds, whatever is slow, broken, full, or done by the user meanwhile."""
    report = played(range(part * WORLDS, (part + 1) * WORLDS))
    record_property("told", str(report))
    assert report.wrong == []


@pytest.mark.parametrize("seed", [pytest.param(seed, id=f"{seed}, {what}") for what, seeds in KEPT.items() for seed in seeds])
def test_so_it_is_where_it_once_was_not(seed: int) -> None:
    """Each world that has broken a rule."""
    assert played([seed]).wrong == []


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
