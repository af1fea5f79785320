"""The tools' definitions in the forms that vendors read. Pure.

OpenAI: strict mode, in which every argument is listed as required, one that may be left out may be null, and an object of free keys cannot be said
(so parameters are a list of {name, value}); "openai" is for Chat Completions, "openai-responses" for the Responses API. Anthropic and MCP: plain JSON
Schema.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from chatworkspace._tools.definitions import TOOLS, Argument, Kind, Tool

Form = Literal["openai", "openai-responses", "anthropic", "mcp"]
FORMS: tuple[Form, ...] = ("openai", "openai-responses", "anthropic", "mcp")
_PAIR: dict[str, Any] = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "value": {"type": "string"}},
    "required": ["name", "value"],
    "additionalProperties": False,
}


def specs(form: Form, tools: Sequence[Tool] = TOOLS) -> list[dict[str, Any]]:
    """Return the definitions of these tools in one form. A fresh value each time."""
    match form:
        case "openai":
            return [{"type": "function", "function": _function(tool)} for tool in tools]
        case "openai-responses":
            return [{"type": "function"} | _function(tool) for tool in tools]
        case "anthropic":
            return [{"name": tool.name, "description": tool.description, "input_schema": _schema(tool)} for tool in tools]
        case "mcp":
            return [_mcp(tool) for tool in tools]


def _function(tool: Tool) -> dict[str, Any]:
    schema = {
        "type": "object",
        "properties": {argument.name: _strict(argument) for argument in tool.arguments},
        "required": [argument.name for argument in tool.arguments],
        "additionalProperties": False,
    }
    return {"name": tool.name, "description": tool.description, "strict": True, "parameters": schema}


def _strict(argument: Argument) -> dict[str, Any]:
    kind: dict[str, Any]
    match argument.kind:
        case Kind.TEXT | Kind.BODY:
            kind = {"type": "string"}
        case Kind.NUMBER:
            kind = {"type": "integer"}
        case Kind.FLAG:
            kind = {"type": "boolean"}
        case Kind.PAIRS:
            kind = {"type": "array", "items": _copy_of_pair()}
    if not argument.required:
        kind["type"] = [kind["type"], "null"]
    return kind | {"description": argument.description}


def _copy_of_pair() -> dict[str, Any]:
    return _PAIR | {"properties": {name: dict(of) for name, of in _PAIR["properties"].items()}, "required": [*_PAIR["required"]]}


def _mcp(tool: Tool) -> dict[str, Any]:
    hints = {"readOnlyHint": not tool.changes, "destructiveHint": tool.destroys, "idempotentHint": tool.repeatable, "openWorldHint": True}
    return {"name": tool.name, "title": tool.title, "description": tool.description, "inputSchema": _schema(tool), "annotations": hints}


def _schema(tool: Tool) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {argument.name: _plain(argument) for argument in tool.arguments},
        "required": [argument.name for argument in tool.arguments if argument.required],
        "additionalProperties": False,
    }


def _plain(argument: Argument) -> dict[str, Any]:
    match argument.kind:
        case Kind.TEXT | Kind.BODY:
            return {"type": "string", "description": argument.description}
        case Kind.NUMBER:
            return {"type": "integer", "minimum": 1, "description": argument.description}
        case Kind.FLAG:
            return {"type": "boolean", "description": argument.description}
        case Kind.PAIRS:
            return {"type": "object", "additionalProperties": {"type": "string"}, "description": argument.description}
