"""What came of a recording: all that happened, in order, and what each chat has in the end. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from chatworkspace_cli._offline.recordings import ToolCall

MARK = 10
"""Characters at the end of a name that say whose making a workspace is."""


@attrs.frozen(kw_only=True)
class Event:
    """Something that happened, for people and programs to see."""

    at: float
    """Seconds since the beginning."""
    chat: str
    kind: str
    """call, phase, log, result, fault, or messages."""
    text: str
    content: Mapping[str, Any] | None = None
    """Of a result: what the tool said."""
    messages: Sequence[Mapping[str, Any]] = ()
    """Ready to be sent back to the vendor."""


@attrs.frozen(kw_only=True)
class Row:
    """What came of one chat."""

    chat: str
    calls: int
    made: int
    """Workspaces that the platform made for it."""
    live: int
    state: str
    time: float
    """Seconds from the chat's first call to its last answer."""


@attrs.frozen(kw_only=True)
class Story:
    """All that happened, in order, and what came of it by the platform's own record."""

    events: Sequence[Event]
    rows: Sequence[Row]
    duplicates: int
    """Live workspaces that bear the mark of another live one."""


def asked(call: ToolCall) -> str:
    """Return one line for people: what a model asks for."""
    given = call.arguments if isinstance(call.arguments, str) else json.dumps(call.arguments, separators=(",", ":"), ensure_ascii=False)
    return f"{call.name} {given}"


def said(name: str, content: Mapping[str, Any], *, is_error: bool) -> str:
    """Return one line for people."""
    if is_error or ("error" in content and "state" not in content):
        return str(content.get("error", ""))
    match name:
        case "list_templates":
            told = f"{len(content['templates'])} templates: {content['next_step']}"
        case "read_template":
            told = f"{content['template']['name']}: {len(content['parameters'])} parameters, {len(content.get('presets', ()))} presets"
        case "execute":
            told = f"exit code {content['exit_code']}, {len(content['output'])} characters"
        case "read_file":
            told = f"{content['lines']} of {content['total_lines']} lines"
        case "write_file":
            told = f"{content['bytes']} bytes"
        case _:
            told = f"{content['state']} ({content['reason']}) {content.get('workspace_name', '')}".rstrip()
    return told
