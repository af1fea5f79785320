"""A model that obeys every advice is led somewhere, in every world; and a table of advice that is wrong is noticed."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from chatworkspace._application import guiding
from chatworkspace._tools import workspace_results
from tests.obedience.many import played, problems_of
from tests.obedience.places import NOT_TOLD, NOTICED
from tests.obedience.wrong import noticed_in, one_wrong_for, places, wrong_for
from tests.over_http import over_http

PARTS, WORLDS = 10, 200
KEPT = {
    "who wants to use what was begun and never made": (44, 1179),
    "an external agent that nobody has started": (1049, 2001),
    "a wait that ends when the agent is given up": (40,),
    "an agent that is away for long without anybody's telling": (3297, 3433),
    "whoever uses it while its scripts run": (3280, 3376),
    "the host cannot say what is allowed": (1326, 1663),
    "two limits of the platform's, one after the other": (1627,),
    "what was deleted while the record was away": (1638,),
    "what comes and goes, for somebody who waits for nothing": (2252,),
    "a stop that never ends, for somebody who uses it": (3154,),
    "an external agent that cannot be looked at again": (9002676, 9002908),
    "an agent that the platform lets drop": (766, 9503670),
    "many builds, the first of them its user's": (9002779,),
    "what is shown no more, and deleted then": (9100819,),
    "a name that is taken by what is not shown": (91320,),
    "one outage after the other": (8000693,),
    "a replacement that is over when another process is asked": (1142, 1824, 20029),
    "another workspace, made once more for it was deleted": (53853,),
    "the user's own, canceled before it was ever built": (5004801,),
    "an agent that drops long after a restart": (5007209,),
    "a platform that stops it, between two calls, before it is of use": (8034080, 8068955),
    "an answer that is slow, and tells how old a build was at its end": (7061584,),
    "a replacement that was stopped in an outage that lasts": (9265113,),
    "two long starts, and the end of the first was told in another process": (9531883,),
    "somebody who stops it each time": (9703298, 10134143),
    "an agent that was started anew and does not come, for somebody who waits for it in each call": (9907625,),
}
"""Worlds that have broken a rule, or shown that one asked for too much, by what was odd in them."""
OVER_HTTP, MORE_OVER_HTTP, MANY_OVER_HTTP = 25, range(1, 6), range(6, 12)


@pytest.mark.parametrize("part", [0, *(pytest.param(it, marks=pytest.mark.once) for it in range(1, PARTS))])
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
@pytest.mark.parametrize(
    "part",
    [
        0,
        *(pytest.param(it, marks=pytest.mark.exhaustive) for it in MORE_OVER_HTTP),
        *(pytest.param(it, marks=pytest.mark.deep) for it in MANY_OVER_HTTP),
    ],
)
def test_it_is_over_http_as_well(part: int) -> None:
    """In some of them, in more where all is run, and in three hundred before a release, through the client and the simulator."""
    with over_http("newest"):
        assert played(range(part * OVER_HTTP, (part + 1) * OVER_HTTP)).wrong == []


@pytest.mark.once
@pytest.mark.parametrize("name", list(NOTICED))
def test_a_table_that_is_wrong_is_noticed(name: str) -> None:
    """By the player alone, in a world in which it matters: each advice of the table, turned wrong once, but for those that are told to no player."""
    place = next(it for it in places() if str(it) == name)
    assert noticed_in(place, one_wrong_for(place), NOTICED[name]) is not None


def test_nearly_all_of_it_is_reached() -> None:
    """What is left out is named, and why: each advice is either in a world or there."""
    assert {str(it) for it in places()} == NOTICED.keys() | NOT_TOLD.keys()
    assert not NOTICED.keys() & NOT_TOLD.keys()


def too_soon(under_way: float) -> float:
    """Return the same, however long it takes."""
    del under_way
    return 2.0


def unguided(*guidance: object) -> dict[str, object]:
    """Return no advice."""
    del guidance
    return {}


@pytest.mark.parametrize("seed", [31, 59, 79])
def test_coming_back_too_soon_is_noticed(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """By whoever waits for nothing, and is to come back ever later: the number of its calls has a bound."""
    monkeypatch.setattr(guiding, "soon", too_soon)
    assert any("in_few_calls" in it for it in problems_of(seed))


def test_a_result_without_advice_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not taken for one that asks for nothing."""
    monkeypatch.setattr(workspace_results, "guided", unguided)
    assert any("no advice" in it for it in problems_of(1))


@pytest.mark.deep
def test_so_it_is_in_nearly_whatever_way_it_is_wrong(record_property: Callable[[str, object], None]) -> None:
    """Every other advice there, in the same one or two worlds: 95 of 100 are noticed; a few ways lead to the same end in those."""
    ways = [(place, into) for place in places() if str(place) in NOTICED for into in wrong_for(place)]
    missed = [f"{place} {into.value}" for place, into in ways if noticed_in(place, into, NOTICED[str(place)]) is None]
    record_property("told", f"{len(ways) - len(missed)} of {len(ways)} wrong advices noticed; not: {', '.join(missed)}")
    assert len(missed) <= len(ways) * 0.05
