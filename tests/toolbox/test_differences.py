"""Where these tools differ from the model system on purpose: what it got wrong does not happen here."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from chatworkspace import Chat
from chatworkspace.ports import Clock, DialError, Parameter, Preset
from chatworkspace_fake import NEVER, Fails, FakeCoder, FakeWorkspace
from chatworkspace_fake._simulation.registry import registry
from tests.toolbox.kitchen import Kitchen


def kitchen_with(**temper: Any) -> Kitchen:
    """Return a kitchen with one template, docker, whose chat has a workspace of it."""
    kitchen = Kitchen()
    kitchen.coder.add_template("docker", **temper)
    kitchen.create()
    kitchen.sim.sleep(10)  # no dial proves anything any more
    return kitchen


def polled(clock: Clock) -> FakeCoder:
    return FakeCoder(clock, watching=False)


def workspace_of(kitchen: Kitchen) -> FakeWorkspace:
    return kitchen.coder.workspaces[0]


def test_d01_a_failed_read_means_nothing() -> None:
    """Not "create": the state is unknown, and no workspace is made."""
    kitchen = kitchen_with()
    kitchen.coder.when("get_workspace").lose_request()
    said = kitchen.create()
    assert (said["state"], said["reason"]) == ("unknown", "platform_unavailable")
    assert said["workspace_id"] == str(workspace_of(kitchen).id)
    assert len(kitchen.coder.workspaces) == 1


def test_d02_nobody_waits_for_the_mutex_of_a_waiting_call() -> None:
    """While one call waits for a build, another is told at once how things are."""
    kitchen = Kitchen()
    kitchen.coder.add_template("docker", build=60)
    asked = list[float]()

    def ask() -> dict[str, Any]:
        kitchen.sim.sleep(5)
        begun = kitchen.sim.elapsed
        said = kitchen.sim.workspaces.toolbox("chat-1", wait=0).call("start_workspace", {}).content
        asked.append(kitchen.sim.elapsed - begun)
        return said

    _, said = kitchen.sim.run(kitchen.create, ask)
    assert said["phase"] == "building"
    assert asked == [0]


@pytest.mark.parametrize(("hand", "expected"), [("stop", ("stopped", "stopped")), ("delete", ("ready", None))])
def test_d03_a_stop_or_deletion_under_way_is_waited_for(hand: str, expected: tuple[str, str | None]) -> None:
    """Then it is decided anew: a stopped one is reported, a deleted one leads to a new workspace."""
    kitchen = kitchen_with(stop=20, delete=20)
    getattr(workspace_of(kitchen), hand)()
    said = kitchen.create()
    assert (said["state"], said.get("status")) == expected
    assert said["elapsed_ms"] == 20_000
    assert len(kitchen.coder.live) == 1


def test_d04_a_build_that_is_being_canceled_still_runs() -> None:
    """Nothing is made or started beside it; once it is over, whoever began it is told so, and whoever asks anew has it built again."""
    kitchen = Kitchen()
    kitchen.coder.add_template("docker", build=60)
    kitchen.toolbox = kitchen.sim.workspaces.toolbox("chat-1", wait=0)
    kitchen.create()
    workspace_of(kitchen).cancel()
    told = kitchen.create()
    assert (told["state"], told["reason"], told["created"], told["advice"]) == ("failed", "build_canceled", True, "ask_user")
    assert kitchen.create()["phase"] == "building"
    assert len(kitchen.coder.workspaces) == 1
    assert len(workspace_of(kitchen).builds) == 2


def test_d05_a_workspace_without_agents_is_kept() -> None:
    """Asked for ten times, made once."""
    kitchen = kitchen_with(agents=())
    assert all(kitchen.create()["agent_status"] == "no_agent" for _ in range(10))
    assert len(kitchen.coder.workspaces) == 1


def test_d06_a_binding_that_could_not_be_written() -> None:
    """The plan stands, and the next call adopts what was made."""
    kitchen = Kitchen()
    kitchen.coder.add_template("docker")
    first = kitchen.sim.process("first")
    first.kill(before="store.bind")
    template = kitchen.coder.add_template("docker")
    assert kitchen.sim.run(lambda: first.workspaces.create("chat-1", template.id)) == []
    kitchen.sim.sleep(31)
    said = kitchen.create()
    assert (said["created"], said["reason"], said["state"]) == (False, "adopted", "ready")
    assert len(kitchen.coder.workspaces) == 1


def test_d07_nothing_is_left_behind_unasked() -> None:
    """An unreachable workspace is reported; on request another is made, and the old one is named."""
    kitchen = kitchen_with()
    workspace_of(kitchen).drop_agent()
    kitchen.sim.sleep(100)
    assert kitchen.create()["state"] == "unreachable"
    assert len(kitchen.coder.workspaces) == 1
    said = kitchen.create(replace_workspace=True)
    assert said["created"] is True
    old = workspace_of(kitchen)
    assert said["left_behind"] == {"name": f"me/{old.name}", "workspace_id": str(old.id), "reason": "replaced"}
    assert len(kitchen.coder.live) == 2


def test_d07_another_template_after_a_failed_first_build() -> None:
    """The one case in which another is made without being asked to replace; the broken one is named."""
    kitchen = kitchen_with(build=Fails(after=1))
    kitchen.coder.add_template("vm")
    said = kitchen.create("vm")
    assert (said["created"], said["left_behind"]["reason"]) == (True, "first_build_failed")


def test_d08_a_failed_first_build_is_built_again() -> None:
    """With this call's parameters, in the same workspace."""
    kitchen = kitchen_with(build=(Fails(after=1), 1))
    said = kitchen.create()
    assert (said["created"], said["reason"], said["state"]) == (False, "started", "ready")
    assert len(kitchen.coder.workspaces) == 1


def test_d09_an_external_workspace_that_is_offline() -> None:
    """It is reported, and stays the chat's."""
    kitchen = Kitchen()
    own = kitchen.coder.add_workspace(kitchen.coder.add_template("laptop", external_agent=True), owner_id=kitchen.sim.owner_id)
    own.connect()
    kitchen.sim.workspaces.attach("chat-1", own.id)
    own.drop_agent()
    kitchen.sim.sleep(100)
    kitchen.coder.add_template("docker")
    assert kitchen.create()["reason"] == "external_agent_offline"
    assert len(kitchen.coder.workspaces) == 1


def test_d10_names_are_whole() -> None:
    """owner/name, from each of the three tools."""
    kitchen = kitchen_with()
    names = {kitchen.create()["workspace_name"], kitchen.call("stop_workspace")["workspace_name"], kitchen.call("start_workspace")["workspace_name"]}
    assert names == {f"me/{workspace_of(kitchen).name}"}


@pytest.mark.parametrize("temper", [{"build": 60}, {"connect": 60}, {"scripts": 60}])
def test_d11_an_interrupted_wait(temper: dict[str, float]) -> None:
    """It is called so, in whatever phase."""
    kitchen = Kitchen()
    kitchen.coder.add_template("docker", **temper)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType] # one of several
    kitchen.sim.at(20, lambda: kitchen.sim.workspaces.interrupt("chat-1"))
    (said,) = kitchen.sim.run(kitchen.create)
    assert (said["reason"], said["state"], said["elapsed_ms"]) == ("interrupted", "starting", 20_000)


def test_d12_no_agent_stands_in() -> None:
    """Where the rule cannot choose, the problem is told, and nobody is dialled."""
    kitchen = kitchen_with(agents=("a-coderd-chat", "b-coderd-chat"))
    assert kitchen.create()["agent_status"] == "selection_error"
    assert "dial" not in kitchen.coder.calls


def test_d13_slow_scripts_are_waited_for() -> None:
    """Past the mark at which the platform calls them timed out."""
    kitchen = Kitchen()
    kitchen.coder.add_template("docker", scripts=300, script_timeout=60)
    said = kitchen.create()
    assert (said["state"], said["elapsed_ms"]) == ("ready", 300_000)


def test_d14_what_had_no_effect_is_said() -> None:
    """Parameters for a workspace that runs, another template for one that exists."""
    kitchen = kitchen_with()
    vm = kitchen.coder.add_template("vm")
    assert kitchen.call("start_workspace", parameters={"a": "b"})["not_applied"].keys() == {"parameters"}
    said = kitchen.call("create_workspace", template_id=str(vm.id), parameters={"a": "b"}, preset_id=str(UUID(int=1)))
    assert said["not_applied"].keys() == {"template_id", "parameters", "preset_id"}
    assert said["not_applied"]["template_id"] == str(workspace_of(kitchen).template.id)


@pytest.mark.parametrize(
    ("wish", "begins", "changed"),
    [
        ("fix-login", "fix-login-", False),
        ("Fix the  login!", "Fix-the-login-", True),
        ("", "docker-", False),
        ("_new_", "new-", True),
        ("漢字", "docker-", True),
    ],
)
def test_d15_a_name_is_a_wish(wish: str, begins: str, changed: bool) -> None:  # noqa: FBT001 # a parameter of the test
    """Made fit, never random; the mark says whose it is; a change of the wish is told."""
    kitchen = Kitchen()
    kitchen.coder.add_template("docker")
    said = kitchen.create(name=wish)
    name = workspace_of(kitchen).name
    assert name.startswith(begins)
    assert len(name) == len(begins) + 10
    assert said.get("not_applied", {}).get("name") == (name if changed else None)


@pytest.mark.parametrize("status", [409, 500])
def test_d16_a_conflict_is_ones_own_request(status: Any) -> None:
    """The workspace that has the name is the chat's: it is adopted, whichever way the platform says so; no other name is tried."""
    kitchen = Kitchen()
    template = kitchen.coder.add_template("docker")
    kitchen.coder.answer_conflicts(status)
    first = kitchen.sim.process("first")
    kitchen.coder.when("create_workspace").arrive_late(20)
    first.kill(after="store.claim")
    assert kitchen.sim.run(lambda: first.workspaces.create("chat-1", template.id)) == []
    kitchen.coder.when("create_workspace", nth=2).lose_answer()
    kitchen.sim.sleep(31)
    said = kitchen.create()
    while said.get("reason") == "outcome_unknown":
        said = kitchen.create()
    assert said["state"] == "ready"
    assert len(kitchen.coder.workspaces) == 1


def test_d17_an_empty_allow_list_allows_nothing() -> None:
    """None allows all; so a host that forgets to fill its list is told, not overridden."""
    answers: list[set[UUID] | None] = [None, set()]

    def allowed(_: Chat) -> set[UUID] | None:
        return answers.pop(0)

    kitchen = Kitchen(allowed_templates=allowed)
    kitchen.coder.add_template("docker")
    assert kitchen.create()["created"] is True
    kitchen.sim.workspaces.detach("chat-1")
    assert kitchen.create()["reason"] == "template_not_allowed"


def test_d18_advice_and_error_stand_beside_each_other() -> None:
    """What to do, and what was the matter."""
    kitchen = Kitchen()
    kitchen.coder.add_template("docker")
    kitchen.coder.when("dial", times=61).fail(DialError("handshake refused"))
    said = kitchen.create()
    assert said["error"] == "handshake refused"
    assert "Stop the workspace, then start it" in said["agent_error"]


def test_d19_one_dial_at_a_time() -> None:
    """A connection reads, dials, and reads once more."""
    kitchen = kitchen_with()
    before = len(kitchen.coder.calls)
    with kitchen.sim.workspaces.connect("chat-1"):
        pass
    assert [call for call in kitchen.coder.calls[before:] if call in ("get_workspace", "dial")] == ["get_workspace", "dial", "get_workspace"]


def test_d20_the_last_real_error_is_reported() -> None:
    """Reads that fail until the limit: what was said is in the result."""
    kitchen = Kitchen(coder=polled)
    kitchen.coder.add_template("docker", scripts=NEVER)
    kitchen.toolbox = kitchen.sim.workspaces.toolbox("chat-1", wait=20)
    kitchen.coder.when("get_workspace", times=900).fail()
    said = kitchen.create()
    registry.let_go(kitchen.sim)  # how often it was read is not the point here
    assert said["state"] == "starting"
    assert said["error"] == "503: the server is busy"


def test_d07_a_replacement_that_is_refused_leaves_nothing_behind() -> None:
    """The chat has its workspace as before: the error result names none, and the next call finds it."""
    kitchen = kitchen_with()
    kitchen.coder.when("create_workspace").refuse(403, "not yours")
    said = kitchen.create(replace_workspace=True)
    assert (said["error"], "left_behind" in said) == ("not yours", False)
    assert kitchen.create()["workspace_id"] == str(workspace_of(kitchen).id)


def test_d07_the_same_replacement_twice_replaces_once() -> None:
    """While the new workspace is on its way the same call goes on waiting for it, and calls side by side make one."""
    kitchen = kitchen_with(build=60)
    kitchen.toolbox = kitchen.sim.workspaces.toolbox("chat-1", wait=5)
    said = [kitchen.create(replace_workspace=True) for _ in range(4)]
    assert [it["state"] for it in said] == ["starting"] * 4
    assert len(kitchen.coder.live) == 2
    beside = kitchen_with(build=60)
    results = beside.sim.race(lambda: beside.create(replace_workspace=True), threads=3)
    assert len({it["workspace_id"] for it in results}) == 1
    assert len(beside.coder.live) == 2


def test_d21_a_deprecated_template_is_refused() -> None:
    """It is in no list, so a model has it from somewhere else."""
    kitchen = Kitchen()
    kitchen.coder.add_template("old", deprecated=True)
    assert kitchen.create("old")["reason"] == "template_deprecated"


def test_d22_the_limit_of_a_build_is_no_failure() -> None:
    """It goes on, and so may the wait."""
    kitchen = Kitchen()
    kitchen.coder.add_template("docker", build=700)
    said = kitchen.create()
    assert (said["state"], said["phase"], said["elapsed_ms"]) == ("starting", "building", 600_000)
    assert kitchen.create()["state"] == "ready"


def test_d23_an_agent_that_shuts_down() -> None:
    """It is waited for, then called unreachable; its scripts did not fail."""
    kitchen = kitchen_with()
    workspace_of(kitchen).shut_down_agent()
    said = kitchen.create()
    assert (said["state"], said["reason"], said["elapsed_ms"]) == ("unreachable", "agent_shut_down", 120_000)
    assert "startup_scripts" not in said


def test_d24_a_bad_preset_is_a_bad_argument() -> None:
    """Whether or not the chat has a workspace: the model is told at once."""
    kitchen = kitchen_with()
    assert kitchen.create(preset_id="small")["reason"] == "invalid_argument"


def test_d25_a_build_that_is_waited_for_and_fails() -> None:
    """It is told as the workspace's last build, whichever tool has waited for it."""
    kitchen = Kitchen()
    kitchen.coder.add_template("docker", build=Fails(after=30, error="no disk"))
    kitchen.toolbox = kitchen.sim.workspaces.toolbox("chat-1", wait=0)
    kitchen.create()
    said = kitchen.sim.workspaces.toolbox("chat-1").call("start_workspace", {}).content
    assert said["error"] == "workspace start build failed: no disk"


def test_d26_answers_that_nobody_asked_for() -> None:
    """Refused before anything is made, with the nearest names; so is a preset of another template. What is not known before is told afterwards."""
    kitchen = Kitchen()
    small = Preset(id=UUID(int=5), name="Small", parameters={"region": "us"})
    kitchen.coder.add_template("other", presets=[small])
    kitchen.coder.add_template("docker", parameters=[Parameter(name="region", default="eu")])
    said = kitchen.create(parameters={"regoin": "us"})
    assert said["validations"] == [{"field": "regoin", "detail": "the template has no such parameter; the nearest: region"}]
    assert (said["reason"], said["advice"]) == ("refused", "correct_arguments")
    said = kitchen.create(preset_id=str(small.id))
    assert said["validations"] == [{"field": "preset_id", "detail": "the template has no such preset; it has none"}]
    assert kitchen.coder.workspaces == ()
    kitchen.coder.when("list_parameters").fail()
    said = kitchen.create(parameters={"regoin": "us"})
    assert said["created"] is True
    assert said["not_applied"] == {"parameters": "the template does not ask for regoin: it was built without"}
