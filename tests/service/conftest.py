"""The tests of the service run in memory and, with the tests of adapters, over HTTP with a server of each level (see tests/over_http.py).

All but those that NOT_OVER_HTTP names.
"""

from __future__ import annotations

from collections.abc import Iterator

import attrs
import pytest

from chatworkspace_fake._levels import LEVELS
from tests.over_http import over_http

MEMORY = "memory"


@attrs.frozen
class Left:
    """A test that is left out over HTTP."""

    test: str
    why: str
    case: str = attrs.field(default="", kw_only=True)
    """What its id contains; empty: all its cases."""
    levels: tuple[str, ...] = attrs.field(default=tuple(LEVELS), kw_only=True)


NOT_OVER_HTTP = (
    Left("test_one_that_is_ready_at_once_needs_no_watch", "a server answers a creation before anybody has begun to build"),
    Left("test_close_ends_a_wait_for_the_mutex", "the same: the caller who is to be the first to end has to wait"),
    Left("test_a_dial_that_fails_is_told_as_connecting_meanwhile", "an error without words: a server has some"),
    Left("test_a_template_that_may_not_be_used", "servers without chats forbid them nothing", case="not_allowed", levels=("2.20", "2.24")),
    Left("test_a_template_that_may_not_be_used", "they do not tell of external agents", case="external", levels=("2.20", "2.24")),
    Left("test_the_agent_that_is_used", "agents of agents are not told from others", case="main/container-coderd-chat", levels=("2.20",)),
)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make a test of each way."""
    ways = [pytest.param(MEMORY, id=pytest.HIDDEN_PARAM), *(pytest.param(level, id=f"http-{level}", marks=pytest.mark.adapters) for level in LEVELS)]
    metafunc.parametrize("over", ways, indirect=True)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what cannot be."""
    left = [it for it in items if isinstance(it, pytest.Function) and _is_left(it)]
    config.hook.pytest_deselected(items=left)
    items[:] = [it for it in items if it not in set[pytest.Item](left)]


def _is_left(item: pytest.Function) -> bool:
    level = item.callspec.params.get("over") if hasattr(item, "callspec") else None
    return any(it.test == item.originalname and level in it.levels and it.case in item.name for it in NOT_OVER_HTTP)


@pytest.fixture(autouse=True)
def over(request: pytest.FixtureRequest) -> Iterator[None]:
    """Put the platform behind HTTP, if it is to be."""
    if request.param == MEMORY:
        yield
        return
    with over_http(request.param):
        yield
