"""What a script may decide by: one code for each way to end."""

from __future__ import annotations

import pytest

from chatworkspace import (
    BusyError,
    ChatClosedError,
    ChatNotFoundError,
    ChatWorkspaceError,
    ConnectError,
    InvalidArgumentError,
    NoWorkspaceError,
    Outcome,
    OutcomeUnknownError,
    Phase,
    Reason,
    RefusedError,
    State,
    TemplateError,
    UnavailableError,
)
from chatworkspace_cli._codes import MEANINGS, Code, epilog, of_error, of_outcome
from tests.application.worlds import a_chat

READY, STARTING, STOPPED, ABSENT = State.READY, State.STARTING, State.STOPPED, State.ABSENT


def outcome(state: State, reason: Reason, phase: Phase | None = None) -> Outcome:
    return Outcome(chat=a_chat(), state=state, reason=reason, phase=phase)


@pytest.mark.parametrize(
    ("told", "wanted", "code"),
    [
        (outcome(READY, Reason.CREATED), READY, 0),
        (outcome(READY, Reason.SCRIPTS_FAILED), READY, 0),
        (outcome(READY, Reason.EXISTING), STOPPED, 1),
        (outcome(STOPPED, Reason.STOPPED), STOPPED, 0),
        (outcome(STOPPED, Reason.NOT_RUNNING), READY, 1),
        (outcome(ABSENT, Reason.DETACHED), ABSENT, 0),
        (outcome(ABSENT, Reason.NO_WORKSPACE), READY, 1),
        (outcome(State.FAILED, Reason.QUOTA_FULL), READY, 1),
        (outcome(State.GONE, Reason.DELETED), READY, 1),
        (outcome(State.UNREACHABLE, Reason.AGENT_LOST), READY, 1),
        (outcome(State.UNKNOWN, Reason.PLATFORM_UNAVAILABLE), READY, 4),
        (outcome(STARTING, Reason.IN_PROGRESS, Phase.BUILDING), READY, 5),
        (outcome(State.STOPPING, Reason.STOPPING, Phase.BUILDING), STOPPED, 5),
        (outcome(STARTING, Reason.INTERRUPTED, Phase.BUILDING), READY, 130),
        (outcome(ABSENT, Reason.INTERRUPTED), ABSENT, 130),
    ],
)
def test_an_outcome_has_its_code(told: Outcome, wanted: State, code: int) -> None:
    """By what was asked for; what is under way is neither good nor bad."""
    assert of_outcome(told, wanted) == code


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ChatNotFoundError("a"), 1),
        (NoWorkspaceError("none"), 1),
        (InvalidArgumentError("wait", "a number"), 2),
        (TemplateError("no such template"), 2),
        (TemplateError("deprecated", reason=Reason.TEMPLATE_DEPRECATED), 3),
        (RefusedError("no"), 3),
        (ChatClosedError("a"), 3),
        (UnavailableError("token", retryable=False), 3),
        (UnavailableError("away"), 4),
        (OutcomeUnknownError("lost"), 4),
        (BusyError("busy"), 4),
        (ConnectError("away", agent=None), 4),
        (UnavailableError("ended", reason=Reason.INTERRUPTED), 130),
    ],
)
def test_an_error_has_its_code(error: ChatWorkspaceError, code: int) -> None:
    """Whether the same command may be given again is told by it."""
    assert of_error(error) == code


def test_every_code_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the table that --help ends with, each where a line begins, and none wider than the terminal."""
    assert set(MEANINGS) == set(Code)
    monkeypatch.setenv("COLUMNS", "60")
    lines = epilog().splitlines()[1:]
    assert [int(line[:5]) for line in lines if line[:5].strip()] == [int(code) for code in Code]
    assert max(map(len, lines)) <= 58
