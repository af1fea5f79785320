"""A copy of a file that is in use, of one moment."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from chatworkspace import InvalidArgumentError, Reason, UnavailableError
from chatworkspace_sqlite._failures import unavailable
from chatworkspace_sqlite._schema import check_ours, checked_path


def backup(path: str | os.PathLike[str], to: str | os.PathLike[str]) -> None:
    """Copy a store's file, which others may go on using, into a new file that its user alone may read. Changes nothing about the store.

    InvalidArgumentError: there is no such file, it is not ours, or the new one is there already. UnavailableError: it could not be read, or written.
    """
    source, target = checked_path(path), Path(to).absolute()
    if not Path(source).is_file():
        raise InvalidArgumentError("path", f"the file of a store; {source} is not there")
    try:
        os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except FileExistsError:
        raise InvalidArgumentError("file", f"a file that is not there yet; {target} is") from None
    except OSError as error:
        raise UnavailableError(f"{target}: {error.strerror}", reason=Reason.STORE_UNAVAILABLE, retryable=False) from error
    try:
        _copy(source, target)
    except BaseException as error:
        target.unlink(missing_ok=True)
        if isinstance(error, sqlite3.Error):
            raise unavailable(source, error) from error
        raise


def _copy(source: str, target: Path) -> None:
    with (
        closing(sqlite3.connect(f"{Path(source).as_uri()}?mode=rw", uri=True, isolation_level=None)) as reading,
        closing(sqlite3.connect(target, isolation_level=None)) as writing,
    ):
        check_ours(reading, source)
        reading.backup(writing)
