"""One wish over many processes: whichever ends it tells what was done for it, as far as record and platform show it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from chatworkspace import Outcome, Reason, State
from chatworkspace.ports import Parameter, Preset
from tests.elsewhere import Elsewhere
from tests.service.chats import CHAT, World

SHORT = 20
SIZE = (Parameter(name="size", default="small"),)
PRESET = Preset(id=UUID(int=7), name="big", parameters={})


def told(outcome: Outcome) -> tuple[Reason, bool, bool, dict[str, str]]:
    """Return what an outcome tells of the wish."""
    return outcome.reason, outcome.created, outcome.built, dict(outcome.not_applied)


def asked(world: World, **properties: Any) -> dict[str, Any]:
    """Return a whole wish: template, name, answers and preset."""
    docker = world.template(parameters=SIZE, presets=(PRESET,), **properties)
    return {"template_id": docker.id, "name": "work", "parameters": {"size": "large"}, "preset_id": PRESET.id}


def test_each_call_of_a_wish_tells_the_same_wherever_it_is_made() -> None:
    """Made, built, and with all that was asked for, from the first to the last."""
    world = World()
    wish, elsewhere = asked(world, build=50), Elsewhere(world.sim)
    outcomes = [elsewhere.fresh().create(CHAT, **wish, wait=SHORT) for _ in range(3)]
    assert [told(it) for it in outcomes] == [(Reason.IN_PROGRESS, True, True, {})] * 2 + [(Reason.CREATED, True, True, {})]
    assert len(world.coder.workspaces) == 1


@pytest.mark.parametrize("after", ["store.bind", "coder.dial"])
def test_whoever_ends_a_wish_whose_process_has_died_tells_of_all_of_it(after: str) -> None:
    """While it was built, or just before it was told."""
    world = World()
    wish = asked(world, build=50)
    first = world.sim.process("first")
    first.kill(after=after)
    world.sim.run(lambda: first.workspaces.create(CHAT, **wish))
    outcome = Elsewhere(world.sim).fresh().create(CHAT, **wish)
    assert told(outcome) == (Reason.CREATED, True, True, {})


def test_what_is_found_ready_a_moment_later_is_the_end_of_the_wish() -> None:
    """The caller was told to come back, and it became ready before it did. A minute later it is what the chat has."""
    world = World()
    wish, elsewhere = asked(world, build=50), Elsewhere(world.sim)
    elsewhere.fresh().create(CHAT, **wish, wait=SHORT)
    world.sim.sleep(40)
    assert told(elsewhere.fresh().create(CHAT, **wish)) == (Reason.CREATED, True, True, {})
    world.sim.sleep(60)
    assert told(elsewhere.fresh().create(CHAT, **wish)) == (Reason.EXISTING, False, False, {})


OTHERS: dict[str, tuple[dict[str, Any], list[str]]] = {
    "answers": ({"parameters": {"size": "small"}}, ["parameters"]),
    "preset": ({"preset_id": None}, []),
    "name": ({"name": "play"}, ["name"]),
}
"""In what another wish differs, and what of it was not applied."""


@pytest.mark.parametrize("which", OTHERS)
def test_another_wish_is_told_what_was_not_applied_wherever_it_is_made(which: str) -> None:
    """And that it has made nothing."""
    other, missed = OTHERS[which]
    world = World()
    wish, elsewhere = asked(world, build=50), Elsewhere(world.sim)
    elsewhere.fresh().create(CHAT, **wish, wait=SHORT)
    outcome = elsewhere.fresh().create(CHAT, **wish | other, wait=SHORT)
    assert (outcome.created, list(outcome.not_applied)) == (False, missed)


def test_a_name_that_was_made_fit_is_the_same_wish() -> None:
    """What the platform's names cannot show keeps nobody from being known again."""
    world = World()
    wish, elsewhere = asked(world, build=50), Elsewhere(world.sim)
    wish["name"] = "Fix the login!"
    outcomes = [elsewhere.fresh().create(CHAT, **wish, wait=SHORT) for _ in range(2)]
    assert [it.created for it in outcomes] == [True, True]


def test_a_preset_that_is_not_the_one_it_was_made_with() -> None:
    """By the history."""
    world = World()
    docker = world.template(build=50, presets=(PRESET, Preset(id=UUID(int=8), name="small", parameters={})))
    elsewhere = Elsewhere(world.sim)
    elsewhere.fresh().create(CHAT, docker.id, preset_id=PRESET.id, wait=SHORT)
    outcome = elsewhere.fresh().create(CHAT, docker.id, preset_id=UUID(int=8), wait=SHORT)
    assert (outcome.created, set(outcome.not_applied)) == (False, {"preset_id"})


def test_an_attached_workspace_is_nobodys_making() -> None:
    """Though its first build is under way."""
    world = World()
    docker = world.template(build=50)
    own = world.own(docker)
    world.chats.attach(CHAT, own.id, wait=0)
    assert told(Elsewhere(world.sim).fresh().create(CHAT, docker.id)) == (Reason.EXISTING, False, True, {})


def test_what_is_not_told_is_not_claimed() -> None:
    """A platform that does not say what a build was asked for with, or a history that cannot be read: found, as far as anybody knows."""
    world = World()
    wish, elsewhere = asked(world, build=50), Elsewhere(world.sim)
    elsewhere.fresh().create(CHAT, **wish, wait=SHORT)
    world.coder.when("build_parameters", times=2).fail()
    outcome = elsewhere.fresh().create(CHAT, **wish, wait=SHORT)
    assert (outcome.created, set(outcome.not_applied)) == (False, {"parameters"})


# ------------------------------------------------------------------ a start


def stopped(world: World, **properties: Any) -> None:
    """Let the chat have a workspace that is stopped, of which a start takes its time."""
    world.created(build=[0, 50], parameters=SIZE, **properties)
    world.chats.stop(CHAT)


def test_a_start_tells_the_same_wherever_it_goes_on() -> None:
    """Its answers were applied, and it was asked for."""
    world, answers = World(), {"size": "large"}
    stopped(world)
    elsewhere = Elsewhere(world.sim)
    outcomes = [elsewhere.fresh().start(CHAT, parameters=answers, wait=SHORT) for _ in range(3)]
    assert [told(it) for it in outcomes] == [(Reason.IN_PROGRESS, False, True, {})] * 2 + [(Reason.STARTED, False, True, {})]
    assert len(world.latest.builds) == 3


def test_a_start_with_other_answers_has_asked_for_nothing() -> None:
    """They had no effect."""
    world = World()
    stopped(world)
    elsewhere = Elsewhere(world.sim)
    elsewhere.fresh().start(CHAT, parameters={"size": "large"}, wait=SHORT)
    outcome = elsewhere.fresh().start(CHAT, parameters={"size": "small"})
    assert (outcome.reason, set(outcome.not_applied)) == (Reason.EXISTING, {"parameters"})


def test_a_start_that_moves_to_another_version_says_so_wherever_it_ends() -> None:
    """By the build before."""
    world = World()
    stopped(world, require_active=True)
    world.coder.update_template("docker", build=50)
    elsewhere = Elsewhere(world.sim)
    outcomes = [elsewhere.fresh().start(CHAT, wait=SHORT) for _ in range(3)]
    assert [it.updated for it in outcomes] == [True, True, True]
    assert outcomes[-1].state is State.READY


# ------------------------------------------------------------------ what it costs


def test_a_creation_asks_nothing_more_for_it() -> None:
    """Whoever makes it knows. Who goes on with it elsewhere asks the history once, and what it was asked for with."""
    world = World()
    wish, elsewhere = asked(world, build=50), Elsewhere(world.sim)
    _, first = world.counts(lambda: elsewhere.fresh().create(CHAT, **wish, wait=SHORT))
    service = elsewhere.fresh()
    _, second = world.counts(lambda: service.create(CHAT, **wish, wait=SHORT))
    _, third = world.counts(lambda: service.create(CHAT, **wish, wait=None))
    assert [it.get("build_parameters", 0) for it in (first, second, third)] == [0, 1, 0]
    assert [line.split()[3] for line in world.sim.trace.splitlines()].count("store.history") == 1
