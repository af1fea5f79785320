"""Sockets that this process has from the one that it was forked from: whoever reads there reads the other's answers, too.

A pool that is opened before a fork lends such connections, though no store has ever seen it. A socket is known by its device and number, which no
other has while one of its holders lives. Where the system does not list what a process has open, nothing is known of it.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress

from chatworkspace import InvalidArgumentError

FOLDERS = ("/proc/{}/fd", "/dev/fd")
"""Where a system lists what a process has open: Linux, macOS."""
CURE = (
    "open the pool, or the connection, in each process after the fork (gunicorn's post_fork, say), or have `connect` make one when it is first called"
)

Identity = tuple[int, int]

_open: frozenset[Identity] = frozenset()
"""What this process, or its parent, had open when it last forked."""
_inherited: frozenset[Identity] = frozenset()


def refuse_inherited(socket: int) -> None:
    """Raise InvalidArgumentError for a socket that was open when this process was forked. -1: there is none."""
    if _inherited and socket >= 0 and _identity(socket) in _inherited:
        raise InvalidArgumentError("connect", f"a connection of this process: this one was opened before a fork, and is its parent's, too; {CURE}")


def is_forked() -> bool:
    """Tell whether this process has sockets of the one that it was forked from."""
    return bool(_inherited)


def _identity(file: int | str) -> Identity | None:
    """Return what a socket is known by, by its descriptor or its place in a list of them; None: it is none, or the system does not say."""
    with suppress(OSError):
        found = os.stat(file)  # noqa: PTH116 # also of a descriptor
        if stat.S_ISSOCK(found.st_mode) and found.st_ino:
            return found.st_dev, found.st_ino
    return None


def _sockets(process_id: int) -> frozenset[Identity]:
    """Return what a process has open, as far as that may be known."""
    for folder in FOLDERS:
        place = folder.format(process_id)
        if place == folder and process_id != os.getpid():
            continue  # it tells of this process alone
        with suppress(OSError):
            return frozenset(it for it in (_identity(f"{place}/{name}") for name in os.listdir(place)) if it)  # noqa: PTH208 # names alone
    return frozenset()


def _before() -> None:
    global _open  # noqa: PLW0603 # a fact about the process
    _open = _sockets(os.getpid())


def _in_child() -> None:
    """Note what is the parent's: not all that is open, for other hooks may have run before this one and have opened more."""
    global _inherited  # noqa: PLW0603 # a fact about the process
    _inherited = _sockets(os.getpid()) & (_open | _sockets(os.getppid()))


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before, after_in_child=_in_child)
    _in_child()  # imported by a child, behind its fork
