"""One workspace of the fake platform, and the hands of somebody else on it."""

from __future__ import annotations

from datetime import datetime
from threading import RLock
from typing import Protocol
from uuid import UUID

import attrs

from chatworkspace import Build, JobStatus, Template, Transition, Workspace
from chatworkspace.ports import Signal
from chatworkspace_fake._arguments import check_flag, check_text
from chatworkspace_fake._platform.book import Book
from chatworkspace_fake._platform.states import NEVER, BuildRecord, Deed, agent_life, agents_at, next_change

UNTIL_OVER = (JobStatus.PENDING, JobStatus.RUNNING)


class Keeper(Protocol):
    """What keeps the workspaces, as one of them sees it: time, and the rules that they share."""

    owner_name: str
    book: Book

    @property
    def time(self) -> float:
        """The present."""
        ...

    def catch_up(self) -> object:
        """Perform what is due by now."""
        ...

    def queue_of(self, build: BuildRecord, now: float) -> tuple[int, int | None]:
        """Return where a build that waits stands, and how many provisioners there are."""
        ...

    def required_version(self, template_id: UUID) -> UUID | None:
        """Return the version that a start must use, if the template says so."""
        ...

    def active_version(self, template_id: UUID) -> UUID:
        """Return the version that is made now."""
        ...

    def build(self, workspace: FakeWorkspace, transition: Transition, *, automatic: bool = False) -> None:
        """Ask for a build. automatic: as the platform does by itself. RefusedError."""
        ...

    def rename(self, workspace: FakeWorkspace, name: str) -> None:
        """Give the workspace another name. InvalidArgumentError: taken."""
        ...


class FakeWorkspace:
    """One workspace, and the hands of somebody else on it. Made by the platform, never by a test.

    `lock` guards it; the public methods take it.
    """

    _extended_to = (0, 0.0)
    """Number of a build, and when it is to stop by itself."""

    def __init__(
        self,
        keeper: Keeper,
        *,
        workspace_id: UUID,
        name: str,
        template: Template,
        owner_id: UUID,
        made_at: float,
        created_at: datetime,
        cost: int,
    ) -> None:
        self._keeper = keeper
        self.lock: RLock = RLock()
        self.id: UUID = workspace_id
        self.name: str = name
        self.made_as: str = name
        """The name that it was made with; `name` is today's."""
        self.template: Template = template
        self.owner_id: UUID = owner_id
        self.made_at: float = made_at
        """Seconds, by the clock of the platform."""
        self.ttl: float | None = None
        """Seconds, as asked for."""
        self.uses: int = 0
        """How often record_use was called."""
        self.files: dict[str, bytes] = {}
        """What is in its agents, by path, where no shell runs: what was written comes back."""
        self.used_at: float = made_at
        """Seconds: when it was made, built or used last."""
        self._created_at = created_at
        self._cost = cost
        self._builds: list[BuildRecord] = []
        self._deeds: tuple[Deed, ...] = ()
        self._dormant = self._updates_always = self._hidden = False
        self._deleted_at = NEVER
        self._watchers: list[Signal] = []
        self._told: Workspace | None = None
        self._told_at = -1.0
        """How long everything has been so is told anew each moment."""

    def __repr__(self) -> str:
        return f"FakeWorkspace({self.name!r}, {self.id})"

    # ------------------------------------------------------------ what can be seen

    @property
    def now(self) -> Workspace:
        """How it is, as the platform tells it."""
        self._keeper.catch_up()
        return self.told()

    @property
    def gone_at(self) -> float:
        """When its first deletion succeeds or has succeeded; NEVER while none was asked for."""
        if self._deleted_at != NEVER:
            return self._deleted_at
        last = self._builds[-1]
        return last.ends_at if last.transition is Transition.DELETE and last.status_at(last.ends_at) is JobStatus.SUCCEEDED else NEVER

    @property
    def builds(self) -> tuple[tuple[int, Transition], ...]:
        """Number and transition of every build."""
        return tuple((build.number, build.transition) for build in self._builds)

    # ------------------------------------------------------------ hands

    def drop_agent(self) -> None:
        """Cut the agents' connections; without one yet, they do not connect."""
        self._do("drop")

    def restore_agent(self) -> None:
        """Let the agents connect now, whatever was to be."""
        self._do("restore")

    def connect(self) -> None:
        """Start an external agent on its host."""
        self._do("restore")

    def shut_down_agent(self) -> None:
        """Let the agents run their shutdown scripts while the workspace runs."""
        self._do("shut_down")

    def rename(self, name: str) -> None:
        """Give it another name. InvalidArgumentError: taken."""
        check_text("name", name, empty=False)
        self._keeper.rename(self, name)
        self.changed()

    def start(self) -> None:
        """Ask for a start build in the platform's own page. RefusedError."""
        self._keeper.build(self, Transition.START)

    def stop(self, *, automatic: bool = False) -> None:
        """Ask for a stop build, as a user does. automatic: as the platform does by itself, when its time is over. RefusedError."""
        self._keeper.build(self, Transition.STOP, automatic=check_flag("automatic", automatic))

    def delete(self) -> None:
        """Ask for its deletion; a build under way is canceled first, as the user would."""
        self.cancel()
        self._keeper.build(self, Transition.DELETE)

    def cancel(self) -> None:
        """Cancel the build under way, if any."""
        with self.lock:
            now = self._keeper.time
            if self._builds[-1].status_at(now) in UNTIL_OVER:
                self._builds[-1] = attrs.evolve(self._builds[-1], canceled_at=now, canceled_as_failed=self._keeper.book.cancels_as_failed)
                self.changed()

    def go_dormant(self, *, stopping: bool = True) -> None:
        """Let the platform put it to sleep: stopped, and dormant. stopping=False: as a user does, who lets it run."""
        if stopping:
            self._keeper.build(self, Transition.STOP, automatic=True)
        self._dormant = True
        self.changed()

    def wake(self) -> None:
        """Let it be dormant no more; it stays as it is."""
        self._dormant = False
        self.changed()

    def update_always(self) -> None:
        """Let each start move it to its template's active version, as users may choose in the platform's own page."""
        self._updates_always = True
        self.changed()

    def hide(self) -> None:
        """Take from its owner the right to see it."""
        self._set_hidden(hidden=True)

    def show(self) -> None:
        """Give it back."""
        self._set_hidden(hidden=False)

    def _set_hidden(self, *, hidden: bool) -> None:
        with self.lock:
            self._hidden = hidden
            self.changed()

    def _do(self, kind: str) -> None:
        with self.lock:
            self._deeds = (*self._deeds, Deed(self._keeper.time, kind))
            self.changed()

    # ------------------------------------------------------------ for the platform

    @property
    def created_at(self) -> datetime:
        """When it was made; before its owner had it, for one that was prebuilt."""
        return self._created_at

    @property
    def records(self) -> tuple[BuildRecord, ...]:
        """All of its builds, oldest first."""
        return tuple(self._builds)

    @property
    def dormant(self) -> bool:
        """The platform put it to sleep."""
        return self._dormant

    @property
    def updates_always(self) -> bool:
        """Each start moves it to the active version, if whoever asks for it does as its owner has chosen."""
        return self._updates_always

    @property
    def cost(self) -> int:
        """Credits that it takes while it runs."""
        return self._cost

    @property
    def hidden(self) -> bool:
        """Its owner may not see it."""
        return self._hidden

    @property
    def latest(self) -> BuildRecord:
        """The latest build."""
        return self._builds[-1]

    @property
    def deeds(self) -> tuple[Deed, ...]:
        """What was done to the agents of the latest build."""
        return self._deeds

    @property
    def starts(self) -> int:
        """How many starts were asked for, claims of prebuilt workspaces included."""
        return sum(build.transition is Transition.START for build in self._builds)

    @property
    def stops(self) -> int:
        """How many stops were asked for."""
        return sum(build.transition is Transition.STOP for build in self._builds)

    @property
    def builds_so_far(self) -> int:
        """The number of the latest build, 0 before the first."""
        return self._builds[-1].number if self._builds else 0

    def consumes(self, now: float) -> int:
        """Return what it takes from the quota: something from a start on until a stop or deletion has succeeded."""
        last = self._builds[-1]
        over = last.transition is not Transition.START and last.status_at(now) is JobStatus.SUCCEEDED
        failed = last.transition is Transition.START and last.status_at(now) in (JobStatus.FAILED, JobStatus.CANCELED)
        return 0 if over or failed else self._cost

    def record_use(self, lasts: float | None = None) -> None:
        """Count a use. lasts: seconds for which it is to run on."""
        with self.lock:
            self.uses += 1
            self.used_at = self._keeper.time
        if lasts is not None:
            self.extend(self._keeper.time + lasts)

    def extend(self, until: float) -> None:
        """Let it stop by itself at that instant, if it does so earlier."""
        with self.lock:
            if self.stops_at is not None and until > self.stops_at:
                self._extended_to = self.latest.number, until
                self.changed()

    @property
    def stops_at(self) -> float | None:
        """When it would stop by itself, in seconds of the platform's clock; None: it does not. It is told, and nothing more."""
        if self.ttl is None or self.latest.transition is not Transition.START:
            return None
        number, until = self._extended_to
        return max(self.latest.ends_at + self.ttl, until if number == self.latest.number else 0.0)

    def add_build(self, build: BuildRecord) -> None:
        """Make it the latest."""
        with self.lock:
            if self._builds and build.asked >= self.gone_at:
                self._deleted_at = self.gone_at
            self._builds.append(build)
            self.used_at = build.asked
            self._deeds = ()
            if build.transition is Transition.START:
                self._dormant = False
            self.changed()

    def schedule(self, begins_at: float) -> None:
        """Let a waiting build begin at another time."""
        with self.lock:
            self._builds[-1] = attrs.evolve(self._builds[-1], begins_at=begins_at)
            self.changed()

    def changed(self) -> None:
        """Forget what was told, and wake the watchers."""
        with self.lock:
            self._told_at = -1.0
            for signal in self._watchers:
                signal.set()

    def listen(self, signal: Signal) -> None:
        """Wake it at every change that does not follow from time."""
        with self.lock:
            self._watchers.append(signal)

    def unlisten(self, signal: Signal) -> None:
        """Wake it no more."""
        with self.lock:
            if signal in self._watchers:
                self._watchers.remove(signal)

    def changes_at(self) -> float:
        """Return when it will change by itself."""
        with self.lock:
            build = self._builds[-1]
            return next_change(self._keeper.time, build, agent_life(build, self._deeds))

    def told(self) -> Workspace:
        """Return it as it is."""
        with self.lock:
            now = self._keeper.time
            if self._told is None or self._told_at != now:
                self._told, self._told_at = self._tell(now), now
            return self._told

    def told_builds(self) -> list[Build]:
        """Return all of its builds as they are, the latest first."""
        with self.lock:
            now, latest = self._keeper.time, self._builds[-1]
            return [it.told_at(now, self._keeper.queue_of(it, now) if it is latest else (0, None)) for it in reversed(self._builds)]

    def _tell(self, now: float) -> Workspace:
        build = self._builds[-1]
        life = agent_life(build, self._deeds)
        agents = agents_at(now, build, life, self._deeds) if life is not None and now >= build.ends_at else ()
        return Workspace(
            id=self.id,
            name=self.name,
            owner_id=self.owner_id,
            owner_name=self._keeper.owner_name,
            organization_id=self.template.organization_id,
            template_id=self.template.id,
            build=build.told_at(now, self._keeper.queue_of(build, now)),
            agents=agents,
            created_at=self._created_at,
            deleted=now >= self.gone_at,
            dormant=self._dormant,
            required_version_id=self._keeper.required_version(self.template.id),
            updates_to=self._keeper.active_version(self.template.id) if self._updates_always else None,
        )
