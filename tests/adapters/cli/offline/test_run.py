"""`chatworkspace run FILE`: recorded tool calls in, tool-result messages out."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from chatworkspace_cli import main
from chatworkspace_cli._offline.recordings import BadLine, Line, Vendor, read
from chatworkspace_fake import Simulation
from chatworkspace_simulator._stock import furnish

DOCKER = "e869af83-4e70-5b53-95a0-09624e8b4f82"


def openai(*calls: tuple[str, str]) -> dict[str, Any]:
    """Return an assistant's message in OpenAI's form."""
    made = [{"id": f"call_{it}", "type": "function", "function": {"name": name, "arguments": text}} for it, (name, text) in enumerate(calls)]
    return {"role": "assistant", "content": None, "tool_calls": made}


def anthropic(*calls: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    """Return an assistant's message in Anthropic's form."""
    made = [{"type": "tool_use", "id": f"toolu_{it}", "name": name, "input": given} for it, (name, given) in enumerate(calls)]
    return {"role": "assistant", "content": [{"type": "text", "text": "Let me see."}, *made]}


def function_call(number: int, name: str, text: str) -> dict[str, Any]:
    """Return one item of the output of OpenAI's Responses API."""
    return {"type": "function_call", "id": f"fc_{number}", "call_id": f"call_{number}", "name": name, "arguments": text, "status": "completed"}


def response(*calls: tuple[str, str]) -> dict[str, Any]:
    """Return a response of OpenAI's Responses API."""
    thought: dict[str, Any] = {"type": "reasoning", "id": "rs_1", "summary": []}
    said: dict[str, Any] = {
        "type": "message",
        "id": "msg_1",
        "role": "assistant",
        "content": [{"type": "output_text", "text": "Let me see.", "annotations": []}],
    }
    made = [function_call(number, name, text) for number, (name, text) in enumerate(calls)]
    return {"id": "resp_1", "object": "response", "status": "completed", "output": [thought, said, *made]}


def line(message: object, *, chat: str = "chat-1", at: float = 0) -> str:
    return json.dumps({"chat": chat, "at": at, "message": message})


def run(capsys: pytest.CaptureFixture[str], path: Path, *options: str) -> tuple[int, list[dict[str, Any]], str]:
    """Run the command; return its exit code, what it wrote for the model, and what for people."""
    code = main(["run", str(path), "--fast", *options])
    out, err = capsys.readouterr()
    return code, [json.loads(it) for it in out.splitlines()], err


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "calls.jsonl"
    calls = [
        line(anthropic(("list_templates", {}), ("start_workspace", {}))),
        line(openai(("create_workspace", json.dumps({"template_id": DOCKER}))), at=1),
        line(openai(("stop_workspace", "")), at=60),
        line({"role": "assistant", "content": "No tools needed."}, at=61),
    ]
    path.write_text("\n".join(calls) + "\n", encoding="utf-8")
    return path


def test_the_messages_have_the_vendors_form(recording: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One user message with a block per call for Anthropic, one tool message per call for OpenAI; ids and order as asked.

    Nothing else is on standard output.
    """
    code, (first, second, third), _ = run(capsys, recording)
    assert code == 0
    assert (first["chat"], first["at"], first["message"]["role"]) == ("chat-1", 0, "user")
    assert [(it["type"], it["tool_use_id"], it["is_error"]) for it in first["message"]["content"]] == [
        ("tool_result", "toolu_0", False),
        ("tool_result", "toolu_1", True),
    ]
    assert (second["message"]["role"], second["message"]["tool_call_id"], second["at"]) == ("tool", "call_0", 21)
    assert json.loads(second["message"]["content"])["created"] is True
    assert json.loads(third["message"]["content"])["stopped"] is True


def test_items_of_the_responses_api(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A response as a whole, or one of its items at a time; each call is answered by an item with its call_id. Other items ask for nothing.

    As OpenAI's own Python package types them: ResponseFunctionToolCall in, FunctionCallOutput back.
    """
    path = tmp_path / "calls.jsonl"
    thought, said, *_ = response()["output"]
    lines = [
        line(response(("list_templates", "{}"), ("create_workspace", json.dumps({"template_id": DOCKER})))),
        *(line(item, at=60) for item in (thought, said, function_call(7, "stop_workspace", ""))),
        line(response(), at=90),
    ]
    path.write_text("\n".join(lines), encoding="utf-8")
    code, told, _ = run(capsys, path)
    assert code == 0
    assert [it["message"]["call_id"] for it in told] == ["call_0", "call_1", "call_7"]
    assert all(it["message"].keys() == {"type", "call_id", "output"} and it["message"]["type"] == "function_call_output" for it in told)
    listed, created, stopped = (json.loads(it["message"]["output"]) for it in told)
    assert listed["templates"]
    assert created["created"] is True
    assert stopped["stopped"] is True


def test_people_see_progress_and_a_summary(recording: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """On standard error, so that standard output can be piped to a program."""
    _, _, told = run(capsys, recording)
    assert "building" in told
    assert "pulling image" in told
    assert told.splitlines()[-1] == "duplicates: 0"


@pytest.mark.parametrize("seed", [0, 5])
def test_json_equals_what_the_same_calls_give(seed: int, recording: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The contents of --json are those of Toolbox.call with the same arguments, times and seed."""
    _, objects, _ = run(capsys, recording, "--json", "--seed", str(seed))
    told = [it["content"] for it in objects if it["event"] == "result"]
    sim = Simulation(seed)
    furnish(sim.coder)
    toolboxes = [process.workspaces.toolbox("chat-1") for process in (sim.process("web-1"), sim.process("web-2"))]
    sim.open_chat("chat-1")
    expected = list[dict[str, Any]]()
    lines = [it for it in read(recording.read_text(encoding="utf-8")) if isinstance(it, Line)]
    for number, recorded in enumerate(lines):
        sim.sleep(max(recorded.at - sim.elapsed, 0))
        expected += [toolboxes[number % 2].call(call.name, call.arguments).content for call in recorded.calls]
    assert sorted(map(_comparable, told)) == sorted(map(_comparable, expected)), "what runs side by side ends in the order that the seed says"
    assert objects[-1]["event"] == "summary"


def _comparable(content: dict[str, Any]) -> str:
    """Leave out ids, which depend on how many were drawn before."""
    return json.dumps({name: value for name, value in content.items() if name not in ("workspace_id", "build_id", "workspace_name")}, sort_keys=True)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{", "not JSON"),
        ("[]", "the line: expected an object"),
        ('{"message": {}}', "chat: expected 1 to 255 characters of text"),
        ('{"chat": "", "message": {}}', "chat: expected 1 to 255 characters of text"),
        ('{"chat": "a"}', "message: expected an object"),
        ('{"chat": "a", "message": {}}', "message: expected tool_calls or function_call items (OpenAI), or a list of content blocks (Anthropic)"),
        ('{"chat": "a", "message": {"output": 7}}', "message.output: expected a list"),
        ('{"chat": "a", "message": {"output": [7]}}', "message.output[]: expected an object"),
        ('{"chat": "a", "message": {"output": [{"type": "function_call", "name": "n"}]}}', "message.output[].call_id: expected text"),
        ('{"chat": "a", "message": {"type": "function_call", "call_id": "c", "name": 7}}', "message.name: expected text"),
        (
            '{"chat": "a", "message": {"type": "function_call", "call_id": "c", "name": "n", "arguments": {}}}',
            "message.arguments: expected JSON text",
        ),
        ('{"chat": "a", "at": -1, "message": {"tool_calls": []}}', "at: expected seconds, 0 to a year of them"),
        ('{"chat": "a", "at": true, "message": {"tool_calls": []}}', "at: expected seconds, 0 to a year of them"),
        ('{"chat": "a", "at": 1e308, "message": {"tool_calls": []}}', "at: expected seconds, 0 to a year of them"),
        (r'{"chat": "a\u0000b", "message": {"tool_calls": []}}', "chat: expected 1 to 255 characters of text"),
        (r'{"chat": "\ud800", "message": {"tool_calls": []}}', "chat: expected 1 to 255 characters of text"),
        (
            r'{"chat": "a", "message": {"content": [{"type": "tool_use", "id": "\ud800", "name": "n", "input": {}}]}}',
            "message.content[].id: expected text",
        ),
        ('{"chat": "a", "message": {"tool_calls": 7}}', "message.tool_calls: expected a list"),
        ('{"chat": "a", "message": {"tool_calls": [7]}}', "message.tool_calls[]: expected an object"),
        ('{"chat": "a", "message": {"tool_calls": [{"id": "x"}]}}', "message.tool_calls[].function: expected an object"),
        (
            '{"chat": "a", "message": {"tool_calls": [{"id": "x", "function": {"name": "n", "arguments": {}}}]}}',
            "message.tool_calls[].function.arguments: expected JSON text",
        ),
        ('{"chat": "a", "message": {"tool_calls": [{"function": {"name": "n", "arguments": ""}}]}}', "message.tool_calls[].id: expected text"),
        ('{"chat": "a", "message": {"content": [7]}}', "message.content[]: expected an object"),
        (
            '{"chat": "a", "message": {"content": [{"type": "tool_use", "id": "x", "name": "n", "input": 7}]}}',
            "message.content[].input: expected an object",
        ),
    ],
)
def test_a_bad_line_is_told_with_its_number(text: str, problem: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is wrong with it, where, and the rest runs; the exit code tells a script."""
    path = tmp_path / "calls.jsonl"
    path.write_text("\n\n" + text + "\n" + line(openai(("list_templates", "{}"))) + "\n", encoding="utf-8")
    code, messages, told = run(capsys, path)
    assert code == 1
    assert f"{path}: line 3: {problem}" in told.splitlines()
    assert len(messages) == 1
    assert run(capsys, path, "--json")[1][0] == {"event": "unread", "line": 3, "problem": problem}


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_odd_lines_that_are_none_the_worse(options: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A refusal without tools, half a character, control characters, a byte order mark: all of it runs, and nothing moves a cursor."""
    path = tmp_path / "calls.jsonl"
    refusal = line({"role": "assistant", "content": None, "refusal": "I would rather not."})
    odd = line(openai(("list_templates", r'{"query": "\ud800\u001b"}')), chat="a\x1b[2J")
    path.write_text("\ufeff" + refusal + "\n" + odd + "\n", encoding="utf-8")
    code = main(["run", str(path), "--fast", *options])
    out, err = capsys.readouterr()
    assert code == 0
    assert all(json.loads(it) for it in out.splitlines())
    assert "\x1b" not in err
    (out + err).encode("utf-8")


def test_standard_input(recording: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A hyphen reads it, and the result is the same."""
    expected = run(capsys, recording)
    monkeypatch.setattr(sys, "stdin", io.StringIO(recording.read_text(encoding="utf-8")))
    assert run(capsys, Path("-")) == expected


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00"])
def test_a_file_that_cannot_be_read(content: bytes | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Missing, or no UTF-8: the file is named, and nothing runs."""
    path = tmp_path / "calls.jsonl"
    if content is not None:
        path.write_bytes(content)
    code, messages, told = run(capsys, path)
    assert (code, messages) == (2, [])
    assert told.startswith(f"chatworkspace run: {path}: ")
    code, (summary,), told = run(capsys, path, "--json")
    assert (code, summary["exit_code"], summary["error"]["reason"]) == (2, 2, "invalid_argument")
    assert [summary["error"]["message"], summary["error"]["next_step"]] == told.removeprefix("chatworkspace run: ").splitlines()


def test_parallel_calls_share_one_workspace(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Three creations in one message run side by side; one workspace comes of them, and the answers keep their order."""
    path = tmp_path / "calls.jsonl"
    path.write_text(line(openai(*[("create_workspace", json.dumps({"template_id": DOCKER}))] * 3)), encoding="utf-8")
    code, messages, told = run(capsys, path)
    assert code == 0
    assert [it["message"]["tool_call_id"] for it in messages] == ["call_0", "call_1", "call_2"]
    assert len({json.loads(it["message"]["content"])["workspace_id"] for it in messages}) == 1
    assert {it["at"] for it in messages} == {20}
    assert "duplicates: 0" in told


def test_what_is_read() -> None:
    """Vendor, calls and times of each line; a message without tools has none."""
    lines = list(read("\n".join([line(anthropic(("a", {"x": 1})), at=2.5), line({"role": "assistant", "content": "hi"}), "nonsense"])))
    first, second, third = lines
    assert isinstance(first, Line)
    assert isinstance(second, Line)
    assert (first.number, first.at, first.vendor, first.calls[0].name, first.calls[0].arguments) == (1, 2.5, Vendor.ANTHROPIC, "a", {"x": 1})
    assert second.calls == ()
    assert third == BadLine(number=3, problem="not JSON")


def test_a_recording_that_uses_the_workspace(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With --hands alone; commands are pretended, files are kept."""
    path = tmp_path / "hands.jsonl"
    given = [
        ("create_workspace", json.dumps({"template_id": DOCKER})),
        ("write_file", '{"path": "a.txt", "content": "one\\ntwo\\n"}'),
        ("read_file", '{"path": "a.txt", "offset": 2}'),
        ("execute", '{"command": "exit 3"}'),
    ]
    path.write_text("".join(line(openai(call), at=100 * number) + "\n" for number, call in enumerate(given)))
    code, told, _ = run(capsys, path, "--hands")
    assert code == 0
    said = [json.loads(it["message"]["content"]) for it in told]
    assert said[1:] == [
        {"ok": True, "bytes": 8, "advice": "nothing"},
        {"content": "two\n", "offset": 2, "lines": 1, "total_lines": 2, "advice": "nothing"},
        {"exit_code": 3, "output": "", "advice": "nothing"},
    ]
    _, told, _ = run(capsys, path)
    assert "expected one of list_templates" in told[3]["message"]["content"]
