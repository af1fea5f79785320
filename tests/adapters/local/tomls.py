"""A template.toml, of what a test tells of a template."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from chatworkspace.ports import Parameter, Preset


def toml_of(told: Mapping[str, str], parameters: tuple[Parameter, ...], presets: tuple[Preset, ...]) -> str:
    """Return a template.toml."""
    lines = [f"{key} = {text(value)}" for key, value in told.items()]
    for it in parameters:
        lines += ["[[parameters]]", *(f"{key} = {text(value)}" for key, value in asked(it).items())]
    for preset in presets:
        answers = ", ".join(f"{text(name)} = {text(answer)}" for name, answer in preset.parameters.items())
        lines += ["[[presets]]", f"name = {text(preset.name)}", f"default = {text(preset.default)}", f"parameters = {{{answers}}}"]
    return "\n".join(lines)


def asked(it: Parameter) -> dict[str, Any]:
    """Return a parameter as a template.toml tells it."""
    told = {
        **{name: getattr(it, name) for name in ("name", "type", "required", "mutable", "display_name", "description", "masked", "default")},
        "regex": it.validation_regex or None,
        "min": it.validation_min,
        "max": it.validation_max,
        "options": [option.value for option in it.options] or None,
    }
    return {key: value for key, value in told.items() if value is not None}


def text(value: object) -> str:
    """Return a value as TOML has it."""
    return json.dumps(value, ensure_ascii=False)
