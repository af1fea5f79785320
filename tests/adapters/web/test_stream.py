"""What a browser is told by streams of events, in virtual time."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any, cast

import pytest

from chatworkspace import Cancel, ChatClosedError, ChatNotFoundError, ClosedError, InvalidArgumentError, Outcome, Reason, UnavailableError
from chatworkspace_fake import NEVER
from chatworkspace_web import EventStream, headers_of
from tests.adapters.web.reading import Browser
from tests.service.chats import CHAT, READY, SLOW, World

LOG = [f"line {number}\r\nevent: outcome\ndata: <b>" for number in range(1, 7)]
"""A log that would end an event, and begin another, if it could."""
PHASES = ["building", "connecting", "scripts"]


def building(**template: Any) -> World:
    world = World()
    world.chats.create(CHAT, world.template(**cast("dict[str, Any]", {**SLOW, "log": LOG, **template})).id, wait=0)
    return world


def read(browser: Browser, world: World, **arguments: Any) -> None:
    """Read one stream to its end, as whoever has seen what the browser has."""
    with EventStream(world.chats, CHAT, last_event_id=browser.last_event_id, **arguments) as stream:
        list(browser.read(stream))


def test_a_page_is_told_the_whole_way() -> None:
    """Each phase and each line of the log once, and one last outcome; whatever is in a line, it stays one event."""
    browser = Browser()
    read(browser, building(), wait=None)
    assert [it["phase"] for it in browser.of("phase")] == PHASES
    assert [it["line"] for it in browser.of("line")] == LOG
    assert (browser.names.count("outcome"), browser.names[-1]) == (1, "outcome")
    assert browser.of("outcome")[0]["state"] == "ready"
    assert set(browser.of("phase")[0]) == {"generation", "build_number", "phase", "queue_position", "at"}
    assert set(browser.of("line")[0]) == {"generation", "build_number", "line", "at"}


def test_a_heartbeat_is_a_comment() -> None:
    """No page sees it, and something is written at least every five seconds."""
    world, browser = building(build=0, connect=NEVER), Browser()
    written: list[float] = []

    def noted(stream: EventStream) -> Iterator[bytes]:
        for chunk in stream:
            written.append(world.sim.elapsed)
            yield chunk

    list(browser.read(noted(EventStream(world.chats, CHAT, wait=60))))
    assert browser.names == ["phase"]
    assert browser.comments >= 60 / 5
    assert max(later - earlier for earlier, later in pairwise(written)) <= 5


@pytest.mark.parametrize("wait", [1, 4, 7.5, 60])
def test_streams_that_end_are_one_way_together(wait: float) -> None:
    """However short they are: no line is told twice, none is missed, and no phase either; each goes on in whatever process."""
    world, browser = building(), Browser()
    processes = [world.sim.process(name).workspaces for name in ("one", "two")]
    streams = 0
    while "outcome" not in browser.names:
        streams += 1
        list(browser.read(EventStream(processes[streams % 2], CHAT, last_event_id=browser.last_event_id, wait=wait)))
        world.sim.sleep(browser.retry / 1000)
    assert [it["line"] for it in browser.of("line")] == LOG
    assert [it["phase"] for it in browser.of("phase")] == PHASES
    assert browser.names.count("outcome") == 1
    assert streams > 1 or wait > READY


@pytest.mark.parametrize("chunks", range(1, 30))
def test_a_stream_that_breaks_off_anywhere_is_gone_on_with(chunks: int) -> None:
    """After any of its chunks."""
    world, browser = building(), Browser()
    stream = EventStream(world.chats, CHAT, wait=None)
    list(browser.read(chunk for chunk, _ in zip(stream, range(chunks), strict=False)))
    stream.close()
    world.sim.sleep(browser.retry / 1000)
    read(browser, world, wait=None)
    assert [it["line"] for it in browser.of("line")] == LOG
    assert [it["phase"] for it in browser.of("phase")] == PHASES


def test_when_to_come_back() -> None:
    """After `retry`; where nothing is under way any more there is time."""
    world, browser = building(build=0, connect=0, scripts=NEVER, stop=1), Browser()
    stream = EventStream(world.chats, CHAT, wait=3, retry=0.25)
    assert next(stream) == b"retry: 250\n\n"
    list(browser.read(stream))
    assert (browser.retry, browser.names) == (250, ["phase"])
    world.latest.stop()
    read(browser, world, wait=None)
    assert (browser.retry, browser.names[-1]) == (10_000, "outcome")


def test_a_stream_without_a_place_ends_with_how_things_stand() -> None:
    """Where only so many may wait: one phase, and when to come back."""
    world = World(max_waiting=0)
    world.chats.create(CHAT, world.template(build=60).id, wait=0)
    browser = Browser()
    read(browser, world)
    assert (browser.names, browser.retry, world.sim.elapsed) == (["phase"], 2000, 0)


def shown(outcome: Outcome) -> object:
    return {"it is": outcome.state.value}


def test_what_a_page_is_told_of_an_outcome_is_the_hosts_to_say() -> None:
    """Default: all of it."""
    world = World()
    world.created()
    told: list[Any] = []
    for outcome_data in (Outcome.as_dict, shown):
        browser = Browser()
        read(browser, world, outcome_data=outcome_data)
        told += browser.of("outcome")
    assert told[0]["workspace"]["id"] == str(world.latest.id)
    assert told[1] == {"it is": "ready"}


@pytest.mark.parametrize("seen", ["", None, "7", "1.2.building", "\x00", "é", "1.1.building.0.3\n", "9" * 5000])
def test_whatever_a_browser_says_that_it_has_seen(seen: str | None) -> None:
    """It comes from outside: what is no place of ours is none."""
    browser = Browser()
    world = building()
    list(browser.read(EventStream(world.chats, CHAT, last_event_id=seen, wait=None)))
    assert [it["line"] for it in browser.of("line")] == LOG


# ------------------------------------------------------------------ errors, and ends


def test_what_cannot_get_better_is_raised() -> None:
    """Before anything is sent, so that the answer can have the error's status: a browser takes it for the end."""
    world = World()
    with pytest.raises(ChatNotFoundError):
        EventStream(world.chats, "other")
    with pytest.raises(InvalidArgumentError, match="wait"):
        EventStream(world.chats, CHAT, wait=-1, last_event_id="nonsense")
    world.chats.close_chat(CHAT)
    with pytest.raises(ChatClosedError):
        EventStream(world.chats, CHAT)


def test_what_can_get_better_is_told_in_the_stream() -> None:
    """A browser gives up for ever after an answer that is none; so it is answered, told of the problem, and comes back."""
    world, browser = World(), Browser()
    world.sim.store.when("look", times=22).fail()
    read(browser, world)
    (problem,) = browser.of("problem")
    assert (problem["reason"], problem["retryable"]) == ("store_unavailable", True)
    assert browser.retry == 5000


def test_a_problem_in_the_midst_of_a_stream() -> None:
    """It is told, and the next stream goes on behind what was told before."""
    world, browser = building(), Browser()
    stream = EventStream(world.chats, CHAT, wait=None)
    told = browser.read(stream)
    while next(told).data.get("line") != LOG[2]:
        pass
    world.sim.store.when("look").fail(UnavailableError("disk full", reason=Reason.STORE_UNAVAILABLE, retryable=False))
    list(told)
    assert browser.names[-1] == "problem"
    assert browser.of("problem")[0]["message"] == "disk full"
    seen = browser.last_event_id
    assert seen
    read(browser, world, wait=None)
    assert [it["line"] for it in browser.of("line")] == LOG


@pytest.mark.parametrize("before", [True, False])
def test_the_end_of_a_process_is_no_problem(*, before: bool) -> None:
    """Its streams end, those that begin are none, and the browser comes back soon: another process goes on."""
    world, browser = building(), Browser()
    if before:
        world.chats.close()
    stream = EventStream(world.chats, CHAT, wait=None)
    told = browser.read(stream)
    if not before:
        next(told)
        world.chats.close()
    list(told)
    assert (browser.names, browser.retry) == (["phase"] * (not before), 1000)
    list(browser.read(EventStream(world.sim.process("other").workspaces, CHAT, last_event_id=browser.last_event_id, wait=None)))
    assert [it["phase"] for it in browser.of("phase")] == PHASES


def test_a_stream_that_is_canceled() -> None:
    """It ends at once, and tells no outcome: something is still under way."""
    world, cancel, browser = building(), Cancel(), Browser()
    world.sim.at(7, cancel.cancel)
    world.sim.run(lambda: list(browser.read(EventStream(world.chats, CHAT, wait=None, cancel=cancel))))
    assert (world.sim.elapsed, set(browser.names)) == (7, {"phase", "line"})


@pytest.mark.parametrize("chunks", [0, 1, 4])
@pytest.mark.parametrize("way", ["close", "let go"])
def test_a_client_that_goes_away_leaves_nothing(chunks: int, way: str) -> None:
    """Its server closes the stream, or drops it; the watch of the workspace is closed with it."""
    world = building()
    stream = EventStream(world.chats, CHAT, wait=None)
    for _ in range(chunks):
        next(stream)
    if way == "close":
        stream.close()
        assert list(stream) == []
    del stream
    assert (world.coder.open_watches, len(world.chats._parts.calls), len(world.chats._parts.watches)) == (0, 0, 0)


def test_the_headers_keep_proxies_from_collecting() -> None:
    """No cache, no compression on the way, and nginx is told."""
    headers = EventStream(building().chats, CHAT).headers
    assert headers == {"Content-Type": "text/event-stream", "Cache-Control": "no-store, no-transform", "X-Accel-Buffering": "no"}


@pytest.mark.parametrize(
    ("error", "headers"),
    [
        (ClosedError(), {"Retry-After": "1"}),
        (UnavailableError("m", retry_after=2.1), {"Retry-After": "3"}),
        (ChatNotFoundError("chat"), {}),
    ],
)
def test_the_headers_of_an_error(error: Any, headers: dict[str, str]) -> None:
    """In whole seconds, where the same request may be made again."""
    assert headers_of(error) == headers
