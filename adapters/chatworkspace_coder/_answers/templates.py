"""Templates, their parameters and presets, and how they are used, to values. Pure; raises UnreadableError as _read does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import attrs

from chatworkspace import Template
from chatworkspace.ports import Evaluation, Option, Parameter, Preset, TemplateUse
from chatworkspace_coder._answers.json import (
    Json,
    as_list,
    as_object,
    date,
    flag,
    number,
    optional_id,
    part,
    required_id,
    required_text,
    rows,
    text,
)

RECENT = timedelta(days=60)
"""Older use does not count."""


@attrs.frozen(kw_only=True)
class Version:
    """What a template's version says. It never changes."""

    readme: str = ""
    external_agent: bool = False


def version(told: object) -> Version:
    """Return a version."""
    it = as_object(told)
    return Version(readme=text(it, "readme"), external_agent=flag(it, "has_external_agent"))


@attrs.frozen(kw_only=True)
class Listed:
    """A template without what only its version tells."""

    template: Template
    tells_allowed: bool
    """The server is new enough to say per template whether chats may use it."""
    classic: bool
    """Its parameters are those recorded at import; they are not evaluated for an owner."""
    deleted: bool
    users: int


def template(told: object) -> Listed:
    """Return a template."""
    it = as_object(told)
    made = Template(
        id=required_id(it, "id"),
        organization_id=required_id(it, "organization_id"),
        name=required_text(it, "name"),
        version_id=required_id(it, "active_version_id"),
        display_name=text(it, "display_name"),
        description=text(it, "description"),
        agents_allowed=flag(it, "agents_allowed", default=True),
        deprecated=flag(it, "deprecated"),
    )
    return Listed(
        template=made,
        tells_allowed=isinstance(it.get("agents_allowed"), bool),
        classic=flag(it, "use_classic_parameter_flow", default=True),
        deleted=flag(it, "deleted"),
        users=max(number(it, "active_user_count") or 0, 0),
    )


def templates(told: object) -> list[Listed]:
    """Return a list of templates, without deleted ones."""
    return [it for it in map(template, as_list(told)) if not it.deleted]


def allow_list(told: object) -> frozenset[UUID] | None:
    """Return the templates that chats may use; None: all."""
    found = as_list(as_object(told).get("template_ids"))
    return frozenset(UUID(it) for it in found if optional_id({"id": it}, "id")) if found else None


# ---------------------------------------------------------------- parameters


def parameters(told: object) -> list[Parameter]:
    """Return the parameters recorded at import."""
    return [_recorded(as_object(it)) for it in as_list(told)]


def _recorded(it: Json) -> Parameter:
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
    found = rows(it, "parameters")
    unknown = {(text(one, "name"), "default") for one in found if _default(one) is None and not flag(one, "required")}
    return Evaluation(
        parameters=tuple(_evaluated(one) for one in found),
        unknown=frozenset(unknown | {(text(one, "name"), "options") for one in found if _has_unknown_options(one)}),
        complete=not _errors(it),
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
        **_shared(it),
    )


def _default(it: Json) -> str | None:
    told = part(it, "default_value")
    return text(told, "value") if flag(told, "valid") else None


def _has_unknown_options(it: Json) -> bool:
    return any(not flag(part(option, "value"), "valid", default=True) for option in rows(it, "options"))


def _errors(it: Json) -> list[str]:
    """Return the errors among the diagnostics, without that a value is missing: none was given."""
    told = [one for one in rows(it, "diagnostics") if text(one, "severity") == "error" and text(part(one, "extra"), "code") != "required"]
    return [text(one, "summary") or text(one, "detail") for one in told]


# ---------------------------------------------------------------- presets


def presets(told: object) -> list[Preset]:
    """Return presets. Coder writes their keys with capitals, its documentation without."""
    return [_preset(_small(as_object(it))) for it in as_list(told)]


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


# ---------------------------------------------------------------- use


@attrs.frozen(kw_only=True)
class Used:
    """One of the owner's workspaces, as far as it tells of the use of its template."""

    template_id: UUID
    organization_id: UUID
    owner_id: UUID
    used_at: datetime | None
    deleted: bool


def used(told: object) -> list[Used]:
    """Return the workspaces of a listing."""
    return [_used(it) for it in rows(as_object(told), "workspaces")]


def _used(it: Json) -> Used:
    latest = part(it, "latest_build")
    return Used(
        template_id=required_id(it, "template_id"),
        organization_id=required_id(it, "organization_id"),
        owner_id=required_id(it, "owner_id"),
        used_at=date(it, "last_used_at") or date(latest, "created_at") or date(it, "created_at"),
        deleted=text(latest, "status") == "deleted",
    )


def template_use(listed: Iterable[Listed], own: Iterable[Used], now: datetime) -> Mapping[UUID, TemplateUse]:
    """Return how each template is used: by the owner, from the own workspaces, and by everybody, as Coder counts it."""
    recent = [it for it in own if it.used_at is not None and now - it.used_at <= RECENT]
    return {it.template.id: _use(it, [one for one in recent if one.template_id == it.template.id]) for it in listed}


def _use(it: Listed, own: list[Used]) -> TemplateUse:
    return TemplateUse(
        active=sum(not one.deleted for one in own),
        deleted=sum(one.deleted for one in own),
        last_used_at=max((one.used_at for one in own if one.used_at is not None), default=None),
        developers=it.users,
    )
