"""One connection, its lock, and patience with a file that others are at work on."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from threading import RLock
from typing import TypeVar, cast

from chatworkspace.ports import Clock, interruptible, pauses, time_left
from chatworkspace_sqlite._causes import Cause
from chatworkspace_sqlite._failures import closed, is_busy, not_now, unavailable
from chatworkspace_sqlite._forks import watch_over

T = TypeVar("T")
Act = Callable[[sqlite3.Connection], T]

FIRST_PAUSE, LONGEST_PAUSE = 0.0005, 0.005
"""Seconds between two tries for a lock that another process has. Transactions take about a millisecond, and nothing makes the tries fair:
who tries seldom comes late among processes that never rest."""
HEARING = 0.25
"""Seconds that a thread waits for another of its process before it sees whether its caller still wants the answer."""


class _Try:
    """One call's patience."""

    def __init__(self, clock: Clock, seconds: float) -> None:
        self._clock = clock
        self.seconds = seconds
        self._deadline = clock.monotonic() + seconds
        self._given_up = False

    def give_up(self) -> None:
        """Nobody waits for the answer any more. Any thread."""
        self._given_up = True

    def left(self) -> float:
        """Return the seconds that are left."""
        return 0.0 if self._given_up else max(self._deadline - self._clock.monotonic(), 0.0)

    def why(self, trouble: str) -> str:
        """Return why it came to an end. trouble: what has kept it from its turn."""
        return "nobody waits for the answer any more" if self._given_up else f"{trouble} for {self.seconds:g} s"


class Line:
    """A connection that the threads of a process use one after another; opened when first used, and anew after a fork or a failure.

    Each has its turn by a lock of this process, so that only one of them tries for the file's. Safe from any thread.
    """

    def __init__(self, path: str, *, begin: str, timeout: float, clock: Clock, makes_file: bool = False) -> None:
        self._path = path
        self._mode = "rwc" if makes_file else "rw"
        """A file that is gone is not to be made again by the way, empty."""
        self._begin = begin
        self._timeout = timeout
        self._clock = clock
        self._lock = RLock()
        """Guards the connection, for one transaction of a millisecond or so, and while the file is locked at most for `timeout`. The collector may
        run within, and a finalizer call the store in the same thread: then the line is in use."""
        self._in_use = False
        self._connection: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None
        """Which file it has opened."""
        self._closed = False
        self._forks = False
        """This process is about to fork: who has the lock closes the connection, and lets it go."""
        self._shut = False
        watch_over(self)

    def transact(self, act: Act[T], *, seconds: float | None = None) -> T:
        """Act in a transaction, and commit; what act raises rolls it back. UnavailableError after so many seconds, or the timeout."""

        def transaction(connection: sqlite3.Connection) -> T:
            connection.execute(self._begin)
            result = act(connection)
            connection.execute("COMMIT")
            return result

        return self.run(transaction, seconds=seconds)

    def run(self, act: Act[T], *, seconds: float | None = None) -> T:
        """Act, again and again while the file is locked. act must be harmless to repeat once it is rolled back."""
        most = time_left(self._timeout)
        wanted = _Try(self._clock, most if seconds is None else min(max(seconds, 0.0), most))
        with interruptible(wanted.give_up):
            return self._run(act, wanted, pauses(self._clock, first=FIRST_PAUSE, longest=LONGEST_PAUSE))

    def _run(self, act: Act[T], wanted: _Try, rests: Iterator[float]) -> T:
        while True:
            while not self._lock.acquire(timeout=min(wanted.left(), HEARING)):
                if not wanted.left():
                    raise not_now(self._path, wanted.why("other threads kept it"))
            try:
                done, result = self._alone(wanted, rests, act)
            finally:
                self._lock.release()
            if done:
                return cast("T", result)
            self._clock.sleep(next(rests))  # of a process that forks

    def close(self) -> None:
        """Close the connection, behind whoever uses it; the line is not used again. Idempotent."""
        self._closed = True
        with self._lock:
            if not self._in_use:  # else whoever uses it, in this very thread, closes it
                self._hang_up()

    # ------------------------------------------------------------ under the lock

    def _alone(self, wanted: _Try, rests: Iterator[float], act: Act[T]) -> tuple[bool, T | None]:
        """Act, unless this is called from within an act."""
        if self._in_use:
            raise not_now(self._path, "this thread is in the midst of another call")
        self._in_use = True
        try:
            return self._until(wanted, rests, act)
        finally:
            self._in_use = False
            if self._closed:
                self._hang_up()

    def _until(self, wanted: _Try, rests: Iterator[float], act: Act[T]) -> tuple[bool, T | None]:
        """Return whether it was done, and what came of it. It is not done where this process is to fork, which waits for no other's lock."""
        while not self._forks:
            try:
                return True, self._once(act)
            except sqlite3.Error as error:
                if not is_busy(error):
                    raise unavailable(self._path, error) from error
                if not (left := wanted.left()):
                    raise not_now(self._path, wanted.why("another connection kept it locked"), Cause.LOCKED) from error
            self._clock.sleep(min(next(rests), left))
        return False, None

    def _once(self, act: Act[T]) -> T:
        if self._closed:
            raise closed(self._path)
        connection = self._connected()
        try:
            return act(connection)
        except BaseException as error:
            self._roll_back(connection, error)
            raise

    def _connected(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection, self._file = _open(self._path, self._mode), _file_at(self._path)
        elif self._file != _file_at(self._path):
            self._hang_up()  # what is written to a file that has no name any more is lost
            raise not_now(self._path, "what would be written to it is lost", Cause.REPLACED)
        return self._connection

    def _roll_back(self, connection: sqlite3.Connection, error: BaseException) -> None:
        with suppress(sqlite3.Error):
            if connection.in_transaction:
                connection.execute("ROLLBACK")
        # a connection that has failed is not trusted again: its file may have been replaced
        if connection.in_transaction or (isinstance(error, sqlite3.Error) and not is_busy(error)):
            self._hang_up()

    def _hang_up(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(sqlite3.Error):
                connection.close()

    # ------------------------------------------------------------ forks

    def before_fork(self) -> None:
        """Close the connection behind whoever uses it, and let nobody open another. One that cannot be had in time stays open."""
        self._forks = True
        self._shut = self._lock.acquire(timeout=self._timeout)
        if self._shut and not self._in_use:
            self._hang_up()

    def after_fork(self) -> None:
        """Let the next one open it."""
        self._forks = False
        if self._shut:
            self._shut = False
            self._lock.release()


def _file_at(path: str) -> tuple[int, int] | None:
    try:
        found = os.stat(path)  # noqa: PTH116 # before each call: a Path would take longer than the call to the system
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _open(path: str, mode: str) -> sqlite3.Connection:
    connection = sqlite3.connect(f"{Path(path).as_uri()}?mode={mode}", uri=True, timeout=0, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA synchronous = FULL")  # a commit outlives a loss of power
        connection.execute("PRAGMA foreign_keys = ON")
    except BaseException:
        connection.close()
        raise
    return connection
