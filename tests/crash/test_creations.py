"""Two hundred chats get their workspaces while answers are lost and requests arrive late."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from random import Random
from typing import Any

import pytest

from chatworkspace_fake._platform.states import ORGANIZATION, OWNER
from chatworkspace_simulator import CoderSimulator
from tests.crash.checker import Record, problems, record
from tests.crash.databases import Database
from tests.crash.processes import Nursery, Worker
from tests.crash.scenes import PER_MINUTE
from tests.crash.stores import opened
from tests.crash.worker import Settings

Tell = Callable[[str, object], None]

CHATS = [f"c{number:03}" for number in range(200)]
SPEED = 5.0
"""Seconds of the library that pass in one."""
LOST, LATE = 0.3, 0.1
"""Shares of the creations whose answer is lost, and that are acted upon after their sender has given up."""
LATER = 5.0
"""Seconds of the platform, after the sender has given up."""
KILLS, BETWEEN = 12, 0.25
LONG = 300.0
"""Seconds that it never takes."""


class Crowd:
    """Workers that give every chat its workspace."""

    def __init__(self, database: Database, simulator: CoderSimulator, nursery: Nursery) -> None:
        self._nursery = nursery
        self._simulator = simulator
        self._settings = Settings(store=database.fresh(), coder=simulator.url, token=simulator.token, speed=SPEED)
        self._template = str(simulator.coder.add_template("docker", build=1).id)
        self.told: list[Mapping[str, Any]] = []
        opener = self.start()
        for chat_id in CHATS:
            opener.ask("open_chat", chat_id, owner_id=str(OWNER), organization_id=str(ORGANIZATION))
        opener.kill()
        simulator.when("POST /users/*/workspaces", chance=LOST, seed=1).lose_answer()
        simulator.coder.when("create_workspace", chance=LATE, seed=2).arrive_late(LATER)

    def start(self) -> Worker:
        """Start one more."""
        return self._nursery.start(self._settings, heard=self.told.append)

    def work(self, *, threads: int, seed: int) -> tuple[Worker, Any]:
        """Start a worker; return it, and what tells that every chat is ready for it."""
        worker = self.start()
        work = {"chats": CHATS, "templates": [self._template], "threads": threads, "seed": seed, "until_ready": True}
        return worker, worker.order("work", **work)

    def record(self) -> Record:
        """Wait until what is late has arrived; then look."""
        time.sleep(LATER / SPEED + 0.5)
        swept = self.start().swept()
        assert not swept["errors"]
        with opened(self._settings.store) as store:
            return record(self._simulator.coder, store, told=tuple(self.told), strays=swept["strays"])


def _check(found: Record) -> None:
    assert problems(found) == []
    assert len(found.made) == len(found.live) == len(CHATS)
    assert set(found.bound) == set(CHATS)
    assert set(found.bound.values()) == {it.id for it in found.live}


def _share_of(found: Record, simulator: CoderSimulator) -> tuple[int, int]:
    """Return how many creations were asked for, and how many of them were never answered."""
    asked = [request for request in simulator.requests if request.method == "POST" and request.path.endswith("/workspaces")]
    assert len(asked) >= len(found.made)
    return len(asked), sum(request.status == 0 for request in asked)


@pytest.mark.exhaustive
def test_creations_by_many_threads_with_answers_lost_and_requests_late(database: Database, record_property: Tell) -> None:
    """200 creations from 32 threads, 30 % of the answers lost, 10 % executed late: 200 live workspaces, no duplicate, all bound."""
    began = time.monotonic()
    with CoderSimulator(speed=SPEED, requests_per_minute=PER_MINUTE) as simulator, Nursery() as nursery:
        crowd = Crowd(database, simulator, nursery)
        _, done = crowd.work(threads=32, seed=3)
        done.result(LONG)
        found = crowd.record()
        asked, lost = _share_of(found, simulator)
    _check(found)
    assert lost >= 0.25 * len(CHATS)
    tell = f"{database.name}: {asked} creations asked for by 32 threads, {lost} not answered, {len(found.live)} live"
    record_property("told", f"{tell}, {time.monotonic() - began:.1f} s")


@pytest.mark.exhaustive
def test_creations_by_processes_that_are_killed(database: Database, record_property: Tell) -> None:
    """The same from 4 processes of 8 threads at one store, killed at random and replaced: one live workspace for each chat."""
    chance, began = Random(4), time.monotonic()
    with CoderSimulator(speed=SPEED, requests_per_minute=PER_MINUTE) as simulator, Nursery() as nursery:
        crowd = Crowd(database, simulator, nursery)
        workers = [crowd.work(threads=8, seed=number) for number in range(4)]
        for _ in range(KILLS):
            time.sleep(BETWEEN)
            number = chance.randrange(len(workers))
            workers[number][0].kill()
            workers[number] = crowd.work(threads=8, seed=chance.randrange(100))
        for _, done in workers:
            done.result(LONG)
        found = crowd.record()
        asked, lost = _share_of(found, simulator)
    _check(found)
    tell = f"{database.name}: {asked} creations asked for by 4 processes, {KILLS} kills, {lost} not answered, {len(found.live)} live"
    record_property("told", f"{tell}, {time.monotonic() - began:.1f} s")
