"""A child of fork() begins anew: connections, streams and the watchdog are its parent's, and a thread that it lacks may hold a lock."""

from __future__ import annotations

import os
from typing import Protocol
from weakref import WeakSet


class Anew(Protocol):
    """What a child cannot share with its parent."""

    def begin_anew(self) -> None:
        """Forget what is the parent's, and touch nothing of it: a stream that is shut down here ends there, too."""
        ...


_all: WeakSet[Anew] = WeakSet()


def begins_anew(it: Anew) -> None:
    """Let it begin anew in each child, for as long as it lives."""
    _all.add(it)


def _in_child() -> None:
    for it in tuple(_all):
        it.begin_anew()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_child)
