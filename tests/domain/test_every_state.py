"""Every state that a platform can tell is decided, and told, by rules that hold for all."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import NamedTuple

import attrs
import pytest

from chatworkspace import AgentStatus, JobStatus, Lifecycle, Reason, State, Transition, Workspace
from chatworkspace._domain.conditions import Finding, Probe, Told, at_limit, classify, describe, probe_for
from chatworkspace._domain.decisions import Step, create_step, replace_step, start_step, stop_step
from tests.application.worlds import a_build, a_workspace, an_agent
from tests.domain.table import CANCELED, CANCELING, CONNECTED, DELETE, DISCONNECTED, FAILED, LOST_AFTER, PENDING, RUNNING, START, SUCCEEDED, TIMEOUT


class Case(NamedTuple):
    """A set of facts, what they were found to be, and what a person reads in them."""

    facts: Workspace
    finding: Finding
    told: Told
    gone: bool
    """The platform itself says that it is deleted."""
    first_build_failed: bool
    """Nothing of worth is in it."""
    runs: bool
    """By the platform's word its last start succeeded and nothing came after it."""


def _read(facts: Workspace) -> Case:
    build, finding = facts.build, classify(facts, lost_after=LOST_AFTER)
    succeeded, failed = build.job_status is SUCCEEDED, build.job_status is FAILED or build.job_status is CANCELED
    return Case(
        facts=facts,
        finding=finding,
        told=describe(finding, facts),
        gone=facts.deleted or (build.transition is DELETE and succeeded),
        first_build_failed=not facts.deleted and build.transition is START and failed and build.number == 1,
        runs=not facts.deleted and not facts.dormant and build.transition is START and succeeded,
    )


def _all_facts() -> Iterator[Workspace]:
    agents = [
        (an_agent(status, lifecycle, disconnected_for=since, connected_since_build=connected, external=external),)
        for status, lifecycle, since, connected, external in product(
            AgentStatus, Lifecycle, (None, 0.0, 89.0, 90.0, 91.0), (True, False), (True, False)
        )
    ]
    builds = [a_build(transition, job, number=number) for transition, job, number in product(Transition, JobStatus, (1, 2))]
    for build, deleted, dormant in product(builds, (False, True), (False, True)):
        plain = a_workspace(build, (), deleted=deleted, dormant=dormant)
        for one in agents:
            yield attrs.evolve(plain, agents=one)


@pytest.fixture(scope="module")
def cases() -> list[Case]:
    """Judge the whole product of what a platform can tell: that none raises shows that every one has a row.

    Those that differ in nothing that was found are one case.
    """
    judged = [_read(facts) for facts in _all_facts()]
    assert len(judged) == 3 * 7 * 2 * 4 * 9 * 2 * 2 * 5 * 2 * 2
    return list({_found_in(case): case for case in judged}.values())


def _found_in(case: Case) -> tuple[int | bool, ...]:
    facts, told, finding = case.facts, case.told, case.finding
    found = (finding.condition, finding.agent, told.state, told.reason, told.phase)
    return id(facts.build), facts.deleted, facts.dormant, *map(id, found)


def test_create_makes_only_what_is_proven_gone(cases: list[Case]) -> None:
    """A new generation that leaves nothing behind needs a deletion that the platform tells, whatever the template."""
    for case in cases:
        for same in (True, False):
            assert (create_step(case.finding, same_template=same) is Step.MAKE) == case.gone, case


def test_create_replaces_only_a_failed_first_build_with_another_template(cases: list[Case]) -> None:
    """The one live workspace that is left behind by the library's own decision."""
    for case in cases:
        assert create_step(case.finding, same_template=True) is not Step.REPLACE, case
        assert (create_step(case.finding, same_template=False) is Step.REPLACE) == case.first_build_failed, case


def test_replacing_makes_a_new_one_everywhere(cases: list[Case]) -> None:
    """And it names what is left behind unless that is gone."""
    for case in cases:
        assert replace_step(case.finding) is (Step.MAKE if case.gone else Step.REPLACE), case


def test_start_and_stop_make_nothing(cases: list[Case]) -> None:
    """Neither opens a generation; each asks for its own build only; what is gone cannot be acted upon."""
    for case in cases:
        start, stop = start_step(case.finding), stop_step(case.finding)
        assert start in (Step.FOLLOW, Step.LOOK_AGAIN, Step.BUILD, Step.NO_WORKSPACE), case
        assert stop in (Step.FOLLOW, Step.LOOK_AGAIN, Step.STOP, Step.NO_WORKSPACE), case
        assert (start is Step.NO_WORKSPACE) == (stop is Step.NO_WORKSPACE) == case.gone, case


def test_nothing_is_asked_for_while_a_build_is_under_way(cases: list[Case]) -> None:
    """Nor while nobody knows whether one is."""
    for case in cases:
        if not case.facts.deleted and case.facts.build.job_status in (PENDING, RUNNING, CANCELING, JobStatus.UNKNOWN):
            steps = {create_step(case.finding, same_template=same) for same in (True, False)}
            assert steps | {start_step(case.finding), stop_step(case.finding)} <= {Step.FOLLOW, Step.LOOK_AGAIN}, case


def test_what_runs_is_not_built_again(cases: list[Case]) -> None:
    """Neither create nor start touches a workspace that runs, however its agent is: probes replace and restart nothing."""
    for case in cases:
        if case.runs:
            assert create_step(case.finding, same_template=False) is start_step(case.finding) is Step.FOLLOW, case
            assert stop_step(case.finding) is Step.STOP, case


def test_a_phase_is_told_exactly_while_something_is_under_way(cases: list[Case]) -> None:
    """While starting and stopping, before and after the limit."""
    for case in cases:
        for told in (case.told, at_limit(case.finding, case.told)):
            assert (told.phase is not None) == (told.state in (State.STARTING, State.STOPPING)), case


def test_a_limit_makes_nothing_failed_or_stopped(cases: list[Case]) -> None:
    """It changes the reason, or says that the agent cannot be reached."""
    for case in cases:
        after = at_limit(case.finding, case.told)
        assert after.state in (case.told.state, State.UNREACHABLE), case


def test_ready_needs_the_platforms_word_and_a_dial(cases: list[Case]) -> None:
    """It runs, its agent is connected since that build, its scripts are over, and a dial will prove it."""
    for case in cases:
        agent = case.facts.agents[0]
        connected = agent.status is CONNECTED and agent.connected_since_build
        word = case.runs and connected and agent.lifecycle in (Lifecycle.READY, Lifecycle.START_ERROR)
        assert (case.told.state is State.READY) == word, case
        assert (probe_for(case.finding) is Probe.PROVE_READY) == word, case


def test_lost_needs_the_platforms_word_and_a_dial(cases: list[Case]) -> None:
    """It runs, and its agent timed out or has been disconnected for long enough."""
    for case in cases:
        agent = case.facts.agents[0]
        silent = agent.status is TIMEOUT or (agent.status is DISCONNECTED and (agent.disconnected_for or 0) >= 90)
        assert (case.told.state is State.UNREACHABLE) == (case.runs and silent), case
        assert (probe_for(case.finding) is Probe.PROVE_LOST) == (case.runs and silent), case


def test_what_is_dialled_has_an_agent(cases: list[Case]) -> None:
    """An agent is chosen where the workspace runs, and only there."""
    for case in cases:
        assert case.finding.agent is (case.facts.agents[0] if case.runs else None), case


def test_restarting_is_never_the_advice_for_a_users_own_host(cases: list[Case]) -> None:
    """An external agent that is silent is the user's to start."""
    for case in cases:
        if case.told.state is State.UNREACHABLE:
            assert (case.told.reason is Reason.EXTERNAL_AGENT_OFFLINE) == case.facts.agents[0].external, case


def test_what_is_gone_is_gone(cases: list[Case]) -> None:
    """No other state is told of what the platform calls deleted, and none but that is told as gone."""
    for case in cases:
        assert (case.told.state is State.GONE) == case.gone, case
