"""The small world in which each fault of the table in test_faults.py strikes: who calls, what they ask for, and what the chat has before."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import combinations
from typing import Any
from uuid import UUID

import attrs

from chatworkspace import AgentStatus, Chat, ChatWorkspaceError, ChatWorkspaces, Outcome, Sweep
from chatworkspace._domain.names import bears_mark, mark_of
from chatworkspace.ports import Look, Parameter
from chatworkspace_fake import FakeWorkspace, Process, Simulation
from chatworkspace_fake import Fault as Armed

CHAT = "chat-1"
BUILD, CONNECT, SCRIPTS = 30, 5, 10
READY = BUILD + CONNECT + SCRIPTS
"""Seconds from a creation to a ready workspace."""
CLAIM = 30
"""Seconds that a claim lives."""
LONGER = 2 * CLAIM
"""Seconds of a pause that outlives the claim."""
CREATING = 25
"""Seconds after which a request that changes something is given up."""
SETTLING = 100
"""Seconds after which all that was late has arrived, and no claim is left."""
FOUND = ("created", "existing", "adopted", "started", "attached")
"""Words of calls that end with a ready workspace."""
QUOTA = "insufficient quota"
"""In these words servers say what newer ones have a code for."""
KILLED = "killed"
"""The word of a call whose process was killed."""


# ------------------------------------------------------------------ the world


@attrs.define(kw_only=True)
class Told:
    """What one caller was told, or that it was killed before it was told anything."""

    by: str
    began: float
    word: str = KILLED
    """The reason of its outcome or error."""
    asked: UUID | None = None
    """The template that it asked for."""
    ended: float = attrs.field(default=attrs.Factory(lambda told: told.began, takes_self=True))
    outcome: Outcome | None = None

    @property
    def took(self) -> float:
        """Seconds that the call took."""
        return self.ended - self.began

    def __str__(self) -> str:
        return f"{self.by}: {self.word} after {self.took:g} s at {self.ended:g} s"


class World:
    """One chat, three processes, two templates, and the memory of all that was told."""

    def __init__(self, seed: int = 0) -> None:
        self.sim = Simulation(seed)
        parameters = [Parameter(name="size", default="small")]
        add = partial(self.sim.coder.add_template, build=BUILD, connect=CONNECT, scripts=SCRIPTS, stop=5, delete=5, parameters=parameters)
        self.docker, self.gpu = add("docker"), add("gpu")
        self.first, self.second, self.third = (self.sim.process(name) for name in ("first", "second", "third"))
        self.told: list[Told] = []
        self.asked = 0
        """Creation requests that reached the platform since the fault."""
        self.sim.open_chat(CHAT)
        self.secret = self.sim.store.secret()

    # what callers do

    def call(self, process: Process, act: Act) -> None:
        """Call, and note what the caller is told. Whoever is told "ready" could dial at that moment."""
        told = Told(
            by=process.name, began=self.sim.elapsed, asked=self.docker.id if act is create else self.gpu.id if act is other_template else None
        )
        self.told.append(told)
        try:
            answer = act(self, process.workspaces)
        except ChatWorkspaceError as error:
            told.word = error.reason.value
        except ArithmeticError as error:
            told.word = type(error).__name__
        else:
            told.word, told.outcome = ("swept", None) if isinstance(answer, Sweep) else (answer.reason.value, answer)
        told.ended = self.sim.elapsed
        if told.outcome is not None and told.outcome.ready:
            there = next(it.now for it in self.sim.coder.live if it.id == told.outcome.workspace_id)
            assert [agent.status for agent in there.agents] == [AgentStatus.CONNECTED], f"{told} could not dial"

    def run(self, *calls: tuple[Process, Act]) -> None:
        """Let these callers call at the same time."""
        self.sim.run(*(partial(self.call, process, act) for process, act in calls))

    def at(self, seconds: float, deed: Deed) -> None:
        """Let something happen so many seconds from now."""
        self.sim.at(self.sim.elapsed + seconds, partial(deed, self))

    def meanwhile(self, seconds: float, process: Process, act: Act) -> None:
        """Let another caller call so many seconds from now."""
        self.at(seconds, lambda world: world.call(process, act))

    def template(self, **changes: Any) -> None:
        """Let the template make something else from now on."""
        self.sim.coder.update_template("docker", **changes)

    # what is there

    @property
    def look(self) -> Look:
        """The chat's row."""
        return self.sim.store.look(CHAT)

    @property
    def chat(self) -> Chat:
        """The chat as the store knows it."""
        return self.look.chat

    @property
    def requests(self) -> int:
        """How many creation requests have reached the platform."""
        return self.sim.coder.calls.count("create_workspace")

    @property
    def made(self) -> tuple[FakeWorkspace, ...]:
        """All workspaces of the chat's making, by the platform's own record: what was made under a mark of the chat."""
        marks = [mark_of(self.secret, CHAT, number) for number in range(4)]
        return tuple(it for it in self.sim.coder.workspaces if any(bears_mark(it.made_as, mark) for mark in marks))

    @property
    def latest(self) -> FakeWorkspace:
        """The workspace that was made last."""
        return self.made[-1]

    @property
    def left_behind(self) -> set[UUID]:
        """What outcomes or, where nobody lived to be told, the history named as left behind."""
        named = {told.outcome.left_behind.workspace_id for told in self.told if told.outcome is not None and told.outcome.left_behind is not None}
        return named | {intent.replaces for intent in self.sim.store.history(CHAT) if intent.replaces is not None}

    def overlaps(self, allowed: set[UUID]) -> list[tuple[FakeWorkspace, FakeWorkspace]]:
        """Return pairs of the chat's making that lived at the same time, by the platform's own record, but for those that may be left behind."""
        own = [it for it in self.made if it.id not in allowed]
        return [(one, other) for one, other in combinations(own, 2) if other.made_at < one.gone_at]

    @property
    def contradictions(self) -> list[str]:
        """Return what callers of one generation were told differently, or not told at all of the template that they asked for."""
        ready = [(told, told.outcome) for told in self.told if told.outcome is not None and told.outcome.ready]
        return [
            *(
                f"{one} and {other} were told different workspaces"
                for (one, first), (other, second) in combinations(ready, 2)
                if first.chat.generation == second.chat.generation and first.workspace_id != second.workspace_id
            ),
            *(
                f"{told} was not told of its template"
                for told, outcome in ready
                if told.asked not in {None, outcome.require_ready().template_id} and "template_id" not in outcome.not_applied
            ),
        ]


Act = Callable[[World, ChatWorkspaces], "Outcome | Sweep"]
Deed = Callable[[World], object]
How = Callable[[Armed], None]


def create(world: World, workspaces: ChatWorkspaces) -> Outcome:
    return workspaces.create(CHAT, world.docker.id, parameters={"size": "small"})


def other_template(world: World, workspaces: ChatWorkspaces) -> Outcome:
    return workspaces.create(CHAT, world.gpu.id)


def other_parameters(world: World, workspaces: ChatWorkspaces) -> Outcome:
    return workspaces.create(CHAT, world.docker.id, name="mine", parameters={"size": "large"})


def replace(world: World, workspaces: ChatWorkspaces) -> Outcome:
    return workspaces.create(CHAT, world.docker.id, replace=True)


def start(_: World, workspaces: ChatWorkspaces) -> Outcome:
    return workspaces.start(CHAT)


def stop(_: World, workspaces: ChatWorkspaces) -> Outcome:
    return workspaces.stop(CHAT)


def attach(world: World, workspaces: ChatWorkspaces) -> Outcome:
    own = next(it for it in world.sim.coder.workspaces if it.made_as == "own")
    return workspaces.attach(CHAT, own.id)


def detach(_: World, workspaces: ChatWorkspaces) -> Outcome:
    return workspaces.detach(CHAT)


def close(_: World, workspaces: ChatWorkspaces) -> Outcome:
    return workspaces.close_chat(CHAT)


def remove(_: World, workspaces: ChatWorkspaces) -> Outcome:
    return workspaces.delete(CHAT)


def sweep(_: World, workspaces: ChatWorkspaces) -> Sweep:
    return workspaces.sweep()


def sweep_strays(_: World, workspaces: ChatWorkspaces) -> Sweep:
    return workspaces.sweep(delete=[it.id for it in workspaces.sweep().strays])


# ------------------------------------------------------------------ what the chat has before the fault


def nothing(_: World) -> None:
    """Begin with a chat that never had a workspace."""


def ready(world: World) -> None:
    """Begin with a ready workspace."""
    world.run((world.sim.process("before"), create))


def ready_and_own(world: World) -> None:
    """Begin with a ready workspace, and one that the user made."""
    own(world)
    ready(world)


def own(world: World) -> None:
    """Begin with a workspace that the user made, and none of the chat's."""
    world.sim.coder.add_workspace(world.docker, owner_id=world.sim.owner_id)


def stopped(world: World) -> None:
    """Begin with a stopped workspace."""
    ready(world)
    world.run((world.sim.process("before"), stop))


def old_plan(world: World) -> None:
    """Begin with a workspace that was made by a process which died before it could bind it, long ago."""
    process = world.sim.process("before")
    process.kill(before="store.bind")
    world.run((process, create))
    world.sim.sleep(1000)


def stray(world: World) -> None:
    """Begin with a ready workspace, and another that was detached from the chat."""
    ready(world)
    world.run((world.sim.process("before"), detach))
    ready(world)


@attrs.frozen(kw_only=True)
class Story:
    """What the callers want, and what they find."""

    name: str
    act: Act
    before: Deed = nothing
    later: Act = create
    """What is called once the fault is over."""
    leaves: bool = False
    """It leaves a live workspace behind, on the caller's word."""
    ends: tuple[str, ...] = FOUND
    """What the last call is told."""


CREATE = Story(name="", act=create)
REPLACE = Story(name="replace", act=replace, before=ready, leaves=True)
START = Story(name="start", act=start, before=stopped, later=start)
STOP = Story(name="stop", act=stop, before=ready, later=start)
ATTACH = Story(name="attach", act=attach, before=ready_and_own, leaves=True)
ATTACH_FIRST = Story(name="first-attach", act=attach, before=own, leaves=True)
DETACH = Story(name="detach", act=detach, before=ready, leaves=True)
CLOSE = Story(name="close", act=close, before=ready, later=close, leaves=True, ends=("chat_closed",))
REMOVE = Story(name="remove", act=remove, before=ready, later=remove, leaves=True, ends=("deleted",))
SWEEP = Story(name="sweep", act=sweep, before=old_plan)
DELETE = Story(name="delete-stray", act=sweep_strays, before=stray, leaves=True)
