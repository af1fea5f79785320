"""One mutex per chat within a process: fair, built on the clock's signals, and gone when nobody uses it."""

from __future__ import annotations

from collections import deque
from threading import Lock
from typing import Protocol

from chatworkspace._stripes import Stripes
from chatworkspace.ports import Signal


class Waiting(Protocol):
    """A call that can wait, and be woken before its time."""

    def wait_for(self, signal: Signal, deadline: float | None) -> bool:
        """Block until the signal (True), the deadline, or the end of the call's patience (False)."""
        ...

    def signal(self) -> Signal:
        """Return a fresh signal to wait for."""
        ...


class _Table:
    """`lock` guards `queues`: a chat that somebody holds is a key, with a queue of waiters once there are any. Nothing blocks under the lock."""

    __slots__ = ("lock", "queues")

    def __init__(self) -> None:
        self.lock = Lock()
        self.queues: dict[str, deque[Signal] | None] = {}


class ChatMutex:
    """Excludes the threads of one process from each other, chat by chat, in the order of their coming.

    A released mutex is handed to its first waiter, so nobody can come between.
    """

    __slots__ = ("_tables",)

    def __init__(self) -> None:
        self._tables = Stripes(_Table)

    def __len__(self) -> int:
        return sum(len(table.queues) for table in self._tables)

    def acquire(self, chat_id: str, call: Waiting, deadline: float | None) -> bool:
        """Take the chat's mutex, waiting until the deadline at most; False: it is not held."""
        table = self._tables.of(chat_id)
        # Critical section: take it if it is free.
        with table.lock:
            if chat_id not in table.queues:
                table.queues[chat_id] = None
                return True
        return self._queue_up(table, chat_id, call, deadline)

    def _queue_up(self, table: _Table, chat_id: str, call: Waiting, deadline: float | None) -> bool:
        signal = call.signal()
        # Critical section: take it, or stand in line.
        with table.lock:
            if chat_id not in table.queues:
                table.queues[chat_id] = None
                return True
            queue = table.queues[chat_id]
            if queue is None:
                queue = table.queues[chat_id] = deque()
            queue.append(signal)
        try:
            served = call.wait_for(signal, deadline)
        except BaseException:
            if not self._give_up(table, chat_id, signal):
                self.release(chat_id)
            raise
        return served or not self._give_up(table, chat_id, signal)

    @staticmethod
    def _give_up(table: _Table, chat_id: str, signal: Signal) -> bool:
        """Leave the line; False when the mutex was handed over meanwhile."""
        # Critical section: leave the line if still in it.
        with table.lock:
            queue = table.queues.get(chat_id)
            if queue is None or signal not in queue:
                return False
            queue.remove(signal)
            return True

    def release(self, chat_id: str) -> None:
        """Give the chat's mutex to whoever has waited longest."""
        table = self._tables.of(chat_id)
        # Critical section: choose the next holder, or forget the chat.
        with table.lock:
            queue = table.queues[chat_id]
            if not queue:
                del table.queues[chat_id]
                return
            following = queue.popleft()
        following.set()
