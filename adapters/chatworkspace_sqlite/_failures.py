"""What SQLite raises, and what becomes of it at the border.

Python 3.10 gives no error codes, so the texts tell: they have been the same since SQLite 3 began (sqlite3ErrStr in its source).
"""

from __future__ import annotations

import sqlite3

from chatworkspace import Reason, UnavailableError
from chatworkspace_sqlite._causes import Cause, cause_of, told

BUSY = ("locked", "locking protocol")
"""Another connection is at work: the same statement succeeds in a moment."""
DAMAGED = ("not a database", "malformed", "unsupported file format", "missing database")
"""No statement will succeed."""


def is_busy(error: BaseException) -> bool:
    """Tell whether to try again."""
    return isinstance(error, sqlite3.OperationalError) and _says(error, BUSY)


def is_damaged(error: BaseException) -> bool:
    """Tell whether the file is no database, or not any more."""
    return isinstance(error, sqlite3.DatabaseError) and _says(error, DAMAGED)


def unavailable(path: str, error: sqlite3.Error) -> UnavailableError:
    """Return what a caller of the store is told of what is more than busy."""
    return UnavailableError(told(cause_of(str(error)), path, str(error)), reason=Reason.STORE_UNAVAILABLE, retryable=not is_damaged(error))


def not_now(path: str, what: str, cause: Cause | None = None) -> UnavailableError:
    """Return what is told where the same call may succeed later. cause: None: it lies with this process, and there is nothing to do about it."""
    return UnavailableError(f"{path}: {what}" if cause is None else told(cause, path, what), reason=Reason.STORE_UNAVAILABLE)


def closed(path: str) -> UnavailableError:
    """Return what is told once the store was closed."""
    return UnavailableError(f"{path}: this store was closed", reason=Reason.STORE_UNAVAILABLE, retryable=False)


def _says(error: Exception, texts: tuple[str, ...]) -> bool:
    return any(text in str(error) for text in texts)
