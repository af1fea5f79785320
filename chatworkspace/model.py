"""The values that everything else speaks: chats, workspaces, builds, agents, and what a call came to.

All are frozen; durations are seconds (float).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import Enum
from uuid import UUID

import attrs

# ---------------------------------------------------------------- how it is, what is under way, and why


class State(str, Enum):
    """How a chat's workspace is. What is under way is a Phase; the two are never mixed."""

    ABSENT = "absent"
    """The chat has no workspace."""
    STARTING = "starting"
    """Build, agent or scripts are under way."""
    READY = "ready"
    """It can be used now; the reason tells of failed scripts or a template without agents."""
    STOPPING = "stopping"
    """A stop or a deletion is under way."""
    STOPPED = "stopped"
    FAILED = "failed"
    """The last build failed or was canceled."""
    GONE = "gone"
    """It was deleted."""
    UNREACHABLE = "unreachable"
    """It runs, but its agent cannot be reached."""
    UNKNOWN = "unknown"
    """The chat is bound, but the platform could not be asked."""


class Phase(str, Enum):
    """What is under way. None stands for nothing."""

    QUEUED = "queued"
    """Another caller decides."""
    PLANNING = "planning"
    CREATING = "creating"
    BUILDING = "building"
    """Any build: start, stop or delete."""
    CONNECTING = "connecting"
    SCRIPTS = "scripts"


class Reason(str, Enum):
    """Why a call ended as it did. Stable; outcomes, errors and LeftBehind carry one. docs/reasons.md lists them with their tests."""

    # an outcome in which the call did what was asked
    CREATED = "created"
    EXISTING = "existing"
    ADOPTED = "adopted"
    STARTED = "started"
    STOPPED = "stopped"
    ATTACHED = "attached"
    DETACHED = "detached"
    CHAT_CLOSED = "chat_closed"
    # under way
    IN_PROGRESS = "in_progress"
    BUILD_QUEUED = "build_queued"
    NO_PROVISIONER = "no_provisioner"
    STOPPING = "stopping"
    AGENT_NOT_CONNECTED = "agent_not_connected"
    SCRIPTS_RUNNING = "scripts_running"
    # ready, with a remark
    SCRIPTS_FAILED = "scripts_failed"
    NO_AGENT = "no_agent"
    # not ready
    NO_WORKSPACE = "no_workspace"
    INTERRUPTED_CREATION = "interrupted_creation"
    NOT_RUNNING = "not_running"
    DORMANT = "dormant"
    DELETED = "deleted"
    BUILD_FAILED = "build_failed"
    BUILD_CANCELED = "build_canceled"
    QUOTA_FULL = "quota_full"
    STOP_FAILED = "stop_failed"
    DELETE_FAILED = "delete_failed"
    AGENT_AMBIGUOUS = "agent_ambiguous"
    AGENT_TIMED_OUT = "agent_timed_out"
    AGENT_LOST = "agent_lost"
    AGENT_SHUT_DOWN = "agent_shut_down"
    EXTERNAL_AGENT_OFFLINE = "external_agent_offline"
    DIAL_FAILED = "dial_failed"
    # not known
    JOB_UNKNOWN = "job_unknown"
    NOT_VISIBLE = "not_visible"
    PLATFORM_UNAVAILABLE = "platform_unavailable"
    OUTCOME_UNKNOWN = "outcome_unknown"
    # about the call
    INTERRUPTED = "interrupted"
    OVERTAKEN = "overtaken"
    # why a workspace was left behind
    REPLACED = "replaced"
    FIRST_BUILD_FAILED = "first_build_failed"
    # errors
    INVALID_ARGUMENT = "invalid_argument"
    CHAT_NOT_FOUND = "chat_not_found"
    OTHER_ORGANIZATION = "other_organization"
    TEMPLATE_NOT_FOUND = "template_not_found"
    TEMPLATE_NOT_ALLOWED = "template_not_allowed"
    TEMPLATE_EXTERNAL_AGENT = "template_external_agent"
    TEMPLATE_DEPRECATED = "template_deprecated"
    ALLOW_LIST_FAILED = "allow_list_failed"
    REFUSED = "refused"
    STORE_UNAVAILABLE = "store_unavailable"
    BUSY = "busy"
    CONNECT_FAILED = "connect_failed"
    NOT_READY = "not_ready"
    DISCARDED = "discarded"
    CLOSED = "closed"


# ---------------------------------------------------------------- what the platform has


class AgentStatus(str, Enum):
    """Whether an agent is connected, in the platform's own words."""

    CONNECTING = "connecting"
    CONNECTED = "connected"
    DISCONNECTED = "disconnected"
    TIMEOUT = "timeout"


class Lifecycle(str, Enum):
    """How far an agent is with its scripts, in the platform's own words."""

    CREATED = "created"
    STARTING = "starting"
    START_TIMEOUT = "start_timeout"
    START_ERROR = "start_error"
    READY = "ready"
    SHUTTING_DOWN = "shutting_down"
    SHUTDOWN_TIMEOUT = "shutdown_timeout"
    SHUTDOWN_ERROR = "shutdown_error"
    OFF = "off"


class Transition(str, Enum):
    """What a build does."""

    START = "start"
    STOP = "stop"
    DELETE = "delete"


class JobStatus(str, Enum):
    """How far a build is, in the platform's own words."""

    PENDING = "pending"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    CANCELING = "canceling"
    CANCELED = "canceled"
    FAILED = "failed"
    UNKNOWN = "unknown"


@attrs.frozen(kw_only=True)
class Agent:
    """The process inside a workspace through which it is reached."""

    id: UUID
    name: str
    status: AgentStatus
    """As the platform says; never worked out from timestamps and a clock of one's own."""
    lifecycle: Lifecycle
    parent_id: UUID | None = None
    """Set for a sub-agent (a dev container, say)."""
    display_order: int = 0
    external: bool = False
    """It runs on a host of the user's, who must start it there."""
    ever_connected: bool = True
    connected_since_build: bool = True
    """By the platform's clock: connected after the latest build ended. Matters after a claimed prebuild."""
    disconnected_for: float | None = None
    """Seconds by the platform's clock; None while not disconnected."""


@attrs.frozen(kw_only=True)
class Build:
    """One start, stop or deletion of a workspace."""

    id: UUID
    number: int
    transition: Transition
    job_status: JobStatus
    template_version_id: UUID
    error: str = ""
    error_code: str = ""
    queue_position: int = 0
    provisioners: int | None = None
    """How many may take this build; None: not told."""


@attrs.frozen(kw_only=True)
class Workspace:
    """A workspace as the platform tells it, whole."""

    id: UUID
    name: str
    owner_id: UUID
    owner_name: str
    organization_id: UUID
    template_id: UUID
    build: Build
    """The latest."""
    agents: tuple[Agent, ...] = ()
    """Of the latest build."""
    created_at: datetime
    deleted: bool = False
    dormant: bool = False
    required_version_id: UUID | None = None
    """The version that a start must use (the template requires its active version), or None."""

    @property
    def full_name(self) -> str:
        """Its name as the platform writes it: owner/name."""
        return f"{self.owner_name}/{self.name}"


@attrs.frozen(kw_only=True)
class Template:
    """What workspaces are made from, with the flags of its active version."""

    id: UUID
    organization_id: UUID
    name: str
    version_id: UUID
    """The active version."""
    display_name: str = ""
    description: str = ""
    readme: str = ""
    agents_allowed: bool = True
    """Chats may use it."""
    external_agent: bool = False
    """Its agents run on hosts of the user's."""
    deprecated: bool = False


@attrs.frozen(kw_only=True)
class Quota:
    """What an owner uses and may use in an organization, in the platform's credits."""

    consumed: int
    budget: int


@attrs.frozen(kw_only=True)
class TemplateUse:
    """How much a template is used, for ranking."""

    active: int = 0
    """The owner's live workspaces of it that were used in the last 60 days."""
    deleted: int = 0
    """The same, but deleted since."""
    last_used_at: datetime | None = None
    """When the owner used one of them last."""
    developers: int = 0
    """Distinct owners of live workspaces of it in the organization."""


@attrs.frozen(kw_only=True)
class Option:
    """One of the answers that a parameter allows."""

    name: str
    value: str
    description: str = ""
    icon: str = ""


@attrs.frozen(kw_only=True)
class Parameter:
    """A question that a template asks before a build."""

    name: str
    type: str = "string"
    required: bool = False
    mutable: bool = True
    default: str | None = None
    """None: there is none, or (of an evaluation) it is not known."""
    display_name: str = ""
    description: str = ""
    ephemeral: bool = False
    form_type: str = ""
    options: tuple[Option, ...] = ()
    validation_regex: str = ""
    validation_min: int | None = None
    validation_max: int | None = None
    error: str = ""
    """Why the platform could not evaluate it for this owner."""


@attrs.frozen(kw_only=True)
class Evaluation:
    """The parameters of a template as they are for one owner, whose rights and groups may change defaults and options."""

    parameters: tuple[Parameter, ...]
    unknown: frozenset[tuple[str, str]] = frozenset()
    """(parameter, "default", "options" or "validation") pairs that could not be told: what was recorded at import stands in."""
    complete: bool = True
    """False: parameters of modules that were not loaded are missing."""


@attrs.frozen(kw_only=True)
class Preset:
    """Answers prepared by the template's author; may hand over a prebuilt workspace."""

    id: UUID
    name: str
    parameters: Mapping[str, str] = attrs.field(factory=dict[str, str])
    default: bool = False
    desired_prebuilds: int = 0
    description: str = ""
    icon: str = ""


# ---------------------------------------------------------------- what a call comes to


@attrs.frozen(kw_only=True)
class Chat:
    """A chat as the store knows it."""

    id: str
    owner_id: UUID
    organization_id: UUID
    generation: int
    """Counts up with every new workspace and every attach, detach or close."""
    workspace_id: UUID | None = None
    closed: bool = False


@attrs.frozen(kw_only=True)
class LeftBehind:
    """A live workspace that was a chat's and is not any more."""

    workspace_id: UUID
    name: str
    reason: Reason


@attrs.frozen(kw_only=True)
class Outcome:
    """What a call came to: here is your workspace, and how it is."""

    chat: Chat
    state: State
    reason: Reason
    next_step: str = ""
    """One sentence for a model or a person; empty when there is nothing to do."""
    phase: Phase | None = None
    """Set exactly while something is under way."""
    created: bool = False
    """This call made it; False when found, joined or started."""
    built: bool = False
    """This call asked for a build, or waited for one."""
    updated: bool = False
    """The build that this call asked for moved the workspace to another version of its template."""
    workspace: Workspace | None = None
    agent: Agent | None = None
    error: str = ""
    """The platform's own last words, or empty."""
    log_tail: tuple[str, ...] = ()
    """The last lines of a failed build's log; else empty."""
    quota: Quota | None = None
    left_behind: LeftBehind | None = None
    not_applied: Mapping[str, str] = attrs.field(factory=dict[str, str])
    """Arguments that had no effect -> what holds instead. Keys: name, template_id, parameters, preset_id."""
    elapsed: float = 0.0
    """Seconds that the call took."""

    @property
    def ready(self) -> bool:
        """The workspace can be used now."""
        return self.state is State.READY

    @property
    def workspace_id(self) -> UUID | None:
        """The id of the workspace, or None."""
        return self.workspace.id if self.workspace is not None else self.chat.workspace_id

    def require_ready(self) -> Workspace:
        """Return the workspace, or raise NotReadyError carrying this outcome."""
        if self.ready and self.workspace is not None:
            return self.workspace
        from chatworkspace.errors import NotReadyError  # noqa: PLC0415 # errors are built from these values

        raise NotReadyError(self)


@attrs.frozen(kw_only=True)
class Progress:
    """One step of the way, as follow() yields it and on_progress gets it."""

    chat_id: str
    generation: int
    at: datetime
    elapsed: float
    """Seconds since the call began."""
    build_number: int | None = None
    phase: Phase | None = None
    queue_position: int = 0
    """Of the build, while it waits in the platform's queue behind others; else 0."""
    line: str | None = None
    """One line of the build log, or None."""
    outcome: Outcome | None = None
    """On the last item only."""


@attrs.frozen(kw_only=True)
class Sweep:
    """What a sweep found and did."""

    settled: tuple[str, ...] = ()
    """Chats whose standing plan was settled."""
    strays: tuple[Workspace, ...] = ()
    """Live, bearing a mark of ours, bound to no chat."""
    deleted: tuple[UUID, ...] = ()
    errors: Mapping[str, str] = attrs.field(factory=dict[str, str])
    """Chat or workspace id -> what went wrong with it; the rest was done."""
