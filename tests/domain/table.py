"""The table of states: what is found, how it is told, and what each call does about it.

Written down by hand: no expectation here is worked out with the code under test.
"""

from __future__ import annotations

from itertools import product
from uuid import UUID

import attrs
import pytest

from chatworkspace import Agent, AgentStatus, Build, JobStatus, Lifecycle, Phase, Reason, State, Transition, Workspace
from chatworkspace._domain.conditions import Condition, Finding, Probe, Told, classify
from chatworkspace._domain.decisions import Step
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


def with_build(build: Build, *agents: Agent) -> Workspace:
    return a_workspace(build, agents)


def running_with(status: AgentStatus, lifecycle: Lifecycle, **rest: object) -> Workspace:
    """Return a workspace whose start succeeded, with one agent."""
    return with_build(a_build(number=2), an_agent(status, lifecycle, **rest))


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
        stop=Step.LOOK_AGAIN,
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


def _asleep(name: str, facts: Workspace, is_: Condition, told: Cell, limit: Cell | None = None, *, probe: Probe = Probe.NONE) -> Row:
    """Return a row of a workspace that runs and is dormant: as one that runs, but for a start, which wakes it."""
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
    _under_way("pending start", with_build(a_build(START, PENDING))),
    _under_way("pending start, in a queue", with_build(a_build(START, PENDING, queue_position=1, provisioners=1)), Reason.BUILD_QUEUED),
    _under_way("pending start, in a queue of unknown helpers", with_build(a_build(START, PENDING, queue_position=3)), Reason.BUILD_QUEUED),
    _under_way("pending start, nobody takes it", with_build(a_build(START, PENDING, queue_position=1, provisioners=0)), Reason.NO_PROVISIONER),
    _under_way("pending start, next in turn", with_build(a_build(START, PENDING, queue_position=0, provisioners=1))),
    _under_way("running start", with_build(a_build(START, RUNNING))),
    _under_way("running start, the queue of before is no matter", with_build(a_build(START, RUNNING, queue_position=4, provisioners=0))),
    _under_way("canceling start", with_build(a_build(START, CANCELING))),
    _under_way("running start of a later build", with_build(a_build(START, RUNNING, number=7))),
    # a stop or a deletion is under way: wait, decide anew
    _ending("pending stop", with_build(a_build(STOP, PENDING, number=2)), Condition.STOPPING),
    _ending("running stop", with_build(a_build(STOP, RUNNING, number=2)), Condition.STOPPING),
    _ending("canceling stop", with_build(a_build(STOP, CANCELING, number=2)), Condition.STOPPING),
    _ending("running stop, the agent is still connected", with_build(a_build(STOP, RUNNING, number=2), an_agent()), Condition.STOPPING),
    _ending("pending delete", with_build(a_build(DELETE, PENDING, number=2)), Condition.DELETING),
    _ending("running delete", with_build(a_build(DELETE, RUNNING, number=2)), Condition.DELETING),
    _ending("canceling delete", with_build(a_build(DELETE, CANCELING, number=2)), Condition.DELETING),
    # succeeded start: the agent decides
    _running("no agent in the template", with_build(a_build()), Condition.NO_AGENT, (State.READY, Reason.NO_AGENT, None)),
    _running(
        "sub-agents only",
        with_build(a_build(), an_agent(parent_id=UUID(int=9))),
        Condition.NO_CHOICE,
        (State.UNREACHABLE, Reason.AGENT_AMBIGUOUS, None),
    ),
    _running(
        "two agents marked for chats",
        with_build(a_build(), an_agent(name="a-coderd-chat"), an_agent(name="b-coderd-chat", id=UUID(int=8))),
        Condition.NO_CHOICE,
        (State.UNREACHABLE, Reason.AGENT_AMBIGUOUS, None),
    ),
    _running("created", running_with(CONNECTED, Lifecycle.CREATED), Condition.SCRIPTS, SCRIPTS_CELL, STILL_SCRIPTS),
    _running("starting", running_with(CONNECTED, Lifecycle.STARTING), Condition.SCRIPTS, SCRIPTS_CELL, STILL_SCRIPTS),
    _running("start_timeout is a soft mark", running_with(CONNECTED, Lifecycle.START_TIMEOUT), Condition.SCRIPTS, SCRIPTS_CELL, STILL_SCRIPTS),
    _running(
        "ready",
        running_with(CONNECTED, Lifecycle.READY),
        Condition.USABLE,
        (State.READY, Reason.EXISTING, None),
        NOT_DIALLED,
        probe=Probe.PROVE_READY,
    ),
    _running(
        "start_error",
        running_with(CONNECTED, Lifecycle.START_ERROR),
        Condition.SCRIPTS_FAILED,
        (State.READY, Reason.SCRIPTS_FAILED, None),
        NOT_DIALLED,
        probe=Probe.PROVE_READY,
    ),
    *[
        _running(lifecycle.value, running_with(CONNECTED, lifecycle), Condition.SHUTTING_DOWN, SHUTTING_CELL, SHUT_DOWN)
        for lifecycle in (Lifecycle.SHUTTING_DOWN, Lifecycle.SHUTDOWN_TIMEOUT, Lifecycle.SHUTDOWN_ERROR, Lifecycle.OFF)
    ],
    _running("connecting", running_with(CONNECTING, Lifecycle.CREATED), Condition.CONNECTING, CONNECTING_CELL, NOT_CONNECTED),
    _running("connecting, ready before", running_with(CONNECTING, Lifecycle.READY), Condition.CONNECTING, CONNECTING_CELL, NOT_CONNECTED),
    _running(
        "a claimed prebuild's agent, connected to what it was before",
        running_with(CONNECTED, Lifecycle.READY, connected_since_build=False),
        Condition.CONNECTING,
        CONNECTING_CELL,
        NOT_CONNECTED,
    ),
    _running(
        "disconnected, nobody says since when",
        running_with(DISCONNECTED, Lifecycle.READY, disconnected_for=None),
        Condition.CONNECTING,
        CONNECTING_CELL,
        NOT_CONNECTED,
    ),
    _running(
        "disconnected just now",
        running_with(DISCONNECTED, Lifecycle.READY, disconnected_for=0.0),
        Condition.CONNECTING,
        CONNECTING_CELL,
        NOT_CONNECTED,
    ),
    _running(
        "disconnected for nearly lost_after",
        running_with(DISCONNECTED, Lifecycle.READY, disconnected_for=89.999),
        Condition.CONNECTING,
        CONNECTING_CELL,
        NOT_CONNECTED,
    ),
    _running(
        "disconnected for lost_after",
        running_with(DISCONNECTED, Lifecycle.READY, disconnected_for=90.0),
        Condition.LOST,
        (State.UNREACHABLE, Reason.AGENT_LOST, None),
        probe=Probe.PROVE_LOST,
    ),
    _running(
        "disconnected for long, off",
        running_with(DISCONNECTED, Lifecycle.OFF, disconnected_for=4000.0),
        Condition.LOST,
        (State.UNREACHABLE, Reason.AGENT_LOST, None),
        probe=Probe.PROVE_LOST,
    ),
    _running(
        "timeout",
        running_with(TIMEOUT, Lifecycle.CREATED),
        Condition.TIMED_OUT,
        (State.UNREACHABLE, Reason.AGENT_TIMED_OUT, None),
        probe=Probe.PROVE_LOST,
    ),
    _running(
        "timeout of an external agent",
        running_with(TIMEOUT, Lifecycle.CREATED, external=True),
        Condition.TIMED_OUT,
        (State.UNREACHABLE, Reason.EXTERNAL_AGENT_OFFLINE, None),
        probe=Probe.PROVE_LOST,
    ),
    _running(
        "an external agent, disconnected for long",
        running_with(DISCONNECTED, Lifecycle.READY, external=True, disconnected_for=90.0),
        Condition.LOST,
        (State.UNREACHABLE, Reason.EXTERNAL_AGENT_OFFLINE, None),
        probe=Probe.PROVE_LOST,
    ),
    _running(
        "an external agent, connecting",
        running_with(CONNECTING, Lifecycle.CREATED, external=True),
        Condition.CONNECTING,
        NOT_STARTED,
        NOT_STARTED,
    ),
    # it does not run
    _down("stopped", with_build(a_build(STOP, number=2)), Condition.STOPPED, (State.STOPPED, Reason.NOT_RUNNING, None), Step.FOLLOW),
    _down(
        "dormant, stopped",
        a_workspace(a_build(STOP, number=2), (), dormant=True),
        Condition.DORMANT,
        (State.STOPPED, Reason.DORMANT, None),
        Step.FOLLOW,
    ),
    # it runs, and is dormant
    _asleep(
        "dormant",
        running_with(CONNECTED, Lifecycle.READY),
        Condition.USABLE,
        (State.READY, Reason.DORMANT, None),
        NOT_DIALLED,
        probe=Probe.PROVE_READY,
    ),
    _asleep("dormant, scripts", running_with(CONNECTED, Lifecycle.STARTING), Condition.SCRIPTS, SCRIPTS_CELL, STILL_SCRIPTS),
    _asleep("dormant, no agent", with_build(a_build()), Condition.NO_AGENT, (State.READY, Reason.NO_AGENT, None)),
    # it failed
    _first_failed("first build failed", with_build(a_build(START, FAILED)), Reason.BUILD_FAILED),
    _first_failed(
        "first build failed with a code", with_build(a_build(START, FAILED, error_code="REQUIRED_TEMPLATE_VARIABLES")), Reason.BUILD_FAILED
    ),
    _first_failed("first build, quota full", with_build(a_build(START, FAILED, error_code="INSUFFICIENT_QUOTA")), Reason.QUOTA_FULL),
    _first_failed("first build canceled", with_build(a_build(START, CANCELED)), Reason.BUILD_CANCELED),
    _first_failed("first build canceled, as its provisioner tells it", with_build(a_build(START, FAILED, error="canceled\n")), Reason.BUILD_CANCELED),
    _first_failed("first build failed of something canceled", with_build(a_build(START, FAILED, error="context canceled")), Reason.BUILD_FAILED),
    _first_failed(
        "first build canceled, whatever its code", with_build(a_build(START, CANCELED, error_code="INSUFFICIENT_QUOTA")), Reason.BUILD_CANCELED
    ),
    *[
        _down(
            f"later build {what}",
            with_build(a_build(START, job, number=number, error_code=code)),
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
            f"{job.value} stop, build {number}, {error!r}",
            with_build(a_build(STOP, job, number=number, error=error)),
            Condition.STOP_FAILED,
            (State.FAILED, reason, None),
            Step.STOP,
        )
        for (job, error, reason), number in product(
            ((FAILED, "", Reason.STOP_FAILED), (CANCELED, "", Reason.BUILD_CANCELED), (FAILED, "canceled", Reason.BUILD_CANCELED)), (1, 2)
        )
    ],
    *[
        _down(
            f"{job.value} delete, build {number}",
            with_build(a_build(DELETE, job, number=number)),
            Condition.DELETE_FAILED,
            (State.FAILED, Reason.DELETE_FAILED, None),
            Step.STOP,
        )
        for job, number in product((FAILED, CANCELED), (1, 2))
    ],
    # it is gone: the platform itself says so
    _gone("delete succeeded", with_build(a_build(DELETE, number=2))),
    _gone("delete succeeded, dormant", a_workspace(a_build(DELETE, number=2), (), dormant=True)),
    _gone("marked as deleted", a_workspace(deleted=True)),
    _gone("marked as deleted, the job is not known", a_workspace(a_build(START, JobStatus.UNKNOWN), deleted=True)),
    _gone("marked as deleted, the first build failed", a_workspace(a_build(START, FAILED), deleted=True)),
    # it is not known
    *[_not_known(f"job of a {transition.value} unknown", with_build(a_build(transition, JobStatus.UNKNOWN))) for transition in Transition],
]
every_row = pytest.mark.parametrize("row", [pytest.param(row, id=row.name) for row in TABLE])


def finding_of(row: Row) -> Finding:
    return classify(row.facts, lost_after=LOST_AFTER)


def cell_of(told: Told) -> Cell:
    return told.state, told.reason, told.phase
