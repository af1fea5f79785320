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


class ChatMutex:
    """Excludes the threads of one process from each other, chat by chat, in the order of their coming.

    `_lock` guards `_queues`: a chat that somebody holds is a key, with a queue of waiters once there are any. Nothing blocks under the lock.
    A released mutex is handed to its first waiter, so nobody can come between.
    """

    __slots__ = ("_lock", "_queues")

    def __init__(self) -> None:
        self._lock = Lock()
        self._queues: dict[str, deque[Signal] | None] = {}

    def __len__(self) -> int:
        return len(self._queues)

    def acquire(self, chat_id: str, call: Waiting, deadline: float | None) -> bool:
        """Take the chat's mutex, waiting until the deadline at most; False: it is not held."""
        # Critical section: take it if it is free.
        with self._lock:
            if chat_id not in self._queues:
                self._queues[chat_id] = None
                return True
        return self._queue_up(chat_id, call, deadline)

    def _queue_up(self, chat_id: str, call: Waiting, deadline: float | None) -> bool:
        signal = call.signal()
        # Critical section: take it, or stand in line.
        with self._lock:
            if chat_id not in self._queues:
                self._queues[chat_id] = None
                return True
            queue = self._queues[chat_id]
            if queue is None:
                queue = self._queues[chat_id] = deque()
            queue.append(signal)
        try:
            served = call.wait_for(signal, deadline)
        except BaseException:
            if not self._give_up(chat_id, signal):
                self.release(chat_id)
            raise
        return served or not self._give_up(chat_id, signal)

    def _give_up(self, chat_id: str, signal: Signal) -> bool:
        """Leave the line; False when the mutex was handed over meanwhile."""
        # Critical section: leave the line if still in it.
        with self._lock:
            queue = self._queues.get(chat_id)
            if queue is None or signal not in queue:
                return False
            queue.remove(signal)
            return True

    def release(self, chat_id: str) -> None:
        """Give the chat's mutex to whoever has waited longest."""
        # Critical section: choose the next holder, or forget the chat.
        with self._lock:
            queue = self._queues[chat_id]
            if not queue:
                del self._queues[chat_id]
                return
            following = queue.popleft()
        following.set()
