"""A platform whose build log goes on with what startup scripts say: it is told until they have ended, and where they fail."""

from __future__ import annotations

from typing import Any

import pytest

from chatworkspace import ChatWorkspaces, Phase, Reason, State, Template
from chatworkspace_fake import NEVER, Fails, FakeCoder
from tests.service.chats import CHAT, Telling, World

BUILT = ("plan", "apply")
TIMES: dict[str, Any] = {"build": 6, "connect": 4, "scripts": 20, "log": BUILT}


def slow(world: World, **properties: Any) -> Template:
    """Add a template that takes its time."""
    return world.template(**(TIMES | properties))


def lines(world: World, after: str | None = None) -> list[tuple[str, Phase | None]]:
    """Follow to the end, and return each line with the phase in which it was told."""
    return [(it.line, it.phase) for it in world.chats.follow(CHAT, after=after) if it.line is not None]


def test_the_log_is_told_until_the_scripts_have_ended() -> None:
    """Each line once, in the phase in which it was said, the last before the outcome."""
    world = World(coder=Telling)
    world.chats.create(CHAT, slow(world).id, wait=0)
    assert lines(world) == [
        ("plan", Phase.BUILDING),
        ("apply", Phase.BUILDING),
        ("connected", Phase.SCRIPTS),
        ("no such package", Phase.SCRIPTS),
    ]


@pytest.mark.parametrize("pause", [0, 60])
def test_who_comes_back_hears_the_rest(pause: float) -> None:
    """Whether the scripts still run or have ended meanwhile."""
    world = World(coder=Telling)
    world.chats.create(CHAT, slow(world).id, wait=0)
    cursor = next(it.cursor for it in world.chats.follow(CHAT) if it.line == "connected")
    world.sim.sleep(pause)
    assert lines(world, cursor) == [("no such package", Phase.SCRIPTS)]


def test_who_comes_back_to_what_was_just_dialled_hears_the_rest() -> None:
    """Somebody else's call has proven it ready meanwhile, and so nothing need be waited for."""
    world = World(coder=Telling)
    world.chats.create(CHAT, slow(world).id, wait=0)
    cursor = next(it.cursor for it in world.chats.follow(CHAT) if it.line == "connected")
    assert world.chats.create(CHAT, slow(world, name="other").id).ready
    assert lines(world, cursor) == [("no such package", Phase.SCRIPTS)]


def test_who_comes_back_to_what_was_ready_for_long_hears_nothing_old() -> None:
    """Before its dial it is told that it is connecting, too: nobody followed that log."""
    world = World(coder=Telling)
    world.chats.create(CHAT, slow(world).id)
    world.sim.sleep(3600)
    follower = world.chats.follow(CHAT)
    first = next(follower)
    follower.close()
    assert first.phase is Phase.CONNECTING
    assert lines(world, first.cursor) == []


def test_a_creator_that_does_not_know_of_it_has_none() -> None:
    """One with all methods that is no WorkspaceCreator by name, or a stand-in that answers to any name: their logs are the builds' alone."""

    class StandIn:
        def __init__(self, coder: FakeCoder) -> None:
            self._coder = coder

        def __getattr__(self, name: str) -> Any:
            if name == "log_has_scripts":
                return print
            return getattr(self._coder, name)

    class Methods(StandIn):
        def __getattr__(self, name: str) -> Any:
            if name == "log_has_scripts":
                raise AttributeError(name)
            return getattr(self._coder, name)

    for kind in (StandIn, Methods):
        world = World()
        process = world.sim.process("own")
        creator: Any = kind(world.coder)
        chats = ChatWorkspaces(store=process.store, creator=creator, dialer=world.coder, clock=process.clock)
        told = chats.create(CHAT, slow(world, scripts=Fails(after=3)).id)
        assert (told.reason, told.log_tail) == (Reason.SCRIPTS_FAILED, ())


def test_scripts_that_fail_are_told_with_their_words() -> None:
    """As a build that fails is: the last of what was said."""
    world = World(coder=Telling)
    told = world.chats.create(CHAT, slow(world, scripts=Fails(after=3)).id)
    assert (told.state, told.reason) == (State.READY, Reason.SCRIPTS_FAILED)
    assert told.log_tail == (*BUILT, "connected", "no such package")


def test_scripts_that_do_not_end_are_told_with_their_words() -> None:
    """When they have run longer than they may."""
    world = World(coder=Telling)
    told = world.chats.create(CHAT, slow(world, scripts=NEVER).id)
    assert (told.reason, told.log_tail) == (Reason.SCRIPTS_RUNNING, (*BUILT, "connected"))


def test_a_chat_that_is_well_has_no_log() -> None:
    """It is not read where nothing has failed, and nobody follows."""
    world = World(coder=Telling)
    told = world.chats.create(CHAT, slow(world).id)
    assert (told.ready, told.log_tail) == (True, ())
    assert "build_log" not in world.coder.calls


def test_where_the_log_is_the_builds_alone_nothing_more_is_read() -> None:
    """Neither while the scripts run nor when they have failed: those of a server have their own place."""
    world = World()
    world.chats.create(CHAT, slow(world, scripts=Fails(after=20)).id, wait=0)
    assert [text for text, _ in lines(world)] == list(BUILT)
    assert world.coder.calls.count("build_log") <= 8
    assert world.chats.status(CHAT).log_tail == ()
