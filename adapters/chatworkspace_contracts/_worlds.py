"""What a writer of an adapter gives to the rules: the adapter, fresh, and what they may do to its world."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Literal
from uuid import UUID

import attrs

from chatworkspace import InvalidArgumentError, Template, Workspace
from chatworkspace.ports import AgentDialer, Clock, Preset, Store, SystemClock, WorkspaceCreator, check_port
from chatworkspace_contracts._abilities import METHODS, Ability
from chatworkspace_contracts._seconds import LONG
from chatworkspace_contracts._threads import RealThreads, Threads


def _nothing() -> None:
    """Leave all as it is."""


def _adapter(port: type[Any]) -> Callable[[Any, Any, Any], None]:
    """Return a validator of what has every method of a port."""

    def check(_: object, field: Any, value: Any) -> None:
        check_port(field.name, value, port)

    return check


def _function(_: object, field: Any, value: Any) -> None:
    """Validate what is called."""
    if not callable(value):
        raise InvalidArgumentError(field.name, "a function")


def _function_or_none(it: object, field: Any, value: Any) -> None:
    """Validate what is called where it is given."""
    if value is not None:
        _function(it, field, value)


def _kind(kind: type[Any]) -> Callable[[Any, Any, Any], None]:
    """Return a validator of values of a class."""

    def check(_: object, field: Any, value: Any) -> None:
        if not isinstance(value, kind):
            raise InvalidArgumentError(field.name, f"a {kind.__name__}")

    return check


@attrs.frozen(kw_only=True, eq=False)
class World:
    """What every world has. Left as they are, time and threads are the machine's; a simulation gives its own.

    clock: that which the adapter was given. Deadlines are instants of it, and sleeping on it lets time pass for the adapter as well.
    threads: what lets calls race.
    end: called when the rule is over: closes what was opened for it.
    """

    clock: Clock = attrs.field(factory=SystemClock, validator=_adapter(Clock))
    threads: Threads = attrs.field(factory=RealThreads, validator=_adapter(Threads))
    end: Callable[[], object] = attrs.field(default=_nothing, validator=_function)

    @property
    def abilities(self) -> frozenset[Ability]:
        """What a rule may need, and this world has."""
        return frozenset(it for it in Ability if getattr(self, it.field, None) is not None)


@attrs.frozen(kw_only=True, eq=False)
class ClockWorld(World):
    """A clock, and what World has.

    clock: that which is looked at.
    threads, end: as of every World.
    """


@attrs.frozen(kw_only=True, eq=False)
class StoreWorld(World):
    """An empty store, and what World has.

    store: the adapter.
    another: opens the same store once more, as another process does.
    clock, threads, end: as of every World.
    """

    store: Store = attrs.field(validator=_adapter(Store))
    another: Callable[[], Store] | None = attrs.field(default=None, validator=_function_or_none)


@attrs.frozen(kw_only=True, eq=False)
class CreatorWorld(World):
    """A platform, and what World has. It need not be fresh, nor fast: names end with a mark, builds are waited for, and others may be at work.

    creator: the adapter.
    owner_id: whose workspaces rules make.
    template: one that builds without parameters, and has an agent.
    mark: letters and digits with which, behind a hyphen, every name ends. Another one each time, where the platform is not fresh.
    prefix: what every name begins with.
    patience: seconds in which a build ends.
    lacks: of WATCH, BUILD_LOG, TEMPLATE_USE, GET_QUOTA, RECORD_USE and REQUIRED those that this platform has not.
    other_owner_id: somebody else, on whose behalf the adapter can act.
    foreign: a template of another organization, in which the owner is as well.
    slow: a template that builds for 0.1 to 0.5 seconds; nothing happens to its workspaces afterwards.
    endless: a template whose build does not end.
    asking: a template with parameters, of which `answers` answers all that are required: one at least.
    answers: values for parameters of `asking`.
    preset: the only preset of `asking`; it answers all that is required.
    log: the lines, three at least, of the log of a build of `template`.
    stops_in: returns the seconds after which the workspace of this id stops by itself; None: it does not.
    hide: takes from the owner of the workspace of this id the right to see it.
    lose_request: lets the next call of the creator that has this name never be answered, nor acted upon.
    lose_answer: lets the next call of the creator that has this name be acted upon, and never be answered.
    clock, threads, end: as of every World.
    """

    creator: WorkspaceCreator = attrs.field(validator=_adapter(WorkspaceCreator))
    owner_id: UUID = attrs.field(validator=_kind(UUID))
    template: Template = attrs.field(validator=_kind(Template))
    mark: str = "abcdefghij"
    prefix: str = ""
    patience: float = LONG
    lacks: Collection[Ability] = ()
    other_owner_id: UUID | None = None
    foreign: Template | None = None
    slow: Template | None = None
    endless: Template | None = None
    asking: Template | None = None
    answers: Mapping[str, str] = attrs.field(factory=lambda: {"region": "there"})
    preset: Preset | None = None
    log: Sequence[str] | None = None
    stops_in: Callable[[UUID], float | None] | None = attrs.field(default=None, validator=_function_or_none)
    hide: Callable[[UUID], object] | None = attrs.field(default=None, validator=_function_or_none)
    lose_request: Callable[[str], object] | None = attrs.field(default=None, validator=_function_or_none)
    lose_answer: Callable[[str], object] | None = attrs.field(default=None, validator=_function_or_none)

    @property
    def abilities(self) -> frozenset[Ability]:
        """What a rule may need, and this platform has."""
        assumed = METHODS if self.asking is None else METHODS | {Ability.REQUIRED}
        return (super().abilities | assumed) - frozenset(self.lacks)


@attrs.frozen(kw_only=True, eq=False)
class DialerWorld(World):
    """A platform with agents to dial, and what World has. Where an agent runs, `echo TEXT` says TEXT and `exit N` ends with N.

    dialer: the adapter.
    ready: returns a workspace with one agent that is connected; another each time.
    unconnected: returns a workspace with one agent that never connects.
    drop: cuts the connection of a workspace's agent.
    restore: gives it back.
    restart: stops and starts a workspace, and returns it with its new agent, which is connected.
    stop: stops a workspace, and waits for that.
    delete: deletes a workspace, and waits for that.
    lose_request: lets the next dial never be answered.
    commands: True where an agent runs any command in a POSIX shell, with `cat`, `sleep` and the like, and has files.
    clock, threads, end: as of every World.
    """

    dialer: AgentDialer = attrs.field(validator=_adapter(AgentDialer))
    ready: Callable[[], Workspace] = attrs.field(validator=_function)
    unconnected: Callable[[], Workspace] | None = attrs.field(default=None, validator=_function_or_none)
    drop: Callable[[Workspace], object] | None = attrs.field(default=None, validator=_function_or_none)
    restore: Callable[[Workspace], object] | None = attrs.field(default=None, validator=_function_or_none)
    restart: Callable[[Workspace], Workspace] | None = attrs.field(default=None, validator=_function_or_none)
    stop: Callable[[Workspace], object] | None = attrs.field(default=None, validator=_function_or_none)
    delete: Callable[[Workspace], object] | None = attrs.field(default=None, validator=_function_or_none)
    lose_request: Callable[[], object] | None = attrs.field(default=None, validator=_function_or_none)
    commands: Literal[True] | None = None
