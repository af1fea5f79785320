"""The tool create_workspace: what a model is told of each way it can end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from chatworkspace import Chat, Outcome
from chatworkspace.ports import Parameter, Preset
from chatworkspace_fake import NEVER, Fails
from tests.service.chats import Telling
from tests.toolbox.kitchen import Kitchen
from tests.toolbox.temper import build_of, having, kitchen_with, workspace_of

TROUBLE = {
    "error",
    "agent_status",
    "agent_error",
    "startup_scripts",
    "lifecycle_state",
    "not_applied",
    "left_behind",
    "phase",
    "status",
    "message",
    "next_step",
}


def test_c01_the_existing_workspace_comes_before_the_template() -> None:
    """Whatever template is named, even one that does not exist: the chat's workspace is returned."""
    kitchen = having()
    said = kitchen.call("create_workspace", template_id=str(UUID(int=5)))
    assert (said["created"], said["status"]) == (False, "already_exists")
    assert said["workspace_id"] == str(workspace_of(kitchen).id)


def test_c02_templates_that_are_refused() -> None:
    """Each has its own reason and advice; nothing is made."""
    allowed = set[UUID]()

    def allow(_: Chat) -> set[UUID]:
        return allowed

    kitchen = Kitchen(allowed_templates=allow)
    add = kitchen.coder.add_template
    theirs, blocked = add("theirs", organization_id=UUID(int=9)), add("blocked", agents_allowed=False)
    old, laptop, unlisted = add("old", deprecated=True), add("laptop", external_agent=True), add("unlisted")
    allowed |= {theirs.id, blocked.id, old.id, laptop.id}
    expected = {
        UUID(int=5): "template_not_found",
        theirs.id: "other_organization",
        blocked.id: "template_not_allowed",
        unlisted.id: "template_not_allowed",
        old.id: "template_deprecated",
        laptop.id: "template_external_agent",
    }
    results = {template_id: kitchen.result("create_workspace", template_id=str(template_id)) for template_id in expected}
    assert {template_id: result.content["reason"] for template_id, result in results.items()} == expected
    assert all(result.is_error and result.content["next_step"] for result in results.values())
    assert kitchen.coder.workspaces == ()


def test_c03_a_new_workspace() -> None:
    """Made, ready, and not a word of trouble."""
    kitchen = kitchen_with(build=3, connect=2, scripts=1)
    result = kitchen.toolbox.call("create_workspace", {"template_id": str(kitchen.coder.list_templates(*_anyone(kitchen), deadline=9)[0].id)})
    assert not result.is_error
    assert not result.content.keys() & TROUBLE
    assert result.content == {
        "created": True,
        "workspace_name": f"me/{workspace_of(kitchen).name}",
        "workspace_id": str(workspace_of(kitchen).id),
        "build_id": build_of(kitchen),
        "state": "ready",
        "reason": "created",
        "advice": "nothing",
        "elapsed_ms": 6000,
    }


def _anyone(kitchen: Kitchen) -> tuple[UUID, UUID]:
    return kitchen.sim.owner_id, kitchen.sim.organization_id


def test_c04_a_running_workspace() -> None:
    """Found: a message, and no build, for none was needed."""
    kitchen = having()
    said = kitchen.create()
    assert (said["created"], said["status"]) == (False, "already_exists")
    assert said["message"] == "the chat's workspace is running already"
    assert "build_id" not in said


def test_c05_a_workspace_that_is_being_built() -> None:
    """Joined: the build that was waited for is named."""
    kitchen = kitchen_with(build=30)
    first, second = kitchen.sim.race(kitchen.create, threads=2)
    found = first if second["created"] else second
    assert {first["created"], second["created"]} == {True, False}
    assert (found["status"], found["build_id"]) == ("already_exists", build_of(kitchen))
    assert "being built" in found["message"]


@pytest.mark.parametrize("automatic", [True, False])
def test_c06_a_stopped_workspace(*, automatic: bool) -> None:
    """It is not started by create: the advice is to start what the platform has stopped, and to ask about what a person has."""
    kitchen = having()
    workspace_of(kitchen).stop(automatic=automatic)
    kitchen.sim.sleep(10)
    said = kitchen.create()
    assert (said["created"], said["status"], said["state"]) == (False, "stopped", "stopped")
    assert "build_id" not in said
    assert said["advice"] == ("start" if automatic else "ask_user")
    assert said["next_step"] == (
        "Start the workspace."
        if automatic
        else "Somebody has stopped the workspace. Do not start it unasked: ask the user whether it is to be started."
    )


def test_c07_presets() -> None:
    """A preset's parameters count as given, and its prebuilt workspace is handed over; what is no UUID is a bad argument."""
    preset = Preset(id=UUID(int=3), name="Small", parameters={"region": "eu"}, desired_prebuilds=1)
    kitchen = kitchen_with(parameters=(Parameter(name="region", required=True),), presets=(preset,))
    wrong = kitchen.create(preset_id="small")
    assert (wrong["reason"], wrong["error"]) == ("invalid_argument", "preset_id: expected a UUID, as read_template gives it")
    said = kitchen.create(preset_id=str(preset.id))
    assert (said["created"], said["state"]) == (True, "ready")
    assert workspace_of(kitchen).now.build.number == 2


def test_c08_a_refusal() -> None:
    """Message, detail and validations, each only where there is something; blank becomes "request failed"."""
    kitchen = kitchen_with(parameters=(Parameter(name="region", required=True),))
    unknown = kitchen.create(parameters={"colour": "red", "region": "eu"})
    assert unknown["validations"] == [{"field": "colour", "detail": "the template has no such parameter; it asks for: region"}]
    kitchen.coder.when("create_workspace").refuse(403, " ")
    blank = kitchen.result("create_workspace", template_id=str(kitchen.coder.list_templates(*_anyone(kitchen), deadline=9)[0].id))
    assert blank.is_error
    assert blank.content["error"] == "request failed"
    assert blank.content["detail"] == "status 403"
    assert "validations" not in blank.content
    assert kitchen.coder.workspaces == ()


def test_c09_a_failed_build() -> None:
    """The cause, the build, and the last lines of its log; the chat keeps its workspace."""
    kitchen = kitchen_with(build=Fails(after=4, error="no disk"), log=("one", "two"))
    said = kitchen.create()
    assert said["error"] == "workspace build failed: no disk"
    assert (said["created"], said["state"], said["build_id"]) == (True, "failed", build_of(kitchen))
    assert said["log_tail"] == ["one", "two", "no disk"]
    assert kitchen.sim.workspaces.get_chat("chat-1").workspace_id == workspace_of(kitchen).id


def test_c10_a_full_quota() -> None:
    """Title, message with the two remedies, code, and the numbers; without the numbers where they cannot be told."""
    kitchen = kitchen_with(cost=5)
    kitchen.coder.set_quota(4)
    said = kitchen.create()
    assert (said["error_code"], said["title"]) == ("INSUFFICIENT_QUOTA", "Workspace quota reached")
    assert said["error"] == "workspace build failed: insufficient quota"
    assert said["message"].startswith("Could not create this workspace, because the workspace quota is full.")
    assert "Delete a workspace" in said["message"]
    assert "ask an administrator" in said["message"]
    assert said["quota"] == {"credits_consumed": 0, "budget": 4}
    kitchen.coder.when("get_quota").fail()
    assert "quota" not in kitchen.create()


def test_c10_a_full_quota_of_a_later_start() -> None:
    """Whoever looks by create_workspace is told of the start that failed: nothing was to be created."""
    kitchen = having(cost=3)
    kitchen.call("stop_workspace")
    kitchen.coder.set_quota(1)
    kitchen.call("start_workspace")
    said = kitchen.create()
    assert said["message"].startswith("Could not start this workspace, because the workspace quota is full.")


def test_c11_a_template_without_agents() -> None:
    """Ready, for there is nothing to wait for."""
    said = kitchen_with(agents=()).create()
    assert (said["state"], said["agent_status"]) == ("ready", "no_agent")


def test_c12_agents_of_which_none_can_be_chosen() -> None:
    """The problem is named; nobody guesses."""
    said = kitchen_with(agents=("a-coderd-chat", "b-coderd-chat")).create()
    assert (said["state"], said["agent_status"]) == ("unreachable", "selection_error")
    assert "a-coderd-chat, b-coderd-chat" in said["agent_error"]


def test_c13_an_agent_that_has_not_connected() -> None:
    """After the limit: not ready yet, the advice, and still in progress."""
    said = kitchen_with(connect=NEVER).create()
    assert (said["agent_status"], said["state"], said["phase"]) == ("not_ready", "starting", "connecting")
    assert said["agent_error"] == said["next_step"]
    assert "same call again" in said["next_step"]


def test_c14_scripts_that_failed() -> None:
    """Ready, with a remark."""
    said = kitchen_with(scripts=Fails(after=3)).create()
    assert (said["state"], said["startup_scripts"], said["lifecycle_state"]) == ("ready", "startup_scripts_failed", "start_error")
    assert not said.keys() & {"log_tail", "left_out"}


@pytest.mark.parametrize(("scripts", "state", "last"), [(Fails(after=3), "ready", "no such package"), (NEVER, "starting", "connected")])
def test_c14_scripts_that_failed_or_do_not_end_where_the_log_has_them(scripts: Any, state: str, last: str) -> None:
    """The end of what they have said is told, and how much of it is left out."""
    kitchen = Kitchen(coder=Telling)
    docker = kitchen.coder.add_template("docker", scripts=scripts, log=[f"line {number}" for number in range(60)])
    said = kitchen.call("create_workspace", template_id=str(docker.id))
    assert (said["state"], said["log_tail"][-1]) == (state, last)
    assert said["left_out"] == [f"the first {60 + (2 if state == 'ready' else 1) - len(said['log_tail'])} lines of the log"]


def test_c15_scripts_that_still_run() -> None:
    """At their limit: still in progress."""
    said = kitchen_with(scripts=NEVER).create()
    assert (said["state"], said["phase"], said["startup_scripts"]) == ("starting", "scripts", "startup_scripts_timeout")


def test_c16_a_wait_that_is_ended_while_scripts_run() -> None:
    """How they end is not known."""
    kitchen = kitchen_with(scripts=60)
    kitchen.sim.at(20, lambda: kitchen.sim.workspaces.interrupt("chat-1"))
    (said,) = kitchen.sim.run(kitchen.create)
    assert (said["reason"], said["startup_scripts"]) == ("interrupted", "startup_scripts_unknown")


def says(ttl: Any) -> Callable[[Chat], Any]:
    """Return a host's function that says so."""

    def function(_: Chat) -> Any:
        return ttl

    return function


@pytest.mark.parametrize(
    ("ttl", "asked"),
    [
        (None, None),
        (0, None),
        (3600, 3600.0),
        (says(60.5), 60.5),
        (says(-1.0), None),
        (says(float("nan")), None),
        (says("soon"), None),
        (says(True), None),
    ],
)
def test_c17_a_time_to_live(ttl: Any, asked: float | None) -> None:
    """A number of seconds reaches the platform; nonsense does not, and blocks nothing."""
    kitchen = Kitchen(workspace_ttl=ttl)
    kitchen.coder.add_template("docker")
    assert kitchen.create()["created"]
    assert workspace_of(kitchen).ttl == asked


def test_c17_a_time_to_live_that_cannot_be_told() -> None:
    """What the host's function raises is logged, and the template's default holds."""

    def ttl(_: Chat) -> float:
        raise LookupError("no such setting")

    kitchen = Kitchen(workspace_ttl=ttl)
    kitchen.coder.add_template("docker")
    assert kitchen.create()["created"]
    assert workspace_of(kitchen).ttl is None


@pytest.mark.parametrize(("build", "states"), [(5, ["starting", "ready"]), (Fails(after=5), ["starting", "failed"])])
def test_c18_the_host_is_told(build: float | Fails, states: list[str]) -> None:
    """Of its beginning and of its end, be it ready or failed."""
    told = list[Outcome]()
    kitchen = Kitchen(on_chat_updated=told.append)
    kitchen.coder.add_template("docker", build=build)
    kitchen.create()
    assert [outcome.state.value for outcome in told] == states
