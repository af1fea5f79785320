"""What a model wrote, checked against the tool's definition. Pure. A bad argument gets an error that names it and says what is expected."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, cast

import attrs

from chatworkspace._domain.arguments import check_text
from chatworkspace._domain.plain import Listed
from chatworkspace._domain.texts import cut
from chatworkspace._tools.definitions import Kind, Tool
from chatworkspace.errors import InvalidArgumentError

TEXTS = (Kind.TEXT, Kind.BODY)
MOST_TEXT = 4_096
"""Characters of one text."""
MOST_PAIRS = 256
_SHOWN = 40
"""Characters of a foreign key that an error repeats."""


@attrs.frozen(kw_only=True)
class Arguments:
    """Checked arguments. What was left out, or null, has the value that means so."""

    texts: Mapping[str, str]
    numbers: Mapping[str, int]
    flags: Mapping[str, bool]
    pairs: Mapping[str, Mapping[str, str]] = attrs.field(repr=False)
    """May hold secrets."""

    def text(self, name: str) -> str:
        """Return a text without blanks around it; empty when left out."""
        return self.texts.get(name, "").strip()


def check(tool: Tool, arguments: object) -> Arguments:
    """Return the arguments of a call: a mapping, or the JSON text as the model wrote it. InvalidArgumentError."""
    given = _parsed(arguments, tool.most)
    for key in given:
        if not isinstance(key, str) or tool.argument(key) is None:
            raise InvalidArgumentError(_shown(key), _known(tool))
    values = {argument: given[argument.name] for argument in tool.arguments if given.get(argument.name) is not None}
    checked = Arguments(
        texts={it.name: _text(it.name, value, it.most) for it, value in values.items() if it.kind in TEXTS},
        numbers={it.name: _number(it.name, value) for it, value in values.items() if it.kind is Kind.NUMBER},
        flags={it.name: _flag(it.name, value) for it, value in values.items() if it.kind is Kind.FLAG},
        pairs={it.name: _pairs(it.name, value) for it, value in values.items() if it.kind is Kind.PAIRS},
    )
    for argument in tool.arguments:
        if argument.required and not checked.text(argument.name) and not (argument.empty and argument.name in checked.texts):
            raise InvalidArgumentError(argument.name, f"a value, it is required: {argument.description}")
    return checked


def _known(tool: Tool) -> str:
    if not tool.arguments:
        return f"no arguments at all: {tool.name} takes none"
    return f"one of the arguments of {tool.name}: {', '.join(argument.name for argument in tool.arguments)}"


def _shown(key: object) -> str:
    if not isinstance(key, str):
        return "(a key that is no text)"
    return "".join(character if character.isprintable() else "?" for character in cut(key, _SHOWN)) or "(empty key)"


# ---------------------------------------------------------------- JSON


def _parsed(arguments: object, most: int) -> Mapping[object, object]:
    if isinstance(arguments, str):
        if len(arguments) > most:
            raise InvalidArgumentError("arguments", f"at most {most} characters of JSON")
        try:
            arguments = json.loads(arguments.strip() or "{}", object_pairs_hook=_without_duplicates, parse_constant=_no_constant)
        except InvalidArgumentError:
            raise
        except (ValueError, RecursionError):
            raise InvalidArgumentError("arguments", "one JSON object") from None
    if arguments is None:
        return {}
    if not isinstance(arguments, Mapping):
        raise InvalidArgumentError("arguments", "an object with the tool's arguments")
    return cast("Mapping[object, object]", arguments)


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise InvalidArgumentError("arguments", "JSON in which each key stands once")
    return found


def _no_constant(name: str) -> None:
    raise InvalidArgumentError("arguments", f"JSON, which has no {name}")


# ---------------------------------------------------------------- values


def _text(name: str, value: object, most: int = MOST_TEXT) -> str:
    if not isinstance(value, str):
        raise InvalidArgumentError(name, f"text, not {_type_of(value)}")
    if len(value) > most:
        raise InvalidArgumentError(name, f"at most {most} characters")
    return check_text(name, value)


def _number(name: str, value: object) -> int:
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # JSON does not tell 2 from 2.0
    if isinstance(value, bool) or not isinstance(value, int) or not -(2**53) < value < 2**53:
        raise InvalidArgumentError(name, f"a whole number, not {_type_of(value)}")
    return value


def _flag(name: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise InvalidArgumentError(name, f"true or false, not {_type_of(value)}")
    return value


def _pairs(name: str, value: object) -> Mapping[str, str]:
    items = list(_listed(name, value))
    if len(items) > MOST_PAIRS:
        raise InvalidArgumentError(name, f"at most {MOST_PAIRS} entries")
    pairs: dict[str, str] = {}
    for key, text in items:
        checked = _text(name, key)
        if checked in pairs:
            raise InvalidArgumentError(name, "each name once")
        pairs[checked] = _answer(f"{name}.{_shown(checked)}", text)
    return pairs


def _answer(name: str, value: object) -> str:
    """Return a parameter's value as text, which all of them are. A list of texts is written as platforms read it: as JSON."""
    if isinstance(value, (list, tuple)):
        texts = [_text(name, it) for it in cast("list[object]", value)]
        return Listed(_text(name, json.dumps(texts, ensure_ascii=False, separators=(",", ":"))))
    if isinstance(value, (bool, int, float)):
        raise InvalidArgumentError(name, f'text, such as "2" or "true", not {_type_of(value)}')
    return _text(name, value)


def _listed(name: str, value: object) -> list[tuple[object, object]]:
    if isinstance(value, Mapping):
        return list(cast("Mapping[object, object]", value).items())
    expected = "an object of names to values, both text"
    if not isinstance(value, (list, tuple)):
        raise InvalidArgumentError(name, f"{expected}, not {_type_of(value)}")
    entries = cast("list[object]", value)
    if not all(isinstance(entry, Mapping) and set(cast("Mapping[object, object]", entry)) == {"name", "value"} for entry in entries):
        raise InvalidArgumentError(name, f"{expected}, or a list of {{name, value}}")
    return [(entry["name"], entry["value"]) for entry in cast("list[Mapping[str, object]]", entries)]


_TYPES: tuple[tuple[tuple[type, ...], str], ...] = (
    ((bool,), "true or false"),
    ((int, float), "a number"),
    ((str,), "text"),
    ((Mapping,), "an object"),
    ((list, tuple), "a list"),
    ((type(None),), "null"),
)


def _type_of(value: object) -> str:
    return next((name for types, name in _TYPES if isinstance(value, types)), "something that JSON does not have")
