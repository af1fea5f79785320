"""What PostgreSQL says by its SQLSTATE, and what becomes of it at the border."""

from __future__ import annotations

import attrs

from chatworkspace import Reason, UnavailableError

PASSING = ("08", "25P04", "40", "53300", "55P03", "57014", "57P", "25006")
"""Gone in a moment, perhaps: connection lost, serialization failure or deadlock, no room for another connection, a lock, statement or transaction
timeout of the host's, a server that goes down or comes up, a primary that has become a standby."""
LASTING = ("0A", "22", "23", "28", "3D", "3F", "42")
"""The same statement will fail again until somebody acts."""
MISSING = ("3F000", "42501", "42703", "42P01")
"""No such schema, no right, no such column or table."""
READ_ONLY = "25006"
FULL = ("53100", "53200")
"""Of the disk, or of memory."""
CURES = {
    READ_ONLY: "the database is read-only: a standby, or made so; the store needs the primary",
    FULL[0]: "the database's disk is full",
    FULL[1]: "the database is out of memory",
}


@attrs.frozen(auto_exc=True)
class StatementError(Exception):
    """A statement failed, or its connection did. Never leaves this package."""

    message: str
    code: str = ""
    """SQLSTATE; empty: the connection was lost, or could not be had."""
    own: bool = False
    """Said by the pool or the host, not by the database."""

    def __str__(self) -> str:
        return f"{self.message} ({self.code})" if self.code else self.message

    @property
    def passing(self) -> bool:
        """The same statement may succeed in a moment. All of them are harmless to repeat."""
        return not self.code or self.code.startswith(PASSING)

    @property
    def lost(self) -> bool:
        """The connection is not to be used again, or leads to the wrong server."""
        return not self.code or self.code.startswith(("08", "25P04", "57P", READ_ONLY))


def unavailable(failure: StatementError, schema: str) -> UnavailableError:
    """Return what a caller of the store is told."""
    text = f"{CURES[failure.code]}: {failure}" if failure.code in CURES else str(failure)
    if failure.code in MISSING:
        text += f"; schema {schema!r} is not complete for this user: PostgresStore.check() and `chatworkspace db check` say what is missing"
    return UnavailableError(f"PostgreSQL: {text}", reason=Reason.STORE_UNAVAILABLE, retryable=not failure.code.startswith(LASTING))


def not_in_time(why: str, failure: StatementError | None) -> UnavailableError:
    """Return what is told at the limit. why: it came to its end."""
    text = why if failure is None else f"{why}; the last error: {failure}"
    return UnavailableError(f"PostgreSQL: {text}", reason=Reason.STORE_UNAVAILABLE)


def no_connection(error: Exception) -> UnavailableError:
    """Return what is told of a mistake of the host's. Its text is not: it may repeat a connection string, with a password."""
    what = f"PostgreSQL: a connection could not be had: {type(error).__name__}"
    return UnavailableError(what, reason=Reason.STORE_UNAVAILABLE, retryable=False)


def last_words(before: StatementError | None, now: StatementError) -> StatementError:
    """Return which of two failures says more: the later one, but the database's own words before a pool's, which only says that it has waited."""
    return before if before is not None and now.own and not before.own else now


def closed() -> UnavailableError:
    """Return what is told once the store was closed."""
    return UnavailableError("PostgreSQL: this store was closed", reason=Reason.STORE_UNAVAILABLE, retryable=False)
