"""No connection of SQLite may be open while a process forks.

SQLite keeps a table of the locks that its process holds on each file. A child inherits the table but not the locks: what it opens is not locked
at all, and when the parent closes the file it takes itself for the last, deletes the log, and the child's commits are lost
(sqlite.org/howtocorrupt.html, section 2.6; seen with SQLite 3.40). So connections are closed before a fork, and opened again when needed.
"""

from __future__ import annotations

import os
from threading import RLock
from typing import Protocol
from weakref import ref


class Forking(Protocol):
    """What has to be shut while its process forks."""

    def before_fork(self) -> None:
        """Close what is open, and keep it closed."""
        ...

    def after_fork(self) -> None:
        """Let it be opened again: in the parent, and in the child."""
        ...


_lock = RLock()
"""Held while this process forks. What is watched over is no part of it: the collector may end one, or a finalizer make one, at any instant."""
_open: dict[ref[Forking], None] = {}
_shut: list[Forking] = []


def watch_over(it: Forking) -> None:
    """Shut it whenever this process forks, for as long as it lives."""
    with _lock:
        _open[ref(it, _forget)] = None


def _forget(gone: ref[Forking]) -> None:
    _open.pop(gone, None)


def _before() -> None:
    _lock.acquire()
    for reference in list(_open):  # no tuple: while one is made the collector may run
        it = reference()
        if it is not None:
            _shut.append(it)
            it.before_fork()


def _after() -> None:
    while _shut:
        _shut.pop().after_fork()
    _lock.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before, after_in_parent=_after, after_in_child=_after)
