"""Files that hold after a crash and are nobody else's: written whole, read within limits, locked for a moment."""

from __future__ import annotations

import json
import os
import select
import stat
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from typing import BinaryIO

if sys.platform != "win32":
    import fcntl

PRIVATE_FILE = 0o600
PRIVATE_FOLDER = 0o700
MOST_OF_RECORD = 4 * 1024 * 1024
"""Bytes of a record; one of a workspace has some kilobytes."""
OTHERS_MAY_WRITE = 0o022
CHUNK = 65536
_STANDARD = 2
FLOOR, CEILING = 0.005, 0.05
"""Seconds between two attempts to lock."""


class OddFileError(Exception):
    """A file is not what it should be. The message is a sentence without its subject."""


class LockedError(Exception):
    """Somebody else holds the lock, up to the deadline."""


def make_folder(path: str) -> bool:
    """Make a folder for us alone, whatever the umask; return whether it was made now."""
    try:
        os.mkdir(path, PRIVATE_FOLDER)
    except FileExistsError:
        return False
    os.chmod(path, PRIVATE_FOLDER)
    return True


def check_folder(path: str) -> None:
    """See that a folder is one, ours, and nobody else's to write. OddFileError."""
    found = os.lstat(path)
    if not stat.S_ISDIR(found.st_mode):
        raise OddFileError("is not a folder")
    if found.st_uid != os.geteuid():
        raise OddFileError("belongs to another user")
    if stat.S_IMODE(found.st_mode) & OTHERS_MAY_WRITE:
        raise OddFileError("can be written by other users")


def own_folder(path: str) -> None:
    """Make a folder, or see that the one that is there is ours. OddFileError, OSError."""
    if not make_folder(path):
        check_folder(path)


def open_regular(path: str) -> int:
    """Open a plain file to be read: no link is followed, and nothing that would block is waited for. OddFileError, OSError."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if os.path.islink(path):
            raise OddFileError("is a link") from error
        raise
    if not stat.S_ISREG(os.fstat(file).st_mode):
        os.close(file)
        raise OddFileError("is not a plain file")
    return file


def read_file(path: str, most: int) -> bytes:
    """Return what is in a plain file of at most so many bytes. OddFileError, OSError."""
    with open(open_regular(path), "rb") as file:
        found = file.read(most + 1)
    if len(found) > most:
        raise OddFileError(f"has more than {most:,} bytes")
    return found


def read_json(path: str) -> object:
    """Return what a record says. OddFileError: it is damaged. OSError."""
    try:
        found: object = json.loads(read_file(path, MOST_OF_RECORD))
    except (ValueError, RecursionError):
        raise OddFileError("is damaged: it is not JSON") from None
    return found


def write_json(path: str, value: object, *, sync: bool = True) -> None:
    """Write a record whole or not at all. sync: see it on the disk before going on. OSError: nothing is left of it."""
    with whole_file(path, f"{path}.{os.getpid()}-{os.urandom(6).hex()}.tmp", PRIVATE_FILE) as file:
        file.write(json.dumps(value).encode())
        if sync:
            file.flush()
            os.fsync(file.fileno())
    if sync:
        sync_folder(os.path.dirname(path))


@contextmanager
def whole_file(path: str, half: str, mode: int) -> Generator[BinaryIO, None, None]:
    """Give a file to write, which takes its place at a path once it is whole. OSError.

    half: where it is until then, on the same disk. What somebody has left there who was killed is removed.
    """
    with suppress(FileNotFoundError):
        os.unlink(half)
    try:
        with open(_new(half, mode), "wb") as written:
            yield written
        os.replace(half, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(half)
        raise


def forget_halves(path: str) -> None:
    """Remove what writers of a record have left that were killed. Nobody else may write it meanwhile."""
    folder, name = os.path.split(path)
    for it in os.listdir(folder):
        if it.startswith(f"{name}.") and it.endswith(".tmp"):
            os.unlink(f"{folder}/{it}")


def _new(path: str, mode: int) -> int:
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, mode)
    os.fchmod(file, mode)
    return file


def sync_folder(path: str) -> None:
    """See the names in a folder on the disk."""
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def read_line(file: int, patience: float) -> bytes:
    """Read a line of a pipe, or what there is of it when its writer ends or takes longer. patience: seconds."""
    line, over = b"", time.monotonic() + patience
    while not line.endswith(b"\n"):
        ready, _, _ = select.select([file], [], [], max(over - time.monotonic(), 0.0))
        more = os.read(file, CHUNK) if ready else b""
        if not more:
            break
        line += more
    return line


_locks: set[int] = set()
"""Open files of this process's locks. A child of fork() is to keep none of them: a lock stands while any copy of its file is open."""


def _let_go() -> None:
    for file in _locks:
        os.close(file)
    _locks.clear()


if sys.platform != "win32":
    os.register_at_fork(after_in_child=_let_go)


@contextmanager
def lock_file(path: str) -> Generator[int, None, None]:
    """Open a file to be locked, made where it is not there. A lock ends with the last copy of the file: it may be handed to a program."""
    file = _above_standard(os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, PRIVATE_FILE))
    _locks.add(file)
    try:
        yield file
    finally:
        _locks.discard(file)
        os.close(file)


def _above_standard(file: int) -> int:
    """Return a file whose number is not that of a standard one, which a host may have closed, and a program gets anew."""
    if file > _STANDARD:
        return file
    try:
        return fcntl.fcntl(file, fcntl.F_DUPFD_CLOEXEC, _STANDARD + 1)
    finally:
        os.close(file)


def try_lock(file: int, *, shared: bool = False) -> bool:
    """Lock an open file or folder, if nobody else has; return whether it is locked."""
    try:
        fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def locked(path: str, deadline: float) -> Generator[None, None, None]:
    """Hold the lock of that path; deadline: an instant of time.monotonic(). LockedError.

    The file may be removed by whoever holds the lock: one that is not at its path any more is let go, and the new one is locked.
    """
    pause = FLOOR
    while True:
        with lock_file(path) as file:
            if try_lock(file):
                if not _is_at(path, file):
                    continue
                try:
                    yield
                    return
                finally:
                    fcntl.flock(file, fcntl.LOCK_UN)  # whoever has a copy of the file at this moment
        if time.monotonic() >= deadline:
            raise LockedError
        time.sleep(pause)
        pause = min(2 * pause, CEILING)


@contextmanager
def shared(path: str) -> Generator[bool, None, None]:
    """Give whether nobody holds the lock of that path, and keep it so while inside. OSError."""
    with lock_file(path) as file:
        yield try_lock(file, shared=True) and _is_at(path, file)


def _is_at(path: str, file: int) -> bool:
    with suppress(FileNotFoundError):
        return os.path.samestat(os.fstat(file), os.stat(path, follow_symlinks=False))
    return False
