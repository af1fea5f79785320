"""Many small tables in place of a large one, each under a lock of its own.

A thread that loses the interpreter while it holds a lock makes all that need the lock wait; each then gets it while another runs, and so they go on
queueing, one change of threads a step, long after the cause is gone. Over many locks such a queue dissolves as soon as it forms.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

T = TypeVar("T")

STRIPES = 64


class Stripes(Generic[T]):
    """As many T as there are stripes; a chat always has the same one."""

    __slots__ = ("_stripes",)

    def __init__(self, make: Callable[[], T]) -> None:
        self._stripes = tuple(make() for _ in range(STRIPES))

    def of(self, chat_id: str) -> T:
        """Return the chat's."""
        return self._stripes[hash(chat_id) % STRIPES]

    def __iter__(self) -> Iterator[T]:
        return iter(self._stripes)
