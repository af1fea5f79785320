"""What a call comes to: outcomes, progress on the way to them, and what a sweep found. Frozen values; durations are seconds (float)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import attrs

from chatworkspace._domain.advice import http_status
from chatworkspace._domain.plain import Plain, short
from chatworkspace.errors import ChatWorkspaceError
from chatworkspace.model import Advice, Agent, Chat, LeftBehind, Phase, Quota, Reason, State, Workspace


@attrs.frozen(kw_only=True, slots=False)  # quicker to make with so many fields, and one is made for each call
class Outcome(Plain):
    """What a call came to: here is your workspace, and how it is.

    chat: as the store has it now.
    state: how the workspace is.
    reason: why the call ended as it did; stable, to decide by.
    advice: what to do next, to decide by.
    next_step: the same in one sentence for a model or a person; empty when there is nothing to do.
    retry_after: seconds before which nothing is to be asked again; None: none need pass.
    phase: what is under way; set exactly while something is.
    created: this call made the workspace; False when it was found, joined or started.
    built: this call asked for a build, or waited for one.
    updated: the build that this call asked for moved the workspace to another version of its template.
    workspace: as it was read last; None where there is none, or it could not be read.
    agent: the one that the chat uses; None where there is none, or none can be chosen.
    error: the platform's own last words, or empty. Other people's text.
    log_tail: the last lines of the log of what failed, a build, or scripts where the platform's log has them; else empty. Other people's text.
    log_left_out: how many lines of that log stand before them.
    quota: what the owner uses and may use, where a full quota is the reason; else None.
    left_behind: the live workspace that was the chat's before this call, if there was one.
    not_applied: arguments that had no effect -> what holds instead. Keys: name, template_id, parameters, preset_id.
    elapsed: seconds that the call took.
    """

    chat: Chat
    state: State
    reason: Reason
    advice: Advice = Advice.NOTHING
    next_step: str = ""
    retry_after: float | None = None
    phase: Phase | None = None
    created: bool = False
    built: bool = False
    updated: bool = False
    workspace: Workspace | None = None
    agent: Agent | None = None
    error: str = ""
    log_tail: tuple[str, ...] = ()
    log_left_out: int = 0
    quota: Quota | None = None
    left_behind: LeftBehind | None = None
    not_applied: Mapping[str, str] = attrs.field(factory=dict[str, str])
    elapsed: float = 0.0

    @property
    def ready(self) -> bool:
        """The workspace can be used now."""
        return self.state is State.READY

    @property
    def http_status(self) -> int:
        """The status with which a web server may answer a call that was to change something: 200 done, 202 under way, else as an error's."""
        if self.phase is not None:
            return 202
        return 200 if self.ready or self.advice is Advice.NOTHING else http_status(self.reason)

    @property
    def workspace_id(self) -> UUID | None:
        """The id of the workspace, or None."""
        return self.workspace.id if self.workspace is not None else self.chat.workspace_id

    def require_ready(self) -> Workspace:
        """Return the workspace, or raise NotReadyError carrying this outcome."""
        if self.ready and self.workspace is not None:
            return self.workspace
        raise NotReadyError(self)

    def as_dict(self) -> dict[str, Any]:
        """Return the value as JSON has it, `ready` and `http_status` included."""
        return {**Plain.as_dict(self), "ready": self.ready, "http_status": self.http_status}

    def __repr__(self) -> str:
        workspace = "" if self.workspace_id is None else f", workspace {self.workspace_id}"
        phase = "" if self.phase is None else f", {self.phase.value}"
        return f"<Outcome {self.state.value} ({self.reason.value}{phase}), chat {short(self.chat.id)!r}{workspace}>"


@attrs.frozen(kw_only=True)
class Progress(Plain):
    """One step of the way, as follow() yields it and on_progress gets it.

    chat_id: the chat that is followed.
    generation: of the chat; counts up with every new workspace and every attach, detach or close.
    at: when it was seen, by this process's clock; aware, UTC.
    elapsed: seconds since the call began.
    build_number: of the latest build; None before there is one.
    phase: what is under way; None: nothing.
    queue_position: of the build, while it waits in the platform's queue behind others; else 0.
    line: one line of the build log, in which some platforms have what startup scripts say as well, or None. Other people's text.
    heartbeat: nothing has changed since the item before, or since the one at whose cursor this follower began; it tells that the way goes on.
    cursor: letters, digits and dots; follow(after=…), in any process, goes on behind this item. Empty on what on_progress gets.
    advice: what to do next, as it stands: the outcome's, or to wait on.
    outcome: what the way came to, on the last item only; else None.
    """

    chat_id: str
    generation: int
    at: datetime
    elapsed: float
    build_number: int | None = None
    phase: Phase | None = None
    queue_position: int = 0
    line: str | None = None
    heartbeat: bool = False
    cursor: str = ""
    advice: Advice = Advice.CALL_AGAIN
    outcome: Outcome | None = None

    def __repr__(self) -> str:
        what = "nothing under way" if self.phase is None else self.phase.value
        line = "" if self.line is None else f", line {short(self.line)!r}"
        ended = "" if self.outcome is None else f", {self.outcome.state.value} ({self.outcome.reason.value})"
        return f"<Progress {what} after {self.elapsed:.1f} s, chat {short(self.chat_id)!r}{line}{ended}>"


@attrs.frozen(kw_only=True)
class Chats(Plain):
    """A page of the chats that a store knows.

    chats: those that are wanted, by their ids.
    after: what the next page is asked for with; None: there is none.
    errors: chat id -> what is odd about its row; it is not among the chats.
    """

    chats: tuple[Chat, ...] = ()
    after: str | None = None
    errors: Mapping[str, str] = attrs.field(factory=dict[str, str])

    def __repr__(self) -> str:
        return f"<Chats {len(self.chats)}, {'the last' if self.after is None else f'after {short(self.after)!r}'}, errors {len(self.errors)}>"


@attrs.frozen(kw_only=True)
class Sweep(Plain):
    """What a sweep found and did.

    settled: chats whose standing plan was settled.
    strays: live workspaces that bear a mark of ours and are bound to no chat.
    deleted: ids of those that were named to be deleted, and are asked to be.
    errors: chat or workspace id -> what went wrong with it; the rest was done. `store`: what ended it before the end.
    after: where it stopped, and another can go on; None: at the end.
    """

    settled: tuple[str, ...] = ()
    strays: tuple[Workspace, ...] = ()
    deleted: tuple[UUID, ...] = ()
    errors: Mapping[str, str] = attrs.field(factory=dict[str, str])
    after: str | None = None

    def __repr__(self) -> str:
        return f"<Sweep settled {len(self.settled)}, strays {len(self.strays)}, deleted {len(self.deleted)}, errors {len(self.errors)}>"


class NotReadyError(ChatWorkspaceError):
    """Outcome.require_ready() was called and the workspace is not ready. outcome: the one that was asked."""

    default_reason = Reason.NOT_READY

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(f"the workspace is {outcome.state.value} ({outcome.reason.value})", next_step=outcome.next_step)
        self.outcome: Outcome = outcome
