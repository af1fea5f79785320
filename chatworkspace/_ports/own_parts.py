"""What each process of a forking server has for itself."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar


class Closes(Protocol):
    """What has an end."""

    def close(self) -> None:
        """Give back what it holds. Idempotent."""
        ...


T = TypeVar("T", bound=Closes)


class OwnParts(Generic[T]):
    """Connections, threads and signals, made by each process when it first needs them: a child of fork() can use none of its parent's.

    Those of a parent are kept, unused, for closing or collecting them here might reach its connections. Safe from any thread.
    """

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._by_process: dict[int, T] = {}
        self._closed = False

    @property
    def closed(self) -> bool:
        """It was closed, here or by a parent before the fork."""
        return self._closed

    def here(self) -> T:
        """Return this process's own. Once it was closed, they are closed."""
        process_id = os.getpid()
        parts = self._by_process.get(process_id)
        if parts is None:
            parts = self._by_process.setdefault(process_id, self._make())
            if self._closed:
                parts.close()
        return parts

    def close(self) -> None:
        """Close this process's own. Idempotent."""
        self._closed = True
        self.here().close()
