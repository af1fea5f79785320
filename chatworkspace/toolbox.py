"""The tools of one chat as a language model calls them: arguments in, a JSON-able result out. All wire names and their wording live here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import attrs

from chatworkspace.errors import ChatWorkspaceError, ClosedError, InvalidArgumentError, RefusedError
from chatworkspace.model import Outcome, Phase, Reason, State

if TYPE_CHECKING:
    from chatworkspace.service import ChatWorkspaces

MOST_BYTES = 1600
"""Of a workspace result, as compact JSON."""
MOST_ARGUMENTS = 65_536
_CUT = 300
"""Characters of other people's text that a result carries at most, a field."""

_Call = Callable[[Mapping[str, Any]], "ToolResult"]


@attrs.frozen(kw_only=True)
class ToolResult:
    """What a tool says."""

    content: dict[str, Any]
    """JSON-able."""
    is_error: bool
    """Nothing was made and there is no id to show."""

    @property
    def text(self) -> str:
        """Content as compact JSON, at most 1,600 bytes for a workspace result."""
        return _compact(self.content)


class Toolbox:
    """The tools of one chat: create_workspace, start_workspace, stop_workspace. Safe from any thread."""

    def __init__(self, workspaces: ChatWorkspaces, chat_id: str, *, wait: float | None) -> None:
        self._workspaces = workspaces
        self._chat_id = chat_id
        self._wait = wait
        self._tools: dict[str, _Call] = {"create_workspace": self._create, "start_workspace": self._start, "stop_workspace": self._stop}

    def call(self, name: str, arguments: Mapping[str, Any] | str) -> ToolResult:
        """Run one tool. arguments: a mapping, or the JSON text as the model wrote it. Raises only ClosedError and bugs."""
        try:
            tool = self._tools.get(name) if isinstance(name, str) else None  # pyright: ignore[reportUnnecessaryIsInstance] # a model wrote it
            if tool is None:
                raise InvalidArgumentError("name", f"one of {', '.join(self._tools)}")
            return tool(_parsed(arguments))
        except ClosedError:
            raise
        except ChatWorkspaceError as error:
            return _error_result(error)

    def _create(self, arguments: Mapping[str, Any]) -> ToolResult:
        _only(arguments, "template_id", "name", "parameters", "preset_id", "replace_workspace")
        template_id = _text(arguments, "template_id").strip()
        if not template_id:
            raise InvalidArgumentError("template_id", "the id of a template; it is required")
        outcome = self._workspaces.create(
            self._chat_id,
            template_id,
            name=_text(arguments, "name"),
            parameters=_parameters(arguments),
            preset_id=_text(arguments, "preset_id").strip() or None,
            replace=_flag(arguments, "replace_workspace"),
            wait=self._wait,
        )
        return _workspace_result(outcome, {"created": outcome.created} | _existing(outcome), "create")

    def _start(self, arguments: Mapping[str, Any]) -> ToolResult:
        _only(arguments, "parameters")
        outcome = self._workspaces.start(self._chat_id, parameters=_parameters(arguments), wait=self._wait)
        head: dict[str, Any] = {"started": outcome.state is State.READY}
        if outcome.reason is Reason.EXISTING:
            head["no_build"] = True
        return _workspace_result(outcome, head, "start")

    def _stop(self, arguments: Mapping[str, Any]) -> ToolResult:
        _only(arguments)
        outcome = self._workspaces.stop(self._chat_id, wait=self._wait)
        head: dict[str, Any] = {"stopped": outcome.state is State.STOPPED}
        if outcome.state is State.STOPPED and outcome.reason is not Reason.STOPPED:
            head["no_build"] = True
        return _workspace_result(outcome, head, "stop")


# ---------------------------------------------------------------- arguments


def _parsed(arguments: object) -> Mapping[str, Any]:
    if isinstance(arguments, str):
        if len(arguments) > MOST_ARGUMENTS:
            raise InvalidArgumentError("arguments", f"at most {MOST_ARGUMENTS} characters of JSON")
        import json  # noqa: PLC0415 # not every host has tools called, and importing the library should cost little

        try:
            arguments = json.loads(arguments or "{}", object_pairs_hook=_without_duplicates, parse_constant=_no_constant)
        except (ValueError, RecursionError) as error:
            if isinstance(error, InvalidArgumentError):
                raise
            raise InvalidArgumentError("arguments", "a JSON object") from None
    if not isinstance(arguments, Mapping):
        raise InvalidArgumentError("arguments", "an object with the tool's arguments")
    return arguments  # pyright: ignore[reportUnknownVariableType] # its values are checked one by one


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise InvalidArgumentError("arguments", "each key once")
    return found


def _no_constant(name: str) -> None:
    raise InvalidArgumentError("arguments", f"JSON, which has no {name}")


def _only(arguments: Mapping[str, Any], *known: str) -> None:
    for name in arguments:
        if name not in known:
            expected = f"no such argument; the tool takes {', '.join(known)}" if known else "no arguments at all"
            raise InvalidArgumentError(str(name)[:40], expected)


def _text(arguments: Mapping[str, Any], name: str) -> str:
    value = arguments.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise InvalidArgumentError(name, "text")
    return value


def _flag(arguments: Mapping[str, Any], name: str) -> bool:
    value = arguments.get(name)
    if value is not None and not isinstance(value, bool):
        raise InvalidArgumentError(name, "true or false")
    return bool(value)


def _parameters(arguments: Mapping[str, Any]) -> Mapping[str, str]:
    value = arguments.get("parameters")
    if value is None:
        return {}
    if not isinstance(value, Mapping) or not all(isinstance(k, str) and isinstance(v, str) for k, v in value.items()):  # pyright: ignore[reportUnknownVariableType] # being checked
        raise InvalidArgumentError("parameters", "an object of names to values, all text")
    return value  # pyright: ignore[reportUnknownVariableType] # checked above


# ---------------------------------------------------------------- results


def _existing(outcome: Outcome) -> dict[str, Any]:
    if outcome.created or outcome.workspace is None:
        return {}
    return {"status": "stopped" if outcome.state is State.STOPPED else "already_exists"}


def _workspace_result(outcome: Outcome, head: dict[str, Any], action: str) -> ToolResult:
    workspace = outcome.workspace
    content: dict[str, Any] = dict(head)
    if workspace is not None:
        content |= {"workspace_name": workspace.full_name, "workspace_id": str(workspace.id)}
        if not head.get("no_build"):
            content["build_id"] = str(workspace.build.id)
    elif outcome.workspace_id is not None:
        content["workspace_id"] = str(outcome.workspace_id)
    content |= {"state": outcome.state.value, "reason": outcome.reason.value}
    if outcome.phase is not None:
        content["phase"] = outcome.phase.value
    content |= _agent_fields(outcome) | _failure_fields(outcome, action)
    if outcome.next_step:
        content["next_step"] = outcome.next_step
    if outcome.not_applied:
        content["not_applied"] = {name: value[:_CUT] for name, value in outcome.not_applied.items()}
    if outcome.left_behind is not None:
        left = outcome.left_behind
        content["left_behind"] = {"name": left.name, "workspace_id": str(left.workspace_id), "reason": left.reason.value}
    content["elapsed_ms"] = round(outcome.elapsed * 1000)
    return ToolResult(content=_fit(content), is_error=False)


def _agent_fields(outcome: Outcome) -> dict[str, Any]:
    if outcome.reason is Reason.NO_AGENT:
        return {"agent_status": "no_agent"}
    if outcome.reason is Reason.AGENT_AMBIGUOUS:
        return {"agent_status": "selection_error", "agent_error": outcome.error[:_CUT]}
    if outcome.reason is Reason.SCRIPTS_FAILED:
        lifecycle = {} if outcome.agent is None else {"lifecycle_state": outcome.agent.lifecycle.value}
        return {"startup_scripts": "startup_scripts_failed"} | lifecycle
    if outcome.reason is Reason.SCRIPTS_RUNNING:
        return {"startup_scripts": "startup_scripts_timeout"}
    if outcome.phase is Phase.CONNECTING or outcome.state is State.UNREACHABLE:
        return {"agent_status": "not_ready", "agent_error": outcome.next_step}
    return {}


def _failure_fields(outcome: Outcome, action: str) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    if outcome.state is State.FAILED:
        prefix = {"create": "workspace build failed", "start": "workspace start build failed", "stop": "workspace stop build failed"}[action]
        fields["error"] = f"{prefix}: {outcome.error[:_CUT] or outcome.reason.value}"
    elif outcome.error and outcome.reason is not Reason.AGENT_AMBIGUOUS:
        fields["error"] = outcome.error[:_CUT]
    if outcome.workspace is not None and outcome.workspace.build.error_code and outcome.state is State.FAILED:
        fields["error_code"] = outcome.workspace.build.error_code
    if outcome.reason is Reason.QUOTA_FULL:
        fields |= {"title": "Workspace quota reached", "message": outcome.next_step}
        if outcome.quota is not None and outcome.quota.budget > 0:
            fields["quota"] = {"credits_consumed": outcome.quota.consumed, "budget": outcome.quota.budget}
    if outcome.log_tail:
        fields["log_tail"] = [line[:_CUT] for line in outcome.log_tail]
    return fields


def _error_result(error: ChatWorkspaceError) -> ToolResult:
    content: dict[str, Any] = {"error": str(error)[:_CUT], "reason": error.reason.value}
    if isinstance(error, RefusedError):
        content["error"] = error.message[:_CUT] or "request failed"
        if error.detail:
            content["detail"] = error.detail[:_CUT]
        if error.validations:
            content["validations"] = [{"field": field[:_CUT], "detail": detail[:_CUT]} for field, detail in error.validations[:10]]
    if error.next_step:
        content["next_step"] = error.next_step
    return ToolResult(content=_fit(content), is_error=not (isinstance(error, RefusedError) and error.validations))


def _compact(content: Mapping[str, Any]) -> str:
    import json  # noqa: PLC0415 # as above

    text = json.dumps(content, separators=(",", ":"), ensure_ascii=False)
    return text.encode("utf-8", "replace").decode()  # half a character, as JSON may hold, can be sent nowhere


def _size(content: Mapping[str, Any]) -> int:
    return len(_compact(content).encode())


def _fit(content: dict[str, Any]) -> dict[str, Any]:
    """Cut what is least needed until the result fits: the log's first lines, then other people's words."""
    while _size(content) > MOST_BYTES and content.get("log_tail"):
        content = content | {"log_tail": content["log_tail"][1:]}
    for field in ("log_tail", "validations", "detail", "not_applied"):
        if _size(content) > MOST_BYTES and field in content:
            content = {name: value for name, value in content.items() if name != field}
    for field in ("error", "agent_error"):  # cut, not left out: it is why the tool was of no use
        while _size(content) > MOST_BYTES and content.get(field):
            content = content | {field: content[field][: len(content[field]) // 2]}
    return content
