"""A small world in virtual time."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from inspect import signature
from random import Random
from typing import Any, TypeVar
from uuid import UUID

from chatworkspace import Chat, ChatWorkspaces, InvalidArgumentError, Timeouts
from chatworkspace.ports import Clock
from chatworkspace_fake._arguments import check_function, check_instance, check_seconds, check_text, check_whole
from chatworkspace_fake._platform.coder import FakeCoder
from chatworkspace_fake._platform.states import ORGANIZATION, OWNER
from chatworkspace_fake._platform.store import FakeStore
from chatworkspace_fake._simulation.clocks import VirtualClock
from chatworkspace_fake._simulation.processes import Process as Process
from chatworkspace_fake._simulation.registry import registry
from chatworkspace_fake._simulation.scheduler import Scheduler

T = TypeVar("T")

_STREAMS = 4
"""Kinds of chance, each with numbers of its own, so that drawing from one does not change the others."""


class Simulation(VirtualClock):
    """A small world in virtual time: a Coder, a store, and processes over both. One thread runs at a time; who is next comes from the seed.

    Another thread may go on at every port call (before it and after it), sleep and wait for a signal; when all wait, time jumps. The same seed gives
    the same story, on every interpreter. Outside run() the test's own thread just lets time pass. A thread that blocks on anything but this clock is
    reported with its stack (StuckError), and so is a world in which all wait and nothing is to come.
    """

    def __init__(
        self,
        seed: int = 0,
        *,
        timeouts: Timeouts | None = None,
        store: Callable[[Clock], Any] | None = None,
        coder: Callable[[Clock], Any] | None = None,
        **service: Any,
    ) -> None:
        """seed: any whole number. store, coder: make others, given this clock, in place of the fakes.

        Extra keywords go to ChatWorkspaces (on_progress=, ...). InvalidArgumentError.
        """
        check_whole("seed", seed)
        super().__init__(Scheduler(seed * _STREAMS), Random(seed * _STREAMS + 1), None)  # noqa: S311 - chance that is the same every time
        self.seed: int = seed
        self._uuids = Random(seed * _STREAMS + 2)  # noqa: S311 - as above
        self._service = {"timeouts": _timeouts(timeouts), **_known(service)}
        self._processes: list[Process] = []
        self.owner_id: UUID = OWNER
        self.organization_id: UUID = ORGANIZATION
        self.store: FakeStore = _made("store", FakeStore if store is None else store, self)
        self.coder: FakeCoder = _made("coder", FakeCoder if coder is None else coder, self)
        self._default = self.process("default")
        registry.record(self)

    @property
    def workspaces(self) -> ChatWorkspaces:
        """The service of the default process, made at first use; process() makes others over the same store and coder."""
        return self._default.workspaces

    def open_chat(self, chat_id: str = "chat-1") -> Chat:
        """Open a chat of `owner_id` in `organization_id`."""
        return self.workspaces.open_chat(chat_id, owner_id=self.owner_id, organization_id=self.organization_id)

    def process(self, name: str = "") -> Process:
        """Start another process: its own ChatWorkspaces, mutex and memory, over the same store and coder. InvalidArgumentError."""
        name = check_text("name", name) or f"process-{len(self._processes)}"
        process = Process(name, scheduler=self._scheduler, chance=self._chance, store=self.store, coder=self.coder, service=self._service)
        self._processes.append(process)
        return process

    def run(self, *calls: Callable[[], T]) -> list[T]:
        """Run the calls as threads to their end; return their results in order, without those of killed processes.

        Actions of at() that fall due meanwhile run as threads too, and are awaited. The first exception, in the order of the calls and then of the
        actions, is raised after all have ended. StuckError when they cannot end. InvalidArgumentError. Not to be called within itself.
        """
        for call in calls:
            check_function("calls", call, "functions without arguments")
        actors = self._scheduler.run(calls)
        for actor in actors:
            if actor.error is not None:
                raise actor.error
        return [actor.result for actor in actors[: len(calls)] if actor.ended]

    def race(self, call: Callable[[], T], *, threads: int) -> list[T]:
        """run() with the same call in several threads. InvalidArgumentError."""
        check_whole("threads", threads, least=1)
        return self.run(*[call] * threads)

    def at(self, seconds: float, action: Callable[[], object]) -> None:
        """Do something to the world when so much time has passed since it began: sim.at(40, dev.delete).

        During run() the action is a thread of its own, and may block. Outside, it is done by the test's own thread while that lets time pass.
        InvalidArgumentError.
        """
        check_seconds("seconds", seconds)
        check_function("action", action, "a function without arguments")
        self._scheduler.time.plan(seconds, action)

    @property
    def elapsed(self) -> float:
        """Seconds since the world began."""
        return self.monotonic()

    @property
    def trace(self) -> str:
        """The story so far, one line per step: when, who, in which process, what, how it ended. The same for the same seed."""
        return str(self._scheduler.trace)

    def uuid(self) -> UUID:
        """Return a UUID from the seed, for things that the fakes make: a fake asks its clock for it where the clock is a simulation."""
        return UUID(int=self._uuids.getrandbits(128), version=4)

    def verify(self) -> None:
        """Raise AssertionError naming every armed fault, kill and pause that never struck: a test that misses its fault proves nothing.

        The pytest plugin calls it after each test that passed, for all simulations of the test. A test that makes thousands calls it itself, after
        each: what was verified is let go.
        """
        registry.let_go(self)
        missed = [fault for process in self._processes for fault in process.unstruck()]
        for fake in (self.coder, self.store):
            unstruck = getattr(fake, "unstruck", None)  # a stand-in given to the constructor may have no faults
            missed += unstruck() if unstruck is not None else ()
        if missed:
            raise AssertionError(f"armed, but never struck (seed {self.seed}): " + "; ".join(missed))


def _timeouts(timeouts: Timeouts | None) -> Timeouts:
    return Timeouts() if timeouts is None else check_instance("timeouts", timeouts, Timeouts, "a Timeouts")


def _known(service: dict[str, Any]) -> dict[str, Any]:
    """Return what goes to ChatWorkspaces; what that does not take is told now, not when it is first used."""
    if service and (unknown := service.keys() - _passed_on()):
        raise InvalidArgumentError(min(unknown), f"an argument of Simulation, or of ChatWorkspaces: {', '.join(sorted(_passed_on()))}")
    return service


@cache
def _passed_on() -> frozenset[str]:
    return frozenset(signature(ChatWorkspaces).parameters) - {"store", "creator", "dialer", "clock", "timeouts"}


def _made(argument: str, make: Callable[[Clock], Any], clock: Clock) -> Any:
    """Return what is made for this clock. It need not have all that its port has: parts of a world can be tested without the service."""
    made = check_function(argument, make, "a function that is given a clock")(clock)
    if isinstance(made, type):
        raise InvalidArgumentError(argument, f"a function that returns an object, not the class {made.__name__}")
    return made
