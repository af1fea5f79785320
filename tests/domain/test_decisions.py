"""The state table, row by row and cell by cell, written down by hand; and what must hold in every state that a platform can tell.

No expectation here is worked out with the code under test.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import NamedTuple
from uuid import UUID

import attrs
import pytest

from chatworkspace import Agent, AgentStatus, Build, JobStatus, Lifecycle, Phase, Reason, State, Transition, Workspace
from chatworkspace._domain.conditions import UNDIALLED, Condition, Finding, Probe, Told, at_limit, classify, describe, probe_for
from chatworkspace._domain.decisions import Step, create_step, replace_step, start_step, stop_step
from tests.application.worlds import a_build, a_workspace, an_agent

LOST_AFTER = 90.0
START, STOP, DELETE = Transition.START, Transition.STOP, Transition.DELETE
PENDING, RUNNING, CANCELING = JobStatus.PENDING, JobStatus.RUNNING, JobStatus.CANCELING
SUCCEEDED, FAILED, CANCELED = JobStatus.SUCCEEDED, JobStatus.FAILED, JobStatus.CANCELED
CONNECTING, CONNECTED = AgentStatus.CONNECTING, AgentStatus.CONNECTED
DISCONNECTED, TIMEOUT = AgentStatus.DISCONNECTED, AgentStatus.TIMEOUT

Cell = tuple[State, Reason, Phase | None]


@attrs.frozen(kw_only=True)
class Row:
    """A row of the table: facts, and what stands in its cells."""

    name: str
    facts: Workspace
    is_: Condition
    told: Cell
    create: Step
    """The same template is wanted."""
    other: Step
    """Another template is wanted."""
    replace: Step
    start: Step
    stop: Step
    limit: Cell | None = None
    """How it is told once its time is over; None: as before."""
    probe: Probe = Probe.NONE


def _of(build: Build, *agents: Agent) -> Workspace:
    return a_workspace(build, agents)


def _runs(status: AgentStatus, lifecycle: Lifecycle, **rest: object) -> Workspace:
    """Return a workspace whose start succeeded, with one agent."""
    return _of(a_build(number=2), an_agent(status, lifecycle, **rest))


def _under_way(name: str, facts: Workspace, reason: Reason = Reason.IN_PROGRESS) -> Row:
    return Row(
        name=name,
        facts=facts,
        is_=Condition.BUILDING,
        told=(State.STARTING, reason, Phase.BUILDING),
        create=Step.FOLLOW,
        other=Step.FOLLOW,
        replace=Step.REPLACE,
        start=Step.FOLLOW,
        stop=Step.LOOK_AGAIN,
    )


def _ending(name: str, facts: Workspace, is_: Condition) -> Row:
    return Row(
        name=name,
        facts=facts,
        is_=is_,
        told=(State.STOPPING, Reason.STOPPING, Phase.BUILDING),
        create=Step.LOOK_AGAIN,
        other=Step.LOOK_AGAIN,
        replace=Step.REPLACE,
        start=Step.LOOK_AGAIN,
        stop=Step.FOLLOW,
    )


def _running(name: str, facts: Workspace, is_: Condition, told: Cell, limit: Cell | None = None, *, probe: Probe = Probe.NONE) -> Row:
    """Return a row of a workspace that runs: create and start leave it as it is, whatever the template; stop stops it."""
    return Row(
        name=name,
        facts=facts,
        is_=is_,
        told=told,
        limit=limit,
        probe=probe,
        create=Step.FOLLOW,
        other=Step.FOLLOW,
        replace=Step.REPLACE,
        start=Step.FOLLOW,
        stop=Step.STOP,
    )


def _asleep(name: str, facts: Workspace, told: Cell, limit: Cell | None = None, *, probe: Probe = Probe.NONE) -> Row:
    """Return a row of a workspace that runs and is dormant: as one that runs, but for a start, which wakes it."""
    is_ = classify(facts, lost_after=LOST_AFTER).condition
    return attrs.evolve(_running(name, attrs.evolve(facts, dormant=True), is_, told, limit, probe=probe), start=Step.BUILD)


def _down(name: str, facts: Workspace, is_: Condition, told: Cell, stop: Step) -> Row:
    """Return a row of a workspace with files in it that does not run: create reports, start starts it."""
    return Row(
        name=name,
        facts=facts,
        is_=is_,
        told=told,
        create=Step.FOLLOW,
        other=Step.FOLLOW,
        replace=Step.REPLACE,
        start=Step.BUILD,
        stop=stop,
    )


def _first_failed(name: str, facts: Workspace, reason: Reason) -> Row:
    return Row(
        name=name,
        facts=facts,
        is_=Condition.FIRST_BUILD_FAILED,
        told=(State.FAILED, reason, None),
        create=Step.BUILD,
        other=Step.REPLACE,
        replace=Step.REPLACE,
        start=Step.BUILD,
        stop=Step.STOP,
    )


def _gone(name: str, facts: Workspace) -> Row:
    return Row(
        name=name,
        facts=facts,
        is_=Condition.DELETED,
        told=(State.GONE, Reason.DELETED, None),
        create=Step.MAKE,
        other=Step.MAKE,
        replace=Step.MAKE,
        start=Step.NO_WORKSPACE,
        stop=Step.NO_WORKSPACE,
    )


def _not_known(name: str, facts: Workspace) -> Row:
    return Row(
        name=name,
        facts=facts,
        is_=Condition.JOB_UNKNOWN,
        told=(State.UNKNOWN, Reason.JOB_UNKNOWN, None),
        create=Step.FOLLOW,
        other=Step.FOLLOW,
        replace=Step.REPLACE,
        start=Step.FOLLOW,
        stop=Step.FOLLOW,
    )


CONNECTING_CELL = (State.STARTING, Reason.IN_PROGRESS, Phase.CONNECTING)
NOT_CONNECTED = (State.STARTING, Reason.AGENT_NOT_CONNECTED, Phase.CONNECTING)
NOT_STARTED = (State.STARTING, Reason.EXTERNAL_AGENT_OFFLINE, Phase.CONNECTING)
"""From the first look on: only its user can start it."""
SCRIPTS_CELL = (State.STARTING, Reason.IN_PROGRESS, Phase.SCRIPTS)
STILL_SCRIPTS = (State.STARTING, Reason.SCRIPTS_RUNNING, Phase.SCRIPTS)
SHUTTING_CELL = (State.STOPPING, Reason.STOPPING, Phase.CONNECTING)
SHUT_DOWN = (State.UNREACHABLE, Reason.AGENT_SHUT_DOWN, None)
NOT_DIALLED = (State.UNREACHABLE, Reason.DIAL_FAILED, None)

TABLE = [
    # a start is under way: join
    _under_way("pending start", _of(a_build(START, PENDING))),
    _under_way("pending start, in a queue", _of(a_build(START, PENDING, queue_position=1, provisioners=1)), Reason.BUILD_QUEUED),
    _under_way("pending start, in a queue of unknown helpers", _of(a_build(START, PENDING, queue_position=3)), Reason.BUILD_QUEUED),
    _under_way("pending start, nobody takes it", _of(a_build(START, PENDING, queue_position=1, provisioners=0)), Reason.NO_PROVISIONER),
    _under_way("pending start, next in turn", _of(a_build(START, PENDING, queue_position=0, provisioners=1))),
    _under_way("running start", _of(a_build(START, RUNNING))),
    _under_way("running start, the queue of before is no matter", _of(a_build(START, RUNNING, queue_position=4, provisioners=0))),
    _under_way("canceling start", _of(a_build(START, CANCELING))),
    _under_way("running start of a later build", _of(a_build(START, RUNNING, number=7))),
    # a stop or a deletion is under way: wait, decide anew
    _ending("pending stop", _of(a_build(STOP, PENDING, number=2)), Condition.STOPPING),
    _ending("running stop", _of(a_build(STOP, RUNNING, number=2)), Condition.STOPPING),
    _ending("canceling stop", _of(a_build(STOP, CANCELING, number=2)), Condition.STOPPING),
    _ending("running stop, the agent is still connected", _of(a_build(STOP, RUNNING, number=2), an_agent()), Condition.STOPPING),
    _ending("pending delete", _of(a_build(DELETE, PENDING, number=2)), Condition.DELETING),
    _ending("running delete", _of(a_build(DELETE, RUNNING, number=2)), Condition.DELETING),
    _ending("canceling delete", _of(a_build(DELETE, CANCELING, number=2)), Condition.DELETING),
    # succeeded start: the agent decides
    _running("no agent in the template", _of(a_build()), Condition.NO_AGENT, (State.READY, Reason.NO_AGENT, None)),
    _running(
        "sub-agents only",
        _of(a_build(), an_agent(parent_id=UUID(int=9))),
        Condition.NO_CHOICE,
        (State.UNREACHABLE, Reason.AGENT_AMBIGUOUS, None),
    ),
    _running(
        "two agents marked for chats",
        _of(a_build(), an_agent(name="a-coderd-chat"), an_agent(name="b-coderd-chat", id=UUID(int=8))),
        Condition.NO_CHOICE,
        (State.UNREACHABLE, Reason.AGENT_AMBIGUOUS, None),
    ),
    _running("created", _runs(CONNECTED, Lifecycle.CREATED), Condition.SCRIPTS, SCRIPTS_CELL, STILL_SCRIPTS),
    _running("starting", _runs(CONNECTED, Lifecycle.STARTING), Condition.SCRIPTS, SCRIPTS_CELL, STILL_SCRIPTS),
    _running("start_timeout is a soft mark", _runs(CONNECTED, Lifecycle.START_TIMEOUT), Condition.SCRIPTS, SCRIPTS_CELL, STILL_SCRIPTS),
    _running(
        "ready",
        _runs(CONNECTED, Lifecycle.READY),
        Condition.USABLE,
        (State.READY, Reason.EXISTING, None),
        NOT_DIALLED,
        probe=Probe.PROVE_READY,
    ),
    _running(
        "start_error",
        _runs(CONNECTED, Lifecycle.START_ERROR),
        Condition.SCRIPTS_FAILED,
        (State.READY, Reason.SCRIPTS_FAILED, None),
        NOT_DIALLED,
        probe=Probe.PROVE_READY,
    ),
    *[
        _running(lifecycle.value, _runs(CONNECTED, lifecycle), Condition.SHUTTING_DOWN, SHUTTING_CELL, SHUT_DOWN)
        for lifecycle in (Lifecycle.SHUTTING_DOWN, Lifecycle.SHUTDOWN_TIMEOUT, Lifecycle.SHUTDOWN_ERROR, Lifecycle.OFF)
    ],
    _running("connecting", _runs(CONNECTING, Lifecycle.CREATED), Condition.CONNECTING, CONNECTING_CELL, NOT_CONNECTED),
    _running("connecting, ready before", _runs(CONNECTING, Lifecycle.READY), Condition.CONNECTING, CONNECTING_CELL, NOT_CONNECTED),
    _running(
        "a claimed prebuild's agent, connected to what it was before",
        _runs(CONNECTED, Lifecycle.READY, connected_since_build=False),
        Condition.CONNECTING,
        CONNECTING_CELL,
        NOT_CONNECTED,
    ),
    _running(
        "disconnected, nobody says since when",
        _runs(DISCONNECTED, Lifecycle.READY, disconnected_for=None),
        Condition.CONNECTING,
        CONNECTING_CELL,
        NOT_CONNECTED,
    ),
    _running(
        "disconnected just now",
        _runs(DISCONNECTED, Lifecycle.READY, disconnected_for=0.0),
        Condition.CONNECTING,
        CONNECTING_CELL,
        NOT_CONNECTED,
    ),
    _running(
        "disconnected for nearly lost_after",
        _runs(DISCONNECTED, Lifecycle.READY, disconnected_for=89.999),
        Condition.CONNECTING,
        CONNECTING_CELL,
        NOT_CONNECTED,
    ),
    _running(
        "disconnected for lost_after",
        _runs(DISCONNECTED, Lifecycle.READY, disconnected_for=90.0),
        Condition.LOST,
        (State.UNREACHABLE, Reason.AGENT_LOST, None),
        probe=Probe.PROVE_LOST,
    ),
    _running(
        "disconnected for long, off",
        _runs(DISCONNECTED, Lifecycle.OFF, disconnected_for=4000.0),
        Condition.LOST,
        (State.UNREACHABLE, Reason.AGENT_LOST, None),
        probe=Probe.PROVE_LOST,
    ),
    _running(
        "timeout",
        _runs(TIMEOUT, Lifecycle.CREATED),
        Condition.TIMED_OUT,
        (State.UNREACHABLE, Reason.AGENT_TIMED_OUT, None),
        probe=Probe.PROVE_LOST,
    ),
    _running(
        "timeout of an external agent",
        _runs(TIMEOUT, Lifecycle.CREATED, external=True),
        Condition.TIMED_OUT,
        (State.UNREACHABLE, Reason.EXTERNAL_AGENT_OFFLINE, None),
        probe=Probe.PROVE_LOST,
    ),
    _running(
        "an external agent, disconnected for long",
        _runs(DISCONNECTED, Lifecycle.READY, external=True, disconnected_for=90.0),
        Condition.LOST,
        (State.UNREACHABLE, Reason.EXTERNAL_AGENT_OFFLINE, None),
        probe=Probe.PROVE_LOST,
    ),
    _running(
        "an external agent, connecting",
        _runs(CONNECTING, Lifecycle.CREATED, external=True),
        Condition.CONNECTING,
        NOT_STARTED,
        NOT_STARTED,
    ),
    # it does not run
    _down("stopped", _of(a_build(STOP, number=2)), Condition.STOPPED, (State.STOPPED, Reason.NOT_RUNNING, None), Step.FOLLOW),
    _down(
        "dormant, stopped",
        a_workspace(a_build(STOP, number=2), (), dormant=True),
        Condition.DORMANT,
        (State.STOPPED, Reason.DORMANT, None),
        Step.FOLLOW,
    ),
    # it runs, and is dormant
    _asleep("dormant", _runs(CONNECTED, Lifecycle.READY), (State.READY, Reason.DORMANT, None), NOT_DIALLED, probe=Probe.PROVE_READY),
    _asleep("dormant, scripts", _runs(CONNECTED, Lifecycle.STARTING), SCRIPTS_CELL, STILL_SCRIPTS),
    _asleep("dormant, no agent", _of(a_build()), (State.READY, Reason.NO_AGENT, None)),
    # it failed
    _first_failed("first build failed", _of(a_build(START, FAILED)), Reason.BUILD_FAILED),
    _first_failed("first build failed with a code", _of(a_build(START, FAILED, error_code="REQUIRED_TEMPLATE_VARIABLES")), Reason.BUILD_FAILED),
    _first_failed("first build, quota full", _of(a_build(START, FAILED, error_code="INSUFFICIENT_QUOTA")), Reason.QUOTA_FULL),
    _first_failed("first build canceled", _of(a_build(START, CANCELED)), Reason.BUILD_CANCELED),
    _first_failed("first build canceled, as its provisioner tells it", _of(a_build(START, FAILED, error="canceled\n")), Reason.BUILD_CANCELED),
    _first_failed("first build failed of something canceled", _of(a_build(START, FAILED, error="context canceled")), Reason.BUILD_FAILED),
    _first_failed("first build canceled, whatever its code", _of(a_build(START, CANCELED, error_code="INSUFFICIENT_QUOTA")), Reason.BUILD_CANCELED),
    *[
        _down(
            f"later build {what}",
            _of(a_build(START, job, number=number, error_code=code)),
            Condition.BUILD_FAILED,
            (State.FAILED, reason, None),
            Step.STOP,
        )
        for what, job, number, code, reason in (
            ("failed", FAILED, 2, "", Reason.BUILD_FAILED),
            ("failed, quota full", FAILED, 3, "INSUFFICIENT_QUOTA", Reason.QUOTA_FULL),
            ("canceled", CANCELED, 2, "", Reason.BUILD_CANCELED),
        )
    ],
    *[
        _down(
            f"{job.value} stop, build {number}",
            _of(a_build(STOP, job, number=number)),
            Condition.STOP_FAILED,
            (State.FAILED, Reason.STOP_FAILED, None),
            Step.STOP,
        )
        for job, number in product((FAILED, CANCELED), (1, 2))
    ],
    *[
        _down(
            f"{job.value} delete, build {number}",
            _of(a_build(DELETE, job, number=number)),
            Condition.DELETE_FAILED,
            (State.FAILED, Reason.DELETE_FAILED, None),
            Step.STOP,
        )
        for job, number in product((FAILED, CANCELED), (1, 2))
    ],
    # it is gone: the platform itself says so
    _gone("delete succeeded", _of(a_build(DELETE, number=2))),
    _gone("delete succeeded, dormant", a_workspace(a_build(DELETE, number=2), (), dormant=True)),
    _gone("marked as deleted", a_workspace(deleted=True)),
    _gone("marked as deleted, the job is not known", a_workspace(a_build(START, JobStatus.UNKNOWN), deleted=True)),
    _gone("marked as deleted, the first build failed", a_workspace(a_build(START, FAILED), deleted=True)),
    # it is not known
    *[_not_known(f"job of a {transition.value} unknown", _of(a_build(transition, JobStatus.UNKNOWN))) for transition in Transition],
]

every_row = pytest.mark.parametrize("row", [pytest.param(row, id=row.name) for row in TABLE])


def _found(row: Row) -> Finding:
    return classify(row.facts, lost_after=LOST_AFTER)


def _cell(told: Told) -> Cell:
    return told.state, told.reason, told.phase


# ------------------------------------------------------------------ the table


@every_row
def test_facts_are_the_row_of_the_table(row: Row) -> None:
    """Each set of facts belongs to one row."""
    assert _found(row).condition is row.is_


@every_row
def test_how_a_row_is_told(row: Row) -> None:
    """State, reason and phase, while its time lasts."""
    assert _cell(describe(_found(row), row.facts)) == row.told


@every_row
def test_how_a_row_is_told_once_its_time_is_over(row: Row) -> None:
    """A limit is not a failure: what was under way stays under way, with a reason."""
    finding = _found(row)
    assert _cell(at_limit(finding, describe(finding, row.facts))) == (row.limit or row.told)


@every_row
def test_what_create_does_with_the_same_template(row: Row) -> None:
    """It joins, reports, builds once more, or makes what is gone."""
    assert create_step(_found(row), same_template=True) is row.create


@every_row
def test_what_create_does_with_another_template(row: Row) -> None:
    """Another template changes one row only: a first build that failed."""
    assert create_step(_found(row), same_template=False) is row.other


@every_row
def test_what_create_does_when_told_to_replace(row: Row) -> None:
    """The caller's word leaves behind whatever is not gone."""
    assert replace_step(_found(row)) is row.replace


@every_row
def test_what_start_does(row: Row) -> None:
    """It starts what does not run, and nothing else."""
    assert start_step(_found(row)) is row.start


@every_row
def test_what_stop_does(row: Row) -> None:
    """It stops what runs or may run, and nothing else."""
    assert stop_step(_found(row)) is row.stop


@every_row
def test_what_a_dial_is_needed_for(row: Row) -> None:
    """Ready is told after a dial that worked, lost after one that did not."""
    assert probe_for(_found(row)) is row.probe


def test_every_condition_has_a_row() -> None:
    """The table leaves none out."""
    assert {row.is_ for row in TABLE} == set(Condition)


def test_undialled_is_told_as_connecting() -> None:
    """As long as no dial has settled it, the workspace is on its way."""
    assert _cell(UNDIALLED) == CONNECTING_CELL


# ------------------------------------------------------------------ which agent is meant


def test_the_selected_agent_comes_with_the_finding() -> None:
    """Whoever dials, dials the agent that was judged."""
    first, marked = an_agent(TIMEOUT, name="a"), an_agent(name="z-coderd-chat", id=UUID(int=8))
    finding = classify(_of(a_build(), first, marked), lost_after=LOST_AFTER)
    assert (finding.condition, finding.agent, finding.problem) == (Condition.USABLE, marked, "")


def test_without_a_choice_the_finding_says_why() -> None:
    """No agent, and a problem to tell."""
    finding = classify(_of(a_build(), an_agent(parent_id=UUID(int=9))), lost_after=LOST_AFTER)
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
    assert classify(_runs(DISCONNECTED, Lifecycle.READY, disconnected_for=since), lost_after=lost_after).condition is is_


def test_a_silence_of_nobody_is_told_as_it_was_found() -> None:
    """A finding without its agent is not taken for an external one."""
    assert describe(Finding(condition=Condition.LOST), a_workspace()).reason is Reason.AGENT_LOST


# ------------------------------------------------------------------ every state that a platform can tell


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
        runs=not facts.deleted and build.transition is START and succeeded,
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
    """Neither create nor start touches a workspace that runs, however its agent is: probes restart nothing. A start wakes what is dormant."""
    for case in cases:
        if case.runs:
            assert create_step(case.finding, same_template=False) is Step.FOLLOW, case
            assert start_step(case.finding) is (Step.BUILD if case.facts.dormant else Step.FOLLOW), case
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
