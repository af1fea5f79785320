"""The faults of the table in test_faults.py."""

from __future__ import annotations

import attrs

from chatworkspace_fake import NEVER, Fails
from chatworkspace_fake import Fault as Armed
from chatworkspace_fake._platform.coder import CreatorCall
from chatworkspace_fake._platform.store import StoreCall
from tests.service.stories import (
    ATTACH,
    ATTACH_FIRST,
    BUILD,
    CHAT,
    CLAIM,
    CLOSE,
    CREATE,
    DELETE,
    DETACH,
    KILLED,
    LONGER,
    QUOTA,
    READY,
    REMOVE,
    REPLACE,
    START,
    STOP,
    SWEEP,
    Deed,
    How,
    Story,
    World,
    replace,
)


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
    # C14: while deleting
    kill("before store.close_chat", 0, story=REMOVE),
    kill("after store.close_chat", 0, story=REMOVE),
    kill("before store.discard", 0, story=REMOVE),
    kill("before coder.delete_workspace", 0, story=REMOVE),
    kill("after coder.delete_workspace", 0, story=REMOVE),
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
    pause("before coder.dial", took=READY + LONGER),
    pause("after store.claim", took=LONGER + READY, story=REPLACE),
    pause("before store.bind", story=REPLACE),
    pause("before coder.start_workspace", "started", LONGER + READY, 0, story=START),
    pause("before coder.stop_workspace", "stopped", LONGER + 5, 0, story=STOP),
    pause("before store.attach", "attached", requests=0, story=ATTACH),
    pause("before store.attach", "detached", story=DETACH),
    pause("before store.close_chat", "chat_closed", requests=0, story=CLOSE),
    pause("before store.close_chat", "deleted", LONGER + 5, 0, story=REMOVE),
    pause("before store.discard", "deleted", LONGER + 5, 0, story=REMOVE),
    pause("before coder.delete_workspace", "deleted", LONGER + 5, 0, story=REMOVE),
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
    coder("dial", "lost-request", lost_request, took=READY + 5),
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
    coder("get_workspace", "503-twice", unavailable, "deleted", 5, requests=0, times=2, story=REMOVE),
    coder("get_workspace", "lost-request", lost_request, "platform_unavailable", 10, requests=0, story=REMOVE),
    coder("delete_workspace", "lost-answer", lost_answer, "deleted", 25, requests=0, story=REMOVE),
    coder("delete_workspace", "lost-request", lost_request, "outcome_unknown", 25, requests=0, story=REMOVE),
    coder("delete_workspace", "late-10", late(10), "outcome_unknown", 25, requests=0, story=REMOVE),
    coder("delete_workspace", "refused-403", refused(403), "refused", 0, requests=0, story=REMOVE),
    coder("delete_workspace", "503", unavailable, "outcome_unknown", 0, requests=0, story=REMOVE),
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
    store("close_chat", "lost-answer", lost_answer, "deleted", 10, requests=0, story=REMOVE),
    store("history", "fails-thrice", unavailable, "deleted", 5, requests=0, times=3, story=REMOVE),
    store("discard", "lost-answer", lost_answer, "deleted", 10, requests=0, story=REMOVE),
    store("release", "lost-answer", lost_answer, "deleted", 5, requests=0, story=REMOVE),
    store("planned", "fails", unavailable, "swept", 0, requests=0, story=SWEEP),
    store("owned", "fails", unavailable, "swept", 0, requests=0, story=SWEEP),
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
