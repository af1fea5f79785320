"""Workspaces, builds and agents as Coder tells them, to values. Pure.

Every function raises UnreadableError where the answer lacks what cannot be done without; all else is read tolerantly.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timezone
from uuid import UUID

from chatworkspace import Agent, AgentStatus, Build, JobStatus, Lifecycle, Transition, Workspace
from chatworkspace.ports import LogLine
from chatworkspace_coder._answers.fields import (
    NIL,
    Json,
    UnreadableError,
    as_list,
    as_object,
    choice,
    date,
    flag,
    number,
    optional_id,
    part,
    readable,
    required_id,
    required_number,
    required_text,
    rows,
    shortened,
    text,
)

QUOTA_CODE = "INSUFFICIENT_QUOTA"
"""As servers from about 2.34 on call it; older ones only say it in words."""
QUOTA_WORDS = "insufficient quota"
EXTERNAL = "coder_external_agent"
"""The type of the resource whose agents run on a host of the user's."""
ALWAYS = "always"
NEVER = datetime(1970, 1, 1, tzinfo=timezone.utc)
_LOG_LIMIT = 10_000
"""Characters of one line. A longer one is cut, and says so."""
_PROGRESS = {JobStatus.PENDING: 0, JobStatus.RUNNING: 1, JobStatus.CANCELING: 2}
_OVER = 3
AUTOMATIC = frozenset({"autostart", "autostop", "autodelete", "dormancy", "task_auto_pause"})
"""What a server calls the reason of a build that it has asked for by itself."""

Freshness = tuple[int, int, datetime]
"""Number of the build, how far its job is, and the latest of the dates: of two readings of one workspace the lower is the older."""


def workspace(told: object, now: datetime | None) -> Workspace:
    """Return a workspace, whole. now: the instant of the answer, by Coder's clock."""
    it = as_object(told)
    latest = as_object(it.get("latest_build"))
    made = build(latest, now)
    active = optional_id(it, "template_active_version_id")
    return Workspace(
        id=required_id(it, "id"),
        name=required_text(it, "name"),
        owner_id=required_id(it, "owner_id"),
        owner_name=text(it, "owner_name"),
        organization_id=required_id(it, "organization_id"),
        template_id=required_id(it, "template_id"),
        build=made,
        agents=agents(latest, now),
        created_at=date(it, "created_at") or NEVER,
        deleted=is_deleted(made),
        dormant=date(it, "dormant_at") is not None,
        required_version_id=active if flag(it, "template_require_active_version") else None,
        updates_to=active if text(it, "automatic_updates") == ALWAYS else None,
    )


def is_deleted(made: Build) -> bool:
    """Say whether this build has deleted its workspace."""
    return made.transition is Transition.DELETE and made.job_status is JobStatus.SUCCEEDED


def gone(owner_id: UUID, workspace_id: UUID) -> Workspace:
    """Return what is known of a workspace of which the server says only that it is gone."""
    build = Build(id=NIL, number=0, transition=Transition.DELETE, job_status=JobStatus.SUCCEEDED, template_version_id=NIL)
    nowhere = {"organization_id": NIL, "template_id": NIL, "created_at": NEVER}
    return Workspace(id=workspace_id, name="", owner_id=owner_id, owner_name="", build=build, deleted=True, **nowhere)  # type: ignore[arg-type] # as above


def build(it: Json, now: datetime | None) -> Build:
    """Return a build with its job. now: the instant of the answer, by Coder's clock."""
    job = as_object(it.get("job"))
    error = text(job, "error")
    by_words = QUOTA_CODE if QUOTA_WORDS in error.lower() else ""
    provisioners = part(it, "matched_provisioners")
    available = number(provisioners, "available")
    return Build(
        id=required_id(it, "id"),
        number=required_number(it, "build_number"),
        transition=_transition(it),
        job_status=_job_status(job),
        template_version_id=required_id(it, "template_version_id"),
        error=error,
        error_code=text(job, "error_code") or by_words,
        queue_position=max(number(job, "queue_position") or 0, 0),
        provisioners=number(provisioners, "count") if available is None else available,
        automatic=text(it, "reason") in AUTOMATIC,
        age=_since(date(job, "created_at"), now),
        running_for=_since(date(job, "started_at"), now),
        over_for=_since(date(job, "completed_at"), now),
    )


def _job_status(job: Json) -> JobStatus:
    """Return how far the job is. One that was canceled is called failed where its provisioner reported an error, whatever that says."""
    status = choice(job, "status", JobStatus, JobStatus.UNKNOWN)
    return JobStatus.CANCELED if status is JobStatus.FAILED and date(job, "canceled_at") is not None else status


def _transition(it: Json) -> Transition:
    try:
        return Transition(it.get("transition"))
    except ValueError as error:
        raise UnreadableError("transition is none that is known") from error


def agents(latest: Json, now: datetime | None) -> tuple[Agent, ...]:
    """Return the agents of a build."""
    job = part(latest, "job")
    ended = date(job, "completed_at")
    found: list[Agent] = []
    for resource in rows(latest, "resources"):
        external = text(resource, "type") == EXTERNAL
        found += [_agent(it, order, external=external, ended=ended, now=now) for order, it in enumerate(rows(resource, "agents"))]
    return tuple(found)


def _agent(it: Json, order: int, *, external: bool, ended: datetime | None, now: datetime | None) -> Agent:
    """Return an agent. Of a status that is not known nothing is expected yet."""
    status = choice(it, "status", AgentStatus, AgentStatus.CONNECTING)
    last = date(it, "last_connected_at")
    lifecycle = choice(it, "lifecycle_state", Lifecycle, Lifecycle.STARTING)
    told_order = number(it, "display_order")
    return Agent(
        id=required_id(it, "id"),
        name=required_text(it, "name"),
        status=status,
        lifecycle=lifecycle,
        parent_id=optional_id(it, "parent_id"),
        display_order=order if told_order is None else told_order,
        external=external,
        ever_connected=date(it, "first_connected_at") is not None or status in (AgentStatus.CONNECTED, AgentStatus.DISCONNECTED),
        connected_since_build=ended is None or last is None or last >= ended,
        disconnected_for=_disconnected_for(it, last, now) if status is AgentStatus.DISCONNECTED else None,
        starting_for=_since(date(it, "started_at"), now),
        ready_for=_since(date(it, "ready_at"), now) if lifecycle in (Lifecycle.READY, Lifecycle.START_ERROR) else None,
    )


def _disconnected_for(it: Json, last: datetime | None, now: datetime | None) -> float:
    since = date(it, "disconnected_at") or last
    return 0.0 if since is None or now is None else max((now - since).total_seconds(), 0.0)


def _since(then: datetime | None, now: datetime | None) -> float | None:
    """Return the seconds since then; None: that is not told. The server's time is known to a second: what has begun may seem to be still to come."""
    return None if then is None or now is None else max((now - then).total_seconds(), 0.0)


def freshness(told: object) -> Freshness:
    """Return what tells an older reading of a workspace from a newer one."""
    it = as_object(told)
    latest = part(it, "latest_build")
    status = choice(part(latest, "job"), "status", JobStatus, JobStatus.UNKNOWN)
    dates = (date(of, name) for of in _dated(it, latest) for name in of if name.endswith("_at"))
    return required_number(latest, "build_number"), _PROGRESS.get(status, _OVER), max((it for it in dates if it is not None), default=NEVER)


def _dated(it: Json, latest: Json) -> Iterator[Json]:
    """Yield what carries dates of the past. Not the workspace: when it will be deleted or started next lies ahead."""
    yield {"updated_at": it.get("updated_at")}
    yield latest
    yield part(latest, "job")
    for resource in rows(latest, "resources"):
        yield from rows(resource, "agents")


def log_lines(told: object) -> list[LogLine]:
    """Return lines of a build's log, in order, without what cannot be read. Titles of stages are no lines."""
    return sorted((line for line in readable(as_list(told), _line) if line.text), key=lambda line: line.id)


def _line(told: object) -> LogLine:
    it = as_object(told)
    return LogLine(id=required_number(it, "id"), text=shortened(text(it, "output"), _LOG_LIMIT), level=text(it, "log_level", "info"))


def values(told: object) -> dict[str, str]:
    """Return the answers that a build was asked for with, by name. May hold secrets: never shown."""
    return dict(readable(as_list(told), _value))


def _value(told: object) -> tuple[str, str]:
    it = as_object(told)
    return required_text(it, "name"), text(it, "value")
