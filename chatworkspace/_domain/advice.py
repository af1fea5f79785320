"""What to do next, one sentence for each reason. Read by models and people alike; wording lives here and in the toolbox only."""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil

from chatworkspace.model import Reason

_AGAIN = "Make the same call again: it goes on from here and makes no second workspace."
_RESTART = "Stop the workspace, then start it."
_ONCE_MORE = "Make the same call again; if that does not help, stop the workspace, then start it."

_NEXT_STEP: Mapping[Reason, str] = {
    Reason.CREATED: "",
    Reason.EXISTING: "",
    Reason.ADOPTED: "",
    Reason.STARTED: "",
    Reason.STOPPED: "Start the workspace when it is needed again.",
    Reason.ATTACHED: "",
    Reason.DETACHED: "Create or attach a workspace when one is needed.",
    Reason.CHAT_CLOSED: "Use another chat: this one gets no workspace any more.",
    Reason.IN_PROGRESS: "Make the same call again to go on waiting.",
    Reason.BUILD_QUEUED: "The build waits in the platform's queue. Make the same call again to go on waiting.",
    Reason.NO_PROVISIONER: "No provisioner takes this build: ask an administrator, then make the same call again.",
    Reason.STOPPING: "Make the same call again once the workspace has stopped.",
    Reason.AGENT_NOT_CONNECTED: "The agent has not connected yet. Make the same call again to go on waiting.",
    Reason.SCRIPTS_RUNNING: "The startup scripts still run. Make the same call again to go on waiting.",
    Reason.SCRIPTS_FAILED: "The workspace can be used, but its startup scripts failed: tools that they install may be missing.",
    Reason.NO_AGENT: "The workspace runs, but its template has no agent: commands cannot be run in it.",
    Reason.NO_WORKSPACE: "Create a workspace first.",
    Reason.INTERRUPTED_CREATION: "An earlier creation was interrupted. Create the workspace again: it goes on from there and makes no second one.",
    Reason.NOT_RUNNING: "Start the workspace.",
    Reason.DORMANT: "The workspace is dormant. Start it.",
    Reason.DELETED: "The workspace was deleted. Create a new one.",
    Reason.BUILD_FAILED: "Read the error and the log, then start the workspace: that builds it once more.",
    Reason.BUILD_CANCELED: "The build was canceled. Start the workspace to build it again.",
    Reason.QUOTA_FULL: "The quota is full: delete a workspace that is not needed any more, or ask an administrator for a larger allowance.",
    Reason.STOP_FAILED: "The stop failed and the workspace may still run. Stop it again, or start it.",
    Reason.DELETE_FAILED: "The deletion failed and the workspace may still run. Start it to use it, or ask the user.",
    Reason.AGENT_AMBIGUOUS: "More than one agent is marked for chats, or none may be used: ask the template's author to mark exactly one.",
    Reason.AGENT_TIMED_OUT: f"The agent never connected. {_RESTART}",
    Reason.AGENT_LOST: f"The agent lost its connection. {_RESTART}",
    Reason.AGENT_SHUT_DOWN: f"The agent has shut down while the workspace runs. {_RESTART}",
    Reason.EXTERNAL_AGENT_OFFLINE: "The agent runs on a host of the user's: ask the user to start it there, then make the same call again.",
    Reason.DIAL_FAILED: f"The agent is connected, but could not be reached. {_ONCE_MORE}",
    Reason.JOB_UNKNOWN: "The platform does not say how the build stands. Make the same call again in a while.",
    Reason.NOT_VISIBLE: (
        "The platform does not show the workspace. Ask the user whether it still exists and may be read; detaching it is the way out."
    ),
    Reason.PLATFORM_UNAVAILABLE: f"The platform could not be asked. {_AGAIN}",
    Reason.OUTCOME_UNKNOWN: f"The platform did not answer. {_AGAIN}",
    Reason.INTERRUPTED: "The wait was ended. Make the same call again to go on waiting.",
    Reason.OVERTAKEN: "The chat was given another workspace, or none, meanwhile. Go on with what it has now.",
    Reason.REPLACED: "Its files stay in it. The user may attach it again, or delete it.",
    Reason.FIRST_BUILD_FAILED: "Its first build failed. The user may delete it.",
    Reason.INVALID_ARGUMENT: "Correct the argument and call again.",
    Reason.CHAT_NOT_FOUND: "Open the chat first.",
    Reason.OTHER_ORGANIZATION: "Choose one of the chat's own organization.",
    Reason.TEMPLATE_NOT_FOUND: "Choose a template from the list of templates.",
    Reason.TEMPLATE_NOT_ALLOWED: "Choose a template from the list of templates: this one is not available for chats.",
    Reason.TEMPLATE_EXTERNAL_AGENT: (
        "Choose another template, or let the user create and start such a workspace on their own host and attach it to this chat."
    ),
    Reason.TEMPLATE_DEPRECATED: "Choose another template: this one is deprecated.",
    Reason.ALLOW_LIST_FAILED: "Which templates are allowed could not be told. Make the same call again in a while.",
    Reason.REFUSED: "Read the platform's message, correct the arguments, and call again.",
    Reason.STORE_UNAVAILABLE: f"The record of chats could not be asked. {_AGAIN}",
    Reason.BUSY: "Somebody else is deciding for this chat. Make the same call again.",
    Reason.CONNECT_FAILED: _ONCE_MORE,
    Reason.NOT_READY: "",
    Reason.DISCARDED: "The workspace is being deleted. Create a new one.",
    Reason.CLOSED: "",
}


_LASTING: Mapping[Reason, str] = {
    Reason.PLATFORM_UNAVAILABLE: "The platform cannot be used so, and calling again does not help: ask an administrator.",
    Reason.STORE_UNAVAILABLE: "The record of chats cannot be used so, and calling again does not help: ask an administrator.",
}


def next_step_for(reason: Reason, *, lasting: bool = False) -> str:
    """Return one sentence for a model or a person; empty when there is nothing to do. lasting: the same call will fail again."""
    return _LASTING.get(reason, _NEXT_STEP[reason]) if lasting else _NEXT_STEP[reason]


def next_step_after(seconds: float) -> str:
    """Return the sentence for a platform that takes no more requests for so long."""
    return f"The platform takes no more requests for now. Make the same call again in {ceil(seconds)} s."
