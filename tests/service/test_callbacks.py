"""Callbacks: how often, in which order, once per process, and never under a lock."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from chatworkspace import ChatWorkspaces, Outcome, Phase, Progress, Reason, RefusedError, State, UnavailableError
from chatworkspace_fake import Fails, FakeStore, Process
from tests.service.chats import BUILD, CHAT, CONNECT, READY, SLOW, World


class Heard:
    """What the callbacks were told."""

    def __init__(self) -> None:
        self.updates: list[Outcome] = []
        self.progress: list[Progress] = []

    def world(self, seed: int = 0, **parts: Any) -> World:
        """Return a world whose processes all tell this."""
        return World(seed, on_chat_updated=self.updates.append, on_progress=self.progress.append, **parts)

    @property
    def said(self) -> list[tuple[State, Reason]]:
        """State and reason of each update."""
        return [(it.state, it.reason) for it in self.updates]


BEGUN = (State.STARTING, Reason.IN_PROGRESS)


# ------------------------------------------------------------------ on_chat_updated


def test_a_creation_that_succeeds_is_told_twice() -> None:
    """Once when it is bound, before it is waited for, and once when it is ready."""
    heard = Heard()
    world = heard.world()
    outcome = world.chats.create(CHAT, world.template(**SLOW).id)
    assert heard.said == [BEGUN, (State.READY, Reason.CREATED)]
    first, last = heard.updates
    assert (first.created, first.phase, first.workspace_id, first.elapsed) == (True, Phase.BUILDING, outcome.workspace_id, 0)
    assert last == outcome


def test_even_one_that_is_ready_at_once_is_told_twice() -> None:
    """The first is never told as ready: nothing has proven it yet."""
    heard = Heard()
    world = heard.world()
    world.chats.create(CHAT, world.template().id)
    assert heard.said == [BEGUN, (State.READY, Reason.CREATED)]
    assert heard.updates[0].phase is not None


def test_a_creation_whose_build_fails_is_told_twice() -> None:
    """When it is bound, and when it has failed: whoever called may not have waited for it."""
    heard = Heard()
    world = heard.world()
    assert world.chats.create(CHAT, world.template(build=Fails(after=5)).id).state is State.FAILED
    assert heard.said == [BEGUN, (State.FAILED, Reason.BUILD_FAILED)]


@pytest.mark.parametrize("call", ["create", "start", "status", "refused"])
def test_nothing_is_told_when_nothing_was_built(call: str) -> None:
    """A workspace that is found ready, and a creation that is refused."""
    heard = Heard()
    world = heard.world()
    docker = world.template()
    if call == "refused":
        world.coder.when("create_workspace").refuse(400, "no")
        with pytest.raises(RefusedError):
            world.chats.create(CHAT, docker.id)
    else:
        world.created()
        heard.updates.clear()
        {"create": lambda: world.chats.create(CHAT, docker.id), "start": lambda: world.chats.start(CHAT), "status": lambda: world.chats.status(CHAT)}[
            call
        ]()
    assert heard.updates == []


@pytest.mark.parametrize("threads", [2, 12])
def test_callers_who_join_add_nothing(threads: int) -> None:
    """Once per process, chat and change, however many wait."""
    heard = Heard()
    world = heard.world(seed=5)
    docker = world.template(**SLOW)
    world.sim.race(lambda: world.chats.create(CHAT, docker.id), threads=threads)
    assert [state for state, _ in heard.said] == [State.STARTING, State.READY]


def test_each_process_tells_its_own() -> None:
    """Two processes wait for one workspace, and each tells of build and end."""
    heard = Heard()
    world = heard.world(seed=1)
    docker = world.template(**SLOW)
    one, two = world.sim.process(), world.sim.process()

    def create(process: Process) -> Outcome:
        return process.workspaces.create(CHAT, docker.id)

    world.sim.run(partial(create, one), partial(create, two))
    assert sorted(state for state, _ in heard.said) == [State.READY, State.READY, State.STARTING, State.STARTING]


def test_the_next_call_tells_how_it_ended() -> None:
    """A creation that did not wait told of the beginning; whichever call sees it ready tells that, once."""
    heard = Heard()
    world = heard.world()
    docker = world.template(**SLOW)
    world.chats.create(CHAT, docker.id, wait=0)
    assert heard.said == [BEGUN]
    world.chats.status(CHAT, wait=60)
    world.chats.status(CHAT)
    assert heard.said == [BEGUN, (State.READY, Reason.EXISTING)]


@pytest.mark.parametrize(("provisioners", "reason"), [(1, Reason.BUILD_QUEUED), (0, Reason.NO_PROVISIONER)])
def test_a_build_that_waits_in_the_queue_is_told_so(provisioners: int, reason: Reason) -> None:
    """What is told of its beginning has the reason that the caller would be told."""
    heard = Heard()
    world = heard.world()
    docker = world.template(build=30)
    world.own(docker)
    world.coder.set_provisioners(provisioners)
    outcome = world.chats.create(CHAT, docker.id, wait=0)
    assert heard.said == [(State.STARTING, reason)] == [(outcome.state, outcome.reason)]


def test_a_build_that_is_met_in_progress_is_published_before_it_is_waited_for() -> None:
    """The user restarts it while somebody waits: a page streams the right log."""
    heard = Heard()
    world = heard.world()
    docker = world.template(**SLOW)
    world.sim.at(32, lambda: world.latest.start())  # noqa: PLW0108 - it is made later
    world.chats.create(CHAT, docker.id)
    told = [(it.state, it.workspace.build.number if it.workspace is not None else 0, it.elapsed) for it in heard.updates]
    assert told == [(State.STARTING, 1, 0), (State.STARTING, 2, 32), (State.READY, 2, 32 + READY)]


def test_a_start_and_a_stop_are_told_twice() -> None:
    """Each has a beginning and an end; who stops what is stopped tells nothing."""
    heard = Heard()
    world = heard.world()
    world.created(stop=5, **SLOW)
    heard.updates.clear()
    world.chats.stop(CHAT)
    assert heard.said == [(State.STOPPING, Reason.STOPPING), (State.STOPPED, Reason.STOPPED)]
    world.chats.stop(CHAT)
    heard.updates[:2] = ()
    assert heard.updates == []
    world.chats.start(CHAT)
    assert heard.said == [BEGUN, (State.READY, Reason.STARTED)]


def test_an_adopted_workspace_is_told_twice() -> None:
    """As if it had been made by this call."""
    heard = Heard()
    world = heard.world()
    docker = world.template()
    world.coder.when("create_workspace").lose_answer()
    world.chats.create(CHAT, docker.id)
    assert [state for state, _ in heard.said] == [State.STARTING, State.READY]


def attached(world: World) -> Outcome:
    return world.chats.attach(CHAT, next(it.id for it in world.coder.workspaces if it.name == "own"))


def detached(world: World) -> Outcome:
    return world.chats.detach(CHAT)


def closed(world: World) -> Outcome:
    return world.chats.close_chat(CHAT)


@pytest.mark.parametrize(("act", "reason"), [(attached, Reason.ATTACHED), (detached, Reason.DETACHED), (closed, Reason.CHAT_CLOSED)])
def test_a_change_of_the_binding_is_told_once(act: Callable[[World], Outcome], reason: Reason) -> None:
    """With what was left behind; again, it changes nothing and tells nothing."""
    heard = Heard()
    world = heard.world()
    world.created()
    world.own(world.coder.workspaces[0].template)
    heard.updates.clear()
    act(world)
    assert [it.reason for it in heard.updates] == [reason]
    left = heard.updates[0].left_behind
    assert left is not None
    assert left.reason is reason
    act(world)
    assert len(heard.updates) == 1


def test_an_attached_workspace_that_is_being_built_is_told_twice() -> None:
    """When it is bound, and when it is ready."""
    heard = Heard()
    world = heard.world()
    own = world.own(world.template(**SLOW))
    assert world.chats.attach(CHAT, own.id).ready
    assert heard.said == [(State.STARTING, Reason.ATTACHED), (State.READY, Reason.ATTACHED)]


def test_that_it_is_ready_is_told_by_whoever_sees_it() -> None:
    """Two processes that wait for a moment each, one after the other: whichever sees it ready tells it, though it has told of no beginning; once."""
    heard = Heard()
    world = heard.world()
    docker, others = world.template(**SLOW), [world.sim.process(f"other-{number}") for number in range(2)]
    world.chats.create(CHAT, docker.id, wait=0)
    assert heard.said == [BEGUN]
    world.sim.sleep(60)
    for number in (0, 1, 0, 1):
        assert others[number].workspaces.status(CHAT).ready
    assert heard.said == [BEGUN, (State.READY, Reason.EXISTING), (State.READY, Reason.EXISTING)]


def test_that_it_is_ready_is_told_where_whoever_proved_it_could_not() -> None:
    """The look behind its dial failed: the next call, which trusts the dial, tells it; once."""
    heard = Heard()
    world = heard.world(store=FakeStore)
    docker = world.template()
    world.sim.store.when("look", nth=2).fail(UnavailableError("damaged", retryable=False))
    with pytest.raises(UnavailableError):
        world.chats.create(CHAT, docker.id)
    dials = world.coder.calls.count("dial")
    for _ in range(2):
        assert world.chats.create(CHAT, docker.id).ready
    assert world.coder.calls.count("dial") == dials
    assert heard.said == [BEGUN, (State.READY, Reason.EXISTING)]


# ------------------------------------------------------------------ on_progress


def test_progress_is_told_step_by_step() -> None:
    """Every phase once, every line of the log once, then the end."""
    heard = Heard()
    world = heard.world()
    outcome = world.chats.create(CHAT, world.template(log=["pulling", "building"], **SLOW).id)
    assert [it.phase for it in heard.progress if it.line is None] == [Phase.BUILDING, Phase.CONNECTING, Phase.SCRIPTS, None]
    assert [it.line for it in heard.progress if it.line is not None] == ["pulling", "building"]
    assert heard.progress[-1].outcome == outcome
    assert [it.elapsed for it in heard.progress if it.line is None] == [0, BUILD, BUILD + CONNECT, READY]


@pytest.mark.parametrize("threads", [3, 9])
def test_progress_is_told_once_for_all_callers(threads: int) -> None:
    """Whoever sees it first tells it."""
    heard = Heard()
    world = heard.world(seed=7)
    docker = world.template(log=["pulling", "building"], **SLOW)
    world.sim.race(lambda: world.chats.create(CHAT, docker.id), threads=threads)
    steps = [(it.phase, it.line) for it in heard.progress]
    assert len(steps) == len(set(steps))
    assert [it.line for it in heard.progress if it.line is not None] == ["pulling", "building"]
    assert sum(it.outcome is not None for it in heard.progress) == 1


def test_a_call_that_goes_on_tells_only_what_is_new() -> None:
    """Phases that were told are not told again, and an end is told only where nothing is under way."""
    heard = Heard()
    world = heard.world()
    docker = world.template(**SLOW)
    for _ in range(3):
        world.chats.create(CHAT, docker.id, wait=20)
    assert [it.phase for it in heard.progress] == [Phase.BUILDING, Phase.CONNECTING, Phase.SCRIPTS, None]


def test_who_waits_for_a_turn_tells_that_it_is_queued() -> None:
    """Another process decides."""
    heard = Heard()
    world = heard.world()
    docker, dead = world.template(), world.sim.process()
    dead.kill(before="store.bind")
    world.sim.run(lambda: dead.workspaces.create(CHAT, docker.id))
    world.chats.create(CHAT, docker.id)
    assert heard.progress[0].phase is Phase.QUEUED
    assert heard.progress[-1].outcome is not None


def test_the_position_in_the_platforms_queue_is_told() -> None:
    """Each position once, as the builds before it end, and none once it is built; followers are told as well."""
    heard = Heard()
    world = heard.world()
    world.behind_two(build=30)
    followed = [it.queue_position for it in world.chats.follow(CHAT) if it.phase is Phase.BUILDING]
    assert list(dict.fromkeys(followed)) == [2, 1, 0]
    assert [it.queue_position for it in heard.progress if it.phase is Phase.BUILDING] == [2, 1, 0]
    assert heard.progress[-1].queue_position == 0


def test_without_callbacks_nothing_more_is_asked() -> None:
    """No log is read for nobody; with on_progress it is read once a second."""
    silent, heard = World(), Heard()
    told = heard.world()
    for world, reads in ((silent, 0), (told, BUILD)):
        docker = world.template(log=["pulling"], **SLOW)
        _, calls = world.counts(partial(world.chats.create, CHAT, docker.id))
        assert abs(calls.get("build_log", 0) - reads) <= 2


# ------------------------------------------------------------------ what callbacks may do


def fails(_: object) -> None:
    """Fail, as a host's own code may."""
    raise ZeroDivisionError("a bug of the host's")


@pytest.mark.parametrize("callback", ["on_chat_updated", "on_progress"])
def test_what_a_callback_raises_is_logged_and_dropped(callback: str, caplog: pytest.LogCaptureFixture) -> None:
    """The call goes on as if nothing were; the log says which chat it was."""
    callbacks: dict[str, Any] = {callback: fails}
    world = World(**callbacks)
    with caplog.at_level(logging.ERROR, logger="chatworkspace"):
        outcome = world.chats.create(CHAT, world.template(**SLOW).id)
    assert (outcome.ready, outcome.elapsed) == (True, READY)
    assert caplog.records
    for record in caplog.records:
        assert (record.name, record.message, record.__dict__["chat_id"]) == ("chatworkspace", f"{callback} failed", CHAT)
        assert record.exc_info is not None


@pytest.mark.parametrize("callback", ["on_chat_updated", "on_progress"])
@pytest.mark.parametrize("act", ["create", "attach", "detach", "close_chat", "delete", "start", "stop"])
def test_callbacks_are_called_with_neither_mutex_nor_claim_held(callback: str, act: str) -> None:
    """A callback may call the library for the same chat, and nobody is kept waiting by a slow one."""
    seen: list[tuple[int, float]] = []
    worlds: list[World] = []

    def look(_: object) -> None:
        world, chats = worlds[0], worlds[0].chats
        seen.append((len(chats._parts.mutex), world.sim.store.look(CHAT).claimed_for))
        chats.get_chat(CHAT)
        world.sim.sleep(1)

    callbacks: dict[str, Any] = {callback: look}
    world = World(**callbacks)
    worlds.append(world)
    docker = world.template(stop=5, **SLOW)
    own = world.own(docker)
    world.sim.sleep(60)
    if act != "create":
        world.chats.create(CHAT, docker.id)
    if act == "start":
        world.chats.stop(CHAT)
    seen.clear()
    calls: dict[str, Callable[[ChatWorkspaces], Any]] = {
        "create": lambda chats: chats.create(CHAT, docker.id),
        "attach": lambda chats: chats.attach(CHAT, own.id),
        "detach": lambda chats: chats.detach(CHAT),
        "close_chat": lambda chats: chats.close_chat(CHAT),
        "delete": lambda chats: chats.delete(CHAT),
        "start": lambda chats: chats.start(CHAT),
        "stop": lambda chats: chats.stop(CHAT),
    }
    calls[act](world.chats)
    assert seen
    assert set(seen) == {(0, 0)}


def test_a_callback_may_call_for_the_same_chat() -> None:
    """It waits for nothing that its own caller holds."""
    worlds: list[World] = []
    told: list[Outcome] = []

    def look(_: Outcome) -> None:
        told.append(worlds[0].chats.create(CHAT, docker.id, wait=0))

    world = World(on_chat_updated=look)
    worlds.append(world)
    docker = world.template(**SLOW)
    outcome = world.chats.create(CHAT, docker.id)
    assert [(it.state, it.created, it.elapsed) for it in told] == [(State.STARTING, False, 0), (State.READY, False, 0)]
    assert outcome.created
