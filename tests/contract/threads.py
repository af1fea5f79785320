"""Threads that begin at once: real ones, so that the machine decides who is first, or those of a simulation, so that chance does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import Barrier, Thread
from typing import Protocol, TypeVar

from chatworkspace_fake import Simulation

T = TypeVar("T")

REAL_ROUNDS = 200
"""How often they race, as the machine has it."""
ROUNDS = 50
"""How often they race in virtual time, where each round takes turns as it needs them."""
THREADS = 8
"""As many as race."""


class Threads(Protocol):
    """Runs calls at the same time."""

    rounds: int
    """How often a race is run."""

    def together(self, calls: Sequence[Callable[[], T]]) -> list[T]:
        """Return their results in order, or raise the first exception, after all have ended."""
        ...


class RealThreads(Threads):
    """Threads of the operating system, which meet at a barrier before they begin."""

    def __init__(self, rounds: int = REAL_ROUNDS) -> None:
        self.rounds = rounds

    def together(self, calls: Sequence[Callable[[], T]]) -> list[T]:
        """Start a thread for each."""
        barrier, results, errors = Barrier(len(calls)), dict[int, T](), dict[int, BaseException]()

        def run(number: int, call: Callable[[], T]) -> None:
            try:
                barrier.wait()
                results[number] = call()
            except BaseException as error:  # noqa: BLE001 - raised again below, in the thread of the test
                errors[number] = error

        threads = [Thread(target=run, args=it) for it in enumerate(calls)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if errors:
            raise errors[min(errors)]
        return [results[number] for number in range(len(calls))]


class VirtualThreads(Threads):
    """Threads of a simulation: one at a time, who is next comes from its seed."""

    def __init__(self, simulation: Simulation, rounds: int = ROUNDS) -> None:
        self.rounds = rounds
        self._simulation = simulation

    def together(self, calls: Sequence[Callable[[], T]]) -> list[T]:
        """Let chance order them."""
        return self._simulation.run(*calls)
