"""A model that asks for another workspace, and obeys: what it is told to come back for is not replaced once more."""

from __future__ import annotations

from typing import Any

import pytest

from chatworkspace import Toolbox
from chatworkspace_fake import Fails
from tests.toolbox.kitchen import Kitchen

BUILDS = pytest.mark.parametrize("build", [60, Fails(after=60)], ids=["ready", "failed"])


def kitchen_with(build: float | Fails) -> Kitchen:
    """Return a kitchen whose chat has a workspace, and whose template takes so long from now on."""
    kitchen = Kitchen()
    kitchen.coder.add_template("docker")
    kitchen.create()
    kitchen.coder.update_template("docker", build=build)
    kitchen.sim.sleep(10)  # no dial proves anything any more
    return kitchen


def toolboxes(kitchen: Kitchen, *waits: float | None, processes: int) -> list[Toolbox]:
    """Return one for each of some calls, of processes in turn."""
    services = [kitchen.sim.workspaces, *(kitchen.sim.process(name).workspaces for name in ("b", "c", "d")[: processes - 1])]
    return [services[number % processes].toolbox("chat-1", wait=wait) for number, wait in enumerate(waits)]


def replaced(kitchen: Kitchen, toolbox: Toolbox) -> dict[str, Any]:
    """Ask for another workspace."""
    kitchen.toolbox = toolbox
    return kitchen.create(replace_workspace=True)


@BUILDS
@pytest.mark.parametrize("processes", [1, 2])
def test_a_replacement_that_ends_between_two_calls(processes: int, build: float | Fails) -> None:
    """It is told by the next, as made by this wish, and not begun anew: who waits for nothing is told to come back, to whichever process."""
    kitchen = kitchen_with(build)
    first, second = toolboxes(kitchen, 0, 0, processes=processes)
    begun = replaced(kitchen, first)
    kitchen.sim.sleep(90)
    told = replaced(kitchen, second)
    assert [(it["state"], it["created"]) for it in (begun, told)] == [("starting", True), ("failed" if isinstance(build, Fails) else "ready", True)]
    assert begun["workspace_id"] == told["workspace_id"]
    assert begun["left_behind"]["reason"] == "replaced"
    assert "left_behind" not in told
    assert len(kitchen.coder.workspaces) == 2


@pytest.mark.parametrize("processes", [1, 2])
def test_what_has_been_told_is_replaced_once_more(processes: int) -> None:
    """Who knows how the replacement has ended, and asks for one again, has another: that is another wish."""
    kitchen = kitchen_with(5)
    first, second = toolboxes(kitchen, 0, None, processes=processes)
    begun = replaced(kitchen, first)
    kitchen.sim.sleep(30)
    told, again = replaced(kitchen, second), replaced(kitchen, second)
    assert (begun["workspace_id"], told["state"], told["created"]) == (told["workspace_id"], "ready", True)
    assert again["left_behind"]["workspace_id"] == told["workspace_id"]


def test_what_takes_the_place_of_a_replacement_that_was_deleted() -> None:
    """A person deletes it on its way: another is made, and that one is not replaced when it is ready."""
    kitchen = kitchen_with(60)
    (toolbox,) = toolboxes(kitchen, 0, processes=1)
    replaced(kitchen, toolbox)
    kitchen.sim.sleep(90)
    kitchen.coder.workspaces[1].delete()
    made = replaced(kitchen, toolbox)
    kitchen.sim.sleep(90)
    told = replaced(kitchen, toolbox)
    assert [(it["state"], it["created"]) for it in (made, told)] == [("starting", True), ("ready", True)]
    assert made["workspace_id"] == told["workspace_id"]


def test_who_came_to_what_another_process_makes_comes_back_to_it() -> None:
    """It has waited for it as long as it may; when it is ready, that is told, and nothing is replaced."""
    kitchen = kitchen_with(60)
    first, second = toolboxes(kitchen, 0, 5, processes=2)
    begun = replaced(kitchen, first)
    waiting = replaced(kitchen, second)
    kitchen.sim.sleep(90)
    told = replaced(kitchen, second)
    assert [(it["state"], it["created"]) for it in (waiting, told)] == [("starting", True), ("ready", True)]
    assert begun["workspace_id"] == waiting["workspace_id"] == told["workspace_id"]


def test_another_replacement_is_another_wish() -> None:
    """What the first has made is replaced, by whichever process, where something else is asked for."""
    kitchen = kitchen_with(5)
    first, second = toolboxes(kitchen, 0, None, processes=2)
    begun = replaced(kitchen, first)
    kitchen.sim.sleep(30)
    kitchen.toolbox = second
    other = kitchen.create(replace_workspace=True, name="other")
    assert other["left_behind"]["workspace_id"] == begun["workspace_id"]


def test_a_workspace_that_was_not_asked_for_as_another_is_replaced() -> None:
    """What the same words have made before, without a replacement, is what the user wants to be rid of."""
    kitchen = Kitchen()
    kitchen.coder.add_template("docker", build=5)
    kitchen.toolbox = kitchen.sim.workspaces.toolbox("chat-1", wait=0)
    made = kitchen.create()
    kitchen.sim.sleep(30)
    told = replaced(kitchen, kitchen.toolbox)
    assert told["left_behind"]["workspace_id"] == made["workspace_id"]


def test_after_a_while_it_is_another_wish_for_other_processes() -> None:
    """None that was told to come back for it comes so late."""
    kitchen = kitchen_with(5)
    first, second = toolboxes(kitchen, 0, None, processes=2)
    begun = replaced(kitchen, first)
    kitchen.sim.sleep(1000)
    assert replaced(kitchen, second)["left_behind"]["workspace_id"] == begun["workspace_id"]


@BUILDS
def test_a_look_ends_no_wish(build: float | Fails) -> None:
    """A page that asks how it is takes nothing from the call that comes back: it is told that it has made the workspace."""
    kitchen = Kitchen()
    kitchen.coder.add_template("docker", build=build)
    kitchen.toolbox = kitchen.sim.workspaces.toolbox("chat-1", wait=0)
    assert kitchen.create()["created"]
    for seconds in (30, 400):
        kitchen.sim.sleep(seconds)
        kitchen.sim.workspaces.status("chat-1")
    told = kitchen.create()
    assert (told["state"], told["created"]) == ("failed" if isinstance(build, Fails) else "ready", True)
