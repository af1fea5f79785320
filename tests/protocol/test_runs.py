"""The protocol holds in every story of its callers, faults and users, and each of its rules is needed."""

from __future__ import annotations

import pytest

from tests.protocol.built import Run
from tests.protocol.model import TooManyError, explore
from tests.protocol.runs import RUNS

pytestmark = pytest.mark.once

QUICK = [run for run in RUNS if not run.deep]


@pytest.mark.parametrize("run", QUICK, ids=[run.name for run in QUICK])
def test_it_comes_to_what_is_known(run: Run) -> None:
    """What must hold does, and what is known to break (without a rule, or beyond a limit) still does: with a story that shows it."""
    found = run()
    assert run.is_as_known(found), "\n".join([found.broken or "nothing breaks", *found.story])
    assert bool(found.story) == bool(run.breaks)


def test_the_names_of_runs_are_their_own() -> None:
    """A run that is not as known is told, and made again, by its name."""
    assert len({run.name for run in RUNS}) == len(RUNS)


def test_a_search_that_is_not_finished_proves_nothing() -> None:
    """Whoever asks for too little is told so, and not that all is well."""
    run = next(run for run in QUICK if not run.breaks)
    with pytest.raises(TooManyError):
        explore(run.start, lambda state: run.moves(run.rules, state), lambda _: "", most=10)
