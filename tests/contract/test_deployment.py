"""What rules make on a platform that others use as well is noted before it is asked for, and deleted."""

from __future__ import annotations

from typing import Any

import pytest

from chatworkspace import RefusedError, UnavailableError
from chatworkspace.ports import CreateWorkspace, NotAnsweredError, SystemClock
from chatworkspace_contracts import BrokenRuleError, Deployment, LeftOff
from chatworkspace_contracts._cleaning import DOUBT, MOST, Cleaning
from chatworkspace_fake import Fails, FakeCoder, Simulation
from chatworkspace_fake._platform.states import OWNER
from chatworkspace_simulator._stock import pretend
from tests.hanging import not_hanging


class World:
    """A platform in virtual time, and what is to be cleaned there."""

    def __init__(self, **template: Any) -> None:
        self.simulation = Simulation()
        self.coder: FakeCoder = self.simulation.coder
        self.template = self.coder.add_template("docker", **template)
        self.cleaning = Cleaning(self.coder, self.simulation)

    def make(self, name: str = "dev", mark: str = "a") -> None:
        """Ask for a workspace."""
        request = CreateWorkspace(owner_id=OWNER, organization_id=self.template.organization_id, name=name, template_id=self.template.id)
        self.cleaning.make(request, mark, self.simulation.monotonic() + 1)

    def clean(self, seconds: float = 60.0) -> float:
        """Delete what may go; return how long that took."""
        began = self.simulation.monotonic()
        while self.cleaning.step():
            assert self.simulation.monotonic() < began + seconds, self.cleaning.left
            self.simulation.sleep(0.1)
        return self.simulation.monotonic() - began


def test_what_bears_a_mark_may_go() -> None:
    """And nothing else, before all may."""
    world = World(build=3, delete=2)
    world.make("one", "a")
    world.make("other", "b")
    world.cleaning.over("a")
    world.clean()
    assert [it.name for it in world.coder.live] == ["other"]
    assert list(world.cleaning.left) == ["other"]
    world.cleaning.over()
    world.clean()
    assert (world.coder.live, world.cleaning.left) == ((), {})


def test_one_whose_build_failed_is_deleted_too() -> None:
    """However it is."""
    world = World(build=Fails(after=2))
    world.make()
    world.cleaning.over()
    world.clean()
    assert world.coder.live == ()


@pytest.mark.parametrize("late", [None, 5.0], ids=["at once", "late"])
def test_one_whose_answer_was_lost_is_found(late: float | None) -> None:
    """It was noted before: also when the request is acted upon after everybody has given up."""
    world = World(build=1)
    fault = world.coder.when("create_workspace")
    fault.lose_answer() if late is None else fault.arrive_late(late)
    with pytest.raises(NotAnsweredError):
        world.make()
    world.cleaning.over()
    took = world.clean()
    assert (world.coder.live, len(world.coder.workspaces)) == ((), 1)
    assert took < DOUBT, "once it is found, it is known what the request has made"


def test_a_request_that_never_arrived_is_looked_for_a_while() -> None:
    """And then no more."""
    world = World()
    world.coder.when("create_workspace").lose_request()
    with pytest.raises(NotAnsweredError):
        world.make()
    world.cleaning.over()
    assert DOUBT - 1 <= world.clean() <= DOUBT + 3
    assert world.cleaning.left == {}


def test_what_was_refused_is_not_looked_for() -> None:
    """Nothing was made."""
    world = World()
    world.coder.when("create_workspace").fail(RefusedError("no"))
    with pytest.raises(RefusedError):
        world.make()
    world.cleaning.over()
    assert world.clean() < 1


def test_a_deletion_that_fails_is_asked_for_some_times() -> None:
    """Then it is named, with the platform's words."""
    world = World(delete=Fails(after=1, error="the volume is in use"))
    world.make()
    world.cleaning.over()
    world.clean()
    assert world.cleaning.left == {"dev": "the volume is in use"}
    assert world.coder.calls.count("delete_workspace") == MOST


def test_a_platform_that_is_away_for_a_while() -> None:
    """It is asked again."""
    world = World()
    world.make()
    world.coder.when("find_workspace", times=3).fail(UnavailableError("busy"))
    world.cleaning.over()
    world.clean()
    assert world.coder.live == ()


# ------------------------------------------------------------------ in real time


class Platform:
    """A platform in memory, on the system's clock."""

    def __init__(self, seconds: float = 60.0) -> None:
        self.coder = FakeCoder()
        self.coder.on_run = pretend
        template = self.coder.add_template("docker", log=("one", "two"))
        self.deployment = Deployment(
            creator=self.coder, dialer=self.coder, owner_id=OWNER, template=template, until=SystemClock().monotonic() + seconds
        )
        self.rules = {rule.id: rule for rule in self.deployment.rules}


def test_rules_are_run_and_leave_nothing() -> None:
    """Those of agents that leave them as they are share one workspace."""
    it = Platform()
    dialing = [rule for rule in it.deployment.rules if rule.port == "AgentDialer"]
    with it.deployment as deployment:
        for rule in dialing:
            deployment.run(rule)
    assert it.coder.live == ()
    assert len(it.coder.workspaces) == 1 + sum(bool(rule.needs) for rule in dialing) < len(dialing)
    assert deployment.left == {}


def test_a_broken_rule_comes_out() -> None:
    """As from run()."""
    it = Platform()
    it.coder.on_run = lambda _: ""
    with it.deployment as deployment, pytest.raises(BrokenRuleError):
        deployment.run(it.rules["dialer.connection.open"])
    assert it.coder.live == ()


def test_rules_go_no_further_when_it_is_over() -> None:
    """Neither a new one, nor one that waits: it ends at its next step, or with the watch that it waits for."""
    it = Platform(seconds=0.0)
    with it.deployment as deployment, pytest.raises(LeftOff):
        deployment.run(it.rules["creator.reading.whole"])
    assert it.coder.calls == ("list_workspaces",)
    it = Platform()
    it.coder.add_workspace(it.deployment._template, "own", owner_id=OWNER)
    world = it.deployment._creators()
    watch = world.creator.watch(it.coder.live[0].now, deadline=float("inf"))
    assert watch is not None
    watch.next(float("inf"))
    it.deployment.end()
    with not_hanging():
        with pytest.raises(UnavailableError):
            watch.next(SystemClock().monotonic() + 60)
        for act in (lambda: world.clock.sleep(60), lambda: world.creator.list_workspaces(OWNER, world.template.organization_id, deadline=0.0)):
            with pytest.raises(LeftOff):
                act()
