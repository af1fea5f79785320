"""Overtaken: while a call waited, or stood still, the chat was given another workspace, or none."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from chatworkspace import LeftBehind, Outcome, Phase, Reason, State
from chatworkspace.ports import TAKEN_OVER
from chatworkspace_fake import Process
from tests.service.chats import CHAT, CLAIM, READY, SLOW, World


class Race:
    """A caller in one process, who waits for a workspace that is being built, and somebody in another."""

    def __init__(self, **properties: Any) -> None:
        self.world = World()
        self.docker = self.world.template(**(SLOW | properties))
        self.mine: Process = self.world.sim.process("mine")
        self.other: Process = self.world.sim.process("other")

    def create(self) -> Outcome:
        """Create, in the caller's process."""
        return self.mine.workspaces.create(CHAT, self.docker.id)

    def meanwhile(self, seconds: float, act: Callable[[], object]) -> None:
        """Let somebody do something."""
        self.world.sim.at(seconds, act)

    def replace(self) -> Outcome:
        """Replace the workspace, in the other process."""
        return self.other.workspaces.create(CHAT, self.docker.id, replace=True, wait=0)

    def run(self) -> Outcome:
        """Let the caller wait, and return what it is told."""
        (outcome,) = self.world.sim.run(self.create)
        return outcome


def overtaken(race: Race, outcome: Outcome) -> bool:
    """Tell whether the caller was told what it waited for, and that it is the chat's no more."""
    old = race.world.coder.workspaces[0]
    left = LeftBehind(workspace_id=old.id, name=old.now.full_name, reason=Reason.OVERTAKEN)
    return (outcome.reason, outcome.left_behind) == (Reason.OVERTAKEN, left)


@pytest.mark.parametrize("at", [20, 34, 44])
def test_it_was_replaced_meanwhile(at: float) -> None:
    """Told at the end of its own wait: what the chat has now, how far that is, and which one it waited for."""
    race = Race()
    race.meanwhile(at, race.replace)
    outcome = race.run()
    assert overtaken(race, outcome)
    assert (outcome.elapsed, outcome.workspace_id, outcome.created) == (READY, race.world.latest.id, False)
    assert (outcome.state, outcome.phase, outcome.chat.generation) == (State.STARTING, Phase.BUILDING, 2)
    assert outcome.next_step.startswith("The chat was given another workspace")


def test_another_one_that_seems_ready_is_not_told_as_ready() -> None:
    """This call dialled nobody there: the next one will."""
    race = Race()
    own = race.world.own(race.docker)
    race.world.sim.sleep(60)
    race.meanwhile(80, lambda: race.other.workspaces.attach(CHAT, own.id))
    outcome = race.run()
    assert (outcome.state, outcome.phase, outcome.reason, outcome.workspace_id) == (State.STARTING, Phase.CONNECTING, Reason.OVERTAKEN, own.id)
    assert race.create().reason is Reason.EXISTING


def test_it_was_detached_meanwhile() -> None:
    """The chat has none."""
    race = Race()
    race.meanwhile(20, lambda: race.other.workspaces.detach(CHAT))
    outcome = race.run()
    assert overtaken(race, outcome)
    assert (outcome.state, outcome.workspace, outcome.workspace_id, outcome.phase) == (State.ABSENT, None, None, None)


def test_what_is_gone_is_not_left_behind() -> None:
    """The user deleted it, and somebody made another while this process stood still."""
    race = Race()
    race.meanwhile(10, partial(race.mine.pause, 20))
    race.meanwhile(11, lambda: race.world.latest.delete())  # noqa: PLW0108 - it is made later
    race.meanwhile(12, lambda: race.other.workspaces.create(CHAT, race.docker.id, wait=0))
    outcome = race.run()
    assert (outcome.reason, outcome.left_behind, outcome.workspace_id) == (Reason.OVERTAKEN, None, race.world.latest.id)


def test_what_the_chat_has_now_cannot_be_read() -> None:
    """Unknown: the caller is told that there is one, and why it cannot be seen."""
    race = Race()
    own = race.world.own(race.docker)
    race.meanwhile(20, lambda: race.other.workspaces.attach(CHAT, own.id, wait=0))
    race.meanwhile(30, own.hide)
    outcome = race.run()
    assert (outcome.state, outcome.reason, outcome.workspace_id) == (State.UNKNOWN, Reason.NOT_VISIBLE, own.id)


def test_who_did_not_wait_is_overtaken_by_nobody() -> None:
    """The outcome is of the generation that it looked at."""
    race = Race()
    outcome = race.mine.workspaces.create(CHAT, race.docker.id, wait=0)
    race.replace()
    assert (outcome.reason, outcome.chat.generation) == (Reason.IN_PROGRESS, 1)


@pytest.mark.parametrize("wait", [None, 10])
def test_a_stop_that_waits_for_a_build_is_overtaken(wait: float | None) -> None:
    """It waits for the end of a build, and the chat gets another workspace: that one is stopped where there is patience, else told."""
    race = Race()
    race.mine.workspaces.create(CHAT, race.docker.id, wait=0)
    race.meanwhile(5, race.replace)
    (outcome,) = race.world.sim.run(lambda: race.mine.workspaces.stop(CHAT, wait=wait))
    if wait is None:
        assert (outcome.state, outcome.reason, outcome.workspace_id) == (State.STOPPED, Reason.STOPPED, race.world.latest.id)
    else:
        assert overtaken(race, outcome)
    assert race.world.coder.workspaces[0].builds[-1][0] == 1


# ------------------------------------------------------------------ holders that are refused


def test_a_refused_holder_is_told_what_everybody_is_told() -> None:
    """It stood still between its request and its record; somebody else bound what it had made: the same workspace for both."""
    race = Race(build=0)
    race.mine.pause(CLAIM + 10, before="store.bind")
    race.meanwhile(CLAIM + 1, lambda: race.other.workspaces.create(CHAT, race.docker.id, wait=0))
    outcome = race.run()
    assert (outcome.state, outcome.reason, outcome.created) == (State.READY, Reason.CREATED, True)
    assert len(race.world.coder.workspaces) == 1
    assert [it.startswith(TAKEN_OVER) for it in race.world.chats.history(CHAT)[-1].notes] == [True]


def test_a_refused_holder_whose_workspace_somebody_left_behind() -> None:
    """It made one, somebody bound and then replaced it: it is told what the chat has, and nothing is named twice."""
    race = Race(build=0)
    race.mine.pause(CLAIM + 10, before="store.bind")
    race.meanwhile(CLAIM + 1, lambda: race.other.workspaces.create(CHAT, race.docker.id, wait=0))
    race.meanwhile(CLAIM + 2, race.replace)
    outcome = race.run()
    assert (outcome.reason, outcome.created, outcome.workspace_id) == (Reason.EXISTING, False, race.world.latest.id)
    assert len(race.world.coder.workspaces) == 2


def test_a_replacement_that_is_overtaken_names_what_it_left_behind() -> None:
    """Whoever overtook it: nobody else will name what this call has left."""
    race = Race(build=0, connect=0, scripts=0)
    first = race.create()
    race.mine.pause(CLAIM + 10, before="store.bind")
    race.meanwhile(CLAIM + 1, lambda: race.other.workspaces.create(CHAT, race.docker.id))
    (outcome,) = race.world.sim.run(lambda: race.mine.workspaces.create(CHAT, race.docker.id, replace=True))
    assert outcome.left_behind is not None
    assert (outcome.left_behind.workspace_id, outcome.left_behind.reason) == (first.workspace_id, Reason.REPLACED)
    assert len(race.world.coder.workspaces) == 2
