"""Waiting: phases and their limits."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from chatworkspace import (
    Advice,
    InvalidArgumentError,
    JobStatus,
    Phase,
    Reason,
    State,
    Timeouts,
    Workspace,
)
from chatworkspace_fake import Fails, FakeCoder
from tests.service.chats import BUILD, CHAT, CONNECT, READY, SLOW, World
from tests.service.waits import create, goes_on

# ------------------------------------------------------------------ phases and limits


def test_a_build_limit_that_passes_is_in_progress() -> None:
    """A limit is not a failure: the build goes on, and so does the next call."""
    world = World()
    outcome = create(world, build=700)
    assert (outcome.state, outcome.phase, outcome.reason, outcome.elapsed) == (State.STARTING, Phase.BUILDING, Reason.IN_PROGRESS, 600)
    assert (goes_on(world).elapsed, len(world.coder.workspaces)) == (100, 1)


def test_an_agent_that_does_not_connect_in_time() -> None:
    """Slow is not dead: the workspace stays starting, and the next call goes on waiting."""
    world = World()
    outcome = create(world, build=5, connect=150)
    assert (outcome.state, outcome.phase, outcome.reason, outcome.elapsed) == (State.STARTING, Phase.CONNECTING, Reason.AGENT_NOT_CONNECTED, 125)
    assert outcome.advice is Advice.CALL_LATER
    assert "make the same call again in 60 s" in outcome.next_step
    again = goes_on(world)
    assert (again.state, again.elapsed) == (State.READY, 30)


def test_scripts_that_still_run() -> None:
    """They have 600 s a call; the next one goes on waiting."""
    world = World()
    outcome = create(world, scripts=700)
    assert (outcome.state, outcome.phase, outcome.reason, outcome.elapsed) == (State.STARTING, Phase.SCRIPTS, Reason.SCRIPTS_RUNNING, 600)
    assert goes_on(world).elapsed == 100


def test_scripts_that_are_called_timed_out_still_run() -> None:
    """The platform's start_timeout is a soft mark: it is waited through."""
    world = World()
    outcome = create(world, scripts=50, script_timeout=20)
    assert (outcome.state, outcome.reason, outcome.elapsed) == (State.READY, Reason.CREATED, 50)


def test_scripts_that_failed_leave_a_workspace_that_can_be_used() -> None:
    """Ready, with a remark, and what to do about it."""
    world = World()
    outcome = create(world, scripts=Fails(after=10))
    assert (outcome.state, outcome.reason, outcome.created, outcome.elapsed) == (State.READY, Reason.SCRIPTS_FAILED, True, 10)
    assert "startup scripts failed" in outcome.next_step


def test_each_phase_has_its_own_limit() -> None:
    """They add up: a call waits for the sum of what its phases need, each within its own."""
    world = World(timeouts=Timeouts(build=60, connect=20, scripts=40))
    assert create(world, build=59, connect=19, scripts=39).elapsed == 117


@pytest.mark.parametrize(
    ("limits", "phase", "elapsed"),
    [({"build": 10}, Phase.BUILDING, 10), ({"connect": 2}, Phase.CONNECTING, BUILD + 2), ({"scripts": 4}, Phase.SCRIPTS, BUILD + CONNECT + 4)],
)
def test_limits_are_the_hosts_to_set(limits: dict[str, float], phase: Phase, elapsed: float) -> None:
    """Timeouts says how long each phase may take."""
    outcome = create(World(timeouts=Timeouts(**limits)), **SLOW)
    assert (outcome.phase, outcome.elapsed) == (phase, elapsed)


def test_a_build_in_the_queue_says_so() -> None:
    """The one provisioner is busy: the reason tells, and the build is waited for."""
    world = World()
    world.coder.set_provisioners(1)
    docker = world.template(build=100)
    world.own(docker)
    queued = world.chats.create(CHAT, docker.id, wait=50)
    assert (queued.phase, queued.reason, queued.elapsed) == (Phase.BUILDING, Reason.BUILD_QUEUED, 50)
    assert goes_on(world).elapsed == 150


def test_no_provisioner_takes_the_build() -> None:
    """An administrator must act: the reason says so, for as long as the limit lets it wait."""
    world = World()
    world.coder.set_provisioners(0)
    outcome = create(world)
    assert (outcome.phase, outcome.reason, outcome.elapsed) == (Phase.BUILDING, Reason.NO_PROVISIONER, 600)
    assert "administrator" in outcome.next_step
    world.coder.set_provisioners(1)
    assert goes_on(world).ready


def test_a_job_whose_status_is_not_known() -> None:
    """Nothing is concluded from it, and nothing waited for."""

    class Vague(FakeCoder):
        """A platform that does not say how builds stand."""

        def get_workspace(self, *args: Any, **kwargs: Any) -> Workspace:
            """Leave the status out."""
            return vague(super().get_workspace(*args, **kwargs))

    world = World(coder=Vague)
    docker = world.template(build=30)
    world.chats.create(CHAT, docker.id, wait=0)
    outcome = goes_on(world)
    assert (outcome.state, outcome.reason, outcome.phase, outcome.elapsed) == (State.UNKNOWN, Reason.JOB_UNKNOWN, None, 0)


def vague(workspace: Workspace) -> Workspace:
    """Return it with a build of which nobody knows how it stands."""
    return attrs.evolve(workspace, build=attrs.evolve(workspace.build, job_status=JobStatus.UNKNOWN))


# ------------------------------------------------------------------ the latest build


def test_a_build_that_the_user_supersedes() -> None:
    """The user stops it while a caller waits: the caller is told that it is stopped, and starts nothing."""
    world = World()
    docker = world.template(connect=50)
    world.sim.at(20, lambda: world.latest.stop())  # noqa: PLW0108 - it is made later
    outcome = world.chats.create(CHAT, docker.id)
    assert (outcome.state, outcome.reason, outcome.elapsed) == (State.STOPPED, Reason.NOT_RUNNING, 20)
    assert len(world.latest.builds) == 2


def test_a_restart_by_the_user_is_waited_for() -> None:
    """The wait follows the latest build, with the limits of a new one."""
    world = World(timeouts=Timeouts(build=40))
    docker = world.template(**SLOW)
    world.sim.at(32, lambda: world.latest.start())  # noqa: PLW0108 - it is made later
    outcome = world.chats.create(CHAT, docker.id)
    assert (outcome.state, outcome.elapsed, outcome.require_ready().build.number) == (State.READY, 32 + READY, 2)


def test_a_workspace_that_is_rebuilt_without_end_ends_no_wait_by_itself() -> None:
    """A user who restarts it again and again cannot keep a caller for ever."""
    world = World(timeouts=Timeouts(build=20, connect=20, scripts=20))
    docker = world.template(build=1, connect=9)
    for number in range(30):
        world.sim.at(5 + 5 * number, lambda: world.latest.start())  # noqa: PLW0108 - it is made later
    outcome = world.chats.create(CHAT, docker.id)
    assert (outcome.state, outcome.elapsed) == (State.STARTING, 120)


# ------------------------------------------------------------------ limits


@pytest.mark.parametrize("value", [0, -1, float("nan"), float("inf"), "10", None, True])
def test_a_limit_is_a_finite_number_above_0(value: Any) -> None:
    """Each of Timeouts says which one was wrong."""
    with pytest.raises(InvalidArgumentError) as error:
        Timeouts(connect=value)
    assert error.value.argument == "connect"
