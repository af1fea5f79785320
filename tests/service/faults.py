"""The faults and situations of the table in test_faults.py, and the small world in which each of them strikes."""

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
from chatworkspace_fake import NEVER, Fails, FakeWorkspace, Process, Simulation
from chatworkspace_fake import Fault as Armed
from chatworkspace_fake._platform.coder import CreatorCall
from chatworkspace_fake._platform.store import StoreCall

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
SWEEP = Story(name="sweep", act=sweep, before=old_plan)
DELETE = Story(name="delete-stray", act=sweep_strays, before=stray, leaves=True)


# ------------------------------------------------------------------ faults


@attrs.frozen
class Fault:
    """One thing that goes wrong, and what the caller whom it strikes is told when nobody else is about."""

    name: str
    strike: Deed
    says: str = "created"
    took: float = READY
    """Seconds until the caller is told, to the second."""
    requests: int = 1
    """Creation requests that reach the platform, those of later calls included."""
    story: Story = attrs.field(default=CREATE, kw_only=True)
    later: str = attrs.field(default="", kw_only=True)
    """What the next call is told; empty: how to find a ready workspace."""
    ends: tuple[str, ...] = attrs.field(default=(), kw_only=True)
    """What every later call is told, where somebody else must act first."""
    stops_first: bool = attrs.field(default=False, kw_only=True)
    """It strikes the first process, not whoever asks first."""
    doubt: bool = attrs.field(default=False, kw_only=True)
    """Nobody knows whether a replacement was asked for: it stays planned, and the chat has what it had."""


def kill(moment: str, requests: int = 1, *, story: Story = CREATE, doubt: bool = False) -> Fault:
    """Kill the first process before or after a port call."""
    when, call = moment.split()
    strike: Deed = lambda world: world.first.kill(**{when: call})  # noqa: E731 - as the other faults
    return Fault(_named(story.name, "kill", moment), strike, KILLED, 0, requests, story=story, stops_first=True, doubt=doubt)


def pause(moment: str, says: str = "created", took: float = LONGER, requests: int = 1, *, story: Story = CREATE) -> Fault:
    """Pause the first process for longer than a claim lives, before or after a port call."""
    when, call = moment.split()
    strike: Deed = lambda world: world.first.pause(LONGER, **{when: call})  # noqa: E731 - as the other faults
    return Fault(_named(story.name, "pause", moment), strike, says, took, requests, story=story, stops_first=True)


def coder(
    call: CreatorCall,
    what: str,
    how: How,
    says: str = "created",
    took: float = READY,
    *,
    requests: int = 1,
    times: int = 1,
    story: Story = CREATE,
    later: str = "",
) -> Fault:
    """Let the platform fail at one kind of call."""
    strike: Deed = lambda world: how(world.sim.coder.when(call, times=times))  # noqa: E731 - as the other faults
    return Fault(_named(story.name, call, what), strike, says, took, requests, story=story, later=later)


def store(
    call: StoreCall,
    what: str,
    how: How,
    says: str = "created",
    took: float = READY,
    *,
    requests: int = 1,
    nth: int = 1,
    times: int = 1,
    story: Story = CREATE,
) -> Fault:
    """Let the store fail at one kind of call."""
    strike: Deed = lambda world: how(world.sim.store.when(call, nth=nth, times=times))  # noqa: E731 - as the other faults
    return Fault(_named(story.name, "store", call, what), strike, says, took, requests, story=story)


def _named(*parts: str) -> str:
    return "-".join(part for part in parts if part).translate(str.maketrans("._ ", "---"))


def after(seconds: float, deed: Deed) -> Deed:
    """Do it so many seconds after the callers began."""
    return lambda world: world.at(seconds, deed)


def together(*strikes: Deed) -> Deed:
    """Several faults at once."""

    def strike(world: World) -> None:
        for one in strikes:
            one(world)

    return strike


def late(seconds: float) -> How:
    return lambda fault: fault.arrive_late(seconds)


def slow(seconds: float) -> How:
    return lambda fault: fault.take(seconds)


def refused(status: int, **validations: str) -> How:
    return lambda fault: fault.refuse(status, "no", validations)


def raises(error: Exception) -> How:
    return lambda fault: fault.fail(error)


lost_request = Armed.lose_request
lost_answer = Armed.lose_answer
rolled_back = Armed.roll_back
unavailable = Armed.fail

DIES = (
    # C0 to C9: a process dies on its way to a ready workspace
    kill("before store.look"),
    kill("before store.claim"),
    kill("after store.claim"),
    kill("before coder.create_workspace"),
    kill("after coder.create_workspace"),
    kill("before store.bind"),
    kill("after store.bind"),
    kill("before watch.next"),
    kill("before coder.dial"),
    kill("after coder.dial"),
    Fault("kill-while-scripts-run", after(40, lambda world: world.first.kill()), KILLED, 0, stops_first=True),
    # C12: while replacing, starting, stopping, attaching, detaching, closing
    kill("after store.claim", 0, story=REPLACE, doubt=True),
    kill("before store.bind", story=REPLACE),
    kill("after store.bind", story=REPLACE),
    kill("before coder.start_workspace", 0, story=START),
    kill("after coder.start_workspace", 0, story=START),
    kill("after coder.stop_workspace", 0, story=STOP),
    kill("before store.attach", 0, story=ATTACH),
    kill("after store.attach", 0, story=ATTACH),
    kill("before store.attach", story=ATTACH_FIRST),
    kill("before store.attach", 0, story=DETACH),
    kill("after store.attach", story=DETACH),
    kill("before store.close_chat", 0, story=CLOSE),
    kill("after store.close_chat", 0, story=CLOSE),
    # C13: during a sweep
    kill("before coder.find_workspace", 0, story=SWEEP),
    kill("before store.bind", 0, story=SWEEP),
    kill("before store.discard", 0, story=DELETE),
    kill("before coder.delete_workspace", 0, story=DELETE),
    kill("after coder.delete_workspace", 0, story=DELETE),
)
SLEEPS = (
    # C10, C11: a process is stopped for longer than its claim lives, then woken
    pause("before store.claim", took=LONGER + READY),
    pause("after store.claim", took=LONGER + READY),
    pause("before coder.create_workspace", took=LONGER + READY),
    pause("after coder.create_workspace"),
    pause("before store.bind"),
    pause("after store.bind"),
    pause("before coder.dial", took=READY + LONGER + 2),
    pause("after store.claim", took=LONGER + READY, story=REPLACE),
    pause("before store.bind", story=REPLACE),
    pause("before coder.start_workspace", "started", LONGER + READY, 0, story=START),
    pause("before coder.stop_workspace", "stopped", LONGER + 5, 0, story=STOP),
    pause("before store.attach", "attached", requests=0, story=ATTACH),
    pause("before store.attach", "detached", story=DETACH),
    pause("before store.close_chat", "chat_closed", requests=0, story=CLOSE),
    pause("before store.bind", "swept", requests=0, story=SWEEP),
    pause("before store.discard", "swept", requests=0, story=DELETE),
    pause("before coder.delete_workspace", "swept", requests=0, story=DELETE),
)
PLATFORM = (
    coder("get_template", "503-thrice", unavailable, times=3),
    coder("get_template", "lost-request", lost_request, "platform_unavailable", 10),
    coder("create_workspace", "lost-request", lost_request, "outcome_unknown", 25),
    coder("create_workspace", "lost-answer", lost_answer, "adopted"),
    coder("create_workspace", "late-10", late(10), "outcome_unknown", 25, requests=2),
    coder("create_workspace", "late-40", late(40), "outcome_unknown", 25, requests=2),
    coder("create_workspace", "rolled-back", rolled_back, "outcome_unknown", 25, requests=2),
    coder("create_workspace", "takes-20", slow(20), took=20 + READY),
    coder("create_workspace", "takes-60", slow(60), "outcome_unknown", 25, requests=2),
    coder("create_workspace", "refused-400", refused(400, size="too large"), "refused", 0, requests=2),
    coder("create_workspace", "refused-403", refused(403), "refused", 0, requests=2),
    coder("create_workspace", "503", unavailable, "outcome_unknown", 0, requests=2),
    coder("create_workspace", "503-twice", unavailable, "outcome_unknown", 0, requests=3, times=2, later="outcome_unknown"),
    coder("create_workspace", "409-and-nothing-there", refused(409, name="taken"), "outcome_unknown", 0, requests=2),
    coder("create_workspace", "raises", raises(ZeroDivisionError("a bug in an adapter")), "ZeroDivisionError", 0, requests=2),
    coder("create_workspace", "late-40", late(40), "outcome_unknown", 25, story=REPLACE),
    coder("create_workspace", "refused-400", refused(400), "refused", 0, story=REPLACE),
    coder("watch", "503", unavailable),
    coder("dial", "fails", unavailable, took=READY + 2),
    coder("dial", "fails-thrice", unavailable, took=READY + 6, times=3),
    coder("dial", "lost-request", lost_request, took=READY + 7),
    coder("get_workspace", "503-thrice", unavailable, times=3),
    coder("get_workspace", "lost-request", lost_request, "platform_unavailable", 10, requests=0, story=START),
    coder("get_workspace", "503-twice", unavailable, "started", requests=0, times=2, story=START),
    coder("get_workspace", "503-twice", unavailable, "attached", 0, requests=0, times=2, story=ATTACH),
    coder("start_workspace", "lost-request", lost_request, "outcome_unknown", 25, requests=0, story=START),
    coder("start_workspace", "lost-answer", lost_answer, "started", requests=0, story=START),
    coder("start_workspace", "late-40", late(40), "outcome_unknown", 25, requests=0, story=START),
    coder("start_workspace", "takes-20", slow(20), "started", 20 + READY, requests=0, story=START),
    coder("start_workspace", "refused-400", refused(400), "refused", 0, requests=0, story=START),
    coder("start_workspace", "503", unavailable, "outcome_unknown", 0, requests=0, story=START),
    coder("stop_workspace", "lost-answer", lost_answer, "stopped", 25, requests=0, story=STOP),
    coder("stop_workspace", "lost-request", lost_request, "outcome_unknown", 25, requests=0, story=STOP),
    coder("stop_workspace", "late-10", late(10), "outcome_unknown", 25, requests=0, story=STOP),
    coder("find_workspace", "503-thrice", unavailable, "swept", 0, requests=0, times=3, story=SWEEP),
    coder("find_workspace", "lost-request", lost_request, "swept", 10, requests=0, story=SWEEP),
    coder("list_workspaces", "503", unavailable, "swept", 0, requests=0, story=DELETE),
    coder("delete_workspace", "late-10", late(10), "swept", 25, requests=0, story=DELETE),
    Fault("first-build-fails", lambda world: world.template(build=(Fails(10), BUILD)), "build_failed", 10),
    Fault("quota-is-full", lambda world: world.template(build=Fails(20, QUOTA, "INSUFFICIENT_QUOTA")), "quota_full", 20, ends=("quota_full",)),
    Fault("agent-never-connects", lambda world: world.template(connect=NEVER), "agent_not_connected", BUILD + 120, ends=("agent_not_connected",)),
    Fault("break-watches", after(10, lambda world: world.sim.coder.break_watches())),
    Fault("silence-watches", lambda world: world.sim.coder.silence_watches()),
    Fault("hide-while-building", after(10, lambda world: world.latest.hide()), "not_visible", 10, later="not_visible"),
    Fault("hide-while-scripts-run", after(40, lambda world: world.latest.hide()), "not_visible", 40, later="not_visible"),
)
STORE = (
    store("look", "fails-thrice", unavailable, times=3),
    store("look", "lost-request", lost_request, took=5 + READY),
    store("secret", "lost-answer", lost_answer, took=5 + READY),
    store("claim", "fails-thrice", unavailable, times=3),
    store("claim", "lost-request", lost_request, took=5 + READY),
    store("claim", "lost-answer", lost_answer, took=5 + READY),
    store("claim", "late-10", late(10), took=5 + READY),
    store("bind", "fails-thrice", unavailable, times=3),
    store("bind", "lost-request", lost_request),
    store("bind", "lost-answer", lost_answer),
    store("bind", "late-40", late(40)),
    store("bind", "takes-3", slow(3)),
    store("bind", "lost-answer", lost_answer, story=REPLACE),
    store("release", "lost-answer", lost_answer, "started", requests=0, story=START),
    store("attach", "fails-thrice", unavailable, "attached", 0, requests=0, times=3, story=ATTACH),
    store("attach", "lost-request", lost_request, "attached", 5, requests=0, story=ATTACH),
    store("attach", "lost-answer", lost_answer, "attached", 5, requests=0, story=ATTACH),
    store("attach", "late-40", late(40), "detached", 5, story=DETACH),
    store("close_chat", "lost-answer", lost_answer, "chat_closed", 5, requests=0, story=CLOSE),
    store("planned", "fails", unavailable, "swept", 0, requests=0, story=SWEEP),
    store("chats", "fails", unavailable, "swept", 0, requests=0, story=SWEEP),
    store("bind", "lost-answer", lost_answer, "swept", 5, requests=0, story=SWEEP),
    store("discard", "lost-answer", lost_answer, "swept", 5, requests=0, story=DELETE),
    Fault("lose-a-commit-while-building", after(10, lambda world: world.sim.store.lose_commits(1)), "overtaken"),
    Fault("lose-two-commits-while-building", after(10, lambda world: world.sim.store.lose_commits(2)), "overtaken", requests=2),
    Fault("lose-two-commits-when-ready", after(READY + 1, lambda world: world.sim.store.lose_commits(2)), requests=2),
)
WORLD = (
    Fault("clock-an-hour-ahead", lambda world: world.first.shift_clock(3600)),
    Fault("clock-an-hour-behind", lambda world: world.first.shift_clock(-3600)),
    Fault("closed-while-building", after(10, lambda world: world.first.workspaces.close()), "closed", 10),
    Fault("interrupted-while-building", after(10, lambda world: world.first.workspaces.interrupt(CHAT)), "interrupted", 10),
    # two faults in one call
    Fault(
        "create-workspace-lost-answer-and-find-503",
        together(
            lambda world: world.sim.coder.when("create_workspace").lose_answer(), lambda world: world.sim.coder.when("find_workspace", times=3).fail()
        ),
        "adopted",
    ),
    Fault(
        "create-workspace-lost-answer-and-find-lost-request",
        together(
            lambda world: world.sim.coder.when("create_workspace").lose_answer(), lambda world: world.sim.coder.when("find_workspace").lose_request()
        ),
        "outcome_unknown",
        27,
    ),
    Fault(
        "kill-after-store-claim-and-wait-for-turn-fails",
        together(lambda world: world.first.kill(after="store.claim"), lambda world: world.sim.store.when("wait_for_turn", nth=3, times=2).fail()),
        KILLED,
        0,
        stops_first=True,
    ),
    Fault(
        "pause-before-store-bind-and-replaced-and-store-record-stray-fails",
        together(
            lambda world: world.first.pause(LONGER, before="store.bind"),
            lambda world: world.meanwhile(CLAIM + 5, world.third, replace),
            lambda world: world.sim.store.when("record_stray").fail(),
        ),
        "existing",
        CLAIM + 5 + READY,
        requests=2,
        story=attrs.evolve(CREATE, leaves=True),
        stops_first=True,
    ),
    Fault(
        "lose-two-commits-and-conflict-answered-500",
        together(lambda world: world.sim.coder.answer_conflicts(500), after(10, lambda world: world.sim.store.lose_commits(2))),
        "overtaken",
        requests=2,
    ),
    Fault(
        "create-workspace-late-10-and-conflict-answered-500",
        together(lambda world: world.sim.coder.answer_conflicts(500), lambda world: world.sim.coder.when("create_workspace").arrive_late(10)),
        "outcome_unknown",
        25,
        2,
    ),
)
FAULTS = (*DIES, *SLEEPS, *PLATFORM, *STORE, *WORLD)


# ------------------------------------------------------------------ situations


@attrs.frozen
class Situation:
    """What else goes on."""

    name: str
    begin: Callable[[World, Fault], object] = lambda _world, _fault: None
    ends: tuple[str, ...] = ()
    """What the last call is told, if not what the story says."""
    leaves: bool = False
    """Somebody leaves a live workspace behind, on purpose."""
    before: Deed = nothing
    faults: tuple[str, ...] = attrs.field(default=(), kw_only=True)
    """The faults that it is tried with."""


def _with_a_second_process(world: World, fault: Fault) -> None:
    """Let a second process want the same; where the fault is to strike the first, a second later."""
    world.meanwhile(1 if fault.stops_first else 0, world.second, fault.story.act)


def _with_nine_more_callers(world: World, fault: Fault) -> None:
    for _ in range(9):
        world.meanwhile(0, world.first, fault.story.act)


def _with(seconds: float, act: Act) -> Callable[[World, Fault], object]:
    return lambda world, _: world.meanwhile(seconds, world.second, act)


def _user(seconds: float, deed: Callable[[FakeWorkspace], object]) -> Callable[[World, Fault], object]:
    return lambda world, _: world.at(seconds, lambda world: deed(world.latest))


def _restart(workspace: FakeWorkspace) -> None:
    workspace.cancel()
    workspace.start()


def _stop(workspace: FakeWorkspace) -> None:
    workspace.cancel()
    workspace.stop()


NASTIEST = ("kill-before-store-bind", "pause-before-store-bind", "create-workspace-late-40")
STOPPED = (*FOUND, "not_running")
ALONE = Situation("alone")
SECOND_PROCESS = Situation("second-process", _with_a_second_process)
SITUATIONS = (
    Situation("ten-callers-in-the-process", _with_nine_more_callers),
    Situation("call-after-20-s", _with(20, create)),
    Situation("other-template", _with(10, other_template)),
    Situation("other-parameters", _with(10, other_parameters)),
    Situation("attach-after-10-s", _with(10, attach), leaves=True, before=own),
    Situation("detach-after-10-s", _with(10, detach), leaves=True),
    Situation("detach-after-40-s", _with(40, detach), leaves=True),
    Situation("replace-after-10-s", _with(10, replace), leaves=True),
    Situation("replace-after-40-s", _with(40, replace), leaves=True),
    Situation("close-after-10-s", _with(10, close), ("chat_closed",), leaves=True),
    Situation("start-after-10-s", _with(10, start)),
    Situation("stop-after-10-s", _with(10, stop), STOPPED),
    Situation("user-deletes", _user(40, FakeWorkspace.delete)),
    Situation("user-restarts", _user(40, _restart)),
    Situation("user-stops", _user(40, _stop), STOPPED),
    Situation(
        "user-renames", _user(40, lambda it: it.rename("mine")), faults=("kill-after-store-bind", "pause-before-store-bind", "store-bind-late-40")
    ),
)


@attrs.frozen
class Case:
    """A fault in a situation."""

    fault: Fault
    situation: Situation

    def __str__(self) -> str:
        return f"{self.fault.name}--{self.situation.name}"

    @property
    def ends(self) -> tuple[str, ...]:
        """What the last call is told."""
        return self.situation.ends or self.fault.ends or self.fault.story.ends

    @property
    def leaves(self) -> bool:
        """Somebody leaves a live workspace behind, on purpose."""
        return self.situation.leaves or self.fault.story.leaves

    def play(self, seed: int = 0) -> World:
        """Let the fault strike those who call, then call from another process, and again from a third when all that was late has arrived."""
        world, story = World(seed), self.fault.story
        self.situation.before(world)
        story.before(world)
        world.told.clear()
        requests = world.requests
        self.fault.strike(world)
        self.situation.begin(world, self.fault)
        world.run((world.first, story.act))
        world.run((world.second, story.later))
        world.sim.sleep(SETTLING)
        for workspace in world.made:
            workspace.show()
        world.run((world.third, story.later))
        world.asked = world.requests - requests
        return world


CASES = (
    *(Case(fault, situation) for fault in FAULTS for situation in (ALONE, SECOND_PROCESS)),
    *(Case(fault, situation) for situation in SITUATIONS for fault in FAULTS if fault.name in (situation.faults or NASTIEST)),
)
