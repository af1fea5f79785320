"""The stream of events: what is told of a call, when, and to whom."""

from __future__ import annotations

import gc
from collections.abc import Callable
from datetime import timedelta

import pytest

from chatworkspace import Chat, ChatNotFoundError, ChatWorkspaces, Outcome, Phase, Reason, RefusedError, State
from chatworkspace.events import (
    Adopted,
    CallBegun,
    CallEnded,
    Claimed,
    Dialled,
    Event,
    PhaseBegun,
    Requested,
    Retried,
    TakenOver,
    WatchBroken,
)
from chatworkspace.ports import DialError, Parameter
from tests.events.listening import CHAT, Ear, Heard
from tests.service.chats import BUILD, CONNECT, READY, SCRIPTS, SLOW, polled


def short(event: Event) -> str:
    """Return an event in two words."""
    match event:
        case PhaseBegun(phase=phase):
            return phase.value
        case Requested(request=request):
            return request
        case _:
            return type(event).__name__


# ------------------------------------------------------------------ what is told


def test_a_creation_from_its_beginning_to_its_end() -> None:
    """Every request, the claim, the phases and the dial, in their order; the end says what the time went to."""
    world = Heard()
    docker = world.template(**SLOW)
    began = world.sim.now()
    outcome = world.chats.create(CHAT, docker.id)
    told = [short(it) for it in world.ear.events]
    assert told[:6] == ["CallBegun", "look", "get_template", "secret", "claim", "Claimed"]
    assert told[6:11] == ["creating", "create_workspace", "planning", "bind", "building"]
    rest = [it for it in told[11:] if it not in ("get_workspace", "watch")]
    assert rest == ["connecting", "scripts", "connecting", "Dialled", "planning", "look", "CallEnded"]
    begun, ended = world.ear.begun("create"), world.ear.ended("create")
    assert (begun.at, begun.wait, begun.after, begun.chat_id) == (began, None, 0.0, CHAT)
    assert (ended.reason, ended.state, ended.error, ended.after) == (Reason.CREATED, State.READY, "", READY)
    assert ended.phases == {Phase.PLANNING: 0, Phase.CREATING: 0, Phase.BUILDING: BUILD, Phase.CONNECTING: CONNECT, Phase.SCRIPTS: SCRIPTS}
    assert (ended.workspace_id, ended.build_number) == (outcome.workspace_id, 1)
    assert {it.call for it in world.ear.events} == {begun.call}


CALLS: dict[str, Callable[[ChatWorkspaces], object]] = {
    "status": lambda chats: chats.status(CHAT),
    "stop": lambda chats: chats.stop(CHAT),
    "detach": lambda chats: chats.detach(CHAT),
    "close_chat": lambda chats: chats.close_chat(CHAT),
    "get_chat": lambda chats: chats.get_chat(CHAT),
    "history": lambda chats: chats.history(CHAT),
    "chats": lambda chats: chats.chats(),
    "purge": lambda chats: chats.purge(older_than=1),
    "sweep": lambda chats: chats.sweep(),
    "follow": lambda chats: list(chats.follow(CHAT)),
    "connect": lambda chats: chats.connect(CHAT),
    "templates": lambda chats: chats.toolbox(CHAT).call("list_templates", {}),
}


@pytest.mark.parametrize("name", CALLS)
def test_a_call_has_the_name_of_its_method(name: str) -> None:
    """And ends once; what a tool asks of templates is a call as well."""
    world = Heard()
    world.created()
    world.ear.events.clear()
    CALLS[name](world.chats)
    assert [it.name for it in world.ear.of(CallBegun) if it.name == name] == [name]
    assert [it.name for it in world.ear.of(CallEnded) if it.name == name] == [name]
    assert world.ear.ended(name).error == ""


def test_an_error_is_an_end() -> None:
    """By its class and reason."""
    world = Heard()
    with pytest.raises(ChatNotFoundError):
        world.chats.status("nobody")
    ended = world.ear.ended("status")
    assert (ended.reason, ended.state, ended.error) == (Reason.CHAT_NOT_FOUND, None, "ChatNotFoundError")


def test_what_is_not_ours_is_an_end_without_a_reason() -> None:
    """A bug of a port, say."""
    world = Heard()
    docker = world.template()
    world.coder.when("create_workspace").fail(ZeroDivisionError("a bug"))
    with pytest.raises(ZeroDivisionError):
        world.chats.create(CHAT, docker.id)
    ended = world.ear.ended("create")
    assert (ended.reason, ended.error) == (None, "ZeroDivisionError")


def test_a_request_that_fails_says_why() -> None:
    """By the class of what was raised, and its words."""
    world = Heard()
    docker = world.template()
    world.coder.when("create_workspace").lose_answer()
    assert world.chats.create(CHAT, docker.id).reason is Reason.ADOPTED
    (failed,) = (it for it in world.ear.of(Requested) if it.error)
    assert (failed.request, failed.port, failed.error_type, failed.took) == ("create_workspace", "platform", "NotAnsweredError", 25)
    assert failed.error.startswith("NotAnsweredError: ")
    (adopted,) = world.ear.of(Adopted)
    assert (adopted.workspace, adopted.workspace_id) == (world.latest.name, world.latest.id)
    assert world.ear.of(TakenOver) == []


def test_what_a_dead_process_has_begun_is_taken_over() -> None:
    """Its plan stands; whoever claims the chat goes on with it, and binds what it finds."""
    world = Heard()
    docker = world.template()
    world.interrupted_creation(docker)
    world.ear.events.clear()
    world.chats.create(CHAT, docker.id)
    (claimed,), (over,), (adopted,) = world.ear.of(Claimed), world.ear.of(TakenOver), world.ear.of(Adopted)
    assert (claimed.epoch, claimed.plan) == (2, "")
    assert over.plan == adopted.workspace == world.latest.name


def test_what_cannot_be_asked_is_asked_again() -> None:
    """Each attempt is a request, and what lies between is told before it passes."""
    world = Heard()
    world.created()
    world.ear.events.clear()
    world.sim.store.when("look", times=2).fail()
    world.chats.status(CHAT)
    attempts = [it for it in world.ear.of(Requested) if it.request == "look"]
    pauses = world.ear.of(Retried)
    assert [it.error_type for it in attempts[:3]] == ["UnavailableError", "UnavailableError", ""]
    assert [(it.request, it.port) for it in pauses] == [("look", "store")] * 2
    assert attempts[2].after == pytest.approx(sum(it.pause for it in pauses))


def test_a_dial_that_fails_is_told() -> None:
    """With the agent, and why."""
    world = Heard()
    docker = world.template()
    world.coder.when("dial").fail(DialError("no route"))
    world.chats.create(CHAT, docker.id)
    first, second = world.ear.of(Dialled)
    assert (first.agent, first.error, first.error_type) == ("main", "DialError: no route", "DialError")
    assert (second.error, second.error_type, second.workspace_id) == ("", "", world.latest.id)


def test_a_watch_that_breaks_is_told() -> None:
    """Once, by whoever was pulling it."""
    world = Heard()
    docker = world.template(**SLOW)
    world.sim.at(10, world.coder.break_watches)
    world.sim.race(lambda: world.chats.create(CHAT, docker.id), threads=3)
    (broken,) = world.ear.of(WatchBroken)
    assert (broken.after, broken.workspace_id) == (10, world.latest.id)
    assert broken.pause > 0


def test_polls_are_requests() -> None:
    """Where the platform has no watch, each of them is told as one of the call that polls."""
    world = Heard(coder=polled)
    world.chats.create(CHAT, world.template(**SLOW).id)
    assert [it.request for it in world.ear.of(Requested)].count("get_workspace") > 10


def test_who_waits_for_the_mutex_is_queued() -> None:
    """For as long as another call of the process decides."""
    world = Heard()
    docker = world.template()
    world.coder.when("create_workspace").take(7)
    world.sim.race(lambda: world.chats.create(CHAT, docker.id), threads=2)
    spent = sorted((it.phases for it in world.ear.of(CallEnded)), key=lambda it: Phase.QUEUED in it)
    assert [it.get(Phase.CREATING) for it in spent] == [7, None]
    assert [it.get(Phase.QUEUED) for it in spent] == [None, 7]


def test_who_waits_for_another_process_is_queued() -> None:
    """For as long as that has the claim."""
    world = Heard()
    docker, other = world.template(), world.sim.process("other")
    world.coder.when("create_workspace").take(7)
    world.sim.at(1, lambda: world.chats.create(CHAT, docker.id))
    world.sim.run(lambda: other.workspaces.create(CHAT, docker.id))
    waited = next(it for it in world.ear.of(CallEnded) if Phase.QUEUED in it.phases)
    assert 5 < waited.phases[Phase.QUEUED] <= 7


CANARY = "canary-7f3a"


def test_no_secret_is_in_any() -> None:
    """What a parameter has brought is in no event, though the platform quotes it."""
    world = Heard()
    docker = world.template(parameters=[Parameter(name="token")])
    world.coder.when("create_workspace").refuse(400, f"the value {CANARY} is not allowed")
    with pytest.raises(RefusedError):
        world.chats.create(CHAT, docker.id, parameters={"token": CANARY})
    assert "not allowed" in repr([it.as_dict() for it in world.ear.events])
    assert CANARY not in repr([it.as_dict() for it in world.ear.events])


# ------------------------------------------------------------------ when, and to whom


def test_listeners_are_told_outside_of_mutex_and_claim() -> None:
    """Whatever they are told, another call for the chat could go on at that moment."""
    held: list[Event] = []

    def listen(event: Event) -> None:
        if CHAT in world.chats._parts.mutex.held or CHAT in world.chats._parts.waiter._dials.held or world.sim.store.look(CHAT).claimed_for > 0:
            held.append(event)

    world = Heard(on_event=listen)
    docker = world.template(**SLOW)
    world.chats.create(CHAT, docker.id)
    world.chats.stop(CHAT)
    world.chats.start(CHAT)
    world.chats.create(CHAT, docker.id, replace=True)
    world.chats.detach(CHAT)
    assert held == []


def test_the_beginning_is_told_before_anything_is_asked() -> None:
    """So that a call that hangs has been told of."""
    world = Heard()
    world.coder.when("create_workspace").take(7)
    docker = world.template()
    world.sim.at(5, lambda: seen.extend(world.ear.events))
    seen: list[Event] = []
    world.chats.create(CHAT, docker.id)
    assert [type(it) for it in seen] == [CallBegun]


def test_a_listener_that_raises_hurts_nobody(caplog: pytest.LogCaptureFixture) -> None:
    """It is logged once, and told on."""
    told: list[Event] = []

    def listen(event: Event) -> None:
        told.append(event)
        raise ZeroDivisionError

    world = Heard(on_event=listen)
    assert world.chats.create(CHAT, world.template(**SLOW).id).ready
    (record,) = caplog.records
    assert (record.levelname, record.__dict__["chat_id"]) == ("ERROR", "chat-1")
    assert type(told[-1]) is CallEnded


def test_what_ends_a_listeners_thread_leaves_the_call_in_order() -> None:
    """KeyboardInterrupt, say: nothing is kept of the call."""

    def listen(event: Event) -> None:
        if isinstance(event, CallEnded) and event.name == "create":
            raise KeyboardInterrupt

    world = Heard(on_event=listen)
    docker = world.template()

    def create() -> None:
        with pytest.raises(KeyboardInterrupt):
            world.chats.create(CHAT, docker.id)

    world.sim.run(create)
    assert (len(world.chats._parts.calls), len(world.chats._parts.mutex)) == (0, 0)
    assert world.chats.status(CHAT).ready


def test_a_listeners_own_calls_are_not_heard() -> None:
    """Else there would be no end of it."""
    told: list[str] = []

    def listen(event: Event) -> None:
        told.append(event.name)
        world.chats.status(CHAT)

    world = Heard(on_event=listen)
    world.chats.create(CHAT, world.template().id)
    assert set(told) == {"open_chat", "create"}


def test_a_call_from_within_another_is_heard_as_its_own() -> None:
    """By a callback, say: each has its number."""
    ear = Ear()

    def updated(outcome: Outcome) -> None:
        world.chats.get_chat(outcome.chat.id)

    world = Heard(on_event=ear, on_chat_updated=updated)
    world.chats.create(CHAT, world.template().id)
    assert ear.begun("get_chat").call != ear.begun("create").call
    assert ear.ended("create").call == ear.begun("create").call


def test_a_call_from_within_a_turn_is_told_after_it() -> None:
    """By the host's own allow-list, which is asked under the chat's mutex: that is given back before anybody is told."""
    held: list[str] = []

    def listen(event: Event) -> None:
        if CHAT in world.chats._parts.mutex.held:
            held.append(event.name)
        told.append(event.name)

    def allowed(chat: Chat) -> None:
        world.chats.get_chat(chat.id)

    told: list[str] = []
    world = Heard(on_event=listen, allowed_templates=allowed)
    world.chats.create(CHAT, world.template().id)
    assert held == []
    assert "get_chat" in told


def test_a_follower_is_one_call() -> None:
    """From its first look to its last item; told as it goes on."""
    world = Heard()
    world.chats.create(CHAT, world.template(**SLOW).id, wait=0)
    world.ear.events.clear()
    steps = world.chats.follow(CHAT)
    assert world.ear.events == []
    next(steps)
    assert [type(it) for it in world.ear.events][:2] == [CallBegun, Requested]
    list(steps)
    ended = world.ear.ended("follow")
    assert (ended.reason, ended.after) == (Reason.EXISTING, READY)
    assert sum(ended.phases.values()) == READY


@pytest.mark.parametrize("close", [True, False])
def test_a_follower_that_is_let_go_is_told_by_the_next_call(close: bool) -> None:  # noqa: FBT001 # a case
    """It may be collected in the midst of anything, where nobody may be told."""
    world = Heard()
    world.chats.create(CHAT, world.template(**SLOW).id, wait=0)
    world.ear.events.clear()
    steps = world.chats.follow(CHAT)
    next(steps)
    if close:
        steps.close()
    del steps
    gc.collect()
    assert world.ear.of(CallEnded) == []
    world.chats.get_chat(CHAT)
    assert [(it.name, it.reason) for it in world.ear.of(CallEnded)] == [("follow", None), ("get_chat", None)]


def test_a_follower_that_is_never_asked_is_not_told() -> None:
    """It was no call."""
    world = Heard()
    world.created()
    world.ear.events.clear()
    world.chats.follow(CHAT).close()
    world.chats.get_chat(CHAT)
    assert {it.name for it in world.ear.events} == {"get_chat"}


def test_the_instant_of_an_event() -> None:
    """Is that of the beginning and its `after`, by the process's own clock."""
    world = Heard()
    world.chats.create(CHAT, world.template(**SLOW).id)
    begun, ended = world.ear.begun("create"), world.ear.ended("create")
    assert begun.at + timedelta(seconds=ended.after) == world.sim.now()


def test_a_turn_that_does_not_come_is_told() -> None:
    """All of the time was spent in the queue."""
    world = Heard()
    docker, other = world.template(), world.sim.process("other")
    world.coder.when("create_workspace").take(7)

    world.sim.at(1, lambda: world.chats.detach(CHAT, wait=2))
    world.sim.run(lambda: other.workspaces.create(CHAT, docker.id))
    ended = world.ear.ended("detach")
    assert (ended.reason, ended.phases[Phase.QUEUED]) == (Reason.IN_PROGRESS, 2)
