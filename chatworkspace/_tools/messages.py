"""What a model asks for in one answer, in the forms of its vendors, and what is sent back. Pure.

A response is read by the names that its parts have in the vendor's API, whether it is an object of the vendor's package or the JSON that this was
made of, so nobody's package is needed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any, cast

import attrs

from chatworkspace._domain.arguments import check_text
from chatworkspace.errors import InvalidArgumentError

EXPECTED = (
    "a response of OpenAI's Chat Completions or Responses API or of Anthropic's Messages API, or a message of it: "
    "an object of their packages, or its JSON as a dict"
)


CALLS = ("function_call", "custom_tool_call")
"""Items of the Responses API that a host has to answer, of those that call a tool by its name."""


class Api(Enum):
    """Whose form an answer of a model has."""

    CHAT_COMPLETIONS = "openai"
    RESPONSES = "openai-responses"
    MESSAGES = "anthropic"


@attrs.frozen(kw_only=True)
class ToolCall:
    """One call that a model asks for."""

    id: str
    name: str
    arguments: Mapping[str, Any] | str = attrs.field(repr=False)
    """A mapping, or the text as the model wrote it. May hold secrets."""
    kind: str = ""
    """What the Responses API calls it; empty for others."""


@attrs.frozen(kw_only=True)
class Reply:
    """What became of a call."""

    call: ToolCall
    text: str
    is_error: bool


# ---------------------------------------------------------------- what is asked for


def asked_in(message: object) -> tuple[Api, tuple[ToolCall, ...]]:
    """Return the calls that an answer of a model asks for, in its order. InvalidArgumentError, before any of them is made."""
    if _is_list(choices := _part(message, "choices")):
        if len(choices) != 1:
            raise InvalidArgumentError("message", f"a completion with one choice, not {len(choices)}; or one of its messages")
        message = _part(choices[0], "message")
    if _is_list(calls := _part(message, "tool_calls")):
        return Api.CHAT_COMPLETIONS, tuple(_of_completion(it, f"tool_calls[{place}]") for place, it in enumerate(calls))
    if _is_list(items := _part(message, "output")):
        return Api.RESPONSES, tuple(_of_response(it, f"output[{place}]") for place, it in enumerate(items) if _part(it, "type") in CALLS)
    if _part(message, "type") in (*CALLS, "reasoning"):
        return Api.RESPONSES, (_of_response(message, "the item"),) if _part(message, "type") in CALLS else ()
    if _is_list(blocks := _part(message, "content")):
        return Api.MESSAGES, tuple(_of_message(it, f"content[{place}]") for place, it in enumerate(blocks) if _part(it, "type") == "tool_use")
    if _part(message, "role") == "assistant":  # nothing but text, or a refusal
        return Api.CHAT_COMPLETIONS, ()
    raise InvalidArgumentError("message", EXPECTED)


def _of_completion(call: object, where: str) -> ToolCall:
    kind = "function" if _part(call, "custom") is None else "custom"
    tool = _part(call, kind)
    return ToolCall(id=_text(call, "id", where), name=_text(tool, "name", f"{where}.{kind}"), arguments=_written(tool, f"{where}.{kind}"))


def _of_response(item: object, where: str) -> ToolCall:
    call_id, name = _text(item, "call_id", where), _text(item, "name", where)
    return ToolCall(id=call_id, name=name, arguments=_written(item, where), kind=_part(item, "type"))


def _of_message(block: object, where: str) -> ToolCall:
    given = _part(block, "input")
    if not isinstance(given, Mapping):
        raise InvalidArgumentError("message", f"{where}.input to be an object")
    return ToolCall(id=_text(block, "id", where), name=_text(block, "name", where), arguments=cast("Mapping[str, Any]", given))


def _written(tool: object, where: str) -> str:
    """Return what the model wrote for a tool: JSON, or free text for one that takes that."""
    found = next((text for name in ("arguments", "input") if isinstance(text := _part(tool, name), str)), None)
    if found is None:
        raise InvalidArgumentError("message", f"{where}.arguments to be JSON text")
    return found


def _text(owner: object, name: str, where: str) -> str:
    value = _part(owner, name)
    if not isinstance(value, str) or not value:
        raise InvalidArgumentError("message", f"{where}.{name} to be text")
    return check_text("message", value)


def _part(owner: object, name: str) -> Any:
    """Return a part by its name in the vendor's API; None: it is not there."""
    return cast("Mapping[str, object]", owner).get(name) if isinstance(owner, Mapping) else getattr(owner, name, None)


def _is_list(value: object) -> bool:
    return isinstance(value, (list, tuple))


# ---------------------------------------------------------------- what is sent back


def sent_back(api: Api, replies: Sequence[Reply]) -> list[dict[str, Any]]:
    """Return the messages (Responses API: items) that answer the calls of one message, in their order. None asked for: none."""
    match api:
        case Api.CHAT_COMPLETIONS:
            return [{"role": "tool", "tool_call_id": it.call.id, "content": it.text} for it in replies]
        case Api.RESPONSES:
            return [{"type": f"{it.call.kind}_output", "call_id": it.call.id, "output": it.text} for it in replies]
        case Api.MESSAGES:
            blocks = [{"type": "tool_result", "tool_use_id": it.call.id, "content": it.text, "is_error": it.is_error} for it in replies]
            return [{"role": "user", "content": blocks}] if blocks else []
