"""What template versions ask, and their presets."""

from __future__ import annotations

import json
from typing import Any

from chatworkspace.ports import Evaluation, Option, Parameter
from chatworkspace_simulator._api.routes import Route
from chatworkspace_simulator._api.world import World
from chatworkspace_simulator._http.messages import ApiError, Reply, Request, told


def rich_parameters(world: World, request: Request) -> Reply:
    """Answer with what a version asks, as its import found it."""
    _, blueprint = world.version(request.id("version"))
    asked = world.ask("list_parameters", lambda: blueprint.parameters)
    return told([_parameter_json(it, form_type=world.level.form_types) for it in asked])


def _parameter_json(it: Parameter, *, form_type: bool) -> dict[str, Any]:
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


def presets(world: World, request: Request) -> Reply:
    """Answer with the presets of a version, in the server's own capitals; null: there are none."""
    _, blueprint = world.version(request.id("version"))
    found = world.ask("list_presets", lambda: blueprint.presets)
    bodies: list[dict[str, Any]] = []
    for it in found:
        values = [{"Name": name, "Value": value} for name, value in it.parameters.items()]
        body: dict[str, Any] = {"ID": str(it.id), "Name": it.name, "Parameters": values or None, "Default": it.default}
        details = {"DesiredPrebuildInstances": it.desired_prebuilds or None, "Description": it.description, "Icon": it.icon}
        bodies.append(body | (details if world.level.preset_details else {}))
    return told(bodies or None)


def evaluate(world: World, request: Request) -> Reply:
    """Answer with the parameters as they are for one owner and these inputs."""
    body = request.json()
    _, blueprint = world.version(request.id("version"))
    found = world.ask("evaluate_parameters", lambda: blueprint.evaluation)
    evaluation = Evaluation(parameters=blueprint.parameters) if found is None else found
    inputs = body.get("inputs")
    if not isinstance(inputs, dict):
        raise ApiError(400, "Request body must be valid JSON.", detail="inputs: expected an object")
    given = json.loads(json.dumps(inputs))
    problems = [] if evaluation.complete else [_diagnostic("Some modules could not be loaded", "")]
    parameters = [_evaluated_json(it, given, order, evaluation.unknown) for order, it in enumerate(evaluation.parameters)]
    return told({"id": body.get("id", 0), "diagnostics": problems, "parameters": parameters})


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
        "styling": {},
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


ROUTES = [
    Route(method="GET", path="/templateversions/{version}/rich-parameters", handler=rich_parameters),
    Route(method="GET", path="/templateversions/{version}/presets", handler=presets),
    Route(
        method="POST",
        path="/templateversions/{version}/dynamic-parameters/evaluate",
        handler=evaluate,
        mounted=lambda level: level.evaluates,
    ),
]
