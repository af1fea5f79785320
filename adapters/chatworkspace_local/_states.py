"""What a workspace's records and processes mean. Pure: a look comes in, a workspace goes out; nothing is claimed that the look does not prove."""

from __future__ import annotations

from datetime import datetime, timezone
from uuid import UUID, uuid5

import attrs

from chatworkspace import Agent, AgentStatus, Build, JobStatus, Lifecycle, Transition, Workspace
from chatworkspace_local._records import BuildRecord, Record, Result
from chatworkspace_local._worker.processes import Life

INTERRUPTED = "the build was interrupted: the process that did it has ended"


@attrs.frozen(kw_only=True)
class Look:
    """A workspace as it was read at one instant.

    worker: whether the process of the latest build lives. asker: the same of who has asked for it.
    result: what the worker says, read after that.
    now: seconds since 1970.
    """

    record: Record
    worker: Life
    asker: Life
    result: Result
    now: float
    owner_name: str
    organization_id: UUID


def agent_id_of(build: BuildRecord) -> UUID:
    """Return the id of the agent that a start brings."""
    return uuid5(build.id, "agent")


def status_of(look: Look) -> JobStatus:
    """Return how far the latest build is."""
    build, result = look.record.latest, look.result
    if build.over_at is not None:
        return JobStatus.SUCCEEDED
    if build.failed or result.error:
        return JobStatus.FAILED
    if _is_done(build, result):
        return JobStatus.SUCCEEDED
    if build.worker is None:
        return JobStatus.FAILED if look.asker is Life.ENDED else JobStatus.PENDING
    return JobStatus.FAILED if look.worker is Life.ENDED else JobStatus.RUNNING


def _is_done(build: BuildRecord, result: Result) -> bool:
    match build.transition:
        case Transition.START:
            return result.built_at is not None
        case Transition.STOP:
            return result.ended_at is not None
        case Transition.DELETE:
            return False  # then there is a stone in its place


def runs(look: Look) -> bool:
    """Tell whether the workspace was started, and its keeper lives."""
    return look.record.latest.transition is Transition.START and status_of(look) is JobStatus.SUCCEEDED and look.worker is not Life.ENDED


def has_ended(look: Look) -> bool:
    """Tell whether it was started, and its keeper has ended since, by a restart of the machine, say: it is stopped."""
    return look.record.latest.transition is Transition.START and status_of(look) is JobStatus.SUCCEEDED and look.worker is Life.ENDED


def end_of(look: Look) -> BuildRecord:
    """Return the stop that nobody had to do. It is the same whoever works it out."""
    build = look.record.latest
    return BuildRecord(
        id=uuid5(build.id, "ended"),
        number=build.number + 1,
        transition=Transition.STOP,
        version_id=build.version_id,
        asked_at=look.result.built_at or build.asked_at,
        asker=build.asker,
        automatic=True,
        over_at=look.result.built_at or build.asked_at,
        parameters=build.parameters,
    )


def workspace_of(look: Look, *, deleted: bool = False) -> Workspace:
    """Return the workspace as it is told."""
    record = look.record
    build = _told(end_of(look), JobStatus.SUCCEEDED, Result(), look.now) if has_ended(look) else _latest(look)
    if deleted:
        build = attrs.evolve(build, job_status=JobStatus.SUCCEEDED, error="")
    return Workspace(
        id=record.id,
        name=record.name,
        owner_id=record.owner_id,
        owner_name=look.owner_name,
        organization_id=look.organization_id,
        template_id=record.template_id,
        build=build,
        agents=(_agent(look),) if runs(look) and not deleted else (),
        created_at=datetime.fromtimestamp(record.created_at, timezone.utc),
        deleted=deleted,
    )


def _latest(look: Look) -> Build:
    return _told(look.record.latest, status_of(look), look.result, look.now)


def _told(build: BuildRecord, status: JobStatus, result: Result, now: float) -> Build:
    over_at = build.over_at or (result.built_at if build.transition is Transition.START else result.ended_at)
    return Build(
        id=build.id,
        number=build.number,
        transition=build.transition,
        job_status=status,
        template_version_id=build.version_id,
        error=(build.failed or result.error or INTERRUPTED) if status is JobStatus.FAILED else "",
        automatic=build.automatic,
        age=max(now - build.asked_at, 0.0),
        running_for=None if build.worker is None else max(now - build.asked_at, 0.0),
        over_for=None if over_at is None else max(now - over_at, 0.0),
    )


def builds_of(look: Look, *, deleted: bool = False) -> list[Build]:
    """Return all builds that are known, the latest first. What became of earlier ones is known by what followed."""
    earlier = [_told(it, JobStatus.FAILED if it.failed else JobStatus.SUCCEEDED, Result(), look.now) for it in look.record.builds[:-1]]
    ended = [_told(end_of(look), JobStatus.SUCCEEDED, Result(), look.now)] if has_ended(look) else []
    latest = workspace_of(look, deleted=True).build if deleted else _latest(look)
    return [*ended, latest, *reversed(earlier)]


def _agent(look: Look) -> Agent:
    result, now = look.result, look.now
    paused = look.worker is Life.PAUSED
    return Agent(
        id=agent_id_of(look.record.latest),
        name="main",
        status=AgentStatus.DISCONNECTED if paused else AgentStatus.CONNECTED,
        lifecycle=_lifecycle(result),
        disconnected_for=0.0 if paused else None,
        starting_for=None if result.setup_began_at is None else max(now - result.setup_began_at, 0.0),
        ready_for=None if result.setup_ended_at is None else max(now - result.setup_ended_at, 0.0),
    )


def _lifecycle(result: Result) -> Lifecycle:
    if result.setup_ended_at is None:
        return Lifecycle.STARTING
    return Lifecycle.START_ERROR if result.setup_exit_code else Lifecycle.READY
