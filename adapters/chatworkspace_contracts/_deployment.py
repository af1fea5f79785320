"""A platform that is at work, and that others use as well, as a world for those rules that need nothing made for tests."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from functools import partial
from itertools import count
from secrets import choice
from threading import Lock
from typing import TYPE_CHECKING, Any, Literal, cast
from uuid import UUID

from chatworkspace import AgentStatus, Template, UnavailableError, Workspace
from chatworkspace.ports import AgentDialer, DialError, SystemClock, WorkspaceCreator
from chatworkspace_contracts._abilities import Ability
from chatworkspace_contracts._checks import MismatchError
from chatworkspace_contracts._cleaning import SLOWEST, Cleaning
from chatworkspace_contracts._creator import CREATOR_RULES
from chatworkspace_contracts._creator.stage import Stage
from chatworkspace_contracts._dialers import DIALER_RULES
from chatworkspace_contracts._guarded import Guarded, GuardedClock, Leave
from chatworkspace_contracts._rules import Rule, run
from chatworkspace_contracts._seconds import BRIEF, LONG
from chatworkspace_contracts._threads import RealThreads
from chatworkspace_contracts._worlds import CreatorWorld, DialerWorld

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

PREFIX = "cwcheck-"
ROUNDS = 2
"""How often threads race, where each round builds workspaces."""
CLEANING = 300.0
"""Seconds for deleting what was made, at most."""
DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_MINUTE = 60.0
_NAMES = re.compile(rf"{PREFIX}[a-z0-9]+-([0-9a-z]{{5}})[0-9a-z]{{5}}")


class Deployment:
    """A platform that is at work, and others use as well: run() looks at one of `rules` there, in real time. Safe from any thread.

    What rules make has names that begin with PREFIX and end with when it may be deleted by whoever checks next. It is noted before it is asked for,
    may go when its rule is over, and is looked for at the end. Whoever enters it has all that deleted when the block is left, however that ends.
    """

    def __init__(
        self,
        *,
        creator: WorkspaceCreator,
        dialer: AgentDialer,
        owner_id: UUID,
        template: Template,
        until: float,
        lacks: Collection[Ability] = (),
        asking: Template | None = None,
        answers: Mapping[str, str] | None = None,
        external: Template | None = None,
        commands: Literal[True] | None = None,
    ) -> None:
        """Ask nothing yet.

        creator, dialer: the adapter, on the system's clock. owner_id: whose workspaces are made. until: the instant, by time.monotonic(), at which
        rules go no further. template, lacks, asking, answers: as for CreatorWorld. external: a template with an external agent, which nobody starts.
        commands: as for DialerWorld, where it is so in workspaces of `template`.
        """
        self._creator, self._dialer = creator, dialer
        self._owner_id, self._template, self._until = owner_id, template, until
        self._lacks = lacks
        self._asking = asking
        self._answers = answers or {}
        self._external = external
        self._commands: Literal[True] | None = commands
        self._clock = SystemClock()
        self._leave = Leave(until)
        self._cleaning = Cleaning(creator, self._clock)
        self._guarded: list[Guarded] = []
        self._numbers = count()
        self._run = self._new_mark()
        self._sharing = Lock()
        """Guards the workspace that rules share, and is held while it is made: the others need it, too."""
        self._shared: Workspace | None = None
        self.rules: tuple[Rule[Any], ...] = tuple(self._runnable())
        """Those that can."""
        self.left_out: int = len(CREATOR_RULES) + len(DIALER_RULES) - len(self.rules)
        """How many rules of creators and dialers cannot be run here."""

    # ------------------------------------------------------------ rules

    def _runnable(self) -> Iterator[Rule[Any]]:
        creators, dialers = self._creators(), self._dialers()
        yield from (rule for rule in CREATOR_RULES if rule.needs <= creators.abilities)
        yield from (rule for rule in DIALER_RULES if rule.needs <= dialers.abilities)

    def run(self, rule: Rule[Any]) -> None:
        """See whether a rule is kept. BrokenRuleError; LeftOff, which is no Exception: it was to go no further."""
        self._leave.check()
        if rule.port == "WorkspaceCreator":
            run(rule, self._creators)
        else:
            run(rule, partial(self._dialers, shared=not rule.needs))

    @property
    def is_over(self) -> bool:
        """Rules go no further: the time is over, or end() was called. What one that was under way has seen since then says nothing."""
        return self._leave.is_over

    def end(self) -> None:
        """Let rules go no further, now."""
        self._leave.end()
        for it in self._guarded.copy():
            it.close()

    # ------------------------------------------------------------ worlds

    def _new_mark(self) -> str:
        """Return what the marks of all worlds begin with: when what bears them may go, and a part that is ours."""
        seconds = self._until - self._clock.monotonic() + CLEANING
        expires = self._clock.now().timestamp() + seconds
        return _in_digits(int(expires / _MINUTE) + 1, 5) + "".join(choice(DIGITS) for _ in range(3))

    def _creators(self) -> CreatorWorld:
        mark = self._run + _in_digits(next(self._numbers), 2)
        guarded = Guarded(self._creator, self._leave, self._cleaning, mark)
        self._guarded.append(guarded)

        def over() -> None:
            guarded.close()
            self._cleaning.over(mark)

        return CreatorWorld(
            creator=cast("WorkspaceCreator", guarded),
            clock=GuardedClock(self._leave),
            threads=RealThreads(ROUNDS),
            end=over,
            owner_id=self._owner_id,
            template=self._template,
            mark=mark,
            prefix=PREFIX,
            patience=max(self._until - self._clock.monotonic(), 0.0),
            lacks=self._lacks,
            asking=self._asking,
            answers=self._answers,
        )

    def _dialers(self, *, shared: bool = False) -> DialerWorld:
        world, numbers = self._creators(), count(1)
        stage = Stage(world)

        def ready() -> Workspace:
            return self._of_all() if shared else self._connected(stage, stage.built(f"agent{next(numbers)}"))

        return DialerWorld(
            dialer=cast("AgentDialer", Guarded(self._dialer, self._leave, self._cleaning, world.mark)),
            clock=world.clock,
            threads=world.threads,
            end=world.end,
            ready=ready,
            unconnected=None if self._external is None else partial(stage.built, "silent", self._external),
            restart=lambda workspace: self._connected(stage, stage.started(stage.stopped(workspace))),
            stop=stage.stopped,
            delete=stage.deleted,
            commands=self._commands,
        )

    def _of_all(self) -> Workspace:
        """Return a workspace for all rules that leave it as it is. It goes at the end."""
        with self._sharing:
            if self._shared is None:
                stage = Stage(self._creators())
                self._shared = self._connected(stage, stage.built("agent"))
            return self._shared

    def _connected(self, stage: Stage, workspace: Workspace) -> Workspace:
        """Wait until its first agent is reached: the first dial of a fresh one may fail, however connected it is said to be."""
        pause, last = BRIEF, "no agent"
        while stage.clock.monotonic() + pause < self._until:
            read = stage.get(workspace)
            agent = read.agents[0] if read.agents else None
            last = last if agent is None else agent.status.value
            if agent is not None and agent.status is AgentStatus.CONNECTED:
                try:
                    with self._dialer.dial(read, agent, deadline=stage.clock.monotonic() + LONG):
                        return read
                except (DialError, UnavailableError) as error:
                    last = str(error)
            stage.clock.sleep(pause)
            pause = min(2 * pause, SLOWEST)
        raise MismatchError("an agent that can be reached", last)

    # ------------------------------------------------------------ the end

    def __enter__(self) -> Self:
        """Begin. What checks before have left, and whose time is over, is deleted with the rest. UnavailableError."""
        self._cleaning.left_before(it for it in self.traces() if _may_go(it, self._clock.now().timestamp()))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.end()
        self.clean()

    def tidy(self) -> None:
        """Delete some of what may go: now and then, so that little is there at a time. By one thread at a time."""
        self._cleaning.step()

    def clean(self) -> None:
        """Delete all that was made, in five minutes at most: `left` says what may be there still."""
        over = self._clock.monotonic() + CLEANING
        self._cleaning.over()
        while self._clock.monotonic() < over and self._cleaning.step():
            self._clock.sleep(BRIEF)

    def take_over(self) -> list[str]:
        """Let all go that checks have ever made for the owner in the organization, those under way as well; return the names. UnavailableError."""
        traces = self.traces()
        self._cleaning.left_before(traces)
        return [it.name for it in traces]

    def traces(self) -> list[Workspace]:
        """Return what checks have made for the owner in the organization, this one or others, and is there. UnavailableError."""
        deadline = self._clock.monotonic() + LONG
        listed = self._creator.list_workspaces(self._owner_id, self._template.organization_id, deadline=deadline)
        return [it for it in listed if _NAMES.fullmatch(it.name.lower())]

    @property
    def left(self) -> dict[str, str]:
        """The names of what may be there still, and what has last stood in the way of its deletion."""
        return self._cleaning.left


def _in_digits(number: int, width: int) -> str:
    """Return the last digits of a number, as many as that."""
    found = ""
    for _ in range(width):
        number, digit = divmod(number, len(DIGITS))
        found = DIGITS[digit] + found
    return found


def _may_go(workspace: Workspace, now: float) -> bool:
    """Tell whether the time of the check that has made it is over. now: seconds since 1970."""
    found = _NAMES.fullmatch(workspace.name.lower())
    return found is not None and int(found[1], len(DIGITS)) * _MINUTE <= now
