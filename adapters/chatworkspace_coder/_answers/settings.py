"""What a server is set to for chats, to values. Pure; raises UnreadableError as fields.py does."""

from __future__ import annotations

from uuid import UUID

from chatworkspace_coder._answers.fields import UnreadableError, as_list, as_object, number, optional_id


def allow_list(told: object) -> frozenset[UUID] | None:
    """Return the templates that chats may use; None: all. One that cannot be read is none of them, and what has no list is no allow-list."""
    it = as_object(told)
    if "template_ids" not in it:
        raise UnreadableError("an allow-list was expected")
    found = as_list(it["template_ids"])
    return frozenset(UUID(it) for it in found if optional_id({"id": it}, "id")) if found else None


def lifetime(told: object) -> float | None:
    """Return the seconds after which a chat's workspace is to be stopped; None: not set."""
    ms = number(as_object(told), "workspace_ttl_ms")
    return ms / 1000 if ms is not None and ms > 0 else None
