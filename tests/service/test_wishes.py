"""What create() hands on: parameters, presets, time to live."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from chatworkspace import (
    Chat,
    Reason,
    RefusedError,
    Workspace,
)
from chatworkspace.ports import Clock, CreateWorkspace, Parameter, Preset
from chatworkspace_fake import FakeCoder
from tests.service.chats import CHAT, World

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
