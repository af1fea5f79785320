"""Fresh reads for many: one list of an owner's serves all that wait."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from uuid import UUID, uuid4

import pytest

from chatworkspace import Workspace
from chatworkspace.ports import NotFoundError, Watch
from chatworkspace_fake import Simulation
from chatworkspace_fake._platform.workspaces import FakeWorkspace
from tests.application.watching import TICK, TimedCoder, World

MANY = 40


def crowd(world: World, count: int = MANY, *, owner_id: UUID | None = None) -> list[FakeWorkspace]:
    """Make as many workspaces."""
    return [world.another(f"dev-{number}", owner_id=owner_id) for number in range(count)]


def waited_for(world: World, devs: Sequence[FakeWorkspace], *, until: float) -> list[float | None]:
    """Have each be waited for, by a thread of its own; return when it was heard that it is ready."""
    return world.sim.run(*[world.waiter(until=until, dev=dev) for dev in devs])


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("count", [MANY, 5 * MANY])
def test_one_list_serves_all_of_an_owner(seed: int, count: int) -> None:
    """Every 400 ms for half a minute, then every 2 s, however many wait; nothing else is asked for, and nothing is left."""
    world = World(seed, watching=False, build=1000)
    assert set(waited_for(world, crowd(world, count), until=90)) == {None}
    lists = world.coder.lists
    assert all(after - before >= (0.4 if before < 30 else 2) - TICK for before, after in pairwise(lists))
    assert 30 / 0.4 + 60 / 2 - 3 <= len(lists) <= 30 / 0.4 + 60 / 2 + 3
    assert len(world.coder.reads) <= 20  # the few first, before they were many
    assert world.left() == (0, 0)
    assert not world.watches.reads._groups


def test_lists_grow_with_owners() -> None:
    """Each has its own."""
    world = World(watching=False, build=1000)
    owners = [uuid4() for _ in range(3)]
    devs = [dev for owner in owners for dev in crowd(world, owner_id=owner)]
    waited_for(world, devs, until=10)
    assert 3 * 10 / 0.4 - 9 <= len(world.coder.lists) <= 3 * 10 / 0.4 + 9


def test_all_hear_of_it_by_the_next_list() -> None:
    """Of all builds that end at the same time, and of each that ends while the leader has left."""
    world = World(watching=False, build=40)
    heard = waited_for(world, crowd(world), until=100)
    assert all(at is not None and 40 <= at <= 42 + TICK for at in heard)
    staggered = [world.another(f"late-{number}", world.coder.add_template(f"t-{number}", build=5 + 2 * number)) for number in range(MANY)]
    began = world.sim.elapsed
    heard = waited_for(world, staggered, until=1000)
    assert all(at is not None and 0 <= at - began - 5 - 2 * number <= 2.2 + TICK for number, at in enumerate(heard))


@pytest.mark.parametrize("seed", range(4))
def test_few_that_began_lately_are_read_by_themselves(seed: int) -> None:
    """A list of many may take long, and comes the more seldom: somebody looks on where a chat has just begun."""
    world = World(seed, watching=False, build=1000)
    world.sim.run(world.waiter(comes=60, until=75), *[world.waiter(until=80, dev=dev) for dev in crowd(world)])
    read = sorted(at for at in [*world.coder.reads, *world.coder.lists] if 60 <= at <= 75)
    assert all(after - before <= 0.44 + TICK for before, after in pairwise(read))
    assert 15 / 0.44 - 9 <= sum(at >= 60 for at in world.coder.reads) <= 15 / 0.36 + 2


@pytest.mark.parametrize("watching", [True, False])
def test_what_is_silent_is_listed(watching: bool) -> None:  # noqa: FBT001 # a parameter of the test
    """Watches that say nothing for 15 s are not believed: one list a quarter of a minute for all of them."""
    world = World(watching=watching, build=62)
    world.coder.silence_watches()
    heard = waited_for(world, crowd(world), until=100)
    assert all(at is not None and 62 <= at <= (75 if watching else 64) + TICK for at in heard)
    if watching:
        assert world.coder.lists == [15, 30, 45, 60, 75]
        assert world.coder.reads == []


@pytest.mark.parametrize("seed", range(4))
def test_all_watches_broken_at_once(seed: int) -> None:
    """One list tells what happened meanwhile; they are opened again at no more than a hundred a second, and within 5 s."""
    world = World(seed, build=1000)
    world.sim.at(10, world.coder.break_watches)
    devs = crowd(world, 5 * MANY)
    waited_for(world, devs, until=20)
    opened = sorted(at for at in world.coder.watches if at >= 10)
    assert len(opened) == len(devs)
    assert opened[-1] <= 10 + 5
    assert all(later - earlier >= 1 - TICK for earlier, later in zip(opened, opened[100:], strict=False))
    assert 1 <= len(world.coder.lists) <= 3
    assert world.coder.reads == []


def test_a_list_that_fails_is_asked_for_again_and_then_left() -> None:
    """Then each is read by itself, 50 a second at most; nobody is told later than that takes."""
    world = World(watching=False, build=20)
    world.coder.when("list_workspaces", times=2).fail()
    heard = waited_for(world, crowd(world), until=100)
    assert all(at is not None and 20 <= at <= 22 for at in heard)
    assert len(world.coder.lists) <= 3
    reads = sorted(world.coder.reads)
    assert all(later - earlier >= 1 - TICK for earlier, later in zip(reads, reads[50:], strict=False))


class Forgetful(TimedCoder):
    """A platform whose list leaves out one, and fails where the owner is not known."""

    left_out: UUID | None = None
    unknown = False

    def list_workspaces(self, owner_id: UUID, organization_id: UUID, *, deadline: float) -> Sequence[Workspace]:
        """List all but one."""
        found = super().list_workspaces(owner_id, organization_id, deadline=deadline)
        if self.unknown:
            raise NotFoundError("no such owner")
        return [it for it in found if it.id != self.left_out]


def _forgetful() -> tuple[World, Forgetful]:
    world = World(watching=False)
    world.sim = Simulation(0, coder=lambda clock: Forgetful(clock, watching=False))
    coder = world.sim.coder
    assert isinstance(coder, Forgetful)
    world.coder, world.template = coder, coder.add_template("docker", build=30)
    world.watches = type(world.watches)(coder, world.sim, request=15)
    return world, coder


def test_what_a_list_leaves_out_is_read_by_itself() -> None:
    """Nothing is concluded from it."""
    world, coder = _forgetful()
    devs = crowd(world)
    coder.left_out = devs[3].id
    heard = waited_for(world, devs, until=100)
    assert all(at is not None and 30 <= at <= 32 + TICK for at in heard)
    assert len(coder.reads) >= 30 / 0.4 - 3


def test_where_there_is_no_list_each_is_read_by_itself() -> None:
    """As it was asked for once in half a minute."""
    world, coder = _forgetful()
    coder.unknown = True
    heard = waited_for(world, crowd(world), until=100)
    assert all(at is not None and 30 <= at <= 32 + TICK for at in heard)
    assert len(coder.lists) <= 3


class Slow(TimedCoder):
    """A platform whose list takes long, and tells how things were in the midst of it (`lists`); it lets no more than some be watched."""

    takes = 2.0
    most_watches = 0

    def get_workspace(self, owner_id: UUID, workspace_id: UUID, *, deadline: float) -> Workspace:
        """Take long enough that a list of many costs less."""
        self.clock.sleep(self.takes / 20)
        return super().get_workspace(owner_id, workspace_id, deadline=deadline)

    def list_workspaces(self, owner_id: UUID, organization_id: UUID, *, deadline: float) -> Sequence[Workspace]:
        """List."""
        self.clock.sleep(self.takes / 2)
        found = super().list_workspaces(owner_id, organization_id, deadline=deadline)
        self.clock.sleep(self.takes / 2)
        return found

    def watch(self, workspace: Workspace, *, deadline: float) -> Watch | None:
        """Watch, where there is room."""
        return super().watch(workspace, deadline=deadline) if self.open_watches < self.most_watches else None


def told_by_a_slow_list(*, ready: Sequence[float], watches: int = 0) -> tuple[list[float], list[float]]:
    """Have many wait whose workspaces are ready then; return when each was told, and of when the lists were."""
    world = World()
    world.sim = Simulation(0, coder=lambda clock: Slow(clock, watching=True))
    coder = world.sim.coder
    assert isinstance(coder, Slow)
    coder.most_watches = watches
    world.coder, world.watches = coder, type(world.watches)(coder, world.sim, request=15)
    devs = [world.another(f"dev-{number}", coder.add_template(f"t-{number}", build=at)) for number, at in enumerate(ready)]
    return [at for at in waited_for(world, devs, until=200) if at is not None], coder.lists


@pytest.mark.parametrize("began", range(100, 108))
def test_the_rest_of_a_flood_is_told_by_the_list_behind(began: int) -> None:
    """All become ready within a second: whoever is not in the list that tells of an eighth of them is in the one right behind it."""
    told, lists = told_by_a_slow_list(ready=[began + number / MANY for number in range(MANY)])
    assert len(told) == MANY
    first = next(at for at in lists if at >= began + 1 / 8)
    assert max(told) <= first + 1.5 * Slow.takes + TICK


@pytest.mark.parametrize("began", range(100, 108))
def test_what_watches_tell_while_a_list_is_under_way_is_a_sign(began: int) -> None:
    """It was asked for before: what it does not tell, the next one does, right behind it."""
    told, _ = told_by_a_slow_list(ready=[began] * MANY, watches=MANY // 4)
    assert len(told) == MANY
    assert max(told) <= began + 2 * Slow.takes + TICK


def test_one_that_is_ready_does_not_have_all_listed_without_a_pause() -> None:
    """After news of a single one there is no list for as long as the last one took."""
    told, lists = told_by_a_slow_list(ready=[100 if number == 0 else 1000 for number in range(MANY)])
    assert len(told) == 1
    first = next(at for at in lists if at > 100)
    assert next(at for at in lists if at > first) - first >= 2 * Slow.takes - TICK
