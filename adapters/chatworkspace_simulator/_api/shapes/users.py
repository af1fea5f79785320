"""Users and organizations as the server writes them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from chatworkspace_simulator._api.shapes.basics import LONG_AGO, written
from chatworkspace_simulator._api.world import World, organization_name
from chatworkspace_simulator._http.messages import User


def user_json(world: World, it: User) -> dict[str, Any]:
    """Return a user."""
    roles = [{"name": "owner", "display_name": "Owner", "organization_id": ""}] if it.admin else []
    return {
        "id": str(it.id),
        "username": it.name,
        "name": it.name.title(),
        "email": f"{it.name}@example.com",
        "avatar_url": "",
        "created_at": written(LONG_AGO),
        "updated_at": written(LONG_AGO),
        "last_seen_at": written(world.clock.now()),
        "status": world.status(it),
        "login_type": "password",
        "organization_ids": [str(organization) for organization in world.organizations(it)],
        "roles": roles,
        "theme_preference": "",
    }


def organization_json(it: UUID) -> dict[str, Any]:
    """Return an organization."""
    name = organization_name(it)
    return {
        "id": str(it),
        "name": name,
        "display_name": name.title(),
        "description": "",
        "icon": "",
        "created_at": written(LONG_AGO),
        "updated_at": written(LONG_AGO),
        "is_default": name == "default",
    }
