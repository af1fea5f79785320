"""What a template asks, as it is for one owner. Pure.

What the platform evaluates for the owner counts; where it could not tell, what was recorded when the version was imported stands in, and is marked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import attrs

from chatworkspace._domain.offer import Evaluation, Parameter, Preset
from chatworkspace.model import Template

RECORDED = "Defaults and options are those recorded when the template's version was imported; they may differ for this user."
FAILED = "The parameters could not be evaluated for this user: defaults and options are those recorded at import, and may differ."
NOT_YET = f"{FAILED} This may pass, as where the template's version is still being imported: read the template again in a minute."
EVALUATED = "Evaluated for this user."
INCOMPLETE = "Evaluated for this user, save the parameters of modules that could not be loaded: those are as recorded at import."
INSTEAD = "recorded at import: not known for this user"


@attrs.frozen(kw_only=True)
class Described:
    """A parameter, and what has to be said about it."""

    parameter: Parameter
    notes: Mapping[str, str] = attrs.field(factory=dict[str, str])
    """Keys: default, options, validation."""


@attrs.frozen(kw_only=True)
class Questions:
    """All that a template asks."""

    asked: tuple[Described, ...]
    note: str
    """Where the values come from; empty when nothing is asked."""
    problem: str = ""
    """Why they could not be evaluated, in the platform's words; else empty."""


@attrs.frozen(kw_only=True)
class Description:
    """All that is known of a template."""

    template: Template
    questions: Questions
    presets: tuple[Preset, ...]


def questions(recorded: Sequence[Parameter], evaluation: Evaluation | None, *, failed: bool, may_pass: bool = False) -> Questions:
    """Return what a template asks. failed: it should have been evaluated, and could not be. may_pass: another time it may be."""
    if evaluation is None or evaluation.problem:
        asked = tuple(Described(parameter=parameter) for parameter in recorded)
        problem = "" if evaluation is None else evaluation.problem
        note = NOT_YET if may_pass else FAILED if failed or problem else RECORDED
        return Questions(asked=asked, note=note if asked or may_pass else "", problem=problem)
    at_import = {parameter.name: parameter for parameter in recorded}
    asked = tuple(_filled(parameter, at_import.get(parameter.name), evaluation) for parameter in evaluation.parameters)
    if evaluation.complete:
        return Questions(asked=asked, note=EVALUATED if asked else "")
    told = {it.parameter.name for it in asked}
    asked += tuple(Described(parameter=it, notes={"default": INSTEAD}) for it in recorded if it.name not in told)
    return Questions(asked=asked, note=INCOMPLETE if asked else "")


def _filled(parameter: Parameter, recorded: Parameter | None, evaluation: Evaluation) -> Described:
    """Fill in what the evaluation could not tell. An error of the parameter's own stands in for its default."""
    notes: dict[str, str] = {}
    if recorded is None:
        return Described(parameter=parameter)
    if (parameter.name, "default") in evaluation.unknown and not parameter.required and not parameter.error and recorded.default is not None:
        parameter, notes["default"] = attrs.evolve(parameter, default=recorded.default), INSTEAD
    if (parameter.name, "options") in evaluation.unknown and recorded.options:
        parameter, notes["options"] = attrs.evolve(parameter, options=recorded.options), INSTEAD
    if (parameter.name, "validation") in evaluation.unknown and _limits(recorded) != (("", None, None)):
        regex, least, most = _limits(recorded)
        parameter, notes["validation"] = attrs.evolve(parameter, validation_regex=regex, validation_min=least, validation_max=most), INSTEAD
    return Described(parameter=parameter, notes=notes)


def _limits(parameter: Parameter) -> tuple[str, int | None, int | None]:
    return parameter.validation_regex, parameter.validation_min, parameter.validation_max
