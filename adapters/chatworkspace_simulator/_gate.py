"""What a request passes before a route sees it: token, rate limit, and the search for the route."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from email.message import Message
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qsl

import attrs

from chatworkspace_fake._platform.states import OWNER
from chatworkspace_simulator._api import agents, builds, dry_runs, parameters, routes, templates, users, watching, workspaces
from chatworkspace_simulator._api.world import World, user_of_id
from chatworkspace_simulator._http.limits import RateLimit
from chatworkspace_simulator._http.messages import TEXT, ApiError, Reply, Request, User, uuid_of
from chatworkspace_simulator._http.streams import Answer

TABLE = routes.compiled(route for part in (users, templates, parameters, dry_runs, workspaces, builds, watching, agents) for route in part.ROUTES)
COOKIE = "coder_session_token"
CSRF = "csrf_token"
_PARENT = re.compile(r"/api/v2/(?P<kind>workspaces|templateversions)/(?P<thing>[^/]+)/.+")
_SIGNED_OUT = "You are signed out or your session has expired. Please sign in again to continue."
_INACTIVE = 'User is not active (status = "suspended"). Contact an admin to reactivate your account.'
_FORM = re.compile("[^-]{10}-[^-]{22}")
"""Of a token: its id, and its secret."""
_BYPASS = "X-Coder-Bypass-Ratelimit"


def answer(world: World, limit: RateLimit, *, method: str, target: str, headers: Message, body: bytes, address: str) -> Answer:
    """Answer a request to the API. GoneError: it is not answered."""
    path, _, text = target.partition("?")
    counted: dict[str, str] = {}
    try:
        found = _found(world, method, path, headers, text)
        query = dict(parse_qsl(text, keep_blank_values=True))
        user = user_of_id(OWNER) if found.route.for_everybody else holder(world, headers, query, path)
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
    return attrs.evolve(reply, headers={**reply.headers, **counted, **({} if CSRF in headers.get("Cookie", "") else {"Set-Cookie": _new_csrf()})})


def _new_csrf() -> str:
    return f"{CSRF}={secrets.token_urlsafe(32)}; Path=/; HttpOnly; SameSite=Lax"


def _found(world: World, method: str, path: str, headers: Message, text: str) -> routes.Found:
    """Return the route. ApiError: there is none, or, which is looked for first, the thing is not there that the path begins with."""
    try:
        return routes.find(TABLE, method, path, world.level)
    except ApiError as error:
        parent = _PARENT.fullmatch(path)
        if error.status == 404 and parent is not None:
            _check_parent(world, holder(world, headers, dict(parse_qsl(text))), **parent.groupdict())
        raise


def _check_parent(world: World, user: User, *, kind: str, thing: str) -> None:
    found = uuid_of(thing, kind.removesuffix("s"))
    if kind == "workspaces":
        world.workspace(user, found)
    else:
        world.seen_version(user, found)


def holder(world: World, headers: Message, query: Mapping[str, str], path: str = "") -> User:
    """Return whose token came along. ApiError 401."""
    token = _cookie(headers) or query.get(COOKIE) or headers.get("Coder-Session-Token") or _bearer(headers) or query.get("access_token")
    user = None if token is None else world.holder(token)
    if user is not None:
        if world.status(user) == "suspended":
            raise ApiError(401, _INACTIVE)
        return user
    if path.endswith("/listening-ports"):
        raise ApiError(401, "API key or external proxy authentication required, but none provided")
    raise ApiError(401, _SIGNED_OUT, detail=_wrong_with(world, token))


def _wrong_with(world: World, token: str | None) -> str:
    """Say what is wrong with a token: that there is none, its form, that it is over, or that nobody has it."""
    if not token:
        return 'Cookie "coder_session_token" or query parameter must be provided.'
    since = world.expired.get(token)
    if since is not None:
        return f'API key expired at "{since:%Y-%m-%dT%H:%M:%SZ}".'
    return "API key is invalid." if _FORM.fullmatch(token) else "API key has a form that no key has."


def _cookie(headers: Message) -> str | None:
    try:
        found = SimpleCookie(headers.get("Cookie", "")).get(COOKIE)
    except CookieError:
        return None
    return None if found is None else found.value


def _bearer(headers: Message) -> str | None:
    kind, _, token = headers.get("Authorization", "").partition(" ")
    return token if kind.lower() == "bearer" else None
