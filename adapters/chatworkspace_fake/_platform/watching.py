"""A watch on a fake workspace: told at the very instant, without a thread or a timer."""

from __future__ import annotations

import attrs

from chatworkspace import UnavailableError, Workspace
from chatworkspace.ports import NotFoundError, Watch
from chatworkspace_fake._platform.rules import Platform
from chatworkspace_fake._platform.workspaces import FakeWorkspace


class FakeWatch(Watch):
    """The states of one workspace. Its next() waits on the clock until the workspace changes, by itself or by somebody's hand."""

    def __init__(self, platform: Platform, watches: dict[FakeWatch, None], workspace: FakeWorkspace) -> None:
        self._platform = platform
        self._watches = watches
        self._workspace = workspace
        self._clock = platform.clock
        self._last: Workspace | None = None
        self._broken = False
        self._signal = platform.clock.signal()
        watches[self] = None

    def next(self, deadline: float) -> Workspace | None:
        while True:
            self._platform.catch_up()
            signal = self._signal = self._clock.signal()
            self._workspace.listen(signal)  # before looking: what changes from now on wakes it
            try:
                current = self._current()
                if current is not None or self._clock.monotonic() >= deadline:
                    return current
                wakes_at = min(deadline, self._workspace.changes_at(), self._platform.faults.next_late)
                signal.wait(None if wakes_at == float("inf") else wakes_at)
            finally:
                self._workspace.unlisten(signal)

    def close(self) -> None:
        self._broken = True
        self._watches.pop(self, None)
        self._signal.set()

    def _current(self) -> Workspace | None:
        """Return how it is, if that is news."""
        if self._broken:
            raise UnavailableError("the watch is closed or broken")
        if self._workspace.hidden:
            raise NotFoundError("not visible")
        if self._last is not None and self._platform.silent:
            return None
        current = self._workspace.told()
        if self._last is not None and _steady(current) == _steady(self._last):
            return None
        self._last = current
        return current


def _steady(workspace: Workspace) -> Workspace:
    """Leave out what changes with every look."""
    if all(agent.disconnected_for is None for agent in workspace.agents):
        return workspace
    return attrs.evolve(workspace, agents=tuple(attrs.evolve(agent, disconnected_for=0) for agent in workspace.agents))
