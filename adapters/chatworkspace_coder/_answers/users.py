"""Users, what they belong to, and what they may do and use, to values. Pure; raises UnreadableError as fields.py does."""

from __future__ import annotations

from uuid import UUID

import attrs

from chatworkspace import Quota
from chatworkspace_coder._answers.fields import as_list, as_object, flag, number, optional_id, readable, required_id, required_text, text
from chatworkspace_coder._http.messages import Answer
from chatworkspace_coder._http.rates import rate_in


@attrs.frozen(kw_only=True)
class User:
    """A user of the Coder server.

    id: what ChatWorkspaces.open_chat() takes as owner_id.
    username: how the user is called; it may be changed, unlike the id.
    organization_ids: the organizations that the user is a member of, in the server's order; one of them is open_chat()'s organization_id.
    """

    id: UUID
    username: str
    organization_ids: tuple[UUID, ...]


@attrs.frozen(kw_only=True)
class Organization:
    """An organization of the Coder server.

    id: what ChatWorkspaces.open_chat() takes as organization_id.
    name: how it is called; it may be changed, unlike the id.
    """

    id: UUID
    name: str


@attrs.frozen(kw_only=True)
class RateLimit:
    """How many requests may be made to one path of the server, as its latest answer said. It counts over the minute that ends now.

    limit: requests a minute.
    remaining: how many of these are left now.
    """

    limit: int
    remaining: int


@attrs.frozen(kw_only=True)
class Holder:
    """Whose token it is.

    user: the user who made the token.
    rate_limit: of the path that was asked for this; None: there is no limit, or a proxy keeps it to itself.
    """

    user: User
    rate_limit: RateLimit | None


def user(told: object) -> User:
    """Return a user."""
    it = as_object(told)
    organizations = [UUID(hex=one) for one in as_list(it.get("organization_ids")) if _is_id(one)]
    return User(id=required_id(it, "id"), username=required_text(it, "username"), organization_ids=tuple(organizations))


def _is_id(told: object) -> bool:
    return optional_id({"id": told}, "id") is not None


def organizations(told: object) -> list[Organization]:
    """Return organizations, without those that cannot be read."""
    return readable(as_list(told), _organization)


def _organization(told: object) -> Organization:
    it = as_object(told)
    return Organization(id=required_id(it, "id"), name=text(it, "name"))


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
