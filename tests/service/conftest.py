"""The tests of the service run in memory and, with the tests of adapters, over HTTP, over PostgreSQL, and over folders of this machine.

Over HTTP with the newest server; where everything is asked for, also with a server of each older level (see tests/over_http.py), over PostgreSQL,
with and without a pgbouncer in transaction mode before the database (see tests/over_postgres.py), and those of the modules in ON_FOLDERS over
LocalPlatform (see tests/over_local.py).

All but those that LEFT_OUT names.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack

import attrs
import pytest

from chatworkspace_simulator._api.levels import LEVELS
from tests.over_http import over_http
from tests.over_postgres import over_postgres
from tests.ways import NEWEST, levels, marks_left_out

MEMORY = "memory"
PGBOUNCER = "pgbouncer"
POSTGRES = ("postgres", PGBOUNCER)
LOCAL = "local"


@attrs.frozen
class Left:
    """A test that is left out where it is not in memory."""

    test: str
    why: str
    case: str = attrs.field(default="", kw_only=True)
    """What its id contains; empty: all its cases."""
    ways: tuple[str, ...] = attrs.field(default=tuple(LEVELS), kw_only=True)


FORGETS = "a PostgreSQL that has confirmed a commit does not lose it at a test's word"
CLASSIC = "what is answered brings no questions there"
ONE_PROCESS = "it is about the store in memory"
SINCE = "nobody can see since when a keeper is paused"
INHERITED = "a child is refused the connections that its parent has opened"
LEFT_OUT = (
    Left("test_one_that_is_ready_at_once_needs_no_watch", "a server answers a creation before anybody has begun to build"),
    Left("test_close_ends_a_wait_for_the_mutex", "the same: the caller who is to be the first to end has to wait"),
    Left("test_a_dial_that_fails_is_told_as_connecting_meanwhile", "an error without words: a server has some"),
    Left("test_a_template_that_may_not_be_used", "servers without chats forbid them nothing", case="not_allowed", ways=("2.20", "2.24", "2.29")),
    Left("test_a_template_that_may_not_be_used", "they do not tell of external agents", case="external", ways=("2.20", "2.24")),
    Left("test_a_name_that_is_taken_is_our_own_earlier_request", FORGETS, ways=POSTGRES),
    Left("test_a_race_for_the_name_that_is_lost_inside_the_platform", FORGETS, ways=POSTGRES),
    Left("test_a_chat_keeps_its_one_workspace", FORGETS, case="-commit", ways=POSTGRES),
    Left("test_what_a_store_has_forgotten_is_listed", FORGETS, ways=POSTGRES),
    Left("test_a_forgetful_store_and_two_wishes_make_two", FORGETS, ways=POSTGRES),
    Left("test_a_forgetful_store_and_a_detach_leave_two", FORGETS, ways=POSTGRES),
    Left("test_a_store_that_forgets_what_is_to_be_deleted_lets_another_chat_lose_it", FORGETS, ways=POSTGRES),
    Left("test_a_child_has_its_own_parts", INHERITED, ways=POSTGRES),
    Left("test_parent_and_child_take_different_tokens", INHERITED, ways=POSTGRES),
    Left("test_the_error_is_the_librarys_own", ONE_PROCESS, ways=POSTGRES),
    Left("test_a_memory_store_refuses_another_process", ONE_PROCESS, ways=POSTGRES),
    Left("test_a_parameter_that_depends_on_another_answer", CLASSIC, ways=("2.20",)),
    Left("test_an_evaluation_that_lacks_modules", CLASSIC, ways=("2.20",)),
    Left("test_a_start_adds_to_what_was_answered_before", CLASSIC, ways=("2.20",)),
    Left("test_a_preset_hands_over_a_prebuilt_workspace", "a server that ignores presets hands over nothing", ways=("2.20",)),
    Left("test_a_start_that_is_refused_says_why", "the platform has words of its own", ways=(LOCAL,)),
    Left("test_an_agent_out_of_reach_does_not_keep_a_workspace_from_being_stopped", SINCE, ways=(LOCAL,)),
    Left("test_the_agent_that_is_used", "agents of agents are not told from others", case="main/container-coderd-chat", ways=("2.20",)),
)

ON_FOLDERS = (
    *("test_adopting", "test_answers", "test_attach_detach", "test_close_chat", "test_create", "test_delete", "test_found", "test_history"),
    *("test_in_doubt", "test_refused", "test_replace", "test_resume", "test_start_stop", "test_templates"),
)
"""Modules whose tests run over folders. The others are about how long builds take and how they fail, which folders leave to no test, and about what
stands before the platform, which is the same there. A test of these that asks for such a thing is skipped, with the reason."""

PRODUCTS = (
    "test_a_chat_keeps_its_one_workspace",
    "test_what_goes_on_without_end_is_a_persons",
    "test_short_calls_learn_at_the_same_instant_as_a_long_one",
)
"""Of many cases, or of long ones."""
OF_PRODUCTS, OF_OTHERS, OF_EACH_WAY = 8, 3, 4
"""One of so many is gone over each time over HTTP; where everything is asked for all others are, and of products, and through a pgbouncer,
one of four; the rest is for the day before a release."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make a test of each way."""
    every = [
        pytest.param(MEMORY, id=pytest.HIDDEN_PARAM),
        *levels(pytest.mark.adapters, prefix="http-"),
        *(
            pytest.param(way, id=way, marks=(pytest.mark.adapters, pytest.mark.exhaustive))
            for way in (*POSTGRES, *_folders(metafunc.definition.path.stem))
        ),
    ]
    left_out = marks_left_out(metafunc.config)  # of them there are ten thousand: to make them only to leave them out takes its time
    metafunc.parametrize("over", [it for it in every if not any(mark.name in left_out for mark in it.marks)], indirect=True)


def _folders(module: str) -> tuple[str, ...]:
    return (LOCAL,) if sys.platform == "linux" and module in ON_FOLDERS else ()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what cannot be; of a product, go over HTTP with some each time, and with all where everything is asked for."""
    left = {it: None for it in items if isinstance(it, pytest.Function) and _is_left(it)}
    config.hook.pytest_deselected(items=list(left))
    items[:] = [it for it in items if it not in left]
    for number, item in enumerate(it for it in items if _way(it) == NEWEST and not _is_product(it)):
        if number % OF_OTHERS:
            item.add_marker(pytest.mark.exhaustive)
    for way in (*LEVELS, *POSTGRES):
        _share(way, [it for it in items if _way(it) == way and (_is_product(it) or way == PGBOUNCER)])


def _share(way: str, items: list[pytest.Item]) -> None:
    """Leave most of a product, and of what goes through a pgbouncer as it goes without, to where more is asked for."""
    for number, item in enumerate(items):
        if way != NEWEST and number % OF_EACH_WAY:
            item.add_marker(pytest.mark.deep)
        elif way == NEWEST and number % OF_PRODUCTS:
            item.add_marker(pytest.mark.exhaustive)


def _is_product(item: pytest.Item) -> bool:
    return isinstance(item, pytest.Function) and item.originalname in PRODUCTS


def _way(item: pytest.Item) -> object:
    return item.callspec.params.get("over") if isinstance(item, pytest.Function) and hasattr(item, "callspec") else None


def _is_left(item: pytest.Function) -> bool:
    return any(it.test == item.originalname and _way(item) in it.ways and it.case in item.name for it in LEFT_OUT)


@pytest.fixture(autouse=True)
def over(request: pytest.FixtureRequest) -> Iterator[None]:
    """Put the platform behind HTTP or onto folders, or the store into PostgreSQL, if it is to be."""
    with ExitStack() as stack:
        if request.param in POSTGRES:
            stack.enter_context(over_postgres(request.getfixturevalue(f"{request.param}_stores")))
        elif request.param == LOCAL:
            from tests.over_local import over_local  # noqa: PLC0415 # other systems have no such platform

            stack.enter_context(over_local())
        elif request.param != MEMORY:
            stack.enter_context(over_http(request.param))
        yield
