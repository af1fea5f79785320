"""The state table, row by row and cell by cell."""

from __future__ import annotations

from uuid import UUID

import pytest

from chatworkspace import Lifecycle, Reason
from chatworkspace._domain.conditions import UNDIALLED, Condition, Finding, at_limit, classify, describe, probe_for
from chatworkspace._domain.decisions import Step, create_step, replace_step, resume_step, start_step, stop_step
from tests.application.worlds import a_build, a_workspace, an_agent
from tests.domain.table import (
    CONNECTING_CELL,
    DISCONNECTED,
    LOST_AFTER,
    TABLE,
    TIMEOUT,
    Row,
    cell_of,
    every_row,
    finding_of,
    running_with,
    with_build,
)

# ------------------------------------------------------------------ the table


@every_row
def test_facts_are_the_row_of_the_table(row: Row) -> None:
    """Each set of facts belongs to one row."""
    assert finding_of(row).condition is row.is_


@every_row
def test_how_a_row_is_told(row: Row) -> None:
    """State, reason and phase, while its time lasts."""
    assert cell_of(describe(finding_of(row), row.facts)) == row.told


@every_row
def test_how_a_row_is_told_once_its_time_is_over(row: Row) -> None:
    """A limit is not a failure: what was under way stays under way, with a reason."""
    finding = finding_of(row)
    assert cell_of(at_limit(finding, describe(finding, row.facts))) == (row.limit or row.told)


@every_row
def test_what_create_does_with_the_same_template(row: Row) -> None:
    """It joins, reports, builds once more, or makes what is gone."""
    assert create_step(finding_of(row), same_template=True) is row.create


@every_row
def test_what_create_does_with_another_template(row: Row) -> None:
    """Another template changes one row only: a first build that failed."""
    assert create_step(finding_of(row), same_template=False) is row.other


@every_row
def test_what_create_does_when_told_to_replace(row: Row) -> None:
    """The caller's word leaves behind whatever is not gone."""
    assert replace_step(finding_of(row)) is row.replace


@every_row
@pytest.mark.parametrize("same", [True, False], ids=["the same template", "another"])
def test_what_create_does_when_told_to_start(row: Row, same: bool) -> None:  # noqa: FBT001 # a parameter of the test
    """What create does, and where that only looks on, what start does: a start as it is."""
    decided = row.create if same else row.other
    resumed = Step.RESUME if row.start is Step.BUILD else Step.FOLLOW
    assert resume_step(finding_of(row), same_template=same) is (resumed if decided is Step.FOLLOW else decided)


@every_row
def test_what_start_does(row: Row) -> None:
    """It starts what does not run, and nothing else."""
    assert start_step(finding_of(row)) is row.start


@every_row
def test_what_stop_does(row: Row) -> None:
    """It stops what runs or may run, and nothing else."""
    assert stop_step(finding_of(row)) is row.stop


@every_row
def test_what_a_dial_is_needed_for(row: Row) -> None:
    """Ready is told after a dial that worked, lost after one that did not."""
    assert probe_for(finding_of(row)) is row.probe


def test_every_condition_has_a_row() -> None:
    """The table leaves none out."""
    assert {row.is_ for row in TABLE} == set(Condition)


def test_undialled_is_told_as_connecting() -> None:
    """As long as no dial has settled it, the workspace is on its way."""
    assert cell_of(UNDIALLED) == CONNECTING_CELL


# ------------------------------------------------------------------ which agent is meant


def test_the_selected_agent_comes_with_the_finding() -> None:
    """Whoever dials, dials the agent that was judged."""
    first, marked = an_agent(TIMEOUT, name="a"), an_agent(name="z-coderd-chat", id=UUID(int=8))
    finding = classify(with_build(a_build(), first, marked), lost_after=LOST_AFTER)
    assert (finding.condition, finding.agent, finding.problem) == (Condition.USABLE, marked, "")


def test_without_a_choice_the_finding_says_why() -> None:
    """No agent, and a problem to tell."""
    finding = classify(with_build(a_build(), an_agent(parent_id=UUID(int=9))), lost_after=LOST_AFTER)
    assert finding.agent is None
    assert "sub-agents" in finding.problem


@pytest.mark.parametrize(
    ("since", "lost_after", "is_"),
    [
        (10.0, 10.0, Condition.LOST),
        (10.0, 10.5, Condition.CONNECTING),
        (0.0, 0.5, Condition.CONNECTING),
        (None, 0.5, Condition.CONNECTING),
    ],
)
def test_how_long_is_lost_is_the_callers_word(since: float | None, lost_after: float, is_: Condition) -> None:
    """Seconds of disconnection are compared with lost_after, and with nothing else; unknown ones count as none."""
    assert classify(running_with(DISCONNECTED, Lifecycle.READY, disconnected_for=since), lost_after=lost_after).condition is is_


def test_a_silence_of_nobody_is_told_as_it_was_found() -> None:
    """A finding without its agent is not taken for an external one."""
    assert describe(Finding(condition=Condition.LOST), a_workspace()).reason is Reason.AGENT_LOST
