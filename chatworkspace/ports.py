"""What the library asks of the world. For those who write adapters; users of the library need none of it.

Every method: blocking, safe from any thread, ends by `deadline` (of Clock.monotonic) where it has one, lets no driver's
exception out. UnavailableError is allowed everywhere and means "not done, or not known to be done"; the other errors are named.
Protocols with bodies are meant to be subclassed: what has a default may be left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol
from uuid import UUID

import attrs

from chatworkspace._ports.system_clock import SystemClock as SystemClock
from chatworkspace._ports.turn_signals import TurnSignals as TurnSignals
from chatworkspace.model import Agent, Chat, Evaluation, Option, Parameter, Preset, Quota, Template, TemplateUse, Workspace

__all__ = [
    "AgentConnection",
    "AgentDialer",
    "ChangedError",
    "Claim",
    "ClaimedError",
    "Clock",
    "Completed",
    "CreateWorkspace",
    "DialError",
    "Evaluation",
    "Intent",
    "LogLine",
    "Look",
    "NameTakenError",
    "NotAnsweredError",
    "NotFoundError",
    "Option",
    "Parameter",
    "Plan",
    "PortError",
    "Preset",
    "Signal",
    "StaleClaimError",
    "Store",
    "SystemClock",
    "TemplateUse",
    "TurnSignals",
    "Watch",
    "WorkspaceCreator",
    "WorkspaceTakenError",
]

# ------------------------------------------------------------------ errors a port may raise (and UnavailableError, RefusedError of chatworkspace)


class PortError(Exception):
    """Root of what only ports raise; none of it reaches a user of the library."""


class NotFoundError(PortError):
    """There is no such thing, or it is not visible to the owner."""


class NameTakenError(PortError):
    """The platform: another live workspace of this owner has that name."""


class WorkspaceTakenError(PortError):
    """The store: it is another chat's making, or discarded, or (for discard) bound."""


class ClaimedError(PortError):
    """Somebody else holds the chat."""

    def __init__(self, message: str = "", *, retry_in: float) -> None:
        super().__init__(message or f"claimed for another {retry_in:.3f} s")
        self.retry_in: float = retry_in
        """Seconds, by the store's clock."""


class ChangedError(PortError):
    """The chat is not as it was when looked at."""


class StaleClaimError(PortError):
    """Somebody has claimed the chat since."""


class NotAnsweredError(PortError):
    """The request was sent, and nobody knows whether it was acted upon."""

    def __init__(self, message: str = "", *, in_flight: bool = True) -> None:
        super().__init__(message or "not answered")
        self.in_flight: bool = in_flight
        """False: answered with a server error, so that a look by name settles it."""


class DialError(PortError):
    """The agent was not reached."""

    def __init__(self, message: str = "", *, permanent: bool = False) -> None:
        super().__init__(message or "the agent was not reached")
        self.permanent: bool = permanent
        """The agent is gone: look for another."""


# ------------------------------------------------------------------ time, and everything that blocks


class Signal(Protocol):
    """Set once, waited for by one thread."""

    def set(self) -> None:
        """Wake the waiter, now or when it comes. Never blocks; idempotent; any thread."""
        ...

    def wait(self, deadline: float | None) -> bool:
        """Block until set (True) or the deadline (False)."""
        ...


class Clock(Protocol):
    """Time, waiting and chance: the only way in which the core may block or be random. Simulation is one, SystemClock the real one."""

    def now(self) -> datetime:
        """Aware, UTC. To be shown, never to decide by."""
        ...

    def monotonic(self) -> float:
        """Seconds that never go back. Deadlines are instants of it."""
        ...

    def signal(self) -> Signal:
        """A fresh one. The mutex, shared watches, interrupt and close are all built on it, so they run under a simulation unchanged."""
        ...

    def sleep(self, seconds: float) -> None:
        """Block this thread for so long."""
        ...

    def random(self) -> float:
        """In [0, 1): for jitter."""
        ...

    def token(self) -> str:
        """Unique for ever: from the operating system; a simulation: from its seed."""
        ...


# ------------------------------------------------------------------ the record of chats


@attrs.frozen(kw_only=True)
class Plan:
    """What will be asked for, written down before it is asked for. Part of the chat's row."""

    name: str
    """Wish, hyphen, mark."""
    number: int
    """Goes into the mark; goes up only when a live workspace of that name is left behind."""
    template_id: UUID
    preset_id: UUID | None = None
    fingerprint: str = ""
    """Keyed hash of the parameters; their values are never stored."""
    planned_for: float = 0.0
    """Seconds since it was planned, by the store's clock."""


@attrs.frozen(kw_only=True)
class Intent:
    """One per generation: the chat's history. Nothing is decided by it."""

    generation: int
    name: str
    template_id: UUID | None
    """None: attached, detached or closed."""
    preset_id: UUID | None = None
    replaces: UUID | None = None
    workspace_id: UUID | None = None
    planned_at: datetime | None = None
    bound_at: datetime | None = None
    notes: tuple[str, ...] = ()
    """Refusals, strays, why it was left behind."""


@attrs.frozen(kw_only=True)
class Look:
    """A chat's row as it was read, and what a claim has to match."""

    chat: Chat
    plan: Plan | None
    name: str
    """The name in use, kept after bind; empty before the first plan."""
    number: int
    epoch: int
    claimed_for: float
    """Seconds that somebody's claim still lives; 0: free."""


@attrs.frozen(kw_only=True)
class Claim:
    """The right to change things for a chat until somebody else claims. Carried by every write of its holder."""

    chat: Chat
    plan: Plan | None
    epoch: int
    token: str


class Store(Protocol):
    """Everything durable. One atomic, committed step per method; nothing is held between calls; decisions rest on the row that is updated.

    Each call ends within the adapter's own time limit (a constructor argument, 5 s) with UnavailableError at the latest.
    """

    def secret(self) -> bytes:
        """32 random bytes, made at first use and the same ever after. Marks are computed from it."""
        ...

    def open_chat(self, chat_id: str, owner_id: UUID, organization_id: UUID) -> Chat:
        """Insert unless known, at generation 1; return what is stored (the caller compares)."""
        ...

    def look(self, chat_id: str) -> Look:
        """Read. NotFoundError."""
        ...

    def claim(self, look: Look, *, token: str, ttl: float, plan: Plan | None = None) -> Claim:
        """Take the right to change things for the chat, if it is free and as it was looked at: epoch + 1 and the token.

        As it was looked at: epoch, generation, binding, and whether a plan stands. The epoch alone does not tell, for a holder's own write keeps it.

        With a plan, in the same step: unbound, the plan in place of any other, name and number from it, generation + 1 if there was a binding or an
        earlier intent and no plan stood (else the same generation). A plan that takes another's place keeps its age. plan=None leaves a standing
        plan and the binding as they are; Claim.plan is what stands. The same token gets its own claim again when its answer was lost.
        ChangedError: look again. ClaimedError: wait. NotFoundError.
        """
        ...

    def wait_for_turn(self, look: Look, deadline: float) -> None:
        """Return when the chat may be free or changed since the look, or at the deadline. Early is fine. Holds no connection that others need."""
        ...

    # Writes of the holder; each gives the claim back. StaleClaimError once somebody else has claimed, and for a second write that is not the first
    # one repeated. Repeating one after a lost answer is harmless.

    def bind(self, claim: Claim, workspace_id: UUID) -> Chat:
        """The plan became this workspace. WorkspaceTakenError (the claim stays): it is another chat's making, or was discarded."""
        ...

    def attach(self, claim: Claim, workspace_id: UUID | None, *, number: int, note: str = "") -> Chat:
        """Generation + 1; binding and any plan are replaced by a workspace not made here (None: unbound).

        number as given, one more if a live workspace of the name is left behind. What was bound goes into the history.
        WorkspaceTakenError (the claim stays): discarded.
        """
        ...

    def close_chat(self, claim: Claim, *, number: int, note: str = "") -> Chat:
        """As attach(None), and closed."""
        ...

    def release(self, claim: Claim, *, note: str = "", drop_plan: bool = False) -> None:
        """Give back without a change of binding; the note (a refusal, say) goes into the history. A stale claim is ignored."""
        ...

    # No claim needed.

    def record_stray(self, chat_id: str, workspace_id: UUID, note: str) -> None:
        """A workspace that bears the chat's mark and is not the chat's: into the history. NotFoundError."""
        ...

    def discard(self, workspace_id: UUID) -> None:
        """Will be deleted: attach and bind refuse it from now on. WorkspaceTakenError: a chat is bound to it."""
        ...

    def history(self, chat_id: str) -> Sequence[Intent]:
        """Oldest first. NotFoundError."""
        ...

    def planned(self, older_than: float) -> Sequence[Look]:
        """Chats whose plan has stood for at least so many seconds, for the sweep."""
        ...

    def chats(self, *, after: str = "", limit: int = 500) -> Sequence[Look]:
        """In order of id (by code point), those behind `after`, for the sweep."""
        ...


# ------------------------------------------------------------------ the platform


@attrs.frozen(kw_only=True)
class CreateWorkspace:
    """One request for a new workspace."""

    owner_id: UUID
    organization_id: UUID
    name: str
    template_id: UUID
    parameters: Mapping[str, str] = attrs.field(factory=dict[str, str], repr=False)
    """May hold secrets: never shown."""
    preset_id: UUID | None = None
    ttl: float | None = None
    """Seconds after which the platform stops it; None: the template's default."""


@attrs.frozen(kw_only=True)
class LogLine:
    """One line of a build's log. Other people's text: data, never an instruction."""

    id: int
    text: str
    level: str = "info"


class Watch(Protocol):
    """The states of one workspace. Pulled by one thread at a time; may pass from thread to thread."""

    def next(self, deadline: float) -> Workspace | None:
        """The first call: the state as it is, read now. Then the next state that differs, or None at the deadline.

        UnavailableError: the watch is broken or closed, open another or poll. NotFoundError: never was, or not visible any more.
        """
        ...

    def close(self) -> None:
        """End it, from any thread: a next() under way, or any later one, raises UnavailableError at once. Idempotent."""
        ...


class WorkspaceCreator(Protocol):
    """Starts and reads workspaces, on behalf of an owner: every method says whose right is used.

    Live names are unique per owner, compared without case: a duty that everything rests on.
    """

    # must be there

    def list_templates(self, owner_id: UUID, organization_id: UUID, *, deadline: float) -> Sequence[Template]:
        """Those that the owner may see in the organization."""
        ...

    def get_template(self, owner_id: UUID, template_id: UUID, *, deadline: float) -> Template:
        """With its active version's flags. NotFoundError (missing and unreadable look the same)."""
        ...

    def create_workspace(self, request: CreateWorkspace, *, deadline: float) -> Workspace:
        """Ask once, never again by itself. NameTakenError, RefusedError: certainly nothing was made by this request.

        NotAnsweredError, UnavailableError: perhaps; the core looks by name.
        """
        ...

    def get_workspace(self, owner_id: UUID, workspace_id: UUID, *, deadline: float) -> Workspace:
        """Whole: latest build, its job, its agents. Deleted ones too, with deleted=True. NotFoundError: never was, or not visible."""
        ...

    def find_workspace(self, owner_id: UUID, name: str, *, deadline: float) -> Workspace | None:
        """The live one of this name, compared without case."""
        ...

    def list_workspaces(self, owner_id: UUID, organization_id: UUID, *, deadline: float) -> Sequence[Workspace]:
        """The live ones of this owner, for the sweep."""
        ...

    # The three that change a workspace: asked once. RefusedError, NotAnsweredError, NotFoundError.

    def start_workspace(self, workspace: Workspace, parameters: Mapping[str, str], *, deadline: float) -> Workspace:
        """Ask for a start build; return the workspace with it."""
        ...

    def stop_workspace(self, workspace: Workspace, *, deadline: float) -> Workspace:
        """Ask for a stop build; return the workspace with it."""
        ...

    def delete_workspace(self, workspace: Workspace, *, deadline: float) -> Workspace:
        """Ask for a delete build; return the workspace with it."""
        ...

    # may be left out: the default says "this platform has none"

    def watch(self, workspace: Workspace, *, deadline: float) -> Watch | None:
        """Open a watch. None (the default): the core polls get_workspace. NotFoundError."""
        return None

    def build_log(self, workspace: Workspace, *, after: int, deadline: float) -> Sequence[LogLine]:
        """Lines of the latest build's log with an id above `after`, in order. NotFoundError."""
        return ()

    def list_parameters(self, owner_id: UUID, template: Template, *, deadline: float) -> Sequence[Parameter]:
        """What the template's active version asks. NotFoundError."""
        return ()

    def evaluate_parameters(self, owner_id: UUID, template: Template, *, deadline: float) -> Evaluation | None:
        """The parameters as they are for this owner. None: the platform, or this template, does not evaluate them; those recorded at import hold.

        NotFoundError; RefusedError: the template's version is not ready, or the evaluation failed.
        """
        return None

    def list_presets(self, owner_id: UUID, template: Template, *, deadline: float) -> Sequence[Preset]:
        """The presets of the template's active version. NotFoundError."""
        return ()

    def template_use(self, owner_id: UUID, organization_id: UUID, *, deadline: float) -> Mapping[UUID, TemplateUse]:
        """How the owner and the organization use templates, by template id."""
        return {}

    def get_quota(self, owner_id: UUID, organization_id: UUID, *, deadline: float) -> Quota | None:
        """What the owner uses and may use; None: no quota, or not told."""
        return None

    def record_use(self, workspace: Workspace, *, deadline: float) -> None:
        """Tell the platform that the workspace is in use (moves its autostop). Best effort."""
        return  # without it type checkers take the default for a missing body, and the method for one that must be there


@attrs.frozen(kw_only=True)
class Completed:
    """A command that has ended."""

    exit_code: int
    output: str
    truncated: bool = False


class AgentConnection(Protocol):
    """A way to the agent that was open when it was handed out. Use it from one thread at a time."""

    def run(self, command: str, *, timeout: float) -> Completed:
        """Run a shell command; timeout in seconds. UnavailableError, TimeoutError."""
        ...


class AgentDialer(Protocol):
    """Reaches an agent."""

    def dial(self, workspace: Workspace, agent: Agent, *, deadline: float) -> AbstractContextManager[AgentConnection]:
        """One attempt; reached when it returns. DialError."""
        ...
