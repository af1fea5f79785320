"""A call within a call is a call: from a callback, an allow-list or a port it works, or is refused at once and says why."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from chatworkspace import BusyError, Chat, ChatWorkspaceError, Outcome, Phase, Reason, State, TemplateError, UnavailableError
from chatworkspace.ports import Clock
from chatworkspace_fake import FakeCoder
from chatworkspace_fake._simulation.registry import registry
from tests.service.chats import CHAT, READY, SLOW, World

OTHER = "chat-2"


class Calling(FakeCoder):
    """A platform whose calls ask the host for something first: a token, say. `hooks`: what is done, by call; once."""

    def __init__(self, clock: Clock, *, watching: bool = True) -> None:
        super().__init__(clock, watching=watching)
        self.hooks: dict[str, Callable[[], object]] = {}

    def _answer(self, call: str, act: Callable[[], Any], deadline: float) -> Any:
        hook = self.hooks.pop(call, None)
        if hook is not None:
            hook()
        return super()._answer(call, act, deadline)


def _calling(clock: Clock) -> Calling:
    return Calling(clock)


def _polled(clock: Clock) -> Calling:
    return Calling(clock, watching=False)


def _hooks(world: World) -> dict[str, Callable[[], object]]:
    assert isinstance(world.coder, Calling)
    return world.coder.hooks


class Nested:
    """A call to be made from within another: what it came to, and how long it took."""

    def __init__(self, world: Callable[[], World], act: Callable[[], object]) -> None:
        self._world = world
        self._act = act
        self.came_to: object = None
        self.took = -1.0

    def __call__(self, *_: object) -> None:
        """Make it, the first time."""
        if self.took >= 0:
            return
        began = self._world().sim.elapsed
        try:
            self.came_to = self._act()
        except ChatWorkspaceError as error:
            self.came_to = error
        self.took = self._world().sim.elapsed - began


CALLS: dict[str, Callable[[World, UUID, str], object]] = {
    "create": lambda world, template, chat: world.chats.create(chat, template),
    "start": lambda world, _, chat: world.chats.start(chat),
    "stop": lambda world, _, chat: world.chats.stop(chat),
    "detach": lambda world, _, chat: world.chats.detach(chat),
    "close_chat": lambda world, _, chat: world.chats.close_chat(chat),
    "delete": lambda world, _, chat: world.chats.delete(chat),
    "status": lambda world, _, chat: world.chats.status(chat),
    "follow": lambda world, _, chat: list(world.chats.follow(chat)),
    "get_chat": lambda world, _, chat: world.chats.get_chat(chat),
    "chats": lambda world, _, __: world.chats.chats(),
    "purge": lambda world, _, __: world.chats.purge(older_than=1),
    "history": lambda world, _, chat: world.chats.history(chat),
    "list_templates": lambda world, _, chat: world.chats.toolbox(chat).call("list_templates", {}),
    "sweep": lambda world, _, __: world.chats.sweep(),
}
NEED_THE_TURN = {"create", "start", "stop", "detach", "close_chat", "delete"}


# ------------------------------------------------------------------ what the host is asked, under the chat's mutex


@pytest.mark.parametrize("name", CALLS)
def test_an_allow_list_that_calls_for_the_same_chat(name: str) -> None:
    """What needs the chat's turn is refused at once, for its own thread has it; what only looks works."""
    nested = Nested(lambda: world, lambda: CALLS[name](world, docker.id, CHAT))

    def allowed(_: Chat) -> None:
        nested()

    world = World(allowed_templates=allowed)
    docker = world.template()
    assert world.chats.create(CHAT, docker.id).ready
    assert nested.took == 0
    if name in NEED_THE_TURN:
        assert isinstance(nested.came_to, BusyError)
        assert (nested.came_to.retryable, "from within another one" in str(nested.came_to)) == (False, True)
    else:
        assert not isinstance(nested.came_to, ChatWorkspaceError), nested.came_to


def test_an_allow_list_that_lets_the_refusal_out_says_so() -> None:
    """The outer call is refused in turn, and the reason is in its cause."""

    def allowed(chat: Chat) -> list[UUID]:
        world.chats.create(chat.id, docker.id)
        return [docker.id]

    world = World(allowed_templates=allowed)
    docker = world.template()
    with pytest.raises(TemplateError) as error:
        world.chats.create(CHAT, docker.id)
    assert error.value.reason is Reason.ALLOW_LIST_FAILED
    assert isinstance(error.value.__cause__, BusyError)
    assert world.sim.elapsed == 0


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("asked", ["allowed_templates", "workspace_ttl"])
def test_the_host_may_call_for_another_chat(name: str, asked: str) -> None:
    """As if it were not within a call."""
    nested = Nested(lambda: world, lambda: CALLS[name](world, docker.id, OTHER))

    def ask(_: Chat) -> None:
        nested()

    service: dict[str, Any] = {asked: ask}
    world = World(**service)
    docker = world.template(build=5)
    world.sim.open_chat(OTHER)
    world.coder.add_workspace(docker, "mine", owner_id=world.sim.owner_id)
    world.chats.attach(OTHER, world.latest.id)
    assert world.chats.create(CHAT, docker.id).ready
    assert not isinstance(nested.came_to, ChatWorkspaceError), nested.came_to


def test_an_allow_list_may_ask_another_client_for_the_same_chat() -> None:
    """Nothing is claimed yet: the other one makes the workspace, and the outer call finds it."""
    nested = Nested(lambda: world, lambda: world.sim.process("other").workspaces.create(CHAT, docker.id))

    def allowed(_: Chat) -> None:
        if world.chats._parts.calls.mine is not None:
            nested()

    world = World(allowed_templates=allowed)
    docker = world.template(build=5)
    outcome = world.chats.create(CHAT, docker.id)
    assert isinstance(nested.came_to, Outcome)
    assert (nested.came_to.created, outcome.created, outcome.workspace_id) == (True, False, nested.came_to.workspace_id)


# ------------------------------------------------------------------ callbacks, outside of every lock


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("callback", ["on_chat_updated", "on_progress"])
def test_a_callback_may_call_for_the_same_chat(name: str, callback: str) -> None:
    """Nothing is held meanwhile."""
    nested = Nested(lambda: world, lambda: CALLS[name](world, docker.id, CHAT))
    service: dict[str, Any] = {callback: nested}
    world = World(**service)
    docker = world.template(build=5)
    world.chats.create(CHAT, docker.id)
    assert nested.took >= 0
    assert not isinstance(nested.came_to, ChatWorkspaceError), nested.came_to


def test_the_outer_call_is_still_reached_after_a_nested_one() -> None:
    """It is the thread's call again: an interrupt ends its pause between two attempts."""

    def updated(outcome: Outcome) -> None:
        world.chats.status(outcome.chat.id)
        world.sim.store.when("look", times=100).fail(UnavailableError("down"))

    world = World(on_chat_updated=updated)
    docker = world.template()
    world.sim.at(4, lambda: world.chats.interrupt(CHAT))

    def call() -> float:
        with pytest.raises(UnavailableError) as error:
            world.chats.create(CHAT, docker.id)
        assert error.value.reason is Reason.INTERRUPTED
        return world.sim.elapsed

    assert world.sim.run(call) == [4]
    registry.let_go(world.sim)


# ------------------------------------------------------------------ ports that call back: a token function, say


def test_a_port_that_calls_under_the_claim_is_refused_at_once() -> None:
    """By the client that holds the chat, and by any other: the claim is this very thread's."""
    world = World(coder=_calling)
    docker, other = world.template(), world.sim.process("other")
    own = Nested(lambda: world, lambda: world.chats.create(CHAT, docker.id))
    others = Nested(lambda: world, lambda: other.workspaces.create(CHAT, docker.id))
    looks = Nested(lambda: world, lambda: other.workspaces.status(CHAT, wait=20))

    def ask_for_a_token() -> None:
        own()
        others()
        looks()

    _hooks(world)["create_workspace"] = ask_for_a_token
    assert world.chats.create(CHAT, docker.id).created
    assert (own.took, others.took, looks.took) == (0, 0, 0)
    assert isinstance(own.came_to, BusyError)
    assert isinstance(others.came_to, BusyError)
    assert isinstance(looks.came_to, Outcome)
    assert (looks.came_to.state, looks.came_to.phase) == (State.STARTING, Phase.CREATING)
    assert len(world.coder.workspaces) == 1


def test_a_dialer_that_calls_for_the_chat_that_it_dials() -> None:
    """Whoever needs the same dial is refused at once; what needs none works."""
    world = World(coder=_calling)
    world.created()
    status = Nested(lambda: world, lambda: world.chats.status(CHAT, wait=20))
    chat = Nested(lambda: world, lambda: world.chats.get_chat(CHAT))

    def ask_for_a_token() -> None:
        status()
        chat()

    _hooks(world)["dial"] = ask_for_a_token
    assert world.chats.status(CHAT).ready
    assert (status.took, chat.took) == (0, 0)
    assert isinstance(status.came_to, BusyError)
    assert isinstance(chat.came_to, Chat)


@pytest.mark.parametrize(("coder", "call"), [(_calling, "watch"), (_polled, "get_workspace")])
def test_a_port_that_calls_while_its_thread_leads_the_watch(coder: Callable[[Clock], Calling], call: str) -> None:
    """A nested wait would wait for its own thread to pull: refused at once. With a wait of nothing it is told."""
    world = World(coder=coder)
    docker = world.template(**SLOW)
    world.chats.create(CHAT, docker.id, wait=0)
    waits = Nested(lambda: world, lambda: world.chats.status(CHAT, wait=20))
    looks = Nested(lambda: world, lambda: world.chats.status(CHAT))

    def ask_for_a_token() -> None:
        waits()
        looks()

    def arm() -> None:
        _hooks(world)[call] = ask_for_a_token

    if call == "watch":
        arm()
    else:
        world.sim.at(10, arm)
    (outcome,) = world.sim.run(lambda: world.chats.create(CHAT, docker.id))
    assert READY <= outcome.elapsed <= READY + 2.2
    assert (waits.took, looks.took) == (0, 0)
    assert isinstance(waits.came_to, BusyError)
    assert isinstance(looks.came_to, Outcome)
    assert looks.came_to.state is State.STARTING


def test_others_wait_as_ever_while_a_port_calls() -> None:
    """Only the thread that holds the chat is refused: another one stands in line."""
    world = World(coder=_calling)
    docker = world.template()
    nested = Nested(lambda: world, lambda: world.chats.stop(CHAT))
    _hooks(world)["create_workspace"] = nested
    world.coder.when("create_workspace").take(3)
    outcomes = world.sim.race(lambda: world.chats.create(CHAT, docker.id), threads=4)
    assert all(it.ready for it in outcomes)
    assert isinstance(nested.came_to, BusyError)


# ------------------------------------------------------------------ followers


def test_a_suspended_follower_is_nobodys_call() -> None:
    """Whoever follows makes other calls in between, for the same chat, and none of them is within the follower's."""
    world = World()
    docker = world.template(**SLOW)
    world.chats.create(CHAT, docker.id, wait=0)
    follower = world.chats.follow(CHAT)
    next(follower)
    calls = world.chats._parts.calls
    assert (calls.mine, len(calls)) == (None, 1)
    assert world.chats.status(CHAT, wait=3).elapsed == 3
    assert world.chats.stop(CHAT, wait=0).chat.id == CHAT
    assert calls.mine is None
    last = list(follower)[-1]
    assert last.outcome is not None
    assert (calls.mine, len(calls)) == (None, 0)


def test_a_follower_in_the_midst_of_a_callback() -> None:
    """Begun within one call and ended within another: each is the thread's call when it goes on."""
    seen: list[object] = []

    def follow(outcome: Outcome) -> None:
        if not seen:
            follower = world.chats.follow(outcome.chat.id)
            seen.append(next(follower))
            seen.append(follower)
            mine = world.chats._parts.calls.mine
            assert mine is not None
            assert not mine.following

    world = World(on_chat_updated=follow)
    outcome = world.chats.create(CHAT, world.template(**SLOW).id)
    assert (outcome.ready, outcome.elapsed) == (True, READY)
    follower: Any = seen[1]
    assert next(reversed(list(follower))).outcome.ready
    assert len(world.chats._parts.calls) == 0
