"""What all shapes share."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any
from uuid import UUID, uuid5

_IDS = UUID("0a11ce00-0000-4000-8000-0000000000aa")
LONG_AGO = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
"""When that was made which a fake coder has no date for."""


def written(date: datetime) -> str:
    """Write a time as the server does, to the nanosecond."""
    return f"{date.astimezone(timezone.utc):%Y-%m-%dT%H:%M:%S.%f}000Z"


def derived(of: UUID, what: str) -> str:
    """Return the id of something that a fake coder has no id for: always the same for the same thing."""
    return str(uuid5(_IDS, f"{of} {what}"))


def version_name(version_id: UUID) -> str:
    """Return what a version is called."""
    return f"version-{version_id.hex[:8]}"


def named_user(user_id: UUID, name: str) -> dict[str, Any]:
    """Return a user in short."""
    return {"id": str(user_id), "username": name, "name": name, "avatar_url": ""}
