"""The checker finds nothing in a history that is in order, and names what breaks each thing that must hold."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any
from uuid import UUID

import attrs
import pytest

from chatworkspace import (
    Agent,
    AgentStatus,
    Build,
    Chat,
    JobStatus,
    LeftBehind,
    Lifecycle,
    Outcome,
    Phase,
    Progress,
    Reason,
    State,
    Sweep,
    Transition,
    Workspace,
)
from chatworkspace.ports import Plan
from tests.worlds.checker import RULES, check
from tests.worlds.histories import Asked, BuildMade, Deed, Dialled, History, Left, Made, Observed, Row, Told, Written

BORN = datetime(2030, 1, 1, tzinfo=timezone.utc)
OWNER, ORGANIZATION, TEMPLATE, VERSION, AGENT = (UUID(int=number) for number in range(1, 6))
ONE, TWO, THREE = (UUID(int=number) for number in (11, 12, 13))
"""Workspaces."""
FIRST, SECOND = "docker-aaaaaaaaaa", "docker-bbbbbbbbbb"
"""The names of the chat's first two numbers."""
CHAT = Chat(id="chat-1", owner_id=OWNER, organization_id=ORGANIZATION, generation=1, workspace_id=ONE)
READER = Agent(id=AGENT, name="main", status=AgentStatus.CONNECTED, lifecycle=Lifecycle.READY)
BUILD = Build(id=UUID(int=6), number=1, transition=Transition.START, job_status=JobStatus.SUCCEEDED, template_version_id=VERSION)
ANOTHER = "of-somebody-else"
PLAN = Plan(name=FIRST, number=0, template_id=TEMPLATE)


def workspace(which: UUID = ONE, name: str = FIRST) -> Workspace:
    return Workspace(
        id=which,
        name=name,
        owner_id=OWNER,
        owner_name="me",
        organization_id=ORGANIZATION,
        template_id=TEMPLATE,
        build=BUILD,
        agents=(READER,),
        created_at=BORN,
    )


def made(which: UUID = ONE, name: str = FIRST, **changes: Any) -> Made:
    builds = (BuildMade(number=1, transition=Transition.START, asked_at=1),)
    return attrs.evolve(Made(id=which, made_as=name, name=name, made_at=1, builds=builds), **changes)


def asked(seq: int, caller: int, kind: str, **changes: Any) -> Asked:
    return attrs.evolve(Asked(seq=seq, at=1, caller=caller, chat_id=CHAT.id, kind=kind, name=FIRST if kind == "create" else ""), **changes)


def written(seq: int, call: str, **changes: Any) -> Written:
    epoch, planned = changes.get("epoch", 1), changes.get("plan")
    row: dict[str, Any] = {"name": FIRST} if planned is None else {"name": planned.name, "number": planned.number, "stands": True}
    base = Written(seq=seq, at=1, call=call, caller=0, chat_id=CHAT.id, epoch=epoch, token=f"of-{epoch}", generation=1, stood=call != "claim")
    return attrs.evolve(base, **{**row, **changes})


def told(caller: int, kind: str = "create", **changes: Any) -> Told:
    """Return a call that was told that the workspace is ready."""
    outcome = Outcome(chat=CHAT, state=State.READY, reason=Reason.EXISTING, workspace=workspace(), agent=READER)
    return attrs.evolve(Told(caller=caller, process="p1", kind=kind, chat_id=CHAT.id, begun_at=1, ended_at=2, wait=5, outcome=outcome), **changes)


CLEAN = History(
    made=(made(),),
    asked=(asked(2, 0, "create"),),
    written=(written(1, "claim", plan=PLAN), written(3, "bind", after=ONE)),
    dialled=(Dialled(seq=4, at=2, caller=0, workspace_id=ONE, agent_id=AGENT),),
    observed=(Observed(seq=5, at=2, caller=0, chat=CHAT), Observed(seq=6, at=2, caller=1, chat=CHAT)),
    told=(told(0), told(1, last=True)),
    rows=(Row(chat=CHAT, marks=("aaaaaaaaaa", "bbbbbbbbbb")),),
    sweep=Sweep(),
)
"""Two calls, one workspace."""


def changed(**more: Any) -> History:
    """Return the clean history with more of this and that."""
    longer: dict[str, Any] = {name: (*getattr(CLEAN, name), *values) for name, values in more.items()}
    return attrs.evolve(CLEAN, **longer)


def with_outcome(**changes: Any) -> History:
    """Return the clean history in which the second call was told something else."""
    second = CLEAN.told[1]
    assert second.outcome is not None
    return attrs.evolve(CLEAN, told=(CLEAN.told[0], attrs.evolve(second, outcome=attrs.evolve(second.outcome, **changes))))


def with_call(**changes: Any) -> History:
    """Return the clean history in which the second call went another way."""
    return attrs.evolve(CLEAN, told=(CLEAN.told[0], attrs.evolve(CLEAN.told[1], **changes)))


def replaced(**changes: Any) -> History:
    """Return a history in which a third call has replaced the workspace, and said so."""
    left = LeftBehind(workspace_id=ONE, name=f"me/{FIRST}", reason=Reason.REPLACED)
    chat = attrs.evolve(CHAT, generation=2, workspace_id=TWO)
    outcome = Outcome(
        chat=chat, state=State.STARTING, reason=Reason.IN_PROGRESS, phase=Phase.BUILDING, workspace=workspace(TWO, SECOND), left_behind=left
    )
    plan = attrs.evolve(PLAN, name=SECOND, number=1)
    history = changed(
        made=[made(TWO, SECOND, made_at=20.0)],
        asked=[asked(12, 2, "create", name=SECOND)],
        written=[
            written(11, "claim", plan=plan, keep=True, before=ONE, after=ONE, epoch=2, caller=2, at=20.0),
            written(13, "bind", before=ONE, after=TWO, epoch=2, generation=2, caller=2, at=20.0, name=SECOND, number=1),
        ],
        observed=[Observed(seq=14, at=20, caller=2, chat=chat)],
        told=[told(2, "replace", begun_at=20, ended_at=20, outcome=attrs.evolve(outcome, **changes))],
    )
    rows = (Row(chat=chat, marks=("aaaaaaaaaa", "bbbbbbbbbb")),)
    return attrs.evolve(history, rows=rows, sweep=Sweep(strays=(workspace(),)))


SECOND_PLAN = attrs.evolve(PLAN, name=SECOND, number=1)


def planned_beside(seq: int = 11, **changes: Any) -> Written:
    """Return the claim of a third call with a plan beside the binding."""
    return written(seq, "claim", plan=SECOND_PLAN, keep=True, before=ONE, after=ONE, epoch=2, caller=2, at=20.0, **changes)


def refused(**changes: Any) -> History:
    """Return a history in which a third call wanted to replace the workspace, and was refused."""
    release = written(13, "release", before=ONE, after=ONE, epoch=2, caller=2, at=20.0, note="replacement refused: no")
    third = told(2, "replace", begun_at=20, ended_at=20, outcome=None, error="RefusedError")
    return changed(asked=[asked(12, 2, "create", name=SECOND)], written=[planned_beside(), attrs.evolve(release, **changes)], told=[third])


def in_doubt(**changes: Any) -> History:
    """Return a history in which a third call got no answer, its request was acted upon all the same, and the sweep has bound what came of it."""
    later = {"epoch": 3, "caller": 3, "at": 60.0}
    settling = {"name": SECOND, "number": 1, "stood": True}
    history = changed(
        made=[made(TWO, SECOND, made_at=50.0)],
        asked=[asked(12, 2, "create", name=SECOND)],
        written=[
            planned_beside(),
            written(13, "release", before=ONE, after=ONE, epoch=2, caller=2, at=45.0, stands=True, **settling),
            written(14, "claim", before=ONE, after=ONE, stands=True, **settling, **later),
            attrs.evolve(written(15, "bind", before=ONE, after=TWO, generation=2, **settling, **later), **changes),
        ],
        told=[
            told(2, "replace", begun_at=20, ended_at=45, wait=None, outcome=None, error="OutcomeUnknownError"),
            told(3, "sweep", begun_at=60, ended_at=60, outcome=None, swept=Sweep()),
        ],
    )
    rows = (Row(chat=attrs.evolve(CHAT, generation=2, workspace_id=TWO), marks=("aaaaaaaaaa", "bbbbbbbbbb")),)
    return attrs.evolve(history, rows=rows, sweep=Sweep(strays=(workspace(),)))


def late(name: str = FIRST, **changes: Any) -> History:
    """Return a history in which the workspace was replaced, and deleted; and a request of that name comes late."""
    before = replaced()
    deleted = (BuildMade(number=1, transition=Transition.START, asked_at=1), BuildMade(number=2, transition=Transition.DELETE, asked_at=30))
    stray = made(THREE, name, made_at=40.0)
    return attrs.evolve(
        before,
        told=(before.told[0], attrs.evolve(before.told[1], last=False), before.told[2]),
        made=(made(gone_at=30.0, builds=deleted), before.made[1], attrs.evolve(stray, **changes)),
        deeds=(Deed(kind="delete", at=30.0, workspace_id=ONE),),
        sweep=Sweep(strays=(workspace(THREE, name),)),
    )


def closed_in_doubt(*, stood: bool) -> History:
    """Return a history in which a third call got no answer, its chat was closed, and its request was acted upon all the same."""
    before, closing = in_doubt(), {"name": SECOND, "number": 1, "epoch": 3, "caller": 3, "at": 46.0}
    claim = attrs.evolve(before.written[-2], at=46.0, stands=stood)
    going = Outcome(chat=CHAT, state=State.STARTING, reason=Reason.IN_PROGRESS, phase=Phase.BUILDING, workspace=workspace())
    return attrs.evolve(
        before,
        written=(*before.written[:-2], claim, written(15, "close_chat", before=ONE, stood=stood, **closing)),
        told=(*(attrs.evolve(it, last=False) for it in before.told[:2]), before.told[2], told(3, "delete", begun_at=46, ended_at=46, outcome=going)),
        rows=(Row(chat=attrs.evolve(CHAT, closed=True, workspace_id=None), marks=("aaaaaaaaaa", "bbbbbbbbbb")),),
        sweep=Sweep(strays=(workspace(TWO, SECOND), workspace())),
    )


def step(phase: Phase | None, build: int = 1, generation: int = 1, outcome: Outcome | None = None) -> Progress:
    return Progress(chat_id=CHAT.id, generation=generation, at=BORN, elapsed=0, build_number=build, phase=phase, outcome=outcome)


def followed(*steps: Progress) -> History:
    """Return a history with a follower who saw these steps."""
    return changed(told=[told(2, "follow", outcome=None, progress=steps)])


END = step(None, outcome=CLEAN.told[0].outcome)


@pytest.mark.parametrize(
    "history",
    [
        pytest.param(CLEAN, id="two-calls"),
        pytest.param(replaced(), id="a-replacement"),
        pytest.param(refused(), id="a-replacement-that-is-refused"),
        pytest.param(in_doubt(), id="a-replacement-that-the-sweep-has-bound"),
        pytest.param(late(), id="a-late-request-for-a-name-that-was-given-up"),
        pytest.param(closed_in_doubt(stood=True), id="a-late-request-of-a-chat-that-was-closed"),
        pytest.param(followed(step(Phase.BUILDING), step(Phase.BUILDING), step(Phase.SCRIPTS), step(Phase.BUILDING, build=2), END), id="a-follower"),
    ],
)
def test_nothing_is_found_where_all_is_in_order(history: History) -> None:
    """A creation that two calls share, one that is replaced, one that is followed."""
    assert check(history) == []


def _other_process(history: History) -> History:
    """Let the second call come from another process, which has not dialled."""
    return attrs.evolve(history, told=(history.told[0], attrs.evolve(history.told[1], process="p2")))


def _connected_to(workspace_id: UUID) -> History:
    """Return a history in which a third call has looked, and reached an agent of this workspace."""
    return changed(
        told=[told(2, "connect", outcome=None, connected=True)],
        observed=[Observed(seq=7, at=2, caller=2, chat=CHAT)],
        dialled=[Dialled(seq=8, at=2, caller=2, workspace_id=workspace_id, agent_id=AGENT)],
    )


def _made_as(name: str) -> History:
    """Return a history in which what a replacement has asked for is called something else."""
    history = in_doubt()
    return attrs.evolve(history, made=(made(), made(TWO, name, made_at=50.0)), asked=(history.asked[0], attrs.evolve(history.asked[1], name=name)))


DROPPED = written(13, "release", before=ONE, after=ONE, epoch=2, caller=2, at=20.0)
"""The third call has given its plan up."""

BROKEN: dict[str, tuple[int, Callable[[], History]]] = {
    "two-live": (1, lambda: replaced(left_behind=None)),
    "two-live-of-one-name": (1, lambda: changed(made=[made(TWO, made_at=5.0)])),
    "late-of-no-plan": (1, lambda: closed_in_doubt(stood=False)),
    "late-and-in-use": (1, lambda: late(SECOND)),
    "beside-another-name": (1, lambda: _made_as("docker-cccccccccc")),
    "beside-no-plan": (1, lambda: attrs.evolve(in_doubt(), written=(*CLEAN.written, planned_beside(), DROPPED))),
    "named-only-as-overtaken": (1, lambda: replaced(left_behind=LeftBehind(workspace_id=ONE, name=FIRST, reason=Reason.OVERTAKEN))),
    "a-name-without-a-mark": (2, lambda: changed(made=[made(TWO, "docker", made_at=5.0)], asked=[asked(8, 0, "create", name="docker")])),
    "deleted-unasked": (
        2,
        lambda: attrs.evolve(CLEAN, made=(made(builds=(*made().builds, BuildMade(number=2, transition=Transition.DELETE, asked_at=9))),)),
    ),
    "a-stray-not-listed": (2, lambda: attrs.evolve(replaced(), sweep=Sweep())),
    "a-chats-own-listed": (2, lambda: attrs.evolve(CLEAN, sweep=Sweep(strays=(workspace(),)))),
    "a-row-that-the-sweep-could-not-do": (2, lambda: attrs.evolve(CLEAN, sweep=Sweep(errors={"chat-1": "no"}))),
    "ready-undialled": (3, lambda: attrs.evolve(CLEAN, dialled=())),
    "ready-long-after-the-dial": (3, lambda: with_call(ended_at=7.5, wait=None)),
    "ready-dialled-by-another-process": (3, lambda: _other_process(CLEAN)),
    "connected-undialled": (3, lambda: changed(told=[told(2, "connect", outcome=None, connected=True)])),
    "connected-to-another": (3, lambda: _connected_to(TWO)),
    "ready-another-agent": (3, lambda: with_outcome(agent=attrs.evolve(READER, id=UUID(int=99)))),
    "ready-though-claimed-since": (
        3,
        lambda: attrs.evolve(
            CLEAN,
            written=(*CLEAN.written, written(5, "claim", epoch=2)),
            observed=(CLEAN.observed[0], attrs.evolve(CLEAN.observed[1], seq=7)),
        ),
    ),
    "two-workspaces-in-one-generation": (4, lambda: with_outcome(workspace=workspace(TWO))),
    "told-an-older-chat": (4, lambda: with_outcome(chat=attrs.evolve(CHAT, generation=2))),
    "told-without-a-last-look": (4, lambda: with_call(ended_at=60.0, wait=None)),
    "two-chats-one-making": (4, lambda: changed(written=[written(9, "bind", after=ONE, chat_id="chat-2")])),
    "an-older-epoch": (5, lambda: changed(written=[written(8, "claim", epoch=2), written(9, "bind", after=ONE)])),
    "two-holders": (5, lambda: changed(written=[written(8, "claim", token=ANOTHER)])),
    "never-claimed": (5, lambda: changed(written=[written(8, "bind", epoch=2, after=ONE)])),
    "deleted-by-a-create": (6, lambda: changed(asked=[asked(9, 0, "delete", workspace_id=ONE)])),
    "restarted-by-a-create": (6, lambda: changed(asked=[asked(9, 0, "start", workspace_id=ONE, at=9.0)])),
    "left-behind-by-a-create": (6, lambda: attrs.evolve(replaced(), told=(*replaced().told[:2], attrs.evolve(replaced().told[2], kind="create")))),
    "stopped-by-nobody": (
        6,
        lambda: attrs.evolve(CLEAN, made=(made(builds=(*made().builds, BuildMade(number=2, transition=Transition.STOP, asked_at=9))),)),
    ),
    "late": (7, lambda: with_call(begun_at=0.0, ended_at=2.0, wait=1.0)),
    "another-name": (8, lambda: changed(written=[written(8, "claim", epoch=2, plan=attrs.evolve(PLAN, name=SECOND))])),
    "asked-without-a-plan": (8, lambda: changed(asked=[asked(9, 1, "create")])),
    "asked-twice": (8, lambda: changed(asked=[asked(9, 0, "create")])),
    "asked-again-without-looking": (
        8,
        lambda: changed(asked=[asked(9, 1, "create")], written=[written(8, "claim", epoch=2, plan=PLAN, caller=1, stood=True)]),
    ),
    "two-generations-by-one-call": (8, lambda: changed(written=[written(8, "claim", epoch=2, plan=PLAN, generation=2)])),
    "a-mutex-left": (9, lambda: changed(left=[Left(where="p1", what="mutexes", count=1)])),
    "a-claim-left": (9, lambda: attrs.evolve(CLEAN, rows=(attrs.evolve(CLEAN.rows[0], claimed_for=3.0),))),
    "a-plan-left": (9, lambda: attrs.evolve(CLEAN, rows=(Row(chat=attrs.evolve(CHAT, workspace_id=None), plan=PLAN, marks=("aaaaaaaaaa",)),))),
    "a-replacement-not-found": (9, lambda: attrs.evolve(in_doubt(), rows=(attrs.evolve(CLEAN.rows[0], plan=SECOND_PLAN),))),
    "backwards": (10, lambda: followed(step(Phase.SCRIPTS), step(Phase.BUILDING), END)),
    "an-older-build": (10, lambda: followed(step(Phase.BUILDING, build=2), step(Phase.SCRIPTS), END)),
    "an-older-generation": (10, lambda: followed(step(Phase.BUILDING, generation=2), END)),
    "no-end": (10, lambda: followed(step(Phase.BUILDING))),
    "two-ends": (10, lambda: followed(END, END)),
    "claimed-too-long": (12, lambda: changed(observed=[Observed(seq=9, at=2, caller=9, chat=CHAT, claimed_for=31)])),
    "stuck": (12, lambda: with_call(outcome=None, error="BusyError")),
    "ready-and-gone": (12, lambda: attrs.evolve(CLEAN, made=(made(gone_at=50.0),))),
    "nobody-to-act": (12, lambda: with_outcome(state=State.STOPPED, reason=Reason.NOT_RUNNING)),
    "not-connected": (12, lambda: changed(told=[told(2, "status", last=True), told(3, "connect", last=True, outcome=None, error="ConnectError")])),
    "unbound-by-a-plan": (13, lambda: changed(written=[written(11, "claim", plan=PLAN, before=ONE, epoch=2, at=20.0)])),
    "replaced-by-what-was-not-planned": (13, lambda: in_doubt(name=FIRST, number=0)),
    "a-refused-plan-that-stands": (13, lambda: refused(stands=True, name=SECOND, number=1)),
    "a-refused-number-that-stays": (13, lambda: refused(name=SECOND, number=1)),
    "a-plain-create-that-replaces": (13, lambda: attrs.evolve(refused(), told=(*CLEAN.told, attrs.evolve(refused().told[2], kind="create")))),
    "a-driver's-error": (12, lambda: with_call(outcome=None, error="KeyError()", leaked=True)),
}


@pytest.mark.parametrize(("number", "make"), [pytest.param(*broken, id=f"{broken[0]}-{name}") for name, broken in BROKEN.items()])
def test_what_breaks_is_named(number: int, make: Callable[[], History]) -> None:
    """One thing is wrong with each history, and the rule that it breaks says so."""
    assert {problem.partition(":")[0] for problem in check(make())} >= {str(number)}


def test_every_rule_has_a_history_that_breaks_it() -> None:
    """1 to 13 but 11, none left out."""
    assert {number for number, _ in BROKEN.values()} == set(RULES) == {*range(1, 14)} - {11}
