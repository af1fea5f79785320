"""Every platform of this repository keeps the rules of WorkspaceCreator."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import count
from uuid import UUID

import attrs
import pytest

from chatworkspace import Template, Workspace
from chatworkspace.ports import Clock, CreateWorkspace, WorkspaceCreator
from chatworkspace_contracts import CREATOR_RULES, Ability, CreatorWorld, Rule, run
from chatworkspace_fake import FakeCoder, Simulation
from tests.contract.worlds import VirtualThreads, creators_in_real_time, creators_in_virtual_time

every_rule = pytest.mark.parametrize("rule", CREATOR_RULES, ids=str)


@every_rule
def test_the_platform_of_tests(rule: Rule[CreatorWorld]) -> None:
    """Under real threads."""
    run(rule, creators_in_real_time(FakeCoder))


@every_rule
def test_the_platform_of_tests_in_virtual_time(rule: Rule[CreatorWorld]) -> None:
    """In a simulation."""
    run(rule, creators_in_virtual_time(FakeCoder))


# ------------------------------------------------------------------ without watches


def without_watches() -> Callable[[], CreatorWorld]:
    def make(clock: Clock) -> FakeCoder:
        return FakeCoder(clock, watching=False)

    fresh = creators_in_virtual_time(make)
    return lambda: attrs.evolve(fresh(), lacks=[Ability.WATCH])


@pytest.mark.parametrize("rule", [rule for rule in CREATOR_RULES if Ability.WATCH not in rule.needs], ids=str)
def test_a_platform_without_watches(rule: Rule[CreatorWorld]) -> None:
    """One that has to be polled keeps all other rules."""
    run(rule, without_watches())


def test_it_has_no_watch() -> None:
    """None: the core polls."""
    world = without_watches()()
    workspace = made(world)
    assert world.creator.watch(workspace, deadline=world.clock.monotonic() + 30) is None


def made(world: CreatorWorld) -> Workspace:
    template = world.template
    request = CreateWorkspace(owner_id=world.owner_id, organization_id=template.organization_id, name="dev", template_id=template.id)
    return world.creator.create_workspace(request, deadline=world.clock.monotonic() + 30)


# ------------------------------------------------------------------ a platform as there are, with nothing made for tests


@pytest.fixture(scope="module")
def busy() -> Callable[[], CreatorWorld]:
    """Give worlds of one platform: slow, never fresh, with workspaces that nobody has asked a rule about, and threads that race twice."""
    simulation = Simulation()
    process = simulation.process()
    log = ["fetching", "starting", "done"]
    template = simulation.coder.add_template("plain", build=20, stop=7, delete=5, connect=3, scripts=4, log=log)
    simulation.coder.add_workspace(template, "dev", owner_id=simulation.owner_id)
    numbers = count()

    def fresh() -> CreatorWorld:
        return CreatorWorld(
            creator=process.creator,
            clock=process.clock,
            threads=VirtualThreads(simulation, rounds=2),
            owner_id=simulation.owner_id,
            template=template,
            mark=f"mark{next(numbers):04}",
        )

    return fresh


METHODS = {Ability.WATCH, Ability.BUILD_LOG, Ability.TEMPLATE_USE, Ability.GET_QUOTA, Ability.RECORD_USE}
BUSY = [rule for rule in CREATOR_RULES if rule.needs <= METHODS]


@pytest.mark.parametrize("rule", BUSY, ids=str)
def test_a_platform_that_is_at_work(rule: Rule[CreatorWorld], busy: Callable[[], CreatorWorld]) -> None:
    """Rules that need nothing made for tests are kept by one platform one after another, whatever the rules before have left there."""
    run(rule, busy)


def test_many_rules_need_nothing_made_for_tests() -> None:
    """So that a real server can be asked."""
    assert len(BUSY) >= 40


# ------------------------------------------------------------------ what may be left out


class Plain(WorkspaceCreator):
    """A creator that leaves out all that may be left out. Type checkers agree that it is whole."""

    def list_templates(self, owner_id: UUID, organization_id: UUID, *, deadline: float) -> Sequence[Template]:
        """Must be there."""
        raise NotImplementedError

    def get_template(self, owner_id: UUID, template_id: UUID, *, deadline: float) -> Template:
        """Must be there."""
        raise NotImplementedError

    def create_workspace(self, request: CreateWorkspace, *, deadline: float) -> Workspace:
        """Must be there."""
        raise NotImplementedError

    def get_workspace(self, owner_id: UUID, workspace_id: UUID, *, deadline: float) -> Workspace:
        """Must be there."""
        raise NotImplementedError

    def find_workspace(self, owner_id: UUID, name: str, *, deadline: float) -> Workspace | None:
        """Must be there."""
        raise NotImplementedError

    def list_workspaces(self, owner_id: UUID, organization_id: UUID, *, deadline: float) -> Sequence[Workspace]:
        """Must be there."""
        raise NotImplementedError

    def start_workspace(self, workspace: Workspace, parameters: Mapping[str, str], *, deadline: float) -> Workspace:
        """Must be there."""
        raise NotImplementedError

    def stop_workspace(self, workspace: Workspace, *, deadline: float) -> Workspace:
        """Must be there."""
        raise NotImplementedError

    def delete_workspace(self, workspace: Workspace, *, deadline: float) -> Workspace:
        """Must be there."""
        raise NotImplementedError


def test_what_may_be_left_out() -> None:
    """Its default says that lists are whole, and no more is there: no watch, log, questions, presets, use or quota, and nobody to tell of use."""
    world = creators_in_virtual_time(FakeCoder)()
    workspace, template, plain = made(world), world.template, Plain()
    owner, organization, deadline = world.owner_id, template.organization_id, world.clock.monotonic() + 30
    assert plain.watch(workspace, deadline=deadline) is None
    assert plain.log_has_scripts is False
    assert list(plain.build_log(workspace, after=0, deadline=deadline)) == []
    assert list(plain.list_parameters(owner, template, deadline=deadline)) == []
    assert list(plain.list_presets(owner, template, deadline=deadline)) == []
    assert plain.describe_templates(owner, [template], deadline=deadline) == [template]
    assert plain.template_use(owner, organization, deadline=deadline) == {}
    assert plain.get_quota(owner, organization, deadline=deadline) is None
    plain.record_use(workspace, deadline=deadline)
