"""A platform in the hands of a rule."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar
from uuid import UUID

import attrs

from chatworkspace import JobStatus, Template, Workspace
from chatworkspace.ports import Clock, CreateWorkspace, Watch, WorkspaceCreator
from chatworkspace_contracts._checks import MismatchError, equal, present, raises
from chatworkspace_contracts._rules import Topic
from chatworkspace_contracts._seconds import BRIEF, LONG, SOON
from chatworkspace_contracts._threads import Threads
from chatworkspace_contracts._worlds import CreatorWorld

E = TypeVar("E", bound=Exception)

UNKNOWN = UUID(int=404)
UNDER_WAY = (JobStatus.PENDING, JobStatus.RUNNING, JobStatus.CANCELING)
SLOWEST = 2.0
"""Seconds between two looks at a build, at most."""


@attrs.frozen
class Stage:
    """A platform, and what makes it handy."""

    world: CreatorWorld

    @property
    def creator(self) -> WorkspaceCreator:
        """The adapter."""
        return self.world.creator

    @property
    def clock(self) -> Clock:
        """Its clock."""
        return self.world.clock

    @property
    def threads(self) -> Threads:
        """What races."""
        return self.world.threads

    @property
    def owner_id(self) -> UUID:
        """Whose right is used."""
        return self.world.owner_id

    @property
    def organization_id(self) -> UUID:
        """That of the template."""
        return self.world.template.organization_id

    @property
    def deadline(self) -> float:
        """One that no rule reaches."""
        return self.clock.monotonic() + LONG

    # ------------------------------------------------------------ what only some worlds have

    @property
    def other_owner_id(self) -> UUID:
        """Somebody else."""
        return present("a second owner", self.world.other_owner_id)

    @property
    def foreign(self) -> Template:
        """Of another organization."""
        return present("a template of another organization", self.world.foreign)

    @property
    def endless(self) -> Template:
        """Its build does not end."""
        return present("a template whose build does not end", self.world.endless)

    @property
    def asking(self) -> Template:
        """Has parameters."""
        return present("a template with a parameter", self.world.asking)

    def hide(self, workspace: Workspace) -> None:
        """Take the right to see it from its owner."""
        present("a way to hide a workspace", self.world.hide)(workspace.id)

    def lose_request(self, call: str) -> None:
        """Let the next call of this name never arrive."""
        present("a way to lose a request", self.world.lose_request)(call)

    def lose_answer(self, call: str) -> None:
        """Let the next call of this name never be answered."""
        present("a way to lose an answer", self.world.lose_answer)(call)

    # ------------------------------------------------------------ making

    def name(self, wish: str = "dev") -> str:
        """Return a name as no other workspace has it."""
        return f"{self.world.prefix}{wish}-{self.world.mark}"

    def request(self, wish: str = "dev", template: Template | None = None, *, owner_id: UUID | None = None) -> CreateWorkspace:
        """Ask for a workspace."""
        template = template or self.world.template
        return CreateWorkspace(
            owner_id=owner_id or self.owner_id, organization_id=template.organization_id, name=self.name(wish), template_id=template.id
        )

    def create(self, request: CreateWorkspace) -> Workspace:
        """Make one, and return what was answered."""
        return self.creator.create_workspace(request, deadline=self.deadline)

    def make(self, wish: str = "dev", template: Template | None = None, *, owner_id: UUID | None = None) -> Workspace:
        """Make one, and return what was answered."""
        return self.create(self.request(wish, template, owner_id=owner_id))

    def built(self, wish: str = "dev", template: Template | None = None, *, owner_id: UUID | None = None) -> Workspace:
        """Make one, and wait for its build."""
        return self.settled(self.make(wish, template, owner_id=owner_id))

    def settled(self, workspace: Workspace) -> Workspace:
        """Wait until no build is under way; return it as it is then."""
        over, pause = self.clock.monotonic() + self.world.patience, BRIEF
        while (read := self.get(workspace)).build.job_status in UNDER_WAY:
            if self.clock.monotonic() >= over:
                raise MismatchError(f"a build that ends within {self.world.patience:g} s", f"{read.build.job_status.value} after that")
            self.clock.sleep(pause)
            pause = min(2 * pause, SLOWEST)
        equal("how the build ended", read.build.job_status, JobStatus.SUCCEEDED)
        return read

    # ------------------------------------------------------------ changing: asked for, and waited for

    def started(self, workspace: Workspace) -> Workspace:
        """Start it."""
        return self.settled(start(self, workspace))

    def stopped(self, workspace: Workspace) -> Workspace:
        """Stop it."""
        return self.settled(stop(self, workspace))

    def deleted(self, workspace: Workspace) -> Workspace:
        """Delete it."""
        return self.settled(delete(self, workspace))

    # ------------------------------------------------------------ reading

    def get(self, workspace: Workspace) -> Workspace:
        """Read it anew."""
        return self.creator.get_workspace(workspace.owner_id, workspace.id, deadline=self.deadline)

    def find(self, name: str = "") -> Workspace | None:
        """Look by name."""
        return self.creator.find_workspace(self.owner_id, name or self.name(), deadline=self.deadline)

    def listed(self, *, owner_id: UUID | None = None) -> set[UUID]:
        """Return the ids of what rules have made for an owner in the organization and is listed."""
        listed = self.creator.list_workspaces(owner_id or self.owner_id, self.organization_id, deadline=self.deadline)
        return {it.id for it in listed if it.name.lower().endswith(self.world.mark.lower())}

    def log(self, workspace: Workspace, after: int = 0) -> list[str]:
        """Read the log of the latest build."""
        return [line.text for line in self.creator.build_log(workspace, after=after, deadline=self.deadline)]

    def watch(self, workspace: Workspace) -> Watch:
        """Open a watch."""
        return present("a watch", self.creator.watch(workspace, deadline=self.deadline))

    def told_as_read(self, what: str, tell: Callable[[], Workspace | None], workspace: Workspace) -> None:
        """Compare with what is read, at a moment when it does not change: on a platform that is at work an agent may connect between two reads."""
        over = self.clock.monotonic() + self.world.patience
        while True:
            before = self.get(workspace)
            seen = tell()
            if seen == before:
                return
            if self.get(workspace) == before or self.clock.monotonic() >= over:
                equal(what, seen, before)
            self.clock.sleep(BRIEF)

    # ------------------------------------------------------------ waiting

    def later(self, call: Callable[[], object]) -> None:
        """Call in a moment."""
        self.clock.sleep(BRIEF)
        call()

    def ends_late(self, call: Callable[[float], object], *errors: type[E], patience: float = BRIEF) -> E:
        """Send with a deadline in a moment, and see it end by then, with one of the errors. Return that."""
        deadline = self.clock.monotonic() + patience
        with raises(*errors) as caught:
            call(deadline)
        late = self.clock.monotonic() - deadline
        if late > SOON:
            raise MismatchError(f"an end at most {SOON:g} s after the deadline", f"{late:g} s")
        return caught.error


Fresh = Callable[[], Stage]


def topic(name: str) -> Topic[CreatorWorld, Stage]:
    """Begin a topic."""
    return Topic(f"creator.{name}", "WorkspaceCreator", Stage)


# ------------------------------------------------------------------ changes, as they are asked for


def start(it: Stage, workspace: Workspace) -> Workspace:
    """Ask for a start."""
    return it.creator.start_workspace(workspace, {}, deadline=it.deadline)


def stop(it: Stage, workspace: Workspace) -> Workspace:
    """Ask for a stop."""
    return it.creator.stop_workspace(workspace, deadline=it.deadline)


def delete(it: Stage, workspace: Workspace) -> Workspace:
    """Ask for a deletion."""
    return it.creator.delete_workspace(workspace, deadline=it.deadline)


Change = Callable[[Stage, Workspace], Workspace]
CHANGES: tuple[Change, ...] = (start, stop, delete)
