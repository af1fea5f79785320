"""Parameters and presets as the server writes them."""

from __future__ import annotations

from typing import Any

from chatworkspace.ports import Evaluation, Option, Parameter, Preset


def parameter_json(it: Parameter, *, form_type: bool) -> dict[str, Any]:
    """Return a parameter as the import of its version found it. form_type: it tells how it wants to be asked."""
    limits = {"validation_min": it.validation_min, "validation_max": it.validation_max}
    body: dict[str, Any] = {
        "name": it.name,
        "display_name": it.display_name,
        "description": it.description,
        "description_plaintext": it.description,
        "type": it.type,
        "mutable": it.mutable,
        "default_value": it.default or "",
        "icon": "",
        "options": [_option_json(option) for option in it.options],
        "validation_error": "",
        "validation_regex": it.validation_regex,
        "required": it.required,
        "ephemeral": it.ephemeral,
        **{name: limit for name, limit in limits.items() if limit is not None},
    }
    return body | ({"form_type": it.form_type} if form_type else {})


def _option_json(it: Option) -> dict[str, Any]:
    return {"name": it.name, "description": it.description, "value": it.value, "icon": it.icon}


def preset_json(it: Preset, *, details: bool, default: bool) -> dict[str, Any]:
    """Return a preset, in the server's own capitals. details: it tells more than its name and its values. default: it tells whether it is one."""
    values = [{"Name": name, "Value": value} for name, value in it.parameters.items()]
    body: dict[str, Any] = {"ID": str(it.id), "Name": it.name, "Parameters": values or None, **({"Default": it.default} if default else {})}
    more = {"DesiredPrebuildInstances": it.desired_prebuilds or None, "Description": it.description, "Icon": it.icon}
    return body | (more if details else {})


def evaluation_json(it: Evaluation, given: dict[str, Any], number: object) -> dict[str, Any]:
    """Return the parameters as they are for an owner. given: the inputs; number: of the question, which the answer repeats."""
    problems = [] if it.complete else [_diagnostic("Some modules could not be loaded", "")]
    problems += [_diagnostic(it.problem, "")] if it.problem else []
    parameters = [_evaluated_json(parameter, given, order, it.unknown) for order, parameter in enumerate(it.parameters)]
    return {"id": number, "diagnostics": problems, "parameters": parameters}


def _evaluated_json(it: Parameter, given: dict[str, Any], order: int, unknown: frozenset[tuple[str, str]]) -> dict[str, Any]:
    default = None if (it.name, "default") in unknown else it.default
    value = given.get(it.name, default)
    problems: list[dict[str, Any]] = []
    if it.error:
        problems.append(_diagnostic(it.error, ""))
    elif it.required and value is None:
        problems.append(_diagnostic("Required parameter not provided", "required"))
    validation = {
        "validation_error": "",
        "validation_regex": it.validation_regex or None,
        "validation_min": it.validation_min,
        "validation_max": it.validation_max,
        "validation_monotonic": None,
    }
    validates = it.validation_regex or it.validation_min is not None or it.validation_max is not None
    return {
        "name": it.name,
        "display_name": it.display_name,
        "description": it.description,
        "type": it.type,
        "form_type": it.form_type or "input",
        "styling": {"mask_input": True} if it.masked else {},
        "mutable": it.mutable,
        "icon": "",
        "options": [_option_json(option) | {"value": _valued(option.value)} for option in it.options]
        + ([_option_json(Option(name="", value="")) | {"value": _valued(None)}] if (it.name, "options") in unknown else []),
        "validations": [validation] if validates else [],
        "required": it.required,
        "order": order,
        "ephemeral": it.ephemeral,
        "value": _valued(value),
        "default_value": _valued(default),
        "diagnostics": problems,
    }


def _valued(value: str | None) -> dict[str, Any]:
    return {"value": value or "", "valid": value is not None}


def _diagnostic(summary: str, code: str) -> dict[str, Any]:
    return {"severity": "error", "summary": summary, "detail": "", "extra": {"code": code}}
