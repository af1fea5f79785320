"""A copy of a store's schema, by PostgreSQL's own program for that."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from psycopg import pq

from chatworkspace import InvalidArgumentError, Reason, UnavailableError
from chatworkspace_postgres._dsn import connect_by, version_at

PROGRAM = "pg_dump"


def backup(dsn: str, to: str | os.PathLike[str], *, schema: str = "chatworkspace") -> None:
    """Write the schema, of one moment, into a new file that its user alone may read, as psql takes it. Nobody is kept from the store meanwhile.

    InvalidArgumentError: the DSN is none, or the file is there already. UnavailableError: the schema is not complete, there is no pg_dump, or it
    failed.
    """
    target = Path(to).absolute()
    environment = {**os.environ, **_variables(dsn)}
    version_at(dsn, schema)
    program = shutil.which(PROGRAM)
    if program is None:
        raise _unavailable(f"{PROGRAM}, of PostgreSQL's client programs, is not in the PATH: install them")
    try:
        os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except FileExistsError:
        raise InvalidArgumentError("file", f"a file that is not there yet; {target} is") from None
    except OSError as error:
        raise _unavailable(f"{target}: {error.strerror}") from error
    try:
        _dump(program, environment, schema, target)
    except BaseException:
        target.unlink(missing_ok=True)
        raise


def _dump(program: str, environment: dict[str, str], schema: str, target: Path) -> None:
    words = [program, "--no-password", f"--schema={schema}", f"--file={target}"]
    done = subprocess.run(words, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", check=False)  # noqa: S603 # no shell, and our own words
    if done.returncode:
        raise _unavailable(f"{PROGRAM} failed: {done.stderr.strip() or done.returncode}")


def _variables(dsn: str) -> dict[str, str]:
    """Return a DSN as libpq reads it from the environment: the words of a command can be read by everybody on the machine."""
    connect_by(dsn)
    options = pq.Conninfo.parse(dsn.encode())
    return {it.envvar.decode(): it.val.decode() for it in options if it.envvar and it.val}


def _unavailable(what: str) -> UnavailableError:
    return UnavailableError(f"PostgreSQL: {what}", reason=Reason.STORE_UNAVAILABLE, retryable=False)
