"""Who takes part in a simulation, and how they end."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Iterable
from contextlib import suppress
from threading import Lock, Thread
from typing import Any

from chatworkspace_fake._simulation.hosts import Host


class ProcessKilled(BaseException):
    """Raised by every port call and every wait of a process that was killed. Not an Exception: no handler of the library may survive it."""


class WorldEnded(BaseException):
    """Raised in all threads of a simulation that has failed, so that they end."""


class StuckError(RuntimeError):
    """The simulation cannot go on; the message holds the stacks of all its threads."""


class Actor:
    """A thread of the simulation, or the test's own. Only one acts at a time; the others are parked on their lock."""

    __slots__ = ("call", "ended", "error", "host", "ident", "lock", "name", "result", "thread", "ticket", "waits_for")

    def __init__(self, name: str, call: Callable[[], Any] | None = None) -> None:
        self.name: str = name
        self.call: Callable[[], Any] | None = call
        self.lock: Lock = Lock()
        self.lock.acquire()
        self.thread: Thread | None = None
        self.ident: int = 0
        self.host: Host | None = None
        """The process whose port or clock it is in."""
        self.waits_for: str = ""
        """What it waits for, empty while it does not."""
        self.ticket: int = 0
        """Counts its waits: a deadline with an older ticket is void."""
        self.ended: bool = False
        self.result: Any = None
        self.error: BaseException | None = None

    def wake(self) -> None:
        """Let the parked thread go on. One that runs already is left alone."""
        with suppress(RuntimeError):
            self.lock.release()

    @property
    def said(self) -> str:
        """One line about it."""
        process = f" in process {self.host.name}" if self.host is not None else ""
        waits = f" waits for {self.waits_for}" if self.waits_for else ""
        return f"{self.name}{process}{waits or ' could go on'}"


def stacks(actors: Iterable[Actor], running: Actor) -> str:
    """Return what every actor is doing, as a traceback each."""
    frames = sys._current_frames()  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - the documented way to see another thread's stack
    told: list[str] = []
    for actor in actors:
        frame = frames.get(actor.ident)
        lines = "".join(traceback.format_stack(frame)) if frame is not None else "  (not begun)\n"
        told.append(f"{actor.name} runs" if actor is running and not actor.waits_for else actor.said)
        told.append(lines)
    return "\n".join(told)
