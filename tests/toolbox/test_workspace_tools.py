"""create_workspace, start_workspace and stop_workspace: what the model is told in each case."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from chatworkspace import Chat, Outcome
from chatworkspace.ports import Parameter, Preset
from chatworkspace_fake import NEVER, Fails, FakeWorkspace
from tests.toolbox.kitchen import Kitchen

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


def kitchen_with(**temper: Any) -> Kitchen:
    """Return a kitchen with one template, docker."""
    kitchen = Kitchen()
    kitchen.coder.add_template("docker", **temper)
    return kitchen


def having(**temper: Any) -> Kitchen:
    """Return a kitchen whose chat has a workspace already."""
    kitchen = kitchen_with(**temper)
    kitchen.create()
    return kitchen


def workspace_of(kitchen: Kitchen) -> FakeWorkspace:
    return kitchen.coder.workspaces[0]


def build_of(kitchen: Kitchen) -> str:
    return str(workspace_of(kitchen).now.build.id)


# ------------------------------------------------------------------ create_workspace


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


def test_c06_a_stopped_workspace() -> None:
    """It is not started by create: the advice is to start it."""
    kitchen = having()
    workspace_of(kitchen).stop()
    kitchen.sim.sleep(10)
    said = kitchen.create()
    assert (said["created"], said["status"], said["state"]) == (False, "stopped", "stopped")
    assert "build_id" not in said
    assert said["next_step"] == "Start the workspace."


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
    assert unknown["validations"] == [{"field": "colour", "detail": "the template has no such parameter"}]
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


def a_minute(_: Chat) -> float:
    return 60.5


@pytest.mark.parametrize(
    ("ttl", "asked"),
    [(None, None), (0, None), (3600, 3600.0), (a_minute, 60.5), (-1.0, None), (float("nan"), None), ("soon", None), (True, None)],
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


# ------------------------------------------------------------------ start_workspace


@pytest.mark.parametrize("tool", ["start_workspace", "stop_workspace"])
def test_s01_p01_without_a_workspace(tool: str) -> None:
    """None, or a deleted one: an error result that says to create one."""
    none = Kitchen().result(tool)
    gone = having()
    workspace_of(gone).delete()
    gone.sim.sleep(10)  # until then the creation's dial proves the workspace ready
    deleted = gone.result(tool)
    assert none.is_error
    assert deleted.is_error
    assert (none.content["reason"], deleted.content["reason"]) == ("no_workspace", "deleted")
    assert none.content["next_step"].startswith("The chat has no workspace.")
    assert "The workspace was deleted." in deleted.content["next_step"]


def test_s02_a_running_workspace() -> None:
    """Nothing to do, and no build."""
    said = having().call("start_workspace")
    assert (said["started"], said["no_build"], said["state"]) == (True, True, "ready")
    assert "build_id" not in said


def test_s03_a_stopped_workspace() -> None:
    """Built with the parameters given."""
    kitchen = having(build=2, parameters=(Parameter(name="region", default="eu"),))
    kitchen.call("stop_workspace")
    said = kitchen.call("start_workspace", parameters={"region": "us"})
    assert (said["started"], said["state"], said["reason"], said["build_id"]) == (True, "ready", "started", build_of(kitchen))
    assert "no_build" not in said


def test_s03_a_failed_workspace() -> None:
    """Built again."""
    kitchen = having(build=(Fails(after=2), 2))
    assert kitchen.call("start_workspace")["started"] is True


def test_s04_a_workspace_that_is_being_started() -> None:
    """Waited for; no second build is asked for."""
    kitchen = having(build=5)
    kitchen.call("stop_workspace")
    workspace_of(kitchen).start()
    said = kitchen.call("start_workspace")
    assert (said["started"], said["build_id"]) == (True, build_of(kitchen))
    assert workspace_of(kitchen).now.build.number == 3


def test_s05_a_start_that_fails() -> None:
    """The cause and the build; for a full quota the remedies as well."""
    kitchen = having(build=(1, Fails(after=1, error="no disk"), 1), cost=3)
    kitchen.call("stop_workspace")
    said = kitchen.call("start_workspace")
    assert (said["started"], said["error"], said["build_id"]) == (False, "workspace start build failed: no disk", build_of(kitchen))
    kitchen.coder.set_quota(1)
    full = kitchen.call("start_workspace")
    assert full["message"].startswith("Could not start this workspace, because the workspace quota is full.")
    assert full["quota"] == {"credits_consumed": 0, "budget": 1}


def test_s06_a_refused_start() -> None:
    """With validations: the template is named, so that its parameters can be read."""
    kitchen = having()
    kitchen.call("stop_workspace")
    result = kitchen.result("start_workspace", parameters={"colour": "red"})
    assert not result.is_error
    assert result.content["template_id"] == str(workspace_of(kitchen).template.id)
    assert result.content["validations"][0]["field"] == "colour"
    kitchen.coder.when("start_workspace").refuse(403, "not yours")
    plain = kitchen.result("start_workspace")
    assert plain.is_error
    assert "template_id" not in plain.content


def test_s07_a_start_that_updates() -> None:
    """The template requires its active version, and that is another than the workspace had."""
    kitchen = having(require_active=True)
    kitchen.call("stop_workspace")
    assert "updated_to_active_version" not in kitchen.call("start_workspace")
    kitchen.call("stop_workspace")
    kitchen.coder.update_template("docker")
    said = kitchen.call("start_workspace")
    assert said["updated_to_active_version"] is True
    assert said["update_reason"] == "template requires active versions"
    assert "active version" in said["message"]


@pytest.mark.parametrize(
    ("temper", "expected"),
    [
        ({"agents": ()}, {"agent_status": "no_agent"}),
        ({"agents": ("a-coderd-chat", "b-coderd-chat")}, {"agent_status": "selection_error"}),
        ({"connect": NEVER}, {"agent_status": "not_ready"}),
        ({"scripts": Fails(after=1)}, {"startup_scripts": "startup_scripts_failed", "lifecycle_state": "start_error"}),
        ({"scripts": NEVER}, {"startup_scripts": "startup_scripts_timeout"}),
    ],
)
def test_s08_agent_and_scripts(temper: dict[str, Any], expected: dict[str, str]) -> None:
    """The same fields as after a creation; the workspace is started in each case."""
    kitchen = having()
    kitchen.coder.update_template("docker", require_active=True, **temper)
    kitchen.call("stop_workspace")
    said = kitchen.call("start_workspace")
    assert {name: said[name] for name in expected} == expected
    assert said["started"] is True


# ------------------------------------------------------------------ stop_workspace


def test_p02_a_stopped_workspace() -> None:
    """Nothing to do, and no build."""
    kitchen = having()
    kitchen.call("stop_workspace")
    said = kitchen.call("stop_workspace")
    assert (said["stopped"], said["no_build"]) == (True, True)
    assert "build_id" not in said


def test_p03_a_running_workspace() -> None:
    """Stopped, by a build that is named; one whose last stop failed is stopped again, once the failure was told."""
    kitchen = having(stop=3)
    said = kitchen.call("stop_workspace")
    assert (said["stopped"], said["build_id"], said["elapsed_ms"]) == (True, build_of(kitchen), 3000)
    failing = having(stop=3)
    failing.coder.cancel_as("failed")
    failing.toolbox = failing.sim.workspaces.toolbox("chat-1", wait=0)
    failing.call("stop_workspace")
    workspace_of(failing).cancel()
    failing.toolbox = failing.sim.workspaces.toolbox("chat-1")
    assert [failing.call("stop_workspace")["stopped"] for _ in range(2)] == [False, True]


@pytest.mark.parametrize("build", [30, Fails(after=30)])
def test_p04_a_build_under_way_is_waited_for(build: float | Fails) -> None:
    """It ends well or not; then the workspace is stopped."""
    kitchen = kitchen_with(build=build)
    kitchen.toolbox = kitchen.sim.workspaces.toolbox("chat-1", wait=0)
    kitchen.create()
    said = kitchen.sim.workspaces.toolbox("chat-1").call("stop_workspace", {}).content
    assert (said["stopped"], said["elapsed_ms"]) == (True, 30000)
    assert [number for number, _ in workspace_of(kitchen).builds] == [1, 2]


def test_p05_a_stop_that_fails() -> None:
    """The cause and the build; a stop knows no quota."""
    kitchen = having(stop=Fails(after=1, error="stuck", code="INSUFFICIENT_QUOTA"))
    said = kitchen.call("stop_workspace")
    assert (said["stopped"], said["error"], said["build_id"]) == (False, "workspace stop build failed: stuck", build_of(kitchen))
    assert "quota" not in said


# ------------------------------------------------------------------ external agents


def attached(*, connected: bool) -> Kitchen:
    """Return a kitchen whose chat has a workspace with an external agent."""
    kitchen = Kitchen()
    laptop = kitchen.coder.add_template("laptop", external_agent=True)
    own = kitchen.coder.add_workspace(laptop, owner_id=kitchen.sim.owner_id)
    if connected:
        own.connect()
    kitchen.sim.workspaces.attach("chat-1", own.id, wait=0)
    return kitchen


def test_x01_a_template_with_an_external_agent() -> None:
    """Refused, with both ways out."""
    kitchen = Kitchen()
    kitchen.coder.add_template("laptop", external_agent=True)
    said = kitchen.create("laptop")
    assert said["reason"] == "template_external_agent"
    assert "another template" in said["next_step"]
    assert "attach it to this chat" in said["next_step"]


def test_x02_a_bound_workspace_is_returned() -> None:
    """Ready when its agent is connected; in progress while it may yet connect."""
    assert attached(connected=True).create("laptop")["state"] == "ready"
    waiting = attached(connected=False)
    waiting.toolbox = waiting.sim.workspaces.toolbox("chat-1", wait=5)
    assert waiting.create("laptop")["phase"] == "connecting"


def test_x03_an_agent_that_is_away() -> None:
    """Only its user can do something; nothing is made, stopped or replaced."""
    kitchen = attached(connected=True)
    workspace_of(kitchen).drop_agent()
    kitchen.sim.sleep(200)
    said = kitchen.create("laptop")
    assert (said["state"], said["reason"], said["agent_status"]) == ("unreachable", "external_agent_offline", "not_ready")
    assert "ask the user" in said["agent_error"]
    assert len(workspace_of(kitchen).builds) == 1
    assert len(kitchen.coder.workspaces) == 1
