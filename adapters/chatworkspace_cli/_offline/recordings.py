"""Recorded tool calls: JSON Lines of {chat, at, message}, each message as OpenAI's or Anthropic's API returns it. Pure.

Of OpenAI's Responses API that is a response, whole, or one item of its output. What comes back are the tool-result messages (there: items), ready to
be sent to the same vendor.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from typing import Any, cast

import attrs

LONGEST = 366 * 86400
"""Seconds."""


CALL = "function_call"
"""What an item of a response is called that asks for a call."""


class Vendor(Enum):
    """Whose form a message has."""

    OPENAI = "openai"
    RESPONSES = "openai-responses"
    ANTHROPIC = "anthropic"


@attrs.frozen(kw_only=True)
class ToolCall:
    """One call that a model asked for."""

    id: str
    name: str
    arguments: Mapping[str, Any] | str
    """A mapping, or the JSON text as the model wrote it."""


@attrs.frozen(kw_only=True)
class Line:
    """At that second, the model that talks in this chat answered with these calls; more than one: in parallel."""

    number: int
    chat: str
    at: float
    vendor: Vendor
    calls: tuple[ToolCall, ...]


@attrs.frozen(kw_only=True)
class BadLine:
    """A line that cannot be read."""

    number: int
    problem: str


@attrs.frozen(kw_only=True)
class Reply:
    """What a tool said."""

    call: ToolCall
    text: str
    is_error: bool


class _NotARecordingError(ValueError):
    """The message says what is wrong with a line."""


def read(text: str) -> Iterator[Line | BadLine]:
    """Read a recording. A line that cannot be read is told with its number and its fault; the others are read all the same."""
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                yield _line(number, line)
            except _NotARecordingError as error:
                yield BadLine(number=number, problem=str(error))


def _line(number: int, text: str) -> Line:
    try:
        value: object = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _NotARecordingError("not JSON") from error
    fields = _object(value, "the line")
    chat, message = fields.get("chat"), fields.get("message")
    if not isinstance(chat, str) or not 1 <= len(chat) <= 255 or not _can_be_sent(chat) or "\0" in chat:
        raise _NotARecordingError("chat: expected 1 to 255 characters of text")
    vendor, calls = _calls(_object(message, "message"))
    return Line(number=number, chat=chat, at=_seconds(fields.get("at", 0)), vendor=vendor, calls=calls)


def _object(value: object, what: str) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise _NotARecordingError(f"{what}: expected an object")
    return cast("dict[str, object]", value)


def _list(value: object, what: str) -> Sequence[object]:
    if not isinstance(value, list):
        raise _NotARecordingError(f"{what}: expected a list")
    return cast("list[object]", value)


def _seconds(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= LONGEST:
        raise _NotARecordingError("at: expected seconds, 0 to a year of them")
    return float(value)


def _calls(message: Mapping[str, object]) -> tuple[Vendor, tuple[ToolCall, ...]]:
    if message.get("tool_calls") is not None:
        return Vendor.OPENAI, tuple(_of_openai(it) for it in _list(message["tool_calls"], "message.tool_calls"))
    if "output" in message:
        items = [_object(it, "message.output[]") for it in _list(message["output"], "message.output")]
        return Vendor.RESPONSES, tuple(_of_responses(item, "message.output[]") for item in items if item.get("type") == CALL)
    if message.get("type") in (CALL, "reasoning"):
        return Vendor.RESPONSES, (_of_responses(message, "message"),) if message["type"] == CALL else ()
    content = message.get("content")
    if isinstance(content, list):
        blocks = [_object(it, "message.content[]") for it in cast("list[object]", content)]
        return Vendor.ANTHROPIC, tuple(_of_anthropic(block) for block in blocks if block.get("type") == "tool_use")
    if isinstance(content, str) or ("content" in message and content is None):  # nothing but text, or a refusal
        return Vendor.OPENAI, ()
    raise _NotARecordingError("message: expected tool_calls or function_call items (OpenAI), or a list of content blocks (Anthropic)")


def _of_openai(value: object) -> ToolCall:
    call = _object(value, "message.tool_calls[]")
    function = _object(call.get("function"), "message.tool_calls[].function")
    arguments = function.get("arguments", "")
    if not isinstance(arguments, str):
        raise _NotARecordingError("message.tool_calls[].function.arguments: expected JSON text")
    return ToolCall(id=_text(call.get("id"), "message.tool_calls[].id"), name=_text(function.get("name"), "function.name"), arguments=arguments)


def _of_responses(item: Mapping[str, object], where: str) -> ToolCall:
    arguments = item.get("arguments", "")
    if not isinstance(arguments, str):
        raise _NotARecordingError(f"{where}.arguments: expected JSON text")
    return ToolCall(id=_text(item.get("call_id"), f"{where}.call_id"), name=_text(item.get("name"), f"{where}.name"), arguments=arguments)


def _of_anthropic(block: Mapping[str, object]) -> ToolCall:
    given = _object(block.get("input", {}), "message.content[].input")
    return ToolCall(id=_text(block.get("id"), "message.content[].id"), name=_text(block.get("name"), "message.content[].name"), arguments=given)


def _text(value: object, what: str) -> str:
    if not isinstance(value, str) or not _can_be_sent(value):
        raise _NotARecordingError(f"{what}: expected text")
    return value


def _can_be_sent(text: str) -> bool:
    """Tell whether it is no half of a character, as JSON may hold."""
    return not any("\ud800" <= character <= "\udfff" for character in text)


# ---------------------------------------------------------------- what is sent back


def messages(vendor: Vendor, replies: Sequence[Reply]) -> list[dict[str, Any]]:
    """Return the tool-result messages for the calls of one message, in their order."""
    match vendor:
        case Vendor.OPENAI:
            return [{"role": "tool", "tool_call_id": reply.call.id, "content": reply.text} for reply in replies]
        case Vendor.RESPONSES:
            return [{"type": "function_call_output", "call_id": reply.call.id, "output": reply.text} for reply in replies]
        case Vendor.ANTHROPIC:
            blocks = [{"type": "tool_result", "tool_use_id": it.call.id, "content": it.text, "is_error": it.is_error} for it in replies]
            return [{"role": "user", "content": blocks}] if blocks else []
