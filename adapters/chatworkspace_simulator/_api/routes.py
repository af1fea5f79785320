"""Which request goes where. A route that a level does not have is answered as any unknown one."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from urllib.parse import unquote

import attrs

from chatworkspace_simulator._api.levels import Level
from chatworkspace_simulator._api.world import World
from chatworkspace_simulator._http.messages import HTML, ApiError, Reply, Request
from chatworkspace_simulator._http.streams import Answer

Handler = Callable[[World, Request], Answer]
API = "/api/v2"
EXPERIMENTAL = "/api/experimental/"
SITE = b"""<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Workspaces</title></head>
<body><div id="root"></div><noscript>This site needs JavaScript.</noscript></body>
</html>
"""
"""The page that draws itself for whatever path it is loaded from."""


@attrs.frozen(kw_only=True)
class Route:
    """Method and path, with `{variables}` that each stand for one segment."""

    method: str
    path: str
    handler: Handler
    mounted: Callable[[Level], bool] = lambda _: True
    for_everybody: bool = False
    """It needs no token."""


_SITE_ROUTE = Route(method="GET", path=EXPERIMENTAL, handler=lambda _, __: Reply(body=SITE, content_type=HTML), for_everybody=True)
Table = tuple[tuple[re.Pattern[str], Route], ...]


@attrs.frozen(kw_only=True)
class Found:
    """A route, and the variable parts of the path that led to it."""

    route: Route
    arguments: Mapping[str, str]


def find(table: Table, method: str, path: str, level: Level) -> Found:
    """Return the route for a request. ApiError 404: there is none; 405: there is, for another method.

    What is escaped is read before: a slash within a name parts it, and leads nowhere.
    """
    path, there = unquote(path), False
    for pattern, route in table:
        match = pattern.fullmatch(path)
        if match is None or not route.mounted(level):
            continue
        if route.method == method:
            return Found(route=route, arguments=match.groupdict())
        there = True
    if not there and level.site_in_experimental and path.startswith(EXPERIMENTAL):
        return Found(route=_SITE_ROUTE, arguments={})
    raise ApiError(405, "") if there else ApiError(404, "Route not found.")


def compiled(routes: Iterable[Route]) -> Table:
    """Return a table of routes, to be searched in their order."""
    return tuple((_pattern(route.path), route) for route in routes)


def _pattern(path: str) -> re.Pattern[str]:
    path = path if path.startswith("/api/") else API + path
    return re.compile(re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(path)))
