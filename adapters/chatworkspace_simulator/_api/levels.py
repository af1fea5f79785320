"""What servers of different versions do differently, as a table.

Source: the server's own code, its releases and pull requests; where the first version with a difference is not certain, the nearest level has it.
"""

from __future__ import annotations

import attrs

from chatworkspace import InvalidArgumentError


@attrs.frozen(kw_only=True)
class Level:
    """A version of the server, as far as clients can tell it from another."""

    version: str
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
    canceled_late: int = 412
    """The status for canceling a build that has ended."""
    search_keys: frozenset[str] = frozenset()
    """Search keys for workspaces beyond the old ones."""


EXPERIMENTAL = "/api/experimental/chats"
_TEMPLATE_2_24 = frozenset({"use_classic_parameter_flow"})
_TEMPLATE_2_34 = _TEMPLATE_2_24 | {"deleted", "cors_behavior", "disable_module_cache"}
_WORKSPACE_2_24 = frozenset({"is_prebuild", "task_id", "latest_app_status", "next_start_at", "template_use_classic_parameter_flow"})

LEVELS = {
    "2.20": Level(version="v2.20.2+2d0f0d3", watch_ws=False, evaluates=False, sub_agents=False, form_types=False, site_in_experimental=True),
    "2.24": Level(
        version="v2.24.4+18f1c5a",
        site_in_experimental=True,
        template_fields=_TEMPLATE_2_24,
        workspace_fields=_WORKSPACE_2_24,
        search_keys=frozenset({"has-ai-task"}),
    ),
    "2.34": Level(
        version="v2.34.2+9c4e7b1",
        agent_connection_watch=True,
        external_agents=True,
        quota_code=True,
        build_reasons=True,
        limits_users=True,
        script_status=True,
        preset_details=True,
        allow_list=True,
        chats=EXPERIMENTAL,
        template_fields=_TEMPLATE_2_34,
        workspace_fields=_WORKSPACE_2_24 | {"shared_with"},
        connecting_is_healthy=False,
        canceled_late=400,
        search_keys=frozenset({"has-ai-task", "has_external_agent", "healthy", "shared", "shared_with_user", "shared_with_group"}),
    ),
    "newest": Level(
        version="v2.38.0+7e0ff4c",
        agent_connection_watch=True,
        external_agents=True,
        quota_code=True,
        build_reasons=True,
        limits_users=True,
        script_status=True,
        preset_details=True,
        agents_allowed=True,
        chats="/api/v2/chats",
        template_fields=_TEMPLATE_2_34 | {"agents_allowed", "allow_workspace_renames"},
        workspace_fields=(_WORKSPACE_2_24 | {"shared_with"}) - {"task_id"},
        connecting_is_healthy=False,
        canceled_late=400,
        search_keys=frozenset(
            {"has-ai-task", "has_external_agent", "healthy", "shared", "shared_with_user", "shared_with_group", "include_agent_metadata"}
        ),
    ),
}


def level_of(name: object) -> Level:
    """Return a level by its name. InvalidArgumentError."""
    if not isinstance(name, str) or name not in LEVELS:
        raise InvalidArgumentError("level", f"one of {', '.join(LEVELS)}")
    return LEVELS[name]
