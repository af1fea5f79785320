"""Those of this process who wait for a chat's turn."""

from __future__ import annotations

import hashlib
from collections.abc import Generator
from contextlib import contextmanager
from threading import Lock

from chatworkspace.ports import Signal


def key_of(chat_id: str) -> str:
    """Return what a chat is called in a notification: short, whatever its id."""
    return hashlib.sha256(chat_id.encode()).hexdigest()[:32]


class Turns:
    """Signals by the chat's key. Safe from any thread; nobody waits under its lock."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._waiting: dict[str, list[Signal]] = {}

    @contextmanager
    def waiting(self, key: str, signal: Signal) -> Generator[None, None, None]:
        """Have the signal set when the chat's claim is given back meanwhile."""
        with self._lock:
            self._waiting.setdefault(key, []).append(signal)
        try:
            yield
        finally:
            self._leave(key, signal)

    def call(self, key: str) -> None:
        """Wake all who wait for the chat."""
        with self._lock:
            signals = tuple(self._waiting.get(key, ()))
        for signal in signals:
            signal.set()

    def call_all(self) -> None:
        """Wake everybody."""
        with self._lock:
            keys = tuple(self._waiting)
        for key in keys:
            self.call(key)

    def _leave(self, key: str, signal: Signal) -> None:
        with self._lock:
            signals = self._waiting[key]
            signals.remove(signal)
            if not signals:
                del self._waiting[key]
