"""Every loop looks at the caller's patience and has a floor, whatever goes round in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from chatworkspace import BusyError, JobStatus, Phase, Reason, State, Timeouts, Transition, Workspace
from chatworkspace.ports import Clock, Look, Watch
from chatworkspace_fake import FakeCoder, FakeStore, MemoryStore
from chatworkspace_fake._simulation.registry import registry
from tests.patience.calls import SLACK
from tests.service.chats import CHAT, World


class SlowLooks(MemoryStore):
    """A store whose looks take longer than they may, and keep to no limit. `takes`: seconds; 0 at first."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.clock = clock
        self.takes = 0.0

    def look(self, chat_id: str) -> Look:
        """Take the time."""
        look = super().look(chat_id)
        self.clock.sleep(self.takes)
        return look


def _slow(takes: float, **limits: float) -> World:
    world = World(store=SlowLooks, timeouts=Timeouts(**limits))
    world.template()
    store: Any = world.sim.store
    store.takes = takes
    return world


@pytest.mark.parametrize("takes", [1.5, 4.0])
@pytest.mark.parametrize("wait", [0, 30])
def test_a_store_that_is_slower_than_a_proof(wait: float, takes: float) -> None:
    """Nobody can be told ready by a dial that is too old; the call ends all the same, dials a few times, and says why."""
    world = _slow(takes, proof=1)
    outcome, calls = world.counts(lambda: world.chats.create(CHAT, next(iter(world.coder.inside.platform.templates)), wait=wait))
    assert (outcome.state, outcome.reason, outcome.phase) == (State.STARTING, Reason.IN_PROGRESS, Phase.CONNECTING)
    assert "slower than a dial is proof" in outcome.error
    assert outcome.elapsed <= wait + 10 + SLACK
    assert calls["dial"] <= (outcome.elapsed + takes) / takes


def test_a_store_that_is_slower_than_a_proof_ends_a_call_without_a_wait() -> None:
    """The limit for connecting is the limit."""
    world = _slow(6, connect=60)
    outcome, calls = world.counts(lambda: world.chats.create(CHAT, next(iter(world.coder.inside.platform.templates))))
    assert (outcome.state, outcome.phase) == (State.STARTING, Phase.CONNECTING)
    assert outcome.elapsed <= 60 + 3 * 6
    assert calls["dial"] <= 13


def test_a_chat_that_is_claimed_all_the_time() -> None:
    """Each claim voids the proof: looked at again with a pause, and not for ever."""

    class Claimed(FakeStore):
        """Somebody claims at every look."""

        busy = False

        def look(self, chat_id: str) -> Look:
            look = super().look(chat_id)
            if self.busy:
                row: Any = self._rows[chat_id]
                row.epoch += 1
            return look

    world = World(store=Claimed)
    world.created()
    store: Any = world.sim.store
    store.busy = True
    outcome, calls = world.counts(lambda: world.chats.status(CHAT, wait=20))
    assert (outcome.state, outcome.phase) == (State.STARTING, Phase.CONNECTING)
    assert 20 <= outcome.elapsed <= 20 + SLACK
    assert calls["dial"] <= 210
    now, calls = world.counts(lambda: world.chats.status(CHAT))
    assert (now.elapsed <= 1, calls["dial"]) == (True, 4)


class Hasty(FakeCoder):
    """A platform whose watches come back at once, with nothing to tell."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.asked = 0

    def watch(self, workspace: Workspace, *, deadline: float) -> Watch | None:
        """Open one."""
        watch: Any = super().watch(workspace, deadline=deadline)
        following = watch.next

        def next_(deadline: float) -> Workspace | None:
            del deadline
            self.asked += 1
            told: Workspace | None = following(0.0)
            return told

        watch.next = next_
        return watch  # type: ignore[no-any-return] # a stand-in


def test_a_watch_that_comes_back_at_once_is_not_asked_at_once_again() -> None:
    """A tenth of a second between two, whatever it keeps saying; what it does tell is told."""
    world = World(coder=Hasty)
    outcome = world.chats.create(CHAT, world.template(build=30).id)
    assert outcome.ready
    assert 30 <= outcome.elapsed <= 30.2
    coder: Any = world.coder
    assert coder.asked <= 320


class Restopped(FakeCoder):
    """A platform whose user stops a workspace again whenever it has stopped, for a thousand times."""

    stops = 0

    def get_workspace(self, *args: Any, **kwargs: Any) -> Workspace:
        """Be the user."""
        latest = self.workspaces[-1].told().build
        if (latest.transition, latest.job_status) == (Transition.STOP, JobStatus.SUCCEEDED) and self.stops < 1000:
            self.stops += 1
            self.workspaces[-1].stop()
        return super().get_workspace(*args, **kwargs)


def test_builds_that_follow_one_another_without_end() -> None:
    """Each is waited for, for the next may be the last; and yet a caller who has named no wait is not kept for ever."""
    world = World(coder=Restopped, timeouts=Timeouts(build=20, connect=20, scripts=20))
    world.created(stop=8)
    world.latest.stop()
    outcome = world.chats.start(CHAT)
    assert (outcome.state, 120 <= outcome.elapsed <= 130) == (State.STOPPED, True)
    assert 14 <= len(world.latest.builds) <= 18


class Repeating(MemoryStore):
    """A store whose pages do not go on."""

    pages = 0

    def owned(self, *, after: str = "", limit: int = 500) -> Sequence[tuple[str, Look]]:
        """Give the first page, again and again."""
        del after
        self.pages += 1
        return super().owned(limit=limit)


def test_pages_that_do_not_go_on_end_a_sweep() -> None:
    """Whose fault that is, is another matter."""
    world = World(store=Repeating)
    world.created()
    assert world.chats.sweep().strays == ()
    store: Any = world.sim.store
    assert store.pages <= 4


@pytest.mark.parametrize("takes", [0.0, 4.5])
@pytest.mark.parametrize("wait", [0.0, 5.0])
def test_turns_that_come_to_nothing_end(wait: float, takes: float) -> None:
    """Somebody else is always quicker: a call that may not wait says how things stand."""

    class Changing(FakeStore):
        """Somebody claims between every look and claim."""

        def claim(self, look: Look, **rest: Any) -> Any:
            row: Any = self._rows[look.chat.id]
            row.epoch += 1
            return super().claim(look, **rest)

    world = World(store=Changing)
    registry.let_go(world.sim)
    docker = world.template()
    world.sim.store.when("claim", times=1000).take(takes)
    with pytest.raises(BusyError):
        world.chats.create(CHAT, docker.id, wait=wait)
    assert world.sim.elapsed <= wait + 10 + takes + SLACK


def test_a_wait_for_a_turn_that_fails_at_once_has_a_floor() -> None:
    """It is looked twice a second, as without it, and the turn comes when the claim is over."""
    world = World()
    docker, dead = world.template(), world.sim.process()
    dead.kill(before="store.bind")
    world.sim.run(lambda: dead.workspaces.create(CHAT, docker.id))
    world.sim.store.when("wait_for_turn", times=200).fail()
    before = world.sim.trace.count("store.look")
    outcome = world.chats.create(CHAT, docker.id)
    assert outcome.ready
    assert 29 <= outcome.elapsed <= 31
    assert world.sim.trace.count("store.look") - before <= 70
    registry.let_go(world.sim)
