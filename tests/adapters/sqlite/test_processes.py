"""Processes of one host at one file: they race, are killed, and fork."""

from __future__ import annotations

import os
import signal
import sqlite3
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from threading import Event, Thread
from typing import cast
from uuid import UUID

import pytest

from chatworkspace import UnavailableError
from chatworkspace_sqlite import SQLiteStore
from chatworkspace_sqlite._schema import prepare
from tests.adapters.sqlite.files import bound, claimed, opened
from tests.adapters.talking import answer, end, started, tell
from tests.forks import ended, in_child
from tests.hanging import not_hanging, until

ROUNDS = 25
FIRST, SECOND = UUID(int=101), UUID(int=102)
forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork()")
with_threads = pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
"""A fork beside threads is what is tested, or threads of other tests are still ending; the child uses nothing of theirs."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "chats.db"


@pytest.mark.parametrize("racers", [2, 4])
def test_of_racing_processes_one_gets_the_claim(path: Path, racers: int) -> None:
    """In every round all have the same look, one of them claims and binds, and its workspace is the chat's."""
    processes = [started("sqlite.racer", path, number) for number in range(1, racers + 1)]
    try:
        for chat_id in map(str, range(ROUNDS)):
            assert tell(processes, f"look {chat_id}") == ["looked"] * racers
            won = [said for said in tell(processes, "claim") if said != "lost"]
            assert len(won) == 1
            with opened(path) as store:
                look = store.look(chat_id)
            assert (str(look.chat.workspace_id), look.epoch, look.claimed_for) == (won[0], 1, 0)
    finally:
        end(processes)


def test_a_fresh_file_is_made_once(path: Path) -> None:
    """Processes that are the first to open it together get one set of tables, and all of them work."""
    processes = [started("sqlite.racer", path, number) for number in range(1, 5)]
    try:
        assert tell(processes, "look 1") == ["looked"] * 4
    finally:
        end(processes)


class Meanwhile:
    """A connection that lets another make the tables before it reads whether there are any."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path

    def execute(self, statement: str) -> sqlite3.Cursor:
        """Run a statement."""
        if "sqlite_master" in statement:
            with suppress(UnavailableError), opened(self._path, timeout=0.05):
                pass
        return self._connection.execute(statement)


def test_a_file_that_another_makes_meanwhile_is_no_strangers(path: Path) -> None:
    """What is read of it is of one moment: a file without a sign of ours has no tables then, whoever makes them."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        prepare(cast("sqlite3.Connection", Meanwhile(connection, path)), str(path))
    with opened(path) as store:
        bound(store, "chat", FIRST)


def test_what_was_confirmed_outlives_a_kill(path: Path) -> None:
    """A process of four writing threads is killed, three times over: every binding that a thread was told of is there, and the file is sound."""
    told: dict[str, str] = {}
    for name in ("a", "b", "c"):
        process = started("sqlite.writer", path, name)
        try:
            lines = [answer(process) for _ in range(50)]
            process.kill()
            rest, _ = process.communicate()
        finally:
            end([process])
        told |= dict(line.split() for line in [*lines, *rest.splitlines()])
    with opened(path) as store:
        assert {chat_id: str(store.look(chat_id).chat.workspace_id) for chat_id in told} == told
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_a_process_killed_inside_a_transaction_leaves_nothing(path: Path) -> None:
    """Its lock ends with it, and what it had not committed is not there: the next write does not wait."""
    with opened(path, timeout=5) as store:
        bound(store, "chat", FIRST)
        process = started("sqlite.holder", path)
        try:
            assert answer(process) == "inside"
        finally:
            end([process])
        claimed(store, "chat")
        assert not store.look("chat").chat.closed


# ---------------------------------------------------------------- forks


@forks
@with_threads
def test_parent_and_child_use_one_store(path: Path) -> None:
    """The store was used before the fork; both go on with it, and see what the other does."""
    with opened(path) as store:
        bound(store, "before", FIRST)
        child = in_child(partial(bound, store, "child", SECOND))
        assert ended(child) == 0
        bound(store, "parent", UUID(int=103))
        assert [look.chat.id for look in store.chats()] == ["before", "child", "parent"]


@forks
@with_threads
def test_what_a_child_has_written_outlives_its_parents_closing(path: Path) -> None:
    """SQLite in the parent would take itself for the last to close the file, and delete the log that the child writes to."""
    to_parent, from_child = os.pipe()
    to_child, from_parent = os.pipe()
    with opened(path) as store:
        bound(store, "before", FIRST)

        def act() -> None:
            bound(store, "open", SECOND)
            os.write(from_child, b"1")
            os.read(to_child, 1)
            bound(store, "closed", UUID(int=103))

        child = in_child(act)
        os.read(to_parent, 1)
        store.look("open")
    os.write(from_parent, b"1")
    assert ended(child) == 0
    for end_ in (to_parent, from_child, to_child, from_parent):
        os.close(end_)
    with opened(path) as store:
        assert [look.chat.id for look in store.chats()] == ["before", "closed", "open"]


@forks
@with_threads
def test_forking_while_threads_write(path: Path) -> None:
    """Each of 20 children, forked in the midst of it, writes as well; nobody is kept waiting by a lock that nobody holds, nothing is lost."""
    stop, told = Event(), list[str]()

    def write(store: SQLiteStore, name: str) -> None:
        while not stop.is_set():
            chat_id = f"{name}-{len(told)}"
            bound(store, chat_id, UUID(bytes=os.urandom(16)))
            told.append(chat_id)

    with opened(path, timeout=60) as store:
        threads = [Thread(target=write, args=(store, f"thread-{number}")) for number in range(3)]
        for thread in threads:
            thread.start()
        try:
            children = [in_child(partial(bound, store, f"child-{number}", UUID(int=200 + number))) for number in range(20)]
            assert [ended(child) for child in children] == [0] * 20
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        stored = {look.chat.id for look in store.chats(limit=100_000)}
    assert {f"child-{number}" for number in range(20)} | set(told) <= stored


@forks
@with_threads
def test_a_child_of_a_closed_store_has_a_closed_store(path: Path) -> None:
    """Closing ends it for children that come later, too; a child that closes its own takes nothing from its parent."""
    with opened(path) as store:
        bound(store, "chat", FIRST)
        assert ended(in_child(store.close)) == 0
        store.look("chat")
    assert ended(in_child(lambda: store.look("chat"))) != 0


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="this system stops no processes")
def test_a_stopped_process_blocks_for_the_timeout_only(path: Path) -> None:
    """One that was stopped inside a transaction keeps writers out, who are told so; readers are not kept, and all goes on when it does."""
    with opened(path, timeout=0.2) as store:
        bound(store, "chat", FIRST)
        process = started("sqlite.holder", path)
        try:
            assert answer(process) == "inside"
            process.send_signal(signal.SIGSTOP)
            with pytest.raises(Exception, match="kept it locked"):
                claimed(store, "chat")
            assert store.look("chat").chat.workspace_id == FIRST
        finally:
            end([process])
        claimed(store, "chat")


@forks
@with_threads
def test_a_fork_waits_for_no_other_process(path: Path) -> None:
    """Another has locked the file, and threads of this one wait for it: the fork does not, and the threads go on behind it."""
    with opened(path, timeout=60) as store:
        bound(store, "chat", FIRST)
        holder = started("sqlite.holder", path)
        try:
            assert answer(holder) == "inside"
            writers = [Thread(target=claimed, args=(store, f"chat-{number}")) for number in range(3)]
            for writer in writers:
                writer.start()
            until(lambda: store._parts.here().writing._in_use)
            with not_hanging():
                assert ended(in_child(partial(store.look, "chat"))) == 0
        finally:
            end([holder])
        for writer in writers:
            writer.join()
        assert len(store.chats()) == 4
