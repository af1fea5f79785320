"""One mutex per chat within a process: fair, built on the clock's signals, and gone when nobody uses it."""

from __future__ import annotations

from collections import deque
from threading import Lock
from typing import Protocol

from chatworkspace.ports import Signal


class Waiting(Protocol):
    """A call that can wait, and be woken before its time."""

    def wait_for(self, signal: Signal, deadline: float | None) -> bool:
        """Block until the signal (True), the deadline, or the end of the call's patience (False)."""
        ...

    def signal(self) -> Signal:
        """Return a fresh signal to wait for."""
        ...


class _Holding:
    """A chat's mutex while somebody holds it. `lock` guards the rest; nobody blocks under it."""

    __slots__ = ("lock", "over", "queue")

    def __init__(self) -> None:
        self.lock = Lock()
        self.queue: deque[Signal] = deque()
        self.over = False
        """Nobody holds it any more, and it stands in no table."""


class ChatMutex:
    """Excludes the threads of one process from each other, chat by chat, in the order of their coming.

    A released mutex is handed to its first waiter, so nobody can come between. Threads with different chats meet at no lock: the table is only ever
    changed in single steps of a dict, and a thread that lost the interpreter while it held a common lock would make all others queue.
    """

    __slots__ = ("_held",)

    def __init__(self) -> None:
        self._held: dict[str, _Holding] = {}

    def __len__(self) -> int:
        return len(self._held)

    def waiting(self, chat_id: str) -> int:
        """Return how many stand in line for a chat."""
        holding = self._held.get(chat_id)
        return 0 if holding is None else len(holding.queue)

    def acquire(self, chat_id: str, call: Waiting, deadline: float | None) -> bool:
        """Take the chat's mutex, waiting until the deadline at most; False: it is not held."""
        mine = _Holding()
        while True:
            holding = self._held.setdefault(chat_id, mine)
            if holding is mine:
                return True
            signal = call.signal()
            # Critical section: stand in line, unless it is over.
            with holding.lock:
                if not holding.over:
                    holding.queue.append(signal)
                    break
        return self._served(holding, chat_id, signal, call, deadline)

    def _served(self, holding: _Holding, chat_id: str, signal: Signal, call: Waiting, deadline: float | None) -> bool:
        try:
            served = call.wait_for(signal, deadline)
        except BaseException:
            if not self._give_up(holding, signal):
                self.release(chat_id)
            raise
        return served or not self._give_up(holding, signal)

    @staticmethod
    def _give_up(holding: _Holding, signal: Signal) -> bool:
        """Leave the line; False when the mutex was handed over meanwhile."""
        # Critical section: leave the line if still in it.
        with holding.lock:
            if signal not in holding.queue:
                return False
            holding.queue.remove(signal)
            return True

    def release(self, chat_id: str) -> None:
        """Give the chat's mutex to whoever has waited longest."""
        holding = self._held[chat_id]
        # Critical section: choose the next holder, or forget the chat.
        with holding.lock:
            if not holding.queue:
                holding.over = True
                del self._held[chat_id]
                return
            following = holding.queue.popleft()
        following.set()
