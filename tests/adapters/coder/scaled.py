"""The client for a service whose clock is scaled: deadlines of that clock become real ones, which the client's sockets keep."""

from __future__ import annotations

from typing import Any

from chatworkspace import Workspace
from chatworkspace.ports import Watch
from chatworkspace_coder import CoderClient
from chatworkspace_fake import ScaledClock


class Scaled:
    """A creator and a dialer."""

    def __init__(self, client: CoderClient, clock: ScaledClock) -> None:
        self._client = client
        self._clock = clock

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._client, name)

        def ask(*told: Any, deadline: float, **more: Any) -> Any:
            return method(*told, deadline=self._clock.real(deadline), **more)

        return ask

    def watch(self, workspace: Workspace, *, deadline: float) -> Watch | None:
        """Watch, if the platform can be watched."""
        watch = self._client.watch(workspace, deadline=self._clock.real(deadline))
        return None if watch is None else _ScaledWatch(watch, self._clock)


class _ScaledWatch(Watch):
    def __init__(self, watch: Watch, clock: ScaledClock) -> None:
        self._watch = watch
        self._clock = clock

    def next(self, deadline: float) -> Workspace | None:
        return self._watch.next(self._clock.real(deadline))

    def close(self) -> None:
        self._watch.close()
