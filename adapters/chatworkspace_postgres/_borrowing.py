"""The host's connections: taken for a moment, and given back. Whatever its function raises is told as the store tells it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from types import TracebackType

import psycopg

from chatworkspace import InvalidArgumentError, Reason
from chatworkspace_postgres._failures import StatementError, no_connection
from chatworkspace_postgres._forks import CURE, is_forked
from chatworkspace_postgres._places import place_of
from chatworkspace_postgres._wire import Connection

logger = logging.getLogger("chatworkspace")
FIELDS = {"chat_id": "", "workspace_id": "", "build": None, "reason": Reason.STORE_UNAVAILABLE.value}
"""What each record of the library's log has: these are about no chat."""

EMPTY = "PoolTimeout"
"""What psycopg_pool raises where it has no connection to lend. By its name, for the package need not be there."""


class Borrowed:
    """A connection of the host's, for as long as its block lasts. No generator: each statement goes through here.

    StatementError: there is none for now. UnavailableError: whatever else its function raises. InvalidArgumentError: it is no connection. What fails
    when it is given back is logged: it hides neither an answer nor an error.
    """

    __slots__ = ("_manager", "_take")

    def __init__(self, take: Callable[[], AbstractContextManager[Connection]]) -> None:
        self._take = take

    def __enter__(self) -> Connection:
        self._manager, connection = _taken(self._take)
        try:
            _check(connection)
        except InvalidArgumentError as error:
            self.__exit__(type(error), error, error.__traceback__)
            raise
        return connection

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        try:
            self._manager.__exit__(kind, error, trace)
        except Exception as failure:  # noqa: BLE001 # the host's function may raise anything, and the answer is there
            if failure is not error:
                logger.warning("a connection to PostgreSQL could not be given back (%s)", type(failure).__name__, extra=FIELDS)


def _taken(take: Callable[[], AbstractContextManager[Connection]]) -> tuple[AbstractContextManager[Connection], Connection]:
    failed: psycopg.Error
    try:
        manager = take()
        return manager, manager.__enter__()
    except psycopg.OperationalError as error:
        raise StatementError(_told(error), own=type(error).__module__.startswith("psycopg_pool"), place=place_of(error.pgconn)) from error
    except psycopg.Error as error:
        failed = error
    except InvalidArgumentError:
        raise
    except OSError as error:
        raise StatementError(f"a connection could not be had: {type(error).__name__}", own=True) from error
    except Exception as error:
        raise no_connection(error) from error
    raise no_connection(failed) from _wordless(failed)  # out here, so that it does not become the context either


def _wordless(error: psycopg.Error) -> psycopg.Error:
    """Return an error of the same kind that says nothing: a connection string that is none is repeated in its text, and may be in its traceback."""
    kind = next(it for it in type(error).__mro__ if it.__module__.partition(".")[0] == "psycopg")
    made: psycopg.Error = kind(f"{type(error).__name__}; its text may hold a connection string, and is left out")
    return made


def _told(error: psycopg.OperationalError) -> str:
    said = str(error).strip() or type(error).__name__
    if type(error).__name__ != EMPTY:
        return said
    if is_forked():
        return f"{said}; a pool that was opened before a fork is its parent's: {CURE}"
    return said


def _check(connection: object) -> None:
    if not isinstance(connection, psycopg.Connection):
        raise InvalidArgumentError("connect", f"a function that lends psycopg.Connection, and not {type(connection).__name__}")
