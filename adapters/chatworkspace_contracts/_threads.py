"""Threads that begin at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import Barrier, Thread
from time import monotonic
from typing import Protocol, TypeVar

T = TypeVar("T")


class Threads(Protocol):
    """Runs calls at the same time. RealThreads is one; a simulation of time, or anything else that orders threads, is given as another."""

    rounds: int
    """How often a race is run."""

    def together(self, calls: Sequence[Callable[[], T]]) -> list[T]:
        """Return their results in order, or raise the first exception, after all have ended."""
        ...


class RealThreads(Threads):
    """Threads of the operating system, which meet at a barrier before they begin: the machine decides who is first.

    Safe from any thread; nothing is kept between calls.
    """

    def __init__(self, rounds: int = 200, *, limit: float = 120.0) -> None:
        """Race so often. limit: seconds after which threads that have not ended are given up, with TimeoutError."""
        self.rounds = rounds
        self._limit = limit

    def together(self, calls: Sequence[Callable[[], T]]) -> list[T]:
        """Start a thread for each."""
        barrier, results, errors = Barrier(len(calls)), dict[int, T](), dict[int, BaseException]()

        def run(number: int, call: Callable[[], T]) -> None:
            try:
                barrier.wait(self._limit)
                results[number] = call()
            except BaseException as error:  # noqa: BLE001 - raised again below, in the thread of the caller
                errors[number] = error

        threads = [Thread(target=run, args=it, daemon=True) for it in enumerate(calls)]
        for thread in threads:
            thread.start()
        over = monotonic() + self._limit
        for thread in threads:
            thread.join(max(over - monotonic(), 0.0))
        if errors:
            raise errors[min(errors)]
        if any(thread.is_alive() for thread in threads):
            raise TimeoutError(f"threads have not ended within {self._limit:g} s")
        return [results[number] for number in range(len(calls))]
