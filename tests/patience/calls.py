"""Every public method, in every situation in which it asks something of its ports, and how long it may take."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any, get_args

import attrs

from chatworkspace import ChatWorkspaceError, Timeouts, ToolResult
from chatworkspace.ports import PortError
from chatworkspace_fake import NEVER, Fails
from chatworkspace_fake._platform.coder import CreatorCall
from chatworkspace_fake._platform.store import StoreCall
from chatworkspace_fake._simulation.registry import registry
from tests.service.chats import CHAT, World

LIMITS = Timeouts()
SLACK = 0.25
"""Seconds that a call may end after its limit."""
MANY = 1_000_000
PORT_CALLS = tuple(f"store.{call}" for call in get_args(StoreCall)) + tuple(f"coder.{call}" for call in get_args(CreatorCall))

Act = Callable[[World, float], object]


@attrs.frozen
class Method:
    """A public method. changes: it may send a request that changes something, which has its own limit beyond the wait."""

    act: Act
    changes: bool = False
    waits: bool = True
    """It has a `wait`."""
    requests: int = 1
    """How many requests that change something it may send, one after the other."""

    def limit(self, wait: float) -> float:
        """Return the seconds in which it ends."""
        beyond = self.requests * LIMITS.creating if self.changes else LIMITS.planning
        return (wait if self.waits else 0.0) + beyond + SLACK


def _template(world: World) -> Any:
    return next(iter(world.coder.inside.platform.templates))


def _tool(name: str, arguments: Callable[[World], dict[str, Any]] = lambda _: {}) -> Act:
    def call(world: World, wait: float) -> ToolResult:
        return world.chats.toolbox(CHAT, wait=wait).call(name, arguments(world))

    return call


def _follow(world: World, wait: float) -> None:
    """Follow, and hear something at least every five seconds once anything can be said."""
    heard: float | None = None
    for _ in world.chats.follow(CHAT, wait=wait):
        now = world.sim.elapsed
        assert heard is None or now - heard <= 5 + SLACK, f"nothing was told from {heard:.3f} to {now:.3f}"
        heard = now
    assert heard is not None
    assert world.sim.elapsed - heard <= SLACK


METHODS: dict[str, Method] = {
    "open_chat": Method(lambda world, _: world.sim.open_chat("chat-2"), waits=False),
    "get_chat": Method(lambda world, _: world.chats.get_chat(CHAT), waits=False),
    "history": Method(lambda world, _: world.chats.history(CHAT), waits=False),
    "purge": Method(lambda world, _: world.chats.purge(older_than=1), waits=False),
    "chats": Method(lambda world, _: world.chats.chats(closed=False), waits=False),
    "create": Method(lambda world, wait: world.chats.create(CHAT, _template(world), wait=wait), changes=True),
    "replace": Method(lambda world, wait: world.chats.create(CHAT, _template(world), replace=True, wait=wait), changes=True),
    "start": Method(lambda world, wait: world.chats.start(CHAT, wait=wait), changes=True),
    "stop": Method(lambda world, wait: world.chats.stop(CHAT, wait=wait), changes=True),
    "attach": Method(lambda world, wait: world.chats.attach(CHAT, world.coder.workspaces[0].id, wait=wait), changes=True),
    "detach": Method(lambda world, wait: world.chats.detach(CHAT, wait=wait), changes=True),
    "close_chat": Method(lambda world, wait: world.chats.close_chat(CHAT, wait=wait), changes=True),
    "delete": Method(lambda world, wait: world.chats.delete(CHAT, wait=wait), changes=True),
    "status": Method(lambda world, wait: world.chats.status(CHAT, wait=wait)),
    "follow": Method(_follow),
    "sweep": Method(lambda world, _: world.chats.sweep(), changes=True, waits=False),
    "sweep-delete": Method(
        lambda world, _: world.chats.sweep(delete=[it.id for it in world.coder.workspaces]), changes=True, waits=False, requests=3
    ),
    "list_templates": Method(_tool("list_templates"), waits=False),
    "read_template": Method(_tool("read_template", lambda world: {"template_id": str(_template(world))}), waits=False),
    "create_workspace": Method(_tool("create_workspace", lambda world: {"template_id": str(_template(world))}), changes=True),
    "start_workspace": Method(_tool("start_workspace"), changes=True),
    "stop_workspace": Method(_tool("stop_workspace"), changes=True),
}


# ------------------------------------------------------------------ where they are called


def _unbound(world: World) -> None:
    world.own(world.template(build=60))


def _refusing(world: World) -> None:
    _unbound(world)
    world.coder.when("create_workspace", times=MANY).refuse(400, "no room")


def _refused(world: World) -> None:
    world.own(docker := world.template(build=60))
    world.coder.when("create_workspace").refuse(400, "no room")
    with suppress(ChatWorkspaceError):
        world.chats.create(CHAT, docker.id)


def _building(world: World) -> None:
    world.chats.create(CHAT, world.template(build=300, stop=300, log=("one", "two")).id, wait=0)


def _ready(world: World) -> None:
    world.created(build=1, stop=20)


def _failed(world: World) -> None:
    world.coder.set_quota(1)
    world.created(build=Fails(1, "no room", "INSUFFICIENT_QUOTA"), log=("one", "two"))


def _failing(world: World) -> None:
    world.chats.create(CHAT, world.template(build=Fails(8), log=("one", "two")).id, wait=0)


def _stopped(world: World) -> None:
    world.created(stop=1)
    world.chats.stop(CHAT)
    world.sim.sleep(60)


def _stopping(world: World) -> None:
    world.created(stop=8)
    world.latest.stop()


def _planned(world: World) -> None:
    world.interrupted_creation(world.template())
    world.sim.sleep(900)


def _in_another_process(world: World) -> None:
    other = world.sim.process("other")
    other.kill(before="store.bind")
    docker = world.template()
    world.sim.run(lambda: other.workspaces.create(CHAT, docker.id))


def _lost(world: World) -> None:
    world.created()
    world.latest.drop_agent()
    world.sim.sleep(100)


def _silent(world: World) -> None:
    world.chats.create(CHAT, world.template(connect=NEVER).id, wait=0)


def _strays(world: World) -> None:
    for number in range(3):
        chat = f"stray-{number}"
        world.sim.open_chat(chat)
        world.chats.create(chat, world.template(f"docker-{number}").id)
        world.chats.detach(chat)


SITUATIONS: dict[str, Callable[[World], None]] = {
    "unbound": _unbound,
    "refusing": _refusing,
    "refused": _refused,
    "building": _building,
    "failing": _failing,
    "failed": _failed,
    "ready": _ready,
    "stopped": _stopped,
    "stopping": _stopping,
    "planned": _planned,
    "in another process": _in_another_process,
    "lost": _lost,
    "silent": _silent,
    "strays": _strays,
}


def world_of(situation: str, **service: Any) -> World:
    """Make a world in which it is so, and in which a fault need not strike."""
    world = World(**service)
    registry.let_go(world.sim)
    SITUATIONS[situation](world)
    return world


def timed(world: World, method: Method, wait: float) -> float:
    """Make the call, and say how long it took, however it ended."""
    began = world.sim.elapsed
    with suppress(ChatWorkspaceError, PortError):
        method.act(world, wait)
    return world.sim.elapsed - began


def asked_for(situation: str, method: Method, wait: float) -> list[str]:
    """Return the calls of ports that it makes in this situation."""
    world = world_of(situation)
    before = len(world.sim.trace.splitlines())
    timed(world, method, wait)
    trace = world.sim.trace.splitlines()[before:]
    return [call for call in PORT_CALLS if any(f" {call} " in f"{line} " for line in trace)]


def slow(world: World, call: str, seconds: float) -> None:
    """Let every such call take so long from now on, or until its limit."""
    port, _, name = call.partition(".")
    fake: Any = world.sim.store if port == "store" else world.coder
    fake.when(name, times=MANY).take(seconds)
