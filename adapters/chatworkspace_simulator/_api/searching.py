"""The server's search language: `key:value` pairs, and words that stand alone."""

from __future__ import annotations

import shlex
from collections.abc import Callable

from chatworkspace import Template
from chatworkspace_fake._platform.workspaces import FakeWorkspace
from chatworkspace_simulator._api.shapes.builds import status_of
from chatworkspace_simulator._api.world import World, organization_name
from chatworkspace_simulator._http.messages import ApiError

_TEMPLATE_KEYS = frozenset(
    {"name", "exact_name", "display_name", "exact_display_name", "organization", "deprecated", "deleted", "ids", "author", "author_id"}
)
_WORKSPACE_KEYS = frozenset(
    {"id", "owner", "template", "name", "status", "has-agent", "dormant", "last_used_after", "last_used_before", "outdated", "organization", "param"}
)


def terms(query: str, known: frozenset[str], bare: str, message: str = "Query parameters have invalid values.") -> dict[str, str]:
    """Read a query. bare: the key for words without one. ApiError 400, with this message: a key that the server does not know."""
    found: dict[str, str] = {}
    try:
        words = shlex.split(query.lower())
    except ValueError as error:
        raise ApiError(400, message, validations=(("q", str(error)),)) from error
    for word in words:
        key, colon, value = word.partition(":")
        key, value = (key, value) if colon else (bare, word)
        if key not in known:
            raise ApiError(400, message, validations=((key, f'"{key}" is not a valid query param'),))
        found[key] = value
    return found


def template_matches(query: str, world: World) -> Callable[[Template], bool]:
    """Return whether templates fit a query. ApiError 400."""
    level = world.level
    later = ({"agents-allowed"} if level.agents_allowed else set[str]()) | ({"has_external_agent"} if level.external_agents else set[str]())
    found = terms(query, _TEMPLATE_KEYS | later, "display_name")

    def matches(it: Template) -> bool:
        return all(_template_fits(it, key, value) for key, value in ({"deprecated": "false"} | found).items())

    return matches


def _template_fits(it: Template, key: str, value: str) -> bool:
    tests = {
        "name": lambda: value in it.name.lower(),
        "exact_name": lambda: value == it.name.lower(),
        "display_name": lambda: value in (it.display_name or it.name).lower(),
        "exact_display_name": lambda: value == it.display_name.lower(),
        "organization": lambda: value in {str(it.organization_id), organization_name(it.organization_id)},
        "deprecated": lambda: it.deprecated == (value == "true"),
        "deleted": lambda: value != "true",
        "ids": lambda: str(it.id) in value.split(","),
        "agents-allowed": lambda: it.agents_allowed == (value == "true"),
        "has_external_agent": lambda: it.external_agent == (value == "true"),
    }
    return key in tests and tests[key]()  # authors: a fake coder knows of none


def workspace_matches(query: str, world: World, me: str) -> Callable[[FakeWorkspace], bool]:
    """Return whether workspaces fit a query; me: the name of whoever asks. ApiError 400."""
    found = _workspace_terms(query, world)

    def matches(it: FakeWorkspace) -> bool:
        return all(_workspace_fits(world, it, key, me if (key, value) == ("owner", "me") else value) for key, value in found.items())

    return matches


def _workspace_terms(query: str, world: World) -> dict[str, str]:
    found = terms(query, _WORKSPACE_KEYS | world.level.search_keys | {""}, "", "Invalid workspace search query.")
    bare = found.pop("", "")
    owner, slash, name = bare.rpartition("/")
    return found | ({"owner": owner} if slash else {}) | ({"name": name} if bare else {})


def _workspace_fits(world: World, it: FakeWorkspace, key: str, value: str) -> bool:
    active = world.platform.templates[it.template.id].version_id
    tests = {
        "id": lambda: str(it.id) in value.split(","),
        "owner": lambda: value in {str(it.owner_id), world.owner(it).name},
        "template": lambda: value == it.template.name.lower(),
        "name": lambda: value in it.name.lower(),
        "status": lambda: value == status_of(it.told().build),
        "has-agent": lambda: any(agent.status.value == value for agent in it.told().agents),
        "dormant": lambda: it.dormant == (value == "true"),
        "organization": lambda: value in {str(it.template.organization_id), organization_name(it.template.organization_id)},
        "outdated": lambda: (it.latest.blueprint.version_id != active) == (value == "true"),
        "has_external_agent": lambda: it.latest.blueprint.external_agent == (value == "true"),
    }
    return key not in tests or tests[key]()  # the rest does not choose among a fake coder's workspaces
