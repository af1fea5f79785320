"""All calls of one answer of a model, by whichever vendor's form, and what is sent back."""

from __future__ import annotations

import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from chatworkspace import Cancel, ClosedError, InvalidArgumentError, ToolResult
from tests.toolbox.kitchen import Kitchen

Calls = list[tuple[str, str]]
BUILD = 300


def completion(calls: Calls) -> dict[str, Any]:
    """Return a response of OpenAI's Chat Completions."""
    made = [{"id": f"id-{at}", "type": "function", "function": {"name": name, "arguments": text}} for at, (name, text) in enumerate(calls)]
    message = {"role": "assistant", "content": None if made else "Done.", "tool_calls": made or None}
    return {"id": "chatcmpl-1", "object": "chat.completion", "choices": [{"index": 0, "finish_reason": "tool_calls", "message": message}]}


def response(calls: Calls) -> dict[str, Any]:
    """Return a response of OpenAI's Responses API."""
    made = [
        {"type": "function_call", "id": f"fc_{at}", "call_id": f"id-{at}", "name": name, "arguments": text} for at, (name, text) in enumerate(calls)
    ]
    said: dict[str, Any] = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Let me see."}]}
    return {"id": "resp_1", "object": "response", "output": [{"type": "reasoning", "id": "rs_1", "summary": []}, said, *made]}


def message(calls: Calls) -> dict[str, Any]:
    """Return a response of Anthropic's Messages API."""
    made = [{"type": "tool_use", "id": f"id-{at}", "name": name, "input": json.loads(text or "{}")} for at, (name, text) in enumerate(calls)]
    return {"id": "msg_1", "type": "message", "role": "assistant", "content": [{"type": "text", "text": "Let me see."}, *made]}


FORMS: list[Callable[[Calls], dict[str, Any]]] = [completion, response, message]


def as_object(value: Any) -> Any:
    """Return JSON as vendors' packages hand it out: as objects with attributes, arguments excepted."""
    if isinstance(value, dict):
        return SimpleNamespace(**{name: it if name == "input" else as_object(it) for name, it in value.items()})  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType] # any JSON
    return [as_object(it) for it in value] if isinstance(value, list) else value  # pyright: ignore[reportUnknownVariableType] # as above


def as_it_is(value: Any) -> Any:
    """Return JSON as it is."""
    return value


def told(answers: list[Any]) -> list[tuple[str, dict[str, Any]]]:
    """Return what the answers say, each with the id of its call, whatever their form."""
    found = [block for it in answers for block in (it["content"] if it.get("role") == "user" else [it])]
    ids = [it.get("tool_call_id") or it.get("call_id") or it["tool_use_id"] for it in found]
    return [(name, json.loads(it.get("output") or it["content"])) for name, it in zip(ids, found, strict=True)]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("given", [as_it_is, as_object])
def test_every_call_is_answered_in_its_order(form: Callable[[Calls], Any], given: Callable[[Any], Any]) -> None:
    """Of a response as an object or as its JSON; a call that fails, and one of a tool that nobody has, cost the others nothing."""
    kitchen = Kitchen()
    docker = kitchen.coder.add_template("docker")
    asked = [("start_workspace", ""), ("create_workspace", json.dumps({"template_id": str(docker.id)})), ("teleport", "{}"), ("list_templates", "{}")]
    answers = told(kitchen.toolbox.answer(given(form(asked))))
    assert [name for name, _ in answers] == ["id-0", "id-1", "id-2", "id-3"]
    none_yet, created, unknown, listed = (content for _, content in answers)
    assert none_yet["reason"] == "no_workspace"
    assert (created["created"], created["reason"]) == (True, "created")
    assert unknown["error"].startswith("name: expected one of list_templates, ")
    assert [it["name"] for it in listed["templates"]] == ["docker"]


def test_the_forms_of_what_is_sent_back() -> None:
    """As the vendors' own packages type them: ChatCompletionToolMessageParam, FunctionCallOutput, and a MessageParam with ToolResultBlockParams."""
    asked, text = [("stop_workspace", "{}")], Kitchen().result("stop_workspace").text
    assert Kitchen().toolbox.answer(completion(asked)) == [{"role": "tool", "tool_call_id": "id-0", "content": text}]
    assert Kitchen().toolbox.answer(response(asked)) == [{"type": "function_call_output", "call_id": "id-0", "output": text}]
    block = {"type": "tool_result", "tool_use_id": "id-0", "content": text, "is_error": True}
    assert Kitchen().toolbox.answer(message(asked)) == [{"role": "user", "content": [block]}]


PARTS: dict[str, tuple[Callable[[], Any], int]] = {
    "the message of a completion": (lambda: completion([("list_templates", "{}")])["choices"][0]["message"], 1),
    "an item of a response": (lambda: response([("list_templates", "{}")])["output"][2], 1),
    "a thought": (lambda: response([])["output"][0], 0),
    "what is said": (lambda: response([])["output"][1], 0),
    "a completion without calls": (lambda: completion([]), 0),
    "a response without calls": (lambda: response([]), 0),
    "a message without calls": (lambda: message([]), 0),
    "a refusal": (lambda: {"role": "assistant", "content": None, "refusal": "No."}, 0),
    "calls of the vendor's own tools": (
        lambda: {"output": [{"type": "web_search_call", "id": "ws_1"}], "object": "response"},
        0,
    ),
    "a server tool of Anthropic's": (lambda: {"content": [{"type": "server_tool_use", "id": "s", "name": "web_search"}]}, 0),
}


@pytest.mark.parametrize("part", PARTS)
def test_a_part_will_do_and_nothing_is_asked_for_nothing(part: str) -> None:
    """As streams hand them out one by one."""
    made, calls = PARTS[part]
    assert len(Kitchen().toolbox.answer(made())) == calls


BAD: list[tuple[Any, str]] = [
    (None, "message: expected a response of OpenAI's Chat Completions or Responses API or of Anthropic's Messages API"),
    ("create a workspace", "message: expected a response of OpenAI's"),
    ([], "message: expected a response of OpenAI's"),
    ({}, "message: expected a response of OpenAI's"),
    ({"error": {"message": "overloaded"}}, "message: expected a response of OpenAI's"),
    ({"choices": [{"delta": {"content": "a part of a stream"}}]}, "message: expected a response of OpenAI's"),
    ({"choices": [{}, {}]}, "message: expected a completion with one choice, not 2; or one of its messages"),
    ({"tool_calls": [7]}, "message: expected tool_calls[0].id to be text"),
    ({"tool_calls": [{"id": "a", "function": {"arguments": "{}"}}]}, "message: expected tool_calls[0].function.name to be text"),
    ({"tool_calls": [{"id": "a", "function": {"name": "n", "arguments": {}}}]}, "message: expected tool_calls[0].function.arguments to be JSON text"),
    ({"output": [{"type": "function_call", "id": "fc", "name": "n", "arguments": "{}"}]}, "message: expected output[0].call_id to be text"),
    ({"type": "function_call", "call_id": "a", "name": "n"}, "message: expected the item.arguments to be JSON text"),
    ({"content": [{"type": "tool_use", "id": "", "name": "n", "input": {}}]}, "message: expected content[0].id to be text"),
    ({"content": [{"type": "tool_use", "id": "\ud800", "name": "n", "input": {}}]}, "message: expected text without the character"),
    (
        {"content": [{"type": "text"}, {"type": "tool_use", "id": "a", "name": "n", "input": "{}"}]},
        "message: expected content[1].input to be an object",
    ),
]


@pytest.mark.parametrize(("given", "said"), BAD, ids=[said[18:60] for _, said in BAD])
@pytest.mark.parametrize("form", [as_it_is, as_object])
def test_what_is_no_answer_is_told_before_anything_is_done(given: Any, said: str, form: Callable[[Any], Any]) -> None:
    """The error is the programmer's, and says what was expected."""
    kitchen = Kitchen()
    with pytest.raises(InvalidArgumentError) as caught:
        kitchen.toolbox.answer(form(given))
    assert str(caught.value).startswith(said)
    assert caught.value.argument == "message"


def test_nothing_is_called_where_one_of_the_calls_cannot_be_answered() -> None:
    """An answer without its id would be lost, and with it all of the message."""
    kitchen = Kitchen()
    docker = kitchen.coder.add_template("docker")
    broken = completion([("create_workspace", json.dumps({"template_id": str(docker.id)})), ("list_templates", "{}")])
    del broken["choices"][0]["message"]["tool_calls"][1]["id"]
    with pytest.raises(InvalidArgumentError):
        kitchen.toolbox.answer(broken)
    assert not kitchen.coder.workspaces


def test_arguments_that_were_cut_off_are_the_models_to_correct() -> None:
    """A model that came to its limit in the middle of a call is told so, as with call()."""
    ((_, content),) = told(Kitchen().toolbox.answer(completion([("create_workspace", '{"template_id": "e8')])))
    assert content["error"] == "arguments: expected one JSON object"


def test_all_calls_of_an_answer_wait_no_longer_than_one() -> None:
    """A host that bounds its wait is back by then, however many calls the model makes; those behind are told how things stand."""
    kitchen = Kitchen(wait=20)
    docker = kitchen.coder.add_template("docker", build=BUILD)
    create = ("create_workspace", json.dumps({"template_id": str(docker.id)}))
    answers = told(kitchen.toolbox.answer(message([create, create, create])))
    assert [content["phase"] for _, content in answers] == ["building"] * 3
    assert kitchen.sim.elapsed == 20


@pytest.mark.parametrize("tool", ["create_workspace", "start_workspace", "stop_workspace"])
def test_a_toolbox_can_be_canceled(tool: str) -> None:
    """What is waited for goes on, and what was not begun is asked for without waiting; nothing is lost, and the model may call again."""
    kitchen, cancel = Kitchen(), Cancel()
    docker = kitchen.coder.add_template("docker", build=BUILD)
    kitchen.sim.workspaces.create("chat-1", docker.id, wait=0)
    toolbox = kitchen.sim.workspaces.toolbox("chat-1", cancel=cancel)
    kitchen.sim.at(7, cancel.cancel)
    call = (tool, json.dumps({"template_id": str(docker.id)} if tool == "create_workspace" else {}))
    (answers,) = kitchen.sim.run(lambda: told(toolbox.answer(completion([call, call]))))
    assert [content["reason"] for _, content in answers] == ["interrupted"] * 2
    assert kitchen.sim.elapsed == 7


def test_what_reads_templates_is_canceled_too() -> None:
    """It is told as an error: nothing could be found out."""
    kitchen, cancel = Kitchen(), Cancel()
    failing = kitchen.coder.when("list_templates", times=1000)
    failing.fail()
    toolbox = kitchen.sim.workspaces.toolbox("chat-1", cancel=cancel)
    kitchen.sim.at(3, cancel.cancel)
    ((_, content),) = told(toolbox.answer(message([("list_templates", "{}")])))
    assert content["reason"] == "interrupted"
    assert 3 <= kitchen.sim.elapsed < 4
    failing.disarm()


def test_a_cancel_that_is_none_is_told_at_once() -> None:
    """Where it comes in."""
    with pytest.raises(InvalidArgumentError, match="cancel: expected a Cancel"):
        Kitchen().sim.workspaces.toolbox("chat-1", cancel=7)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType] # that is the test


def test_what_was_answered_before_everything_was_closed_is_not_lost() -> None:
    """The model is told of the rest; the next answer raises, and so does one of which no call was answered."""
    kitchen = Kitchen()
    docker = kitchen.coder.add_template("docker", build=BUILD)
    create = ("create_workspace", json.dumps({"template_id": str(docker.id)}))
    kitchen.sim.at(7, kitchen.sim.workspaces.close)
    (answers,) = kitchen.sim.run(lambda: told(kitchen.toolbox.answer(completion([("list_templates", "{}"), create, create]))))
    assert [content.get("reason") for _, content in answers[1:]] == ["closed", "closed"]
    assert answers[0][1]["templates"]
    with pytest.raises(ClosedError):
        kitchen.toolbox.answer(completion([create]))


# ------------------------------------------------------------------ tools of the host's own


def test_tools_of_the_hosts_own() -> None:
    """They are called by name and arguments as they came, and answered in their place; those of the toolbox never are."""
    seen: list[tuple[str, Any]] = []

    def other(name: str, arguments: Any) -> ToolResult:
        seen.append((name, arguments))
        return ToolResult(content={"weather": "fair"}, is_error=False)

    asked = [("list_templates", "{}"), ("weather", '{"place": "here"}')]
    (_, (place, said)) = told(Kitchen().toolbox.answer(completion(asked), other=other))
    assert (place, said) == ("id-1", {"weather": "fair"})
    told(Kitchen().toolbox.answer(message(asked), other=other))
    assert seen == [("weather", '{"place": "here"}'), ("weather", {"place": "here"})]


def test_custom_tools_of_openai() -> None:
    """Those take free text, and have items of their own in the Responses API."""

    def other(name: str, arguments: Any) -> ToolResult:
        return ToolResult(content={name: arguments}, is_error=False)

    chat = {"tool_calls": [{"id": "a", "type": "custom", "custom": {"name": "sql", "input": "select 1"}}]}
    assert Kitchen().toolbox.answer(chat, other=other) == [{"role": "tool", "tool_call_id": "a", "content": '{"sql":"select 1"}'}]
    item = {"type": "custom_tool_call", "call_id": "a", "name": "sql", "input": "select 1"}
    answers = Kitchen().toolbox.answer({"output": [item]}, other=other)
    assert answers == [{"type": "custom_tool_call_output", "call_id": "a", "output": '{"sql":"select 1"}'}]


def _raises(_: str, __: Any) -> ToolResult:
    raise RuntimeError("password: hunter2")


def _returns_text(_: str, __: Any) -> Any:
    return "fair"


@pytest.mark.parametrize("other", [_raises, _returns_text])
def test_a_tool_of_the_hosts_that_fails_costs_the_others_nothing(other: Callable[[str, Any], ToolResult], caplog: pytest.LogCaptureFixture) -> None:
    """What it raised is for the log: who knows what is in it."""
    asked = [("weather", "{}"), ("list_templates", "{}")]
    ((_, failed), (_, listed)) = told(Kitchen().toolbox.answer(message(asked), other=other))
    assert failed == {"error": "the tool failed"}
    assert "templates" in listed
    assert [record.getMessage() for record in caplog.records] == ["a tool of the host's failed"]


@pytest.mark.parametrize("argument", ["other", "error"])
def test_what_is_no_function_is_told_at_once(argument: str) -> None:
    """Before anything is called."""
    toolbox = Kitchen().toolbox
    with pytest.raises(InvalidArgumentError, match=f"{argument}: expected a function"):
        _ = toolbox.answer({}, other=7) if argument == "other" else toolbox.functions(error=7)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType] # that is the test


# ------------------------------------------------------------------ functions for frameworks


def test_the_tools_as_functions() -> None:
    """Each with its name, words and schema; called by the names of its arguments, of which one is `name`."""
    kitchen = Kitchen()
    docker = kitchen.coder.add_template("docker")
    functions = {it.name: it for it in kitchen.toolbox.functions(error=ValueError)}
    specs = kitchen.toolbox.specs("anthropic")
    assert [(it.name, it.description, it.schema) for it in functions.values()] == [tuple(spec.values()) for spec in specs]
    created = json.loads(functions["create_workspace"].run(template_id=str(docker.id), name="Fix login"))
    assert created["created"] is True
    assert "Fix-login" in created["workspace_name"]


def test_errors_of_functions_stay_errors() -> None:
    """They are raised as what the framework takes for one, with the whole result for the model."""
    functions = {it.name: it for it in Kitchen().toolbox.functions(error=ZeroDivisionError)}
    with pytest.raises(ZeroDivisionError) as caught:
        functions["start_workspace"].run()
    assert json.loads(str(caught.value))["reason"] == "no_workspace"
