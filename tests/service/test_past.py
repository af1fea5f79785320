"""What is over and past: the sweep goes from owner to owner, looks at what has nothing left once, and what is past can be removed."""

from __future__ import annotations

from uuid import UUID

import pytest

from chatworkspace import ChatNotFoundError, InvalidArgumentError, UnavailableError
from chatworkspace._application import sweeping
from tests.service.chats import CHAT, World

DAY = 86400.0


def opened(world: World, owners: int, each: int) -> None:
    """Open chats of several owners, whose ids do not go by owner."""
    for number in range(owners * each):
        world.chats.open_chat(f"of-{number:03}", owner_id=UUID(int=1 + number % owners), organization_id=world.sim.organization_id)


def test_the_platform_is_asked_once_for_each_owner(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many pages its chats are on."""
    monkeypatch.setattr(sweeping, "PAGE", 3)
    world = World()
    opened(world, 4, 5)
    before = world.coder.calls.count("list_workspaces")
    assert world.chats.sweep().errors == {}
    assert world.coder.calls.count("list_workspaces") - before == 4 + 1


def test_a_sweep_goes_on_where_another_stopped() -> None:
    """By the place that it tells; all of them together find what one finds."""
    world = World()
    opened(world, 3, 4)
    world.created()
    world.chats.detach(CHAT)
    stray = world.latest.id
    after, found, parts = "", list[UUID](), 0
    while True:
        swept = world.chats.sweep(after=after, limit=5)
        found += [it.id for it in swept.strays]
        parts += 1
        if swept.after is None:
            break
        after = swept.after
    assert (found, parts) == ([stray], 3)
    assert [it.id for it in world.chats.sweep().strays] == [stray]


def test_a_store_that_fails_amid_a_sweep(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was found is told, why it ended, and where it goes on."""
    monkeypatch.setattr(sweeping, "PAGE", 3)
    world = World()
    opened(world, 2, 3)
    world.sim.store.when("owned", nth=2).fail(UnavailableError("no database", retryable=False))
    swept = world.chats.sweep()
    assert (swept.errors, swept.after) == ({"store": "no database"}, f"{UUID(int=1)}/{world.sim.organization_id}/of-004")
    assert world.chats.sweep(after=swept.after or "").after is None


def test_what_has_nothing_left_is_looked_at_once() -> None:
    """A closed chat, once its last request would have been answered long ago; one whose workspace lives is looked at each time."""
    world = World()
    world.created()
    world.sim.open_chat("unused")
    for chat_id in (CHAT, "unused"):
        world.chats.close_chat(chat_id)
    world.chats.sweep()
    assert len(world.sim.store.owned()) == 2
    world.sim.sleep(sweeping.STANDING)
    assert [it.id for it in world.chats.sweep().strays] == [world.latest.id]
    assert [look.chat.id for _, look in world.sim.store.owned()] == [CHAT]


def test_what_is_past_is_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    """In batches: chats that were closed so long ago, and of which a sweep has found nothing left; no other."""
    monkeypatch.setattr(sweeping, "PAGE", 3)
    world = World()
    world.created()
    opened(world, 2, 5)
    world.sim.open_chat("young")
    for number in range(1, 10):
        world.chats.close_chat(f"of-{number:03}")
    world.chats.close_chat(CHAT)
    world.sim.sleep(DAY)
    world.chats.close_chat("young")
    assert world.chats.purge(older_than=DAY / 2) == 0
    world.chats.sweep()
    assert world.chats.purge(older_than=2 * DAY) == 0
    assert world.chats.purge(older_than=DAY / 2) == 9
    assert world.chats.purge(older_than=DAY / 2) == 0
    assert [chat.id for chat in world.chats.chats().chats] == [CHAT, "of-000", "young"]
    with pytest.raises(ChatNotFoundError):
        world.chats.history("of-001")


def test_an_id_that_is_gone_is_a_new_chats() -> None:
    """It gets its one workspace, as any other."""
    world = World()
    docker = world.template()
    world.chats.create(CHAT, docker.id)
    world.chats.delete(CHAT)
    world.sim.sleep(DAY)
    world.chats.sweep()
    assert world.chats.purge(older_than=1) == 1
    world.sim.open_chat(CHAT)
    assert world.chats.create(CHAT, docker.id).require_ready().id == world.coder.live[0].id
    assert (len(world.coder.live), len(world.chats.history(CHAT))) == (1, 1)


@pytest.mark.parametrize(("argument", "wrong"), [("older_than", 0), ("older_than", "a day"), ("older_than", float("nan"))])
def test_what_purge_takes(argument: str, wrong: object) -> None:
    """Seconds; what is wrong is told first, also where all is closed."""
    world = World()
    for closed in (False, True):
        if closed:
            world.chats.close()
        with pytest.raises(InvalidArgumentError) as error:
            world.chats.purge(**{argument: wrong})  # type: ignore[arg-type] # wrong on purpose
        assert error.value.argument == argument


@pytest.mark.parametrize("limit", [0, 1.5, True])
def test_what_sweep_takes(limit: object) -> None:
    """A whole number."""
    with pytest.raises(InvalidArgumentError) as error:
        World().chats.sweep(limit=limit)  # type: ignore[arg-type] # wrong on purpose
    assert error.value.argument == "limit"
