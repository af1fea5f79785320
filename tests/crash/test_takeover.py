"""How long a dead or a stopped holder keeps its chat, in real seconds."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from random import Random

import pytest

from chatworkspace_fake._platform.states import ORGANIZATION, OWNER
from chatworkspace_simulator import CoderSimulator
from tests.crash.cells import until
from tests.crash.checker import problems, record
from tests.crash.databases import Database
from tests.crash.processes import LONG, Nursery, Worker
from tests.crash.stores import opened
from tests.crash.worker import Settings
from tests.hanging import not_hanging

CREATING = 2.0
"""Seconds: `Timeouts.creating`, shorter than anybody would have it."""
LIFE = CREATING + 5.0
"""Of a claim."""
STOPS, WITHIN = 20, 0.5
"""Processes that are stopped, within so many seconds from the beginning of their calls."""


@pytest.fixture
def simulator() -> Iterator[CoderSimulator]:
    with CoderSimulator(requests_per_minute=None, first_dials="quick") as running:
        yield running


@pytest.fixture
def nursery() -> Iterator[Nursery]:
    with Nursery() as running:
        yield running


@pytest.mark.parametrize("moment", ["before store.bind", pytest.param("after store.claim", marks=pytest.mark.exhaustive)])
def test_a_killed_holders_chat_is_taken_over_in_time(
    database: Database, simulator: CoderSimulator, nursery: Nursery, moment: str, record_property: Callable[[str, object], None]
) -> None:
    """Whoever comes next waits for the killed one's claim to be over, takes the next, and is told ready."""
    template = str(simulator.coder.add_template("docker").id)
    settings = Settings(store=database.fresh(), coder=simulator.url, token=simulator.token, creating=CREATING)
    first, second = (nursery.start(settings) for _ in range(2))
    second.ask("open_chat", "chat", owner_id=str(OWNER), organization_id=str(ORGANIZATION))
    killed = first.arm(moment, "kill")
    first.order("create", "chat", template)
    assert killed.wait(LONG)
    with opened(settings.store) as store:
        assert store.look("chat").claimed_for > 0
        began = time.monotonic()
        with not_hanging(LIFE):
            told = second.ask("create", "chat", template)
        record_property("told", f"{database.name}: taken over {time.monotonic() - began:.2f} s after a kill {moment}, of a claim of {LIFE:g} s")
        assert told["ready"], told
        assert (store.look("chat").epoch, len(simulator.coder.workspaces)) == (2, 1)


def test_a_holder_stopped_for_three_lives_writes_nothing(database: Database, simulator: CoderSimulator, nursery: Nursery) -> None:
    """Stopped with a workspace in hand, it wakes when its chat has long had another: its write is refused, and it tells what everybody is told."""
    speed = 10.0
    template = simulator.coder.add_template("docker")
    settings = Settings(store=database.fresh(), coder=simulator.url, token=simulator.token, speed=speed)
    first, second = (nursery.start(settings) for _ in range(2))
    second.ask("open_chat", "chat", owner_id=str(OWNER), organization_id=str(ORGANIZATION))
    reached, refused = first.arm("before store.bind", "stop"), first.arm("after store.bind", "tell")
    answer = first.order("create", "chat", str(template.id))
    assert reached.wait(LONG)
    stopped = time.monotonic()
    assert second.ask("create", "chat", str(template.id))["ready"]
    (old,) = simulator.coder.live
    old.delete()
    last = second.ask("create", "chat", str(template.id))
    assert last["ready"], last
    with opened(settings.store) as store:
        before = store.look("chat")
        until(lambda: time.monotonic() > stopped + 3 * 30.0 / speed)
        first.go_on()
        told = answer.result(LONG)
        assert refused.is_set()
        if told.get("retryable"):  # it woke too late to find out more, which a slow machine may do to it
            told = first.ask("create", "chat", str(template.id))
        after = store.look("chat")
        swept = second.swept()
        assert problems(record(simulator.coder, store, strays=swept["strays"], deleted={old.id})) == []
    assert (after.chat, after.epoch) == (before.chat, before.epoch)
    assert told["workspace_id"] == last["workspace_id"] == str(after.chat.workspace_id)


@pytest.mark.exhaustive
@pytest.mark.parametrize("database", ["postgres"], indirect=True)
def test_a_process_stopped_anywhere_keeps_its_chat_no_longer_than_its_claim(
    database: Database, nursery: Nursery, record_property: Callable[[str, object], None]
) -> None:
    """Twenty are stopped in the midst of whatever they do: whoever comes next is told ready in time.

    Not so over an SQLite file, whose one lock for writing such a process keeps: the page says so.
    """
    speed, chance = 5.0, Random(5)
    with CoderSimulator(speed=speed, requests_per_minute=None, first_dials="quick") as simulator, ThreadPoolExecutor(STOPS) as pool:
        template = str(simulator.coder.add_template("docker").id)
        simulator.coder.when("create_workspace", chance=1).take(2.0)  # so that most of them are stopped with a claim in hand
        settings = Settings(store=database.fresh(), coder=simulator.url, token=simulator.token, speed=speed)
        second = nursery.start(settings)

        def stop(first: Worker, chat_id: str, after: float) -> tuple[float, int]:
            return _stop(first, second, settings=settings, template=template, chat_id=chat_id, after=after)

        holders = list(pool.map(nursery.start, [settings] * STOPS))  # all before any is asked, as twenty that start are slow company
        chats, afters = [f"chat-{number}" for number in range(STOPS)], [chance.random() * WITHIN for _ in range(STOPS)]
        stopped = list(pool.map(stop, holders, chats, afters))
        swept = second.swept()
        with opened(settings.store) as store:
            found = record(simulator.coder, store, strays=swept["strays"])
    assert problems(found) == []
    assert len(found.live) == STOPS
    kept, longest = sum(claims > 1 for _, claims in stopped), max(took for took, _ in stopped)
    record_property("told", f"{database.name}: {kept} of {STOPS} stopped processes kept their chats waiting, for {longest:.2f} s at most")
    assert kept, "none was stopped with a claim in hand"


def _stop(first: Worker, second: Worker, *, settings: Settings, template: str, chat_id: str, after: float) -> tuple[float, int]:
    """Stop a process that creates; return how long it took the next one, and how many claims there were."""
    second.ask("open_chat", chat_id, owner_id=str(OWNER), organization_id=str(ORGANIZATION))
    first.ask("status", chat_id)
    claimed = first.arm("after store.claim", "tell") if after > WITHIN / 2 else None
    answer = first.order("create", chat_id, template)
    until(lambda: claimed is None or claimed.is_set() or answer.done())  # a slow machine may end the call before it has a claim
    time.sleep(after)
    first.stop()
    began = time.monotonic()
    with not_hanging(30.0 / settings.speed):
        told = second.ask("create", chat_id, template)
    took = time.monotonic() - began
    assert told["ready"], told
    with opened(settings.store) as store:
        claims = store.look(chat_id).epoch
    first.go_on()
    woken = answer.result(LONG)
    assert woken.get("retryable") or woken["workspace_id"] == told["workspace_id"], woken
    return took, claims
