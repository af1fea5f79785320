"""How a fake workspace is at an instant. Pure: state follows from what was asked for, what somebody did to it, and the time."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from math import inf
from random import Random
from typing import NamedTuple
from uuid import UUID

import attrs

from chatworkspace import Agent, AgentStatus, Build, JobStatus, Lifecycle, Transition
from chatworkspace.ports import Evaluation, LogLine, Parameter, Preset
from chatworkspace_fake._arguments import check_seconds, check_text

NEVER: float = inf
"""As a duration: it does not happen."""

OWNER = UUID("0a11ce00-0000-4000-8000-000000000001")
ORGANIZATION = UUID("0a11ce00-0000-4000-8000-000000000002")


@attrs.frozen
class Fails:
    """As a duration: it ends badly after this long.

    after: seconds, at least 0.
    error (build failed): what the platform says of it.
    code (""): the platform's code for it, such as INSUFFICIENT_QUOTA.
    """

    after: float = attrs.field(validator=lambda _, field, value: check_seconds(field.name, value))
    error: str = attrs.field(default="build failed", validator=lambda _, field, value: check_text(field.name, value))
    code: str = attrs.field(default="", validator=lambda _, field, value: check_text(field.name, value))


Duration = float | Fails
_CANCELED = Fails(0, error="canceled")


def seconds_of(duration: Duration) -> float:
    """Return how long it takes, whether it ends well or not."""
    return duration.after if isinstance(duration, Fails) else duration


@attrs.frozen(kw_only=True)
class Blueprint:
    """What a version of a template makes."""

    version_id: UUID
    build: tuple[Duration, ...] = (0.0,)
    """Of a workspace's first start, its second, and so on; the last for all that follow."""
    stop: tuple[Duration, ...] = (0.0,)
    """Of its first stop, its second, and so on, likewise."""
    delete: Duration = 0.0
    connect: float = 0.0
    scripts: Duration = 0.0
    script_timeout: float = NEVER
    drop: float = NEVER
    agent_timeout: float = NEVER
    agents: tuple[str, ...] = ("main",)
    """`main/sub` is a sub-agent of `main`."""
    external_agent: bool = False
    parameters: tuple[Parameter, ...] = ()
    evaluation: Evaluation | Callable[[Mapping[str, str]], Evaluation] | None = None
    presets: tuple[Preset, ...] = ()
    cost: int = 0
    log: tuple[str, ...] = ()
    require_active: bool = False
    classic: bool | None = None
    """Its parameters are checked the old way; None: as the platform does."""


@attrs.frozen(kw_only=True)
class BuildRecord:
    """A build that was asked for."""

    id: UUID
    number: int
    transition: Transition
    blueprint: Blueprint
    duration: Duration
    begins_at: float
    """When a provisioner takes it; NEVER: none does."""
    asked: float
    """When it was asked for."""
    agent_ids: tuple[UUID, ...] = ()
    canceled_at: float = NEVER
    canceled_as_failed: bool = False
    claimed: bool = False
    """It gave a prebuilt workspace to its owner: its agents are connected to what it was before."""
    values: Mapping[str, str] = attrs.field(factory=dict[str, str])
    """Of its parameters."""
    preset_id: UUID | None = None
    ordinal: int = 1
    """Among the builds of all workspaces."""
    automatic: bool = False
    """The platform has asked for it by itself."""
    of_deleted: bool = False
    """Its workspace was deleted when it was asked for: its agents are let in no more."""

    @property
    def ends_at(self) -> float:
        """When it ends, well or not."""
        return min(self.begins_at + seconds_of(self.duration), self.canceled_at)

    def status_at(self, now: float) -> JobStatus:
        """Return how far it is."""
        if now >= self.ends_at:
            if self.canceled_at <= self.begins_at + seconds_of(self.duration):
                return JobStatus.FAILED if self.canceled_as_failed else JobStatus.CANCELED
            return JobStatus.FAILED if isinstance(self.duration, Fails) else JobStatus.SUCCEEDED
        return JobStatus.RUNNING if now >= self.begins_at else JobStatus.PENDING

    def told_at(self, now: float, queue: tuple[int, int | None]) -> Build:
        """Return it as the platform tells it. queue: its position, and the number of provisioners, while it waits."""
        status = self.status_at(now)
        failure = self._failure_at(now)
        return Build(
            id=self.id,
            number=self.number,
            transition=self.transition,
            job_status=status,
            template_version_id=self.blueprint.version_id,
            error="" if failure is None else failure.error,
            error_code="" if failure is None else failure.code,
            queue_position=queue[0],
            provisioners=queue[1],
            automatic=self.automatic,
            age=now - self.asked,
            running_for=now - self.begins_at if now >= self.begins_at else None,
            over_for=now - self.ends_at if now >= self.ends_at else None,
        )

    def log_at(self, now: float) -> list[LogLine]:
        """Return the lines of its log so far: a start's, spread over its duration, and the error at its end."""
        lines = self.blueprint.log if self.transition is Transition.START else ()
        pace = self._seconds_a_line
        told = [LogLine(id=number, text=text) for number, text in enumerate(lines, 1) if self.begins_at + number * pace <= min(now, self.canceled_at)]
        failure = self._failure_at(now)
        if failure is not None:
            told.append(LogLine(id=len(lines) + 1, text=failure.error, level="error"))
        return told

    def _failure_at(self, now: float) -> Fails | None:
        """Return as what it has failed, if it has."""
        if self.status_at(now) is not JobStatus.FAILED:
            return None
        return self.duration if isinstance(self.duration, Fails) and self.canceled_at == NEVER else _CANCELED

    def next_line_at(self, now: float) -> float:
        """Return when its log next has a line more; NEVER: it has them all."""
        lines = range(1, len(self.blueprint.log) + 1) if self.transition is Transition.START else ()
        instants = (self.begins_at + number * self._seconds_a_line for number in lines)
        return min((instant for instant in (*instants, self.ends_at) if instant > now), default=NEVER)

    @property
    def _seconds_a_line(self) -> float:
        seconds = seconds_of(self.duration)
        return 1.0 if seconds == inf else seconds / (len(self.blueprint.log) + 1)


# ---------------------------------------------------------------- agents


class Deed(NamedTuple):
    """What somebody did to the agents of a build."""

    at: float
    kind: str
    """drop, restore, or shut_down."""


class AgentLife(NamedTuple):
    """The course of a build's agents. All of a workspace take the same."""

    born_at: float
    connects_at: float
    """The first time, after the build."""
    scripts_end_at: float
    drops_at: float
    times_out_at: float
    slow_at: float
    """When scripts that still run are called timed out."""


def agent_life(build: BuildRecord, deeds: tuple[Deed, ...]) -> AgentLife | None:
    """Return the course of a build's agents; None: it will have none."""
    if build.transition is not Transition.START or isinstance(build.duration, Fails) or build.canceled_at != NEVER:
        return None
    blueprint, born_at = build.blueprint, build.ends_at
    planned = NEVER if blueprint.external_agent else born_at + blueprint.connect
    connects_at = NEVER if build.of_deleted else _first_connection(planned, deeds)
    scripts_end_at = connects_at + seconds_of(blueprint.scripts)
    return AgentLife(
        born_at=born_at,
        connects_at=connects_at,
        scripts_end_at=scripts_end_at,
        drops_at=scripts_end_at + blueprint.drop,
        times_out_at=born_at + blueprint.agent_timeout,
        slow_at=connects_at + blueprint.script_timeout,
    )


def _first_connection(planned: float, deeds: tuple[Deed, ...]) -> float:
    """Return when an agent first connects: as planned unless it was dropped before, or when somebody restored it."""
    if not deeds:
        return planned
    before = [deed for deed in deeds if deed.at < planned]
    restored = [deed.at for deed in before if deed.kind == "restore"]
    if restored:
        return restored[0]
    dropped = any(deed.kind == "drop" for deed in before)
    later = next((deed.at for deed in deeds if deed.at >= planned and deed.kind == "restore"), NEVER)
    return later if dropped else planned


def agents_at(now: float, build: BuildRecord, life: AgentLife, deeds: tuple[Deed, ...]) -> tuple[Agent, ...]:
    """Return the agents of a start build that has succeeded."""
    status, since = _status_at(now, life, deeds, claimed=build.claimed)
    lifecycle = _lifecycle_at(now, life, build, deeds)
    connected = now >= life.connects_at
    names = build.blueprint.agents
    return tuple(
        [
            Agent(
                id=agent_id,
                name=path.rpartition("/")[2],
                status=status,
                lifecycle=lifecycle,
                parent_id=build.agent_ids[names.index(path.rpartition("/")[0])] if "/" in path else None,
                display_order=order,
                external=build.blueprint.external_agent,
                ever_connected=connected or build.claimed,
                connected_since_build=connected,
                disconnected_for=now - since if status is AgentStatus.DISCONNECTED else None,
                starting_for=now - life.connects_at if connected and lifecycle in (Lifecycle.STARTING, Lifecycle.START_TIMEOUT) else None,
                ready_for=now - life.scripts_end_at if connected and lifecycle in (Lifecycle.READY, Lifecycle.START_ERROR) else None,
            )
            for order, (path, agent_id) in enumerate(zip(names, build.agent_ids, strict=True))
        ]
    )


def _status_at(now: float, life: AgentLife, deeds: tuple[Deed, ...], *, claimed: bool) -> tuple[AgentStatus, float]:
    """Return the status, and since when it holds where that matters."""
    if now < life.connects_at:
        if claimed:
            return AgentStatus.CONNECTED, life.born_at
        return (AgentStatus.TIMEOUT if now >= life.times_out_at else AgentStatus.CONNECTING), life.born_at
    last = next((deed for deed in reversed(deeds) if deed.at <= now and deed.kind != "shut_down"), None)
    if last is not None and last.kind == "drop":
        return AgentStatus.DISCONNECTED, max(last.at, life.connects_at)
    if now >= life.drops_at and (last is None or last.at < life.drops_at):
        return AgentStatus.DISCONNECTED, life.drops_at
    return AgentStatus.CONNECTED, life.connects_at


def _lifecycle_at(now: float, life: AgentLife, build: BuildRecord, deeds: tuple[Deed, ...]) -> Lifecycle:
    if any(deed.kind == "shut_down" and deed.at <= now for deed in deeds):
        return Lifecycle.SHUTTING_DOWN
    if now < life.connects_at:
        return Lifecycle.READY if build.claimed else Lifecycle.CREATED
    if now >= life.scripts_end_at:
        return Lifecycle.START_ERROR if isinstance(build.blueprint.scripts, Fails) else Lifecycle.READY
    return Lifecycle.START_TIMEOUT if now >= life.slow_at else Lifecycle.STARTING


# ---------------------------------------------------------------- when it changes


def next_change(now: float, build: BuildRecord, life: AgentLife | None) -> float:
    """Return the next instant at which a workspace with this latest build, and this course of its agents, changes by itself."""
    instants = (build.begins_at, build.ends_at, *(life or ()))
    return min([instant for instant in instants if instant > now], default=NEVER)


def uuids() -> Callable[[], UUID]:
    """Return a source of UUIDs that asks the operating system once: ids of things in memory need not be secret."""
    bits = Random(os.urandom(16)).getrandbits  # noqa: S311
    return lambda: UUID(int=bits(128), version=4)
