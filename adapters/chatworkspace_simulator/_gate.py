"""What a request passes before a route sees it: token, rate limit, and the search for the route."""

from __future__ import annotations

from collections.abc import Mapping
from email.message import Message
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qsl

import attrs

from chatworkspace_fake._platform.states import OWNER
from chatworkspace_simulator._api import agents, builds, parameters, routes, templates, users, watching, workspaces
from chatworkspace_simulator._api.world import World, user_of_id
from chatworkspace_simulator._http.limits import RateLimit
from chatworkspace_simulator._http.messages import TEXT, ApiError, Reply, Request, User
from chatworkspace_simulator._http.streams import Answer

TABLE = routes.compiled(route for part in (users, templates, parameters, workspaces, builds, watching, agents) for route in part.ROUTES)
COOKIE = "coder_session_token"
_SIGNED_OUT = "You are signed out or your session has expired. Please sign in again to continue."
_BYPASS = "X-Coder-Bypass-Ratelimit"


def answer(world: World, limit: RateLimit, *, method: str, target: str, headers: Message, body: bytes, address: str) -> Answer:
    """Answer a request to the API. GoneError: it is not answered."""
    path, _, text = target.partition("?")
    counted: dict[str, str] = {}
    try:
        found = routes.find(TABLE, method, path, world.level)
        query = dict(parse_qsl(text, keep_blank_values=True))
        user = user_of_id(OWNER) if found.route.for_everybody else holder(world, headers, query)
        key = f"{user.id if world.level.limits_users else address} {path}"
        if headers.get(_BYPASS) == "true":
            if not user.admin:
                return Reply(status=428, body=b"The rate limit is only bypassed for owners.", content_type=TEXT)
        else:
            counted, refusal = limit.count(key)
            if refusal is not None:
                raise refusal
        request = Request(method=method, path=path, query=query, headers=headers, body=body, user=user, arguments=found.arguments)
        reply = found.route.handler(world, request)
    except ApiError as error:
        reply = error.reply if error.status != 405 else Reply(status=405, content_type="")
    return attrs.evolve(reply, headers={**reply.headers, **counted})


def holder(world: World, headers: Message, query: Mapping[str, str]) -> User:
    """Return whose token came along. ApiError 401."""
    token = _cookie(headers) or query.get(COOKIE) or headers.get("Coder-Session-Token") or _bearer(headers) or query.get("access_token")
    user = None if token is None else world.holder(token)
    if user is not None:
        return user
    detail = "API key is invalid." if token else 'Cookie "coder_session_token" or query parameter must be provided.'
    raise ApiError(401, _SIGNED_OUT, detail=detail)


def _cookie(headers: Message) -> str | None:
    try:
        found = SimpleCookie(headers.get("Cookie", "")).get(COOKIE)
    except CookieError:
        return None
    return None if found is None else found.value


def _bearer(headers: Message) -> str | None:
    kind, _, token = headers.get("Authorization", "").partition(" ")
    return token if kind.lower() == "bearer" else None
