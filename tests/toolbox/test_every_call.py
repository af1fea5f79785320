"""What holds for every call of every tool, whatever a model writes."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chatworkspace import ClosedError, Outcome, Reason, State, ToolResult
from chatworkspace._tools.definitions import TOOLS
from chatworkspace.ports import Evaluation, Parameter
from chatworkspace_fake import NEVER, Fails
from chatworkspace_fake._simulation.registry import registry
from tests.toolbox.kitchen import Kitchen

CARRIED = "text without the character U+0000 and without half characters (U+D800 to U+DFFF)"
TEMPLATE = "e869af83-4e70-5b53-95a0-09624e8b4f82"
WORKSPACE_TOOLS = ("create_workspace", "start_workspace", "stop_workspace")
NAMES = tuple(tool.name for tool in TOOLS)


def error_of(result: ToolResult, advice: str = "correct_arguments") -> str:
    """Return the message of a bad argument."""
    assert result.is_error
    assert (result.content["reason"], result.content["advice"]) == ("invalid_argument", advice)
    assert result.content["next_step"].startswith("Correct the argument and call again." if advice == "correct_arguments" else f"Call {advice}, then")
    return str(result.content["error"])


def said_of(arguments: Any, tool: str = "create_workspace") -> str:
    """Return the message that these arguments get."""
    return error_of(Kitchen().toolbox.call(tool, arguments))


@pytest.mark.parametrize("arguments", [{}, "", "  ", "{}", "null", {"query": None}, '{"query":null,"page":null}'])
def test_g01_g06_nothing_is_nothing(arguments: Any) -> None:
    """A mapping or JSON text; empty, null, and arguments that are null are all the same."""
    kitchen = Kitchen()
    assert kitchen.toolbox.call("list_templates", arguments) == kitchen.result("list_templates")


@pytest.mark.parametrize("name", ["", "create", "CREATE_WORKSPACE", "x" * 5000, None, 3])
def test_g02_an_unknown_tool(name: Any) -> None:
    """The error lists the tools."""
    assert error_of(Kitchen().toolbox.call(name, {})) == f"name: expected one of {', '.join(NAMES)}"


@pytest.mark.parametrize("tool", NAMES)
def test_g03_an_unknown_argument(tool: str) -> None:
    """It is named, and so are those that the tool takes; a long name is cut, and control characters are not repeated."""
    said = said_of({"colour\n" + "x" * 500: 1}, tool)
    assert said.startswith("colour?xxx")
    assert "x… [507]: expected" in said
    assert len(said) < 300
    takes = next(it for it in TOOLS if it.name == tool).arguments
    assert all(argument.name in said for argument in takes) if takes else "no arguments at all" in said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"template_id": 7}, "template_id: expected text, not a number"),
        ({"template_id": True}, "template_id: expected text, not true or false"),
        ({"template_id": ["x"]}, "template_id: expected text, not a list"),
        ({"template_id": {"id": "x"}}, "template_id: expected text, not an object"),
        ({"template_id": TEMPLATE, "name": "n" * 40_000}, "name: expected at most 4096 characters"),
        ({"template_id": TEMPLATE, "name": "a\0b"}, f"name: expected {CARRIED}"),
        ({"template_id": TEMPLATE, "name": "\ud800"}, f"name: expected {CARRIED}"),
        ({"template_id": TEMPLATE, "replace_workspace": "yes"}, "replace_workspace: expected true or false, not text"),
        ({"template_id": TEMPLATE, "replace_workspace": 1}, "replace_workspace: expected true or false, not a number"),
        ({"template_id": TEMPLATE, "parameters": "a=b"}, "parameters: expected an object of names to values, both text, not text"),
        ({"template_id": TEMPLATE, "parameters": {"a": 1}}, 'parameters.a: expected text, such as "2" or "true", not a number'),
        ({"template_id": TEMPLATE, "parameters": {"a": True}}, 'parameters.a: expected text, such as "2" or "true", not true or false'),
        ({"template_id": TEMPLATE, "parameters": {"a": ["b", 1]}}, "parameters.a: expected text, not a number"),
        ({"template_id": TEMPLATE, "parameters": {"a": ["b"] * 2000}}, "parameters.a: expected at most 4096 characters"),
        ({"template_id": TEMPLATE, "parameters": {"a": {"b": "c"}}}, "parameters.a: expected text, not an object"),
        ({"template_id": TEMPLATE, "parameters": [1]}, "parameters: expected an object of names to values, both text, or a list of {name, value}"),
        ({"template_id": TEMPLATE, "parameters": {str(number): "" for number in range(300)}}, "parameters: expected at most 256 entries"),
        (
            {10**5000: 1},
            "(a key that is no text): expected one of the arguments of create_workspace: template_id, name, parameters, preset_id, replace_workspace",
        ),
        ({"template_id": object()}, "template_id: expected text, not something that JSON does not have"),
    ],
)
def test_g04_a_value_of_the_wrong_type(arguments: Any, said: str) -> None:
    """The argument, what it was, and what is expected."""
    assert said_of(arguments) == said


@pytest.mark.parametrize("tool", ["create_workspace", "read_template"])
def test_g04_an_id_that_is_none_leads_to_the_tool_that_gives_it(tool: str) -> None:
    """A name in place of an id is no dead end."""
    called = Kitchen().toolbox.call
    assert error_of(called(tool, {"template_id": "docker"}), "list_templates") == "template_id: expected a UUID, as list_templates gives it"
    if tool == "create_workspace":
        said = error_of(called(tool, {"template_id": TEMPLATE, "preset_id": "small"}), "read_template")
        assert said == "preset_id: expected a UUID, as read_template gives it"


def test_g03_a_key_that_is_no_text() -> None:
    """Not even one that Python does not write out."""
    assert said_of({10**5000: 1}).startswith("(a key that is no text): expected one of the arguments of create_workspace")


@pytest.mark.parametrize(
    ("page", "said"), [("1", "text"), (1.5, "a number"), (True, "true or false"), (2**60, "a number")], ids=["text", "fraction", "flag", "huge"]
)
def test_g04_a_page_is_a_whole_number(page: Any, said: str) -> None:
    """Nothing is rounded or guessed."""
    assert said_of({"page": page}, "list_templates") == f"page: expected a whole number, not {said}"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "arguments: expected one JSON object"),
        ("{} {}", "arguments: expected one JSON object"),
        ("[1]", "arguments: expected an object with the tool's arguments"),
        ('"text"', "arguments: expected an object with the tool's arguments"),
        ('{"page": NaN}', "arguments: expected JSON, which has no NaN"),
        ('{"page": -Infinity}', "arguments: expected JSON, which has no -Infinity"),
        ('{"query": "a", "query": "b"}', "arguments: expected JSON in which each key stands once"),
        ('{"query": {"a": 1, "a": 2}}', "arguments: expected JSON in which each key stands once"),
        ("[" * 60_000, "arguments: expected one JSON object"),
        (" " * 70_000, "arguments: expected at most 65536 characters of JSON"),
        ([], "arguments: expected an object with the tool's arguments"),
        (7, "arguments: expected an object with the tool's arguments"),
    ],
)
def test_g05_text_that_is_not_one_object(text: Any, said: str) -> None:
    """Not JSON, not one object, not a number that JSON has, a key twice, too much."""
    assert said_of(text, "list_templates") == said


@pytest.mark.parametrize("blank", [{}, {"template_id": None}, {"template_id": "  "}])
@pytest.mark.parametrize("tool", ["create_workspace", "read_template"])
def test_g07_a_required_argument(blank: dict[str, Any], tool: str) -> None:
    """Missing and blank are the same; the error says where the value comes from."""
    said = said_of(blank, tool)
    assert said.startswith("template_id: expected a value, it is required")
    assert "list_templates" in said


def test_g08_parameters_in_both_forms() -> None:
    """An object, or a list of {name, value} as strict mode needs it; each name once."""
    kitchen = Kitchen()
    kitchen.coder.add_template("docker")
    as_object = kitchen.create(parameters={"a": "1", "b": "2"})
    as_list = kitchen.create(parameters=[{"name": "a", "value": "1"}, {"name": "b", "value": "2"}])
    assert as_list["validations"] == as_object["validations"]
    assert len(as_object["validations"]) == 2
    listed = kitchen.create(parameters={"a": ["x", "ü"], "b": []})
    assert listed["validations"] == as_object["validations"]
    twice = kitchen.create(parameters=[{"name": "a", "value": "1"}, {"name": "a", "value": "2"}])
    assert twice["error"] == "parameters: expected each name once"


@pytest.mark.parametrize("classic", [False, True])
@pytest.mark.parametrize("tool", ["create_workspace", "start_workspace"])
@pytest.mark.parametrize(("kind", "one"), [("string", '"a"'), ("number", '"2"'), ("bool", '"true"')])
def test_g08_a_list_for_one_value(kind: str, one: str, tool: str, *, classic: bool) -> None:
    """It is refused before anything is sent, and the refusal says how to write it: its JSON would be taken for a text. A list for a list is sent."""
    kitchen, asked = (
        Kitchen(),
        (Parameter(name="tools", type=kind, default=one.strip('"')), Parameter(name="ides", type="list(string)", default="[]")),
    )
    kitchen.coder.add_template("docker", parameters=asked, classic=classic)
    if tool == "start_workspace":
        kitchen.create()
        kitchen.result("stop_workspace")
    arguments = {"template_id": TEMPLATE} if tool == "create_workspace" else {}
    refused = kitchen.result(tool, **arguments, parameters={"tools": ["s3cret-s3cret"], "ides": ["vim"]})
    assert refused.content["error"] == "a list where one value is expected"
    assert refused.content["validations"] == [
        {"field": "tools", "detail": f"expected one text, such as {one}, not a list: the parameter is a {kind}"}
    ]
    assert tool not in kitchen.coder.calls
    told = kitchen.result(tool, **arguments, parameters={"ides": ["vim", "ü"]}).content
    assert (told["state"], kitchen.coder.workspaces[0].latest.values["ides"]) == ("ready", '["vim","ü"]')


def test_g08_a_list_for_what_is_not_known() -> None:
    """What the template asks cannot be told, or it has another type: the platform decides. JSON that was written as a text is a text."""
    kitchen = Kitchen()
    asked = Evaluation(parameters=(Parameter(name="tools", type="set(string)"), Parameter(name="text")))
    kitchen.coder.add_template("docker", parameters=asked.parameters, evaluation=asked)
    assert kitchen.create(parameters={"tools": ["a"], "text": '["a"]'})["state"] == "ready"
    assert kitchen.coder.workspaces[0].latest.values == {"tools": '["a"]', "text": '["a"]'}
    kitchen = Kitchen()
    kitchen.coder.add_template("docker", parameters=asked.parameters, evaluation=asked)
    kitchen.coder.when("evaluate_parameters").fail()
    assert kitchen.create(parameters={"text": ["a"]})["state"] == "ready"


@pytest.mark.parametrize("tool", NAMES)
def test_g09_errors_are_results(tool: str) -> None:
    """Store and platform away, a chat that is closed or not known: a result with error, reason and advice. Only ClosedError is raised."""
    arguments = {"template_id": TEMPLATE} if tool in ("create_workspace", "read_template") else {}
    kitchen = Kitchen()
    kitchen.sim.store.when("look", times=200).fail()
    away = kitchen.toolbox.call(tool, arguments)
    registry.let_go(kitchen.sim)  # how often the call tried again is not the point here
    assert (away.is_error, away.content["reason"]) == (True, "store_unavailable")
    assert "same call again" in away.content["next_step"]
    unknown = Kitchen().sim.workspaces.toolbox("chat-2").call(tool, arguments)
    assert (unknown.is_error, unknown.content["reason"]) == (True, "chat_not_found")
    assert unknown.content["error"] == "this chat is not known to the application"
    kitchen = Kitchen()
    kitchen.sim.workspaces.close()
    with pytest.raises(ClosedError):
        kitchen.toolbox.call(tool, arguments)


def test_g10_is_error() -> None:
    """True when nothing was made and there is nothing to show; false with a workspace, even a failed one, a quota, or validations."""
    kitchen = Kitchen()
    docker, bad = kitchen.coder.add_template("docker"), kitchen.coder.add_template("bad", build=Fails(after=1))
    refused = kitchen.result("create_workspace", template_id=str(docker.id), parameters={"colour": "red"})
    failed = kitchen.result("create_workspace", template_id=str(bad.id))
    assert [refused.is_error, failed.is_error] == [False, False]
    assert kitchen.result("create_workspace", template_id=str(UUID(int=1)), replace_workspace=True).is_error
    kitchen.coder.when("create_workspace").refuse(403, "no")
    assert kitchen.result("create_workspace", template_id=str(docker.id), replace_workspace=True).is_error


@pytest.mark.parametrize("letter", ["x", "ü", "漢", "\U0001f600", '"', "\n", "\\"])
def test_g11_a_workspace_result_is_small(letter: str) -> None:
    """Whatever the platform says, at whatever length, in whatever letters."""
    long = letter * 5000
    kitchen = Kitchen()
    kitchen.coder.add_template("docker", build=Fails(after=1, error=long, code=long), log=(long,) * 30)
    failed = kitchen.result("create_workspace", template_id=TEMPLATE)
    kitchen.coder.when("start_workspace").refuse(400, long, {f"{long}{number}": long for number in range(40)})
    refused = kitchen.result("start_workspace")
    for result in (failed, refused):
        assert len(result.text.encode("utf-8")) <= 1600
        assert json.loads(result.text) == result.content
    assert refused.content["left_out"][0].startswith("the last ") or not letter.strip()
    assert letter == "\n" or failed.content["left_out"]
    assert failed.content["build_id"]
    assert "… [50" in failed.content["error"] or not letter.strip()
    assert refused.content["validations"]


def test_g11_what_is_left_out_is_named() -> None:
    """How many lines of a log, how many validations; and nothing is named where all is there."""
    kitchen = Kitchen()
    kitchen.coder.add_template("docker", build=Fails(after=1), log=tuple(f"{number:3} " + "x" * 96 for number in range(15)))
    failed = kitchen.result("create_workspace", template_id=TEMPLATE).content
    whole = kitchen.sim.workspaces.status("chat-1").log_tail
    shown = len(failed["log_tail"])
    assert failed["left_out"] == [f"the first {len(whole) - shown} lines of the log"]
    assert failed["log_tail"] == [line.strip() for line in whole[-shown:]]
    kitchen = Kitchen()
    kitchen.coder.add_template("docker", build=Fails(after=1), log=tuple(f"line {number}" for number in range(300)))
    long = kitchen.result("create_workspace", template_id=TEMPLATE).content
    outcome = kitchen.sim.workspaces.status("chat-1")
    assert outcome.log_left_out + len(outcome.log_tail) == 301
    assert long["left_out"] == [f"the first {301 - len(long['log_tail'])} lines of the log"]
    kitchen.coder.when("start_workspace").refuse(400, "no", {f"f{number:02}": "bad" for number in range(40)})
    refused = kitchen.result("start_workspace").content
    assert refused["left_out"] == [f"the last {40 - len(refused['validations'])} validations"]
    kitchen.coder.when("start_workspace").refuse(400, "no", {"a": "bad"})
    assert "left_out" not in kitchen.result("start_workspace").content


def test_g12_what_every_workspace_result_has() -> None:
    """State, reason, id and time; a phase exactly while something is under way; advice where something can be done."""
    for temper, wait in (({}, None), ({"build": 60}, 5), ({"connect": NEVER}, None), ({"build": Fails(after=1)}, None), ({"agents": ()}, None)):
        kitchen = Kitchen(wait=wait)
        kitchen.coder.add_template("docker", **temper)  # pyright: ignore[reportArgumentType] # several tempers
        for tool in WORKSPACE_TOOLS:
            content = kitchen.call(tool, **({"template_id": TEMPLATE} if tool == "create_workspace" else {}))
            assert {"state", "reason", "workspace_id", "workspace_name", "elapsed_ms"} <= content.keys()
            assert ("phase" in content) == (content["state"] in ("starting", "stopping"))
            assert ("next_step" in content) == (Reason(content["reason"]) not in (Reason.CREATED, Reason.EXISTING, Reason.STARTED))


@pytest.mark.parametrize(("build", "connect", "scripts"), [(60, 0, 0), (0, 60, 0), (0, 0, 60)])
def test_g13_in_progress(build: float, connect: float, scripts: float) -> None:
    """The result says that the same call goes on waiting, and it does."""
    kitchen = Kitchen(wait=10)
    kitchen.coder.add_template("docker", build=build, connect=connect, scripts=scripts)
    said = kitchen.create()
    assert "same call" in said["next_step"]
    assert said["elapsed_ms"] == 10_000
    kitchen.sim.sleep(45)
    assert kitchen.create()["state"] == "ready"
    assert kitchen.sim.elapsed == 60


@pytest.mark.parametrize("wait", [0, 7.5])
def test_g14_wait_bounds_every_tool(wait: float) -> None:
    """Of create, start and stop alike."""
    kitchen = Kitchen(wait=wait)
    kitchen.coder.add_template("docker", build=60, stop=60)
    for tool in WORKSPACE_TOOLS:
        assert kitchen.call(tool, **({"template_id": TEMPLATE} if tool == "create_workspace" else {}))["elapsed_ms"] == wait * 1000


# ------------------------------------------------------------------ whatever a model writes

_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30) | st.sampled_from([TEMPLATE, "docker", "eu", "\0", "\ud800"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
_keys = st.sampled_from(["template_id", "name", "parameters", "preset_id", "replace_workspace", "query", "page", "extra", ""])
_arguments = st.dictionaries(_keys, _json, max_size=5) | _json
_likely = st.fixed_dictionaries(
    {"template_id": st.just(TEMPLATE)},
    optional={
        "name": st.text(max_size=60),
        "parameters": st.dictionaries(st.sampled_from(["region", "colour"]), st.text(max_size=20), max_size=2),
        "preset_id": st.none() | st.just(""),
        "replace_workspace": st.booleans(),
    },
)


def check_whatever(tool: str, arguments: Any) -> None:
    """Call a tool twice in a small world, and look at what it says."""
    kitchen = Kitchen(wait=5)
    kitchen.coder.add_template("docker", build=8, connect=1)
    results = list[ToolResult]()
    for _ in range(2):
        result = kitchen.toolbox.call(tool, arguments)
        results.append(result)
        assert json.loads(result.text) == result.content
        if tool in WORKSPACE_TOOLS:
            assert len(result.text.encode("utf-8")) <= 1600
        if result.is_error:
            assert result.content["error"]
            assert result.content["reason"] in set(Reason)
            assert result.content["next_step"]
    assert len(kitchen.coder.live) <= 1 or any("left_behind" in result.content for result in results)


@pytest.mark.once
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
@given(tool=st.sampled_from(NAMES), arguments=_arguments)
def test_g09_any_mapping(tool: str, arguments: Any) -> None:
    """A right answer, or an error result that names what is wrong: never an exception, never too long."""
    check_whatever(tool, arguments)


@pytest.mark.once
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
@given(tool=st.sampled_from(NAMES), arguments=_likely)
def test_g09_any_likely_mapping(tool: str, arguments: Any) -> None:
    """The same for what is nearly right."""
    check_whatever(tool, arguments)


@pytest.mark.once
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
@given(
    tool=st.sampled_from(NAMES), text=st.text(max_size=60) | _arguments.map(lambda value: json.dumps(value, default=str)) | _likely.map(json.dumps)
)
def test_g09_any_text(tool: str, text: str) -> None:
    """The same for raw JSON text, and for what is none."""
    check_whatever(tool, text)


def test_g12_states_and_phases_are_never_mixed() -> None:
    """An outcome has a phase exactly while it is starting or stopping."""
    told = list[Outcome]()
    kitchen = Kitchen(on_chat_updated=told.append)
    kitchen.coder.add_template("docker", build=3, stop=3)
    kitchen.create()
    kitchen.call("stop_workspace")
    kitchen.call("start_workspace")
    assert [(it.phase is not None) for it in told] == [it.state in (State.STARTING, State.STOPPING) for it in told]
