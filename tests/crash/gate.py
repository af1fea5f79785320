"""What stands between a worker and its ports: any call may be the last that it makes, or the last for a while."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from typing import Any, cast

import attrs

from chatworkspace import UnavailableError
from chatworkspace.model import JobStatus, Lifecycle, Workspace
from chatworkspace_fake import ScaledClock

BUILDING, SCRIPTS = "seen building", "seen scripts"
"""Moments at which a watch has told that the build, or the agent's scripts, are under way."""


@attrs.frozen(kw_only=True)
class Blow:
    """What a process does to itself at a moment: "before" or "after" a call of a port, or one that a watch has told of."""

    moment: str
    kind: str
    """"kill", "stop", or "tell" for nothing but the report."""
    lost: bool = False
    """Once it goes on, the call has no answer."""


class Blows:
    """Those that are armed. Each strikes once. `_lock` guards the table."""

    def __init__(self, report: Callable[[str], None]) -> None:
        self._report = report
        self._lock = threading.Lock()
        self._armed: dict[str, Blow] = {}

    def arm(self, blow: Blow) -> None:
        """Let it strike at the next such moment."""
        with self._lock:
            self._armed[blow.moment] = blow

    def strike(self, moment: str) -> None:
        """Do what is armed for this moment. UnavailableError: the call has no answer."""
        if not self._armed:
            return
        with self._lock:
            blow = self._armed.pop(moment, None)
        if blow is None:
            return
        self._report(moment)
        if blow.kind == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
            time.sleep(60)  # until it strikes
        if blow.kind == "stop":
            signal.pthread_kill(threading.get_ident(), signal.SIGSTOP)  # this thread first, so that it does nothing more
        if blow.lost:
            raise UnavailableError(f"the answer was lost ({moment})")


class Gate:
    """A port as a worker reaches it: the very methods of the port, each with a moment before and one after. Deadlines become the system's."""

    def __init__(self, name: str, port: object, blows: Blows, clock: ScaledClock) -> None:
        self._name = name
        self._port = port
        self._blows = blows
        self._clock = clock

    def __getattr__(self, attribute: str) -> Any:
        method = getattr(self._port, attribute)
        if attribute.startswith("_"):
            return method
        wrapped = self._wrapped(f"{self._name}.{attribute}", method)
        self.__dict__[attribute] = wrapped
        return wrapped

    def _wrapped(self, call: str, method: Callable[..., Any]) -> Callable[..., Any]:
        def gated(*arguments: Any, **named: Any) -> Any:
            if "deadline" in named:
                named["deadline"] = self._clock.real(named["deadline"])
            elif call == "watch.next":
                arguments = (self._clock.real(arguments[0]),)
            self._blows.strike(f"before {call}")
            try:
                result = method(*arguments, **named)
            except Exception:
                self._blows.strike(f"after {call}")
                raise
            self._blows.strike(f"after {call}")
            if call == "coder.watch" and result is not None:
                return Gate("watch", result, self._blows, self._clock)
            if call == "watch.next" and result is not None:
                self._tell(cast("Workspace", result))
            return result

        return gated

    def _tell(self, workspace: Workspace) -> None:
        if workspace.build.job_status in {JobStatus.PENDING, JobStatus.RUNNING}:
            self._blows.strike(BUILDING)
        elif any(agent.lifecycle is Lifecycle.STARTING for agent in workspace.agents):
            self._blows.strike(SCRIPTS)
