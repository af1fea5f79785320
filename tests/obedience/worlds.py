"""Games of the obedient player in random worlds."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from typing import Any
from uuid import UUID

import attrs

from chatworkspace import Advice, ChatWorkspaceError
from chatworkspace_fake._platform.states import NEVER, AgentLife, BuildRecord, agent_life
from chatworkspace_fake._platform.workspaces import FakeWorkspace
from tests.obedience.helpers import ALL
from tests.obedience.player import Player, Told
from tests.obedience.setting import CHAT, OWN, Setting
from tests.obedience.troubles import HARMLESS, ODDITIES, WITHOUT_END, template, usual
from tests.obedience.truth import Truth
from tests.obedience.whims import WHIMS

WAITS = (0.0, 5.0, 20.0, None)
SHORTEST = 2.0
"""Seconds between two calls, at least."""
LEAST_PATIENCE = 200
"""Calls that a player makes before it is taken to be led nowhere, at least."""
MOST_BUILDS = 4
LAST_DEED = 801.0
"""Seconds after which nobody does anything any more."""
AT_ONCE = 10.0
"""Seconds between two calls of who waits for nothing, all in all: it is told to come back ever later."""


@attrs.frozen(kw_only=True)
class Build:
    """One build: what it was, what its agents did, and when another followed it, or the game was over."""

    record: BuildRecord
    life: AgentLife | None
    troubled: bool
    """Its agents were lost, or shut down."""
    until: float


@attrs.frozen(kw_only=True)
class Played:
    """A game, as it went."""

    seed: int
    wait: float | None
    told: Sequence[Told]
    plays: Sequence[Sequence[Told]]
    """The same by what was wished."""
    ends: Sequence[Advice | None]
    live: int
    made: int
    builds: Sequence[Build]
    """Of all workspaces of the chat's, and of those of its user's, in their order."""
    changed_at: float
    """When somebody did something last."""
    builds_changed_at: float
    quiet: bool
    """Things happen without end."""
    watched: bool
    """Whatever changes is told at once."""
    faults: bool
    """Requests got lost, or the platform was away for a while."""
    smooth: bool
    """Nothing failed, nothing took longer than its limit, and nobody else did anything."""
    processes: int
    """Among which the player's calls are shared out."""
    renamed: bool
    """The user has renamed the workspace, perhaps before it was bound: what that leads to is told in docs/explanation/guarantees.md."""
    rebound: bool
    """The application has given the chat another workspace, or none."""
    replaces: UUID | None
    """What the chat has had before, in whose place its user wants another."""


class Game:
    """One world, and a player in it. All of it drawn from its seed."""

    def __init__(self, seed: int) -> None:
        self.it = it = Setting(seed)
        self.oddity = it.odd.pick(tuple(ODDITIES)) if it.odd.happens(0.25) else ""
        self.endless = it.no_end.pick(tuple(WITHOUT_END)) if not self.oddity and it.no_end.happens(0.05) else ""
        if self.oddity != "unknown":
            it.sim.open_chat(CHAT)
        self.wait = it.chance.pick(WAITS)
        self.processes = [it.sim.workspaces]
        if it.chance.happens(0.25):
            self.processes.append(it.sim.process("b").workspaces)
            it.witness.many = True
        template(it)
        if self.oddity:
            it.smooth, it.faults = False, self.oddity not in HARMLESS
            ODDITIES[self.oddity](it)
        if self.endless:
            it.smooth, it.faults = False, True
            WITHOUT_END[self.endless](it)
        self.whim = it.whim.pick(tuple(WHIMS)) if not self.oddity and not self.endless and it.whim.happens(0.15) else ""
        if self.whim:
            WHIMS[self.whim](it)
        self.toolboxes = [process.toolbox(CHAT, wait=self.wait, cancel=it.cancel) for process in self.processes]
        usual(it)

    # ------------------------------------------------------------ where the player plays

    def now(self) -> float:
        """Return the seconds since the world began."""
        return self.it.sim.elapsed

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.it.sim.sleep(seconds)

    def begin(self, tool: str) -> None:
        """Take note that a call begins."""
        self.it.witness.begin(tool)

    def truth(self) -> Truth:
        """Return how the world is."""
        return self.it.witness.truth()

    def call(self, tool: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """Make a call in any of the processes; connect is no tool, but what a host does for those that use the workspace."""
        if self.it.cancel is not None and self.it.cancel.cancelled:  # its turn is over: the next has tools of its own
            self.it.cancel, self.toolboxes = None, [process.toolbox(CHAT, wait=self.wait) for process in self.processes]
        if tool != "connect":
            return self.it.chance.pick(self.toolboxes).call(tool, arguments).content
        try:
            with self.it.chance.pick(self.processes).connect(CHAT, wait=self.wait) as connection:
                connection.run("true", timeout=5)
        except ChatWorkspaceError as error:
            return {name: value for name, value in error.as_dict().items() if value is not None}
        return {"advice": Advice.NOTHING.value, "reason": "connected"}

    # ------------------------------------------------------------ the game

    @property
    def patience(self) -> float:
        """Calls that all limits of all builds together leave time for."""
        step = max(ALL / 2 if self.wait is None else self.wait, AT_ONCE if self.wait == 0 and not self.endless else SHORTEST)
        return LEAST_PATIENCE + (ALL * MOST_BUILDS + LAST_DEED) / step

    def play(self) -> Played:
        """Let the player create, use, stop and start what it has, or a part of that."""
        it = self.it
        always = {} if it.replaces is None else {"replace_workspace": True}
        player = Player(self, arguments=it.arguments, always=always, patience=self.patience)
        plays, ends = list[Sequence[Told]](), list[Advice | None]()
        for tool in self._wishes():
            first = len(player.told)
            ends.append(player.play(tool))
            plays.append(tuple(player.told[first:]))
            if ends[-1] is not Advice.NOTHING:
                break
        self._forgive()
        sim = it.sim
        return Played(
            seed=it.seed,
            wait=self.wait,
            told=tuple(player.told),
            plays=plays,
            ends=tuple(ends),
            live=len([each for each in it.live if each.made_as != OWN]),
            made=sum(each.made_as != OWN and each.owner_id == sim.owner_id for each in sim.coder.workspaces),
            builds=[
                build
                for each in sim.coder.workspaces
                if each.owner_id == sim.owner_id
                for build in _builds(each, sim.elapsed, dropped=it.witness.dropped)
            ],
            changed_at=it.changed_at,
            builds_changed_at=it.builds_changed_at,
            quiet=bool(self.endless),
            watched=it.watched,
            faults=it.faults,
            smooth=it.smooth and not it.faults and not it.changed_at,
            processes=len(self.processes),
            renamed=it.renamed,
            rebound=it.rebound,
            replaces=it.replaces,
        )

    def _wishes(self) -> Generator[str, None, None]:
        """Give what is wished, one after another; time passes between two."""
        chance = self.it.chance
        yield "list_templates" if self.it.first_tool == "create_workspace" and chance.happens(0.1) else self.it.first_tool
        if chance.happens(0.35):
            self.sleep(chance.pick((0.0, 30.0, 400.0)))
            yield "connect"
        if chance.happens(0.3):
            yield "stop_workspace"
            if chance.happens(0.3):
                yield "start_workspace"

    def _forgive(self) -> None:
        """Disarm what never struck: it was drawn by chance."""
        for fake in (self.it.sim.coder, self.it.sim.store):
            faults: Any = fake._faults
            faults._armed.clear()


def _builds(workspace: FakeWorkspace, now: float, *, dropped: bool) -> Generator[Build, None, None]:
    records = workspace.records
    for record, following in zip(records, (*records[1:], None), strict=True):
        deeds = () if following else workspace.deeds
        troubled = dropped or record.blueprint.drop != NEVER
        yield Build(record=record, life=agent_life(record, deeds), troubled=troubled, until=following.asked if following else now)
