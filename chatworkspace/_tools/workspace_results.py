"""How the outcome of a call, or its error, is told to a model. Pure. Field names and values are Coder's, the wording is ours.

Other people's words (build logs, job errors, refusals) are cut to size and stand in fields of their own: they are data, never an instruction.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import Enum
from typing import Any

from chatworkspace._domain.texts import cut_inside, visible
from chatworkspace._tools.budget import Content, size, without
from chatworkspace._tools.guided import guided
from chatworkspace.errors import ChatWorkspaceError, RefusedError
from chatworkspace.model import Advice, JobStatus, LeftBehind, Phase, Reason, State, Transition, Workspace
from chatworkspace.outcomes import Outcome

MOST_BYTES = 1600
"""Of a workspace result, as compact JSON in UTF-8."""
MOST_CHARACTERS = 300
"""Of other people's text, a field."""
MOST_VALIDATIONS = 10

_ADDRESS = re.compile(
    r"""
    \b[a-z][a-z0-9+.-]{1,20}://[^\s"'<>]{1,500}
    | \b\d{1,3}(?:\.\d{1,3}){3}(?::\d{1,5})?\b
    | \[(?=[^]]*:)[0-9a-f:.%]{2,60}\](?::\d{1,5})?
    | (?<![\w:.])(?:[0-9a-f]{1,4}(?::[0-9a-f]{1,4}){0,6})?::(?:[0-9a-f]{1,4}(?::[0-9a-f]{1,4}){0,6})?(?![\w:])
    | (?<![\w:.])[0-9a-f]{1,4}(?::[0-9a-f]{1,4}){4,7}(?![\w:])
    | (?<![\w.@/-])(?:(?:[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?\.){1,9}[a-z]{2,24}|localhost)(?::\d{1,5})?(?![\w.-]*\w)
    """,
    re.IGNORECASE | re.VERBOSE,
)
"""A URL, an address of a host, or its name."""


class Action(Enum):
    """What was asked for."""

    CREATE = "create"
    START = "start"
    STOP = "stop"


_FAILED_BUILD = {
    Action.CREATE: "workspace build failed",
    Action.START: "workspace start build failed",
    Action.STOP: "workspace stop build failed",
}
READ_AND_START = "Call read_template with this template_id, then start_workspace with parameters. Ask the user where a value is not obvious."
CORRECT_AND_START = "Correct the parameters by what the validations say, and call start_workspace again: read_template tells of another version."
QUOTA_REMEDIES = "Delete a workspace that is not needed any more, or ask an administrator for a larger allowance."
REQUIRED = "template requires active versions"
FOLLOWED = "the workspace is set to update always"
FIXED = {
    Reason.STORE_UNAVAILABLE: "the record of chats could not be asked",
    Reason.CHAT_NOT_FOUND: "this chat is not known to the application",
}
"""What is told in our own words alone: a database's are nobody's business outside, and some are for programmers."""


def of_outcome(action: Action, outcome: Outcome) -> Content:
    """Return what the model is told of a workspace; at most MOST_BYTES."""
    content: Content = _head(action, outcome)
    workspace = outcome.workspace
    if workspace is not None:
        content |= {"workspace_name": visible(workspace.full_name), "workspace_id": str(workspace.id)}
        if outcome.built or outcome.state is State.FAILED:
            content["build_id"] = str(workspace.build.id)
    elif outcome.workspace_id is not None:
        content["workspace_id"] = str(outcome.workspace_id)
    content |= {"state": outcome.state.value, "reason": outcome.reason.value}
    if outcome.phase is not None:
        content["phase"] = outcome.phase.value
    content |= _agent(outcome) | _scripts(outcome) | _failure(action, outcome)
    if outcome.log_tail:
        content["log_tail"] = [_foreign(line) for line in outcome.log_tail]
    content |= _update(action, outcome) | _advice(outcome) | _side_effects(outcome)
    content["elapsed_ms"] = round(outcome.elapsed * 1000)
    return fit(content, log_left_out=outcome.log_left_out)


def _head(action: Action, outcome: Outcome) -> Content:
    match action:
        case Action.CREATE:
            return {"created": outcome.created} | _existing(outcome)
        case Action.START:
            return {"started": _runs(outcome)} | _no_build(outcome, done=_runs(outcome))
        case Action.STOP:
            stopped = outcome.state is State.STOPPED
            return {"stopped": stopped} | _no_build(outcome, done=stopped)


def _existing(outcome: Outcome) -> Content:
    """Tell of a workspace that was there before the call, and is not broken."""
    if outcome.created or outcome.workspace is None or outcome.state in (State.FAILED, State.GONE):
        return {}
    match outcome.state:
        case State.STOPPED:
            return {"status": "stopped", "message": "the chat's workspace is stopped"}
        case State.READY if outcome.built:
            return {"status": "already_exists", "message": "the chat's workspace was being built already, and is ready now"}
        case State.READY:
            return {"status": "already_exists", "message": "the chat's workspace is running already"}
        case _:
            return {"status": "already_exists", "message": "the chat has this workspace already"}


def _runs(outcome: Outcome) -> bool:
    """Tell whether the latest build is a start that has succeeded."""
    if outcome.state in (State.READY, State.UNREACHABLE):
        return True
    return outcome.state is State.STARTING and outcome.phase in (Phase.CONNECTING, Phase.SCRIPTS)


def _no_build(outcome: Outcome, *, done: bool) -> Content:
    """Tell that nothing was to be done."""
    return {"no_build": True} if done and not outcome.built else {}


# ---------------------------------------------------------------- agent and scripts


def _agent(outcome: Outcome) -> Content:
    if outcome.reason is Reason.NO_AGENT:
        return {"agent_status": "no_agent"}
    if outcome.reason is Reason.AGENT_AMBIGUOUS:
        return {"agent_status": "selection_error", "agent_error": _foreign(outcome.error)}
    if outcome.reason is Reason.INTERRUPTED or (outcome.phase is not Phase.CONNECTING and outcome.state is not State.UNREACHABLE):
        return {}
    told: Content = {"agent_status": "not_ready", "agent_error": outcome.next_step}
    return told | ({"error": _of_network(outcome.error)} if outcome.error else {})


def _scripts(outcome: Outcome) -> Content:
    if outcome.reason is Reason.SCRIPTS_FAILED:
        lifecycle = {} if outcome.agent is None else {"lifecycle_state": outcome.agent.lifecycle.value}
        return {"startup_scripts": "startup_scripts_failed"} | lifecycle
    if outcome.reason is Reason.SCRIPTS_RUNNING:
        return {"startup_scripts": "startup_scripts_timeout"}
    if outcome.reason is Reason.INTERRUPTED and outcome.phase is Phase.SCRIPTS:
        return {"startup_scripts": "startup_scripts_unknown"}
    return {}


# ---------------------------------------------------------------- failures


def _failure(action: Action, outcome: Outcome) -> Content:
    if outcome.state is not State.FAILED:
        unexplained = outcome.state in (State.UNKNOWN, State.STARTING, State.STOPPING) and outcome.phase is not Phase.CONNECTING
        return {"error": _unexplained(outcome.reason, outcome.error)} if outcome.error and unexplained else {}
    canceled = outcome.workspace is not None and outcome.workspace.build.job_status is JobStatus.CANCELED
    cause = visible(outcome.error).strip() or ("build was canceled" if canceled else "build failed")
    told: Content = {"error": _foreign(f"{_failed_build(action, outcome)}: {cause}")}
    if outcome.workspace is not None and outcome.workspace.build.error_code:
        told["error_code"] = _foreign(outcome.workspace.build.error_code)
    if outcome.reason is Reason.QUOTA_FULL:
        told |= _quota(action, outcome)
    return told


def _failed_build(action: Action, outcome: Outcome) -> str:
    if outcome.workspace is not None and outcome.workspace.build.transition is Transition.DELETE:
        return "workspace delete build failed"
    if outcome.workspace is not None and outcome.workspace.build.transition is Transition.STOP:
        return _FAILED_BUILD[Action.STOP]
    if action is Action.CREATE and not outcome.created:
        return f"existing {_FAILED_BUILD[action]}"
    return _FAILED_BUILD[action] if outcome.built else f"the last {_FAILED_BUILD[action]}"


def _quota(action: Action, outcome: Outcome) -> Content:
    verb = "create" if action is Action.CREATE and outcome.workspace is not None and outcome.workspace.build.number == 1 else "start"
    told: Content = {
        "title": "Workspace quota reached",
        "message": f"Could not {verb} this workspace, because the workspace quota is full. {QUOTA_REMEDIES}",
    }
    if outcome.quota is not None and outcome.quota.budget > 0:
        told["quota"] = {"credits_consumed": outcome.quota.consumed, "budget": outcome.quota.budget}
    return told


def _update(action: Action, outcome: Outcome) -> Content:
    """Tell that a start moved the workspace to its template's active version."""
    it = outcome.workspace
    if action is not Action.START or not outcome.updated or not _runs(outcome):
        return {}
    return {
        "updated_to_active_version": True,
        "update_reason": REQUIRED if it is None or it.required_version_id is not None or it.updates_to is None else FOLLOWED,
        "message": "The workspace was moved to the active version of its template.",
    }


# ---------------------------------------------------------------- the rest


def _advice(outcome: Outcome) -> Content:
    return guided(outcome.advice, outcome.next_step, outcome.retry_after)


def _side_effects(outcome: Outcome) -> Content:
    told: Content = {}
    if outcome.not_applied:
        told["not_applied"] = {name: _foreign(instead) for name, instead in outcome.not_applied.items()}
    return told | _left(outcome.left_behind)


def _left(left: LeftBehind | None) -> Content:
    if left is None:
        return {}
    return {"left_behind": {"name": visible(left.name), "workspace_id": str(left.workspace_id), "reason": left.reason.value}}


# ---------------------------------------------------------------- errors


def of_error(error: ChatWorkspaceError, workspace: Workspace | None = None, *, to_read: bool = False) -> Content:
    """Return what the model is told when nothing was decided, or the platform refused.

    workspace: the one that was to be started. to_read: read_template tells what that asks.
    """
    content: Content = {"error": _unexplained(error.reason, str(error)), "reason": error.reason.value}
    if isinstance(error, RefusedError):
        content |= _refusal(error)
    advice, step = error.advice, error.next_step
    if isinstance(error, RefusedError) and error.validations and workspace is not None:
        content |= {"template_id": str(workspace.template_id)} | _update_needed(workspace)
        if advice is Advice.CORRECT_ARGUMENTS:
            advice, step = (Advice.READ_TEMPLATE, READ_AND_START) if to_read else (advice, CORRECT_AND_START)
    return fit(content | _left(error.left_behind) | guided(advice, step, error.retry_after))


def _update_needed(workspace: Workspace) -> Content:
    """Tell that a start means to move the workspace to another version, which may ask something else."""
    reason = _update_reason(workspace)
    return {"update_required": True, "update_reason": reason} if reason else {}


def _update_reason(workspace: Workspace) -> str:
    """Return why a start uses another version than the build before; empty: it does not."""
    built = workspace.build.template_version_id
    if workspace.required_version_id not in (None, built):
        return REQUIRED
    return FOLLOWED if workspace.updates_to not in (None, built) else ""


class _Foreign(str):
    """Other people's words as they are shown; `whole` is what they are cut from, should there be room for less."""

    __slots__ = ("whole",)

    whole: str


def _foreign(text: str, most: int = MOST_CHARACTERS) -> _Foreign:
    """Return the platform's words, cut to size."""
    whole = visible(text).strip()
    shown = _Foreign(cut_inside(whole, most))
    shown.whole = whole
    return shown


def _unexplained(reason: Reason, text: str) -> str:
    """Return the words for what could not be asked."""
    return FIXED[reason] if reason in FIXED else _of_network(text)


def _of_network(text: str) -> str:
    """Return the words of a driver or a network, without addresses: which machine answers is nobody's business outside."""
    return _foreign(_ADDRESS.sub("…", text))


def _refusal(error: RefusedError) -> Content:
    told: Content = {"error": _foreign(error.message) or "request failed"}
    if error.detail.strip():
        told["detail"] = _foreign(error.detail)
    if error.validations:
        told["validations"] = [{"field": _foreign(field), "detail": _foreign(detail)} for field, detail in error.validations]
    return told


def is_error(error: ChatWorkspaceError) -> bool:
    """Tell whether an error's result is one: nothing was made, and there is nothing to show."""
    return error.left_behind is None and not (isinstance(error, RefusedError) and error.validations)


# ---------------------------------------------------------------- size


def fit(content: Content, *, log_left_out: int = 0) -> Content:
    """Leave out what is least needed until the result fits, and say so: the first lines of the log, details, ever more of other people's words.

    log_left_out: lines of the log that are left out already.
    """
    shown = _MOST_TOLD(content)
    marked = _marked(shown, content, log_left_out)
    if size(marked) <= MOST_BYTES:
        return marked
    lines = len(content.get("log_tail", ()))
    for step in (*(_last_lines(most) for most in range(lines - 1, 0, -1)), *_LEFT_OUT):
        shown = step(shown)
        marked = _marked(shown, content, log_left_out)
        if size(marked) <= MOST_BYTES:
            break
    return marked


def _last_lines(most: int) -> Callable[[Content], Content]:
    return lambda content: content | {"log_tail": content["log_tail"][-most:]}


def _marked(shown: Content, whole: Content, log_left_out: int) -> Content:
    """Return what is shown, with what is not by its name."""
    missing = {name: len(whole.get(name, ())) - len(shown.get(name, ())) for name in ("log_tail", "validations")}
    missing["log_tail"] += log_left_out
    words = (("log_tail", "the first {} lines of the log"), ("validations", "the last {} validations"))
    left = [told.format(missing[name]) for name, told in words if missing[name]] + ["detail"] * ("detail" in whole and "detail" not in shown)
    return shown | {"left_out": left} if left else shown


def _fewer_validations(most: int) -> Callable[[Content], Content]:
    return lambda content: content | ({"validations": content["validations"][:most]} if "validations" in content else {})


def _shorter(most: int) -> Callable[[Content], Content]:
    """Cut other people's words; what tells of the state and what to do stays whole."""
    foreign = ("error", "detail", "agent_error", "error_code", "not_applied", "validations", "workspace_name", "left_behind")

    def shorten(value: Any) -> Any:
        if isinstance(value, str):
            return _foreign(value.whole if isinstance(value, _Foreign) else value, most)
        if isinstance(value, dict):
            return {name: shorten(it) for name, it in value.items()}  # pyright: ignore[reportUnknownVariableType] # our own content
        return [shorten(it) for it in value] if isinstance(value, list) else value  # pyright: ignore[reportUnknownVariableType] # as above

    return lambda content: {name: shorten(value) if name in foreign else value for name, value in content.items()}


_MOST_TOLD = _fewer_validations(MOST_VALIDATIONS)
_LEFT_OUT = (without("log_tail"), _fewer_validations(3), _shorter(100), without("detail"), _shorter(40), _fewer_validations(1), _shorter(20))
"""What is left out once the log's last line is too long as well, in this order."""
