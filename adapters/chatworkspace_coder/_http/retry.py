"""Asking again: full jitter, what the server asks for, and never beyond the deadline. The one module that uses `backoff`."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from typing import Any, TypeVar

with warnings.catch_warnings():
    # backoff 2.2 asks asyncio.iscoroutinefunction, which Python 3.14 deprecates, of every function that it decorates
    warnings.simplefilter("ignore", DeprecationWarning)
    import backoff

T = TypeVar("T")

FLOOR = 0.1
"""Seconds between two attempts, at least."""
FIRST = 0.2
MOST = 5.0
"""Seconds: the window of chance doubles from the one to the other. A quarter of it passes for certain: at most 10 attempts are made in 3 s."""
ATTEMPTS = 100
"""More than there is time for, but where nobody waits in between."""


class AgainError(Exception):
    """An attempt failed in a way that may pass."""

    def __init__(self, failure: Exception, *, retry_after: float | None = None) -> None:
        super().__init__()
        self.failure = failure
        """What is raised if there is no other attempt."""
        self.retry_after = retry_after
        """Seconds that the server asks for."""
        self.wait: float | None = None


class _Attempts:
    """One read with its attempts."""

    def __init__(self, attempt: Callable[[], Any], deadline: float, wait: Callable[[float], object]) -> None:
        self._attempt = attempt
        self._deadline = deadline
        self.wait = wait
        self._window = FIRST
        self._real: Exception | None = None

    def once(self) -> Any:
        try:
            return self._attempt()
        except AgainError as again:
            self._plan(again)
            raise

    def _plan(self, again: AgainError) -> None:
        """Say how long to wait, or nothing where the deadline would pass meanwhile."""
        wait = max(FLOOR, self._window / 4, backoff.full_jitter(self._window)) + (again.retry_after or 0.0)
        self._window = min(self._window * 2, MOST)
        if self._real is not None and _is_overdue(again.failure):
            again.failure = self._real  # that time ran out says less than why it did
        self._real = again.failure
        again.wait = wait if time.monotonic() + wait < self._deadline else None


def _is_overdue(failure: Exception) -> bool:
    return getattr(failure, "overdue", False)


def _wait(details: Any) -> None:
    """Wait ourselves: nothing ends a sleep of the library's early."""
    attempts: _Attempts = details["args"][0]
    again: AgainError = details["exception"]
    assert again.wait is not None, "given up before"
    attempts.wait(again.wait)


def _nothing(again: AgainError) -> float:
    """Let the library itself not sleep."""
    del again
    return 0.0


def _decorated() -> Callable[[_Attempts], Any]:
    def once(attempts: _Attempts) -> Any:
        return attempts.once()

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return backoff.on_exception(
            backoff.runtime,
            AgainError,
            value=_nothing,
            jitter=None,
            on_backoff=_wait,
            max_tries=ATTEMPTS,
            giveup=lambda again: getattr(again, "wait", None) is None,
            logger=None,
        )(once)


_patiently = _decorated()


def retried(attempt: Callable[[], T], deadline: float, wait: Callable[[float], object] = time.sleep) -> T:
    """Return what the attempt returns; whenever it raises AgainError it is made again, until the deadline. Then its failure is raised.

    wait: lets so many seconds pass. It may return early, if another attempt will say why.
    """
    failure: Exception
    try:
        result: T = _patiently(_Attempts(attempt, deadline, wait))
    except AgainError as again:
        failure = again.failure
    else:
        return result
    raise failure
