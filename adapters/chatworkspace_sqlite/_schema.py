"""Whether a file is ours, and how it becomes of this version."""

from __future__ import annotations

import os
import sqlite3
from contextlib import suppress
from importlib.resources import files
from pathlib import Path

from chatworkspace import InvalidArgumentError
from chatworkspace_sqlite._mounts import network_type

APPLICATION = 0x63687773
"""`PRAGMA application_id` of our files: "chws"."""
OLDEST = (3, 8, 2)
"""The first SQLite that has partial indexes and tables without row ids."""
SCRIPTS = ("0001_first.sql", "0002_replacements.sql", "0003_growth.sql")
"""One for each version, applied in order. `PRAGMA user_version` is how many a file has had. A script that was released is never changed."""


def checked_path(path: object) -> str:
    """Return the path of a file, absolute, so that neither SQLite nor a change of directory gives it another meaning. InvalidArgumentError."""
    try:
        text = os.fspath(path)  # type: ignore[call-overload] # pyright: ignore[reportArgumentType, reportUnknownVariableType] # anything may come in
    except TypeError:
        text = None
    if not isinstance(text, str) or not text or "\0" in text:
        raise InvalidArgumentError("path", "the path of a file")
    if text == ":memory:":
        raise InvalidArgumentError("path", "the path of a file: what is in memory does not last (MemoryStore is for that)")
    if sqlite3.sqlite_version_info < OLDEST:
        raise InvalidArgumentError("path", f"SQLite {'.'.join(map(str, OLDEST))} or newer, to open {text}; Python has {sqlite3.sqlite_version}")
    return str(_checked_place(Path(text).absolute()))


def _checked_place(path: Path) -> Path:
    # Path.is_dir() raises where a directory above may not be read, which SQLite will say
    if os.path.isdir(path):  # noqa: PTH112
        raise InvalidArgumentError("path", f"a file; {path} is a directory")
    if not os.path.isdir(path.parent):  # noqa: PTH112
        raise InvalidArgumentError("path", f"a file in a directory that is there; {path.parent} is none")
    kind = network_type(str(path))
    if kind:
        raise InvalidArgumentError("path", f"a file on a disk of this host; {path} is in a network folder ({kind}), where its locks do not hold")
    return path


def make_private(path: str) -> None:
    """Make the file for its user alone, if it is not there: it holds a secret. SQLite gives its companions the same rights."""
    with suppress(OSError):  # there already; or SQLite will say why not
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))


def keep_private(path: str) -> None:
    """Take the rights of others from a store's file and its companions, where those are its user's own: an older version, or a hand, gave them."""
    if not hasattr(os, "geteuid"):
        return  # this system has other rights
    real = os.path.realpath(path)  # beside which SQLite keeps the companions
    for it in (real, f"{real}-wal", f"{real}-shm"):
        with suppress(OSError):  # not there
            found = os.stat(it)  # noqa: PTH116 # as its neighbours here
            if found.st_uid == os.geteuid() and found.st_mode & 0o077:
                os.chmod(it, found.st_mode & 0o700)  # noqa: PTH101 # as above


def checkpoint(connection: sqlite3.Connection) -> bool:
    """Write the log into the file, as far as its readers allow; return whether that was all: a plain copy of the file alone has it then."""
    busy, logged, written = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
    return not busy and logged == written


def prepare(connection: sqlite3.Connection, path: str) -> None:
    """Make a file ours and of this version; change nothing about one that is another's or newer. InvalidArgumentError. May be repeated."""
    check_ours(connection, path)
    _keep_log(connection, path)
    connection.execute("BEGIN IMMEDIATE")
    for number in range(_check(connection, path), len(SCRIPTS)):
        _apply(connection, number)
    connection.execute("COMMIT")
    checkpoint(connection)


def check_ours(connection: sqlite3.Connection, path: str) -> None:
    """See that a file is ours, or new, and not newer than this library. InvalidArgumentError."""
    connection.execute("BEGIN")  # all that is checked is of one moment: another process may be making the tables
    _check(connection, path)
    connection.execute("COMMIT")


def _check(connection: sqlite3.Connection, path: str) -> int:
    """Return how many scripts the file has had."""
    application, version = _pragma(connection, "application_id"), version_of(connection)
    fresh = application == version == 0 and connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone() is None
    if not fresh and application != APPLICATION:
        raise InvalidArgumentError("path", f"a database of chatworkspace, or a new file; {path} is a database of something else")
    if version > len(SCRIPTS):
        raise InvalidArgumentError("path", f"version {len(SCRIPTS)} or older; {path} has version {version}, of a newer chatworkspace")
    return version


def version_in(path: Path) -> int | None:
    """Return how many scripts a file has had, by its first bytes, without opening it as a database; None: it is none of ours. 0: it is not there."""
    try:
        with path.open("rb") as file:
            head = file.read(72)
    except FileNotFoundError:
        return 0
    except OSError:
        return None
    ours = head[:16] == b"SQLite format 3\0" and int.from_bytes(head[68:72], "big") == APPLICATION
    return int.from_bytes(head[60:64], "big") if ours else None


def version_of(connection: sqlite3.Connection) -> int:
    """Return how many scripts the file says that it has had."""
    return _pragma(connection, "user_version")


def _keep_log(connection: sqlite3.Connection, path: str) -> None:
    """Switch to a write-ahead log, with which readers and the writer do not wait for each other. It needs memory shared by all processes."""
    mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
    if mode != "wal":
        raise InvalidArgumentError("path", f"a file on a disk of this host; no write-ahead log can be kept beside {path}: is it in a network folder?")


def _apply(connection: sqlite3.Connection, number: int) -> None:
    script = files("chatworkspace_sqlite").joinpath(SCRIPTS[number]).read_text(encoding="utf-8")
    for statement in script.split(";\n"):
        connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {APPLICATION}")
    connection.execute(f"PRAGMA user_version = {number + 1}")


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    (value,) = connection.execute(f"PRAGMA {name}").fetchone()
    assert isinstance(value, int)
    return value
