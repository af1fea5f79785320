"""What stands between a process and its ports: turns, kills, pauses and the trace, around any port and in no adapter."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, cast

from chatworkspace.ports import Watch
from chatworkspace_fake._simulation.hosts import PORT_CALLS, Host
from chatworkspace_fake._simulation.scheduler import Scheduler


class Interposer:
    """A port as one process reaches it: the very methods of the port, each a place where another thread may go on or the process may end.

    A method is wrapped when it is first asked for. A watch that a call returns is wrapped as well.
    """

    def __init__(self, scheduler: Scheduler, host: Host, port_name: str, port: object) -> None:
        self._scheduler = scheduler
        self._host = host
        self._port_name = port_name
        self._port = port

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._port, name)
        if name not in PORT_CALLS[self._port_name]:
            return method
        if name == "watch":
            method = self._watching(method)
        wrapped = self._wrap(f"{self._port_name}.{name}", method)
        self.__dict__[name] = wrapped
        return wrapped

    def _wrap(self, call: str, method: Callable[..., Any]) -> Callable[..., Any]:
        scheduler, host, strike = self._scheduler, self._host, self._strike
        before, after = f"before {call}", f"after {call}"

        @wraps(method)
        def interposed(*args: Any, **kwargs: Any) -> Any:
            actor = scheduler.me()
            outer, actor.host = actor.host, host
            try:
                scheduler.point(actor)
                strike(before)
                began = scheduler.time.now
                try:
                    result = method(*args, **kwargs)
                except Exception as error:
                    scheduler.note(call, host, type(error).__name__, began)
                    strike(after)
                    scheduler.point(actor)
                    raise
                scheduler.note(call, host, "none" if result is None else "ok", began)
                strike(after)
                scheduler.point(actor)
                return result
            finally:
                actor.host = outer

        return interposed

    def _strike(self, moment: str) -> None:
        """Do what is armed for this moment."""
        host, scheduler = self._host, self._scheduler
        blow = host.disarm(moment)
        if blow is None:
            return
        if blow.pause is None:
            scheduler.kill(host, moment)
        else:
            scheduler.pause(host, blow.pause, moment)
        scheduler.point(scheduler.current)

    def _watching(self, method: Callable[..., Watch | None]) -> Callable[..., Watch | None]:
        def watch(*args: Any, **kwargs: Any) -> Watch | None:
            watch = method(*args, **kwargs)
            return None if watch is None else cast("Watch", Interposer(self._scheduler, self._host, "watch", watch))

        return watch
