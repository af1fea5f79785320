"""Those of this process who wait in a store for a chat's turn. How another process is noticed is the store's own affair."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

import attrs

from chatworkspace._ports.clock import Signal


@attrs.frozen(eq=False)
class _Seat:
    chat_id: str
    signal: Signal


class TurnSignals:
    """Signals of those who wait, by chat, or by what a store calls it. Safe from any thread.

    There is no lock: whoever is ended by the collector leaves, wherever it runs. Each step on the table is one that nothing comes between.
    """

    def __init__(self) -> None:
        self._waiting: dict[_Seat, None] = {}

    @contextmanager
    def waiting(self, chat_id: str, signal: Signal) -> Generator[None, None, None]:
        """Have the signal set when the chat is called meanwhile: its claim was given back."""
        seat = _Seat(chat_id, signal)
        self._waiting[seat] = None
        try:
            yield
        finally:
            self._waiting.pop(seat, None)

    def call(self, chat_id: str) -> None:
        """Wake all who wait for the chat."""
        for seat in list(self._waiting):  # no tuple: while one is made the collector may run
            if seat.chat_id == chat_id:
                seat.signal.set()

    def call_all(self) -> None:
        """Wake everybody."""
        for seat in list(self._waiting):
            seat.signal.set()
