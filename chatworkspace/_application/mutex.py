"""One mutex per chat within a process: fair, built on the clock's signals, and gone when nobody uses it."""

from __future__ import annotations

from collections.abc import Container
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

    def refuse_within(self, other: object | None) -> None:
        """Raise BusyError if this call is made from within that one, and so can never wait for its end."""
        ...


class _Line(list[Signal]):
    """Those who wait for a chat, and the call that holds it; None for a moment, while it passes on."""

    __slots__ = ("holder",)
    holder: Waiting | None


MASK = 63
"""64 locks: a power of two, so that a chat's is found quickly."""


class ChatMutex:
    """Excludes the threads of one process from each other, chat by chat, in the order of their coming.

    A chat that somebody holds stands in `_held`, with the queue of those who wait. A released mutex is handed to its first waiter, so nobody can come
    between. Each of `_locks` guards the queues of its share of the chats; nobody blocks under it. They are many because a thread that loses the
    interpreter while it holds a lock makes all others queue for that lock.
    """

    __slots__ = ("_held", "_locks", "held")

    def __init__(self) -> None:
        self._held: dict[str, _Line] = {}
        self.held: Container[str] = self._held
        """The chats that somebody holds."""
        self._locks = tuple(Lock() for _ in range(MASK + 1))

    def __len__(self) -> int:
        return len(self._held)

    def waiting(self, chat_id: str) -> int:
        """Return how many stand in line for a chat."""
        return len(self._held.get(chat_id, ()))

    def acquire(self, chat_id: str, call: Waiting, deadline: float | None) -> bool:
        """Take the chat's mutex, waiting until the deadline at most; False: it is not held. BusyError: a call around this one holds it."""
        mine = _Line()
        mine.holder = call
        while True:
            queue = self._held.setdefault(chat_id, mine)  # one step of the dict: whoever comes first holds it
            if queue is mine:
                return True
            call.refuse_within(queue.holder)
            signal = call.signal()
            # Critical section: stand in line, unless the holder has just left.
            with self._locks[hash(chat_id) & MASK]:
                if self._held.get(chat_id) is queue:
                    queue.append(signal)
                    break
        return self._served(queue, chat_id, signal, call, deadline)

    def _served(self, queue: _Line, chat_id: str, signal: Signal, call: Waiting, deadline: float | None) -> bool:
        try:
            served = call.wait_for(signal, deadline)
        except BaseException:
            if not self._give_up(queue, chat_id, signal):
                self.release(chat_id)
            raise
        if not served and self._give_up(queue, chat_id, signal):
            return False
        queue.holder = call
        return True

    def _give_up(self, queue: _Line, chat_id: str, signal: Signal) -> bool:
        """Leave the line; False when the mutex was handed over meanwhile."""
        # Critical section: leave the line if still in it.
        with self._locks[hash(chat_id) & MASK]:
            if signal not in queue:
                return False
            queue.remove(signal)
            return True

    def release(self, chat_id: str) -> None:
        """Give the chat's mutex to whoever has waited longest."""
        # Critical section: choose the next holder, or forget the chat.
        with self._locks[hash(chat_id) & MASK]:
            queue = self._held[chat_id]
            if not queue:
                del self._held[chat_id]
                return
            queue.holder = None
            following = queue.pop(0)
        following.set()
