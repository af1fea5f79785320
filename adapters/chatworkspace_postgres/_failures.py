"""What PostgreSQL says by its SQLSTATE, and what becomes of it at the border."""

from __future__ import annotations

import attrs

from chatworkspace import Reason, UnavailableError
from chatworkspace_postgres._causes import TABLE, Cause, cause_of, told
from chatworkspace_postgres._places import NOWHERE

PASSING = ("08", "25P04", "40", "53300", "55P03", "57014", "57P", "25006")
"""Gone in a moment, perhaps: connection lost, serialization failure or deadlock, no room for another connection, a lock, statement or transaction
timeout of the host's, a server that goes down or comes up, a primary that has become a standby."""
LASTING = ("0A", "22", "23", "28", "3D", "3F", "42")
"""The same statement will fail again until somebody acts."""
READ_ONLY = "25006"


@attrs.frozen(auto_exc=True)
class StatementError(Exception):
    """A statement failed, or its connection did. Never leaves this package."""

    message: str
    code: str = ""
    """SQLSTATE; empty: the connection was lost, or could not be had."""
    own: bool = False
    """Said by the pool or the host, not by the database."""
    place: str = NOWHERE
    """Where the connection was to lead, if that is told."""

    def __str__(self) -> str:
        return f"{self.message} ({self.code})" if self.code else self.message

    @property
    def cause(self) -> Cause:
        """What it comes of."""
        return cause_of(self.message, self.code)

    @property
    def passing(self) -> bool:
        """The same statement may succeed in a moment. All of them are harmless to repeat."""
        return self.code.startswith(PASSING) if self.code else not TABLE[self.cause].lasting

    @property
    def lasting(self) -> bool:
        """The same statement will fail again until somebody acts."""
        return self.code.startswith(LASTING) if self.code else TABLE[self.cause].lasting

    @property
    def lost(self) -> bool:
        """The connection is not to be used again, or leads to the wrong server."""
        return not self.code or self.code.startswith(("08", "25P04", "57P", READ_ONLY))


def unavailable(failure: StatementError, schema: str, place: str) -> UnavailableError:
    """Return what a caller of the store is told. place: where the database is, as far as it is known."""
    detail = f"schema {schema!r}: {failure}" if failure.cause is Cause.INCOMPLETE else str(failure)
    return _unavailable(told(failure.cause, _known(place, failure), detail), retryable=not failure.lasting)


def not_in_time(why: str, failure: StatementError | None, place: str) -> UnavailableError:
    """Return what is told at the limit. why: it came to its end."""
    if failure is None:
        return _unavailable(told(Cause.SILENT, place, why), retryable=True)
    return _unavailable(told(failure.cause, _known(place, failure), f"{why}; the last error: {failure}"), retryable=True)


def no_connection(error: Exception) -> UnavailableError:
    """Return what is told of a mistake of the host's. Its text is not: it may repeat a connection string, with a password."""
    return _unavailable(f"{NOWHERE}: a connection could not be had: {type(error).__name__}", retryable=False)


def incomplete(schema: str, what: str, place: str) -> UnavailableError:
    """Return what is told of a schema that cannot be used as it is. what: that is wrong, and what to do."""
    return _unavailable(f"{place}: schema {schema!r}: {what}", retryable=False)


def last_words(before: StatementError | None, now: StatementError) -> StatementError:
    """Return which of two failures says more: the later one, but the database's own words before a pool's, which only says that it has waited."""
    return before if before is not None and now.own and not before.own else now


def closed(place: str) -> UnavailableError:
    """Return what is told once the store was closed."""
    return _unavailable(f"{place}: this store was closed", retryable=False)


def _known(place: str, failure: StatementError) -> str:
    return failure.place if place == NOWHERE else place


def _unavailable(message: str, *, retryable: bool) -> UnavailableError:
    return UnavailableError(message, reason=Reason.STORE_UNAVAILABLE, retryable=retryable)
