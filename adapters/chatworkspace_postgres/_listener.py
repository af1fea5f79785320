"""The one connection of a process that hears of turns, and the thread that reads it."""

from __future__ import annotations

import hashlib
import hmac
import logging
import selectors
import socket
import time
from contextlib import suppress
from threading import RLock, Thread, current_thread

from psycopg import pq

from chatworkspace.ports import SystemClock, TurnSignals
from chatworkspace_postgres._borrowing import FIELDS, Borrowed
from chatworkspace_postgres._names import quoted
from chatworkspace_postgres._wire import Connect, Connection, Limit, checked_idle, command, heard

logger = logging.getLogger("chatworkspace")

FIRST_REST, LONGEST_REST = 0.1, 5.0
"""Seconds before a connection that was lost is made anew, and before a thread that did not start is started again."""
TO_BEGIN = 1.0
"""Seconds that a waiter gives it to begin; then it polls."""
QUIET = 15.0
"""Seconds without a word after which it is asked whether it is still there."""
ANSWER = 5.0
"""Seconds that it has for an answer."""
TO_END = 0.6
"""Seconds that close() gives the thread: one that is inside a function of the host's, or of a server that says nothing, ends later by itself."""
GOODBYE = 0.3
"""Of them, for the server's last answer."""


def key_of(secret: bytes, chat_id: str) -> str:
    """Return what a chat is called in a notification: short, and telling nothing to who listens without the store's secret."""
    return hmac.new(secret, b"turn\0" + chat_id.encode(), hashlib.sha256).hexdigest()[:32]


class Listener:
    """Wakes those who wait when a notification comes. It begins with the first who waits, and ends with close(). Safe from any thread.

    A thread that ends, or cannot be started, is not its end: the next who waits begins it again.
    """

    def __init__(self, listen: Connect, channel: str, turns: TurnSignals) -> None:
        self._listen = listen
        self._channel = quoted(channel)
        self._turns = turns
        self._lock = RLock()
        """Guards the thread's beginning and end. A finalizer that closes may come in the midst of it, in the same thread."""
        self._thread: Thread | None = None
        self._bell: socket.socket | None = None
        self._not_before = 0.0
        """By time.monotonic(): when a thread that did not start is tried again."""
        self._closed = False
        self._tried = False
        """Whether it listens is known."""
        self._trying = TurnSignals()
        """Who waits until it is."""
        self._listening = False
        self._told = False
        """The log knows that it does not listen."""

    def ready(self, seconds: float = TO_BEGIN) -> bool:
        """Begin if need be, for so many seconds at most; tell whether notifications come."""
        with self._lock:
            if not self._closed and (self._thread is None or not self._thread.is_alive()) and time.monotonic() >= self._not_before:
                self._start()
        if not self._tried:
            clock = SystemClock()
            signal, until = clock.signal(), clock.monotonic() + min(seconds, TO_BEGIN)
            with self._trying.waiting("", signal):
                if not self._tried:
                    signal.wait(until)
        return self._listening

    def _start(self) -> None:
        try:
            rung, bell = socket.socketpair()
        except OSError as error:
            return self._not_started(error)
        thread = Thread(target=self._run, args=(rung, bell), name="chatworkspace-postgres", daemon=True)
        self._tried = False
        try:
            thread.start()
        except RuntimeError as error:  # the system has no room for one
            rung.close()
            bell.close()
            return self._not_started(error)
        self._thread, self._bell = thread, bell
        return None

    def _not_started(self, error: Exception) -> None:
        self._not_before = time.monotonic() + FIRST_REST
        self._tell(error)
        self._know(listening=False)

    def close(self) -> None:
        """Give the connection back, and end the thread, which is waited for only a moment. Idempotent."""
        with self._lock:
            self._closed = True
            thread, self._thread = self._thread, None
            if self._bell is not None:
                with suppress(OSError):
                    self._bell.send(b"1")
        self._know(listening=False)
        if thread is not None and thread is not current_thread():
            thread.join(TO_END)

    def _know(self, *, listening: bool) -> None:
        self._listening = listening
        self._tried = True
        self._trying.call_all()

    # ------------------------------------------------------------ in the thread

    def _run(self, rung: socket.socket, bell: socket.socket) -> None:
        rest = FIRST_REST
        with rung, bell:
            while not self._closed:
                try:
                    with Borrowed(self._listen) as connection:
                        if not self._closed:
                            self._begin(connection)
                            rest = FIRST_REST
                            self._hear(connection, rung)
                except BaseException as error:  # noqa: BLE001 # the host's function may raise anything, and is called again
                    self._tell(error)
                self._know(listening=False)
                self._turns.call_all()  # each looks for itself
                if not self._closed:
                    heard(rung.fileno(), rest)
                rest = min(2 * rest, LONGEST_REST)

    def _tell(self, error: BaseException) -> None:
        """Say once, until it listens again, why waiters have to look for themselves. Not the error's text: it may hold the DSN."""
        if not self._told and not self._closed:
            self._told = True
            kind = type(error.__cause__ or error).__name__
            logger.warning("no notifications from PostgreSQL (%s): who waits for a turn looks for it", kind, extra=FIELDS)

    def _begin(self, connection: Connection) -> None:
        checked_idle(connection)
        command(connection, f"LISTEN {self._channel}", Limit(ANSWER))
        self._told = False
        self._know(listening=True)

    def _hear(self, connection: Connection, rung: socket.socket) -> None:
        it = connection.pgconn
        try:
            with selectors.DefaultSelector() as selector:
                selector.register(it.socket, selectors.EVENT_READ)
                selector.register(rung, selectors.EVENT_READ)
                while not self._closed:
                    self._pass_on(it)
                    if not selector.select(QUIET):
                        command(connection, "SELECT 1", Limit(ANSWER))
                    if not self._closed:
                        it.consume_input()
            command(connection, f"UNLISTEN {self._channel}", Limit(GOODBYE))
        except BaseException:
            it.finish()  # given back as it is, it would listen on
            raise

    def _pass_on(self, it: pq.abc.PGconn) -> None:
        while (notice := it.notifies()) is not None:
            self._turns.call(notice.extra.decode("ascii", "replace"))
