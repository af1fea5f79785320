"""The clock of a simulation, as one of its processes sees it."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from random import Random

from chatworkspace.ports import Clock
from chatworkspace_fake._arguments import check_number
from chatworkspace_fake._simulation.actors import Actor
from chatworkspace_fake._simulation.hosts import Host
from chatworkspace_fake._simulation.scheduler import Scheduler

EPOCH = datetime(2030, 1, 1, tzinfo=timezone.utc)
"""When every simulation begins."""


class VirtualSignal:
    """Set once, waited for by one thread."""

    __slots__ = ("_host", "_scheduler", "_set", "_waiter")

    def __init__(self, scheduler: Scheduler, host: Host | None) -> None:
        self._scheduler = scheduler
        self._host = host
        self._set = False
        self._waiter: Actor | None = None

    def set(self) -> None:
        self._set = True
        if self._waiter is not None:
            self._scheduler.rouse(self._waiter)

    def wait(self, deadline: float | None) -> bool:
        scheduler = self._scheduler
        actor, began = scheduler.me(), scheduler.time.now
        outer, actor.host = actor.host, self._host or actor.host
        try:
            if self._set:
                scheduler.point(actor)
            else:
                assert self._waiter is None, "a signal is waited for by one thread"
                self._waiter = actor
                scheduler.wait(actor, deadline, "a signal" if deadline is None else f"a signal until {deadline:g}")
            scheduler.note("wait", actor.host, "set" if self._set else "deadline", began)
        finally:
            self._waiter = None
            actor.host = outer
        return self._set


class VirtualClock(Clock):
    """Virtual time, and chance from a seed. A process's own view of it ends with the process, and shows the time of day that its host believes in."""

    def __init__(self, scheduler: Scheduler, chance: Random, host: Host | None) -> None:
        self._scheduler = scheduler
        self._chance = chance
        self._host = host

    def now(self) -> datetime:
        """Time of day, aware, UTC: a fixed day plus the time that has passed, plus the error of this host's clock."""
        shift = 0.0 if self._host is None else self._host.shift
        return EPOCH + timedelta(seconds=self._scheduler.time.now + shift)

    def monotonic(self) -> float:
        """Virtual seconds since the simulation began. Whole seconds and binary fractions add up exactly."""
        return self._scheduler.time.now

    def signal(self) -> VirtualSignal:
        """Return a fresh signal; waiting for it lets the others go on."""
        return VirtualSignal(self._scheduler, self._host)

    def sleep(self, seconds: float) -> None:
        """Let the others go on, and time pass; none passes for less than 0 seconds, as with the real clock. InvalidArgumentError."""
        check_number("seconds", seconds, "a number of seconds")
        scheduler = self._scheduler
        actor, began = scheduler.me(), scheduler.time.now
        outer, actor.host = actor.host, self._host or actor.host
        try:
            scheduler.wait(actor, began + seconds, f"the end of a sleep of {seconds:g} s")
            scheduler.note("sleep", actor.host, "", began)
        finally:
            actor.host = outer

    def random(self) -> float:
        """In [0, 1), from the seed."""
        return self._chance.random()

    def token(self) -> str:
        """32 hex digits, from the seed. Of a process: behind its name, as ports.holder_of() reads it."""
        drawn = f"{self._chance.getrandbits(128):032x}"
        return drawn if self._host is None else f"{self._host.name}:{drawn}"
