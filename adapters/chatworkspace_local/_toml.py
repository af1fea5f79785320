"""Reads a template.toml: what it may hold, and what is wrong with it, in words. What is odd is an error of that template alone."""

from __future__ import annotations

import json
import math
import re
import sys
from collections.abc import Collection, Mapping
from typing import Any, cast
from uuid import UUID, uuid5

import attrs

from chatworkspace.ports import Option, Parameter, Preset
from chatworkspace_local._answers import check_answer, variable_of

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

TOP = frozenset({"display_name", "description", "time_to_live", "parameters", "presets"})
OF_PARAMETER = frozenset(
    {"name", "type", "default", "required", "mutable", "display_name", "description", "masked", "options", "regex", "min", "max"}
)
OF_OPTION = frozenset({"name", "value", "description"})
OF_PRESET = frozenset({"name", "description", "default", "parameters"})
TYPES = ("string", "number", "bool", "list(string)")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")
LONGEST_TTL = 10 * 365 * 86400.0
"""Seconds."""


class TemplateError(Exception):
    """A template cannot be used; the message says why."""


@attrs.frozen(kw_only=True)
class Told:
    """What a template.toml tells. time_to_live: seconds, or None."""

    display_name: str = ""
    description: str = ""
    time_to_live: float | None = None
    parameters: tuple[Parameter, ...] = ()
    presets: tuple[Preset, ...] = ()


def parse(text: bytes, version_id: UUID) -> Told:
    """Return what it tells; presets get ids of that version. TemplateError."""
    try:
        found: Any = tomllib.loads(text.decode())
    except UnicodeDecodeError:
        raise TemplateError("template.toml is not UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise TemplateError(f"template.toml is not TOML: {error}"[:300]) from None
    except (RecursionError, ValueError, OverflowError):
        raise TemplateError("template.toml nests too deeply, or has a number that is none") from None
    top = _table(found, "template.toml", TOP)
    parameters = tuple(_parameter(it) for it in _tables(top, "parameters"))
    _see_names([it.name for it in parameters], "parameters")
    _see_names([variable_of(it.name) for it in parameters], "variables of parameters")
    presets = tuple(_preset(it, parameters, version_id) for it in _tables(top, "presets"))
    _see_names([it.name for it in presets], "presets")
    return Told(
        display_name=_text(top, "display_name"),
        description=_text(top, "description"),
        time_to_live=_ttl(top),
        parameters=parameters,
        presets=presets,
    )


def _parameter(value: Any) -> Parameter:
    table = _table(value, "a parameter", OF_PARAMETER)
    name = _text(table, "name")
    if not _NAME.fullmatch(name):
        raise TemplateError(f"a parameter's name is letters, digits, _ and -, not {name!r:.100}")
    kind = _text(table, "type") or "string"
    if kind not in TYPES:
        raise TemplateError(f"type of {name} is one of {', '.join(TYPES)}, not {kind!r:.100}")
    default = None if "default" not in table else as_answer(table["default"], f"default of {name}")
    parameter = Parameter(
        name=name,
        type=kind,
        default=default,
        required=_flag(table, "required", default is None),
        mutable=_flag(table, "mutable", fallback=True),
        display_name=_text(table, "display_name"),
        description=_text(table, "description"),
        masked=_flag(table, "masked", fallback=False),
        options=tuple(_option(it) for it in _tables(table, "options")),
        validation_regex=_regex(table),
        validation_min=_bound(table, "min"),
        validation_max=_bound(table, "max"),
    )
    if default is not None and (said := check_answer(parameter, default)):
        raise TemplateError(f"default of {name}: {said}")
    return parameter


def _option(value: Any) -> Option:
    if not isinstance(value, dict):
        text = as_answer(value, "an option")
        return Option(name=text, value=text)
    table = _table(value, "an option", OF_OPTION)
    answer = as_answer(table.get("value"), "value of an option")
    return Option(name=_text(table, "name") or answer, value=answer, description=_text(table, "description"))


def _preset(value: Any, parameters: Collection[Parameter], version_id: UUID) -> Preset:
    table = _table(value, "a preset", OF_PRESET)
    name = _text(table, "name")
    if not name:
        raise TemplateError("a preset has a name")
    given = table.get("parameters", {})
    if not isinstance(given, dict):
        raise TemplateError(f"parameters of the preset {name} are a table")
    answers = {key: as_answer(it, f"{key} of the preset {name}") for key, it in cast("dict[str, Any]", given).items()}
    known = {it.name: it for it in parameters}
    for key, answer in answers.items():
        said = check_answer(known[key], answer) if key in known else "there is no such parameter"
        if said:
            raise TemplateError(f"{key} of the preset {name}: {said}")
    return Preset(
        id=uuid5(version_id, f"preset {name}"),
        name=name,
        parameters=answers,
        default=_flag(table, "default", fallback=False),
        description=_text(table, "description"),
    )


# ------------------------------------------------------------------ values


def as_answer(value: Any, what: str) -> str:
    """Return a value of TOML as the text that answers a parameter. TemplateError."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) or (isinstance(value, float) and math.isfinite(value)):
        return str(value)
    if isinstance(value, list) and all(isinstance(it, str) for it in cast("Any", value)):
        return json.dumps(value)
    raise TemplateError(f"{what} is text, a number, true or false, or a list of texts")


def _table(value: Any, what: str, keys: frozenset[str]) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise TemplateError(f"{what} is a table")
    table = cast("dict[str, Any]", value)
    odd = sorted(set(table) - keys)
    if odd:
        raise TemplateError(f"{what} has the unknown key {odd[0]!r:.100}; it may have {', '.join(sorted(keys))}")
    return table


def _tables(table: Mapping[str, Any], key: str) -> list[Any]:
    value = table.get(key, [])
    if not isinstance(value, list):
        raise TemplateError(f"{key} is a list")
    return list(cast("Any", value))


def _text(table: Mapping[str, Any], key: str) -> str:
    value = table.get(key, "")
    if not isinstance(value, str):
        raise TemplateError(f"{key} is text")
    return value


def _flag(table: Mapping[str, Any], key: str, fallback: bool) -> bool:  # noqa: FBT001 # what holds where nothing is said
    value = table.get(key, fallback)
    if not isinstance(value, bool):
        raise TemplateError(f"{key} is true or false")
    return value


def _bound(table: Mapping[str, Any], key: str) -> int | None:
    value = table.get(key)
    if value is not None and (not isinstance(value, int) or isinstance(value, bool)):
        raise TemplateError(f"{key} is a whole number")
    return value


def _regex(table: Mapping[str, Any]) -> str:
    text = _text(table, "regex")
    try:
        re.compile(text)
    except (re.error, RecursionError, OverflowError) as error:
        raise TemplateError(f"regex is no regular expression: {error}"[:200]) from None
    return text


def _ttl(table: Mapping[str, Any]) -> float | None:
    value = table.get("time_to_live")
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value <= LONGEST_TTL:
        raise TemplateError("time_to_live is a number of seconds above 0, ten years at most")
    return float(value)


def _see_names(names: list[str], what: str) -> None:
    if found := next((name for name in names if names.count(name) > 1), None):
        raise TemplateError(f"two {what} are {found!r:.100}")
