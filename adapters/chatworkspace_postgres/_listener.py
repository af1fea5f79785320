"""The one connection of a process that hears of turns, and the thread that reads it."""

from __future__ import annotations

import hashlib
import logging
import selectors
import socket
import time
from contextlib import suppress
from threading import Event, Lock, Thread

from psycopg import pq

from chatworkspace.ports import TurnSignals
from chatworkspace_postgres._names import quoted
from chatworkspace_postgres._wire import Connect, Connection, checked_idle, command

logger = logging.getLogger("chatworkspace")

FIRST_REST, LONGEST_REST = 0.1, 5.0
"""Seconds before a connection that was lost is made anew."""
TO_BEGIN = 1.0
"""Seconds that a waiter gives it to begin; then it polls."""
QUIET = 15.0
"""Seconds without a word after which it is asked whether it is still there."""
ANSWER = 5.0
"""Seconds that it has for an answer."""


def key_of(chat_id: str) -> str:
    """Return what a chat is called in a notification: short, whatever its id."""
    return hashlib.sha256(chat_id.encode()).hexdigest()[:32]


class Listener:
    """Wakes those who wait when a notification comes. It begins with the first who waits, and ends with close(). Safe from any thread."""

    def __init__(self, listen: Connect, channel: str, turns: TurnSignals) -> None:
        self._listen = listen
        self._channel = quoted(channel)
        self._turns = turns
        self._lock = Lock()
        """Guards the thread's beginning and end."""
        self._thread: Thread | None = None
        self._bell: socket.socket | None = None
        self._closed = Event()
        self._tried = Event()
        """Whether it listens is known."""
        self._listening = Event()
        self._told = False
        """The log knows that it does not listen."""

    def ready(self, seconds: float = TO_BEGIN) -> bool:
        """Begin if need be, for so many seconds at most; tell whether notifications come."""
        with self._lock:
            if self._thread is None and not self._closed.is_set():
                heard, self._bell = socket.socketpair()
                self._thread = Thread(target=self._run, args=(heard,), name="chatworkspace-postgres", daemon=True)
                self._thread.start()
        self._tried.wait(min(seconds, TO_BEGIN))
        return self._listening.is_set()

    def close(self) -> None:
        """Give the connection back, and end the thread. Idempotent."""
        with self._lock:
            self._closed.set()
            self._tried.set()
            thread, self._thread = self._thread, None
            if self._bell is not None:
                with suppress(OSError):
                    self._bell.send(b"1")
        if thread is not None:
            thread.join(2 * ANSWER)

    # ------------------------------------------------------------ in the thread

    def _run(self, heard: socket.socket) -> None:
        rest = FIRST_REST
        with heard:
            while not self._closed.is_set():
                try:
                    with self._listen() as connection:
                        self._begin(connection)
                        rest = FIRST_REST
                        self._hear(connection, heard)
                except Exception as error:  # noqa: BLE001 # the host's function may raise anything, and is called again
                    self._tell(error)
                self._listening.clear()
                self._tried.set()
                self._turns.call_all()  # each looks for itself
                self._closed.wait(rest)
                rest = min(2 * rest, LONGEST_REST)
        if self._bell is not None:
            self._bell.close()

    def _tell(self, error: Exception) -> None:
        """Say once, until it listens again, why waiters have to look for themselves. Not the error's text: it may hold the DSN."""
        if not self._told and not self._closed.is_set():
            self._told = True
            logger.warning("no notifications from PostgreSQL (%s): who waits for a turn looks for it", type(error).__name__)

    def _begin(self, connection: Connection) -> None:
        checked_idle(connection)
        command(connection, f"LISTEN {self._channel}", time.monotonic() + ANSWER)
        self._told = False
        self._listening.set()
        self._tried.set()

    def _hear(self, connection: Connection, heard: socket.socket) -> None:
        it = connection.pgconn
        try:
            with selectors.DefaultSelector() as selector:
                selector.register(it.socket, selectors.EVENT_READ)
                selector.register(heard, selectors.EVENT_READ)
                while not self._closed.is_set():
                    self._pass_on(it)
                    if not selector.select(QUIET):
                        command(connection, "SELECT 1", time.monotonic() + ANSWER)
                    it.consume_input()
            command(connection, f"UNLISTEN {self._channel}", time.monotonic() + ANSWER)
        except BaseException:
            it.finish()  # given back as it is, it would listen on
            raise

    def _pass_on(self, it: pq.abc.PGconn) -> None:
        while (notice := it.notifies()) is not None:
            self._turns.call(notice.extra.decode("ascii", "replace"))
