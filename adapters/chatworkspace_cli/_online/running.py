"""One call under way: a thread makes it, and the main thread shows its progress and minds Ctrl-C.

Python hands Ctrl-C to the main thread, wherever that is. So it is never where the interruption could lose anything: in a request, or between a step
and the next.
"""

from __future__ import annotations

from collections.abc import Callable
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Generic, TypeVar

from chatworkspace import Progress
from chatworkspace.ports import SystemClock
from chatworkspace_cli._online.screens import Screen

T = TypeVar("T")
TICK = 0.2
"""Seconds between two drawings."""
GRACE = 3.0
"""Seconds that a request under way is given to end after Ctrl-C."""
ENDING = "ending the wait"


class LeftError(Exception):
    """Ctrl-C, and a request was still under way when the command ended."""


class Running(Generic[T]):
    """Makes one call. `tell` may be called by its thread."""

    def __init__(self, act: Callable[[], T]) -> None:
        self._act = act
        self._clock = SystemClock()
        self._thread = Thread(target=self._run, name="chatworkspace", daemon=True)
        self._news = SimpleQueue[Progress | str | None]()
        self._result: T | None = None
        self._error: BaseException | None = None

    def tell(self, step: Progress | str) -> None:
        """Have a step shown, or a line that says how far it is."""
        self._news.put(step)

    def _run(self) -> None:
        try:
            self._result = self._act()
        except BaseException as error:  # noqa: BLE001 # raised again in the main thread
            self._error = error
        finally:
            self._news.put(None)

    def end(self, screen: Screen, interrupt: Callable[[], object], *, grace: float | None = None, ending: str = ENDING) -> T:
        """Run to the end, and return or raise what the call did. LeftError: Ctrl-C, and it did not end in time, or Ctrl-C again.

        grace: seconds that it is given after Ctrl-C; None: as long as a request may take. ending: what it does then.
        """
        self._thread.start()
        began = self._clock.monotonic()
        try:
            self._watch(screen, began, None)
        except KeyboardInterrupt:
            self._interrupt(screen, began, interrupt, GRACE if grace is None else grace, ending)
        if self._error is not None:
            raise self._error
        return self._result  # type: ignore[return-value] # the call's own, whatever it is

    def _interrupt(self, screen: Screen, began: float, interrupt: Callable[[], object], grace: float, ending: str) -> None:
        try:
            interrupt()
            screen.say(f"interrupted: {ending} (Ctrl-C again: at once)")
            self._watch(screen, began, self._clock.monotonic() + grace)
        except KeyboardInterrupt:
            raise LeftError from None

    def _watch(self, screen: Screen, began: float, leave_at: float | None) -> None:
        """Show what is new until the call has ended. LeftError."""
        while True:
            try:
                step = self._news.get(timeout=TICK)
            except Empty:
                if not self._thread.is_alive():  # Ctrl-C came just as it ended
                    return
                screen.tick(self._clock.monotonic() - began)
            else:
                if step is None:
                    return
                screen.note(step) if isinstance(step, str) else screen.show(step)
            if leave_at is not None and self._clock.monotonic() >= leave_at:
                raise LeftError

    def wait(self, seconds: float) -> None:
        """Give a call that was left some time to end."""
        self._thread.join(seconds)
