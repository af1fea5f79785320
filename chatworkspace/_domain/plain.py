"""Values as JSON has them, and as one short line. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from enum import Enum
from typing import Any
from uuid import UUID

import attrs

SHORT = 60
"""Characters of one text in a repr."""


class OwnWords(str):
    """A text of the library's own that holds nobody's values, names at most: no value is looked for in it."""

    __slots__ = ()


class Listed(str):
    """The JSON text of a list, which was given as a list: only a parameter that takes one understands it."""

    __slots__ = ()


class Plain:
    """A value that travels as JSON."""

    __slots__ = ()

    def as_dict(self) -> dict[str, Any]:
        """Return the value as JSON has it: each attribute by its name; ids and instants (ISO 8601) as text, enums by value, seconds as numbers.

        Stable: attributes may be added, none is renamed. It holds no secret that the value itself does not hold.
        """
        return {field.name: plain(getattr(self, field.name)) for field in attrs.fields(type(self))}  # type: ignore[arg-type] # who inherits is an attrs class


def plain(value: object) -> Any:
    """Return a value as JSON has it."""
    if isinstance(value, Plain):
        return value.as_dict()
    if value is None or isinstance(value, (str, int, float)):
        return value.value if isinstance(value, Enum) else value
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(plain(name)): plain(it) for name, it in value.items()}  # pyright: ignore[reportUnknownVariableType,reportUnknownArgumentType] # whatever it holds
    if isinstance(value, Collection):
        return [plain(it) for it in value]  # pyright: ignore[reportUnknownVariableType,reportUnknownArgumentType] # as above
    assert isinstance(value, UUID), "what values are made of"
    return str(value)


def short(text: str) -> str:
    """Return the beginning of a text, for a repr."""
    return text if len(text) <= SHORT else f"{text[: SHORT - 1]}…"
