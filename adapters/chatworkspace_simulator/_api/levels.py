"""What servers of different versions do differently, as a table.

2.20, 2.24, 2.29 and 2.35 were compared with running servers; "newest" was read in the server's code, releases and pull requests, and not seen.
Where the first version with a difference is not certain, the nearest level has it. docs/levels.md tells the differences one by one.
"""

from __future__ import annotations

import attrs

from chatworkspace import InvalidArgumentError
from chatworkspace_fake._platform.book import BOOKS, Book


@attrs.frozen(kw_only=True)
class Level:
    """A version of the server, as far as clients can tell it from another."""

    version: str
    book: Book
    """What is decided otherwise, beside what is told otherwise."""
    watch_ws: bool = True
    """States over a WebSocket; without it by server-sent events alone."""
    agent_connection_watch: bool = False
    evaluates: bool = True
    """The parameters of a template can be evaluated for an owner over plain HTTP."""
    external_agents: bool = False
    """Builds and template versions say that agents are external."""
    quota_code: bool = False
    """A build over the quota says so by a code, not by its text alone."""
    build_reasons: bool = False
    """The reason of a build is checked; before that it is ignored."""
    limits_users: bool = False
    """The rate limit counts for each user, not for each address."""
    script_status: bool = False
    """Scripts of agents tell how they ended."""
    sub_agents: bool = True
    """Agents tell their parent."""
    form_types: bool = True
    """Parameters tell how they want to be asked."""
    preset_details: bool = False
    """Presets tell their description, icon and number of prebuilt workspaces."""
    agents_allowed: bool = False
    """Templates tell whether chats may use them."""
    allow_list: bool = False
    """Templates for chats are listed in the chats' configuration."""
    site_in_experimental: bool = False
    """What is unknown under /api/experimental is the site's page, with 200, as any path that is none of the API's."""
    chats: str = ""
    """Where the configuration of chats is; empty: there are none."""
    template_fields: frozenset[str] = frozenset()
    """Fields of templates that came in time."""
    workspace_fields: frozenset[str] = frozenset()
    """Fields of workspaces that came or went in time."""
    connecting_is_healthy: bool = True
    """An agent that has not connected yet counts as healthy."""
    start_wakes: bool = False
    """A start wakes what is dormant; before, it is refused until somebody has woken it."""
    unreachable_terminal: int = 404
    """The status for a terminal in an agent that is known and not connected."""
    preset_of_build: bool = True
    """Builds tell their preset."""
    default_preset: bool = True
    """Presets tell whether they are the default."""
    gone_dormant: int = 304
    """The status where a deleted workspace is put to sleep or woken."""
    search_keys: frozenset[str] = frozenset()
    """Search keys for workspaces beyond the old ones."""


EXPERIMENTAL = "/api/experimental/chats"
_TEMPLATE_2_24 = frozenset({"use_classic_parameter_flow"})
_TEMPLATE_2_29 = _TEMPLATE_2_24 | {"deleted", "cors_behavior", "disable_module_cache"}
_WORKSPACE_2_20 = frozenset({"next_start_at"})
_WORKSPACE_2_24 = _WORKSPACE_2_20 | {"latest_app_status", "template_use_classic_parameter_flow"}
_WORKSPACE_2_29 = _WORKSPACE_2_24 | {"is_prebuild", "task_id", "shared_with"}
_SEARCH_2_29 = frozenset({"has-ai-task", "has_external_agent", "healthy", "shared", "shared_with_user", "shared_with_group"})

_2_24 = Level(
    version="v2.24.4+18f1c5a",
    book=BOOKS["2.24"],
    site_in_experimental=True,
    unreachable_terminal=502,
    gone_dormant=200,
    template_fields=_TEMPLATE_2_24,
    workspace_fields=_WORKSPACE_2_24,
    search_keys=frozenset({"has-ai-task"}),
)
_2_29 = attrs.evolve(
    _2_24,
    version="v2.29.7+3b1d6e2",
    book=BOOKS["2.29"],
    site_in_experimental=False,
    external_agents=True,
    build_reasons=True,
    preset_details=True,
    template_fields=_TEMPLATE_2_29,
    workspace_fields=_WORKSPACE_2_29,
    search_keys=_SEARCH_2_29,
)
_2_35 = attrs.evolve(
    _2_29,
    version="v2.35.0+a12b051",
    book=BOOKS["2.35"],
    agent_connection_watch=True,
    quota_code=True,
    limits_users=True,
    script_status=True,
    allow_list=True,
    chats=EXPERIMENTAL,
    connecting_is_healthy=False,
    start_wakes=True,
    unreachable_terminal=404,
    gone_dormant=304,
)
LEVELS = {
    "2.20": attrs.evolve(
        _2_24,
        version="v2.20.3+2d0f0d3",
        book=BOOKS["2.20"],
        watch_ws=False,
        evaluates=False,
        sub_agents=False,
        form_types=False,
        preset_of_build=False,
        default_preset=False,
        template_fields=frozenset(),
        workspace_fields=_WORKSPACE_2_20,
        search_keys=frozenset(),
    ),
    "2.24": _2_24,
    "2.29": _2_29,
    "2.35": _2_35,
    "newest": attrs.evolve(
        _2_35,
        version="v2.38.0+7e0ff4c",
        book=BOOKS["newest"],
        agents_allowed=True,
        allow_list=False,
        chats="/api/v2/chats",
        template_fields=_TEMPLATE_2_29 | {"agents_allowed", "allow_workspace_renames"},
        workspace_fields=_WORKSPACE_2_29 - {"task_id"},
        search_keys=_SEARCH_2_29 | {"include_agent_metadata"},
    ),
}


def level_of(name: object) -> Level:
    """Return a level by its name. InvalidArgumentError."""
    if not isinstance(name, str) or name not in LEVELS:
        raise InvalidArgumentError("level", f"one of {', '.join(LEVELS)}")
    return LEVELS[name]
