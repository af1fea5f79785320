"""What a writer of an adapter gives to the rules: the adapter, fresh, and what they may do to its world."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from uuid import UUID

import attrs

from chatworkspace import Template, Workspace
from chatworkspace.ports import AgentDialer, Clock, Preset, Store, SystemClock, WorkspaceCreator
from chatworkspace_contracts._abilities import METHODS, Ability
from chatworkspace_contracts._seconds import LONG
from chatworkspace_contracts._threads import RealThreads, Threads


def _nothing() -> None:
    """Leave all as it is."""


@attrs.frozen(kw_only=True, eq=False)
class World:
    """What every world has. Left as they are, time and threads are the machine's; a simulation gives its own."""

    clock: Clock = attrs.field(factory=SystemClock)
    """The clock that the adapter was given: deadlines are instants of it, and sleeping on it lets time pass for the adapter as well."""
    threads: Threads = attrs.field(factory=RealThreads)
    end: Callable[[], object] = _nothing
    """Called when the rule is over: closes what was opened for it."""

    @property
    def abilities(self) -> frozenset[Ability]:
        """What a rule may need, and this world has."""
        return frozenset(it for it in Ability if getattr(self, it.field, None) is not None)


@attrs.frozen(kw_only=True, eq=False)
class ClockWorld(World):
    """A clock."""


@attrs.frozen(kw_only=True, eq=False)
class StoreWorld(World):
    """An empty store."""

    store: Store
    another: Callable[[], Store] | None = None
    """Opens the same store once more, as another process does."""


@attrs.frozen(kw_only=True, eq=False)
class CreatorWorld(World):
    """A platform. It need not be fresh, nor fast: names end with `mark`, and builds are waited for."""

    creator: WorkspaceCreator
    owner_id: UUID
    template: Template
    """One that builds without parameters, and has an agent."""
    mark: str = "abcdefghij"
    """Every name that a rule gives ends with a hyphen and this: letters and digits. Another one each time, where the platform is not fresh."""
    patience: float = LONG
    """Seconds in which a build ends."""
    lacks: Collection[Ability] = ()
    """Of WATCH, BUILD_LOG, TEMPLATE_USE, GET_QUOTA and RECORD_USE those that this platform has not."""
    other_owner_id: UUID | None = None
    foreign: Template | None = None
    """Of another organization, in which the owner is as well."""
    slow: Template | None = None
    """Builds for 0.1 to 0.5 seconds; nothing happens to its workspaces afterwards."""
    endless: Template | None = None
    """Its build does not end."""
    asking: Template | None = None
    """Has one parameter, "region", which is required."""
    preset: Preset | None = None
    """The only preset of `asking`; it answers "region"."""
    log: Sequence[str] | None = None
    """The lines, three at least, of the log of a build of `template`."""
    hide: Callable[[UUID], object] | None = None
    """Takes from a workspace's owner the right to see it."""
    lose_request: Callable[[str], object] | None = None
    """Lets the next call of this name never be answered, nor acted upon."""
    lose_answer: Callable[[str], object] | None = None
    """Lets the next call of this name be acted upon, and never be answered."""

    @property
    def abilities(self) -> frozenset[Ability]:
        """What a rule may need, and this platform has."""
        given = frozenset(it for it in Ability if getattr(self, it.field, None) is not None)
        return (given | METHODS) - frozenset(self.lacks)


@attrs.frozen(kw_only=True, eq=False)
class DialerWorld(World):
    """A platform with agents to dial. Where an agent runs, `echo TEXT` says TEXT and `exit N` ends with N."""

    dialer: AgentDialer
    ready: Callable[[], Workspace]
    """Returns a workspace with one agent that is connected; another each time."""
    unconnected: Callable[[], Workspace] | None = None
    """Returns a workspace with one agent that never connects."""
    drop: Callable[[Workspace], object] | None = None
    """Cuts the connection of its agent."""
    restore: Callable[[Workspace], object] | None = None
    """Gives it back."""
    restart: Callable[[Workspace], Workspace] | None = None
    """Stops and starts it: it has another agent then, which is connected."""
    stop: Callable[[Workspace], object] | None = None
    """Stops it, and waits for that."""
    delete: Callable[[Workspace], object] | None = None
    """Deletes it, and waits for that."""
    lose_request: Callable[[], object] | None = None
    """Lets the next dial never be answered."""
