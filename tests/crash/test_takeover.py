"""How long a dead or a stopped holder keeps its chat, in real seconds."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest

from chatworkspace_fake import CoderSimulator
from chatworkspace_fake._states import ORGANIZATION, OWNER
from tests.crash.cells import until
from tests.crash.checker import problems, record
from tests.crash.databases import Database
from tests.crash.processes import LONG, Nursery
from tests.crash.stores import opened
from tests.crash.worker import Settings

CREATING = 2.0
"""Seconds: `Timeouts.creating`, shorter than anybody would have it."""
LIFE = CREATING + 5.0
"""Of a claim."""
MARGIN = 1.0
"""What the page promises beyond it."""


@pytest.fixture
def simulator() -> Iterator[CoderSimulator]:
    with CoderSimulator() as running:
        yield running


@pytest.fixture
def nursery() -> Iterator[Nursery]:
    with Nursery() as running:
        yield running


@pytest.mark.parametrize("moment", ["after store.claim", "before store.bind"])
def test_a_killed_holders_chat_is_taken_over_in_time(
    database: Database, simulator: CoderSimulator, nursery: Nursery, moment: str, record_property: Callable[[str, object], None]
) -> None:
    """Whoever comes next is told ready at most 1 s after the claim of the one that was killed is over."""
    template = str(simulator.coder.add_template("docker").id)
    settings = Settings(store=database.fresh(), coder=simulator.url, token=simulator.token, creating=CREATING)
    first, second = (nursery.start(settings) for _ in range(2))
    second.ask("open_chat", "chat", owner_id=str(OWNER), organization_id=str(ORGANIZATION))
    second.ask("status", "chat")
    killed = first.arm(moment, "kill")
    first.order("create", "chat", template)
    assert killed.wait(LONG)
    began = time.monotonic()
    told = second.ask("create", "chat", template)
    took = time.monotonic() - began
    assert told["ready"], told
    assert len(simulator.coder.workspaces) == 1
    record_property("told", f"{database.name}: taken over {took:.2f} s after a kill {moment}, of a claim of {LIFE:g} s")
    assert took <= LIFE + MARGIN


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
        after = store.look("chat")
        swept = second.ask("sweep")
        assert problems(record(simulator.coder, store, strays=swept["strays"], deleted={old.id})) == []
    assert (after.chat, after.epoch) == (before.chat, before.epoch)
    assert told["workspace_id"] == last["workspace_id"] == str(after.chat.workspace_id)
