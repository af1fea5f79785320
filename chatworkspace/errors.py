"""Everything that the library raises. An error means: this call decided nothing, or was refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from chatworkspace._domain.advice import Case, guide, http_status, next_step_after
from chatworkspace._domain.plain import plain, short
from chatworkspace.model import Advice, Agent, LeftBehind, Reason

if TYPE_CHECKING:
    from collections.abc import Iterable


class ChatWorkspaceError(Exception):
    """Root of all.

    reason: why; stable, to decide by.
    advice: what to do next, to decide by.
    next_step: the same in one sentence for a model or a person; empty when there is nothing to do.
    retry_after: seconds before which nothing is to be asked again; None: none need pass.
    http_status: the status with which a web server may answer for it.
    retryable: the same call may be made again, and may then succeed.
    left_behind: a live workspace that was the chat's until this call, which failed only after another had taken its place; else None.
    """

    default_reason: ClassVar[Reason] = Reason.REFUSED
    default_retryable: ClassVar[bool] = False

    def __init__(self, message: str, *, reason: Reason | None = None, next_step: str | None = None, retryable: bool | None = None) -> None:
        super().__init__(message)
        self.reason: Reason = self.default_reason if reason is None else reason
        self.retryable: bool = self.default_retryable if retryable is None else retryable
        guidance = guide(Case(reason=self.reason, lasting=not self.retryable))
        self.advice: Advice = guidance.advice
        self.next_step: str = guidance.next_step if next_step is None else next_step
        self.retry_after: float | None = None
        self.left_behind: LeftBehind | None = None

    @property
    def http_status(self) -> int:
        """The status with which a web server may answer for it."""
        return http_status(self.reason)

    def as_dict(self) -> dict[str, Any]:
        """Return the error as JSON has it: message, reason, advice, next_step, retry_after, http_status, retryable, and what its class adds."""
        told = {name: value for name, value in vars(self).items() if not name.startswith("_")} | {"http_status": self.http_status}
        return {"message": str(self), **{name: plain(value) for name, value in told.items()}}

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {short(str(self))!r} ({self.reason.value})>"


class InvalidArgumentError(ChatWorkspaceError, ValueError):
    """An argument is not what was expected; the message names both. argument: its name."""

    default_reason = Reason.INVALID_ARGUMENT

    def __init__(self, argument: str, expected: str, *, reason: Reason | None = None) -> None:
        super().__init__(f"{argument}: expected {expected}", reason=reason)
        self.argument: str = argument


class ChatNotFoundError(ChatWorkspaceError, LookupError):
    """open_chat was never called for this chat. chat_id: which."""

    default_reason = Reason.CHAT_NOT_FOUND

    def __init__(self, chat_id: str) -> None:
        super().__init__(f"chat {chat_id!r} is not known: call open_chat first")
        self.chat_id: str = chat_id


class NoWorkspaceError(ChatWorkspaceError):
    """The chat has no workspace that could be started, stopped or reached."""

    default_reason = Reason.NO_WORKSPACE


class TemplateError(ChatWorkspaceError):
    """Missing, not allowed, deprecated, of another organization, or with an external agent: see reason."""

    default_reason = Reason.TEMPLATE_NOT_FOUND


class RefusedError(ChatWorkspaceError):
    """The platform said no, and meant it.

    message: its words. detail: more of them, or empty. validations: (field, what is wrong with it), as far as it names fields. Other people's text.
    """

    default_reason = Reason.REFUSED

    def __init__(self, message: str, *, detail: str = "", validations: Iterable[tuple[str, str]] = (), reason: Reason | None = None) -> None:
        super().__init__(message or "request failed", reason=reason)
        self.message: str = message
        self.detail: str = detail
        self.validations: tuple[tuple[str, str], ...] = tuple(validations)


class UnavailableError(ChatWorkspaceError):
    """The store could not be asked, or the platform before anything was bound (a standing plan stays). The same call may be made again.

    A bound chat gets an Outcome with State.UNKNOWN instead.
    A port that gives a `retry_after` says that nothing was done, and when to ask again.
    """

    default_reason = Reason.PLATFORM_UNAVAILABLE
    default_retryable = True

    def __init__(
        self,
        message: str,
        *,
        reason: Reason | None = None,
        next_step: str | None = None,
        retryable: bool | None = None,
        retry_after: float | None = None,
    ) -> None:
        if next_step is None and retry_after is not None:
            next_step = next_step_after(retry_after)
        super().__init__(message, reason=reason, next_step=next_step, retryable=retryable)
        self.retry_after = retry_after


class OutcomeUnknownError(UnavailableError):
    """A creation was sent and not answered. The same call goes on from there, and makes no second workspace.

    Not retryable: what would tell cannot be read by coming back, for the token has expired, say.
    """

    default_reason = Reason.OUTCOME_UNKNOWN


class BusyError(ChatWorkspaceError):
    """The turn did not come within wait or Timeouts.queued, and nothing is bound or planned.

    Not retryable: the call was made within another one (by a function that this called), and would have waited for what its own thread is doing.
    """

    default_reason = Reason.BUSY
    default_retryable = True


class ConnectError(ChatWorkspaceError):
    """The agent could not be reached; next_step says what may help.

    agent: the one that was to be reached; None: the workspace has none to dial, for it is stopped, say.
    """

    default_reason = Reason.CONNECT_FAILED
    default_retryable = True

    def __init__(self, message: str, *, agent: Agent | None, reason: Reason | None = None, next_step: str | None = None) -> None:
        super().__init__(message, reason=reason, next_step=next_step)
        self.agent: Agent | None = agent


class ChatClosedError(ChatWorkspaceError):
    """close_chat was called for this chat; open_chat raises it too. chat_id: which."""

    default_reason = Reason.CHAT_CLOSED

    def __init__(self, chat_id: str) -> None:
        super().__init__(f"chat {chat_id!r} is closed")
        self.chat_id: str = chat_id


class ClosedError(ChatWorkspaceError):
    """The ChatWorkspaces was closed, for its process ends, say. Retryable: the same call, made to another one, goes on from there."""

    default_reason = Reason.CLOSED
    default_retryable = True

    def __init__(self) -> None:
        super().__init__("this ChatWorkspaces is closed; the same call may be made to another one")
