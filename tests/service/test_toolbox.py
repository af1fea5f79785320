"""The three tools as a language model calls them: arguments in, a small result out, and no exception whatever it wrote."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

import pytest

from chatworkspace import ClosedError, Reason, Toolbox, ToolResult
from chatworkspace.ports import Parameter
from chatworkspace_fake import NEVER, Fails, FakeWorkspace
from tests.service.chats import CHAT, READY, SLOW, World, nowhere

TOOLS = ("create_workspace", "start_workspace", "stop_workspace")
LIMIT = 1600


class Model:
    """A language model with the tools of one chat."""

    def __init__(self, world: World | None = None, *, wait: float | None = None) -> None:
        self.world = World() if world is None else world
        self.tools: Toolbox = self.world.chats.toolbox(CHAT, wait=wait)

    def call(self, name: str, arguments: Mapping[str, Any] | str | None = None) -> dict[str, Any]:
        """Call a tool that does not err; return what it says."""
        result = self.result(name, {} if arguments is None else arguments)
        assert not result.is_error, result.content
        return result.content

    def errs(self, name: str, arguments: Any) -> dict[str, Any]:
        """Call a tool that errs."""
        result = self.result(name, arguments)
        assert result.is_error, result.content
        return result.content

    def result(self, name: str, arguments: Any) -> ToolResult:
        """Call a tool. Whatever it says is JSON, and small."""
        result = self.tools.call(name, arguments)
        assert json.loads(result.text) == result.content
        assert len(result.text.encode()) <= LIMIT
        return result

    def create(self, template_id: UUID, **arguments: Any) -> dict[str, Any]:
        """Create a workspace."""
        return self.call("create_workspace", {"template_id": str(template_id), **arguments})


# ------------------------------------------------------------------ happy paths


def test_create_workspace_makes_one() -> None:
    """The result has all that a front end shows, and nothing that is not so."""
    model = Model()
    docker = model.world.template(**SLOW)
    result = model.create(docker.id)
    workspace = model.world.latest.now
    assert result == {
        "created": True,
        "workspace_name": f"me/{workspace.name}",
        "workspace_id": str(workspace.id),
        "build_id": str(workspace.build.id),
        "state": "ready",
        "reason": "created",
        "elapsed_ms": READY * 1000,
    }


def test_create_workspace_again_finds_it() -> None:
    """Idempotent: it says that it already exists."""
    model = Model()
    docker = model.world.template()
    first = model.create(docker.id)
    second = model.create(docker.id)
    assert (second["created"], second["status"], second["reason"]) == (False, "already_exists", "existing")
    assert second["workspace_id"] == first["workspace_id"]


def test_create_workspace_with_every_argument() -> None:
    """Name, parameters and replace_workspace reach the service; blanks around ids do not matter."""
    model = Model()
    docker = model.world.template(parameters=[Parameter(name="size", required=True)])
    first = model.create(docker.id, parameters={"size": "small"}, preset_id=" ")
    second = model.create(docker.id, name="fix login", parameters={"size": "large"}, replace_workspace=True, preset_id=None)
    assert second["workspace_name"].startswith("me/fix-login-")
    assert second["left_behind"] == {"name": first["workspace_name"], "workspace_id": first["workspace_id"], "reason": "replaced"}
    assert second["not_applied"] == {"name": second["workspace_name"].removeprefix("me/")}


def test_a_stopped_workspace_is_told_as_stopped() -> None:
    """With what to do."""
    model = Model()
    docker = model.world.template()
    model.create(docker.id)
    assert model.call("stop_workspace")["stopped"] is True
    result = model.create(docker.id)
    assert (result["created"], result["status"], result["state"], result["next_step"]) == (False, "stopped", "stopped", "Start the workspace.")


def test_start_workspace() -> None:
    """Started, or nothing to do; no build of its own, no build id."""
    model = Model()
    docker = model.world.template()
    model.create(docker.id)
    running = model.call("start_workspace", {"parameters": {"size": "large"}})
    assert (running["started"], running["no_build"], "build_id" in running) == (True, True, False)
    assert running["not_applied"] == {"parameters": "those that the workspace was started with"}
    model.call("stop_workspace")
    started = model.call("start_workspace")
    assert (started["started"], started["reason"], "no_build" in started) == (True, "started", False)
    assert started["build_id"] == str(model.world.latest.now.build.id)


def test_stop_workspace() -> None:
    """Stopped, or nothing to do."""
    model = Model()
    model.create(model.world.template(stop=5).id)
    stopped = model.call("stop_workspace", "{}")
    assert (stopped["stopped"], stopped["state"], stopped["reason"], stopped["elapsed_ms"]) == (True, "stopped", "stopped", 5000)
    again = model.call("stop_workspace", "")
    assert (again["stopped"], again["no_build"], again["reason"]) == (True, True, "not_running")


@pytest.mark.parametrize("text", [True, False])
def test_arguments_are_a_mapping_or_the_text_of_one(*, text: bool) -> None:
    """As the model wrote them, or already read."""
    model = Model()
    arguments = {"template_id": str(model.world.template().id), "name": "mine"}
    assert model.call("create_workspace", json.dumps(arguments) if text else arguments)["created"]


# ------------------------------------------------------------------ under way


@pytest.mark.parametrize(("tool", "flag"), [("create_workspace", "created"), ("start_workspace", "started")])
def test_a_result_in_progress_says_that_the_same_call_goes_on(tool: str, flag: str) -> None:
    """Phase, state, reason, and what to do; the toolbox's wait is every tool's."""
    model = Model(wait=10)
    docker = model.world.template(**SLOW)
    if tool == "start_workspace":
        Model(model.world).create(docker.id)
        model.world.chats.stop(CHAT)
    result = model.create(docker.id) if tool == "create_workspace" else model.call(tool)
    assert (result["state"], result["phase"], result["reason"], result["elapsed_ms"]) == ("starting", "building", "in_progress", 10_000)
    assert result["next_step"] == "Make the same call again to go on waiting."
    assert result[flag] is (tool == "create_workspace")


def test_a_stop_in_progress() -> None:
    """Not stopped yet."""
    model = Model(wait=1)
    model.create(model.world.template(stop=5).id)
    result = model.call("stop_workspace")
    assert (result["stopped"], result["state"], result["phase"]) == (False, "stopping", "building")


def test_a_turn_that_does_not_come() -> None:
    """Another caller creates: nothing to show yet, and no error."""
    model = Model(wait=1)
    docker, dead = model.world.template(), model.world.sim.process()
    dead.kill(before="store.bind")
    model.world.sim.run(lambda: dead.workspaces.create(CHAT, docker.id))
    result = model.create(docker.id)
    assert (result["state"], result["phase"], "workspace_id" in result) == ("starting", "queued", False)


def test_an_agent_that_is_not_ready() -> None:
    """The advice is in agent_error, the last dial's own words in error."""
    model = Model()
    lab = model.world.template(connect=NEVER)
    slow = model.create(lab.id)
    assert (slow["state"], slow["agent_status"], slow["reason"]) == ("starting", "not_ready", "agent_not_connected")
    assert "go on waiting" in slow["agent_error"]


def test_an_agent_that_is_lost() -> None:
    """Both the advice and the dial error."""
    model = Model()
    docker = model.world.template()
    model.create(docker.id)
    model.world.sim.sleep(60)
    model.world.latest.drop_agent()
    model.world.sim.sleep(100)
    lost = model.create(docker.id)
    assert (lost["state"], lost["agent_status"], lost["error"]) == ("unreachable", "not_ready", "the agent is not connected")
    assert lost["agent_error"] == lost["next_step"] == "The agent lost its connection. Stop the workspace, then start it."


@pytest.mark.parametrize(
    ("properties", "fields"),
    [
        ({"agents": ()}, {"state": "ready", "agent_status": "no_agent"}),
        (
            {"agents": ["a-coderd-chat", "b-coderd-chat"]},
            {
                "state": "unreachable",
                "agent_status": "selection_error",
                "agent_error": "more than one agent is marked with -coderd-chat: a-coderd-chat, b-coderd-chat; only one may be",
            },
        ),
        ({"scripts": Fails(after=1)}, {"state": "ready", "startup_scripts": "startup_scripts_failed", "lifecycle_state": "start_error"}),
        ({"scripts": 700}, {"state": "starting", "startup_scripts": "startup_scripts_timeout"}),
    ],
    ids=["no-agent", "ambiguous", "scripts-failed", "scripts-slow"],
)
def test_a_workspace_with_a_remark(properties: dict[str, Any], fields: dict[str, str]) -> None:
    """No error: there is a workspace, and what is the matter with its agent."""
    model = Model()
    result = model.create(model.world.template(**properties).id)
    assert {name: result.get(name) for name in fields} == fields
    assert result["next_step"]
    assert "workspace_id" in result


# ------------------------------------------------------------------ failures


@pytest.mark.parametrize(
    ("tool", "properties", "prefix"),
    [
        ("create_workspace", {"build": Fails(after=5, error="no image")}, "workspace build failed"),
        ("start_workspace", {"build": [0, Fails(after=5, error="no image")]}, "workspace start build failed"),
        ("stop_workspace", {"stop": Fails(after=5, error="no image")}, "workspace stop build failed"),
    ],
)
def test_a_build_that_fails(tool: str, properties: dict[str, Any], prefix: str) -> None:
    """No error, for there is a workspace: build id, the job's error, its last lines, and what to do."""
    model = Model()
    docker = model.world.template(log=["pulling"], **properties)
    created = model.create(docker.id)
    if tool == "start_workspace":
        model.call("stop_workspace")
    result = created if tool == "create_workspace" else model.call(tool)
    assert (result["state"], result["error"]) == ("failed", f"{prefix}: no image")
    assert (result["log_tail"], result["build_id"]) == (["pulling", "no image"], str(model.world.latest.now.build.id))
    assert result["next_step"]


def test_a_build_that_was_canceled() -> None:
    """The platform had no words: the reason stands in."""
    model = Model()
    docker = model.world.template(build=30)
    model.world.sim.at(5, lambda: model.world.latest.cancel())  # noqa: PLW0108 - it is made later
    result = model.create(docker.id)
    assert (result["error"], "error_code" in result) == ("workspace build failed: build_canceled", False)


@pytest.mark.parametrize("known", [True, False])
def test_a_full_quota(*, known: bool) -> None:
    """Title, message with the remedies, and the figures where they could be read."""
    model = Model()
    gpu = model.world.template("gpu", cost=8)
    model.world.coder.set_quota(10)
    model.world.own(gpu)
    if not known:
        model.world.coder.when("get_quota").fail()
    result = model.create(gpu.id)
    assert (result["title"], result["error_code"], result["reason"]) == ("Workspace quota reached", "INSUFFICIENT_QUOTA", "quota_full")
    assert result["message"] == result["next_step"]
    assert "delete a workspace" in result["message"]
    assert "administrator" in result["message"]
    assert result.get("quota") == ({"credits_consumed": 8, "budget": 10} if known else None)


def test_a_quota_without_a_budget_has_no_figures() -> None:
    """Zero of zero says nothing."""
    model = Model()
    model.world.coder.set_quota(0)
    assert "quota" not in model.create(model.world.template("gpu", cost=8).id)


def test_what_cannot_be_read() -> None:
    """The chat has a workspace: its id is shown, the state is unknown, and it is no error."""
    model = Model()
    docker = model.world.template()
    created = model.create(docker.id)
    model.world.sim.sleep(60)
    model.world.latest.hide()
    result = model.create(docker.id)
    assert (result["state"], result["reason"], result["workspace_id"]) == ("unknown", "not_visible", created["workspace_id"])
    assert ("workspace_name" in result, "detaching" in result["next_step"]) == (False, True)


# ------------------------------------------------------------------ errors


def refuse(world: World, validations: Mapping[str, str] | None = None, message: str = "") -> None:
    world.coder.when("create_workspace").refuse(400, message, validations)


def test_a_refusal_of_the_platforms() -> None:
    """Nothing was made and there is no id: an error, "request failed" where it said nothing."""
    model = Model()
    docker = model.world.template()
    refuse(model.world)
    assert model.errs("create_workspace", {"template_id": str(docker.id)}) == {
        "error": "request failed",
        "reason": "refused",
        "detail": "status 400",
        "next_step": "Read the platform's message, correct the arguments, and call again.",
    }


def test_a_refusal_with_validations_is_no_error() -> None:
    """It says which argument to correct."""
    model = Model()
    docker = model.world.template()
    refuse(model.world, {"size": "too large"}, "bad request")
    result = model.create(docker.id)
    assert (result["error"], result["validations"]) == ("bad request", [{"field": "size", "detail": "too large"}])


@pytest.mark.parametrize("tool", ["start_workspace", "stop_workspace"])
def test_a_chat_without_a_workspace(tool: str) -> None:
    """There is nothing to start or stop."""
    assert Model().errs(tool, {}) == {"error": "the chat has no workspace", "reason": "no_workspace", "next_step": "Create a workspace first."}


def closed(world: World) -> UUID:
    world.chats.close_chat(CHAT)
    return world.template().id


def deprecated(world: World) -> UUID:
    return world.template(deprecated=True).id


def missing(_: World) -> UUID:
    return nowhere()


def unanswered(world: World) -> UUID:
    world.coder.when("create_workspace").lose_request()
    return world.template().id


def without_store(world: World) -> UUID:
    world.sim.store.when("look", times=2).lose_request()
    return world.template().id


@pytest.mark.parametrize(
    ("prepare", "reason"),
    [
        (missing, Reason.TEMPLATE_NOT_FOUND),
        (deprecated, Reason.TEMPLATE_DEPRECATED),
        (closed, Reason.CHAT_CLOSED),
        (unanswered, Reason.OUTCOME_UNKNOWN),
        (without_store, Reason.STORE_UNAVAILABLE),
    ],
)
def test_an_error_is_a_result(prepare: Callable[[World], UUID], reason: Reason) -> None:
    """With its reason, and what to do next; never an exception."""
    model = Model()
    result = model.errs("create_workspace", {"template_id": str(prepare(model.world))})
    assert (result["reason"], set(result)) == (reason.value, {"error", "reason", "next_step"})


def test_only_closing_raises() -> None:
    """ClosedError is the host's to see, not the model's."""
    model = Model()
    model.world.chats.close()
    with pytest.raises(ClosedError):
        model.tools.call("stop_workspace", {})


# ------------------------------------------------------------------ whatever a model writes


SOME_ID = str(UUID(int=1))


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({}, "template_id"),
        ({"template_id": ""}, "template_id"),
        ({"template_id": "  "}, "template_id"),
        ({"template_id": None}, "template_id"),
        ({"template_id": "docker"}, "template_id"),
        ({"template_id": 7}, "template_id"),
        ({"template_id": [SOME_ID]}, "template_id"),
        ({"template_id": {"id": SOME_ID}}, "template_id"),
        ({"template_id": SOME_ID * 1000}, "template_id"),
        ({"template_id": SOME_ID, "name": 7}, "name"),
        ({"template_id": SOME_ID, "name": ["a"]}, "name"),
        ({"template_id": SOME_ID, "name": "a\0b"}, "name"),
        ({"template_id": SOME_ID, "name": "\ud800"}, "name"),
        ({"template_id": SOME_ID, "preset_id": "big"}, "preset_id"),
        ({"template_id": SOME_ID, "preset_id": 3.5}, "preset_id"),
        ({"template_id": SOME_ID, "parameters": []}, "parameters"),
        ({"template_id": SOME_ID, "parameters": "size=3"}, "parameters"),
        ({"template_id": SOME_ID, "parameters": {"size": 3}}, "parameters"),
        ({"template_id": SOME_ID, "parameters": {"size": None}}, "parameters"),
        ({"template_id": SOME_ID, "parameters": {"size": {"a": "b"}}}, "parameters"),
        ({"template_id": SOME_ID, "parameters": {3: "size"}}, "parameters"),
        ({"template_id": SOME_ID, "parameters": {"size": "\ud800"}}, "parameters"),
        ({"template_id": SOME_ID, "replace_workspace": "yes"}, "replace_workspace"),
        ({"template_id": SOME_ID, "replace_workspace": 1}, "replace_workspace"),
        ({"template_id": SOME_ID, "template": "docker"}, "template"),
        ({"template_id": SOME_ID, 7: 8}, "7"),
        ({"template_id": SOME_ID, "x" * 40_000: 1}, "x" * 40),
        ({"template_id": SOME_ID, "\ud800": 1}, "?"),
    ],
    ids=lambda it: repr(it)[:60],
)
def test_a_wrong_argument_is_named(arguments: dict[Any, Any], named: str) -> None:
    """Which one it was, and what is expected; nothing reaches the platform."""
    model = Model()
    result = model.tools.call("create_workspace", arguments)
    assert result.is_error
    assert result.content["reason"] == "invalid_argument"
    said: str = json.loads(result.text)["error"]
    assert said.startswith(named)
    assert ": expected " in said
    assert len(result.text.encode()) <= LIMIT
    assert model.world.coder.calls == ()


@pytest.mark.parametrize(
    "arguments",
    [
        "not json",
        "[]",
        "null",
        "7",
        '"text"',
        "{",
        '{"template_id": NaN}',
        '{"template_id": -Infinity}',
        '{"template_id": "a", "template_id": "b"}',
        '{"parameters": {"size": "a", "size": "b"}}',
        "[" * 60_000,
        "1" * 10_000,
        "x" * 70_000,
        None,
        7,
        ["template_id"],
        b"{}",
    ],
    ids=lambda it: repr(it)[:40],
)
@pytest.mark.parametrize("tool", TOOLS)
def test_arguments_that_are_no_object(tool: str, arguments: Any) -> None:
    """Whatever a model wrote: an error result that says what is expected, for every tool."""
    result = Model().errs(tool, arguments)
    assert (result["reason"], result["error"].startswith("arguments: expected ")) == ("invalid_argument", True)


@pytest.mark.parametrize(("tool", "taken"), [("start_workspace", "parameters"), ("stop_workspace", "no arguments at all")])
def test_an_argument_of_another_tool(tool: str, taken: str) -> None:
    """The error says what this one takes."""
    result = Model().errs(tool, {"template_id": SOME_ID})
    assert result["error"].startswith("template_id: expected no")
    assert taken in result["error"]


@pytest.mark.parametrize("name", ["", "delete_workspace", "CREATE_WORKSPACE", None, 7, ["create_workspace"], "x" * 40_000])
def test_a_tool_that_is_not_there(name: Any) -> None:
    """The error lists those that are."""
    result = Model().errs(name, {})
    assert result["error"] == "name: expected one of create_workspace, start_workspace, stop_workspace"


def test_a_name_of_40_kb() -> None:
    """A name is a wish: it is cut to size, and the result stays small."""
    model = Model()
    result = model.create(model.world.template().id, name="long" * 10_000)
    assert result["created"]
    assert len(result["workspace_name"]) <= len("me/") + 32
    assert result["not_applied"] == {"name": result["workspace_name"].removeprefix("me/")}


# ------------------------------------------------------------------ small, whatever others write


LONG = "💥" * 3000


@pytest.mark.parametrize("text", [LONG, "x" * 100_000, '"\\' * 5000, "\ud800" * 5000], ids=["wide", "long", "escaped", "surrogates"])
def test_a_failed_build_with_much_to_say(text: str) -> None:
    """At most 1,600 bytes, and yet the job's error is told: it is cut, not dropped."""
    model = Model()
    docker = model.world.template(build=Fails(after=5, error=text, code="E"), log=[text] * 50)
    result = model.tools.call("create_workspace", {"template_id": str(docker.id)})
    assert len(result.text.encode()) <= LIMIT
    content: dict[str, Any] = json.loads(result.text)
    assert content["error"].startswith("workspace build failed: ")
    assert len(content["error"]) > 60
    assert {"workspace_id", "build_id", "state", "reason", "next_step"} <= set(content)


def test_a_failed_build_with_much_to_say_beside_much_else() -> None:
    """What was left behind is named, and the error is still told."""
    model = Model()
    model.create(model.world.template(build=Fails(after=5)).id, name="x" * 21)
    gpu = model.world.template("gpu", build=Fails(after=5, error=LONG, code="C" * 40))
    result = model.create(gpu.id, name="y" * 22, parameters={}, preset_id=None)
    assert result["left_behind"]["reason"] == "first_build_failed"
    assert result["error"].startswith("workspace build failed: 💥")


def test_the_last_lines_of_a_log_are_kept_the_longest() -> None:
    """What explains a failure stands at the end."""
    model = Model()
    docker = model.world.template(build=Fails(after=5, error="no image"), log=[f"line {number} {'x' * 100}" for number in range(50)])
    lines: list[str] = model.create(docker.id)["log_tail"]
    assert lines[-1] == "no image"
    assert 2 < len(lines) < 20


def test_a_refusal_with_much_to_say() -> None:
    """Message, detail and ten validations at most, all cut to size."""
    model = Model()
    docker = model.world.template()
    refuse(model.world, {f"field-{number}": LONG for number in range(30)}, LONG)
    result = model.result("create_workspace", {"template_id": str(docker.id)})
    assert result.content["error"].startswith("💥")
    refuse(model.world, {f"field-{number}": "wrong" for number in range(30)}, "no")
    assert len(model.create(docker.id)["validations"]) == 10


def test_much_that_had_no_effect() -> None:
    """A result about an existing workspace, with everything that can be said of one."""
    model = Model()
    docker = model.world.template()
    own: FakeWorkspace = model.world.own(docker, name="own")
    model.world.chats.attach(CHAT, own.id)
    result = model.create(nowhere(), name=LONG, parameters={LONG[:100]: LONG}, preset_id=SOME_ID)
    assert set(result["not_applied"]) == {"name", "template_id", "parameters", "preset_id"}


def test_no_stack_trace_is_told() -> None:
    """Errors are sentences."""
    result = Model().errs("create_workspace", {"template_id": SOME_ID})
    assert "Traceback" not in json.dumps(result)
    assert "chatworkspace" not in json.dumps(result)
