"""The tools that start and stop a workspace, and agents that somebody starts elsewhere."""

from __future__ import annotations

from typing import Any

import pytest

from chatworkspace import ChatWorkspaces, Reason, UnavailableError
from chatworkspace.ports import Parameter
from chatworkspace_fake import NEVER, Fails
from tests.toolbox.kitchen import Kitchen
from tests.toolbox.temper import build_of, having, kitchen_with, workspace_of

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
    assert "update_required" not in result.content
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


def test_s06_a_refused_start_that_means_to_update() -> None:
    """It says so, and why: what the template asks now may be another thing."""
    kitchen = having(require_active=True, parameters=(Parameter(name="region", default="eu"),))
    kitchen.call("stop_workspace")
    kitchen.coder.update_template("docker", parameters=(Parameter(name="place", required=True),), classic=True)
    said = kitchen.call("start_workspace")
    assert (said["template_id"], said["advice"]) == (str(workspace_of(kitchen).template.id), "read_template")
    assert (said["update_required"], said["update_reason"]) == (True, "template requires active versions")
    assert said["validations"][0]["field"] == "place"


def test_s06_a_refused_start_of_another_version_is_not_sent_to_read_the_template() -> None:
    """That would tell what the active version asks, and the start is refused what only that knows: round and round."""
    kitchen = having(parameters=(Parameter(name="place", default="eu"),))
    kitchen.call("stop_workspace")
    kitchen.coder.update_template("docker", parameters=(Parameter(name="region", required=True),))
    asked = kitchen.call("read_template", template_id=str(workspace_of(kitchen).template.id))["parameters"]
    said = kitchen.call("start_workspace", parameters={it["name"]: "x" for it in asked})
    assert said["validations"] == [{"field": "region", "detail": "the template has no such parameter; it asks for: place"}]
    assert (said["advice"], "another version" in said["next_step"]) == ("correct_arguments", True)
    assert kitchen.call("start_workspace", parameters={"region": "x"})["advice"] == "ask_user"


def test_s06_a_refused_start_of_a_template_that_cannot_be_asked() -> None:
    """To read it is advised, as long as nobody knows better."""
    kitchen = having()
    kitchen.call("stop_workspace")
    kitchen.coder.when("start_workspace").refuse(403, "not yours", {"region": "is not there"})
    kitchen.coder.when("get_template", times=1).fail(UnavailableError("away", retryable=False))
    assert kitchen.call("start_workspace")["advice"] == "read_template"


def test_s06_a_refused_start_says_why_though_nothing_can_be_asked_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """The record goes away in that moment: what the platform has said is known."""
    kitchen = having()
    kitchen.call("stop_workspace")
    kitchen.coder.when("start_workspace").refuse(403, "not yours", {"region": "is not there"})

    def away(*_: object) -> None:
        raise UnavailableError("away", reason=Reason.STORE_UNAVAILABLE)

    monkeypatch.setattr(ChatWorkspaces, "status", away)
    said = kitchen.call("start_workspace")
    assert (said["reason"], said["error"], said["advice"]) == ("refused", "not yours", "correct_arguments")
    assert said["validations"] == [{"field": "region", "detail": "is not there"}]


def test_s07_a_start_of_what_is_set_to_update_always() -> None:
    """Moved to the active version, as the platform's own page does; for that reason."""
    kitchen = having()
    workspace_of(kitchen).update_always()
    kitchen.call("stop_workspace")
    kitchen.coder.update_template("docker")
    said = kitchen.call("start_workspace")
    assert (said["updated_to_active_version"], said["update_reason"]) == (True, "the workspace is set to update always")


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


def test_p02_a_dormant_workspace() -> None:
    """Stopped already, and asked for: nothing is to be done, and nobody is told to start it."""
    kitchen = having()
    workspace_of(kitchen).go_dormant()
    kitchen.sim.sleep(10)
    said = kitchen.call("stop_workspace")
    assert (said["stopped"], said["no_build"], said["reason"], said["advice"]) == (True, True, "dormant", "nothing")


def test_p03_a_stop_that_takes_longer_than_the_wait() -> None:
    """The same call again goes on with it: one stop is asked for."""
    kitchen = having(stop=50)
    toolbox = kitchen.sim.workspaces.toolbox("chat-1", wait=20)
    told = [toolbox.call("stop_workspace", {}).content for _ in range(3)]
    assert [(it["stopped"], it["advice"]) for it in told] == [(False, "call_again"), (False, "call_again"), (True, "nothing")]
    assert (len(workspace_of(kitchen).builds), {it["build_id"] for it in told}) == (2, {build_of(kitchen)})


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
