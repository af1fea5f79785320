"""How large a result may be: one budget of bytes each, kept by leaving out whole things in a stated order. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

Content = dict[str, Any]


def compact(content: Mapping[str, Any]) -> str:
    """Return the shortest JSON."""
    import json  # noqa: PLC0415 # not every host has tools called, and importing the library should cost little

    text = json.dumps(content, separators=(",", ":"), ensure_ascii=False)
    return text.encode("utf-8", "replace").decode()  # half a character, as JSON may hold, can be sent nowhere


def size(content: Mapping[str, Any]) -> int:
    """Return the bytes of the shortest JSON, in UTF-8."""
    return len(compact(content).encode())


def within(content: Content, most: int, steps: Iterable[Callable[[Content], Content]]) -> Content:
    """Return the content after as many of the steps as it takes to fit."""
    for step in steps:
        if size(content) <= most:
            break
        content = step(content)
    return content


def without(field: str) -> Callable[[Content], Content]:
    """Return a step that leaves out a field."""
    return lambda content: {name: value for name, value in content.items() if name != field}
