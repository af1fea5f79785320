"""Followers that begin, break off and come back: what is raised before anything is told, heartbeats, and the cursor to go on from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import pytest

from chatworkspace import (
    Advice,
    ChatClosedError,
    ChatNotFoundError,
    ClosedError,
    InvalidArgumentError,
    Outcome,
    Phase,
    Progress,
    Reason,
    State,
    UnavailableError,
)
from chatworkspace_fake import Fails
from tests.service.chats import BUILD, CHAT, CONNECT, READY, SLOW, World

LOG = [f"line {number}" for number in range(1, 7)]


def building(**template: Any) -> World:
    """Return a world whose chat has a workspace that is being built."""
    world = World()
    world.chats.create(CHAT, world.template(**cast("dict[str, Any]", {**SLOW, "log": LOG, **template})).id, wait=0)
    return world


def lines(progress: list[Progress]) -> list[str]:
    return [it.line for it in progress if it.line is not None]


def phases(progress: list[Progress]) -> list[Phase]:
    """Return the phases of the items in which something has changed."""
    return [it.phase for it in progress if it.phase is not None and it.line is None and not it.heartbeat]


def until(world: World, ends: Callable[[Progress], bool], after: str | None = None) -> list[Progress]:
    """Follow until something is told, and go away."""
    told: list[Progress] = []
    follower = world.chats.follow(CHAT, after=after)
    for step in follower:
        told.append(step)
        if ends(step):
            break
    follower.close()
    return told


def end_of(progress: list[Progress]) -> Outcome:
    assert progress[-1].outcome is not None
    return progress[-1].outcome


# ------------------------------------------------------------------ before anything is told


@pytest.mark.parametrize(
    ("chat", "arguments", "error"),
    [
        ("other", {}, ChatNotFoundError),
        ("", {}, InvalidArgumentError),
        (CHAT, {"wait": -1}, InvalidArgumentError),
        (CHAT, {"after": "somewhere"}, InvalidArgumentError),
        (CHAT, {"after": 7}, InvalidArgumentError),
        (CHAT, {"cancel": "now"}, InvalidArgumentError),
    ],
)
def test_what_can_be_said_at_once_is_raised_at_once(chat: str, arguments: dict[str, Any], error: type[Exception]) -> None:
    """By the call itself: whoever answers with a stream has not begun it."""
    with pytest.raises(error):
        World().chats.follow(chat, **arguments)


def test_a_chat_that_is_closed_is_told_at_once() -> None:
    """As by every call."""
    world = World()
    world.chats.close_chat(CHAT)
    with pytest.raises(ChatClosedError):
        world.chats.follow(CHAT)


def test_a_store_that_is_away_is_told_at_once() -> None:
    """With its reason, and whose turn it is."""
    world = World()
    world.sim.store.when("look").fail(UnavailableError("disk full", reason=Reason.STORE_UNAVAILABLE, retryable=False))
    with pytest.raises(UnavailableError) as caught:
        world.chats.follow(CHAT)
    assert (caught.value.reason, caught.value.advice) == (Reason.STORE_UNAVAILABLE, Advice.ASK_ADMINISTRATOR)


def test_a_follower_that_is_never_asked_leaves_nothing() -> None:
    """It has only looked."""
    world = building()
    world.chats.follow(CHAT)
    assert (world.coder.open_watches, len(world.chats._parts.calls)) == (0, 0)


def test_close_ends_a_follower_wherever_it_is() -> None:
    """One that has begun, and one that has not."""
    world = building()
    begun, fresh = world.chats.follow(CHAT), world.chats.follow(CHAT)
    next(begun)
    world.chats.close()
    for follower in (begun, fresh):
        with pytest.raises(ClosedError):
            list(follower)
    with pytest.raises(ClosedError):
        world.chats.follow(CHAT)
    assert (world.coder.open_watches, len(world.chats._parts.calls)) == (0, 0)


# ------------------------------------------------------------------ heartbeats


def test_a_heartbeat_is_told_from_a_change() -> None:
    """Of the items of a whole way each phase is told once as a change; all others are lines, heartbeats or the end."""
    progress = list(building().chats.follow(CHAT))
    assert phases(progress) == [Phase.BUILDING, Phase.CONNECTING, Phase.SCRIPTS]
    assert any(it.heartbeat for it in progress)
    assert not any(it.heartbeat for it in progress if it.line is not None or it.outcome is not None)


def test_a_place_in_the_queue_is_a_change() -> None:
    """The build moves up: no heartbeat."""
    world = World()
    world.behind_two(build=20)
    told = [it.queue_position for it in world.chats.follow(CHAT) if it.phase is Phase.BUILDING and not it.heartbeat]
    assert told == [2, 1, 0]


# ------------------------------------------------------------------ going on


@pytest.mark.parametrize("line", LOG)
@pytest.mark.parametrize("away", [0, BUILD, BUILD + CONNECT + 1, READY + 10])
def test_a_follower_goes_on_behind_the_line_that_it_has_heard(line: str, away: float) -> None:
    """In another process as well, and however long it was away: no line is told twice, none is missed, each phase that has begun since is told."""
    world = building()
    before = until(world, lambda it: it.line == line)
    world.sim.sleep(away)
    after = list(world.sim.process("other").workspaces.follow(CHAT, after=before[-1].cursor))
    assert lines(before) + lines(after) == LOG
    assert phases(before)[0] is Phase.BUILDING
    assert Phase.BUILDING not in phases(after)
    assert end_of(after).ready


def test_a_follower_that_was_away_when_a_build_failed() -> None:
    """The lines that it has missed come before the outcome."""
    world = building(build=Fails(after=12, error="no image"))
    before = until(world, lambda it: it.line == LOG[1])
    world.sim.sleep(60)
    after = list(world.chats.follow(CHAT, after=before[-1].cursor))
    assert lines(before) + lines(after) == [*LOG, "no image"]
    assert end_of(after).reason is Reason.BUILD_FAILED


@pytest.mark.parametrize("phase", [Phase.BUILDING, Phase.CONNECTING, Phase.SCRIPTS])
def test_a_follower_goes_on_in_the_phase_that_it_was_told(phase: Phase) -> None:
    """That is a heartbeat and no change: it knows of it."""
    world = building()
    cursor = until(world, lambda it: it.phase is phase)[-1].cursor
    after = list(world.chats.follow(CHAT, after=cursor))
    assert after[0].heartbeat is (after[0].line is None)
    assert phases(after) == [Phase.CONNECTING, Phase.SCRIPTS][[Phase.BUILDING, Phase.CONNECTING, Phase.SCRIPTS].index(phase) :]


def test_a_log_that_was_heard_to_its_end_is_not_read_again() -> None:
    """Whoever comes back when the build is over and knows that costs no read of its log."""
    world = building()
    cursor = until(world, lambda it: it.phase is Phase.CONNECTING)[-1].cursor
    assert "build_log" not in world.counts(lambda: list(world.chats.follow(CHAT, after=cursor)))[1]


def test_a_follower_that_has_seen_the_end() -> None:
    """It is told the outcome again; and what begins afterwards from its beginning."""
    world = building(stop=10)
    end = list(world.chats.follow(CHAT))[-1]
    (again,) = world.chats.follow(CHAT, after=end.cursor)
    assert again.outcome is not None
    assert again.outcome.ready
    world.chats.stop(CHAT, wait=0)
    stopping = list(world.chats.follow(CHAT, after=again.cursor))
    assert (phases(stopping), end_of(stopping).state) == ([Phase.BUILDING], State.STOPPED)


def test_an_agent_that_drops_after_the_end_is_told() -> None:
    """The cursor of an end stands behind all phases: one that begins anew is no step back."""
    world = building()
    end = list(world.chats.follow(CHAT))[-1]
    world.sim.sleep(10)  # the dial proves nothing any more
    world.latest.drop_agent()
    world.sim.at(8, world.latest.restore_agent)
    after = list(world.chats.follow(CHAT, after=end.cursor))
    assert (phases(after), lines(after), end_of(after).state) == ([Phase.CONNECTING], [], State.READY)


def test_a_follower_whose_wait_was_over_goes_on() -> None:
    """As a stream that is cut into pieces is one: the same lines and phases, each once."""
    world, cursor, told = building(), None, list[Progress]()
    while not told or told[-1].outcome is None or told[-1].outcome.phase is not None:
        told += world.chats.follow(CHAT, after=cursor, wait=4)
        cursor = told[-1].cursor
    assert lines(told) == LOG
    assert phases(told) == [Phase.BUILDING, Phase.CONNECTING, Phase.SCRIPTS]


def test_the_cursor_of_another_generation() -> None:
    """The chat was given another workspace meanwhile: that is told from its beginning."""
    world = building()
    cursor = until(world, lambda it: it.line == LOG[3])[-1].cursor
    world.chats.create(CHAT, world.template("other", **SLOW, log=LOG).id, replace=True, wait=0)
    after = list(world.chats.follow(CHAT, after=cursor))
    assert (lines(after), phases(after)) == (LOG, [Phase.BUILDING, Phase.CONNECTING, Phase.SCRIPTS])


def test_the_cursor_of_another_build() -> None:
    """It was restarted meanwhile: the log of the start is told whole."""
    world = building()
    cursor = until(world, lambda it: it.phase is Phase.CONNECTING)[-1].cursor
    world.latest.start()
    after = list(world.chats.follow(CHAT, after=cursor))
    assert (lines(after), phases(after)) == (LOG, [Phase.BUILDING, Phase.CONNECTING, Phase.SCRIPTS])


def test_what_a_callback_gets_has_no_cursor() -> None:
    """It does not know what of the log somebody has heard."""
    heard: list[Progress] = []
    world = World(on_progress=heard.append)
    world.created(**SLOW, log=LOG)
    assert heard
    assert {(it.cursor, it.heartbeat) for it in heard} == {("", False)}
