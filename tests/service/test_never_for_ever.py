"""Nobody who obeys is kept calling for ever: what comes to nothing again and again, and what has ended for good, are a person's."""

from __future__ import annotations

from typing import Any

import pytest

from chatworkspace import Advice, ChatWorkspaceError, Outcome, Reason, State, UnavailableError
from chatworkspace_fake import NEVER, Fails, FakeCoder, FakeStore
from tests.service.chats import CHAT, World, polled

SHORT = 20
"""Seconds that each of many calls waits."""


def unreached(*args: Any, **changes: Any) -> FakeCoder:
    """Return a platform none of whose agents can be reached."""
    coder = FakeCoder(*args, **changes)
    coder.when("dial", chance=1.0).fail()
    return coder


# ------------------------------------------------------------------ what comes to nothing again and again


def obeyed(call: Any, sleep: Any, most: int = 200) -> list[Any]:
    """Make the same call for as long as that is advised; return each outcome, or error, that it came to."""
    told: list[Any] = []
    while not told or told[-1].advice in (Advice.CALL_AGAIN, Advice.CALL_LATER):
        assert len(told) < most, told[-1]
        sleep((told[-1].retry_after or 0) if told else 0)
        try:
            told.append(call())
        except ChatWorkspaceError as error:
            told.append(error)
    return told


def writes_nothing(world: World) -> Any:
    """Let the record be read, and take claims whose answers are lost: full, say, or read-only."""
    store: Any = world.sim.store
    store.when("claim", times=1000).lose_answer()
    return store


@pytest.mark.parametrize("wait", [0, 5, SHORT, None])
def test_a_record_that_takes_claims_and_does_not_say_so_is_an_administrators(wait: float | None) -> None:
    """The next call finds the claim and waits for its turn: that is no sign of life, and is counted with what could not be asked."""
    world = World(store=FakeStore)
    docker, store = world.template(), writes_nothing(world)
    told = obeyed(lambda: world.chats.create(CHAT, docker.id, wait=wait), world.sim.sleep)
    assert {it.reason for it in told} <= {Reason.STORE_UNAVAILABLE, Reason.IN_PROGRESS}
    assert (told[-1].advice, world.sim.elapsed < 1300, len(told) < 20) == (Advice.ASK_ADMINISTRATOR, True, True)
    store._faults._armed.clear()


@pytest.mark.parametrize("act", ["start", "stop"])
def test_so_it_is_for_what_is_bound(act: str) -> None:
    """Although it can be read all the time."""
    world = World(store=FakeStore)
    world.created()
    if act == "start":
        world.chats.stop(CHAT)
    store = writes_nothing(world)
    told = obeyed(lambda: getattr(world.chats, act)(CHAT, wait=5), world.sim.sleep)
    assert (told[-1].advice, len(told) < 20) == (Advice.ASK_ADMINISTRATOR, True)
    store._faults._armed.clear()


def test_what_others_find_out_does_not_help_a_call_that_cannot_be_made() -> None:
    """A page that asks for the status every few seconds keeps nobody from being told."""
    world = World(store=FakeStore)
    world.created()
    store = writes_nothing(world)

    def stop() -> Outcome:
        assert world.chats.status(CHAT).state is State.READY
        return world.chats.stop(CHAT, wait=5)

    told = obeyed(stop, world.sim.sleep)
    assert (told[-1].advice, len(told) < 20) == (Advice.ASK_ADMINISTRATOR, True)
    store._faults._armed.clear()


def test_whoever_comes_back_the_next_day_has_not_waited_all_the_while() -> None:
    """What was away for a moment then, and is for a moment now, is asked once more."""
    world = World(store=FakeStore)
    docker = world.template()
    told = list[Advice]()
    for _ in range(2):
        store: Any = world.sim.store
        store.when("look", times=1000).lose_request()
        with pytest.raises(UnavailableError) as refused:
            world.chats.create(CHAT, docker.id, wait=0)
        told.append(refused.value.advice)
        store._faults._armed.clear()
        world.sim.sleep(86_400)
    assert told == [Advice.CALL_LATER] * 2


@pytest.mark.parametrize("act", ["create", "start", "status"])
def test_a_platform_that_never_takes_requests_again_is_an_administrators(act: str) -> None:
    """However often it says when to come back."""
    world = World()
    docker = world.template()
    if act != "create":
        world.created()
    world.coder.when("get_template", chance=1.0).rate_limited(20.0)
    world.coder.when("get_workspace", chance=1.0).rate_limited(20.0)
    told = obeyed(lambda: getattr(world.chats, act)(CHAT, *[docker.id] * (act == "create"), wait=0), world.sim.sleep)
    assert [it.retry_after for it in told] == [20.0] * (len(told) - 1) + [None]
    assert told[-1].advice is Advice.ASK_ADMINISTRATOR
    assert world.sim.elapsed == pytest.approx(660, abs=61)


def test_an_hour_that_the_platform_asks_for_is_waited_for() -> None:
    """Once: it is part of the time for which nothing could be found out."""
    world = World()
    docker = world.template()
    world.coder.when("get_template", chance=1.0).rate_limited(3600.0)
    told = obeyed(lambda: world.chats.create(CHAT, docker.id, wait=0), world.sim.sleep)
    assert [(it.advice, it.retry_after) for it in told] == [(Advice.CALL_LATER, 3600.0), (Advice.ASK_ADMINISTRATOR, None)]


@pytest.mark.parametrize("wait", [0, SHORT])
def test_what_goes_on_without_end_is_a_persons(wait: float) -> None:
    """An agent that comes and goes and is never reached: each phase begins anew, and all of them together have a limit."""
    world = World(coder=unreached)
    docker = world.template()
    world.chats.create(CHAT, docker.id, wait=0)
    for at in range(10, 20_000, 40):
        world.sim.at(at, world.latest.drop_agent)
        world.sim.at(at + 20, world.latest.restore_agent)
    told = obeyed(lambda: world.chats.create(CHAT, docker.id, wait=wait), world.sim.sleep, most=1500)
    assert told[-1].advice is Advice.ASK_ADMINISTRATOR
    assert world.sim.elapsed == pytest.approx(2640, abs=61)


# ------------------------------------------------------------------ what ends for good in the midst of a wait

ENDED = UnavailableError("401: the token has ended", retryable=False)


def ends(world: World, *calls: Any, times: int | None = None) -> None:
    """From ten seconds on nothing is answered any more, or so many times."""

    def end() -> None:
        for call in calls:
            fault = world.coder.when(call, chance=1.0) if times is None else world.coder.when(call, times=times)
            fault.fail(ENDED)
        world.coder.break_watches()

    world.sim.at(world.sim.elapsed + 10, end)


@pytest.mark.parametrize("coder", [FakeCoder, polled])
@pytest.mark.parametrize("act", ["create", "start", "stop", "status", "start after a stop"])
def test_a_token_that_ends_in_the_midst_of_a_wait_ends_it(act: str, coder: Any) -> None:
    """At once, and with an administrator: the limits of what is under way are no matter. What is under way goes on."""
    world = World(coder=coder)
    docker = world.template(build=100, stop=100)
    if act == "create":
        ends(world, "get_workspace", "watch")
        outcome = world.chats.create(CHAT, docker.id)
    else:
        world.chats.create(CHAT, docker.id)
        if act != "stop":
            world.chats.stop(CHAT, wait=0 if act.endswith("stop") else None)
        if act == "status":
            world.chats.start(CHAT, wait=0)
        ends(world, "get_workspace", "watch")
        method = getattr(world.chats, act.split(maxsplit=1)[0])
        outcome = method(CHAT, wait=None if act != "status" else 500)
    assert (outcome.state, outcome.reason, outcome.advice) == (State.UNKNOWN, Reason.PLATFORM_UNAVAILABLE, Advice.ASK_ADMINISTRATOR)
    assert (outcome.retry_after, outcome.phase, outcome.error) == (None, None, str(ENDED))
    assert outcome.elapsed == pytest.approx(10, abs=10 if coder is polled else 1)


def test_it_ends_the_waits_of_all() -> None:
    """Of those who share a watch as well, whoever has asked."""
    world = World()
    docker = world.template(build=100)
    world.chats.create(CHAT, docker.id, wait=0)
    ends(world, "get_workspace", "watch")
    told = world.sim.run(*[lambda: world.chats.create(CHAT, docker.id)] * 3)
    assert {(it.reason, it.advice) for it in told} == {(Reason.PLATFORM_UNAVAILABLE, Advice.ASK_ADMINISTRATOR)}
    assert world.sim.elapsed < 12


def test_a_follower_is_told_so_as_well() -> None:
    """With its last item."""
    world = World()
    docker = world.template(build=100)
    world.chats.create(CHAT, docker.id, wait=0)
    ends(world, "get_workspace", "watch")
    *_, last = world.chats.follow(CHAT)
    assert last.outcome is not None
    assert (last.outcome.reason, last.outcome.advice) == (Reason.PLATFORM_UNAVAILABLE, Advice.ASK_ADMINISTRATOR)
    assert world.sim.elapsed < 20


def test_a_watch_that_is_refused_for_good_ends_no_wait() -> None:
    """As long as the workspace can be read."""
    world = World()
    docker = world.template(build=100)
    ends(world, "watch")
    outcome = world.chats.create(CHAT, docker.id)
    assert outcome.reason is Reason.CREATED
    assert outcome.elapsed == pytest.approx(100, abs=20)


@pytest.mark.parametrize("coder", [FakeCoder, polled])
def test_one_answer_that_says_so_ends_no_wait(coder: Any) -> None:
    """The next read may tell better."""
    world = World(coder=coder)
    docker = world.template(build=100)
    ends(world, "get_workspace", times=1)
    outcome = world.chats.create(CHAT, docker.id)
    assert outcome.reason is Reason.CREATED
    assert outcome.elapsed == pytest.approx(100, abs=10)


def test_it_ends_a_connection_that_waits_as_well() -> None:
    """Before anything is dialled."""
    world = World()
    docker = world.template(build=100)
    world.chats.create(CHAT, docker.id, wait=0)
    ends(world, "get_workspace", "watch")
    with pytest.raises(UnavailableError) as refused:
        world.chats.connect(CHAT, wait=90)
    assert (refused.value.advice, refused.value.retry_after) == (Advice.ASK_ADMINISTRATOR, None)
    assert world.sim.elapsed == pytest.approx(10, abs=1)


def test_an_agent_that_takes_proofs_and_no_connections_is_an_administrators() -> None:
    """It is restarted once, and ready: that alone is no help, and nobody restarts it for ever."""
    world = World()
    world.created(build=60, stop=60)
    told = list[Advice]()
    while Advice.ASK_ADMINISTRATOR not in told and len(told) < 50:
        fault = world.coder.when("dial", chance=1.0)
        fault.fail()
        with pytest.raises(ChatWorkspaceError) as refused:
            world.chats.connect(CHAT)
        fault.disarm()
        told.append(refused.value.advice)
        if told[-1] is Advice.STOP_THEN_START:
            world.chats.stop(CHAT)
            assert world.chats.start(CHAT).state is State.READY
    assert told == [Advice.CALL_AGAIN, Advice.STOP_THEN_START, Advice.CALL_AGAIN, Advice.ASK_ADMINISTRATOR]
    with world.chats.connect(CHAT):
        pass


def test_many_other_questions_do_not_make_a_call_forgotten() -> None:
    """What is remembered of a chat is bounded, and what was asked last stands longest."""
    world = World(store=FakeStore)
    docker = world.template()
    store: Any = world.sim.store
    store.when("look", times=100_000).fail()
    others = iter(world.template(f"other-{number}").id for number in range(1000))

    def create() -> Outcome:
        with pytest.raises(UnavailableError):
            world.chats.create(CHAT, next(others), wait=0)
        return world.chats.create(CHAT, docker.id, wait=0)

    told = obeyed(create, world.sim.sleep)
    assert (told[-1].advice, len(told) < 20) == (Advice.ASK_ADMINISTRATOR, True)
    store._faults._armed.clear()


def test_a_stop_that_somebody_has_undone_is_asked_for_anew() -> None:
    """The same call again does not wait for the end of the stop that it has sent: there is another build since, which is no stop."""
    world = World()
    world.created(stop=1)
    world.coder.when("stop_workspace").lose_answer()
    world.sim.at(70, world.latest.start)
    first = world.chats.stop(CHAT, wait=SHORT)
    assert (first.state, first.advice) == (State.STARTING, Advice.CALL_AGAIN)
    told = obeyed(lambda: world.chats.stop(CHAT, wait=SHORT), world.sim.sleep)
    assert (told[-1].state, len(told)) == (State.STOPPED, 1)


def test_who_would_wait_and_is_told_at_once_does_not_come_back_at_once() -> None:
    """Whatever it is that cannot be waited for."""
    world = World()
    docker = world.template(build=100)
    world.chats.create(CHAT, docker.id, wait=0)
    world.sim.at(10, lambda: world.chats.interrupt(CHAT))
    assert world.chats.create(CHAT, docker.id, wait=SHORT).retry_after is None
    world.sim.at(11, lambda: world.chats.interrupt(CHAT))
    assert world.chats.create(CHAT, docker.id, wait=SHORT).retry_after == 11 / 4


def test_a_build_that_fails_in_other_words_each_time_is_a_persons() -> None:
    """An id of the request, or a time, in its error makes it no other failure: the third is told to the user."""
    world = World()
    docker = world.template(build=[Fails(5, f"request {number}: no such image") for number in range(10)])
    told = [world.chats.create(CHAT, docker.id)]
    while told[-1].advice is Advice.START:
        told.append(world.chats.start(CHAT))
    assert [it.advice for it in told] == [Advice.START, Advice.START, Advice.ASK_USER]


@pytest.mark.parametrize("after", [90, 150, 300])
def test_a_workspace_that_is_stopped_before_it_is_ready_whenever_it_is_started_is_a_persons(after: int) -> None:
    """However long that takes: nobody has used it for long enough."""
    world = World()
    world.chats.create(CHAT, world.template(scripts=NEVER).id, wait=0)

    def stop() -> None:
        world.latest.stop()
        world.sim.at(world.sim.elapsed + after, stop)

    world.sim.at(world.sim.elapsed + after, stop)
    told: list[Outcome] = []
    while not told or told[-1].advice in (Advice.CALL_AGAIN, Advice.CALL_LATER, Advice.START):
        assert len(told) < 200, told[-1]
        world.sim.sleep((told[-1].retry_after or 0) if told else 0)
        told.append(world.chats.start(CHAT, wait=SHORT))
    assert told[-1].advice is Advice.ASK_USER


@pytest.mark.parametrize("wait", [0, SHORT])
def test_a_connection_to_what_is_built_without_end_is_a_persons(wait: int) -> None:
    """As a start is; and whoever is told at once comes back ever later."""
    world = World()
    world.chats.create(CHAT, world.template(build=NEVER).id, wait=0)

    def connect() -> None:
        with world.chats.connect(CHAT, wait=wait):
            pass

    told = obeyed(connect, world.sim.sleep)
    assert told[-1].advice is Advice.ASK_ADMINISTRATOR
    pauses = [it.retry_after for it in told[:-1] if it.retry_after is not None]
    assert wait or (pauses == sorted(pauses) and pauses[-1] > pauses[0])


@pytest.mark.parametrize("slept", [0, 60])
def test_a_connection_to_what_was_begun_and_not_made_leads_to_the_creation(slept: int) -> None:
    """Nobody asks the user whether one is wanted, who has wanted one: it goes on, or whoever is at it is waited for."""
    world = World()
    docker = world.template()
    world.coder.when("create_workspace").lose_request()
    world.coder.when("find_workspace").fail()
    with pytest.raises(ChatWorkspaceError):
        world.chats.create(CHAT, docker.id, wait=0)
    world.sim.sleep(slept)
    with pytest.raises(ChatWorkspaceError) as refused:
        world.chats.connect(CHAT)
    with pytest.raises(ChatWorkspaceError) as of_start:
        world.chats.start(CHAT)
    assert (refused.value.reason, refused.value.advice) == (Reason.INTERRUPTED_CREATION, Advice.CREATE)
    assert (of_start.value.reason, of_start.value.advice) == (refused.value.reason, refused.value.advice)
    assert world.chats.create(CHAT, docker.id).state is State.READY
    with world.chats.connect(CHAT):
        pass


def test_a_connection_to_what_is_being_made_is_called_for_again() -> None:
    """As long as somebody else has the turn, and the workspace is not bound."""
    world = World()
    docker = world.template()
    world.coder.when("create_workspace").take(10)
    told: list[ChatWorkspaceError] = []

    def connect() -> None:
        world.sim.sleep(5)
        with pytest.raises(ChatWorkspaceError) as refused:
            world.chats.connect(CHAT)
        told.append(refused.value)

    world.sim.run(lambda: world.chats.create(CHAT, docker.id), connect)
    assert [(it.reason, it.advice) for it in told] == [(Reason.IN_PROGRESS, Advice.CALL_AGAIN)]


def test_a_connection_to_an_external_agent_that_nobody_has_started_is_its_users() -> None:
    """From the first call on, though the platform calls it connecting: to call again does not start it."""
    world = World()
    own = world.coder.add_workspace(world.template("laptop", external_agent=True), owner_id=world.sim.owner_id)
    world.chats.attach(CHAT, own.id, wait=0)
    with pytest.raises(ChatWorkspaceError) as refused:
        world.chats.connect(CHAT)
    assert (refused.value.reason, refused.value.advice) == (Reason.EXTERNAL_AGENT_OFFLINE, Advice.ASK_USER)
    later = world.coder.when("get_workspace", nth=2, times=100)
    later.fail()
    with pytest.raises(ChatWorkspaceError) as refused:
        world.chats.connect(CHAT)
    assert refused.value.advice is Advice.ASK_USER, "nor does a restart, where it cannot be looked at again"
    later.disarm()
    own.connect()
    with world.chats.connect(CHAT):
        pass
