"""Those of this process who wait in a store for a chat's turn. How another process is noticed is the store's own affair."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from threading import Lock

from chatworkspace._ports.clock import Signal


class TurnSignals:
    """Signals of those who wait, by chat, or by what a store calls it. Safe from any thread; nobody waits under its lock."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._waiting: dict[str, list[Signal]] = {}

    @contextmanager
    def waiting(self, chat_id: str, signal: Signal) -> Generator[None, None, None]:
        """Have the signal set when the chat is called meanwhile: its claim was given back."""
        with self._lock:
            self._waiting.setdefault(chat_id, []).append(signal)
        try:
            yield
        finally:
            self._leave(chat_id, signal)

    def call(self, chat_id: str) -> None:
        """Wake all who wait for the chat."""
        with self._lock:
            signals = tuple(self._waiting.get(chat_id, ()))
        for signal in signals:
            signal.set()

    def call_all(self) -> None:
        """Wake everybody."""
        with self._lock:
            chat_ids = tuple(self._waiting)
        for chat_id in chat_ids:
            self.call(chat_id)

    def _leave(self, chat_id: str, signal: Signal) -> None:
        with self._lock:
            signals = self._waiting[chat_id]
            signals.remove(signal)
            if not signals:
                del self._waiting[chat_id]
