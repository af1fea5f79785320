"""What a call costs: statements in the store and requests to the platform, counted in the trace."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest

from chatworkspace import Outcome
from tests.service.chats import CHAT, READY, SLOW, World, polled


def counted(world: World, act: Callable[[], Outcome], prefix: str) -> tuple[Outcome, list[str]]:
    """Act, and return what was asked of a port meanwhile, in order."""
    before = len(world.sim.trace.splitlines())
    outcome = act()
    steps = (line.split()[3] for line in world.sim.trace.splitlines()[before:])
    return outcome, [step.removeprefix(prefix) for step in steps if step.startswith(prefix)]


def statements(world: World, act: Callable[[], Outcome]) -> list[str]:
    """Return the store calls of an act."""
    return counted(world, act, "store.")[1]


def requests(world: World, act: Callable[[], Outcome]) -> list[str]:
    """Return the requests of an act."""
    return counted(world, act, "coder.")[1]


def test_a_creation_is_four_statements() -> None:
    """Look, claim with plan, bind, the last look before telling; and one for the secret, the first time in a process."""
    world = World()
    docker = world.template(**SLOW)
    assert statements(world, lambda: world.chats.create(CHAT, docker.id)) == ["look", "secret", "claim", "bind", "look"]
    world.sim.open_chat("chat-2")
    assert statements(world, lambda: world.chats.create("chat-2", docker.id, parameters={})) == ["look", "claim", "bind", "look"]


@pytest.mark.parametrize("seconds", [0, 600])
def test_a_creation_is_four_statements_however_long_the_build_takes(seconds: float) -> None:
    """Waiting asks the store for nothing."""
    world = World()
    docker = world.template(build=seconds)
    assert len(statements(world, lambda: world.chats.create(CHAT, docker.id))) == 5


def test_a_creation_is_few_requests() -> None:
    """Template, create, watch, dial, and one to reach the agent ahead while its scripts run; and one read in 15 s of silence of the watch."""
    world = World()
    docker = world.template(build=10, connect=2, scripts=1)
    assert requests(world, lambda: world.chats.create(CHAT, docker.id)) == ["get_template", "create_workspace", "watch", "warm", "dial"]
    world.sim.open_chat("chat-2")
    slow = world.template("slow", **SLOW)
    asked = requests(world, lambda: world.chats.create("chat-2", slow.id))
    assert sorted(set(asked)) == ["create_workspace", "dial", "get_template", "get_workspace", "warm", "watch"]
    assert len(asked) <= 6 + READY // 15


def test_one_that_is_ready_at_once_needs_no_watch() -> None:
    """There is nothing to wait for."""
    world = World()
    docker = world.template()
    asked = requests(world, lambda: world.chats.create(CHAT, docker.id))
    assert asked == ["get_template", "create_workspace", "dial"]


@pytest.mark.parametrize("call", ["create", "start", "status"])
def test_a_chat_whose_proof_is_fresh(call: str) -> None:
    """One statement, no request."""
    world = World()
    docker = world.template()
    world.chats.create(CHAT, docker.id)
    acts: dict[str, Callable[[], Outcome]] = {
        "create": lambda: world.chats.create(CHAT, docker.id),
        "start": lambda: world.chats.start(CHAT),
        "status": lambda: world.chats.status(CHAT),
    }
    world.sim.sleep(5)
    outcome, asked = counted(world, acts[call], "")
    assert (outcome.ready, asked) == (True, ["store.look"])


def test_a_chat_whose_proof_is_old() -> None:
    """Look, read, dial, and the last look before telling."""
    world = World()
    docker = world.template()
    world.chats.create(CHAT, docker.id)
    world.sim.sleep(5.5)
    _, asked = counted(world, lambda: world.chats.create(CHAT, docker.id), "")
    assert asked == ["store.look", "coder.get_workspace", "coder.dial", "store.look"]


def test_a_joining_creation() -> None:
    """Nothing is claimed or written: two looks, a read, and no watch of its own in a process that has one."""
    world = World()
    docker = world.template(**SLOW)
    calls = [lambda: world.chats.create(CHAT, docker.id, wait=1000), lambda: world.chats.create(CHAT, docker.id)]
    before = len(world.coder.calls)
    world.sim.run(*calls * 4)
    asked = world.coder.calls[before:]
    assert (asked.count("create_workspace"), asked.count("watch"), asked.count("dial")) == (1, 1, 1)
    story = [line.split()[3] for line in world.sim.trace.splitlines() if " store." in line]
    assert (story.count("store.claim"), story.count("store.bind")) == (1, 1)
    assert story.count("store.look") <= 3 * 8


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("detach", ["look", "claim", "attach"]),
        ("close_chat", ["look", "claim", "close_chat"]),
        ("delete", ["look", "claim", "close_chat", "look", "history", "claim", "discard", "release", "look", "history"]),
        ("stop", ["look", "claim", "release", "look"]),
        ("start", ["look", "look"]),
    ],
)
def test_what_other_calls_ask_of_the_store(call: str, expected: list[str]) -> None:
    """Each looks once, and claims only to change something."""
    world = World()
    world.created()
    assert statements(world, partial(getattr(world.chats, call), CHAT)) == expected


def test_a_waiting_chat_asks_nothing_of_the_store() -> None:
    """No connection is held, no statement made while it waits."""
    world = World()
    docker = world.template(build=300)
    world.chats.create(CHAT, docker.id, wait=0)
    before = world.sim.elapsed
    world.chats.create(CHAT, docker.id)
    between = [line for line in world.sim.trace.splitlines() if " store." in line and before < float(line.split()[0]) < before + 300]
    assert between == []


def test_polling_costs_what_it_says() -> None:
    """Ninety requests in the first minute, one in 2 s after that."""
    world = World(coder=polled)
    docker = world.template(build=120)
    asked = requests(world, lambda: world.chats.create(CHAT, docker.id))
    assert 85 + 25 <= asked.count("get_workspace") <= 95 + 35


def test_nothing_is_left_when_all_is_quiet() -> None:
    """No call, no watch, no mutex entry, no claim."""
    world = World()
    docker = world.template(**SLOW)
    world.sim.race(lambda: world.chats.create(CHAT, docker.id), threads=5)
    world.chats.stop(CHAT)
    world.chats.detach(CHAT)
    parts = world.chats._parts
    assert (len(parts.calls), len(parts.watches), len(parts.mutex), len(parts.waiter._dials), world.coder.open_watches) == (0, 0, 0, 0, 0)
    assert world.sim.store.look(CHAT).claimed_for == 0
    assert world.coder.warming == 0
