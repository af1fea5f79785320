"""Answers to a template's parameters: whether they fit, and the variables that tell them to what runs in a workspace. Pure."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from typing import Any, cast

from chatworkspace.ports import Parameter

PREFIX = "CHATWORKSPACE_PARAMETER_"
"""What the names of variables begin with: none of them can take the place of another variable."""
LONGEST = 32 * 1024
"""Characters of an answer: a variable has room for some more."""


def variable_of(name: str) -> str:
    """Return the variable that tells an answer: capitals, digits and _."""
    return PREFIX + re.sub("[^A-Z0-9]", "_", name.upper())


def check_answer(parameter: Parameter, answer: str) -> str:
    """Return what is wrong with an answer, without showing it; nothing: it fits."""
    if len(answer) > LONGEST or "\0" in answer:
        return f"at most {LONGEST:,} characters, none of them NUL"
    if said := _check_type(parameter, answer):
        return said
    if parameter.options and not _is_option(parameter, answer):
        return f"one of its options: {', '.join(it.value for it in parameter.options)[:300]}"
    if parameter.validation_regex and parameter.type == "string" and not re.search(parameter.validation_regex, answer):
        return f"text that matches {parameter.validation_regex[:200]}"
    return ""


def _is_option(parameter: Parameter, answer: str) -> bool:
    allowed = {it.value for it in parameter.options}
    return set(_texts(answer) or ()) <= allowed if parameter.type == "list(string)" else answer in allowed


def _check_type(parameter: Parameter, answer: str) -> str:
    match parameter.type:
        case "number":
            return _check_number(parameter, answer)
        case "bool":
            return "" if answer in {"true", "false"} else "true or false"
        case "list(string)":
            return "" if _texts(answer) is not None else "a list of texts, as JSON"
        case _:
            return ""


def _check_number(parameter: Parameter, answer: str) -> str:
    try:
        number = float(answer) if re.fullmatch(r"[-+]?\d+(\.\d+)?([eE][-+]?\d+)?", answer, re.ASCII) else math.nan
    except ValueError:
        number = math.nan
    least, most = parameter.validation_min, parameter.validation_max
    if not math.isfinite(number):
        return "a number"
    if (least is not None and number < least) or (most is not None and number > most):
        return f"a number from {'any' if least is None else least} to {'any' if most is None else most}"
    return ""


def _texts(answer: str) -> list[str] | None:
    try:
        found: Any = json.loads(answer)
    except (ValueError, RecursionError):
        return None
    whole = isinstance(found, list) and all(isinstance(it, str) for it in cast("Any", found))
    return cast("list[str]", found) if whole else None


def complete(parameters: Iterable[Parameter], given: Mapping[str, str]) -> tuple[dict[str, str], list[tuple[str, str]]]:
    """Return the answers with defaults, and what is wrong with them: (name, what was expected)."""
    known = {it.name: it for it in parameters}
    wrong = [(name, "no such parameter: the template does not ask for it") for name in given if name not in known]
    answers: dict[str, str] = {}
    for name, parameter in known.items():
        answer = given.get(name, parameter.default)
        if answer is None:
            wrong += [(name, "an answer: it is required")] if parameter.required else []
        elif said := check_answer(parameter, answer):
            wrong.append((name, said))
        else:
            answers[name] = answer
    return answers, wrong
