"""One process of a simulated world."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from sys import float_info
from typing import Any, cast

from chatworkspace import ChatWorkspaces
from chatworkspace.ports import AgentDialer, Store, WorkspaceCreator
from chatworkspace_fake._arguments import check_finite_seconds, check_number
from chatworkspace_fake._simulation.clocks import VirtualClock
from chatworkspace_fake._simulation.hosts import Blow, Host, moment_of
from chatworkspace_fake._simulation.interposer import Interposer
from chatworkspace_fake._simulation.scheduler import Scheduler


class Process:
    """A process: its own ChatWorkspaces, mutex and memory, over the store and the platform that all share. Made by Simulation.process().

    A thread is in the process while it is in one of its port calls or waits by its clock. Where kill() and pause() take the name of a port call,
    it is `store.`, `coder.` or `watch.` and a method of that port: "store.bind", "coder.create_workspace", "coder.dial", "watch.next"; it happens
    once, at the first such call of this process from now on. What never happened fails Simulation.verify().
    """

    def __init__(self, name: str, *, scheduler: Scheduler, chance: Random, store: object, coder: object, service: Mapping[str, Any]) -> None:
        self.name: str = name
        self._scheduler = scheduler
        self._host = host = Host(name)
        self._service = service
        self._workspaces: ChatWorkspaces | None = None
        self.clock: VirtualClock = VirtualClock(scheduler, chance, host)
        """Virtual time as this process sees it."""
        self.store: Store = cast("Store", Interposer(scheduler, host, "store", store))
        """The store as this process reaches it."""
        coder_port = Interposer(scheduler, host, "coder", coder)
        self.creator: WorkspaceCreator = cast("WorkspaceCreator", coder_port)
        """The platform as this process reaches it."""
        self.dialer: AgentDialer = cast("AgentDialer", coder_port)

    @property
    def workspaces(self) -> ChatWorkspaces:
        """The service of this process, made at first use."""
        if self._workspaces is None:
            self._workspaces = ChatWorkspaces(store=self.store, creator=self.creator, dialer=self.dialer, clock=self.clock, **self._service)
        return self._workspaces

    def kill(self, *, before: str = "", after: str = "") -> None:
        """End the process as SIGKILL does: now, or at that port call, before the port has heard of it or after it has acted.

        From then on each of its port calls and waits raises ProcessKilled (a BaseException), so that `finally` blocks run and reach nothing; run()
        leaves those calls out. InvalidArgumentError: no such port call.
        """
        moment = moment_of(before, after)
        if moment:
            self._host.arm(Blow(moment, None))
        elif not self._host.killed:
            self._scheduler.kill(self._host)

    def pause(self, seconds: float, *, before: str = "", after: str = "") -> None:
        """Stop the process for so many seconds, as SIGSTOP and SIGCONT do: now, or at that port call.

        None of its threads goes on before they are over; time does, and their deadlines pass. InvalidArgumentError.
        """
        check_finite_seconds("seconds", seconds)
        moment = moment_of(before, after)
        if moment:
            self._host.arm(Blow(moment, seconds))
        else:
            self._scheduler.pause(self._host, seconds)

    def shift_clock(self, seconds: float) -> None:
        """Set this host's time of day wrong by so much, from now on; its monotonic clock goes on undisturbed. InvalidArgumentError."""
        check_number("seconds", seconds, "a finite number of seconds, which may be negative", least=-float_info.max, most=float_info.max)
        self._host.shift = seconds

    def unstruck(self) -> tuple[str, ...]:
        """Return what was armed and has not happened."""
        return self._host.unstruck()
