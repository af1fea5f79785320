"""Replacements that are under way, or of which nobody knows, and what leaving and the sweep make of them."""

from __future__ import annotations

from uuid import UUID

import pytest

from chatworkspace import NoWorkspaceError, Outcome, OutcomeUnknownError, Phase, Reason, RefusedError, State
from tests.service.chats import CHAT, CLAIM
from tests.service.replacing import START, STOP, Call, Replacing, left

CREATE: Call = lambda chats: chats.create(CHAT, UUID(int=1))  # noqa: E731 # cases are shortest so


# ------------------------------------------------------------------ a replacement that is under way, or in doubt


def test_while_a_replacement_is_asked_for_the_chat_is_as_it_was() -> None:
    """Status, follow and connect go on with what is bound; a create waits for its turn, and is told of the new one."""
    case = Replacing()
    world, other = case.world, case.world.sim.process("other")
    world.coder.when("create_workspace").take(20)

    statuses, phases, created = list[Outcome](), list[Phase | None](), list[Outcome]()

    def look() -> None:
        world.sim.sleep(5)
        statuses.append(other.workspaces.status(CHAT))
        with other.workspaces.connect(CHAT):
            phases.extend(step.phase for step in other.workspaces.follow(CHAT, wait=1))

    def create() -> None:
        world.sim.sleep(5)
        service = world.sim.process("third").workspaces
        created.extend(service.create(CHAT, case.other.id, wait=wait) for wait in (1, None))

    replaced = list[Outcome]()
    world.sim.run(lambda: replaced.append(case.replace()), look, create)
    (status,), (waiting, found) = statuses, created
    assert (status.workspace_id, status.ready) == (case.old.id, True)
    assert Phase.CREATING not in phases
    assert (waiting.state, waiting.reason, waiting.phase) == (State.STARTING, Reason.IN_PROGRESS, Phase.QUEUED)
    assert found.workspace_id == replaced[0].workspace_id == world.latest.id
    assert (left(replaced[0]), found.left_behind) == (case.old.id, None)


def test_a_plain_create_asks_for_no_replacement_that_another_wanted() -> None:
    """Nobody knows whether it was made: what is bound is used, and nothing is sent."""
    case = Replacing()
    case.leave_in_doubt()
    outcome, calls = case.world.counts(case.create)
    assert (outcome.workspace_id, outcome.ready) == (case.old.id, True)
    assert calls.get("create_workspace", 0) == 0
    assert case.look.plan is not None


def test_the_same_replacement_again_asks_under_the_same_name() -> None:
    """So that, whatever is still under way, one of them is made."""
    case = Replacing()
    case.leave_in_doubt()
    planned = case.look.name
    outcome = case.replace()
    assert outcome.workspace is not None
    assert (outcome.created, outcome.workspace.name, outcome.chat.generation, left(outcome)) == (True, planned, 2, case.old.id)
    assert case.look.plan is None


@pytest.mark.parametrize("call", [CREATE, START, STOP], ids=["create", "start", "stop"])
def test_whoever_finds_what_a_replacement_became_binds_it_and_names_what_it_leaves(call: Call) -> None:
    """Its request came late: the next call that looks switches the chat, and says so."""
    case = Replacing()
    case.leave_in_doubt(arrives=10)
    case.world.sim.sleep(60)
    outcome = call(case.world.chats)
    assert (outcome.workspace_id, outcome.chat.generation, left(outcome)) == (case.world.latest.id, 2, case.old.id)
    assert case.look.plan is None


def test_what_is_gone_is_not_named_as_left_behind() -> None:
    """The user has deleted it before its successor was found."""
    case = Replacing()
    case.leave_in_doubt(arrives=10)
    case.world.sim.sleep(60)
    case.old.delete()
    outcome = case.create()
    assert (outcome.workspace_id, outcome.left_behind) == (case.world.latest.id, None)


def test_what_cannot_be_read_counts_as_left_behind() -> None:
    """Nobody may see it: it is named by its id alone."""
    case = Replacing()
    case.leave_in_doubt(arrives=10)
    case.world.sim.sleep(60)
    case.old.hide()
    outcome = case.create()
    assert outcome.left_behind is not None
    assert (outcome.left_behind.workspace_id, outcome.left_behind.name) == (case.old.id, "")


def test_one_call_leaves_one_behind() -> None:
    """It finds what another has asked for, and replaces nothing more: which of its own wishes had no effect is told."""
    case = Replacing()
    case.leave_in_doubt(arrives=10)
    case.world.sim.sleep(60)
    third = case.world.template("third")
    outcome = case.world.chats.create(CHAT, third.id, replace=True)
    assert (outcome.workspace_id, left(outcome), "template_id" in outcome.not_applied) == (case.world.latest.id, case.old.id, True)
    again = case.world.chats.create(CHAT, third.id, replace=True)
    assert (again.created, left(again)) == (True, outcome.workspace_id)


def test_a_refusal_while_an_earlier_request_is_in_doubt_says_so() -> None:
    """It speaks for itself alone: the plan stands, and what it stands for may still come."""
    case = Replacing()
    case.leave_in_doubt(arrives=60)
    case.world.coder.when("create_workspace").refuse(400, "no")
    with pytest.raises(RefusedError, match=r"^no; an earlier request .* may still replace this one$"):
        case.replace()
    assert case.look.plan is not None
    case.world.sim.sleep(60)
    assert case.create().workspace_id == case.world.latest.id


def test_a_holder_that_was_overtaken_drops_no_plan() -> None:
    """It was refused while it stood still, and somebody else asks under the same name: that plan stands."""
    case = Replacing()
    world, other = case.world, case.world.sim.process("other")
    world.coder.when("create_workspace").refuse()
    world.sim._default.pause(60, before="store.release")

    def replace() -> None:
        with pytest.raises(RefusedError):
            case.replace()

    def again() -> None:
        world.sim.sleep(CLAIM + 5)
        world.coder.when("create_workspace").lose_request()
        with pytest.raises(OutcomeUnknownError):
            other.workspaces.create(CHAT, case.other.id, replace=True)

    world.sim.run(replace, again)
    assert case.look.plan is not None


def test_what_is_bound_and_gone_gives_way_to_a_creation_under_the_planned_name() -> None:
    """The user deletes it while its replacement is in doubt: the next create makes what was planned, in a generation of its own."""
    case = Replacing()
    case.leave_in_doubt()
    planned = case.look.name
    case.old.delete()
    outcome = case.create()
    assert outcome.workspace is not None
    assert (outcome.created, outcome.workspace.name, outcome.chat.generation) == (True, planned, 2)
    with pytest.raises(NoWorkspaceError):
        outcome_of_start_of_a_gone_one()


def outcome_of_start_of_a_gone_one() -> Outcome:
    """Start a chat whose workspace is gone, and whose replacement is in doubt."""
    case = Replacing()
    case.leave_in_doubt()
    case.old.delete()
    return case.world.chats.start(CHAT)


def test_a_platform_that_cannot_be_asked_says_nothing_of_a_replacement() -> None:
    """Whether it was made is not known: nothing is made, and the outcome says that the platform is away."""
    case = Replacing()
    case.leave_in_doubt()
    case.world.coder.when("find_workspace").lose_request()
    outcome = case.create()
    assert (outcome.state, outcome.reason, outcome.chat.workspace_id) == (State.UNKNOWN, Reason.PLATFORM_UNAVAILABLE, case.old.id)


# ------------------------------------------------------------------ the sweep, and leaving


def test_the_sweep_leaves_a_replacement_in_doubt_standing() -> None:
    """Its request may still arrive; it is looked for each time, and is no failure."""
    case = Replacing()
    case.leave_in_doubt()
    case.world.sim.sleep(1000)
    swept = case.world.chats.sweep()
    assert (swept.settled, dict(swept.errors), swept.strays) == ((), {}, ())
    assert case.look.plan is not None


def test_the_sweep_binds_what_a_replacement_became_and_tells_what_it_leaves() -> None:
    """The host is told of both; and what was left behind is a stray from then on, listed by that very sweep."""
    told: list[Outcome] = []
    case = Replacing(on_chat_updated=told.append)
    case.leave_in_doubt(arrives=10)
    case.world.sim.sleep(1000)
    told.clear()
    swept = case.world.chats.sweep()
    assert swept.settled == (CHAT,)
    assert [(outcome.workspace_id, left(outcome)) for outcome in told] == [(case.world.latest.id, case.old.id)]
    assert [it.id for it in swept.strays] == [case.old.id]


def test_what_a_replacement_may_become_is_no_stray() -> None:
    """It bears the planned name, and the next call binds it: the sweep neither lists nor deletes it."""
    case = Replacing()
    case.leave_in_doubt(arrives=10)
    case.world.sim.sleep(60)
    assert case.world.chats.sweep().strays == ()
    assert case.world.chats.sweep(delete=[case.world.latest.id]).deleted == ()


@pytest.mark.parametrize("leave", ["detach", "close_chat"])
def test_leaving_settles_a_replacement_first(leave: str) -> None:
    """What it became is bound, and left behind in its turn: the outcome names that one, and the host was told of the other."""
    told: list[Outcome] = []
    case = Replacing(on_chat_updated=told.append)
    case.leave_in_doubt(arrives=10)
    case.world.sim.sleep(60)
    told.clear()
    outcome: Outcome = getattr(case.world.chats, leave)(CHAT)
    assert (outcome.chat.workspace_id, left(outcome), case.look.plan) == (None, case.world.latest.id, None)
    assert case.old.id in {left(it) for it in told}


@pytest.mark.parametrize("leave", ["detach", "close_chat"])
@pytest.mark.parametrize("hidden", [False, True])
def test_leaving_with_a_replacement_in_doubt_keeps_its_name(leave: str, hidden: bool) -> None:  # noqa: FBT001 # a parameter of the test
    """A request may still arrive under it: whatever is made next has that name, also where what is bound cannot be read."""
    case = Replacing()
    case.leave_in_doubt()
    number = case.look.number
    if hidden:
        case.old.hide()
    outcome: Outcome = getattr(case.world.chats, leave)(CHAT)
    assert (left(outcome), case.look.number, case.look.plan) == (case.old.id, number, None)


def test_attaching_what_a_replacement_became_binds_it() -> None:
    """It is the chat's own: nothing more is to be attached."""
    case = Replacing()
    case.leave_in_doubt(arrives=10)
    case.world.sim.sleep(60)
    outcome = case.world.chats.attach(CHAT, case.world.latest.id)
    assert (outcome.workspace_id, left(outcome), outcome.chat.generation) == (case.world.latest.id, case.old.id, 2)


def test_attaching_the_old_one_brings_it_back() -> None:
    """The replacement was made, and was not wanted after all."""
    case = Replacing()
    replaced = case.replace()
    outcome = case.world.chats.attach(CHAT, case.old.id)
    assert (outcome.workspace_id, left(outcome), outcome.chat.generation) == (case.old.id, replaced.workspace_id, 3)
