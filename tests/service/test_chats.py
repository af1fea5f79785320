"""chats(): what the store knows, those that are wanted, a page at a time."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from chatworkspace import InvalidArgumentError, UnavailableError
from tests.service.chats import World

KINDS = ("bound", "closed", "detached", "new", "planned")


def world_of_each() -> World:
    """Return a world with one chat of each kind, by that name."""
    world = World()
    template = world.template()
    for chat_id in KINDS:
        world.sim.open_chat(chat_id)
    for chat_id in ("bound", "closed", "detached"):
        world.chats.create(chat_id, template.id)
    world.chats.detach("detached")
    world.chats.close_chat("closed")
    world.interrupted_creation(template, at="coder.create_workspace", chat_id="planned")
    return world


def ids(world: World, **wanted: Any) -> tuple[str, ...]:
    """Return the ids of those that are wanted."""
    return tuple(it.id for it in world.chats.chats(**wanted).chats if it.id in KINDS)


@pytest.mark.parametrize(
    ("wanted", "those"),
    [
        ({}, KINDS),
        ({"bound": True}, ("bound",)),
        ({"bound": False}, ("closed", "detached", "new", "planned")),
        ({"closed": True}, ("closed",)),
        ({"closed": False, "bound": False}, ("detached", "new", "planned")),
        ({"planned": True}, ("planned",)),
        ({"planned": False, "closed": False}, ("bound", "detached", "new")),
        ({"bound": True, "closed": True}, ()),
    ],
)
def test_those_that_are_wanted(wanted: dict[str, bool], those: tuple[str, ...]) -> None:
    """Each filter leaves out what is otherwise; several all hold."""
    world = world_of_each()
    assert ids(world, **wanted) == those


def test_of_one_owner_or_organization() -> None:
    """By their ids, as text or as UUID; of somebody else there are none."""
    world = world_of_each()
    chat = world.chats.get_chat("bound")
    assert ids(world, owner_id=str(chat.owner_id), organization_id=chat.organization_id) == KINDS
    assert ids(world, owner_id=UUID(int=7)) == ()
    assert ids(world, organization_id=UUID(int=7)) == ()


@pytest.mark.parametrize("limit", [1, 2, 3, 1000])
def test_pages_come_to_the_whole(limit: int) -> None:
    """Each chat stands on one page, in order, also where a filter leaves some out."""
    world, found, after = World(), list[str](), ""
    for number in range(520):
        world.chats.open_chat(f"{number:04}", owner_id=UUID(int=number % 3), organization_id=UUID(int=1))
    for _ in range(520):
        page = world.chats.chats(owner_id=UUID(int=1), after=after, limit=limit)
        assert len(page.chats) <= limit
        found += [it.id for it in page.chats]
        if page.after is None:
            break
        after = page.after
    assert found == [f"{number:04}" for number in range(1, 520, 3)]


def test_a_slow_store_is_not_asked_for_longer_than_a_look_may_take() -> None:
    """What was found until then is told, and where to go on."""
    world = World()
    for number in range(1100):
        world.chats.open_chat(f"{number:04}", owner_id=UUID(int=1), organization_id=UUID(int=1))
    world.sim.store.when("chats", times=2).take(4.5)
    began, page = world.sim.elapsed, world.chats.chats(owner_id=UUID(int=2))
    assert (page.chats, page.after, world.sim.elapsed - began) == ((), "0999", 9)
    assert world.chats.chats(owner_id=UUID(int=2), after="0999").after is None


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"owner_id": "me"}, "owner_id: "),
        ({"organization_id": 1}, "organization_id: "),
        ({"bound": "yes"}, "bound: expected True, False or None"),
        ({"closed": 1}, "closed: expected True, False or None"),
        ({"planned": 0}, "planned: expected True, False or None"),
        ({"after": None}, "after: expected text"),
        ({"limit": 0}, "limit: expected a whole number from 1 to 1,000"),
        ({"limit": True}, "limit: expected a whole number from 1 to 1,000"),
        ({"limit": 1001}, "limit: expected a whole number from 1 to 1,000"),
    ],
)
def test_a_wrong_argument_is_named(wrong: dict[str, Any], told: str) -> None:
    """Before anything is asked."""
    with pytest.raises(InvalidArgumentError, match=told):
        World().chats.chats(**wrong)


def test_a_store_that_is_away_is_told() -> None:
    """As by any method."""
    world = World()
    world.sim.store.when("chats").fail(UnavailableError("disk full", retryable=False))
    with pytest.raises(UnavailableError, match="disk full"):
        world.chats.chats()
