"""Users, what they belong to, and what they may do and use, to values. Pure; raises UnreadableError as fields.py does."""

from __future__ import annotations

from uuid import UUID

import attrs

from chatworkspace import Quota
from chatworkspace_coder._answers.fields import as_list, as_object, flag, number, optional_id, required_id, required_text, text
from chatworkspace_coder._http.messages import Answer
from chatworkspace_coder._http.rates import rate_in


@attrs.frozen(kw_only=True)
class User:
    """A user of the Coder server."""

    id: UUID
    """What ChatWorkspaces.open_chat() takes as owner_id."""
    username: str
    """May be changed by its owner, unlike the id."""
    organization_ids: tuple[UUID, ...]
    """Those that the user is a member of, in the server's order; empty: the server does not tell."""


@attrs.frozen(kw_only=True)
class Organization:
    """An organization of the Coder server."""

    id: UUID
    name: str


@attrs.frozen(kw_only=True)
class RateLimit:
    """How many requests a user may make to one path within a minute that ends now, as the server has said with its latest answer."""

    limit: int
    """Requests a minute."""
    remaining: int
    """Of these, how many are left now."""


@attrs.frozen(kw_only=True)
class Holder:
    """Whose token it is."""

    user: User
    rate_limit: RateLimit | None
    """None: there is no limit, or a proxy keeps it to itself."""


def user(told: object) -> User:
    """Return a user."""
    it = as_object(told)
    organizations = [UUID(hex=one) for one in as_list(it.get("organization_ids")) if _is_id(one)]
    return User(id=required_id(it, "id"), username=required_text(it, "username"), organization_ids=tuple(organizations))


def _is_id(told: object) -> bool:
    return optional_id({"id": told}, "id") is not None


def organizations(told: object) -> list[Organization]:
    """Return organizations."""
    found = [as_object(it) for it in as_list(told)]
    return [Organization(id=required_id(it, "id"), name=text(it, "name")) for it in found]


def may_create(told: object) -> bool:
    """Return what was said to `_bodies.may_create()`."""
    return flag(as_object(told), "create")


def quota(told: object) -> Quota | None:
    """Return a quota; None where there is no limit (-1)."""
    it = as_object(told)
    budget = number(it, "budget")
    return None if budget is None or budget < 0 else Quota(consumed=max(number(it, "credits_consumed") or 0, 0), budget=budget)


def rate_limit(answer: Answer) -> RateLimit | None:
    """Return the limit of the path that was asked; None: it is not told."""
    rate = rate_in(answer.headers)
    return None if rate is None else RateLimit(limit=rate.limit, remaining=rate.left)
