"""What is refused, or never made, takes nothing away: a replacement leaves the chat what it had, and a creation leaves no plan."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from chatworkspace import ChatWorkspaces, NoWorkspaceError, Outcome, OutcomeUnknownError, Phase, Reason, RefusedError, State, UnavailableError
from chatworkspace.ports import Look, NotAnsweredError
from chatworkspace_fake import Fails, FakeWorkspace
from tests.service.chats import CHAT, CLAIM, World

Call = Callable[[ChatWorkspaces], Outcome]
CREATE: Call = lambda chats: chats.create(CHAT, UUID(int=1))  # noqa: E731 # cases are shortest so
START: Call = lambda chats: chats.start(CHAT)  # noqa: E731 # as above
STOP: Call = lambda chats: chats.stop(CHAT)  # noqa: E731 # as above


def left(outcome: Outcome) -> UUID | None:
    return None if outcome.left_behind is None else outcome.left_behind.workspace_id


class Replacing:
    """A chat that has a workspace, which is to be replaced by one of another template."""

    def __init__(self, **service: Any) -> None:
        self.world = world = World(**service)
        self.first = world.created()
        self.old: FakeWorkspace = world.latest
        self.other = world.template("other")
        self.before = self.look

    @property
    def look(self) -> Look:
        """The chat's row."""
        return self.world.sim.store.look(CHAT)

    def replace(self) -> Outcome:
        """Ask for it."""
        return self.world.chats.create(CHAT, self.other.id, replace=self.old.id)

    def create(self) -> Outcome:
        """Ask for a workspace as a caller does who knows of nothing."""
        return self.world.chats.create(CHAT, self.other.id)

    def is_as_before(self) -> bool:
        """Tell whether the chat is as if nobody had wanted a replacement."""
        look, before = self.look, self.before
        return (look.chat, look.plan, look.name, look.number, look.claimed_for) == (before.chat, None, before.name, before.number, 0)

    def leave_in_doubt(self, *, arrives: float | None = None) -> None:
        """Let a replacement get no answer: it is lost, or acted upon so many seconds after its caller has given up."""
        armed = self.world.coder.when("create_workspace")
        if arrives is None:
            armed.lose_request()
        else:
            armed.arrive_late(arrives)
        with pytest.raises(OutcomeUnknownError) as error:
            self.replace()
        assert error.value.left_behind is None
        assert self.look.chat == self.before.chat


# ------------------------------------------------------------------ a replacement that is refused


def test_a_refused_replacement_leaves_the_chat_what_it_had() -> None:
    """Bound, ready, nothing planned, name and number as before; the history notes it, and the sweep has nothing to list."""
    case = Replacing()
    case.world.coder.when("create_workspace").refuse(400, "no such size")
    with pytest.raises(RefusedError, match=r"^no such size$") as error:
        case.replace()
    assert error.value.left_behind is None
    assert case.is_as_before()
    assert case.world.chats.status(CHAT).workspace_id == case.old.id
    assert case.world.chats.history(CHAT)[-1].notes == ("replacement refused: no such size",)
    assert case.world.chats.sweep().strays == ()


def test_a_replacement_that_the_platform_failed_to_make_is_refused() -> None:
    """Its own 5xx, and nothing there of the name: as certain as a refusal."""
    case = Replacing()
    case.world.coder.when("create_workspace").fail(NotAnsweredError("500: internal error", in_flight=False))
    with pytest.raises(RefusedError):
        case.replace()
    assert case.is_as_before()


def test_after_a_refusal_a_replacement_is_made_as_if_nothing_had_been() -> None:
    """One generation more, under the next name, and the old one is named as left behind."""
    case = Replacing()
    case.world.coder.when("create_workspace").refuse()
    with pytest.raises(RefusedError):
        case.replace()
    outcome = case.replace()
    assert (outcome.created, outcome.chat.generation, left(outcome)) == (True, 2, case.old.id)
    assert outcome.left_behind is not None
    assert outcome.left_behind.reason is Reason.REPLACED
    assert case.look.number == case.before.number + 1
    assert case.world.chats.history(CHAT)[-1].replaces == case.old.id


def test_a_refused_successor_of_a_failed_first_build_leaves_it_bound() -> None:
    """Another template is wanted, and refused: the chat has the failed one, which may be started."""
    world = World()
    bad, other = world.template("bad", build=[Fails(1), 1]), world.template("other")
    assert world.chats.create(CHAT, bad.id).state is State.FAILED
    world.coder.when("create_workspace").refuse()
    with pytest.raises(RefusedError):
        world.chats.create(CHAT, other.id)
    assert world.chats.status(CHAT).workspace_id == world.latest.id
    assert world.chats.start(CHAT).ready


def test_a_replacement_whose_claim_came_too_late_begins_anew() -> None:
    """Nothing was sent under it: its plan is dropped, and the call takes another claim."""
    case = Replacing()
    case.world.sim._default.pause(60, before="store.claim")
    outcome = case.replace()
    assert (outcome.created, outcome.chat.generation, left(outcome)) == (True, 2, case.old.id)
    assert len(case.world.coder.workspaces) == 2


def test_a_refusal_that_cannot_be_recorded_leaves_a_plan_that_does_no_harm() -> None:
    """The store is away for as long as that is tried: what is bound is used, and the next sweep or replacement looks for what may have come."""
    case = Replacing()
    case.world.coder.when("create_workspace").refuse()
    case.world.sim.store.when("release", times=5).lose_request()
    with pytest.raises(RefusedError):
        case.replace()
    assert case.look.plan is not None
    assert case.create().workspace_id == case.old.id


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


# ------------------------------------------------------------------ a creation that is refused


def test_a_refused_creation_leaves_no_plan() -> None:
    """There is no workspace, and nothing stands in the way: the status says what was refused last, and so the sweep has nothing to settle."""
    world = World()
    docker = world.template()
    for message in ("no room", "no money"):
        world.coder.when("create_workspace").refuse(400, message)
        with pytest.raises(RefusedError):
            world.chats.create(CHAT, docker.id)
    status = world.chats.status(CHAT)
    assert (status.state, status.reason, status.error) == (State.ABSENT, Reason.NO_WORKSPACE, "no money")
    assert world.sim.store.look(CHAT).plan is None
    world.sim.sleep(1000)
    assert world.chats.sweep().settled == ()


def test_a_creation_after_a_refused_one_asks_under_the_same_name() -> None:
    """The name is kept, whatever is wished now; each attempt has a generation of its own."""
    world = World()
    docker = world.template()
    world.coder.when("create_workspace").refuse()
    with pytest.raises(RefusedError):
        world.chats.create(CHAT, docker.id, name="first wish")
    planned = world.sim.store.look(CHAT).name
    outcome = world.chats.create(CHAT, docker.id, name="second wish")
    assert outcome.workspace is not None
    assert (outcome.workspace.name, outcome.chat.generation, outcome.not_applied) == (planned, 2, {"name": planned})


@pytest.mark.parametrize("call", [START, STOP], ids=["start", "stop"])
def test_starting_after_a_refused_creation(call: Call) -> None:
    """There is no workspace; and none was interrupted."""
    world = World()
    docker = world.template()
    world.coder.when("create_workspace").refuse()
    with pytest.raises(RefusedError):
        world.chats.create(CHAT, docker.id)
    with pytest.raises(NoWorkspaceError) as error:
        call(world.chats)
    assert error.value.reason is Reason.NO_WORKSPACE


def test_a_creation_refused_while_an_earlier_one_is_in_doubt_leaves_its_plan() -> None:
    """The first request may still arrive: the chat tells of an interrupted creation, and the next call finds what came of it."""
    world = World()
    docker = world.template()
    world.coder.when("create_workspace").arrive_late(60)
    with pytest.raises(OutcomeUnknownError):
        world.chats.create(CHAT, docker.id)
    world.coder.when("create_workspace").refuse(400, "no")
    with pytest.raises(RefusedError, match=r"^no$"):
        world.chats.create(CHAT, docker.id)
    assert world.chats.status(CHAT).reason is Reason.INTERRUPTED_CREATION
    world.sim.sleep(60)
    assert world.chats.create(CHAT, docker.id).reason is Reason.ADOPTED


def test_what_was_refused_is_told_for_as_long_as_nothing_came_of_the_chat() -> None:
    """Once it had a workspace and was detached, there is nothing to say of a refusal; nor where the history cannot be asked."""
    world = World()
    docker = world.template()
    world.coder.when("create_workspace").refuse(400, "no room")
    with pytest.raises(RefusedError):
        world.chats.create(CHAT, docker.id)
    world.sim.store.when("history").fail()
    assert world.chats.status(CHAT).error == ""
    assert world.chats.status(CHAT).error == "no room"
    world.chats.create(CHAT, docker.id)
    world.chats.detach(CHAT)
    assert world.chats.status(CHAT).error == ""


def test_a_secret_of_a_refused_creation_is_not_told() -> None:
    """The platform repeats a parameter's value, and the status tells of it what the history has."""
    world = World()
    docker = world.template()
    world.coder.when("create_workspace").refuse(400, "token s3cr3t-key is wrong")
    with pytest.raises(RefusedError):
        world.chats.create(CHAT, docker.id, parameters={"token": "s3cr3t-key"})
    assert "s3cr3t-key" not in world.chats.status(CHAT).error
    assert world.chats.status(CHAT).error.endswith("is wrong")


def test_a_chat_that_never_had_a_plan_has_no_history_to_ask_for() -> None:
    """Its status takes one look at the store."""
    world = World()
    world.sim.store.when("history").fail()
    assert world.chats.status(CHAT).reason is Reason.NO_WORKSPACE
    with pytest.raises(UnavailableError):
        world.sim.store.history(CHAT)
