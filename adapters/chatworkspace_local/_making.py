"""What a request for a workspace comes to, before anything is made: refused in words, or a plan. Pure but for the templates that are read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from uuid import UUID

import attrs

from chatworkspace import RefusedError
from chatworkspace.ports import CreateWorkspace, Parameter
from chatworkspace_local._answers import complete
from chatworkspace_local._places import LONGEST_NAME, ORGANIZATION_ID, is_name
from chatworkspace_local._templates import LocalTemplate, Templates
from chatworkspace_local._toml import LONGEST_TTL


@attrs.frozen(kw_only=True)
class Wanted:
    """What will be made. ttl: seconds, or None."""

    template: LocalTemplate
    parameters: Mapping[str, str] = attrs.field(repr=False)
    ttl: float | None


def wanted(request: CreateWorkspace, templates: Templates) -> Wanted:
    """Return what will be made. RefusedError, OSError."""
    if request.organization_id != ORGANIZATION_ID:
        raise RefusedError(f"this machine has one organization, {ORGANIZATION_ID}")
    if not is_name(request.name):
        raise RefusedError(
            "the name does not fit", validations=[("name", f"letters, digits, _ and -, {LONGEST_NAME} at most; the first a letter or digit")]
        )
    template = templates.get(request.template_id)
    if template is None:
        raise RefusedError("there is no such template", validations=[("template_id", "the id of a template")])
    if template.problem:
        raise RefusedError(f"the template {template.template.name} cannot be used: {template.problem}")
    given = {**_of_preset(template, request.preset_id), **request.parameters}
    return Wanted(template=template, parameters=fitting(template.told.parameters, given), ttl=_ttl(request.ttl, template))


def _of_preset(template: LocalTemplate, preset_id: UUID | None) -> Mapping[str, str]:
    if preset_id is None:
        return {}
    for preset in template.told.presets:
        if preset.id == preset_id:
            return preset.parameters
    raise RefusedError("there is no such preset", validations=[("preset_id", "the id of a preset of this version of the template")])


def fitting(parameters: Iterable[Parameter], given: Mapping[str, str]) -> dict[str, str]:
    """Return answers with defaults. RefusedError: some do not fit."""
    answers, wrong = complete(parameters, given)
    if wrong:
        raise RefusedError("the parameters do not fit", validations=wrong)
    return answers


def changed(parameters: Iterable[Parameter], before: Mapping[str, str], given: Mapping[str, str]) -> dict[str, str]:
    """Return the answers of a later start: what is not given again stays. RefusedError."""
    asked = tuple(parameters)
    fixed = [(it.name, "cannot be changed after the workspace was made") for it in asked if not it.mutable and _differs(it.name, before, given)]
    if fixed:
        raise RefusedError("the parameters do not fit", validations=fixed)
    known = {it.name for it in asked}
    return fitting(asked, {**{name: answer for name, answer in before.items() if name in known}, **given})


def _differs(name: str, before: Mapping[str, str], given: Mapping[str, str]) -> bool:
    return name in given and given[name] != before.get(name)


def _ttl(ttl: float | None, template: LocalTemplate) -> float | None:
    if ttl is None:
        return template.told.time_to_live
    if not 0 < ttl <= LONGEST_TTL:  # NaN is not
        raise RefusedError("the time to live does not fit", validations=[("ttl", "a number of seconds above 0, ten years at most")])
    return float(ttl)
