"""The state table: what a workspace's facts mean, and how that is told. Pure.

`classify` turns facts into a Condition, one row of the table each; `describe` says how a row is told, `at_limit` how it is told when its time is
over, `probe_for` whether a dial is needed first. What a call does about a row stands in `decisions`; nothing else decides from a status. A status
that nobody has decided about is a type error: no `match` has a default arm.
"""

from __future__ import annotations

from enum import Enum

import attrs

from chatworkspace._domain.agents import NoChoice, select_agent
from chatworkspace.model import Agent, AgentStatus, Build, JobStatus, Lifecycle, Phase, Reason, State, Transition, Workspace


class Condition(Enum):
    """A row of the state table for a bound workspace."""

    BUILDING = "building"
    STOPPING = "stopping"
    DELETING = "deleting"
    NO_AGENT = "no_agent"
    NO_CHOICE = "no_choice"
    CONNECTING = "connecting"
    SCRIPTS = "scripts"
    USABLE = "usable"
    """Connected, scripts over: ready, once a dial proves it."""
    SCRIPTS_FAILED = "scripts_failed"
    """As USABLE, with a remark."""
    SHUTTING_DOWN = "shutting_down"
    TIMED_OUT = "timed_out"
    """Unreachable, unless a dial reaches it."""
    LOST = "lost"
    """As TIMED_OUT."""
    STOPPED = "stopped"
    DORMANT = "dormant"
    FIRST_BUILD_FAILED = "first_build_failed"
    BUILD_FAILED = "build_failed"
    STOP_FAILED = "stop_failed"
    DELETE_FAILED = "delete_failed"
    DELETED = "deleted"
    JOB_UNKNOWN = "job_unknown"


class Probe(Enum):
    """What a dial is needed for."""

    NONE = "none"
    PROVE_READY = "prove_ready"
    PROVE_LOST = "prove_lost"


@attrs.frozen(kw_only=True)
class Told:
    """How a condition is told."""

    state: State
    reason: Reason
    phase: Phase | None = None


@attrs.frozen(kw_only=True)
class Finding:
    """What a workspace's facts come to."""

    condition: Condition
    agent: Agent | None = None
    problem: str = ""
    """Why no agent could be chosen."""
    dormant: bool = False
    """It runs, and the platform counts it as dormant: a start wakes it."""


# ---------------------------------------------------------------- facts to conditions


def classify(workspace: Workspace, *, lost_after: float) -> Finding:
    """Return the row of the table that a workspace is in. lost_after: seconds of disconnection after which an agent counts as lost."""
    if workspace.deleted:
        return Finding(condition=Condition.DELETED)
    build = workspace.build
    match build.job_status:
        case JobStatus.SUCCEEDED:
            return _succeeded(workspace, lost_after)
        case JobStatus.PENDING | JobStatus.RUNNING | JobStatus.CANCELING:
            return Finding(condition=_under_way(build.transition))
        case JobStatus.FAILED | JobStatus.CANCELED:
            return Finding(condition=_failed(build))
        case JobStatus.UNKNOWN:
            return Finding(condition=Condition.JOB_UNKNOWN)


def _under_way(transition: Transition) -> Condition:
    match transition:
        case Transition.START:
            return Condition.BUILDING
        case Transition.STOP:
            return Condition.STOPPING
        case Transition.DELETE:
            return Condition.DELETING


def _failed(build: Build) -> Condition:
    match build.transition:
        case Transition.START:
            return Condition.FIRST_BUILD_FAILED if build.number == 1 else Condition.BUILD_FAILED
        case Transition.STOP:
            return Condition.STOP_FAILED
        case Transition.DELETE:
            return Condition.DELETE_FAILED


def _succeeded(workspace: Workspace, lost_after: float) -> Finding:
    match workspace.build.transition:
        case Transition.START:
            return _running(workspace, lost_after)
        case Transition.STOP:
            return Finding(condition=Condition.DORMANT if workspace.dormant else Condition.STOPPED)
        case Transition.DELETE:
            return Finding(condition=Condition.DELETED)


def _running(workspace: Workspace, lost_after: float) -> Finding:
    match select_agent(workspace.agents):
        case Agent() as agent:
            return Finding(condition=_of_agent(agent, lost_after), agent=agent, dormant=workspace.dormant)
        case NoChoice(problem=problem):
            return Finding(condition=Condition.NO_CHOICE, problem=problem, dormant=workspace.dormant)
        case None:
            return Finding(condition=Condition.NO_AGENT, dormant=workspace.dormant)


def _of_agent(agent: Agent, lost_after: float) -> Condition:
    match agent.status:
        case AgentStatus.CONNECTED:
            # a claimed prebuild's agent is connected to what it was before the claim
            return _of_lifecycle(agent.lifecycle) if agent.connected_since_build else Condition.CONNECTING
        case AgentStatus.CONNECTING:
            return Condition.CONNECTING
        case AgentStatus.TIMEOUT:
            return Condition.TIMED_OUT
        case AgentStatus.DISCONNECTED:
            return Condition.LOST if (agent.disconnected_for or 0) >= lost_after else Condition.CONNECTING


def _of_lifecycle(lifecycle: Lifecycle) -> Condition:
    match lifecycle:
        case Lifecycle.READY:
            return Condition.USABLE
        case Lifecycle.CREATED | Lifecycle.STARTING | Lifecycle.START_TIMEOUT:
            return Condition.SCRIPTS
        case Lifecycle.START_ERROR:
            return Condition.SCRIPTS_FAILED
        case Lifecycle.SHUTTING_DOWN | Lifecycle.SHUTDOWN_TIMEOUT | Lifecycle.SHUTDOWN_ERROR | Lifecycle.OFF:
            return Condition.SHUTTING_DOWN


# ---------------------------------------------------------------- how a condition is told


READY = Told(state=State.READY, reason=Reason.EXISTING)
READY_AND_DORMANT = Told(state=State.READY, reason=Reason.DORMANT)
"""What is told most often, made once."""


def describe(finding: Finding, workspace: Workspace) -> Told:  # noqa: C901, PLR0911, PLR0912 # one arm a row: the table itself
    """Return how a finding is told while its time lasts. What needs a dial is told as if the dial had said yes (see probe_for)."""
    match finding.condition:
        case Condition.USABLE:
            return READY_AND_DORMANT if finding.dormant else READY
        case Condition.BUILDING:
            return Told(state=State.STARTING, reason=_of_queue(workspace.build), phase=Phase.BUILDING)
        case Condition.STOPPING | Condition.DELETING:
            return Told(state=State.STOPPING, reason=Reason.STOPPING, phase=Phase.BUILDING)
        case Condition.NO_AGENT:
            return Told(state=State.READY, reason=Reason.NO_AGENT)
        case Condition.NO_CHOICE:
            return Told(state=State.UNREACHABLE, reason=Reason.AGENT_AMBIGUOUS)
        case Condition.CONNECTING:
            return Told(state=State.STARTING, reason=_of_silence(finding.agent, Reason.IN_PROGRESS), phase=Phase.CONNECTING)
        case Condition.SCRIPTS:
            return Told(state=State.STARTING, reason=Reason.IN_PROGRESS, phase=Phase.SCRIPTS)
        case Condition.SCRIPTS_FAILED:
            return Told(state=State.READY, reason=Reason.SCRIPTS_FAILED)
        case Condition.SHUTTING_DOWN:
            return Told(state=State.STOPPING, reason=Reason.STOPPING, phase=Phase.CONNECTING)
        case Condition.TIMED_OUT:
            return Told(state=State.UNREACHABLE, reason=_of_silence(finding.agent, Reason.AGENT_TIMED_OUT))
        case Condition.LOST:
            return Told(state=State.UNREACHABLE, reason=_of_silence(finding.agent, Reason.AGENT_LOST))
        case Condition.STOPPED:
            return Told(state=State.STOPPED, reason=Reason.NOT_RUNNING)
        case Condition.DORMANT:
            return Told(state=State.STOPPED, reason=Reason.DORMANT)
        case Condition.FIRST_BUILD_FAILED | Condition.BUILD_FAILED:
            return Told(state=State.FAILED, reason=_of_failure(workspace.build))
        case Condition.STOP_FAILED:
            reason = Reason.BUILD_CANCELED if _was_canceled(workspace.build) else Reason.STOP_FAILED
            return Told(state=State.FAILED, reason=reason)
        case Condition.DELETE_FAILED:
            return Told(state=State.FAILED, reason=Reason.DELETE_FAILED)
        case Condition.DELETED:
            return Told(state=State.GONE, reason=Reason.DELETED)
        case Condition.JOB_UNKNOWN:
            return Told(state=State.UNKNOWN, reason=Reason.JOB_UNKNOWN)


def at_limit(finding: Finding, told: Told) -> Told:
    """Return how a finding is told once the limit of its phase is over. A limit is not a failure."""
    match finding.condition:
        case Condition.CONNECTING:
            return attrs.evolve(told, reason=_of_silence(finding.agent, Reason.AGENT_NOT_CONNECTED))
        case Condition.SCRIPTS:
            return attrs.evolve(told, reason=Reason.SCRIPTS_RUNNING)
        case Condition.SHUTTING_DOWN:
            return Told(state=State.UNREACHABLE, reason=Reason.AGENT_SHUT_DOWN)
        case Condition.USABLE | Condition.SCRIPTS_FAILED:
            return Told(state=State.UNREACHABLE, reason=Reason.DIAL_FAILED)
        case (
            Condition.BUILDING
            | Condition.STOPPING
            | Condition.DELETING
            | Condition.NO_AGENT
            | Condition.NO_CHOICE
            | Condition.TIMED_OUT
            | Condition.LOST
            | Condition.STOPPED
            | Condition.DORMANT
            | Condition.FIRST_BUILD_FAILED
            | Condition.BUILD_FAILED
            | Condition.STOP_FAILED
            | Condition.DELETE_FAILED
            | Condition.DELETED
            | Condition.JOB_UNKNOWN
        ):
            return told


def under_way_for(finding: Finding, workspace: Workspace) -> float | None:  # noqa: PLR0911 # one arm for each word that there is
    """Return the seconds, by the platform's clock, for which what is under way has been so; None: nothing is, or it does not tell.

    At most for so long: what MAY_HAVE_BEEN_WELL may have begun later than anything that the platform tells of.
    """
    agent = finding.agent
    match finding.condition:
        case Condition.BUILDING | Condition.STOPPING | Condition.DELETING:
            return workspace.build.age
        case Condition.CONNECTING if agent is not None and agent.status is AgentStatus.DISCONNECTED:
            return agent.disconnected_for
        case Condition.CONNECTING:
            return workspace.build.over_for
        case Condition.SCRIPTS:
            return workspace.build.over_for if agent is None or agent.starting_for is None else agent.starting_for
        case Condition.USABLE | Condition.SCRIPTS_FAILED:
            return None if agent is None else agent.ready_for
        case Condition.JOB_UNKNOWN:
            return workspace.build.age
        case (
            Condition.NO_AGENT
            | Condition.NO_CHOICE
            | Condition.SHUTTING_DOWN
            | Condition.TIMED_OUT
            | Condition.LOST
            | Condition.STOPPED
            | Condition.DORMANT
            | Condition.FIRST_BUILD_FAILED
            | Condition.BUILD_FAILED
            | Condition.STOP_FAILED
            | Condition.DELETE_FAILED
            | Condition.DELETED
        ):
            return None


MAY_HAVE_BEEN_WELL = (Condition.USABLE, Condition.SCRIPTS_FAILED, Condition.JOB_UNKNOWN)
"""An agent that no dial reaches may have been reached for days; a job of which nothing is known may have been known."""


UNDIALLED = Told(state=State.STARTING, reason=Reason.IN_PROGRESS, phase=Phase.CONNECTING)
"""How a finding that needs a dial is told while no dial has settled it."""


def probe_for(finding: Finding) -> Probe:
    """Return what a dial is needed for before a finding may be told."""
    match finding.condition:
        case Condition.USABLE | Condition.SCRIPTS_FAILED:
            return Probe.PROVE_READY
        case Condition.TIMED_OUT | Condition.LOST:
            return Probe.PROVE_LOST
        case (
            Condition.BUILDING
            | Condition.STOPPING
            | Condition.DELETING
            | Condition.NO_AGENT
            | Condition.NO_CHOICE
            | Condition.CONNECTING
            | Condition.SCRIPTS
            | Condition.SHUTTING_DOWN
            | Condition.STOPPED
            | Condition.DORMANT
            | Condition.FIRST_BUILD_FAILED
            | Condition.BUILD_FAILED
            | Condition.STOP_FAILED
            | Condition.DELETE_FAILED
            | Condition.DELETED
            | Condition.JOB_UNKNOWN
        ):
            return Probe.NONE


def _of_queue(build: Build) -> Reason:
    if build.job_status is not JobStatus.PENDING:
        return Reason.IN_PROGRESS
    if build.provisioners == 0:
        return Reason.NO_PROVISIONER
    return Reason.BUILD_QUEUED if build.queue_position > 0 else Reason.IN_PROGRESS


QUOTA_CODE = "INSUFFICIENT_QUOTA"
"""The platform's job error code for a full quota."""


CANCELED = "canceled"
"""All that a provisioner may say of a build that was canceled, which it calls failed."""


def _was_canceled(build: Build) -> bool:
    return build.job_status is JobStatus.CANCELED or build.error.strip() == CANCELED


def _of_failure(build: Build) -> Reason:
    if _was_canceled(build):
        return Reason.BUILD_CANCELED
    return Reason.QUOTA_FULL if build.error_code == QUOTA_CODE else Reason.BUILD_FAILED


def _of_silence(agent: Agent | None, reason: Reason) -> Reason:
    return Reason.EXTERNAL_AGENT_OFFLINE if agent is not None and agent.external else reason
