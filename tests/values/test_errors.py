"""What is raised: one root, a reason, what to do next, and whether the same call may be made again."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

import chatworkspace
from chatworkspace import (
    BusyError,
    ChatClosedError,
    ChatNotFoundError,
    ChatWorkspaceError,
    ClosedError,
    ConnectError,
    InvalidArgumentError,
    NotReadyError,
    NoWorkspaceError,
    Outcome,
    OutcomeUnknownError,
    Reason,
    RefusedError,
    State,
    TemplateError,
    UnavailableError,
    errors,
    outcomes,
)
from chatworkspace._domain.advice import Case, guide
from tests.application.worlds import a_chat, an_agent

AGENT = an_agent()
OUTCOME = Outcome(chat=a_chat(), state=State.STOPPED, reason=Reason.NOT_RUNNING, next_step="Start it.")

KINDS: list[tuple[ChatWorkspaceError, Reason, bool, tuple[type, ...]]] = [
    (ChatWorkspaceError("m"), Reason.REFUSED, False, (Exception,)),
    (InvalidArgumentError("name", "text"), Reason.INVALID_ARGUMENT, False, (ChatWorkspaceError, ValueError)),
    (ChatNotFoundError("chat-1"), Reason.CHAT_NOT_FOUND, False, (ChatWorkspaceError, LookupError)),
    (NoWorkspaceError("m"), Reason.NO_WORKSPACE, False, (ChatWorkspaceError,)),
    (TemplateError("m"), Reason.TEMPLATE_NOT_FOUND, False, (ChatWorkspaceError,)),
    (RefusedError("m"), Reason.REFUSED, False, (ChatWorkspaceError,)),
    (UnavailableError("m"), Reason.PLATFORM_UNAVAILABLE, True, (ChatWorkspaceError,)),
    (OutcomeUnknownError("m"), Reason.OUTCOME_UNKNOWN, True, (UnavailableError,)),
    (BusyError("m"), Reason.BUSY, True, (ChatWorkspaceError,)),
    (ConnectError("m", agent=AGENT), Reason.CONNECT_FAILED, True, (ChatWorkspaceError,)),
    (NotReadyError(OUTCOME), Reason.NOT_READY, False, (ChatWorkspaceError,)),
    (ChatClosedError("chat-1"), Reason.CHAT_CLOSED, False, (ChatWorkspaceError,)),
    (ClosedError(), Reason.CLOSED, True, (ChatWorkspaceError,)),
]
every_kind = pytest.mark.parametrize(("error", "reason", "retryable", "bases"), [pytest.param(*kind, id=type(kind[0]).__name__) for kind in KINDS])


@every_kind
def test_each_error_says_what_it_is(error: ChatWorkspaceError, reason: Reason, retryable: bool, bases: tuple[type, ...]) -> None:  # noqa: FBT001 # a cell
    """Its reason, whether the same call may be made again, and what else it may be caught as."""
    assert error.reason is reason
    assert error.retryable is retryable
    assert type(error).__bases__ == bases


@every_kind
def test_each_error_has_a_message(error: ChatWorkspaceError, reason: Reason, retryable: bool, bases: tuple[type, ...]) -> None:  # noqa: FBT001 # a cell
    """One line for people, beside the advice and not instead of it."""
    del reason, retryable, bases
    assert str(error)
    assert "\n" not in str(error)
    assert isinstance(error.next_step, str)


def test_no_error_is_left_out() -> None:
    """Every class of the modules is in the list above, and can be imported from the package."""
    classes = {it for module in (errors, outcomes) for _, it in inspect.getmembers(module, inspect.isclass) if issubclass(it, ChatWorkspaceError)}
    assert classes == {type(kind[0]) for kind in KINDS}
    assert all(getattr(chatworkspace, it.__name__) is it for it in classes)


@pytest.mark.parametrize("reason", Reason)
def test_advice_follows_from_the_reason(reason: Reason) -> None:
    """Whoever raises it with another reason gets the advice for that."""
    error = UnavailableError("m", reason=reason)
    assert error.reason is reason
    assert (error.next_step, error.advice) == (guide(Case(reason=reason)).next_step, guide(Case(reason=reason)).advice)


@pytest.mark.parametrize("reason", [Reason.PLATFORM_UNAVAILABLE, Reason.STORE_UNAVAILABLE])
def test_nobody_is_told_to_repeat_what_fails_for_good(reason: Reason) -> None:
    """A database without tables, a token that is not valid any more: the advice says that calling again does not help."""
    assert "Make the same call again" in UnavailableError("m", reason=reason).next_step
    lasting = UnavailableError("m", reason=reason, retryable=False).next_step
    assert "Calling again does not help" in lasting
    assert lasting == guide(Case(reason=reason, lasting=True)).next_step


def test_what_was_said_holds() -> None:
    """Advice and retryable can be said; an empty advice and a False are said as well."""
    error = TemplateError("m", reason=Reason.ALLOW_LIST_FAILED, next_step="", retryable=True)
    assert (error.next_step, error.retryable) == ("", True)
    assert UnavailableError("m", retryable=False).retryable is False
    assert UnavailableError("m", next_step="Wait.").next_step == "Wait."


def test_an_invalid_argument_is_named() -> None:
    """The message names the argument and what was expected, and another reason may be given."""
    error = InvalidArgumentError("wait", "a number", reason=Reason.OTHER_ORGANIZATION)
    assert (str(error), error.argument, error.reason) == ("wait: expected a number", "wait", Reason.OTHER_ORGANIZATION)


@pytest.mark.parametrize("kind", [ChatNotFoundError, ChatClosedError])
def test_errors_about_a_chat_name_it(kind: Any) -> None:
    """In the message, and as it is for the program; whatever is in the id, the message is one line."""
    error = kind("chat\n\x1b[31m1")
    assert error.chat_id == "chat\n\x1b[31m1"
    assert r"chat\n\x1b[31m1" in str(error)


def test_a_refusal_carries_the_platforms_words() -> None:
    """Message, detail, and which fields it was about."""
    error = RefusedError("no", detail="too big", validations=iter([("cpu", "at most 4")]), reason=Reason.QUOTA_FULL)
    assert (error.message, str(error), error.detail) == ("no", "no", "too big")
    assert error.validations == (("cpu", "at most 4"),)
    assert error.reason is Reason.QUOTA_FULL


def test_a_refusal_without_words() -> None:
    """It still says something, and what the platform said stays empty."""
    error = RefusedError("")
    assert (str(error), error.message, error.detail, error.validations) == ("request failed", "", "", ())


def test_a_failed_connection_carries_the_agent() -> None:
    """With reason and advice for its cause."""
    error = ConnectError("m", agent=AGENT, reason=Reason.AGENT_LOST, next_step="Restart.")
    assert (str(error), error.agent, error.reason, error.next_step) == ("m", AGENT, Reason.AGENT_LOST, "Restart.")
    assert ConnectError("m", agent=AGENT).next_step == guide(Case(reason=Reason.CONNECT_FAILED)).next_step


def test_what_is_closed_says_so() -> None:
    """And that the same call may be made again, to another."""
    assert str(ClosedError()) == "this ChatWorkspaces is closed; the same call may be made to another one"
    assert ClosedError().next_step == "This process ends. Make the same call again in 5 s."


def test_not_ready_carries_the_outcome() -> None:
    """State and reason are in the message, the outcome's own advice is the advice."""
    error = NotReadyError(OUTCOME)
    assert error.outcome is OUTCOME
    assert str(error) == "the workspace is stopped (not_running)"
    assert error.next_step == "Start it."
