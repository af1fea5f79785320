"""What a platform makes of the answers that come with a build. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import cast

import attrs

from chatworkspace import RefusedError
from chatworkspace.ports import CreateWorkspace, Evaluation, Parameter, Preset
from chatworkspace_fake._platform.book import Book
from chatworkspace_fake._platform.states import Blueprint

Problem = tuple[str, str]
"""A parameter, and what is wrong with its value."""
_NONE: Mapping[str, str] = {}
_CLASSIC = "Unable to validate parameter "
"""How the old way begins to refuse."""


def is_classic(blueprint: Blueprint, book: Book) -> bool:
    """Say whether a version is asked and checked the old way."""
    if blueprint.classic is not None:
        return blueprint.classic
    return book.classic and blueprint.evaluation is None


def evaluated(blueprint: Blueprint, answers: Mapping[str, str]) -> Evaluation | None:
    """Return what a version asks somebody who answers so; None: it is not evaluated."""
    return blueprint.evaluation(answers) if callable(blueprint.evaluation) else blueprint.evaluation


def values_for(
    blueprint: Blueprint, book: Book, given: Mapping[str, str], *, preset: Preset | None = None, before: Mapping[str, str] | None = None
) -> Mapping[str, str]:
    """Return the values that a start is built with. before: those of the build before; None: there was none. RefusedError.

    A preset's answers win over the caller's, these over those of before, and these over the defaults.
    """
    told = {**given, **({} if preset is None else preset.parameters)}
    asked = _asked(blueprint, book, {**(before or _NONE), **told})
    if not asked and not given:
        return _NONE
    if not book.drops_unknown and (unknown := sorted(given.keys() - asked.keys())):
        raise RefusedError("unknown parameters", validations=[(name, "the template has no such parameter") for name in unknown])
    kept = {name: value for name, value in (before or _NONE).items() if name in asked and not asked[name].ephemeral}
    answers = {**kept, **{name: value for name, value in told.items() if name in asked}}
    problems = _problems(asked, answers, kept if before is not None else None, classic=is_classic(blueprint, book), numbers=book.classic_numbers)
    if problems:
        raise _refusal(problems, asked, classic=is_classic(blueprint, book))
    return {name: answers.get(name, it.default or "") for name, it in asked.items()}


def _asked(blueprint: Blueprint, book: Book, answers: Mapping[str, str]) -> dict[str, Parameter]:
    """Return what a version asks somebody who answers so, by name: as it was evaluated, where it is."""
    asked = {it.name: it for it in blueprint.parameters}
    evaluation = None if is_classic(blueprint, book) else evaluated(blueprint, answers)
    if evaluation is None:
        return asked
    there = {it.name: it for it in evaluation.parameters if (it.name, "options") not in evaluation.unknown}
    return there if callable(blueprint.evaluation) else asked | there


def _problems(
    asked: Mapping[str, Parameter], answers: Mapping[str, str], kept: Mapping[str, str] | None, *, classic: bool, numbers: bool
) -> list[Problem]:
    def found() -> Iterator[Problem]:
        for name, it in asked.items():
            value = answers.get(name)
            if value is None:
                if it.required and it.default is None:
                    yield name, "Required parameter not provided; parameter value is null"
            elif kept is not None and not it.mutable and kept.get(name, value) != value:
                yield name, f"An answer that stands for good cannot become {_quoted(value)}."
            elif value != it.default and (problem := _misfit(it, value, numbers=numbers or not classic)):
                yield name, problem

    return list(found())


def _misfit(it: Parameter, value: str, *, numbers: bool) -> str:
    """Return what is wrong with a value, or nothing. numbers: those are looked at."""
    if it.type == "list(string)":
        return _list_misfit(it, value)
    if it.options and value not in {option.value for option in it.options}:
        return f"Not one of the options; the value was {_quoted(value)}."
    if it.type == "number" and numbers:
        return _number_misfit(it, value)
    if it.type == "bool" and value not in {"true", "false"}:
        return f"Neither true nor false; the value was {_quoted(value)}."
    if it.validation_regex and not _matches(it.validation_regex, value):
        return f"Does not match {it.validation_regex}; the value was {_quoted(value)}."
    return ""


def _list_misfit(it: Parameter, value: str) -> str:
    items: object = None
    with suppress(ValueError):
        items = json.loads(value)
    texts = cast("list[object]", items) if isinstance(items, list) else []
    if not isinstance(items, list) or not all(isinstance(item, str) for item in texts):
        return f"No JSON list of strings; the value was {_quoted(value)}."
    allowed = {option.value for option in it.options}
    if allowed and not allowed.issuperset(cast("list[str]", texts)) and value not in allowed:
        return f"Not all among the options; the value was {_quoted(value)}."
    return ""


def _number_misfit(it: Parameter, value: str) -> str:
    try:
        number = float(value)
    except ValueError:
        return f"No number; the value was {_quoted(value)}."
    if it.validation_min is not None and number < it.validation_min:
        return f"Less than {it.validation_min}; the value was {_quoted(value)}."
    if it.validation_max is not None and number > it.validation_max:
        return f"More than {it.validation_max}; the value was {_quoted(value)}."
    return ""


def _matches(pattern: str, value: str) -> bool:
    try:
        return re.search(pattern, value) is not None
    except re.error:  # the server's own dialect knows more
        return True


def _quoted(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)


def _refusal(problems: list[Problem], asked: Mapping[str, Parameter], *, classic: bool) -> RefusedError:
    """Return how it is refused: the first problem in words, or all of them by their fields."""
    if not classic:
        return RefusedError("Unable to validate parameters", validations=problems)
    name, problem = problems[0]
    return RefusedError(
        f"{_CLASSIC}{_quoted(name)}",
        detail=f"can't validate build parameter {_quoted(asked[name].display_name or name)}: {problem}",
    )


# ------------------------------------------------------------------ as a client asks, and tells it


def with_preset(blueprint: Blueprint | None, book: Book, request: CreateWorkspace) -> CreateWorkspace:
    """Return the request as a client sends it where presets are ignored: with the preset's own answers."""
    if request.preset_id is None or book.takes_presets or blueprint is None:
        return request
    told = next((it.parameters for it in blueprint.presets if it.id == request.preset_id), _NONE)
    return attrs.evolve(request, parameters={**request.parameters, **told})


@contextmanager
def classic_by_field() -> Generator[None, None, None]:
    """Tell what is refused the old way, which names a parameter in words, by its field."""
    try:
        yield
    except RefusedError as error:
        if error.validations or not error.message.startswith(_CLASSIC):
            raise
        name = str(json.loads(error.message.removeprefix(_CLASSIC)))
        raise RefusedError(error.message, validations=[(name, error.detail)]) from error
