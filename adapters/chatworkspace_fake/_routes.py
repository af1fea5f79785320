"""Which request goes where. A route that a level does not have is answered as any unknown one."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from importlib import import_module

import attrs

from chatworkspace_fake._levels import Level
from chatworkspace_fake._wire import ApiError, Reply, Request
from chatworkspace_fake._world import World

Handler = Callable[[World, Request], Reply]
API = "/api/v2"
_PARTS = ("_api_users", "_api_templates", "_api_parameters", "_api_workspaces", "_api_builds", "_api_streams", "_api_agents")
"""Modules with routes."""


@attrs.frozen(kw_only=True)
class Route:
    """Method and path, with `{variables}` that each stand for one segment."""

    method: str
    path: str
    handler: Handler
    mounted: Callable[[Level], bool] = lambda _: True
    for_everybody: bool = False
    """It needs no token."""


@attrs.frozen(kw_only=True)
class Found:
    """A route, and the variable parts of the path that led to it."""

    route: Route
    arguments: Mapping[str, str]


def find(method: str, path: str, level: Level) -> Found:
    """Return the route for a request. ApiError 404: there is none; 405: there is, for another method."""
    there = False
    for pattern, route in _table():
        match = pattern.fullmatch(path)
        if match is None or not route.mounted(level):
            continue
        if route.method == method:
            return Found(route=route, arguments=match.groupdict())
        there = True
    raise ApiError(405, "") if there else ApiError(404, "Route not found.")


@lru_cache(maxsize=1)
def _table() -> list[tuple[re.Pattern[str], Route]]:
    routes: list[Route] = []
    for part in _PARTS:
        routes.extend(import_module(f"chatworkspace_fake.{part}").ROUTES)
    return [(_pattern(route.path), route) for route in routes]


def _pattern(path: str) -> re.Pattern[str]:
    path = path if path.startswith("/api/") else API + path
    return re.compile(re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(path)))
