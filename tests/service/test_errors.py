"""What calls raise, each with its reason and what to do next; and that secrets in parameters show up nowhere."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from chatworkspace import (
    Agent,
    AgentStatus,
    BusyError,
    ChatClosedError,
    ChatNotFoundError,
    ChatWorkspaceError,
    ClosedError,
    ConnectError,
    InvalidArgumentError,
    Lifecycle,
    NotReadyError,
    NoWorkspaceError,
    OutcomeUnknownError,
    Reason,
    RefusedError,
    State,
    TemplateError,
    Timeouts,
    UnavailableError,
)
from chatworkspace.ports import Parameter
from tests.service.chats import CHAT, CLAIM, World

# ------------------------------------------------------------------ a creation that is not answered, or refused


@pytest.mark.parametrize("late", [False, True])
def test_a_creation_that_is_not_answered(*, late: bool) -> None:
    """Nothing of that name is there: nobody knows, the plan stands, and the same call goes on from there, whenever the request arrives."""
    world = World()
    docker = world.template()
    fault = world.coder.when("create_workspace")
    fault.arrive_late(20) if late else fault.lose_request()
    with pytest.raises(OutcomeUnknownError) as error:
        world.chats.create(CHAT, docker.id)
    assert (error.value.reason, error.value.retryable, world.sim.elapsed) == (Reason.OUTCOME_UNKNOWN, True, 25)
    assert str(error.value) == "create_workspace was not answered in time"
    assert (
        error.value.next_step
        == "Whether the platform has done it is not known. Make the same call again in 5 s: it goes on from here and makes no second workspace."
    )
    look = world.sim.store.look(CHAT)
    assert (look.plan is not None, look.claimed_for) == (True, 0)
    world.sim.sleep(30)
    assert world.chats.create(CHAT, docker.id).reason is (Reason.ADOPTED if late else Reason.CREATED)
    assert len(world.coder.workspaces) == 1


def test_a_creation_that_is_not_answered_by_a_platform_that_is_gone() -> None:
    """The look by name fails as well: the error tells both."""
    world = World(timeouts=Timeouts(creating=5))
    docker = world.template()
    world.coder.when("create_workspace").lose_answer()
    world.coder.when("find_workspace").lose_request()
    with pytest.raises(OutcomeUnknownError) as error:
        world.chats.create(CHAT, docker.id)
    assert str(error.value) == "create_workspace was not answered in time; then find_workspace was not answered in time"
    assert world.sim.store.look(CHAT).claimed_for == 0


def test_an_error_of_the_platforms_own_is_settled_by_a_look() -> None:
    """A 500 that the platform itself answered, and nothing of that name is there: refused."""
    from chatworkspace.ports import NotAnsweredError  # noqa: PLC0415 # of the ports, for one test

    world = World()
    docker = world.template()
    world.coder.when("create_workspace").fail(NotAnsweredError("500: internal error", in_flight=False))
    with pytest.raises(RefusedError) as error:
        world.chats.create(CHAT, docker.id)
    assert (error.value.reason, "500: " in str(error.value)) == (Reason.REFUSED, True)
    assert world.chats.history(CHAT)[-1].notes == (f"refused: {error.value}",)


def test_a_refusal_carries_all_that_the_platform_said() -> None:
    """Message, detail and validations; nothing was made, and no plan stands."""
    world = World()
    docker = world.template()
    said = RefusedError("no", detail="it is too large", validations=[("size", "too large"), ("zone", "unknown")])
    world.coder.when("create_workspace").fail(said)
    with pytest.raises(RefusedError) as error:
        world.chats.create(CHAT, docker.id)
    refused = error.value
    assert (refused.reason, refused.message, refused.detail) == (Reason.REFUSED, "no", "it is too large")
    assert refused.validations == (("size", "too large"), ("zone", "unknown"))
    assert (refused.retryable, refused.next_step) == (False, "Read the platform's message, correct the arguments, and call again.")
    assert (world.coder.workspaces, world.sim.store.look(CHAT).plan) == ((), None)


def test_a_bug_of_an_adapters_gives_the_claim_back() -> None:
    """What no port may raise goes through as it is; the chat is free, and the next call goes on from there."""
    world = World()
    docker = world.template()
    world.coder.when("create_workspace").fail(ZeroDivisionError("a bug"))
    with pytest.raises(ZeroDivisionError):
        world.chats.create(CHAT, docker.id)
    assert world.sim.store.look(CHAT).claimed_for == 0
    assert world.chats.create(CHAT, docker.id).elapsed == 0
    assert len(world.chats._parts.calls) == len(world.chats._parts.mutex) == 0


# ------------------------------------------------------------------ the store


@pytest.mark.parametrize("call", ["look", "claim", "bind", "secret"])
def test_a_store_that_fails_once_is_asked_again(call: Any) -> None:
    """With back-off; the caller notices nothing but the time."""
    world = World()
    world.sim.store.when(call).fail()
    outcome = world.chats.create(CHAT, world.template().id)
    assert outcome.created
    assert outcome.elapsed < 1


@pytest.mark.parametrize("call", ["look", "claim", "secret"])
def test_a_store_that_cannot_be_asked(call: Any) -> None:
    """The call decided nothing, and may be made again."""
    world = World()
    docker = world.template()
    world.sim.store.when(call, times=2).lose_request()
    with pytest.raises(UnavailableError) as error:
        world.chats.create(CHAT, docker.id)
    assert (error.value.reason, error.value.retryable, world.coder.workspaces) == (Reason.STORE_UNAVAILABLE, True, ())
    assert "record of chats" in error.value.next_step


def test_a_claim_that_was_not_confirmed_sends_nothing() -> None:
    """Without a confirmed plan nothing is sent; the claim that may be in force ends by itself."""
    world = World()
    docker = world.template()
    world.sim.store.when("claim", times=2).lose_answer()
    with pytest.raises(UnavailableError) as error:
        world.chats.create(CHAT, docker.id)
    assert (error.value.reason, "create_workspace" in world.coder.calls) == (Reason.STORE_UNAVAILABLE, False)
    outcome = world.chats.create(CHAT, docker.id)
    assert outcome.created
    assert outcome.elapsed <= CLAIM


def test_a_binding_that_cannot_be_written() -> None:
    """It is tried for as long as the claim lives; the next call adopts what was made."""
    world = World()
    docker = world.template()
    world.sim.store.when("bind", times=6).lose_request()
    with pytest.raises(UnavailableError) as error:
        world.chats.create(CHAT, docker.id)
    assert error.value.reason is Reason.STORE_UNAVAILABLE
    assert 25 <= world.sim.elapsed <= CLAIM + 5
    world.sim.sleep(10)
    assert world.chats.create(CHAT, docker.id).reason is Reason.ADOPTED
    assert len(world.coder.workspaces) == 1


def test_a_workspace_that_is_being_discarded_is_not_bound() -> None:
    """The sweep was told to delete what bears the name: it is not adopted, and once it is gone another is made."""
    world = World()
    docker = world.template()
    world.interrupted_creation(docker)
    world.sim.store.discard(world.latest.id)
    with pytest.raises(UnavailableError) as error:
        world.chats.create(CHAT, docker.id)
    assert (error.value.reason, error.value.next_step) == (
        Reason.DISCARDED,
        "The workspace is being deleted. Ask the user which one is to be used, or whether a new one is wanted.",
    )
    assert world.sim.store.look(CHAT).claimed_for == 0
    world.latest.delete()
    assert world.chats.create(CHAT, docker.id).created


# ------------------------------------------------------------------ the error classes


def of_create(world: World) -> object:
    return world.chats.create(CHAT, UUID(int=404))


def of_start(world: World) -> object:
    return world.chats.start(CHAT)


def of_not_ready(world: World) -> object:
    docker = world.template(build=30)
    return world.chats.create(CHAT, docker.id, wait=1).require_ready()


def of_closed(world: World) -> object:
    world.chats.close()
    return world.chats.status(CHAT)


def of_closed_chat(world: World) -> object:
    world.chats.close_chat(CHAT)
    return world.chats.status(CHAT)


def of_unknown_chat(world: World) -> object:
    return world.chats.status("other")


def of_no_chat(world: World) -> object:
    return world.chats.status("")


@pytest.mark.parametrize(
    ("call", "kind", "reason", "also"),
    [
        (of_create, TemplateError, Reason.TEMPLATE_NOT_FOUND, Exception),
        (of_start, NoWorkspaceError, Reason.NO_WORKSPACE, Exception),
        (of_not_ready, NotReadyError, Reason.NOT_READY, Exception),
        (of_closed, ClosedError, Reason.CLOSED, Exception),
        (of_closed_chat, ChatClosedError, Reason.CHAT_CLOSED, Exception),
        (of_unknown_chat, ChatNotFoundError, Reason.CHAT_NOT_FOUND, LookupError),
        (of_no_chat, InvalidArgumentError, Reason.INVALID_ARGUMENT, ValueError),
    ],
)
def test_every_error_has_one_root_and_a_reason(
    call: Callable[[World], object], kind: type[ChatWorkspaceError], reason: Reason, also: type[Exception]
) -> None:
    """Caught as ChatWorkspaceError, or as what Python calls such an error."""
    with pytest.raises(kind) as error:
        call(World())
    assert isinstance(error.value, ChatWorkspaceError)
    assert isinstance(error.value, also)
    assert (error.value.reason, bool(str(error.value))) == (reason, True)


def test_not_ready_carries_the_outcome() -> None:
    """Reason NOT_READY, with the advice of the outcome."""
    world = World()
    outcome = world.chats.create(CHAT, world.template(build=30).id, wait=0)
    with pytest.raises(NotReadyError) as error:
        outcome.require_ready()
    assert (error.value.reason, error.value.outcome, error.value.next_step) == (Reason.NOT_READY, outcome, outcome.next_step)
    assert str(error.value) == "the workspace is starting (in_progress)"
    assert outcome.state is State.STARTING


def test_an_agent_that_could_not_be_reached_is_named() -> None:
    """ConnectError: reason CONNECT_FAILED, retryable, with the agent and what may help."""
    agent = Agent(id=UUID(int=1), name="main", status=AgentStatus.CONNECTED, lifecycle=Lifecycle.READY)
    error = ConnectError("no route", agent=agent)
    assert (error.reason, error.retryable, error.agent) == (Reason.CONNECT_FAILED, True, agent)
    assert error.next_step == "Make the same call again; if that does not help, stop the workspace, then start it."


def test_busy_says_that_somebody_else_decides() -> None:
    """Retryable, for nothing was decided."""
    error = BusyError("somebody else is deciding for this chat")
    assert (error.reason, error.retryable) == (Reason.BUSY, True)


# ------------------------------------------------------------------ canaries


CANARY = "s3cr3t-c4n4ry"


class Canary:
    """A world in which a secret travels in a template parameter, and all that could show it is kept."""

    def __init__(self, caplog: pytest.LogCaptureFixture) -> None:
        self.caplog = caplog
        self.shown: list[str] = []
        caplog.set_level(logging.DEBUG)
        self.world = World(on_chat_updated=self.fails, on_progress=self.fails, workspace_ttl=self.fails)
        self.docker = self.world.template(parameters=[Parameter(name="token", default="")], build=2)

    def fails(self, told: object) -> float:
        """Keep what a callback is told, and fail."""
        self.shown.append(repr(told))
        raise ZeroDivisionError

    def create(self, **arguments: Any) -> None:
        """Create with the secret, and keep what comes of it."""
        arguments = {"parameters": {"token": CANARY}} | arguments
        self.keep(lambda: self.world.chats.create(CHAT, self.docker.id, **arguments))

    def keep(self, call: Callable[[], object]) -> None:
        """Call, and keep the outcome or the error with all that led to it."""
        try:
            self.shown.append(repr(call()))
        except ChatWorkspaceError as error:
            self.shown += traceback.format_exception(error)
            self.shown.append(repr((error, error.args, vars(error))))

    def told(self) -> str:
        """Return all that was shown, logged and stored."""
        store = self.world.sim.store
        rows = [repr(row) for row in store._rows.values()]
        records = [repr(vars(record)) for record in self.caplog.records]
        return "\n".join([*self.shown, *rows, *records, self.caplog.text, self.world.sim.trace, repr(self.world.chats.history(CHAT))])


def lost(canary: Canary) -> None:
    canary.world.coder.when("create_workspace").lose_request()
    canary.create()


def refused(canary: Canary) -> None:
    canary.world.coder.when("create_workspace").refuse(400, "no")
    canary.create()


def unknown_parameter(canary: Canary) -> None:
    canary.create(parameters={"other": CANARY})


def wrong_type(canary: Canary) -> None:
    canary.create(parameters={"token": [CANARY]})


def with_nul(canary: Canary) -> None:
    canary.create(parameters={"token": f"{CANARY}\0"})


def interrupted(canary: Canary) -> None:
    canary.world.interrupted_creation(canary.docker, parameters={"token": CANARY})


def started(canary: Canary) -> None:
    canary.create(parameters={})
    canary.world.chats.stop(CHAT)
    canary.keep(lambda: canary.world.chats.start(CHAT, parameters={"token": CANARY, "other": CANARY}))
    canary.keep(lambda: canary.world.chats.start(CHAT, parameters={"token": CANARY}))


def store_down(canary: Canary) -> None:
    canary.world.sim.store.when("claim", times=2).lose_answer()
    canary.create()


def by_tool(canary: Canary) -> None:
    tools = canary.world.chats.toolbox(CHAT)
    for parameters in ({"token": CANARY, "other": CANARY}, {"token": [CANARY]}, {"token": f"{CANARY}\0"}, CANARY, [CANARY], {"token": CANARY}):
        result = tools.call("create_workspace", {"template_id": str(canary.docker.id), "parameters": parameters})
        canary.shown += [repr(result), result.text]
    canary.shown.append(tools.call("create_workspace", f'{{"parameters": {{"token": "{CANARY}", "token": "{CANARY}"}}}}').text)
    canary.shown.append(tools.call("create_workspace", f'{{"parameters": "{CANARY}').text)


@pytest.mark.parametrize("story", [Canary.create, lost, refused, unknown_parameter, wrong_type, with_nul, interrupted, started, store_down, by_tool])
def test_a_secret_in_a_parameter_is_shown_nowhere(story: Callable[[Canary], None], caplog: pytest.LogCaptureFixture) -> None:
    """Not in an outcome, an error and what led to it, a log record, a tool's result, or the store; then a creation with it goes on."""
    canary = Canary(caplog)
    story(canary)
    canary.create()
    told = canary.told()
    assert len(told) > 1000
    assert CANARY not in told
