"""The sentences of advice: for each reason those in which it can be told, and one for each advice where no reason has its own. Wording only."""

from __future__ import annotations

from collections.abc import Mapping

from chatworkspace.model import Advice, Reason

LATER = "a while from now"
"""Stands for the time after which a call is to be made again."""
_LATER = f"Make the same call again {LATER}: it goes on from here and makes no second workspace."
_RESTART = "Stop the workspace, then start it."

BY_ADVICE: Mapping[Advice, str] = {
    Advice.NOTHING: "",
    Advice.CALL_AGAIN: "Make the same call again to go on waiting.",
    Advice.CALL_LATER: f"It takes longer than usual. Make the same call again {LATER}: it goes on from here.",
    Advice.LIST_TEMPLATES: "Choose a template from the list of templates.",
    Advice.READ_TEMPLATE: "Read the template, then make the call with the parameters that it asks for.",
    Advice.CORRECT_ARGUMENTS: "Correct the argument and call again.",
    Advice.START: "Start the workspace.",
    Advice.STOP_THEN_START: _RESTART,
    Advice.CREATE: "Create the workspace.",
    Advice.ASK_USER: "Tell the user how it stands, and ask what to do.",
    Advice.ASK_ADMINISTRATOR: "Nothing has come of it for long: tell the user that an administrator must look into it.",
}


def _again(words: str) -> Mapping[Advice, str]:
    return {
        Advice.CALL_AGAIN: f"{words} Make the same call again to go on waiting.",
        Advice.CALL_LATER: f"{words} It takes longer than usual: make the same call again {LATER}, it goes on from here.",
        Advice.ASK_ADMINISTRATOR: f"{words} Nothing has come of it for long: tell the user that an administrator must look into it.",
        Advice.ASK_USER: f"{words} Nothing has come of it for long: tell the user, and ask whether to go on waiting or to stop it and start anew.",
    }


def _restart(words: str) -> Mapping[Advice, str]:
    return {
        Advice.STOP_THEN_START: f"{words} {_RESTART}",
        Advice.ASK_ADMINISTRATOR: f"{words} Starting anew did not help: tell the user that an administrator must look into it.",
    }


def _away(words: str) -> Mapping[Advice, str]:
    return {
        Advice.CALL_LATER: f"{words} {_LATER}",
        Advice.ASK_ADMINISTRATOR: f"{words} Calling again does not help: tell the user that an administrator must look into it.",
    }


_NONE: Mapping[Advice, str] = {}
_ASLEEP = "It can be started again when it is needed."

BY_REASON: Mapping[Reason, Mapping[Advice, str]] = {
    Reason.CREATED: _NONE,
    Reason.EXISTING: _NONE,
    Reason.ADOPTED: _NONE,
    Reason.STARTED: _NONE,
    Reason.STOPPED: {Advice.NOTHING: _ASLEEP},
    Reason.ATTACHED: _NONE,
    Reason.DETACHED: {Advice.NOTHING: "The chat has no workspace now; another can be created or attached when the user wants one."},
    Reason.CHAT_CLOSED: {Advice.ASK_USER: "This chat gets no workspace any more: tell the user that another chat is needed."},
    Reason.IN_PROGRESS: _again("It is under way."),
    Reason.BUILD_QUEUED: _again("The build waits in the platform's queue."),
    Reason.NO_PROVISIONER: _again("No provisioner takes this build."),
    Reason.STOPPING: _again("The workspace is being stopped or deleted."),
    Reason.AGENT_NOT_CONNECTED: _again("The agent has not connected yet."),
    Reason.SCRIPTS_RUNNING: _again("The startup scripts still run."),
    Reason.SCRIPTS_FAILED: {Advice.NOTHING: "The workspace can be used, but its startup scripts failed: tools that they install may be missing."},
    Reason.NO_AGENT: {Advice.NOTHING: "The workspace runs, but its template has no agent: commands cannot be run in it."},
    Reason.NO_WORKSPACE: {
        Advice.ASK_USER: "The chat has no workspace. One can be created if the user wants one.",
        Advice.NOTHING: "The chat has no workspace.",
    },
    Reason.INTERRUPTED_CREATION: {
        Advice.CREATE: "An earlier creation was interrupted. Create the workspace again: it goes on from there and makes no second one.",
        Advice.NOTHING: "An earlier creation was interrupted, and nothing is there.",
    },
    Reason.NOT_RUNNING: {
        Advice.START: "Start the workspace.",
        Advice.NOTHING: _ASLEEP,
        Advice.ASK_USER: (
            "The workspace was stopped again soon after each start. Do not start it again: tell the user, whose account may be suspended, and ask."
        ),
    },
    Reason.DORMANT: {
        Advice.START: "The workspace is dormant. Start it.",
        Advice.NOTHING: f"The workspace is dormant. {_ASLEEP}",
        Advice.ASK_USER: "The platform put the workspace to sleep again soon after each start. Do not start it again: tell the user, and ask.",
    },
    Reason.DELETED: {
        Advice.ASK_USER: "The workspace was deleted. Ask the user whether a new one is wanted; it can be created then.",
        Advice.NOTHING: "The workspace was deleted.",
    },
    Reason.BUILD_FAILED: {
        Advice.START: "Read the error and the log, then start the workspace: that builds it once more.",
        Advice.NOTHING: "The build failed: nothing runs.",
        Advice.ASK_USER: "The build failed again in the same way. Do not start it again: show the user the error, and what was tried.",
    },
    Reason.BUILD_CANCELED: {Advice.ASK_USER: "Somebody canceled the build. Ask the user whether the workspace is to be started or stopped."},
    Reason.QUOTA_FULL: {
        Advice.ASK_USER: (
            "The quota is full: ask the user to delete a workspace that is not needed any more, or an administrator for a larger allowance."
        )
    },
    Reason.STOP_FAILED: {
        Advice.CALL_AGAIN: "The stop failed and the workspace may still run. Stop it again.",
        Advice.START: "The last stop failed and the workspace may still run. Start it to use it.",
        Advice.ASK_USER: "The last stop failed and the workspace may still run. Ask the user whether it is to be stopped again, or used.",
        Advice.ASK_ADMINISTRATOR: "The stop failed again in the same way: tell the user that an administrator must look into it.",
    },
    Reason.DELETE_FAILED: {
        Advice.CALL_AGAIN: "The deletion failed and the workspace may still run. Delete it again.",
        Advice.ASK_ADMINISTRATOR: "The deletion failed again in the same way: tell the user that an administrator must look into it.",
        Advice.ASK_USER: "The deletion failed and the workspace may still run. Ask the user whether it is to be started and used, or deleted again.",
    },
    Reason.AGENT_AMBIGUOUS: {
        Advice.ASK_ADMINISTRATOR: "More than one agent is marked for chats, or none may be used: the template's author must mark exactly one."
    },
    Reason.AGENT_TIMED_OUT: _restart("The agent never connected."),
    Reason.AGENT_LOST: _restart("The agent lost its connection."),
    Reason.AGENT_SHUT_DOWN: _restart("The agent has shut down while the workspace runs."),
    Reason.EXTERNAL_AGENT_OFFLINE: {
        Advice.ASK_USER: "The agent runs on a host of the user's: ask the user to start it there, then make the same call again."
    },
    Reason.DIAL_FAILED: _restart("The agent is connected, but could not be reached."),
    Reason.JOB_UNKNOWN: _away("The platform does not say how the build stands."),
    Reason.NOT_VISIBLE: {
        Advice.ASK_USER: (
            "The platform does not show the workspace. Ask the user whether it still exists and may be read; detaching it is the way out."
        )
    },
    Reason.PLATFORM_UNAVAILABLE: _away("The platform could not be asked."),
    Reason.OUTCOME_UNKNOWN: _away("Whether the platform has done it is not known."),
    Reason.INTERRUPTED: {Advice.CALL_AGAIN: "The wait was ended. Make the same call again to go on waiting."},
    Reason.OVERTAKEN: {
        Advice.ASK_USER: "The chat was given another workspace, or none, meanwhile. Go on with what it has now, and ask the user where that is none."
    },
    Reason.REPLACED: {Advice.NOTHING: "Its files stay in it. The user may attach it again, or delete it."},
    Reason.FIRST_BUILD_FAILED: {Advice.NOTHING: "Its first build failed. The user may delete it."},
    Reason.INVALID_ARGUMENT: _NONE,
    Reason.CHAT_NOT_FOUND: {
        Advice.ASK_ADMINISTRATOR: "The application has not opened this chat: tell the user that an administrator must look into it."
    },
    Reason.OTHER_ORGANIZATION: {Advice.LIST_TEMPLATES: "Choose one of the chat's own organization, from the list of templates."},
    Reason.TEMPLATE_NOT_FOUND: _NONE,
    Reason.TEMPLATE_NOT_ALLOWED: {Advice.LIST_TEMPLATES: "Choose a template from the list of templates: this one is not available for chats."},
    Reason.TEMPLATE_EXTERNAL_AGENT: {
        Advice.LIST_TEMPLATES: (
            "Choose another template, or let the user create and start such a workspace on their own host and attach it to this chat."
        )
    },
    Reason.TEMPLATE_DEPRECATED: {Advice.LIST_TEMPLATES: "Choose another template from the list of templates: this one is deprecated."},
    Reason.ALLOW_LIST_FAILED: _away("Which templates are allowed could not be told."),
    Reason.REFUSED: {
        Advice.CORRECT_ARGUMENTS: "Read the platform's message, correct the arguments, and call again.",
        Advice.ASK_USER: "Do not make the same call again: show the user the platform's message, and ask what to do.",
    },
    Reason.STORE_UNAVAILABLE: _away("The record of chats could not be asked."),
    Reason.BUSY: {
        Advice.CALL_AGAIN: "Somebody else is deciding for this chat. Make the same call again.",
        Advice.NOTHING: "Make the call after the one that is under way has ended.",
    },
    Reason.CONNECT_FAILED: {
        Advice.CALL_AGAIN: "Make the same call again; if that does not help, stop the workspace, then start it.",
        Advice.STOP_THEN_START: f"Calling again did not help. {_RESTART}",
        Advice.ASK_ADMINISTRATOR: "Neither calling again nor starting anew has helped: tell the user that an administrator must look into it.",
    },
    Reason.NOT_READY: _NONE,
    Reason.DISCARDED: {Advice.ASK_USER: "The workspace is being deleted. Ask the user which one is to be used, or whether a new one is wanted."},
    Reason.CLOSED: {Advice.CALL_LATER: f"This process ends. Make the same call again {LATER}."},
}
"""A reason's own sentences. Where it has none for an advice, BY_ADVICE does."""
BY_PERSON: Mapping[Reason, str] = {
    Reason.NOT_RUNNING: "Somebody has stopped the workspace. Do not start it unasked: ask the user whether it is to be started.",
    Reason.DORMANT: "Somebody has stopped the workspace, and it sleeps since. Do not start it unasked: ask the user whether it is to be started.",
}
"""What is told of a stop that somebody has asked for, to whoever would use the workspace."""
