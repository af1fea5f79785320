"""The values that everything else speaks: how things are, what the platform has, and chats.

All are frozen; durations are seconds (float).
"""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from typing import Any
from uuid import UUID

import attrs

from chatworkspace._domain.plain import Plain, short

# ---------------------------------------------------------------- how it is, what is under way, and why


class State(str, Enum):
    """How a chat's workspace is. What is under way is a Phase; the two are never mixed.

    ABSENT: the chat has no workspace. STARTING: build, agent or scripts are under way. READY: it can be used now; the reason tells of failed scripts
    or of a template without agents. STOPPING: a stop or a deletion is under way. STOPPED. FAILED: the last build failed or was canceled. GONE: it was
    deleted. UNREACHABLE: it runs, but its agent cannot be reached. UNKNOWN: the chat is bound, but the platform could not be asked.
    """

    ABSENT = "absent"
    STARTING = "starting"
    READY = "ready"
    STOPPING = "stopping"
    STOPPED = "stopped"
    FAILED = "failed"
    GONE = "gone"
    UNREACHABLE = "unreachable"
    UNKNOWN = "unknown"


class Phase(str, Enum):
    """What is under way; None stands for nothing.

    QUEUED: another caller decides. PLANNING: looking, and checking the template. CREATING: the request for a new workspace. BUILDING: any build, a
    start, a stop or a deletion. CONNECTING: the agent is waited for, or dialled. SCRIPTS: its startup scripts run.
    """

    QUEUED = "queued"
    PLANNING = "planning"
    CREATING = "creating"
    BUILDING = "building"
    CONNECTING = "connecting"
    SCRIPTS = "scripts"


class Reason(str, Enum):
    """Why a call ended as it did. Stable; outcomes, errors and LeftBehind carry one. docs/reference/reasons.md lists them with their tests."""

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


class Advice(str, Enum):
    """What to do next; `next_step` says the same in a sentence. Stable; docs/explanation/guidance.md says how a host uses it.

    NOTHING: go on with the work. CALL_AGAIN: make the same call again, it goes on from there. CALL_LATER: the same, after `retry_after` seconds.
    LIST_TEMPLATES, READ_TEMPLATE, CORRECT_ARGUMENTS, START, STOP_THEN_START, CREATE: that call. ASK_USER: a person must decide or act.
    ASK_ADMINISTRATOR: stop, and tell the user who must act.
    """

    NOTHING = "nothing"
    CALL_AGAIN = "call_again"
    CALL_LATER = "call_later"
    LIST_TEMPLATES = "list_templates"
    READ_TEMPLATE = "read_template"
    CORRECT_ARGUMENTS = "correct_arguments"
    START = "start"
    STOP_THEN_START = "stop_then_start"
    CREATE = "create"
    ASK_USER = "ask_user"
    ASK_ADMINISTRATOR = "ask_administrator"


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
class Agent(Plain):
    """The process inside a workspace through which it is reached.

    id: the platform's id of it.
    name: unique within its workspace.
    status: as the platform says; never worked out from timestamps and a clock of one's own.
    lifecycle: how far its scripts are.
    parent_id: of the agent that it belongs to, if it is a sub-agent (a dev container, say); else None.
    display_order: where its template's author put it among its siblings; lowest first.
    external: it runs on a host of the user's, who must start it there.
    ever_connected: it has been connected at least once.
    connected_since_build: by the platform's clock, it has connected after the latest build ended. Matters after a claimed prebuild.
    disconnected_for: seconds by the platform's clock; None while it is not disconnected.
    starting_for: seconds by the platform's clock since its startup scripts began; None: they have not, or that is not told. Not compared.
    ready_for: seconds by the platform's clock since they ended, well or not; None: they have not, or that is not told. Not compared.
    """

    id: UUID
    name: str
    status: AgentStatus
    lifecycle: Lifecycle
    parent_id: UUID | None = None
    display_order: int = 0
    external: bool = False
    ever_connected: bool = True
    connected_since_build: bool = True
    disconnected_for: float | None = None
    starting_for: float | None = attrs.field(default=None, eq=False)
    ready_for: float | None = attrs.field(default=None, eq=False)


@attrs.frozen(kw_only=True)
class Build(Plain):
    """One start, stop or deletion of a workspace.

    id: the platform's id of it.
    number: counts the builds of its workspace from 1.
    transition: what it does.
    job_status: how far it is.
    template_version_id: the version of the template that it builds.
    error: the platform's words where it failed; else empty.
    error_code: the platform's code for the failure; else empty.
    queue_position: while it waits in the platform's queue, how many are before it and itself; else 0.
    provisioners: how many may take this build; None: not told.
    automatic: the platform has asked for it by itself: by a schedule or a limit, say. False: somebody has, or that is not told.
    age: seconds by the platform's clock since it was asked for; None: not told. Not compared.
    running_for: seconds by the platform's clock since a provisioner took it; None: none has, or that is not told. Not compared.
    over_for: seconds by the platform's clock since it ended; None: it has not, or that is not told. Not compared.
    """

    id: UUID
    number: int
    transition: Transition
    job_status: JobStatus
    template_version_id: UUID
    error: str = ""
    error_code: str = ""
    queue_position: int = 0
    provisioners: int | None = None
    automatic: bool = False
    age: float | None = attrs.field(default=None, eq=False)
    running_for: float | None = attrs.field(default=None, eq=False)
    over_for: float | None = attrs.field(default=None, eq=False)


@attrs.frozen(kw_only=True)
class Workspace(Plain):
    """A workspace as the platform tells it, whole.

    id: the platform's id of it; stays the same over all builds.
    name: unique among its owner's live workspaces, compared without case.
    owner_id: the user whose it is.
    owner_name: that user's name.
    organization_id: the organization that it belongs to.
    template_id: what it is made from.
    build: the latest.
    agents: those of the latest build.
    created_at: when it was made, by the platform's clock; aware.
    deleted: it is no more; its name may be given to another.
    dormant: the platform has put it to rest for want of use.
    required_version_id: the version that a start must use (the template requires its active version), or None.
    updates_to: the version that a start will use, for the workspace is set to follow its template's active version; or None.
    """

    id: UUID
    name: str
    owner_id: UUID
    owner_name: str
    organization_id: UUID
    template_id: UUID
    build: Build
    agents: tuple[Agent, ...] = ()
    created_at: datetime
    deleted: bool = False
    dormant: bool = False
    required_version_id: UUID | None = None
    updates_to: UUID | None = None

    @property
    def full_name(self) -> str:
        """Its name as the platform writes it: owner/name."""
        return f"{self.owner_name}/{self.name}"

    def as_dict(self) -> dict[str, Any]:
        """Return the value as JSON has it, `full_name` included."""
        return {**Plain.as_dict(self), "full_name": self.full_name}


@attrs.frozen(kw_only=True)
class Template(Plain):
    """What workspaces are made from, with the flags of its active version.

    id: the platform's id of it.
    organization_id: the organization that it belongs to.
    name: unique in its organization.
    version_id: the active version.
    display_name: its name for people, or empty.
    description: its author's one line, or empty. Other people's text.
    readme: its author's Markdown, or empty. Other people's text.
    agents_allowed: chats may use it.
    external_agent: its agents run on hosts of the user's.
    deprecated: its author wants no more workspaces made from it.
    """

    id: UUID
    organization_id: UUID
    name: str
    version_id: UUID
    display_name: str = ""
    description: str = ""
    readme: str = ""
    agents_allowed: bool = True
    external_agent: bool = False
    deprecated: bool = False


@attrs.frozen(kw_only=True)
class Quota(Plain):
    """What an owner uses and may use in an organization.

    consumed: the platform's credits in use.
    budget: the credits that may be used.
    """

    consumed: int
    budget: int


# ---------------------------------------------------------------- chats


@attrs.frozen(kw_only=True)
class Chat(Plain):
    """A chat as the store knows it.

    id: the host's own: 1 to 255 characters, compared exactly.
    owner_id: the user for whom everything is asked of the platform.
    organization_id: the organization in which its workspaces are made.
    generation: counts up with every new workspace and every attach, detach or close.
    workspace_id: the workspace that it is bound to, or None.
    closed: it gets no workspace any more.
    """

    id: str
    owner_id: UUID
    organization_id: UUID
    generation: int
    workspace_id: UUID | None = None
    closed: bool = False

    def __repr__(self) -> str:
        closed = ", closed" if self.closed else ""
        return f"<Chat {short(self.id)!r}, generation {self.generation}, workspace {self.workspace_id}{closed}>"


@attrs.frozen(kw_only=True)
class LeftBehind(Plain):
    """A live workspace that was a chat's and is not any more.

    workspace_id: its id.
    name: as the platform writes it, owner/name; empty where the platform could not be asked.
    reason: why it was left: replaced, its first build failed, detached, …
    """

    workspace_id: UUID
    name: str
    reason: Reason
