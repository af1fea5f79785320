"""What an answer can do without (log, quota, use) has two seconds together, and what hangs is left alone for a while."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import pytest

from chatworkspace import ClosedError, JobStatus, Outcome, Progress, Reason, State, UnavailableError, Workspace
from chatworkspace.ports import LogLine
from chatworkspace_fake import Fails, FakeCoder
from tests.patience.calls import world_of
from tests.service.chats import BUILD, CHAT, CONNECT, READY, SCRIPTS, World

HANGING = 1000.0
LOG = ("one", "two", "no room")
FULL = Fails(1, "no room", "INSUFFICIENT_QUOTA")


def _took(world: World, act: Callable[[], Any]) -> tuple[Any, float]:
    began = world.sim.elapsed
    return act(), world.sim.elapsed - began


def _failed(**properties: Any) -> World:
    world = World()
    world.coder.set_quota(7)
    world.created(build=FULL, log=("one", "two"), **properties)
    return world


def test_a_failed_build_that_is_looked_at_still_brings_its_log() -> None:
    """Beyond a wait of nothing: it takes a moment of the call's own time."""
    world = _failed()
    world.coder.when("build_log").take(1.5)
    outcome, took = _took(world, lambda: world.chats.status(CHAT, wait=0))
    assert (outcome.log_tail, outcome.quota is not None, took) == (LOG, True, 1.5)


def test_extras_have_two_seconds_together() -> None:
    """What comes second has what the first has left."""
    world = _failed()
    world.coder.when("build_log").take(1.5)
    world.coder.when("get_quota").take(1.5)
    outcome, took = _took(world, lambda: world.chats.status(CHAT, wait=0))
    assert (outcome.state, outcome.log_tail, outcome.quota, took) == (State.FAILED, LOG, None, 2)


@pytest.mark.parametrize("calls", [("build_log",), ("get_quota",), ("build_log", "get_quota")])
def test_an_extra_that_hangs_is_waited_for_once(calls: tuple[str, ...]) -> None:
    """Then it is left alone, so that it costs nothing; half a minute later it is tried again."""
    world = _failed()
    for call in calls:
        fake: Any = world.coder.when
        fake(call).take(HANGING)
    outcome, took = _took(world, lambda: world.chats.status(CHAT))
    assert (outcome.state, outcome.reason, took) == (State.FAILED, Reason.QUOTA_FULL, 2)
    for _ in calls[1:]:  # there was no time to ask for it
        assert _took(world, lambda: world.chats.status(CHAT))[1] == 2
    assert _took(world, lambda: world.chats.status(CHAT))[1] == 0
    world.sim.sleep(30)
    assert world.chats.status(CHAT).log_tail == LOG


def test_what_was_refused_last_is_an_extra() -> None:
    """A history that hangs keeps a status for 2 s at most, then for nothing; one that is odd takes nothing away."""
    world = world_of("refused")
    assert world.chats.status(CHAT).error == "no room"
    world.sim.store.when("history", times=2).take(HANGING)
    outcome, took = _took(world, lambda: world.chats.status(CHAT))
    assert (outcome.reason, outcome.error, took) == (Reason.NO_WORKSPACE, "", 2)
    assert _took(world, lambda: world.chats.status(CHAT))[1] == 0
    world.sim.sleep(30)
    world.sim.store.when("history", times=1).fail(ValueError("odd"))
    assert world.chats.status(CHAT).reason is Reason.NO_WORKSPACE


def test_close_ends_a_history_that_hangs() -> None:
    """It is part of the call, which close() ends."""
    world = world_of("refused")
    world.sim.store.when("history").take(HANGING)
    world.sim.at(world.sim.elapsed + 1, world.chats.close)

    def look() -> None:
        with pytest.raises(ClosedError):
            world.chats.status(CHAT)

    assert _took(world, lambda: world.sim.run(look))[1] == 1


def test_what_hangs_for_one_is_asked_for_another() -> None:
    """One workspace's log says nothing of another's."""
    world = _failed()
    world.coder.when("build_log").take(HANGING)
    world.chats.status(CHAT)
    world.sim.open_chat("chat-2")
    assert world.chats.create("chat-2", world.latest.template.id).log_tail == LOG


def test_a_quick_failure_of_an_extra_is_tried_the_next_time() -> None:
    """It cost nothing."""
    world = _failed()
    world.coder.when("build_log").fail()
    assert world.chats.status(CHAT).log_tail == ()
    assert world.chats.status(CHAT).log_tail == LOG


def test_an_extra_whose_call_was_interrupted_is_not_blamed() -> None:
    """It was cut short; the next call asks for it."""
    world = _failed()
    world.coder.when("build_log").take(HANGING)
    world.sim.at(world.sim.elapsed + 1.5, lambda: world.chats.interrupt(CHAT))
    (outcome,) = world.sim.run(lambda: world.chats.status(CHAT))
    assert (outcome.log_tail, outcome.elapsed) == ((), 1.5)
    assert world.chats.status(CHAT).log_tail == LOG


# ------------------------------------------------------------------ connect


def test_a_use_that_cannot_be_recorded_keeps_no_connection() -> None:
    """The agent has answered at once; two seconds, and nothing the next time."""
    world = World()
    world.created()
    world.coder.when("record_use").take(HANGING)
    connection, took = _took(world, lambda: world.chats.connect(CHAT))
    with connection as agent:
        assert agent.run("echo", timeout=1).output == "echo"
    assert took == 2
    with world.chats.connect(CHAT):
        pass
    assert world.sim.elapsed == 62
    world.sim.sleep(30)
    _, calls = world.counts(lambda: world.chats.connect(CHAT))
    assert calls["record_use"] == 1


def test_an_extra_that_fails_in_its_own_way_hides_nothing() -> None:
    """Whatever an adapter lets out there: the connection is open, and is handed out."""
    world = World()
    world.created()
    world.coder.when("record_use").fail(ZeroDivisionError())
    with world.chats.connect(CHAT) as agent:
        assert agent.run("echo", timeout=1).output == "echo"


# ------------------------------------------------------------------ followers and progress


@pytest.mark.parametrize("build", [BUILD, Fails(BUILD)])
def test_a_log_that_hangs_keeps_no_follower(build: Any) -> None:
    """Something is told every five seconds, and the end two seconds late at most."""
    world = World()
    world.chats.create(CHAT, world.template(build=build, log=("one", "two")).id, wait=0)
    world.coder.when("build_log", chance=1.0).take(HANGING)
    heard: list[tuple[float, Progress]] = [(world.sim.elapsed, it) for it in world.chats.follow(CHAT)]
    assert all(later - earlier <= 5 for (earlier, _), (later, _) in pairwise(heard))
    ended, last = heard[-1]
    assert last.outcome is not None
    assert ended <= BUILD + 2


def test_a_log_that_hangs_keeps_nobody_from_being_told_ready() -> None:
    """Whoever wants to be told of each step is told of those that there are."""
    seen: list[Progress] = []
    world = World(on_progress=seen.append)
    docker = world.template(build=BUILD, connect=CONNECT, scripts=SCRIPTS, log=("one", "two"))
    world.sim.at(12, lambda: world.coder.when("build_log", chance=1.0).take(HANGING))
    outcome = world.chats.create(CHAT, docker.id)
    assert outcome.ready
    assert READY <= outcome.elapsed <= READY + 2
    assert "one" in [it.line for it in seen]


def test_the_end_of_a_log_is_read_by_the_next_where_the_first_could_not() -> None:
    """It is no reason to call it read."""

    class Failing(FakeCoder):
        """The first who reads a log after its end reads it in vain."""

        failed = False

        def build_log(self, workspace: Workspace, *, after: int, deadline: float) -> Sequence[LogLine]:
            """Fail once."""
            if workspace.build.job_status is JobStatus.FAILED and not self.failed:
                self.failed = True
                raise UnavailableError("503")
            read = super().build_log(workspace, after=after, deadline=deadline)
            return read if workspace.build.job_status is JobStatus.FAILED else [line for line in read if line.text != "build failed"]

    world = World(coder=Failing)
    world.chats.create(CHAT, world.template(build=Fails(10), log=("one", "two")).id, wait=0)

    def last_line() -> str | None:
        return [it.line for it in world.chats.follow(CHAT) if it.line is not None][-1]

    assert "build failed" in world.sim.run(last_line, last_line)


# ------------------------------------------------------------------ templates


def test_how_templates_are_used_keeps_no_list() -> None:
    """The list comes without it."""
    world = World()
    world.template()
    toolbox = world.chats.toolbox(CHAT)
    world.coder.when("template_use").take(HANGING)
    result, took = _took(world, lambda: toolbox.call("list_templates", {}))
    assert ([it["name"] for it in result.content["templates"]], took) == (["docker"], 2)
    assert _took(world, lambda: toolbox.call("list_templates", {}))[1] == 0


def test_parameters_that_cannot_be_evaluated_keep_no_template() -> None:
    """Those that were recorded at import hold; the evaluation may take what is left of the time for a look."""
    world = World()
    docker = world.template()
    toolbox = world.chats.toolbox(CHAT)
    world.coder.when("evaluate_parameters").take(HANGING)
    result, took = _took(world, lambda: toolbox.call("read_template", {"template_id": str(docker.id)}))
    assert (result.is_error, took) == (False, 10)
    assert _took(world, lambda: toolbox.call("read_template", {"template_id": str(docker.id)}))[1] == 0


def test_an_outcome_is_the_same_without_its_extras() -> None:
    """Nothing else hangs on them."""
    with_all, without = _failed(), _failed()
    without.coder.when("build_log").fail()
    without.coder.when("get_quota").fail()
    one: Outcome = with_all.chats.status(CHAT)
    other: Outcome = without.chats.status(CHAT)
    assert (one.state, one.reason, one.next_step, one.error) == (other.state, other.reason, other.next_step, other.error)
