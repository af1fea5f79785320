"""What a caller is told to do: limits count from when a phase began, one wish is one wish over many calls, and nobody is led round and round."""

from __future__ import annotations

from typing import Any

import pytest

from chatworkspace import (
    Advice,
    ChatWorkspaceError,
    ConnectError,
    NoWorkspaceError,
    Outcome,
    Reason,
    RefusedError,
    State,
    Transition,
    UnavailableError,
)
from chatworkspace.ports import Parameter
from chatworkspace_fake import NEVER, Fails, FakeCoder, FakeStore
from tests.service.chats import CHAT, World

SIZE = [Parameter(name="size", default="small")]
SHORT = 20
"""Seconds that each of many calls waits."""


def polled(*args: Any, **changes: Any) -> FakeCoder:
    """Return a platform without watches."""
    return FakeCoder(*args, watching=False, **changes)


def unreached(*args: Any, **changes: Any) -> FakeCoder:
    """Return a platform none of whose agents can be reached."""
    coder = FakeCoder(*args, **changes)
    coder.when("dial", chance=1.0).fail()
    return coder


def by_short_calls(world: World, until: Reason) -> float:
    """Create again and again, each time as long as a model waits; return when that reason was told first."""
    docker = world.chats._creator.list_templates(world.sim.owner_id, world.sim.organization_id, deadline=1e9)[0]
    for _ in range(100):
        outcome = world.chats.create(CHAT, docker.id, wait=SHORT)
        if outcome.reason is until:
            return world.sim.elapsed
        world.sim.sleep(outcome.retry_after or 0)
    raise AssertionError(until)


@pytest.mark.parametrize("coder", [FakeCoder, polled])
@pytest.mark.parametrize(
    ("template", "reason"),
    [
        ({"build": 30, "connect": NEVER, "agent_timeout": NEVER}, Reason.AGENT_NOT_CONNECTED),
        ({"build": 30, "scripts": NEVER}, Reason.SCRIPTS_RUNNING),
    ],
    ids=["connect", "scripts"],
)
def test_short_calls_learn_at_the_same_instant_as_a_long_one(template: dict[str, Any], reason: Reason, coder: Any) -> None:
    """Thirty of 20 s each, and one that waits as long as it takes."""
    one, many = World(coder=coder), World(coder=coder)
    for world in (one, many):
        world.template(**template)
    docker = one.chats._creator.list_templates(one.sim.owner_id, one.sim.organization_id, deadline=1e9)[0]
    assert one.chats.create(CHAT, docker.id).reason is reason
    assert by_short_calls(many, reason) == pytest.approx(one.sim.elapsed, abs=SHORT)


def test_short_calls_learn_as_soon_that_no_dial_reaches_the_agent() -> None:
    """Within the same limit."""
    one, many = World(coder=unreached), World(coder=unreached)
    for world in (one, many):
        docker = world.template(build=30)
    assert one.chats.create(CHAT, docker.id).reason is Reason.DIAL_FAILED
    assert by_short_calls(many, Reason.DIAL_FAILED) == pytest.approx(one.sim.elapsed, abs=SHORT)


def test_another_process_counts_from_the_same_instant() -> None:
    """By the platform's word: whoever comes late does not wait the whole limit anew."""
    world = World()
    docker = world.template(scripts=NEVER)
    world.chats.create(CHAT, docker.id, wait=550)
    outcome = world.sim.process("other").workspaces.create(CHAT, docker.id)
    assert outcome.reason is Reason.SCRIPTS_RUNNING
    assert world.sim.elapsed == pytest.approx(600, abs=0.01)


def test_what_does_not_move_any_more_is_a_persons() -> None:
    """Later, ever later, and once nothing has moved for as long as the limit again: an administrator."""
    world = World()
    docker = world.template(build=NEVER)
    told: list[tuple[Advice, float | None]] = []
    while not told or told[-1][0] is not Advice.ASK_ADMINISTRATOR:
        outcome = world.chats.create(CHAT, docker.id, wait=0 if told else 600)
        told.append((outcome.advice, outcome.retry_after))
        world.sim.sleep(outcome.retry_after or 0)
    assert told == [
        (Advice.CALL_LATER, 60),
        (Advice.CALL_LATER, 60),
        (Advice.CALL_LATER, 120),
        (Advice.CALL_LATER, 240),
        (Advice.CALL_LATER, 300),
        (Advice.ASK_ADMINISTRATOR, None),
    ]


def test_a_build_that_fails_twice_in_the_same_way_is_shown_to_the_user() -> None:
    """The first time it is built once more."""
    world = World()
    docker = world.template(build=Fails(5, "no such image"))
    first = world.chats.create(CHAT, docker.id)
    again = world.chats.start(CHAT)
    assert [(it.reason, it.advice) for it in (first, again)] == [(Reason.BUILD_FAILED, Advice.START), (Reason.BUILD_FAILED, Advice.ASK_USER)]
    assert "Do not start it again" in again.next_step


def test_a_start_that_fails_between_two_calls_is_told_and_not_begun_anew() -> None:
    """The same call again is the same wish; the next one after that is another."""
    world = World()
    docker = world.template(build=[0, Fails(5, "no such image"), 0])
    world.chats.create(CHAT, docker.id)
    world.chats.stop(CHAT)
    begun = world.chats.start(CHAT, wait=0)
    world.sim.sleep(10)
    told = world.chats.start(CHAT, wait=0)
    assert (begun.advice, told.reason, told.advice) == (Advice.CALL_AGAIN, Reason.BUILD_FAILED, Advice.START)
    assert world.chats.start(CHAT).reason is Reason.STARTED


def calls(world: World, **wish: Any) -> list[Outcome]:
    """Create with a name, parameters and a short wait, until it is ready."""
    docker = world.template(build=50, parameters=SIZE)
    told = [world.chats.create(CHAT, docker.id, wait=SHORT, **wish)]
    while told[-1].phase is not None:
        told.append(world.chats.create(CHAT, docker.id, wait=SHORT, **wish))
    return told


def test_one_wish_is_told_as_one() -> None:
    """Each of its calls has made the workspace, and applied what it was told; whoever asks once more finds it."""
    world = World()
    wish = {"name": "work", "parameters": {"size": "large"}}
    told = calls(world, **wish)
    assert len(told) == 3
    assert {(it.created, it.built, dict(it.not_applied).get("parameters")) for it in told} == {(True, True, None)}
    assert told[-1].reason is Reason.CREATED
    docker = told[-1].workspace
    assert docker is not None
    later = world.chats.create(CHAT, docker.template_id, **wish)  # type: ignore[arg-type]
    assert (later.reason, later.created, later.not_applied) == (Reason.EXISTING, False, {})


def test_another_wish_is_told_what_was_not_applied() -> None:
    """While the first is still under way."""
    world = World()
    docker = world.template(build=50, parameters=SIZE)
    world.chats.create(CHAT, docker.id, parameters={"size": "large"}, wait=0)
    other = world.chats.create(CHAT, docker.id, parameters={"size": "small"}, wait=0)
    assert (other.created, set(other.not_applied)) == (False, {"parameters"})


def test_who_does_not_wait_is_told_when_to_come_back() -> None:
    """After two seconds at first, and ever later."""
    world = World()
    docker = world.template(build=300)
    pauses: list[float] = []
    while (outcome := world.chats.create(CHAT, docker.id, wait=0)).phase is not None:
        assert outcome.retry_after is not None
        pauses.append(outcome.retry_after)
        world.sim.sleep(outcome.retry_after)
    assert pauses[0] == 2
    assert pauses == sorted(pauses)
    assert max(pauses) == 30


def test_a_canceled_build_is_asked_about() -> None:
    """Somebody did not want it: nobody is told to start it."""
    world = World()
    docker = world.template(build=50)
    world.sim.at(10, lambda: world.latest.cancel())  # noqa: PLW0108 - it is made later
    outcome = world.chats.create(CHAT, docker.id)
    assert (outcome.reason, outcome.advice) == (Reason.BUILD_CANCELED, Advice.ASK_USER)


def test_a_stop_under_way_that_fails_is_decided_anew() -> None:
    """Somebody else's: whoever waits for it asks for another, and tells how that ended, once it has failed as well."""
    world = World()
    world.created(stop=Fails(after=5, error="stuck"))
    world.latest.stop()
    outcome = world.chats.stop(CHAT)
    assert (outcome.reason, outcome.advice, outcome.elapsed) == (Reason.STOP_FAILED, Advice.ASK_ADMINISTRATOR, 10)
    assert world.latest.builds == ((1, Transition.START), (2, Transition.STOP), (3, Transition.STOP))


@pytest.mark.parametrize("status", ["canceled", "failed"])
@pytest.mark.parametrize("whose", ["own", "another's"])
def test_a_canceled_stop_is_told_as_canceled(whose: str, status: Any) -> None:
    """Whatever the server calls it: nobody is told to stop it again, until somebody asks for that."""
    world = World()
    world.created(stop=20)
    world.coder.cancel_as(status)
    if whose != "own":
        world.latest.stop()
    world.sim.at(65, lambda: world.latest.cancel())  # noqa: PLW0108 - its builds are made later
    outcome = world.chats.stop(CHAT)
    assert (outcome.state, outcome.reason, outcome.advice) == (State.FAILED, Reason.BUILD_CANCELED, Advice.ASK_USER)
    assert world.latest.builds == ((1, Transition.START), (2, Transition.STOP))
    assert (world.chats.stop(CHAT).reason, world.latest.builds[-1]) == (Reason.STOPPED, (3, Transition.STOP))


def test_a_dead_agent_is_restarted_once() -> None:
    """Then an administrator has to look."""
    world = World()
    docker = world.template(connect=NEVER, agent_timeout=30)
    first = world.chats.create(CHAT, docker.id)
    world.chats.stop(CHAT)
    again = world.chats.start(CHAT)
    assert [(it.reason, it.advice) for it in (first, again)] == [
        (Reason.AGENT_TIMED_OUT, Advice.STOP_THEN_START),
        (Reason.AGENT_TIMED_OUT, Advice.ASK_ADMINISTRATOR),
    ]


def test_a_platform_that_is_away_is_asked_ever_more_seldom() -> None:
    """And after ten minutes an administrator is."""
    world = World()
    docker = world.template()
    world.chats.create(CHAT, docker.id)
    world.coder.when("get_workspace", chance=1.0).fail()
    told: list[Outcome] = []
    while not told or told[-1].advice is Advice.CALL_LATER:
        world.sim.sleep(told[-1].retry_after or 0 if told else 10)
        told.append(world.chats.status(CHAT))
    assert {it.state for it in told} == {State.UNKNOWN}
    assert told[0].retry_after == 5
    assert (told[-1].advice, len(told) < 15) == (Advice.ASK_ADMINISTRATOR, True)


@pytest.mark.parametrize("act", ["status", "create", "start", "stop"])
def test_what_coming_back_does_not_help_is_an_administrators_at_once(act: str) -> None:
    """A token that the platform takes no more, say: an outcome says what the error of an unbound chat would, until it can be read again."""
    world = World()
    docker = world.template()
    world.chats.create(CHAT, docker.id)
    world.sim.sleep(10)
    fault = world.coder.when("get_workspace", chance=1.0)
    fault.fail(UnavailableError("401: the token has ended", retryable=False))
    outcome = getattr(world.chats, act)(CHAT, *[docker.id] * (act == "create"))
    assert (outcome.state, outcome.advice, outcome.retry_after) == (State.UNKNOWN, Advice.ASK_ADMINISTRATOR, None)
    fault.disarm()
    assert world.chats.status(CHAT).advice is Advice.NOTHING


@pytest.mark.parametrize(("act", "request_"), [("start", "start_workspace"), ("stop", "stop_workspace")])
def test_what_keeps_an_outcome_unknown_is_told(act: str, request_: Any) -> None:
    """Of a request that was not answered, and of the look for what came of it, which fails for good: both reasons, as of a creation."""
    world = World()
    world.created()
    if act == "start":
        world.chats.stop(CHAT)
    world.coder.when(request_).lose_request()
    ended = UnavailableError("401: ended", retryable=False)
    world.sim.at(world.sim.elapsed + 1, lambda: world.coder.when("get_workspace", chance=1.0).fail(ended))
    outcome = getattr(world.chats, act)(CHAT)
    assert (outcome.reason, outcome.advice) == (Reason.OUTCOME_UNKNOWN, Advice.ASK_ADMINISTRATOR)
    assert "; then 401: ended" in outcome.error


@pytest.mark.parametrize("call", ["get_chat", "history"])
def test_a_record_that_is_away_is_asked_ever_more_seldom(call: str) -> None:
    """Also by whoever only looks at it, and after ten minutes an administrator is."""
    world = World(store=FakeStore)
    world.sim.store.when("look" if call == "get_chat" else "history", times=1000).fail()
    told: list[tuple[Advice, float | None]] = []
    while not told or told[-1][0] is Advice.CALL_LATER:
        with pytest.raises(UnavailableError) as refused:
            getattr(world.chats, call)(CHAT)
        told.append((refused.value.advice, refused.value.retry_after))
        world.sim.sleep(refused.value.retry_after or 0)
    pauses = [pause or 0 for _, pause in told[:-1]]
    assert (told[-1], pauses[0], pauses, len(told) < 15) == ((Advice.ASK_ADMINISTRATOR, None), 5, sorted(pauses), True)
    store: Any = world.sim.store
    store._faults._armed.clear()


def test_what_was_away_for_a_moment_long_ago_has_come_back_since() -> None:
    """Whatever was found out meanwhile, a refusal as well: how long it is away is counted anew."""
    world = World()
    docker = world.template()
    told = list[Advice]()
    for error in (UnavailableError("away", retryable=False), RefusedError("no"), UnavailableError("away")):
        world.coder.when("get_template", times=100).fail(error)
        with pytest.raises(ChatWorkspaceError) as refused:
            world.chats.create(CHAT, docker.id, wait=0)
        told.append(refused.value.advice)
        world.sim.sleep(700)
        coder: Any = world.coder
        coder._faults._armed.clear()
    assert told == [Advice.ASK_ADMINISTRATOR, Advice.CORRECT_ARGUMENTS, Advice.CALL_LATER]


def test_without_a_workspace_nobody_is_told_to_create_one_at_once() -> None:
    """What is missing is said, and that the user should want it."""
    world = World()
    with pytest.raises(NoWorkspaceError) as refused:
        world.chats.connect(CHAT)
    assert refused.value.advice is Advice.ASK_USER
    assert "Create" not in refused.value.next_step


def test_a_connection_that_fails_twice_leads_to_a_restart() -> None:
    """The first time the same call may help."""
    world = World()
    world.chats.create(CHAT, world.template().id)
    world.coder.when("dial", times=4).fail()
    told: list[Advice] = []
    for _ in range(2):
        with pytest.raises(ConnectError) as refused:
            world.chats.connect(CHAT)
        told.append(refused.value.advice)
    assert told == [Advice.CALL_AGAIN, Advice.STOP_THEN_START]


def test_a_connection_that_fails_now_and_then_leads_to_none() -> None:
    """What has been overcome in between has not failed twice: nothing that runs in the workspace is ended for it."""
    world = World()
    world.chats.create(CHAT, world.template().id)
    for _ in range(3):
        world.coder.when("dial", times=2).fail()
        with pytest.raises(ConnectError) as refused:
            world.chats.connect(CHAT)
        assert refused.value.advice is Advice.CALL_AGAIN
        with world.chats.connect(CHAT):
            world.sim.sleep(3600)
