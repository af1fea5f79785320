"""What followers are told, by server-sent events, over real sockets."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import repeat, takewhile

import pytest

from chatworkspace_simulator import CoderSimulator
from tests.web.conftest import LINES
from tests.web.site import PATIENCE, Event, Site, follow, serving

PHASES = ["building", "connecting", "scripts"]
ASKED = {"template": "docker"}


def phases(events: Sequence[Event]) -> list[str]:
    """Return the phases as they followed one another, from the build on."""
    told = [event.data["phase"] for event in events if event.name == "phase" and event.data["phase"] != "queued"]
    return [phase for number, phase in enumerate(told) if number == 0 or told[number - 1] != phase]


def builds(events: Sequence[Event]) -> set[int]:
    """Return the numbers of the builds that were told of; who waits for another's claim is not told of one yet."""
    return {event.data["build_number"] for event in events if event.data.get("build_number")}


def lines(events: Sequence[Event]) -> list[str]:
    return [event.data["line"] for event in events if event.name == "line"]


def follow_together(site: Site, *last_ids: str) -> list[list[Event]]:
    """Follow it as often as that, at the same time."""
    with ThreadPoolExecutor(len(last_ids)) as pool:
        return list(pool.map(follow, repeat(site), repeat("a"), last_ids))


def test_asking_is_answered_while_the_platform_builds(site: Site) -> None:
    """202 and the state; the same question again finds the same workspace, and the status waits until it is ready."""
    first, again = (site.ask("POST", "/chats/a/workspace", ASKED) for _ in range(2))
    assert (first[0], first[1]["state"], first[1]["phase"]) == (202, "starting", "building")
    assert again == first
    code, told = site.ask("GET", "/chats/a/status?wait=20")
    assert (code, told["state"], told["workspace"]) == (200, "ready", first[1]["workspace"])


def test_two_followers_see_the_same(site: Site) -> None:
    """Phases in their order, each line of the log once, and one last event: the outcome."""
    site.ask("POST", "/chats/a/workspace", ASKED)
    for seen in follow_together(site, "", ""):
        assert phases(seen) == PHASES
        assert lines(seen) == list(LINES)
        assert [event.name for event in seen].count("outcome") == 1
        assert (seen[-1].name, seen[-1].data["state"]) == ("outcome", "ready")


def test_a_stream_goes_on_where_it_broke(site: Site) -> None:
    """Whoever says what it has seen, as a browser does by itself, gets the lines after that; a page that was loaded again gets all of them.

    The build is slow, because a server notices only when it next writes, or the time after, that somebody has gone whose thread another could have.
    """
    site.ask("POST", "/chats/a/workspace", {"template": "slow"})
    before = list(takewhile(lambda event: event.data.get("line") != LINES[2], site.events("a")))
    assert lines(before) == list(LINES[:2])
    after, reloaded = follow_together(site, before[-1].id, "")
    assert lines(after) == list(LINES[2:])
    assert lines(reloaded) == list(LINES)
    assert [(event.name, event.data["state"]) for event in (after[-1], reloaded[-1])] == [("outcome", "ready")] * 2


def test_a_stream_needs_no_thread_that_is_needed_elsewhere(site: Site) -> None:
    """Twelve followers of a server with four threads: those who get none to wait on are told where things stand, and all see the outcome."""
    site.ask("POST", "/chats/a/workspace", ASKED)
    told = follow_together(site, *[""] * 12)
    for seen in told:
        assert lines(seen) == list(LINES[: len(lines(seen))])
        assert seen[-1].data["state"] == "ready"
    assert any(lines(seen) == list(LINES) for seen in told)


@pytest.mark.exhaustive
def test_followers_outlive_their_workers(simulator: CoderSimulator, store: str) -> None:
    """Both workers are killed in the middle of a build: those who replace them go on where the streams broke, and nobody notices but by a pause."""
    with serving("gunicorn", simulator, store) as site, ThreadPoolExecutor() as pool:
        workers = [site.workers.get(timeout=PATIENCE) for _ in range(2)]
        site.ask("POST", "/chats/a/workspace", {"template": "slow"})
        followers = [pool.submit(follow, site, "a") for _ in range(2)]
        for event in site.events("a"):
            if event.data.get("line") == LINES[2]:
                break
        for worker in workers:
            os.kill(worker, signal.SIGKILL)
        for told in followers:
            seen = told.result()
            assert lines(seen) == list(LINES)
            assert seen[-1].data["state"] == "ready"
    assert len(simulator.coder.workspaces) == 1


def test_stopping_and_starting(site: Site) -> None:
    """Both are answered at once; followers see each build with its own number, and the start's log again."""
    site.ask("POST", "/chats/a/workspace", ASKED)
    site.ask("GET", "/chats/a/status?wait=20")
    assert site.ask("POST", "/chats/a/stop", {})[0] == 202
    stopped = list(site.events("a"))
    assert stopped[-1].data["state"] == "stopped"
    assert builds(stopped) <= {2}  # none where it was over before a busy machine came to follow
    assert site.ask("POST", "/chats/a/start", {})[0] == 202
    started = list(site.events("a"))
    assert (phases(started), lines(started), builds(started)) == (PHASES, list(LINES), {3})


def test_what_cannot_be_done_is_told(site: Site) -> None:
    """With the library's reason and advice, and a status that says whose turn it is."""
    assert site.ask("GET", "/chats/a/status")[0] == 404
    assert site.ask("POST", "/chats/a/workspace", [])[0] == 400
    assert site.ask("POST", "/chats/a/workspace", {"template": "none"})[1]["reason"] == "template_not_found"
    assert site.ask("POST", "/chats/a/start", {})[1]["reason"] == "no_workspace"
    code, told = site.ask("GET", "/chats/unknown/events")
    assert (code, told["reason"]) == (404, "chat_not_found")


def test_a_worker_that_is_forked_after_the_import(simulator: CoderSimulator, store: str) -> None:
    """With gunicorn's --preload the workers inherit the imported app, and each makes its own connections."""
    with serving("gunicorn, preloaded", simulator, store) as site:
        workers = {site.ask("POST", f"/chats/{number}/workspace", ASKED)[0] for number in range(8)}
        assert workers == {202}
        assert site.ask("GET", "/chats/7/status?wait=20")[1]["state"] == "ready"
    assert len(simulator.coder.workspaces) == 8
