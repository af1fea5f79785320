"""Ports that end a rule which is to go no further, and note what may be made before it is asked for."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from threading import Event
from typing import Any

from chatworkspace import Workspace
from chatworkspace.ports import CreateWorkspace, SystemClock, Watch
from chatworkspace_contracts._cleaning import Cleaning


class LeftOff(BaseException):
    """Raised in a rule that is to go no further. Not an Exception: no rule takes it for an adapter's."""


class Leave:
    """Until when rules may go on. Safe from any thread."""

    def __init__(self, until: float) -> None:
        self._clock = SystemClock()
        self._until = until
        self._told = Event()

    @property
    def is_over(self) -> bool:
        """They may not, any more."""
        return self._told.is_set() or self._clock.monotonic() >= self._until

    def end(self) -> None:
        """Let them go no further."""
        self._told.set()

    def check(self) -> None:
        """Raise LeftOff if it is over."""
        if self.is_over:
            raise LeftOff

    def sleep(self, seconds: float) -> None:
        """Let time pass. LeftOff."""
        self.check()
        self._told.wait(max(min(seconds, self._until - self._clock.monotonic()), 0.0))
        self.check()


class GuardedClock(SystemClock):
    """The system's, on which nobody sleeps who is to go no further."""

    def __init__(self, leave: Leave) -> None:
        self._leave = leave

    def sleep(self, seconds: float) -> None:
        self._leave.sleep(seconds)


class Guarded:
    """A creator or a dialer, in the hands of one rule."""

    def __init__(self, port: object, leave: Leave, cleaning: Cleaning, mark: str) -> None:
        self._port = port
        self._leave = leave
        self._cleaning = cleaning
        self._mark = mark
        self._watches: list[Watch] = []

    def __getattr__(self, name: str) -> Any:
        method: Callable[..., Any] = getattr(self._port, name)

        def call(*arguments: Any, **more: Any) -> Any:
            self._leave.check()
            return method(*arguments, **more)

        return call

    def create_workspace(self, request: CreateWorkspace, *, deadline: float) -> Workspace:
        """Note its name first."""
        self._leave.check()
        return self._cleaning.make(request, self._mark, deadline)

    def watch(self, workspace: Workspace, *, deadline: float) -> Watch | None:
        """Keep it, to be closed."""
        watch: Watch | None = self.__getattr__("watch")(workspace, deadline=deadline)
        if watch is not None:
            self._watches.append(watch)
            if self._leave.is_over:
                watch.close()
        return watch

    def close(self) -> None:
        """Close the watches: whoever waits for one is told. Any thread."""
        for watch in self._watches.copy():
            with suppress(Exception):  # whatever it is: it is not needed any more
                watch.close()
