"""What template versions ask, and their presets."""

from __future__ import annotations

import json

from chatworkspace.ports import Evaluation
from chatworkspace_fake._platform.values import evaluated
from chatworkspace_simulator._api.routes import Route
from chatworkspace_simulator._api.shapes.parameters import evaluation_json, parameter_json, preset_json
from chatworkspace_simulator._api.world import World
from chatworkspace_simulator._http.messages import ApiError, Reply, Request, told


def rich_parameters(world: World, request: Request) -> Reply:
    """Answer with what a version asks, as its import found it."""
    _, blueprint = world.seen_version(request.user, request.id("version"))
    asked = world.ask("list_parameters", lambda: blueprint.parameters)
    return told([parameter_json(it, form_type=world.level.form_types) for it in asked])


def presets(world: World, request: Request) -> Reply:
    """Answer with the presets of a version, in the server's own capitals; null: there are none."""
    _, blueprint = world.seen_version(request.user, request.id("version"))
    found = world.ask("list_presets", lambda: blueprint.presets)
    return told([preset_json(it, details=world.level.preset_details, default=world.level.default_preset) for it in found] or None)


def evaluate(world: World, request: Request) -> Reply:
    """Answer with the parameters as they are for one owner and these inputs."""
    body = request.json()
    _, blueprint = world.seen_version(request.user, request.id("version"))
    inputs = body.get("inputs")
    if not isinstance(inputs, dict):
        raise ApiError(400, "Request body must be valid JSON.", detail="inputs: expected an object")
    given = json.loads(json.dumps(inputs))
    found = world.ask("evaluate_parameters", lambda: evaluated(blueprint, given))
    evaluation = Evaluation(parameters=blueprint.parameters) if found is None else found
    return told(evaluation_json(evaluation, given, body.get("id", 0)))


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
