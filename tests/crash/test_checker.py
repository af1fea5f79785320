"""The checker finds what it is there to find: each rule is broken once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import attrs
import pytest

from chatworkspace import OutcomeUnknownError
from chatworkspace._domain import names
from chatworkspace.ports import Look
from chatworkspace_fake import Fails, FakeCoder, FakeWorkspace, MemoryStore, Simulation
from tests.crash.checker import ALWAYS, WITH_CLAIMS, Record, problems, record

CHAT, OTHER = "chat", "other"
LATE = 100.0
"""Seconds, after which nobody waits for an answer any more."""


class Scene:
    """Two chats, each bound to a workspace of its own; and what a rule makes of a change."""

    def __init__(self) -> None:
        self.sim = Simulation(0)
        self.docker = self.sim.coder.add_template("docker")
        for chat_id in (CHAT, OTHER):
            self.sim.open_chat(chat_id)
            self.sim.workspaces.create(chat_id, self.docker.id)
        self.coder: FakeCoder = self.sim.coder
        self.first: FakeWorkspace = self.coder.live[0]

    def record(self, **more: Any) -> Record:
        """Return the records as they are."""
        store = self.sim.store
        assert isinstance(store, MemoryStore)
        return record(self.coder, store, **more)

    def mark(self, number: int) -> str:
        """Return a mark of the chat's."""
        return names.mark_of(self.sim.store.secret(), CHAT, number)

    def told(self, workspace_id: UUID) -> dict[str, Any]:
        """Return a report of one who was told ready."""
        return {"chat": CHAT, "told": {"ready": True, "generation": 1, "workspace_id": str(workspace_id)}}

    def look(self, **changes: Any) -> Record:
        """Return the records with another look at the chat."""
        found = self.record()
        look: Look = attrs.evolve(found.looks[CHAT], **changes)
        return attrs.evolve(found, looks={**found.looks, CHAT: look})


def test_nothing_is_wrong_where_all_is_in_order() -> None:
    """Neither with what was told, nor after a deletion by the user."""
    scene = Scene()
    scene.first.delete()
    scene.sim.workspaces.create(CHAT, scene.docker.id)
    assert problems(scene.record(told=[scene.told(scene.first.id)], deleted={scene.first.id})) == []


def _two(scene: Scene) -> Record:
    twin = scene.coder.add_workspace(scene.docker, f"twin-{scene.mark(1)}", owner_id=scene.sim.owner_id)
    return scene.record(strays=[str(twin.id)])


def _two_for_a_moment(scene: Scene) -> Record:
    twin = scene.coder.add_workspace(scene.docker, f"twin-{scene.mark(1)}", owner_id=scene.sim.owner_id)
    scene.sim.sleep(1)
    twin.delete()
    return scene.record(deleted={twin.id})


def _foreign(scene: Scene) -> Record:
    stranger = scene.coder.add_workspace(scene.docker, "stranger", owner_id=scene.sim.owner_id)
    return scene.record(strays=[str(stranger.id)])


def _lost(scene: Scene) -> Record:
    scene.sim.workspaces.detach(CHAT)
    return scene.record()


def _both(scene: Scene) -> Record:
    return scene.record(strays=[str(scene.first.id)])


def _shared(scene: Scene) -> Record:
    chat = attrs.evolve(scene.record().looks[CHAT].chat, workspace_id=scene.coder.live[1].id)
    return scene.look(chat=chat)


def _deleted(scene: Scene) -> Record:
    scene.first.delete()
    return scene.record()


def _unexpected(scene: Scene) -> Record:
    told = {"ready": False, "reason": "unexpected", "error": "KeyError", "message": "'x'"}
    return scene.record(told=[{"chat": CHAT, "told": told}])


def _attached(scene: Scene) -> Record:
    own = scene.coder.add_workspace(scene.docker, owner_id=scene.sim.owner_id)
    for chat_id in (CHAT, OTHER):
        scene.sim.workspaces.attach(chat_id, own.id)
    strays = [str(it.id) for it in scene.coder.live if it.id != own.id]
    return scene.record(own={own.id}, strays=strays)


def _replaced(scene: Scene) -> Record:
    scene.sim.workspaces.create(CHAT, scene.docker.id, replace=True)
    return scene.record(strays=[str(scene.first.id)], asked={CHAT: 1})


def _deleted_before_it_was_bound(scene: Scene) -> Record:
    """Let a replacement be made late, and its user delete it before anybody has looked."""
    other = scene.coder.add_template("other")
    scene.coder.when("create_workspace").arrive_late(LATE)
    with pytest.raises(OutcomeUnknownError):
        scene.sim.workspaces.create(CHAT, other.id, replace=True)
    scene.sim.sleep(LATE)
    made = scene.coder.live[-1]
    made.delete()
    return scene.record(deleted={made.id}, asked={CHAT: 1})


def _failed_at_first(scene: Scene) -> Record:
    failing = scene.coder.add_template("failing", build=Fails(0))
    scene.sim.open_chat("third")
    scene.sim.workspaces.create("third", failing.id)
    failed = scene.coder.live[-1]
    scene.sim.workspaces.create("third", scene.docker.id)
    return scene.record(strays=[str(failed.id)])


def _replaced_unasked(scene: Scene) -> Record:
    scene.sim.workspaces.create(CHAT, scene.docker.id, replace=True)
    return scene.record(strays=[str(scene.first.id)])


BROKEN: dict[str, tuple[str, Callable[[Scene], Record]]] = {
    "two at a time": ("one_live", _two),
    "two for a moment": ("one_live", _two_for_a_moment),
    "two names": ("one_name", _two),
    "another name unasked": ("one_name", _replaced_unasked),
    "no mark": ("led_back", _foreign),
    "neither bound nor listed": ("accounted_for", _lost),
    "bound and listed": ("accounted_for", _both),
    "a claim in force": ("none_claimed", lambda scene: scene.look(claimed_for=1.0)),
    "bound twice": ("bound_once", _shared),
    "told another": ("told_the_same", lambda scene: scene.record(told=[scene.told(scene.coder.live[1].id)])),
    "a bug": ("told_the_same", _unexpected),
    "deleted unasked": ("deleted_unasked", _deleted),
}


@pytest.mark.parametrize(("rule", "make"), BROKEN.values(), ids=BROKEN)
def test_what_is_wrong_is_found(rule: str, make: Callable[[Scene], Record]) -> None:
    """And told under the name of what it breaks."""
    assert rule in {problem.partition(":")[0] for problem in problems(make(Scene()))}


def test_every_rule_is_broken_once() -> None:
    """None is there that cannot find anything."""
    assert {rule for rule, _ in BROKEN.values()} == {rule.__name__ for rule in (*ALWAYS, *WITH_CLAIMS)}


@pytest.mark.parametrize("make", [_attached, _replaced, _failed_at_first, _deleted_before_it_was_bound])
def test_what_callers_ask_for_is_in_order(make: Callable[[Scene], Record]) -> None:
    """One workspace of the user's for two chats; a new one beside the one that was replaced, which the sweep lists."""
    assert problems(make(Scene())) == []
