"""create(): the chat's workspace is found, joined, adopted or made, and the outcome says which."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from chatworkspace import (
    Chat,
    ChatClosedError,
    ChatNotFoundError,
    InvalidArgumentError,
    LeftBehind,
    Outcome,
    Phase,
    Reason,
    RefusedError,
    State,
    Transition,
    UnavailableError,
    Workspace,
)
from chatworkspace.ports import Clock, CreateWorkspace, Parameter, Preset
from chatworkspace_fake import Fails, FakeCoder
from tests.service.chats import CHAT, CLAIM, READY, SLOW, World

PRESET = UUID(int=77)


class Noting(FakeCoder):
    """A platform that keeps the requests for new workspaces."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.requests: list[CreateWorkspace] = []

    def create_workspace(self, request: CreateWorkspace, *, deadline: float) -> Workspace:
        """Keep it, and act."""
        self.requests.append(request)
        return super().create_workspace(request, deadline=deadline)


def noted(world: World) -> CreateWorkspace:
    """Return the request that was sent last."""
    assert isinstance(world.coder, Noting)
    return world.coder.requests[-1]


# ------------------------------------------------------------------ makes


def test_a_chat_without_a_workspace_gets_one() -> None:
    """The first creation makes a workspace, waits until it is ready, and says that it was made."""
    world = World()
    outcome = world.chats.create(CHAT, world.template(**SLOW).id)
    assert (outcome.state, outcome.reason, outcome.created, outcome.phase, outcome.elapsed) == (State.READY, Reason.CREATED, True, None, READY)
    assert outcome.require_ready() == outcome.workspace
    assert [it.id for it in world.coder.workspaces] == [outcome.workspace_id]
    assert (outcome.next_step, outcome.error, outcome.log_tail, outcome.not_applied, outcome.left_behind) == ("", "", (), {}, None)


def test_an_outcome_carries_the_chat_as_it_is_bound_now() -> None:
    """The chat of the outcome is the one that get_chat returns, bound to the workspace, in its first generation."""
    world = World()
    outcome = world.chats.create(CHAT, world.template().id)
    assert outcome.chat == world.chats.get_chat(CHAT)
    assert (outcome.chat.generation, outcome.chat.workspace_id) == (1, world.latest.id)
    assert outcome.agent == world.latest.now.agents[0]


def test_the_template_id_may_be_text() -> None:
    """An id is a UUID or its text, blanks around it included."""
    world = World()
    assert world.chats.create(CHAT, f" {world.template().id} ").reason is Reason.CREATED


@pytest.mark.parametrize("chats", [1, 2, 5])
def test_every_chat_has_its_own(chats: int) -> None:
    """Chats of one owner with one template get workspaces of different names."""
    world = World()
    docker = world.template()
    for number in range(chats):
        world.sim.open_chat(f"many-{number}")
        assert world.chats.create(f"many-{number}", docker.id).reason is Reason.CREATED
    assert len({it.name for it in world.coder.live}) == chats


# ------------------------------------------------------------------ finds and joins


def test_a_ready_workspace_is_found() -> None:
    """The second creation finds what the first has made, and says that this call made nothing."""
    world = World()
    first = world.created()
    second = world.chats.create(CHAT, first.require_ready().template_id)
    assert (second.reason, second.created, second.workspace_id) == (Reason.EXISTING, False, first.workspace_id)
    assert len(world.coder.workspaces) == 1


def test_an_existing_workspace_comes_before_any_check_of_the_template() -> None:
    """A template that is not there does not keep a chat from the workspace that it has; the outcome says that it was not used."""
    world = World()
    first = world.created()
    outcome = world.chats.create(CHAT, UUID(int=5))
    assert (outcome.state, outcome.reason, outcome.workspace_id) == (State.READY, Reason.EXISTING, first.workspace_id)
    assert outcome.not_applied == {"template_id": str(first.require_ready().template_id)}


@pytest.mark.parametrize("threads", [2, 8])
def test_threads_that_race_are_told_the_same(threads: int) -> None:
    """One of them makes it, the others join, and all are told at the same instant."""
    world = World(seed=4)
    docker = world.template(**SLOW)
    outcomes = world.sim.race(lambda: world.chats.create(CHAT, docker.id), threads=threads)
    assert sorted(outcome.reason.value for outcome in outcomes) == ["created"] + ["existing"] * (threads - 1)
    assert {outcome.elapsed for outcome in outcomes} == {READY}
    assert len({outcome.workspace_id for outcome in outcomes}) == len(world.coder.workspaces) == 1


def test_processes_that_race_are_told_the_same() -> None:
    """The claim of one makes the others wait for its decision; then they join."""
    world = World(seed=2)
    docker = world.template(**SLOW)
    processes = [world.sim.process() for _ in range(4)]
    calls = [lambda it=it: it.workspaces.create(CHAT, docker.id) for it in processes]
    outcomes = world.sim.run(*calls)
    assert [outcome.created for outcome in outcomes].count(True) == 1
    assert len({outcome.workspace_id for outcome in outcomes}) == len(world.coder.workspaces) == 1


def test_a_later_caller_joins_the_build() -> None:
    """Who comes while it is built waits for the rest of the time only."""
    world = World()
    docker = world.template(**SLOW)
    world.chats.create(CHAT, docker.id, wait=20)
    joined = world.chats.create(CHAT, docker.id, name="other")
    assert (joined.reason, joined.created, joined.elapsed) == (Reason.EXISTING, False, READY - 20)


@pytest.mark.parametrize("deed", ["stop", "go_dormant"])
def test_a_workspace_that_does_not_run_is_reported_not_replaced(deed: str) -> None:
    """Its files are there: the caller is told to start it."""
    world = World()
    first = world.created()
    getattr(world.latest, deed)()
    outcome = world.chats.create(CHAT, first.require_ready().template_id)
    assert (outcome.state, outcome.workspace_id) == (State.STOPPED, first.workspace_id)
    assert outcome.reason is (Reason.NOT_RUNNING if deed == "stop" else Reason.DORMANT)
    assert "tart" in outcome.next_step
    assert world.latest.builds[-1][1] is Transition.STOP


def test_a_stop_in_progress_is_waited_for_and_decided_anew() -> None:
    """It is not reported as existing while it goes away: the caller is told that it is stopped."""
    world = World()
    first = world.created(stop=20)
    world.latest.stop()
    outcome = world.chats.create(CHAT, first.require_ready().template_id)
    assert (outcome.state, outcome.reason, outcome.elapsed) == (State.STOPPED, Reason.NOT_RUNNING, 20)


def test_a_deletion_in_progress_is_waited_for_and_a_new_one_is_made() -> None:
    """Once the platform says that it is gone, a new generation is made under the same name."""
    world = World()
    first = world.created(delete=20, **SLOW)
    world.latest.delete()
    second = world.chats.create(CHAT, first.require_ready().template_id)
    assert (second.reason, second.chat.generation, second.elapsed, second.left_behind) == (Reason.CREATED, 2, 20 + READY, None)
    assert second.require_ready().name == first.require_ready().name


def test_a_deletion_that_takes_longer_than_the_caller_waits_for() -> None:
    """Nothing is made meanwhile: the caller is told that it is stopping."""
    world = World()
    first = world.created(delete=20)
    world.latest.delete()
    outcome = world.chats.create(CHAT, first.require_ready().template_id, wait=10)
    assert (outcome.state, outcome.phase, outcome.reason, outcome.elapsed) == (State.STOPPING, Phase.BUILDING, Reason.STOPPING, 10)
    assert len(world.coder.workspaces) == 1


def test_a_deleted_workspace_is_made_anew() -> None:
    """The platform itself says that it is gone: the next creation opens a new generation, and leaves nothing behind."""
    world = World()
    first = world.created()
    world.latest.delete()
    second = world.chats.create(CHAT, first.require_ready().template_id)
    assert (second.reason, second.chat.generation, second.left_behind) == (Reason.CREATED, 2, None)
    assert second.workspace_id != first.workspace_id


@pytest.mark.parametrize("fault", ["hidden", "silent"])
def test_what_cannot_be_read_is_not_made_again(fault: str) -> None:
    """A workspace that the platform does not show, or a platform that cannot be asked: the outcome is unknown, and nothing is made."""
    world = World()
    first = world.created()
    if fault == "hidden":
        world.latest.hide()
    else:
        world.coder.when("get_workspace").lose_request()
    outcome = world.chats.create(CHAT, first.require_ready().template_id)
    assert (outcome.state, outcome.workspace, outcome.workspace_id) == (State.UNKNOWN, None, first.workspace_id)
    assert outcome.reason is (Reason.NOT_VISIBLE if fault == "hidden" else Reason.PLATFORM_UNAVAILABLE)
    assert outcome.error
    assert len(world.coder.workspaces) == 1


# ------------------------------------------------------------------ adopts


def test_a_lost_answer_is_adopted() -> None:
    """The answer is lost after the platform has acted: what bears the name is the chat's, and the outcome says that it was found."""
    world = World()
    docker = world.template()
    world.coder.when("create_workspace").lose_answer()
    outcome = world.chats.create(CHAT, docker.id)
    assert (outcome.state, outcome.reason, outcome.created) == (State.READY, Reason.ADOPTED, False)
    assert (len(world.coder.workspaces), outcome.not_applied) == (1, {})


def test_what_a_dead_process_has_made_is_adopted() -> None:
    """Its maker died before it could bind it: the next creation looks for the name, and binds it."""
    world = World()
    docker = world.template()
    world.interrupted_creation(docker)
    outcome = world.chats.create(CHAT, docker.id)
    assert (outcome.reason, outcome.created, outcome.chat.generation) == (Reason.ADOPTED, False, 1)
    assert (len(world.coder.workspaces), outcome.not_applied) == (1, {})


def test_what_is_adopted_from_another_template_says_so() -> None:
    """It is bound, from whatever template it was made, and the outcome names what it was not made with."""
    world = World()
    docker, gpu = world.template(), world.template("gpu", parameters=[Parameter(name="size", default="small")])
    world.interrupted_creation(docker)
    outcome = world.chats.create(CHAT, gpu.id, name="mine", parameters={"size": "large"}, preset_id=PRESET)
    assert outcome.reason is Reason.ADOPTED
    assert outcome.not_applied == {
        "name": world.latest.name,
        "template_id": str(docker.id),
        "parameters": "those that the workspace was made with",
        "preset_id": "the one that the workspace was made with, if any",
    }


@pytest.mark.parametrize(("size", "missed"), [("large", {}), ("small", {"parameters": "those that the workspace was made with"})])
def test_adopted_parameters_are_compared_without_being_stored(size: str, missed: dict[str, str]) -> None:
    """The plan that stood tells by a keyed hash whether it asked for the same values."""
    world = World()
    docker = world.template(parameters=[Parameter(name="size", default="small")])
    world.interrupted_creation(docker, parameters={"size": "large"})
    assert world.chats.create(CHAT, docker.id, parameters={"size": size}).not_applied == missed


@pytest.mark.parametrize(("size", "missed"), [("large", False), ("small", True)])
def test_what_is_found_may_be_what_an_earlier_plan_asked_for(size: str, *, missed: bool) -> None:
    """A dead caller's request may still have been under way when this one's answer was lost: only where both asked for the same is it as wished."""
    world = World()
    docker = world.template(parameters=[Parameter(name="size", default="small")])
    world.interrupted_creation(docker, at="coder.create_workspace", parameters={"size": "large"})
    world.coder.when("create_workspace").lose_answer()
    outcome = world.chats.create(CHAT, docker.id, parameters={"size": size})
    assert (outcome.reason, "parameters" in outcome.not_applied) == (Reason.ADOPTED, missed)


@pytest.mark.parametrize("before", ["store.claim", "store.bind"])
def test_two_who_settle_the_same_plan(before: str) -> None:
    """One of them stands still, the other is first: both are told the one workspace, and it is bound once."""
    world = World()
    docker, slow, quick = world.template(), world.sim.process("slow"), world.sim.process("quick")
    world.interrupted_creation(docker)
    slow.pause(40, before=before)
    world.sim.at(CLAIM + 35, lambda: quick.workspaces.create(CHAT, docker.id))
    (outcome,) = world.sim.run(lambda: slow.workspaces.create(CHAT, docker.id))
    assert (outcome.ready, outcome.workspace_id, outcome.chat.generation) == (True, world.latest.id, 1)
    assert (outcome.reason, len(world.coder.workspaces)) == (Reason.EXISTING, 1)


def test_a_plan_whose_maker_died_before_asking_is_taken_over() -> None:
    """Nothing bears the name: this caller's request takes the place of the dead one's, in the same generation and under the same name."""
    world = World()
    docker = world.template()
    world.interrupted_creation(docker, at="coder.create_workspace", name="first wish")
    planned = world.sim.store.look(CHAT).name
    outcome = world.chats.create(CHAT, docker.id, name="second wish")
    assert (outcome.reason, outcome.created, outcome.chat.generation) == (Reason.CREATED, True, 1)
    assert outcome.not_applied == {"name": planned}
    assert outcome.require_ready().name == planned


def test_a_name_that_is_taken_is_our_own_earlier_request() -> None:
    """The store lost its last commits, and the platform says that the name exists: what bears it is adopted, and none is made beside it."""
    world = World()
    first = world.created()
    world.sim.store.lose_commits(2)
    second = world.chats.create(CHAT, first.require_ready().template_id)
    assert (second.reason, second.workspace_id) == (Reason.ADOPTED, first.workspace_id)
    assert len(world.coder.workspaces) == 1


def test_a_race_for_the_name_that_is_lost_inside_the_platform() -> None:
    """The same, answered with 500: a look by name settles it."""
    world = World()
    first = world.created()
    world.coder.answer_conflicts(500)
    world.sim.store.lose_commits(2)
    second = world.chats.create(CHAT, first.require_ready().template_id)
    assert (second.reason, second.workspace_id) == (Reason.ADOPTED, first.workspace_id)


def test_who_meets_a_living_claim_waits_for_its_decision() -> None:
    """Somebody planned and stands still: the second waits for the end of the claim, then goes on from there."""
    world = World()
    docker = world.template()
    dead, second = world.sim.process("dead"), world.sim.process("second")
    dead.kill(before="store.bind")
    world.sim.run(lambda: dead.workspaces.create(CHAT, docker.id))
    outcome = second.workspaces.create(CHAT, docker.id)
    assert (outcome.reason, outcome.elapsed) == (Reason.ADOPTED, CLAIM)


def test_who_does_not_wait_for_a_living_claim_is_told_that_it_is_queued() -> None:
    """A plan stands: the outcome is in progress, queued, without a workspace."""
    world = World()
    docker = world.template()
    dead = world.sim.process("dead")
    dead.kill(before="store.bind")
    world.sim.run(lambda: dead.workspaces.create(CHAT, docker.id))
    outcome = world.chats.create(CHAT, docker.id, wait=5)
    assert (outcome.state, outcome.phase, outcome.reason, outcome.elapsed) == (State.STARTING, Phase.QUEUED, Reason.IN_PROGRESS, 5)
    assert outcome.workspace_id is None


# ------------------------------------------------------------------ names


@pytest.mark.parametrize(
    ("wish", "begins", "missed"),
    [
        ("", "docker-", False),
        ("fix-login", "fix-login-", False),
        (" fix-login ", "fix-login-", False),
        ("Fix The Login!", "Fix-The-Login-", True),
        ("a-name-of-more-than-twenty-one", "a-name-of-more-than-t-", True),
        ("日本語", "docker-", True),
        ("new", "new-", False),
    ],
)
def test_a_name_is_a_wish_and_ends_with_the_mark(wish: str, begins: str, *, missed: bool) -> None:
    """It is made fit, at most 32 characters long, ends with the chat's ten characters, and the outcome tells when the wish was changed."""
    world = World()
    outcome = world.chats.create(CHAT, world.template().id, name=wish)
    name = outcome.require_ready().name
    assert name.startswith(begins)
    assert len(name) <= 32
    assert len(name.removeprefix(begins)) == 10
    assert outcome.not_applied == ({"name": name} if missed else {})


def test_a_refused_name_is_kept_for_the_next_request() -> None:
    """A refusal speaks for one request, not for those before it: plan and name stand."""
    world = World()
    docker = world.template()
    world.coder.when("create_workspace").refuse(400, "no")
    with pytest.raises(RefusedError):
        world.chats.create(CHAT, docker.id, name="one")
    outcome = world.chats.create(CHAT, docker.id, name="two")
    assert outcome.require_ready().name.startswith("one-")
    assert outcome.not_applied == {"name": world.latest.name}


# ------------------------------------------------------------------ parameters, presets, time to live


def test_parameters_and_preset_reach_the_platform() -> None:
    """They are handed on as they are."""
    world = World(coder=Noting)
    docker = world.template(parameters=[Parameter(name="size", required=True)], presets=[Preset(id=PRESET, name="big")])
    outcome = world.chats.create(CHAT, docker.id, parameters={"size": "large"}, preset_id=str(PRESET))
    assert (noted(world).parameters, noted(world).preset_id) == ({"size": "large"}, PRESET)
    assert (outcome.reason, outcome.not_applied) == (Reason.CREATED, {})


@pytest.mark.parametrize("arguments", [{"parameters": {"colour": "red"}}, {"preset_id": UUID(int=1)}, {"parameters": {}}])
def test_what_the_template_does_not_take_is_refused_by_the_platform(arguments: dict[str, Any]) -> None:
    """The platform says which argument was wrong, by its field or in words, and nothing is made."""
    world = World()
    docker = world.template(parameters=[Parameter(name="size", required=True)])
    with pytest.raises(RefusedError) as refused:
        world.chats.create(CHAT, docker.id, **arguments)
    assert refused.value.reason is Reason.REFUSED
    assert refused.value.validations or {"preset", "parameter"} & set(str(refused.value).split())
    assert world.coder.workspaces == ()


def test_parameters_of_an_existing_workspace_are_not_applied() -> None:
    """The outcome says what holds instead."""
    world = World()
    first = world.created(parameters=[Parameter(name="size", default="small")])
    outcome = world.chats.create(CHAT, first.require_ready().template_id, parameters={"size": "large"}, preset_id=PRESET)
    assert set(outcome.not_applied) == {"parameters", "preset_id"}


def test_a_preset_hands_over_a_prebuilt_workspace() -> None:
    """It is older than the plan, its build number is above 1, and it is ready only once its agent has connected after the claim."""
    world = World()
    preset = Preset(id=PRESET, name="big", desired_prebuilds=1)
    docker = world.template(presets=[preset], build=2, connect=3)
    world.sim.sleep(1000)
    outcome = world.chats.create(CHAT, docker.id, preset_id=PRESET)
    workspace = outcome.require_ready()
    assert (outcome.reason, outcome.created, outcome.elapsed, workspace.build.number) == (Reason.CREATED, True, 5, 2)
    assert (world.sim.now() - workspace.created_at).total_seconds() == 1005
    assert outcome.agent is not None
    assert outcome.agent.connected_since_build


def test_a_prebuilt_workspace_whose_answer_is_lost_is_adopted() -> None:
    """Its age is no reason to refuse it."""
    world = World()
    docker = world.template(presets=[Preset(id=PRESET, name="big", desired_prebuilds=1)])
    world.sim.sleep(1000)
    world.coder.when("create_workspace").lose_answer()
    outcome = world.chats.create(CHAT, docker.id, preset_id=PRESET)
    assert (outcome.reason, outcome.not_applied, len(world.coder.workspaces)) == (Reason.ADOPTED, {}, 1)


def fails(_: Chat) -> float:
    """Fail, as a host's own code may."""
    raise ZeroDivisionError


def says(answer: Any) -> Callable[[Chat], Any]:
    """Return a callable that answers so, whatever the chat."""
    return lambda chat: answer if chat.id == CHAT else None


@pytest.mark.parametrize(
    ("ttl", "sent"), [(None, None), (0, None), (3600, 3600.0), (0.5, 0.5), (says(60), 60.0), (says(None), None), (says(0), None)]
)
def test_a_time_to_live_is_handed_on(ttl: Any, sent: float | None, caplog: pytest.LogCaptureFixture) -> None:
    """Seconds, or what a callable says for the chat; None and 0 mean the template's own default. Nothing is logged."""
    world = World(coder=Noting, workspace_ttl=ttl)
    assert world.chats.create(CHAT, world.template().id).ready
    assert (noted(world).ttl, caplog.records) == (sent, [])


@pytest.mark.parametrize("ttl", [fails, *map(says, ("an hour", True, -1, math.nan, math.inf, 10**400))])
def test_a_wrong_time_to_live_never_blocks_a_creation(ttl: Any, caplog: pytest.LogCaptureFixture) -> None:
    """A function's exception or nonsense is logged, and means the template's own default."""
    world = World(coder=Noting, workspace_ttl=ttl)
    assert world.chats.create(CHAT, world.template().id).ready
    assert noted(world).ttl is None
    assert [(it.name, it.__dict__["chat_id"]) for it in caplog.records] == [("chatworkspace", CHAT)]


# ------------------------------------------------------------------ replace


def test_replace_leaves_a_live_workspace_behind_on_the_callers_word() -> None:
    """Another is made under another name; the outcome names the old one, which goes on living."""
    world = World()
    first = world.created()
    second = world.chats.create(CHAT, first.require_ready().template_id, replace=True)
    old = first.require_ready()
    assert (second.reason, second.created, second.chat.generation) == (Reason.CREATED, True, 2)
    assert second.left_behind == LeftBehind(workspace_id=old.id, name=old.full_name, reason=Reason.REPLACED)
    assert second.require_ready().name != old.name
    assert [it.id for it in world.coder.live] == [old.id, second.workspace_id]


def test_a_replacement_that_may_have_been_planned_takes_nothing_away() -> None:
    """The answer to its claim is lost for good: the chat keeps what it had, whoever comes, and the same call again goes on with the plan."""
    world = World()
    first, other = world.created(), world.sim.process("other")
    template = first.require_ready().template_id
    world.sim.store.when("claim").lose_answer()
    world.sim.at(62, lambda: world.sim._default.pause(60))
    world.sim.at(100, lambda: other.workspaces.create(CHAT, template))

    def replace() -> UnavailableError:
        with pytest.raises(UnavailableError) as error:
            world.chats.create(CHAT, template, replace=True)
        return error.value

    (error,) = world.sim.run(replace)
    assert (error.reason, error.left_behind, len(world.coder.workspaces)) == (Reason.STORE_UNAVAILABLE, None, 1)
    assert world.chats.get_chat(CHAT).workspace_id == first.workspace_id
    planned = world.sim.store.look(CHAT).name
    again = world.chats.create(CHAT, template, replace=True)
    assert again.workspace is not None
    assert (again.created, again.workspace.name, again.chat.generation) == (True, planned, 2)


def test_replace_without_a_workspace_is_a_plain_creation() -> None:
    """There is nothing to leave behind."""
    world = World()
    outcome = world.chats.create(CHAT, world.template().id, replace=True)
    assert (outcome.reason, outcome.left_behind, outcome.chat.generation) == (Reason.CREATED, None, 1)


def test_replace_of_a_deleted_workspace_leaves_nothing_behind() -> None:
    """What is gone is not named, and its name is used again."""
    world = World()
    first = world.created()
    world.latest.delete()
    outcome = world.chats.create(CHAT, first.require_ready().template_id, replace=True)
    assert (outcome.left_behind, outcome.require_ready().name) == (None, first.require_ready().name)


@pytest.mark.parametrize("deed", ["stop", "drop_agent", "go_dormant", "shut_down_agent"])
def test_replace_takes_whatever_is_there(deed: str) -> None:
    """Stopped, dormant or out of reach: what the caller wants to leave is left."""
    world = World()
    first = world.created()
    getattr(world.latest, deed)()
    outcome = world.chats.create(CHAT, first.require_ready().template_id, replace=True)
    assert outcome.left_behind is not None
    assert (outcome.left_behind.workspace_id, outcome.ready) == (first.workspace_id, True)


def test_replace_of_a_renamed_workspace_does_not_use_up_a_name() -> None:
    """It does not bear the mark any more, so the name in use is free again."""
    world = World()
    first = world.created()
    name = first.require_ready().name
    world.latest.rename("something-else")
    outcome = world.chats.create(CHAT, first.require_ready().template_id, replace=True)
    assert outcome.require_ready().name == name
    assert outcome.left_behind == LeftBehind(
        workspace_id=world.coder.workspaces[0].id,
        name=f"{first.require_ready().owner_name}/something-else",
        reason=Reason.REPLACED,
    )


def test_replace_is_not_believed_a_proof() -> None:
    """Even right after the chat was told ready, replace makes another."""
    world = World()
    docker = world.template()
    world.chats.create(CHAT, docker.id)
    assert world.chats.create(CHAT, docker.id, replace=True).created
    assert len(world.coder.workspaces) == 2


def test_replace_of_what_cannot_be_read_makes_nothing() -> None:
    """Unknown stays unknown, whatever the caller wants; detach is the way out."""
    world = World()
    first = world.created()
    world.latest.hide()
    outcome = world.chats.create(CHAT, first.require_ready().template_id, replace=True)
    assert (outcome.state, outcome.reason, len(world.coder.workspaces)) == (State.UNKNOWN, Reason.NOT_VISIBLE, 1)


# ------------------------------------------------------------------ the first build failed


def failing_first() -> tuple[World, Outcome]:
    """Return a world in which the first build of the chat's workspace has failed, and what its caller was told."""
    world = World()
    docker = world.template(build=[Fails(after=5, error="no image"), 10], log=["pulling", "failing"])
    return world, world.chats.create(CHAT, docker.id)


def test_a_first_build_that_fails_is_told_with_its_log() -> None:
    """The outcome was made by this call, names the platform's own words, and says what to do; nothing is made again by itself."""
    world, outcome = failing_first()
    assert (outcome.state, outcome.reason, outcome.created, outcome.elapsed) == (State.FAILED, Reason.BUILD_FAILED, True, 5)
    assert (outcome.error, outcome.log_tail) == ("no image", ("pulling", "failing", "no image"))
    assert outcome.next_step
    assert world.latest.builds == ((1, Transition.START),)


def test_the_same_template_builds_it_again() -> None:
    """The workspace is kept, and built again with this call's parameters."""
    world, first = failing_first()
    again = world.chats.create(CHAT, world.latest.template.id)
    assert (again.state, again.reason, again.created, again.elapsed) == (State.READY, Reason.STARTED, False, 10)
    assert (again.workspace_id, world.latest.builds) == (first.workspace_id, ((1, Transition.START), (2, Transition.START)))


def test_another_template_leaves_it_behind() -> None:
    """A new generation, under another name; the outcome names what is left behind, and why."""
    world, first = failing_first()
    gpu = world.template("gpu")
    second = world.chats.create(CHAT, gpu.id)
    assert first.workspace is not None
    assert second.left_behind == LeftBehind(workspace_id=first.workspace.id, name=first.workspace.full_name, reason=Reason.FIRST_BUILD_FAILED)
    assert (second.reason, second.chat.generation, second.require_ready().template_id) == (Reason.CREATED, 2, gpu.id)
    assert len({it.name for it in world.coder.live}) == 2


def test_one_that_somebody_else_is_building_again_is_not_left_behind() -> None:
    """Who wants another template looks while the other's claim lives, and reads before it has asked for the build: that says nothing any more."""
    world = World()
    docker, gpu = world.template(build=[Fails(after=5), 30]), world.template("gpu")
    first = world.chats.create(CHAT, docker.id)
    one, other = world.sim.process(), world.sim.process()
    world.coder.when("start_workspace").take(2)
    other.pause(3, after="coder.get_workspace")

    def want_another() -> Outcome:
        world.sim.sleep(1)
        return other.workspaces.create(CHAT, gpu.id)

    built, found = world.sim.run(lambda: one.workspaces.create(CHAT, docker.id), want_another)
    assert (built.reason, found.reason) == (Reason.STARTED, Reason.EXISTING)
    assert (found.workspace_id, found.left_behind, len(world.coder.workspaces)) == (first.workspace_id, None, 1)


def test_another_template_that_is_not_there_leaves_nothing_behind() -> None:
    """A refused creation changes nothing: the chat keeps the workspace whose build failed."""
    world, first = failing_first()
    world.coder.when("get_template").fail(UnavailableError("401", retryable=False))
    with pytest.raises(UnavailableError):
        world.chats.create(CHAT, world.template("gpu").id)
    assert world.chats.get_chat(CHAT) == first.chat


def test_a_later_build_that_fails_is_reported_and_not_built_again() -> None:
    """Its files are there: it is for the caller to start it."""
    world = World()
    first = world.created(build=[0, Fails(after=5)])
    world.latest.stop()
    world.latest.start()
    outcome = world.chats.create(CHAT, first.require_ready().template_id)
    assert (outcome.state, outcome.reason) == (State.FAILED, Reason.BUILD_FAILED)
    assert world.chats.create(CHAT, UUID(int=9)).state is State.FAILED
    assert world.latest.builds[-1] == (3, Transition.START)


def test_a_canceled_first_build_is_built_again() -> None:
    """The user canceled it; the outcome of that wait says so, and the next creation builds it again."""
    world = World()
    docker = world.template(build=30)
    world.sim.at(10, lambda: world.latest.cancel())  # noqa: PLW0108 - it is made later
    canceled = world.chats.create(CHAT, docker.id)
    assert (canceled.state, canceled.reason, canceled.elapsed) == (State.FAILED, Reason.BUILD_CANCELED, 10)
    assert world.chats.create(CHAT, docker.id).reason is Reason.STARTED


def test_a_full_quota_is_told_with_its_figures() -> None:
    """The outcome carries what is used and allowed, and the remedies."""
    world = World()
    gpu = world.template("gpu", cost=8)
    world.coder.set_quota(10)
    world.own(gpu)
    outcome = world.chats.create(CHAT, gpu.id)
    assert (outcome.state, outcome.reason) == (State.FAILED, Reason.QUOTA_FULL)
    assert outcome.quota is not None
    assert (outcome.quota.consumed, outcome.quota.budget) == (8, 10)
    assert "quota" in outcome.next_step


def test_a_quota_and_a_log_that_cannot_be_read_are_left_out() -> None:
    """The failure itself is told all the same."""
    world = World()
    gpu = world.template("gpu", cost=8)
    world.coder.set_quota(4)
    world.coder.when("get_quota").fail()
    world.coder.when("build_log").fail()
    outcome = world.chats.create(CHAT, gpu.id)
    assert (outcome.reason, outcome.quota, outcome.log_tail) == (Reason.QUOTA_FULL, None, ())


# ------------------------------------------------------------------ waiting, and going on


def test_wait_0_sends_the_creation_and_does_not_wait() -> None:
    """What changes something is done, nothing is waited for, and the outcome says what is under way."""
    world = World()
    outcome = world.chats.create(CHAT, world.template(**SLOW).id, wait=0)
    assert (outcome.state, outcome.phase, outcome.reason, outcome.elapsed) == (State.STARTING, Phase.BUILDING, Reason.IN_PROGRESS, 0)
    assert (outcome.created, outcome.workspace_id) == (True, world.latest.id)
    assert "again" in outcome.next_step


def test_the_next_call_goes_on_from_there() -> None:
    """Call after call with a short patience ends with the one workspace: together they have made it."""
    world = World()
    docker = world.template(**SLOW)
    outcomes = [world.chats.create(CHAT, docker.id, wait=20) for _ in range(3)]
    assert [(it.created, it.phase, it.elapsed) for it in outcomes] == [(True, Phase.BUILDING, 20), (True, Phase.SCRIPTS, 20), (True, None, 5)]
    assert [it.reason for it in outcomes] == [Reason.IN_PROGRESS, Reason.IN_PROGRESS, Reason.CREATED]


@pytest.mark.parametrize("wait", [20, 60])
def test_a_request_that_changes_something_is_never_cut_short(wait: float) -> None:
    """An answer that takes 24 s is waited for, whatever the caller's patience."""
    world = World()
    docker = world.template()
    world.coder.when("create_workspace").take(24)
    outcome = world.chats.create(CHAT, docker.id, wait=wait)
    assert (outcome.created, outcome.elapsed) == (True, 24)


def test_infinite_patience_is_as_long_as_the_timeouts_allow() -> None:
    """wait=inf is wait=None."""
    world = World()
    assert world.chats.create(CHAT, world.template(**SLOW).id, wait=math.inf).elapsed == READY


# ------------------------------------------------------------------ one generation per call


def test_a_call_makes_one_generation() -> None:
    """What it made is deleted while it waits: it is told so, and makes no other; the next call does."""
    world = World()
    docker = world.template(**SLOW)
    world.sim.at(10, lambda: world.latest.delete())  # noqa: PLW0108 - it is made later
    outcome = world.chats.create(CHAT, docker.id)
    assert (outcome.state, outcome.reason, outcome.elapsed) == (State.GONE, Reason.DELETED, 10)
    assert len(world.coder.workspaces) == 1
    assert world.chats.create(CHAT, docker.id).chat.generation == 2


def test_a_workspace_that_is_lost_sight_of_at_the_last_moment() -> None:
    """It was ready, and somebody changed something meanwhile; the fresh look that this takes does not find it: unknown, and nothing is concluded."""
    world = World()
    docker, other = world.template(), world.sim.process("other")
    world.created()
    world.sim._default.pause(20, after="coder.dial")
    world.sim.at(62, lambda: other.workspaces.stop(CHAT))
    world.sim.at(63, lambda: world.latest.hide())  # noqa: PLW0108 - it is made later
    (outcome,) = world.sim.run(lambda: world.chats.create(CHAT, docker.id))
    assert (outcome.state, outcome.reason, outcome.workspace_id) == (State.UNKNOWN, Reason.NOT_VISIBLE, world.latest.id)


def test_what_a_call_waited_for_and_saw_end_is_its_outcome() -> None:
    """It joined a build that fails: that is told, not built again by the waiting call."""
    world = World()
    docker = world.template(build=Fails(after=10))
    outcomes = world.sim.race(lambda: world.chats.create(CHAT, docker.id), threads=3)
    assert {(it.state, it.reason) for it in outcomes} == {(State.FAILED, Reason.BUILD_FAILED)}
    assert world.latest.builds == ((1, Transition.START),)


# ------------------------------------------------------------------ arguments


@pytest.mark.parametrize(
    ("arguments", "argument"),
    [
        ({"template_id": "docker"}, "template_id"),
        ({"template_id": 7}, "template_id"),
        ({"template_id": None}, "template_id"),
        ({"name": 7}, "name"),
        ({"name": "a\0b"}, "name"),
        ({"name": "\ud800"}, "name"),
        ({"parameters": ["size"]}, "parameters"),
        ({"parameters": {"size": 3}}, "parameters['size']"),
        ({"parameters": {3: "size"}}, "parameters"),
        ({"preset_id": "big"}, "preset_id"),
        ({"wait": -1}, "wait"),
        ({"wait": math.nan}, "wait"),
        ({"wait": "1"}, "wait"),
        ({"wait": True}, "wait"),
        ({"chat_id": ""}, "chat_id"),
        ({"chat_id": "x" * 256}, "chat_id"),
        ({"chat_id": 7}, "chat_id"),
        ({"chat_id": "a\0"}, "chat_id"),
    ],
    ids=str,
)
def test_a_wrong_argument_is_named_before_anything_is_asked(arguments: dict[str, Any], argument: str) -> None:
    """Nothing reaches store or platform."""
    world = World()
    given: dict[str, Any] = {"chat_id": CHAT, "template_id": world.template().id} | arguments
    with pytest.raises(InvalidArgumentError) as invalid:
        world.chats.create(**given)
    assert (invalid.value.argument, invalid.value.reason) == (argument, Reason.INVALID_ARGUMENT)
    assert world.coder.calls == ()


def of_unknown(world: World) -> Outcome:
    """Create for a chat that was never opened."""
    return world.chats.create("other", world.template().id)


def of_closed(world: World) -> Outcome:
    """Create for a chat that was closed."""
    world.chats.close_chat(CHAT)
    return world.chats.create(CHAT, world.template().id)


@pytest.mark.parametrize(
    ("call", "error", "reason"),
    [(of_unknown, ChatNotFoundError, Reason.CHAT_NOT_FOUND), (of_closed, ChatClosedError, Reason.CHAT_CLOSED)],
)
def test_a_chat_that_takes_no_workspace(call: Callable[[World], Outcome], error: type[ChatNotFoundError | ChatClosedError], reason: Reason) -> None:
    """A chat that is unknown or closed is refused before anything is made."""
    world = World()
    with pytest.raises(error) as refused:
        call(world)
    assert (refused.value.reason, world.coder.workspaces) == (reason, ())
