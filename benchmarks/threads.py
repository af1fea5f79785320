"""Threads that share a piece of work."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable


def in_threads(count: int, work: Callable[[int], object], numbers: Iterable[int]) -> None:
    """Do work(number) for each number, in so many threads; the first failure is raised."""
    left, failed = iter(tuple(numbers)), list[BaseException]()  # each takes the next from one iterator: a single step of the interpreter

    def run() -> None:
        try:
            for number in left:
                work(number)
        except BaseException as error:  # noqa: BLE001 # raised below
            failed.append(error)

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]
