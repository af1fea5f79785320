"""A platform that notes when it is asked, and those who watch it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from uuid import UUID

import pytest

from chatworkspace import JobStatus, Template, Workspace
from chatworkspace._application.calls import Call, Calls
from chatworkspace._application.watches import Seat, Watches
from chatworkspace.ports import Clock, LogLine, Watch
from chatworkspace_fake import FakeCoder, Simulation
from chatworkspace_fake._platform.workspaces import FakeWorkspace

CHAT = "chat-1"
TICK = 1e-6
"""More than virtual time is rounded by."""
every_seed = pytest.mark.parametrize("seed", range(8))
either_way = pytest.mark.parametrize("watching", [True, False], ids=["watching", "polling"])


class TimedCoder(FakeCoder):
    """A platform that notes when it is read and watched."""

    def __init__(self, clock: Clock, *, watching: bool) -> None:
        super().__init__(clock, watching=watching)
        self.clock = clock
        self.reads: list[float] = []
        self.watches: list[float] = []
        self.lists: list[float] = []
        self.limits: list[float] = []
        """How long each request had, in seconds."""

    def get_workspace(self, owner_id: UUID, workspace_id: UUID, *, deadline: float) -> Workspace:
        """Note the read."""
        self.reads.append(self.clock.monotonic())
        self.limits.append(deadline - self.clock.monotonic())
        return super().get_workspace(owner_id, workspace_id, deadline=deadline)

    def list_workspaces(self, owner_id: UUID, organization_id: UUID, *, deadline: float) -> Sequence[Workspace]:
        """Note the list."""
        self.lists.append(self.clock.monotonic())
        self.limits.append(deadline - self.clock.monotonic())
        return super().list_workspaces(owner_id, organization_id, deadline=deadline)

    def watch(self, workspace: Workspace, *, deadline: float) -> Watch | None:
        """Note the watch."""
        self.watches.append(self.clock.monotonic())
        self.limits.append(deadline - self.clock.monotonic())
        return super().watch(workspace, deadline=deadline)

    def build_log(self, workspace: Workspace, *, after: int, deadline: float) -> Sequence[LogLine]:
        """Note its limit."""
        self.limits.append(deadline - self.clock.monotonic())
        return super().build_log(workspace, after=after, deadline=deadline)


class World:
    """A workspace that is built, and those who wait for it."""

    def __init__(self, seed: int = 0, *, watching: bool = True, build: float = 30, log: tuple[str, ...] = ()) -> None:
        self.sim = Simulation(seed, coder=lambda clock: TimedCoder(clock, watching=watching))
        coder = self.sim.coder
        assert isinstance(coder, TimedCoder)
        self.coder = coder
        self.template = self.coder.add_template("docker", build=build, log=log)
        self.dev = self.another("dev")
        self.calls = Calls()
        self.watches = Watches(self.coder, self.sim, request=15)

    def another(self, name: str, template: Template | None = None, *, owner_id: UUID | None = None) -> FakeWorkspace:
        """Make another workspace."""
        return self.coder.add_workspace(template or self.template, name, owner_id=owner_id or self.sim.owner_id)

    def sit(self, call: Call, dev: FakeWorkspace | None = None, *, read_at: float = 0.0) -> Seat:
        """Sit down among those who wait."""
        told = (dev or self.dev).told()
        return self.watches.join(call, told.owner_id, told, read_at=read_at)

    def call(self, chat_id: str = CHAT) -> Call:
        """Begin a call, outside the book."""
        return Call(self.calls, self.sim, chat_id, None)

    def waiter(self, *, comes: float = 0, until: float = 1000, chat_id: str = CHAT, dev: FakeWorkspace | None = None) -> Callable[[], float | None]:
        """Return somebody who waits until the build is over, and says when that was heard; None: it was not."""

        def wait() -> float | None:
            self.sim.sleep(comes)
            with Call(self.calls, self.sim, chat_id, None) as call:
                seat = self.sit(call, dev, read_at=self.sim.elapsed)
                try:
                    while (heard := seat.next(until)) is not None:
                        if heard.build.job_status is JobStatus.SUCCEEDED:
                            return self.sim.elapsed
                    return None
                finally:
                    seat.leave()

        return wait

    def left(self) -> tuple[int, int]:
        """Return how many watches are left, here and on the platform."""
        return len(self.watches), self.coder.open_watches
