"""How templates are used, from the owner's workspaces and from what Coder counts. Pure; raises UnreadableError as fields.py does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from uuid import UUID

import attrs

from chatworkspace.ports import TemplateUse
from chatworkspace_coder._answers.fields import as_list, as_object, date, part, readable, required_id, text
from chatworkspace_coder._answers.templates import Listed

RECENT = timedelta(days=60)
"""Older use does not count."""


@attrs.frozen(kw_only=True)
class Used:
    """One of the owner's workspaces, as far as it tells of the use of its template."""

    template_id: UUID
    organization_id: UUID
    owner_id: UUID
    used_at: datetime | None
    deleted: bool


def used(told: object) -> list[Used]:
    """Return the workspaces of a listing, without those that cannot be read."""
    return readable(as_list(as_object(told).get("workspaces")), _used)


def _used(told: object) -> Used:
    it = as_object(told)
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
