"""What servers of different versions do differently, as a table.

2.20, 2.24, 2.29 and 2.35 were compared with running servers; "newest" was read in the server's code, releases and pull requests, and not seen.
Where the first version with a difference is not certain, the nearest level has it. docs/reference/levels.md tells the differences one by one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from chatworkspace import InvalidArgumentError
from chatworkspace_fake._platform.book import BOOKS, Book


@attrs.frozen(kw_only=True)
class Level:
    """A version of the server, as far as clients can tell it from another."""

    version: str
    book: Book
    """What is decided otherwise, beside what is told otherwise."""
    watch_ws: bool
    """States over a WebSocket; without it by server-sent events alone."""
    agent_connection_watch: bool
    evaluates: bool
    """The parameters of a template can be evaluated for an owner over plain HTTP."""
    external_agents: bool
    """Builds and template versions say that agents are external."""
    quota_code: bool
    """A build over the quota says so by a code, not by its text alone."""
    build_reasons: bool
    """The reason of a build is checked; before that it is ignored."""
    limits_users: bool
    """The rate limit counts for each user, not for each address."""
    script_status: bool
    """Scripts of agents tell how they ended."""
    sub_agents: bool
    """Agents tell their parent."""
    form_types: bool
    """Parameters tell how they want to be asked."""
    preset_details: bool
    """Presets tell their description, icon and number of prebuilt workspaces."""
    agents_allowed: bool
    """Templates tell whether chats may use them."""
    allow_list: bool
    """Templates for chats are listed in the chats' configuration."""
    site_in_experimental: bool
    """What is unknown under /api/experimental is the site's page, with 200, as any path that is none of the API's."""
    chats: str
    """Where the configuration of chats is; empty: there are none."""
    template_fields: frozenset[str]
    """Fields of templates that came in time."""
    workspace_fields: frozenset[str]
    """Fields of workspaces that came or went in time."""
    connecting_is_healthy: bool
    """An agent that has not connected yet counts as healthy."""
    start_wakes: bool
    """A start wakes what is dormant; before, it is refused until somebody has woken it."""
    unreachable_terminal: int
    """The status for a terminal in an agent that is known and not connected."""
    preset_of_build: bool
    """Builds tell their preset."""
    default_preset: bool
    """Presets tell whether they are the default."""
    gone_dormant: int
    """The status where a deleted workspace is put to sleep or woken."""
    search_keys: frozenset[str]
    """Search keys for workspaces beyond the old ones."""


EXPERIMENTAL = "/api/experimental/chats"
_NONE = frozenset[str]()
_TEMPLATE_2_24 = frozenset({"use_classic_parameter_flow"})
_TEMPLATE_2_29 = _TEMPLATE_2_24 | {"deleted", "cors_behavior", "disable_module_cache"}
_TEMPLATE_NEWEST = _TEMPLATE_2_29 | {"agents_allowed", "allow_workspace_renames"}
_WORKSPACE_2_20 = frozenset({"next_start_at"})
_WORKSPACE_2_24 = _WORKSPACE_2_20 | {"latest_app_status", "template_use_classic_parameter_flow"}
_WORKSPACE_2_29 = _WORKSPACE_2_24 | {"is_prebuild", "task_id", "shared_with"}
_WORKSPACE_NEWEST = _WORKSPACE_2_29 - {"task_id"}
_SEARCH_2_24 = frozenset({"has-ai-task"})
_SEARCH_2_29 = _SEARCH_2_24 | {"has_external_agent", "healthy", "shared", "shared_with_user", "shared_with_group"}
_SEARCH_NEWEST = _SEARCH_2_29 | {"include_agent_metadata"}

_NAMES = ("2.20", "2.24", "2.29", "2.35", "newest")
_TABLE: Mapping[str, tuple[Any, Any, Any, Any, Any]] = {
    "version": ("v2.20.3+2d0f0d3", "v2.24.4+18f1c5a", "v2.29.7+3b1d6e2", "v2.35.0+a12b051", "v2.38.0+7e0ff4c"),
    "book": (BOOKS["2.20"], BOOKS["2.24"], BOOKS["2.29"], BOOKS["2.35"], BOOKS["newest"]),
    "watch_ws": (False, True, True, True, True),
    "agent_connection_watch": (False, False, False, True, True),
    "evaluates": (False, True, True, True, True),
    "external_agents": (False, False, True, True, True),
    "quota_code": (False, False, False, True, True),
    "build_reasons": (False, False, True, True, True),
    "limits_users": (False, False, False, True, True),
    "script_status": (False, False, False, True, True),
    "sub_agents": (False, True, True, True, True),
    "form_types": (False, True, True, True, True),
    "preset_details": (False, False, True, True, True),
    "agents_allowed": (False, False, False, False, True),
    "allow_list": (False, False, False, True, False),
    "site_in_experimental": (True, True, False, False, False),
    "chats": ("", "", "", EXPERIMENTAL, "/api/v2/chats"),
    "template_fields": (_NONE, _TEMPLATE_2_24, _TEMPLATE_2_29, _TEMPLATE_2_29, _TEMPLATE_NEWEST),
    "workspace_fields": (_WORKSPACE_2_20, _WORKSPACE_2_24, _WORKSPACE_2_29, _WORKSPACE_2_29, _WORKSPACE_NEWEST),
    "connecting_is_healthy": (True, True, True, False, False),
    "start_wakes": (False, False, False, True, True),
    "unreachable_terminal": (502, 502, 502, 404, 404),
    "preset_of_build": (False, True, True, True, True),
    "default_preset": (False, True, True, True, True),
    "gone_dormant": (200, 200, 200, 304, 304),
    "search_keys": (_NONE, _SEARCH_2_24, _SEARCH_2_29, _SEARCH_2_29, _SEARCH_NEWEST),
}
"""A row for each field, a column for each of _NAMES."""


def _level(column: int) -> Level:
    fields: dict[str, Any] = {name: row[column] for name, row in _TABLE.items()}
    return Level(**fields)


LEVELS = {name: _level(column) for column, name in enumerate(_NAMES)}


def level_of(name: object) -> Level:
    """Return a level by its name. InvalidArgumentError."""
    if not isinstance(name, str) or name not in LEVELS:
        raise InvalidArgumentError("level", f"one of {', '.join(LEVELS)}")
    return LEVELS[name]
