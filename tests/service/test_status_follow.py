"""status() and follow(): how things stand, told without changing anything."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from chatworkspace import ChatNotFoundError, InvalidArgumentError, Outcome, Phase, Progress, Reason, State
from chatworkspace.ports import Clock, LogLine
from chatworkspace_fake import NEVER, Fails, FakeCoder
from tests.service.chats import BUILD, CHAT, CLAIM, CONNECT, READY, SLOW, World, polled

LOG = [f"line {number}" for number in range(1, 6)]


def following(world: World, **arguments: Any) -> list[Progress]:
    """Follow the chat to the end."""
    return list(world.chats.follow(CHAT, **arguments))


def building(**properties: Any) -> World:
    """Return a world in which the chat's workspace is being built."""
    world = World()
    world.chats.create(CHAT, world.template(**(SLOW | properties)).id, wait=0)
    return world


def steps(progress: list[Progress]) -> list[tuple[int, int, int]]:
    """Return generation, build and phase of each item, as numbers that only grow."""
    order = list(Phase)
    return [(it.generation, it.build_number or 0, order.index(it.phase)) for it in progress if it.phase is not None and it.line is None]


def end_of(progress: list[Progress]) -> Outcome:
    """Return the outcome of the last item, the only one that has one."""
    assert [it.outcome is not None for it in progress] == [False] * (len(progress) - 1) + [True]
    outcome = progress[-1].outcome
    assert outcome is not None
    return outcome


# ------------------------------------------------------------------ status


def test_the_status_of_a_chat_without_a_workspace() -> None:
    """It is absent, and the platform is not asked."""
    world = World()
    outcome, calls = world.counts(lambda: world.chats.status(CHAT, wait=20))
    assert (outcome.state, outcome.reason, outcome.phase, outcome.elapsed, calls) == (State.ABSENT, Reason.NO_WORKSPACE, None, 0, {})


def test_the_status_of_an_interrupted_creation() -> None:
    """A plan stands and nobody holds it: absent, with the advice to create again; nothing is settled by looking."""
    world = World()
    world.interrupted_creation(world.template())
    outcome, calls = world.counts(lambda: world.chats.status(CHAT, wait=20))
    assert (outcome.state, outcome.reason, outcome.phase, outcome.elapsed, calls) == (State.ABSENT, Reason.INTERRUPTED_CREATION, None, 0, {})
    assert world.sim.store.look(CHAT).plan is not None


@pytest.mark.parametrize(("wait", "reason"), [(10, Reason.IN_PROGRESS), (40, Reason.INTERRUPTED_CREATION)])
def test_the_status_of_a_creation_under_way(wait: float, reason: Reason) -> None:
    """While the claim lives, it is starting; once it is over, the creation was interrupted."""
    world = World()
    docker, dead = world.template(), world.sim.process()
    dead.kill(before="store.bind")
    world.sim.run(lambda: dead.workspaces.create(CHAT, docker.id))
    outcome = world.chats.status(CHAT, wait=wait)
    assert (outcome.reason, outcome.elapsed) == (reason, min(wait, CLAIM))
    assert (outcome.state, outcome.phase) == ((State.STARTING, Phase.CREATING) if wait < CLAIM else (State.ABSENT, None))


@pytest.mark.parametrize(
    ("after", "state", "phase"),
    [
        (1, State.STARTING, Phase.BUILDING),
        (BUILD + 1, State.STARTING, Phase.CONNECTING),
        (BUILD + CONNECT + 1, State.STARTING, Phase.SCRIPTS),
        (READY, State.READY, None),
    ],
)
def test_the_status_says_what_is_under_way(after: float, state: State, phase: Phase | None) -> None:
    """Without waiting."""
    world = building()
    world.sim.sleep(after)
    outcome = world.chats.status(CHAT)
    assert (outcome.state, outcome.phase, outcome.elapsed) == (state, phase, 0)
    assert outcome.reason is (Reason.EXISTING if phase is None else Reason.IN_PROGRESS)


def test_the_long_poll_returns_as_soon_as_nothing_is_under_way() -> None:
    """status(wait=20), again and again, ends at the instant that the workspace is ready."""
    world = building()
    waits = [world.chats.status(CHAT, wait=20) for _ in range(3)]
    assert [(it.elapsed, it.ready) for it in waits] == [(20, False), (20, False), (READY - 40, True)]


def test_a_status_changes_nothing() -> None:
    """A failed first build is told, not built again; no claim is taken."""
    world = World()
    world.created(build=Fails(after=5, error="no image"))
    epoch = world.sim.store.look(CHAT).epoch
    outcome = world.chats.status(CHAT, wait=10)
    assert (outcome.state, outcome.reason, outcome.error, outcome.created) == (State.FAILED, Reason.BUILD_FAILED, "no image", False)
    assert (world.sim.store.look(CHAT).epoch, len(world.latest.builds)) == (epoch, 1)


def test_the_status_of_a_deleted_workspace() -> None:
    """The chat is still bound to it, and it is gone."""
    world = World()
    world.created()
    world.latest.delete()
    outcome = world.chats.status(CHAT)
    assert (outcome.state, outcome.reason, outcome.workspace_id) == (State.GONE, Reason.DELETED, world.latest.id)


def test_the_status_when_the_platform_cannot_be_asked() -> None:
    """The chat is bound, so there is an outcome: unknown, with the last real error."""
    world = World()
    world.created()
    world.coder.when("get_workspace").lose_request()
    outcome = world.chats.status(CHAT)
    assert (outcome.state, outcome.reason, outcome.elapsed) == (State.UNKNOWN, Reason.PLATFORM_UNAVAILABLE, 10)
    assert outcome.error == "get_workspace was not answered in time"


def test_a_single_failed_read_is_asked_again() -> None:
    """One 503 is not told to anybody."""
    world = World()
    world.created()
    world.coder.when("get_workspace").fail()
    assert world.chats.status(CHAT).state is State.READY


@pytest.mark.parametrize("call", ["status", "follow", "get_chat", "history"])
def test_a_chat_that_is_not_known(call: str) -> None:
    """It was never opened."""
    world = World()
    with pytest.raises(ChatNotFoundError) as error:
        list(getattr(world.chats, call)("other"))
    assert (error.value.chat_id, error.value.reason) == ("other", Reason.CHAT_NOT_FOUND)


@pytest.mark.parametrize("wait", [-1, "soon", True])
def test_wait_is_checked(wait: Any) -> None:
    """By status and follow alike, and by the toolbox when it is made."""
    world = World()
    for call in (lambda: world.chats.status(CHAT, wait=wait), lambda: following(world, wait=wait), lambda: world.chats.toolbox(CHAT, wait=wait)):
        with pytest.raises(InvalidArgumentError) as error:
            call()
        assert error.value.argument == "wait"


# ------------------------------------------------------------------ follow


@pytest.mark.parametrize("coder", [FakeCoder, polled])
def test_a_follower_sees_every_phase_go_by(coder: Any) -> None:
    """Building, connecting, scripts, then one last item with the outcome; only forward, and at least every 5 s."""
    world = World(coder=coder)
    world.chats.create(CHAT, world.template(**SLOW).id, wait=0)
    progress = following(world)
    outcome = end_of(progress)
    assert (outcome.state, outcome.reason) == (State.READY, Reason.EXISTING)
    phases = [it.phase for it in progress if it.phase is not None]
    assert list(dict.fromkeys(phases)) == [Phase.BUILDING, Phase.CONNECTING, Phase.SCRIPTS]
    assert steps(progress) == sorted(steps(progress))
    assert max(later.elapsed - earlier.elapsed for earlier, later in pairwise(progress)) <= 5
    assert progress[0].elapsed == 0


def test_what_an_item_carries() -> None:
    """Chat, generation, build, and when."""
    world = building()
    first = next(iter(world.chats.follow(CHAT)))
    assert (first.chat_id, first.generation, first.build_number, first.phase, first.line) == (CHAT, 1, 1, Phase.BUILDING, None)
    assert first.at == world.sim.now()


def test_a_follower_is_told_something_at_least_every_five_seconds() -> None:
    """The same phase again, while the agent does not connect; then the outcome, once its limit is over."""
    world = building(build=0, connect=NEVER)
    progress = following(world)
    assert progress[0].elapsed == 0
    assert progress[-1].elapsed == 120
    assert max(later.elapsed - earlier.elapsed for earlier, later in pairwise(progress)) <= 5
    assert end_of(progress).reason is Reason.AGENT_NOT_CONNECTED


@pytest.mark.parametrize("nth", [2, 5, 20])
def test_a_hanging_read_does_not_keep_a_follower_waiting(nth: int) -> None:
    """Where the platform is polled and does not answer, the follower is told the same again within 5 s, and the poll is given up for another."""
    world = World(coder=polled)
    world.chats.create(CHAT, world.template(build=60).id, wait=0)
    world.coder.when("get_workspace", nth=nth).lose_request()
    told = list[float]()
    for _ in world.chats.follow(CHAT):
        told.append(world.sim.elapsed)
    assert max(later - earlier for earlier, later in pairwise(told)) <= 5


@pytest.mark.parametrize(("wait", "nth", "watching"), [(2, 3, False), (2, 2, False), (16, 2, True)])
def test_a_hanging_read_does_not_outlive_the_wait(*, wait: float, nth: int, watching: bool) -> None:
    """A poll, or the fresh read of a watch that is silent, ends with the patience of the call that makes it; what was the matter is told."""
    world = World(coder=lambda clock: FakeCoder(clock, watching=watching))
    world.coder.silence_watches()
    world.chats.create(CHAT, world.template(build=60).id, wait=0)
    world.coder.when("get_workspace", nth=nth).lose_request()
    outcome = world.chats.status(CHAT, wait=wait)
    assert (outcome.elapsed, outcome.state, outcome.error) == (wait, State.STARTING, "get_workspace was not answered in time")


def test_a_later_dial_does_not_outlive_the_wait() -> None:
    """The first one may take its time, for without it nothing could be said; the next is part of the waiting."""
    world = World()
    world.chats.create(CHAT, world.template(build=1).id, wait=0)
    world.coder.when("dial").lose_request()
    assert world.chats.status(CHAT, wait=3).elapsed == 3


def test_the_rest_of_a_log_is_read_once_for_all() -> None:
    """Four followers of a build of 30 s read its log once a second between them, and once more at its end."""
    world = building(build=30, log=LOG)
    lines = world.sim.race(lambda: [it.line for it in world.chats.follow(CHAT) if it.line is not None], threads=4)
    assert lines == [LOG] * 4
    assert world.coder.calls.count("build_log") <= 32


def test_a_follower_reads_the_log() -> None:
    """Each line once, in order, the last ones before the next phase."""
    world = building(log=LOG)
    progress = following(world)
    assert [it.line for it in progress if it.line is not None] == LOG
    assert {it.phase for it in progress if it.line is not None} == {Phase.BUILDING}
    last_line = max(number for number, it in enumerate(progress) if it.line is not None)
    assert all(it.phase is not Phase.CONNECTING for it in progress[:last_line])
    for it in progress:
        if it.line is not None:
            assert it.elapsed == pytest.approx(int(it.line.split()[1]) * BUILD / 6, abs=1)


def test_the_log_of_a_failed_build_is_told_to_its_end() -> None:
    """The line that explains the failure comes before the outcome."""
    world = building(build=Fails(after=10, error="no image"), log=LOG)
    progress = following(world)
    assert [it.line for it in progress if it.line is not None] == [*LOG, "no image"]
    assert end_of(progress).reason is Reason.BUILD_FAILED


def test_a_log_that_cannot_be_read_for_a_while() -> None:
    """The log is for looking at: a failed read of it is no failure, and nothing of it is lost."""
    world = building(log=LOG)
    world.coder.when("build_log", nth=3, times=5).fail()
    assert [it.line for it in following(world) if it.line is not None] == LOG


def test_followers_of_one_process_share_the_reading_of_the_log() -> None:
    """It is read once a second for all of them, and once more by each at the end of the build, so that nobody misses a line."""
    world = building(log=LOG)
    told, calls = world.counts(lambda: world.sim.race(lambda: following(world), threads=4))
    assert [[it.line for it in progress if it.line is not None] for progress in told] == [LOG] * 4
    assert calls["build_log"] <= BUILD + 1 + 4
    assert calls["watch"] == 1


def test_the_log_is_read_only_while_somebody_follows() -> None:
    """A creation without a follower does not read it."""
    world = World()
    docker = world.template(log=LOG, **SLOW)
    assert "build_log" not in world.counts(lambda: world.chats.create(CHAT, docker.id))[1]


def test_a_follower_of_a_chat_that_is_ready() -> None:
    """One item, at once."""
    world = World()
    world.created()
    assert end_of(following(world)).ready
    assert len(following(world)) == 1


def test_a_follower_of_a_chat_without_a_workspace() -> None:
    """One item: absent."""
    progress = following(World())
    assert (len(progress), end_of(progress).reason) == (1, Reason.NO_WORKSPACE)


def test_any_process_can_follow_any_chat() -> None:
    """What is told comes from the plan and the platform; nothing is stored for it."""
    world = building(log=LOG)
    other = world.sim.process("other")
    progress = list(other.workspaces.follow(CHAT))
    assert end_of(progress).ready
    assert [it.line for it in progress if it.line is not None] == LOG


def test_a_creation_in_another_process_is_followed_from_its_plan() -> None:
    """Creating, then building, and so on."""
    world = World()
    docker, maker = world.template(**SLOW), world.sim.process("maker")
    world.coder.when("create_workspace").take(12)

    def follow() -> list[Progress]:
        world.sim.sleep(1)
        return following(world)

    calls: list[Any] = [lambda: maker.workspaces.create(CHAT, docker.id), follow]
    progress = world.sim.run(*calls)[1]
    assert list(dict.fromkeys(it.phase for it in progress)) == [Phase.CREATING, Phase.BUILDING, Phase.CONNECTING, Phase.SCRIPTS, None]
    assert steps(progress) == sorted(steps(progress))
    assert max(later.elapsed - earlier.elapsed for earlier, later in pairwise(progress)) <= 5


def test_an_interrupted_creation_is_followed_to_its_end() -> None:
    """Its maker died: the follower is told while the claim lives, and then that it was interrupted."""
    world = World()
    docker, dead = world.template(), world.sim.process()
    dead.kill(before="store.bind")
    world.sim.run(lambda: dead.workspaces.create(CHAT, docker.id))
    progress = following(world)
    assert [it.phase for it in progress[:-1]] == [Phase.CREATING] * (len(progress) - 1)
    assert (end_of(progress).reason, progress[-1].elapsed) == (Reason.INTERRUPTED_CREATION, CLAIM)


def test_a_follower_sees_no_step_back_and_yet_something_every_five_seconds() -> None:
    """The agent drops while its scripts run: the phase that was reached is told again until it goes on."""
    world = building(build=0, connect=0, scripts=60)
    world.sim.at(20, world.latest.drop_agent)
    world.sim.at(50, world.latest.restore_agent)
    progress = following(world)
    assert {it.phase for it in progress[:-1]} == {Phase.SCRIPTS}
    assert max(later.elapsed - earlier.elapsed for earlier, later in pairwise(progress)) <= 5
    assert (end_of(progress).state, progress[-1].elapsed) == (State.READY, 60)


def test_a_follower_goes_on_with_a_later_build() -> None:
    """The user restarts it meanwhile: the next build is followed, and its phases come after those of the first."""
    world = building()
    world.sim.at(40, world.latest.start)
    progress = following(world)
    assert steps(progress) == sorted(steps(progress))
    assert {it.build_number for it in progress[:-1]} == {1, 2}
    assert (end_of(progress).state, progress[-1].elapsed) == (State.READY, 40 + READY)


def test_a_follower_of_a_chat_that_is_given_another_workspace() -> None:
    """It was overtaken: the last item tells what the chat has now, and the generation goes forward."""
    world = building()
    other = world.sim.process("other")
    own = world.own(world.latest.template)
    world.sim.at(20, lambda: other.workspaces.attach(CHAT, own.id))
    (progress,) = world.sim.run(lambda: following(world))
    outcome = end_of(progress)
    assert (outcome.reason, outcome.workspace_id) == (Reason.OVERTAKEN, own.id)
    assert [it.generation for it in progress] == sorted(it.generation for it in progress)


def test_a_follower_has_patience_too() -> None:
    """Its wait bounds it: the last item says what is still under way."""
    progress = following(building(), wait=12)
    outcome = end_of(progress)
    assert (outcome.phase, outcome.reason, outcome.elapsed, progress[-1].elapsed) == (Phase.BUILDING, Reason.IN_PROGRESS, 12, 12)


def test_a_follower_that_goes_away_leaves_nothing() -> None:
    """The generator is closed in the middle: its watch is closed with it."""
    world = building()
    follower = world.chats.follow(CHAT)
    for _ in range(3):
        next(follower)
    assert world.coder.open_watches == 1
    follower.close()
    assert (world.coder.open_watches, len(world.chats._parts.calls), len(world.chats._parts.watches)) == (0, 0, 0)


class RepeatingLog(FakeCoder):
    """A platform that sends lines again that it has sent."""

    def build_log(self, workspace: Any, *, after: int, deadline: float) -> list[LogLine]:
        """Begin one line too early."""
        return list(super().build_log(workspace, after=max(after - 1, 0), deadline=deadline))


def test_a_line_that_is_sent_twice_is_told_once() -> None:
    """Lines are known by their ids."""

    def make(clock: Clock) -> FakeCoder:
        return RepeatingLog(clock)

    world = World(coder=make)
    world.chats.create(CHAT, world.template(log=LOG, **SLOW).id, wait=0)
    assert [it.line for it in following(world) if it.line is not None] == LOG
