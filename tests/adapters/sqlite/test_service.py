"""The service over a store in a file."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from random import Random
from threading import Barrier, Thread

import pytest

from chatworkspace import ChatWorkspaces, Outcome, UnavailableError
from chatworkspace.ports import Clock
from chatworkspace_fake import FakeCoder, Simulation
from chatworkspace_sqlite import SQLiteStore
from tests.adapters.sqlite.files import ORGANIZATION, OWNER, opened

THREADS, CHATS = 8, 20


def test_threads_of_two_services_make_one_workspace_a_chat(tmp_path: Path) -> None:
    """In real time: 8 threads, half at a store of their own as in another process, each at all 20 chats: 20 workspaces, and all are told the same."""
    coder = FakeCoder()
    template = coder.add_template("docker", build=0.05, organization_id=ORGANIZATION)
    outcomes: dict[str, list[Outcome]] = {f"chat-{number}": [] for number in range(CHATS)}
    barrier, errors = Barrier(THREADS), list[BaseException]()

    def run(chats: ChatWorkspaces, seed: int) -> None:
        try:
            barrier.wait()
            for chat_id in Random(seed).sample(sorted(outcomes), CHATS):
                chats.open_chat(chat_id, owner_id=OWNER, organization_id=ORGANIZATION)
                outcomes[chat_id].append(chats.create(chat_id, template.id))
        except BaseException as error:  # noqa: BLE001 # raised again below, in the thread of the test
            errors.append(error)

    path = tmp_path / "chats.db"
    with opened(path) as one, opened(path) as other:
        services = [ChatWorkspaces(store=store, creator=coder, dialer=coder) for store in (one, other)]
        threads = [Thread(target=run, args=(services[seed % 2], seed)) for seed in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for service in services:
            service.close()
        bound = {look.chat.id: look.chat.workspace_id for look in one.chats()}
    assert not errors, errors
    assert len(coder.workspaces) == CHATS
    assert {it.id for it in coder.workspaces} == set(bound.values())
    for chat_id, told in outcomes.items():
        assert all(outcome.ready for outcome in told)
        assert {outcome.chat.workspace_id for outcome in told} == {bound[chat_id]}


@pytest.mark.parametrize(
    "change",
    ["owner_id = 'nobody'", "owner_id = 7", "workspace_id = x'00'", "number = 'one'", "template_id = '?'", "planned_at = 'once'"],
)
def test_one_odd_row_takes_no_list_away(tmp_path: Path, change: str) -> None:
    """Somebody has changed it by hand: the sweep tells it under its id and does the rest, lists go on behind it, a look says what is odd."""
    sim = Simulation(store=lambda clock: SQLiteStore(tmp_path / "chats.db", clock=clock))
    docker = sim.coder.add_template("docker", build=30, connect=5)
    for chat_id in ("good", "odd", "other"):
        sim.open_chat(chat_id)
        sim.workspaces.create(chat_id, docker.id)
    with closing(sqlite3.connect(tmp_path / "chats.db")) as connection:
        connection.execute(f"UPDATE chat SET {change} WHERE id = 'odd'")  # noqa: S608 # our own words
        connection.commit()
    store = sim.store
    assert [look.chat.id for look in store.chats(limit=2)] == ["good", "odd"]
    assert [look.chat.id for look in store.chats(after="odd")] == ["other"]
    swept = sim.workspaces.sweep()
    assert (list(swept.errors), swept.strays) == (["odd"], ())
    assert "is odd" in swept.errors["odd"]
    with pytest.raises(UnavailableError, match="the row of chat 'odd' is odd") as error:
        store.look("odd")
    assert not error.value.retryable
    assert store.look("good").chat.workspace_id is not None


@pytest.mark.parametrize("seed", range(3))
def test_a_killed_process_and_the_next_make_one_workspace(tmp_path: Path, seed: int) -> None:
    """In virtual time: one process dies before it binds, ten threads of another go on from its plan."""
    made: list[SQLiteStore] = []

    def make(clock: Clock) -> SQLiteStore:
        made.append(SQLiteStore(tmp_path / "chats.db", clock=clock))
        return made[-1]

    sim = Simulation(seed, store=make)
    docker = sim.coder.add_template("docker", build=30, connect=5)
    sim.open_chat("chat")
    first = sim.process("first")
    first.kill(before="store.bind")
    sim.run(lambda: first.workspaces.create("chat", docker.id))
    outcomes = sim.race(lambda: sim.workspaces.create("chat", docker.id), threads=10)
    for store in made:
        store.close()
    assert all(outcome.ready for outcome in outcomes)
    assert len(sim.coder.workspaces) == 1
