"""What is asked ahead, by threads of somebody else's: while one owner's workspaces are looked at, the next ones' are listed."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from typing import Generic, ParamSpec, Protocol, TypeVar

K = TypeVar("K")
T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
P = ParamSpec("P")

AHEAD = 8
"""How many are asked for at the same time, and kept: a platform has other things to do, and each takes room."""


class Asked(Protocol[T_co]):
    """What was asked, as a concurrent.futures.Future is."""

    def result(self) -> T_co:
        """Wait for the answer, or raise what asking raised."""
        ...

    def cancel(self) -> bool:
        """Do not begin, if that has not been begun."""
        ...


class Executor(Protocol):
    """Does things in threads of its own, as a concurrent.futures.Executor does."""

    def submit(self, act: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Asked[T]:
        """Have it done, some time."""
        ...


class Ahead(Generic[K, T]):
    """The answers to a row of questions, in their order. Used by one thread; the questions are asked by those of the executor, if there is one."""

    def __init__(self, ask: Callable[[K], T], executor: Executor | None) -> None:
        self._ask = ask
        self._executor = executor
        self._next: deque[K] = deque()
        self._asked: dict[K, Asked[T]] = {}

    def expect(self, keys: Iterable[K]) -> None:
        """Say what will be asked for next, behind what is expected already."""
        if self._executor is not None:
            self._next.extend(keys)

    def take(self, key: K) -> T:
        """Return the answer, or raise what asking raised."""
        executor = self._executor
        while executor is not None and self._next and len(self._asked) < AHEAD:
            ahead = self._next.popleft()
            self._asked[ahead] = executor.submit(self._ask, ahead)
        asked = self._asked.pop(key, None)
        return self._ask(key) if asked is None else asked.result()

    def give_up(self) -> None:
        """Ask nothing more. What is under way ends by its own limit, and nobody waits for it."""
        self._next.clear()
        for asked in self._asked.values():
            asked.cancel()
        self._asked.clear()
