"""What a server is, what the token's holder may do there, and how workspaces can be watched: for whoever sets it up, or looks why it fails."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from enum import Enum
from urllib.parse import urlsplit
from uuid import UUID

import attrs

from chatworkspace import UnavailableError, Workspace
from chatworkspace.ports import NotFoundError
from chatworkspace_coder._answers import workspaces
from chatworkspace_coder._answers.errors import Answer, NoRouteError, NotUnderstoodError, error_of_read
from chatworkspace_coder._answers.json import Json, as_list, as_object, flag, required_id, required_text, text
from chatworkspace_coder._answers.workspaces import User
from chatworkspace_coder._api import V2, Api, understood
from chatworkspace_coder._http.rates import rate_in
from chatworkspace_coder._http.transport import LostError, Request
from chatworkspace_coder._watch import Watching

HALF_A_SECOND = timedelta(seconds=0.5)
"""A Date header has whole seconds: on average the answer is so much later."""


class Found(Enum):
    """What answers at a URL."""

    CODER = "coder"
    REDIRECT = "redirect"
    """It sends elsewhere, and is not followed."""
    FOREIGN = "foreign"
    """Something else than Coder: a proxy's page, say."""
    NOTHING = "nothing"


@attrs.frozen(kw_only=True)
class Server:
    """What was found at the client's URL."""

    url: str
    """The client's: nothing in it is secret."""
    found: Found
    version: str = ""
    """As Coder writes it; empty if nothing was told."""
    problem: str = ""
    """Empty if it is Coder."""
    location: str = ""
    """Scheme and host that a redirect leads to."""
    clock_difference: float | None = None
    """Seconds that the server's clock is ahead of ours, give or take one; negative: behind. None: it does not tell."""


@attrs.frozen(kw_only=True)
class RateLimit:
    """How many requests may be made to one path in the server's window of a minute."""

    limit: int
    remaining: int


@attrs.frozen(kw_only=True)
class Holder:
    """Whose token it is."""

    user: User
    rate_limit: RateLimit | None
    """None: there is no limit, or a proxy keeps it to itself."""


@attrs.frozen(kw_only=True)
class Organization:
    """An organization of the Coder server."""

    id: UUID
    name: str


class About:
    """Asks a server about itself. Safe from any thread; everything ends by `deadline`, of time.monotonic()."""

    def __init__(self, api: Api, watching: Watching) -> None:
        self._api = api
        self._watching = watching

    def server(self, deadline: float) -> Server:
        """Ask once what is there. UnavailableError: the client is closed, or has no token."""
        began = datetime.now(timezone.utc)
        try:
            answer = self._api.transport.once(Request(method="GET", path=f"{V2}/buildinfo", owner_id=None), deadline)
        except LostError as error:
            return Server(url=self._api.transport.url, found=Found.NOTHING, problem=str(error))
        between = began + (datetime.now(timezone.utc) - began) / 2
        return attrs.evolve(_server(self._api.transport.url, answer), clock_difference=_difference(answer, between))

    def holder(self, deadline: float) -> Holder:
        """Ask whose token it is. UnavailableError: it is none that is valid, or there is no answer."""
        answer = self._api.answer(f"{V2}/users/me", None, deadline)
        if not answer.ok:
            error = error_of_read(answer)
            raise error if isinstance(error, UnavailableError) else UnavailableError(str(error), retryable=False)
        return Holder(user=understood(answer, workspaces.user), rate_limit=_rate_limit(answer))

    def organizations(self, deadline: float) -> list[Organization]:
        """Return those that the token's holder is a member of. UnavailableError."""
        try:
            return self._api.get(f"{V2}/users/me/organizations", None, deadline, _organizations)
        except NotFoundError as error:
            raise UnavailableError(f"the organizations cannot be seen: {error}", retryable=False) from error

    def may_create(self, organization_id: UUID, deadline: float) -> bool | None:
        """Say whether the token's holder may make workspaces there, by the server's own word; None: it does not tell. UnavailableError.

        It is asked with a POST, which changes nothing.
        """
        request = Request(method="POST", path=f"{V2}/authcheck", owner_id=None, body=_check(organization_id))
        answer = self._api.transport.read(request, deadline)
        if not answer.ok:
            error = error_of_read(answer)
            if isinstance(error, (NoRouteError, NotFoundError)):
                return None
            raise error
        return understood(answer, _allowed)

    def watched_by(self, workspace: Workspace, deadline: float) -> str:
        """Return how this workspace can be watched: "websocket", "events" or "polling", by trying. NotFoundError, UnavailableError."""
        return self._watching.level(workspace, deadline)


# ---------------------------------------------------------------- reading


def _server(url: str, answer: Answer) -> Server:
    if 300 <= answer.status < 400:
        return Server(url=url, found=Found.REDIRECT, problem=str(error_of_read(answer)), location=_origin(answer.headers.get("location", "")))
    if not answer.ok:
        return Server(url=url, found=Found.FOREIGN, problem=str(error_of_read(answer)))
    try:
        version = understood(answer, _version)
    except NotUnderstoodError as error:
        return Server(url=url, found=Found.FOREIGN, problem=str(error))
    return Server(url=url, found=Found.CODER, version=version)


def _version(told: object) -> str:
    return required_text(as_object(told), "version")[:100]


def _origin(location: str) -> str:
    """Return scheme and host of a URL: the rest may hold anything, and is not needed."""
    try:
        parts = urlsplit(location)
        return f"{parts.scheme}://{parts.hostname}" + (f":{parts.port}" if parts.port else "") if parts.scheme and parts.hostname else ""
    except ValueError:
        return ""


def _difference(answer: Answer, ours: datetime) -> float | None:
    try:
        theirs = parsedate_to_datetime(answer.headers.get("date", ""))
        return (theirs + HALF_A_SECOND - ours).total_seconds()
    except (ValueError, TypeError, OverflowError):
        return None


def _rate_limit(answer: Answer) -> RateLimit | None:
    rate = rate_in(answer.headers)
    return None if rate is None else RateLimit(limit=rate.limit, remaining=rate.left)


def _organizations(told: object) -> list[Organization]:
    found: list[Json] = [as_object(it) for it in as_list(told)]
    return [Organization(id=required_id(it, "id"), name=text(it, "name")) for it in found]


def _check(organization_id: UUID) -> Mapping[str, object]:
    workspace = {"resource_type": "workspace", "owner_id": "me", "organization_id": str(organization_id)}
    return {"checks": {"create": {"object": workspace, "action": "create"}}}


def _allowed(told: object) -> bool:
    return flag(as_object(told), "create")
