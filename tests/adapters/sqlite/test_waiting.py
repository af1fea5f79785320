"""Waiting: for a lock of the file, for a turn; and a host's clock that is set."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager, suppress
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from threading import Thread, Timer
from uuid import UUID

import pytest

from chatworkspace import Reason, UnavailableError
from chatworkspace.ports import Claim, Store, SystemClock
from chatworkspace_fake import Simulation
from chatworkspace_sqlite import SQLiteStore, _forks, _lines
from tests.adapters.sqlite.files import LONG, ORGANIZATION, OWNER, bound, claimed, opened
from tests.finalizers import at_lines
from tests.hanging import not_hanging

WORKSPACE = UUID(int=101)
TIMEOUT = 0.2
CLOCK = SystemClock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "chats.db"


@contextmanager
def locked(path: Path) -> Generator[sqlite3.Connection, None, None]:
    """Hold the file's write lock, as another program may."""
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield connection


# ---------------------------------------------------------------- finalizers

FILES = (_lines.__file__, _forks.__file__)


def test_a_finalizer_that_calls_the_store_hangs_nobody(path: Path) -> None:
    """At every line: it is answered, or refused at once where the line is in use; what it came in the midst of is done as ever."""
    answers = list[str]()

    def look(_: int) -> None:
        with opened(path.with_name("another.db"), timeout=LONG):
            pass
        try:
            store.look("chat")
        except UnavailableError as error:
            answers.append(str(error))
        else:
            answers.append("answered")

    with opened(path, timeout=LONG) as store:
        bound(store, "chat", WORKSPACE)
        at_lines(FILES, look, lambda: store.look("chat"))
        assert set(answers) == {"answered", f"{path}: this thread is in the midst of another call"}
        assert store.look("chat").chat.workspace_id == WORKSPACE


def test_a_finalizer_that_closes_the_store_hangs_nobody(path: Path) -> None:
    """At any line: what it came in the midst of is done, or told that the store was closed; no connection is left open."""
    line, lines, came = 0, 1, list[int]()
    while line < lines:
        store = SQLiteStore(path, timeout=LONG)
        store.open_chat("chat", OWNER, ORGANIZATION)

        def close(number: int, at: int = line, it: SQLiteStore = store) -> None:
            if number == at:
                it.close()
                came.append(at)

        def look(it: SQLiteStore = store) -> None:
            with suppress(UnavailableError):
                it.look("chat")

        lines = max(lines, at_lines(FILES, close, look))
        parts = store._parts.here()
        assert line not in came or (parts.reading._connection, parts.writing._connection) == (None, None)
        store.close()
        line += 1


# ---------------------------------------------------------------- locks

WRITES: dict[str, Callable[[Store, Claim], object]] = {
    "open_chat": lambda store, _: store.open_chat("other", OWNER, ORGANIZATION),
    "claim": lambda store, _: claimed_again(store),
    "bind": lambda store, claim: store.bind(claim, WORKSPACE),
    "attach": lambda store, claim: store.attach(claim, WORKSPACE, number=1),
    "close_chat": lambda store, claim: store.close_chat(claim, number=1),
    "release": lambda store, claim: store.release(claim),
    "record_stray": lambda store, _: store.record_stray("chat", WORKSPACE, "a stray"),
    "discard": lambda store, _: store.discard(WORKSPACE),
    "secret": lambda store, _: store.secret(),
}


def claimed_again(store: Store) -> object:
    return store.claim(store.look("chat"), token="another", ttl=LONG)  # noqa: S106 # no secret


@pytest.mark.parametrize("name", WRITES)
def test_a_write_ends_while_the_file_is_locked(path: Path, name: str) -> None:
    """With UnavailableError at the timeout, and nothing done; afterwards its holder writes as if nothing had been."""
    with opened(path, timeout=TIMEOUT) as store:
        claim = claimed(store, "chat")
        with locked(path), not_hanging(TIMEOUT), pytest.raises(UnavailableError, match="kept it locked") as error:
            WRITES[name](store, claim)
        assert (error.value.reason, error.value.retryable) == (Reason.STORE_UNAVAILABLE, True)
        assert store.bind(claim, WORKSPACE).generation == 1


def test_threads_that_queue_end_at_their_timeout(path: Path) -> None:
    """Each has its own limit, not the sum of those before it, which would be half a minute."""
    told: list[bool] = []

    def write(store: SQLiteStore) -> None:
        with pytest.raises(UnavailableError) as error:
            store.open_chat("chat", OWNER, ORGANIZATION)
        told.append(error.value.retryable)

    with opened(path, timeout=1.0) as store, locked(path), not_hanging():
        threads = [Thread(target=write, args=(store,)) for _ in range(30)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert told == [True] * 30


def test_a_lock_that_ends_is_waited_for(path: Path) -> None:
    """The write is done as soon as it can be."""
    given_back: list[str] = []
    with opened(path, timeout=LONG) as store, locked(path) as connection:

        def give_back() -> None:
            given_back.append("now")
            connection.execute("ROLLBACK")

        timer = Timer(0.1, give_back)
        timer.start()
        with not_hanging():
            store.open_chat("chat", OWNER, ORGANIZATION)
        assert given_back
        timer.join()


def test_readers_are_not_kept_by_a_writer(path: Path) -> None:
    """They see what was committed last, at once."""
    with opened(path, timeout=TIMEOUT) as store:
        bound(store, "chat", WORKSPACE)
        with locked(path) as connection:
            connection.execute("UPDATE chat SET closed = 1")
            assert not store.look("chat").chat.closed
            assert (len(store.history("chat")), len(store.chats()), len(store.planned(0))) == (1, 1, 0)


def test_a_file_that_is_all_somebody_elses(path: Path) -> None:
    """Locked for readers too: whoever opens it is told so at the timeout."""
    with opened(path, timeout=TIMEOUT) as store:
        bound(store, "chat", WORKSPACE)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        connection.execute("BEGIN EXCLUSIVE")
        with not_hanging(TIMEOUT), pytest.raises(UnavailableError, match="kept it locked"):
            SQLiteStore(path, timeout=TIMEOUT)


def test_a_closed_store(path: Path) -> None:
    """Every call says so, and that trying again does not help. Closing again is no error."""
    with opened(path) as store:
        claim = claimed(store, "chat")
        look = store.look("chat")
    store.close()
    calls: list[Callable[[], object]] = [lambda: store.look("chat"), lambda: store.bind(claim, WORKSPACE), lambda: store.wait_for_turn(look, 0)]
    for call in calls:
        with pytest.raises(UnavailableError, match="closed") as error:
            call()
        assert (error.value.reason, error.value.retryable) == (Reason.STORE_UNAVAILABLE, False)


# ---------------------------------------------------------------- turns


def test_a_turn_that_another_process_gives_back(path: Path) -> None:
    """No signal comes from there; it is seen long before the deadline, and not before it is so."""
    with opened(path) as here, opened(path) as there:
        claim = claimed(there, "chat")
        look = here.look("chat")
        timer = Timer(0.3, there.release, (claim,))
        timer.start()
        with not_hanging():
            here.wait_for_turn(look, CLOCK.monotonic() + LONG)
        assert here.look("chat").claimed_for == 0
        timer.join()


def test_closing_wakes_who_waits(path: Path) -> None:
    """With an error, for nobody knows whether the turn has come."""
    with opened(path) as store:
        claimed(store, "chat")
        look = store.look("chat")
        timer = Timer(0.1, store.close)
        timer.start()
        with not_hanging(), suppress(UnavailableError):
            store.wait_for_turn(look, CLOCK.monotonic() + LONG)
        timer.join()


def test_waiting_looks_seldom(path: Path) -> None:
    """At most once in 5 ms, and after a second or so four to eight times a second; nobody is left on the list."""
    sim, looks = Simulation(), list[float]()

    class Counting(SQLiteStore):
        def _read(self, *arguments: object, **options: object) -> object:  # type: ignore[override]
            looks.append(sim.monotonic())
            return super()._read(*arguments, **options)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]

    with closing(Counting(path, clock=sim)) as store:
        claimed(store, "chat")
        look = store.look("chat")
        looks.clear()
        store.wait_for_turn(look, sim.monotonic() + 10)
        assert not store._parts.here().turns._waiting
    assert sim.elapsed == 10
    assert min(after - before for before, after in pairwise(looks)) >= 0.005
    assert 40 <= len(looks) <= 90


# ---------------------------------------------------------------- the host's clock


class SetClock(SystemClock):
    """Real time on a host whose time of day somebody sets."""

    def __init__(self) -> None:
        self.shift = timedelta()

    def now(self) -> datetime:
        """Return the time of day that the host believes in."""
        return super().now() + self.shift


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_clock_that_is_set_keeps_no_chat(path: Path, hours: int) -> None:
    """Back, and the claim was taken in the future; forward, and it is over: the chat is free, and a new claim lives as long as any."""
    clock = SetClock()
    with opened(path, clock=clock) as store:
        claimed(store, "chat")
        clock.shift = timedelta(hours=hours)
        look = store.look("chat")
        assert look.claimed_for == 0
        store.wait_for_turn(look, CLOCK.monotonic() + LONG)
        store.claim(look, token="new", ttl=LONG)  # noqa: S106 # no secret
        assert LONG / 2 < store.look("chat").claimed_for <= LONG


def test_a_plan_is_never_younger_than_nothing(path: Path) -> None:
    """The clock was set back since it was planned; it is told as just planned, and grows older from where the clock passes."""
    clock = SetClock()
    with opened(path, clock=clock) as store:
        claimed(store, "chat")
        clock.shift = -timedelta(hours=1)
        (look,) = store.planned(0)
        assert look.plan is not None
        assert look.plan.planned_for == 0


def test_a_restart_does_not_lengthen_a_claim(path: Path) -> None:
    """It is told by the time of day, which goes on while nobody has the file open."""
    clock = SetClock()
    with opened(path, clock=clock) as store:
        claimed(store, "chat", ttl=LONG)
    clock.shift = timedelta(seconds=LONG - 10)
    with opened(path, clock=clock) as store:
        assert 0 < store.look("chat").claimed_for <= 10
