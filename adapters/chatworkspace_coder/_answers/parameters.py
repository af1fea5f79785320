"""What the versions of templates ask: parameters and presets, to values. Pure; raises UnreadableError as fields.py does."""

from __future__ import annotations

from typing import Any

from chatworkspace.ports import Evaluation, Option, Parameter, Preset
from chatworkspace_coder._answers.fields import Json, as_list, as_object, flag, number, part, readable, required_id, required_text, rows, text


def parameters(told: object) -> list[Parameter]:
    """Return the parameters recorded at import, without those that cannot be read."""
    return readable(as_list(told), _recorded)


def _recorded(told: object) -> Parameter:
    it = as_object(told)
    required = flag(it, "required")
    return Parameter(
        default=None if required else text(it, "default_value"),
        options=tuple(_option(option) for option in rows(it, "options")),
        validation_regex=text(it, "validation_regex"),
        validation_min=number(it, "validation_min"),
        validation_max=number(it, "validation_max"),
        **_shared(it),
    )


def _shared(it: Json) -> dict[str, Any]:
    return {
        "name": required_text(it, "name"),
        "type": text(it, "type") or "string",
        "required": flag(it, "required"),
        "mutable": flag(it, "mutable", default=True),
        "display_name": text(it, "display_name"),
        "description": text(it, "description_plaintext") or text(it, "description"),
        "ephemeral": flag(it, "ephemeral"),
        "form_type": text(it, "form_type"),
    }


def _option(it: Json) -> Option:
    value = it.get("value")
    told = text(value, "value") if isinstance(value, dict) else text(it, "value")  # pyright: ignore[reportUnknownArgumentType] # of JSON
    return Option(name=text(it, "name"), value=told, description=text(it, "description"), icon=text(it, "icon"))


def evaluation(told: object) -> Evaluation:
    """Return the parameters as they are for an owner; a value that is not valid is not known."""
    it = as_object(told)
    read = readable(as_list(it.get("parameters")), lambda one: (as_object(one), _evaluated(as_object(one))))
    found = [one for one, _ in read]
    unknown = {(text(one, "name"), "default") for one in found if _default(one) is None and not flag(one, "required")}
    return Evaluation(
        parameters=tuple(parameter for _, parameter in read),
        unknown=frozenset(unknown | {(text(one, "name"), "options") for one in found if _has_unknown_options(one)}),
        complete=not any(map(_is_of_a_module, _errors(it))),
        problem="; ".join(error for error in _errors(it) if not _is_of_a_module(error)),
    )


def _evaluated(it: Json) -> Parameter:
    checks = rows(it, "validations")
    check = checks[0] if checks else {}
    known = [option for option in rows(it, "options") if flag(part(option, "value"), "valid", default=True)]
    return Parameter(
        default=_default(it),
        options=tuple(_option(option) for option in known),
        validation_regex=text(check, "validation_regex"),
        validation_min=number(check, "validation_min"),
        validation_max=number(check, "validation_max"),
        error="; ".join(_errors(it)),
        masked=flag(part(it, "styling"), "mask_input"),
        **_shared(it),
    )


def _default(it: Json) -> str | None:
    told = part(it, "default_value")
    return text(told, "value") if flag(told, "valid") else None


def _has_unknown_options(it: Json) -> bool:
    return any(not flag(part(option, "value"), "valid", default=True) for option in rows(it, "options"))


def _is_of_a_module(error: str) -> bool:
    """Tell an error by which some parameters are missing from one by which none can be relied upon."""
    return "module" in error.lower()


def _errors(it: Json) -> list[str]:
    """Return the errors among the diagnostics, without that a value is missing: none was given."""
    told = [one for one in rows(it, "diagnostics") if text(one, "severity") == "error" and text(part(one, "extra"), "code") != "required"]
    return [text(one, "summary") or text(one, "detail") for one in told]


# ---------------------------------------------------------------- presets


def presets(told: object) -> list[Preset]:
    """Return presets, without those that cannot be read. Coder writes their keys with capitals, its documentation without."""
    return readable(as_list(told), lambda it: _preset(_small(as_object(it))))


def _small(it: Json) -> Json:
    return {name.lower(): value for name, value in it.items()}


def _preset(it: Json) -> Preset:
    given = [_small(one) for one in rows(it, "parameters")]
    return Preset(
        id=required_id(it, "id"),
        name=text(it, "name"),
        parameters={required_text(one, "name"): text(one, "value") for one in given},
        default=flag(it, "default"),
        desired_prebuilds=max(number(it, "desiredprebuildinstances") or 0, 0),
        description=text(it, "description"),
        icon=text(it, "icon"),
    )
