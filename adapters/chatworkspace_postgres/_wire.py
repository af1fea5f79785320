"""One statement on somebody else's connection, within a limit, and the connection as it was.

libpq is spoken to directly: what the host has set on its connection (autocommit, isolation level, row factory, cursor class, adapters, the
threshold of prepared statements) concerns psycopg's own way to a statement, and has no part in this one. Sent outside of a transaction, a statement
is its own, committed when it is answered.

Parse, Bind, Execute and Sync leave in one piece, for libpq sends at once what is below 8 KiB: a process that stops in the middle leaves no
statement at the server that waits for its end, with a row locked.
"""

from __future__ import annotations

import math
import select
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, suppress
from typing import Any

import psycopg
from psycopg import capabilities, pq

from chatworkspace import InvalidArgumentError
from chatworkspace_postgres._failures import StatementError
from chatworkspace_postgres._forks import refuse_inherited

Rows = list[list[str | None]]
Connection = psycopg.Connection[Any]
Connect = Callable[[], AbstractContextManager[psycopg.Connection[Any]]]
"""pool.connection, or lambda: psycopg.connect(dsn). The connection must be idle: each call is one autocommitted statement, and an open transaction
is a usage error, as is one that was opened before a fork. One that takes a `timeout`, as a pool's does, is given the seconds that are left."""

CANCELLING = 0.2
"""Of the time for a statement: kept back to cancel it."""
AT_MOST = 0.5
"""Seconds that are kept back."""
HEARING = 0.25
"""Seconds after which one who waits sees that the answer was given up."""
CANCELLED = b"57014"
GOOD = (pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK)
UTF8 = b"UTF8"


def checked_connect(argument: str, connect: Connect) -> Connect:
    """Return what gives connections. InvalidArgumentError."""
    if not callable(connect) or isinstance(connect, type):
        raise InvalidArgumentError(argument, "a function that returns a context manager of a psycopg.Connection, such as pool.connection")
    return connect


class Limit:
    """Until when an answer is waited for. Whoever waits may give it up before."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._ends = time.monotonic() + seconds
        self._kept = min(AT_MOST, CANCELLING * seconds)
        self._given_up = False

    def give_up(self) -> None:
        """Nobody waits for the answer any more. Any thread."""
        self._ends = min(self._ends, time.monotonic() + self._kept)
        self._given_up = True

    def left(self) -> float:
        """Return the seconds until all is over."""
        return max(self._ends - time.monotonic(), 0.0)

    def to_wait(self) -> float:
        """Return the seconds in which an answer may come: what it takes to cancel is kept back."""
        return 0.0 if self._given_up else max(self.left() - self._kept, 0.0)

    def why(self, failed: bool) -> str:  # noqa: FBT001 # of one word
        """Return why it came to an end. failed: there were answers, none of them good."""
        if self._given_up:
            return "nobody waits for the answer any more"
        return f"no {'success' if failed else 'answer'} within {self.seconds:g} s"


def ask(connection: Connection, statement: bytes, parameters: Sequence[str | None], limit: Limit) -> Rows:
    """Run a statement, and return its rows as text.

    StatementError; TimeoutError (the statement is cancelled, or the connection closed: it may yet be done); InvalidArgumentError if the connection is
    not idle, or the parent's.
    """
    _refuse_inherited(connection)  # before its lock is taken, which a thread of the parent's may have held
    if not connection.lock.acquire(timeout=limit.to_wait()):
        raise TimeoutError
    try:
        _check_idle(connection.pgconn)
        encoding = _encoding(connection)
        return _rows(_ask(connection, lambda it: it.send_query_params(statement, _encoded(parameters, encoding)), limit), encoding)
    finally:
        connection.lock.release()


def command(connection: Connection, script: str, limit: Limit) -> Rows:
    """Run statements without parameters, one after another; return the rows of the last. As ask(), but a transaction of our own may be open."""
    with connection.lock:
        encoding = _encoding(connection)
        return _rows(_ask(connection, lambda it: it.send_query(script.encode(encoding)), limit), encoding)


def checked_idle(connection: Connection) -> None:
    """Raise InvalidArgumentError unless it is idle, and this process's own. StatementError: it is lost."""
    _refuse_inherited(connection)
    _check_idle(connection.pgconn)


def _check_idle(it: pq.abc.PGconn) -> None:
    if it.status == pq.ConnStatus.BAD:
        raise StatementError("the connection is closed")
    if it.transaction_status != pq.TransactionStatus.IDLE or it.pipeline_status != pq.PipelineStatus.OFF:
        raise InvalidArgumentError(
            "connect",
            "a connection that is idle: this one is inside a transaction or a pipeline of the host's, which could take back what the store has said. "
            "Commit or roll back first, or give the store connections of its own, such as pool.connection",
        )


def _refuse_inherited(connection: Connection) -> None:
    it = connection.pgconn
    if it.status != pq.ConnStatus.BAD:
        refuse_inherited(it.socket)


def _encoding(connection: Connection) -> str:
    if connection.pgconn.parameter_status(b"client_encoding") == UTF8:  # nearly always, and psycopg's own way to its name is longer
        return "utf-8"
    encoding = connection.info.encoding
    return "utf-8" if encoding == "ascii" else encoding  # SQL_ASCII: nothing is converted, and all that the database keeps is UTF8


def _encoded(parameters: Sequence[str | None], encoding: str) -> list[bytes | None]:
    try:
        return [None if it is None else it.encode(encoding) for it in parameters]
    except UnicodeEncodeError as error:
        raise StatementError(f"the connection's client_encoding, {encoding}, cannot carry all text: UTF8 can", "22P05") from error


def _rows(result: pq.abc.PGresult, encoding: str) -> Rows:
    if result.status not in GOOD:
        code = result.error_field(pq.DiagnosticField.SQLSTATE) or b""
        message = result.error_field(pq.DiagnosticField.MESSAGE_PRIMARY) or result.error_message
        raise StatementError(message.decode(encoding, "replace").strip() or "failed", code.decode("ascii"))
    value, columns = result.get_value, range(result.nfields)
    return [[None if (it := value(row, column)) is None else it.decode(encoding) for column in columns] for row in range(result.ntuples)]


# ---------------------------------------------------------------- waiting for libpq


def _ask(connection: Connection, send: Callable[[pq.abc.PGconn], None], limit: Limit) -> pq.abc.PGresult:
    it = connection.pgconn
    try:
        send(it)
        try:
            return _answer(it, limit.to_wait)
        except TimeoutError:
            return _cancelled(connection, limit)
    except psycopg.OperationalError as error:
        raise StatementError(str(error).strip() or "the connection was lost") from error
    finally:
        if it.transaction_status == pq.TransactionStatus.ACTIVE:
            it.finish()  # its answer is still to come, and nobody else may take it for theirs


def _cancelled(connection: Connection, limit: Limit) -> pq.abc.PGresult:
    """Cancel it, so that no server process waits on for nobody. Its answer may have overtaken the request. TimeoutError."""
    if not capabilities.has_cancel_safe():  # an older libpq would ask without a limit
        raise TimeoutError
    with suppress(psycopg.Error, OSError):
        connection.cancel_safe(timeout=max(limit.left() / 2, 0.01))
    result = _answer(connection.pgconn, limit.left)
    if result.error_field(pq.DiagnosticField.SQLSTATE) == CANCELLED:
        raise TimeoutError
    return result


def _answer(it: pq.abc.PGconn, left: Callable[[], float]) -> pq.abc.PGresult:
    """Return the last result of what was sent. left: the seconds that it may take from now on. TimeoutError."""
    while it.flush():
        if _ready(it.socket, left, to_send=True):
            it.consume_input()
    last: pq.abc.PGresult | None = None
    while True:
        while it.is_busy():
            try:
                _ready(it.socket, left)
            except TimeoutError:
                if last is None or last.status in GOOD:  # not yet committed, perhaps
                    raise
                return last
            it.consume_input()
        result = it.get_result()
        if result is None:
            break
        if last is None or last.status in GOOD:  # the first error tells, behind it comes its echo
            last = result
    if last is None:
        raise StatementError("the connection was lost")
    return last


def _ready(socket: int, left: Callable[[], float], *, to_send: bool = False) -> bool:
    """Wait until something may be read, or sent if that will do; return whether it may be read. TimeoutError."""
    while True:
        seconds = left()
        found = heard(socket, min(seconds, HEARING), to_send=to_send)
        if found is not None:
            return found
        if seconds <= HEARING:
            raise TimeoutError


def _polled(socket: int, seconds: float, *, to_send: bool = False) -> bool | None:
    """Wait so long; return whether it may be read, an end included, and None where nothing has happened. It costs no file descriptor."""
    poll = select.poll()
    poll.register(socket, select.POLLIN | select.POLLOUT if to_send else select.POLLIN)
    found = poll.poll(math.ceil(seconds * 1000))
    return found[0][1] != select.POLLOUT if found else None


def _selected(socket: int, seconds: float, *, to_send: bool = False) -> bool | None:
    """Do the same where a system has no poll()."""
    to_read, able_to_send, ended = select.select([socket], [socket] if to_send else [], [socket], seconds)
    return bool(to_read or ended) if to_read or able_to_send or ended else None


heard = _polled if hasattr(select, "poll") else _selected
