"""What to do next: a sentence for each reason that calls for something to be done, and silence for the others."""

from __future__ import annotations

import pytest

from chatworkspace import Reason
from chatworkspace._domain.advice import next_step_for

NOTHING_TO_DO = {
    Reason.CREATED,
    Reason.EXISTING,
    Reason.ADOPTED,
    Reason.STARTED,
    Reason.ATTACHED,
    Reason.NOT_READY,
    Reason.CLOSED,
}
"""Done as asked; or the outcome at hand has advice of its own; or there is nobody left to advise."""


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_its_advice(reason: Reason) -> None:
    """One line for whoever must act, and an empty one for nobody."""
    assert (next_step_for(reason) == "") == (reason in NOTHING_TO_DO)


@pytest.mark.parametrize("reason", sorted(set(Reason) - NOTHING_TO_DO))
def test_advice_is_a_sentence(reason: Reason) -> None:
    """It can be shown as it is: one line, from a capital to a full stop, without markup or a place to fill in."""
    advice = next_step_for(reason)
    assert advice == " ".join(advice.split())
    assert advice[0].isupper()
    assert advice[-1] == "."
    assert not set(advice) & set("{}<>`\n")
    assert len(advice) <= 200


@pytest.mark.parametrize(
    ("reason", "action"),
    [
        # what goes on by itself is joined by the same call
        (Reason.IN_PROGRESS, "same call again"),
        (Reason.BUILD_QUEUED, "same call again"),
        (Reason.AGENT_NOT_CONNECTED, "same call again"),
        (Reason.SCRIPTS_RUNNING, "same call again"),
        (Reason.STOPPING, "same call again"),
        (Reason.BUSY, "same call again"),
        (Reason.INTERRUPTED, "same call again"),
        # what is not known is safe to ask again
        (Reason.OUTCOME_UNKNOWN, "no second workspace"),
        (Reason.PLATFORM_UNAVAILABLE, "no second workspace"),
        (Reason.STORE_UNAVAILABLE, "no second workspace"),
        (Reason.JOB_UNKNOWN, "same call again"),
        (Reason.NOT_VISIBLE, "detaching"),
        # a dead agent is restarted by its workspace, an external one by its user
        (Reason.AGENT_TIMED_OUT, "Stop the workspace, then start it."),
        (Reason.AGENT_LOST, "Stop the workspace, then start it."),
        (Reason.AGENT_SHUT_DOWN, "Stop the workspace, then start it."),
        (Reason.DIAL_FAILED, "stop the workspace, then start it"),
        (Reason.EXTERNAL_AGENT_OFFLINE, "ask the user"),
        # what does not run is started, what is gone is created
        (Reason.NOT_RUNNING, "Start the workspace."),
        (Reason.DORMANT, "Start it."),
        (Reason.BUILD_CANCELED, "Start the workspace"),
        (Reason.STOP_FAILED, "start it"),
        (Reason.DELETED, "Create a new one."),
        (Reason.NO_WORKSPACE, "Create a workspace"),
        # what only somebody else can mend names them
        (Reason.QUOTA_FULL, "administrator"),
        (Reason.NO_PROVISIONER, "administrator"),
        (Reason.AGENT_AMBIGUOUS, "template's author"),
        (Reason.REPLACED, "user"),
        (Reason.FIRST_BUILD_FAILED, "user"),
        # what was asked for wrongly is corrected
        (Reason.INVALID_ARGUMENT, "Correct"),
        (Reason.REFUSED, "correct"),
        (Reason.TEMPLATE_NOT_ALLOWED, "list of templates"),
        (Reason.TEMPLATE_NOT_FOUND, "list of templates"),
        (Reason.TEMPLATE_EXTERNAL_AGENT, "attach"),
        (Reason.CHAT_NOT_FOUND, "Open the chat"),
    ],
)
def test_advice_names_the_action(reason: Reason, action: str) -> None:
    """It says what to do, or whom to ask."""
    assert action in next_step_for(reason)


THERE_IS_NONE = {Reason.NO_WORKSPACE, Reason.DELETED, Reason.DETACHED, Reason.DISCARDED, Reason.INTERRUPTED_CREATION}


@pytest.mark.parametrize("reason", sorted(set(Reason) - THERE_IS_NONE - {Reason.TEMPLATE_EXTERNAL_AGENT}))
def test_a_live_workspace_is_never_advised_away(reason: Reason) -> None:
    """To create one is advised only where there is none; what cannot be reached is restarted."""
    assert "create" not in next_step_for(reason).lower()
