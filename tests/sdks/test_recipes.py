"""The recipes of `docs/how-to/` run as written, with the vendors' own packages, over HTTP, against an endpoint that answers by a script.

Each conversation is the same: the model lists templates and starts a workspace that is not there, in parallel; creates one, calls a tool that nobody
has, and leaves a call unfinished; and says that it is done.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest

from chatworkspace import ChatWorkspaces, State
from chatworkspace_fake import FakeCoder, MemoryStore
from chatworkspace_fake._platform.states import ORGANIZATION, OWNER
from tests.docs.pages import blocks
from tests.sdks.endpoint import Endpoint, Json, serving

pytestmark = pytest.mark.sdks

CHAT = "thread-42"
DONE = "All tests pass."


class Talk:
    """A chat over a platform in memory, and the words of a model in it."""

    def __init__(self) -> None:
        self.coder = FakeCoder()
        docker = self.coder.add_template("docker")
        self.workspaces = ChatWorkspaces(store=MemoryStore(), creator=self.coder, dialer=self.coder)
        self.workspaces.open_chat(CHAT, owner_id=OWNER, organization_id=ORGANIZATION)
        self.created = {"template_id": str(docker.id)}
        self.turns: list[list[tuple[str, Json]]] = [
            [("list_templates", {}), ("start_workspace", {})],
            [("create_workspace", self.created)],
            [],
        ]

    def run(self, recipe: str, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
        """Run a block of code; return its names, once it has printed what the model said last."""
        names: dict[str, Any] = {"workspaces": self.workspaces}
        exec(compile(recipe, "docs/how-to", "exec"), names)  # noqa: S102 # our own page
        assert capsys.readouterr().out == f"{DONE}\n"
        assert self.workspaces.status(CHAT).state is State.READY
        assert len(self.coder.workspaces) == 1
        return names


@pytest.fixture
def talk() -> Iterator[Talk]:
    it = Talk()
    yield it
    it.workspaces.close()


@contextmanager
def answering(answers: list[Json], monkeypatch: pytest.MonkeyPatch) -> Generator[Endpoint, None, None]:
    """Serve them where the packages look by themselves."""
    with serving(answers) as endpoint:
        for vendor, path in (("OPENAI", "/v1"), ("ANTHROPIC", "")):
            monkeypatch.setenv(f"{vendor}_API_KEY", "a-key")
            monkeypatch.setenv(f"{vendor}_BASE_URL", endpoint.url + path)
        yield endpoint


# ------------------------------------------------------------------ what the endpoints say

USAGE = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
UNKNOWN: Sequence[tuple[str, Json]] = [("teleport", {})]
MISTAKES = [("teleport", "{}"), ("stop_workspace", '{"template_id": "e8')]
"""A tool that nobody has, and a call that was cut off."""


def completions(talk: Talk, *, odd: bool = True) -> list[Json]:
    """Return what Chat Completions answer. odd: with calls that are the model's mistakes."""
    answers: list[Json] = []
    for number, turn in enumerate(talk.turns):
        asked = [(name, json.dumps(given)) for name, given in turn] + (MISTAKES if odd and number == 1 else [])
        made = [
            {"id": f"call_{number}{at}", "type": "function", "function": {"name": name, "arguments": text}} for at, (name, text) in enumerate(asked)
        ]
        message = {"role": "assistant", "content": None, "tool_calls": made} if made else {"role": "assistant", "content": DONE}
        choice = {"index": 0, "finish_reason": "tool_calls" if made else "stop", "message": message, "logprobs": None}
        base = {"id": f"chatcmpl-{number}", "object": "chat.completion", "created": 1, "model": "gpt-5.5", "usage": USAGE}
        answers.append(base | {"choices": [choice]})
    return answers


def responses(talk: Talk, *, odd: bool = True) -> list[Json]:
    """Return what the Responses API answers."""
    answers: list[Json] = []
    for number, turn in enumerate(talk.turns):
        asked = [(name, json.dumps(given)) for name, given in turn] + (MISTAKES if odd and number == 1 else [])
        items: list[Json] = [{"type": "reasoning", "id": f"rs_{number}", "summary": []}]
        items += [
            {
                "type": "function_call",
                "id": f"fc_{number}{at}",
                "call_id": f"call_{number}{at}",
                "name": name,
                "arguments": text,
                "status": "completed",
            }
            for at, (name, text) in enumerate(asked)
        ]
        if not turn:
            content: list[Json] = [{"type": "output_text", "text": DONE, "annotations": []}]
            items.append({"type": "message", "id": f"msg_{number}", "role": "assistant", "status": "completed", "content": content})
        base = {"id": f"resp_{number}", "object": "response", "created_at": 1, "model": "gpt-5.5", "status": "completed"}
        answers.append(base | {"output": items, "parallel_tool_calls": True, "tool_choice": "auto", "tools": []})
    return answers


def messages(talk: Talk) -> list[Json]:
    """Return what Anthropic's Messages API answers. Its arguments are no text, and so are never cut off."""
    answers: list[Json] = []
    for number, turn in enumerate(talk.turns):
        asked = [*turn, *UNKNOWN] if number == 1 else turn
        content: list[Json] = [{"type": "text", "text": DONE if not asked else "Let me see."}]
        content += [{"type": "tool_use", "id": f"toolu_{number}{at}", "name": name, "input": given} for at, (name, given) in enumerate(asked)]
        base = {"id": f"msg_{number}", "type": "message", "role": "assistant", "model": "claude-sonnet-5", "stop_sequence": None}
        usage = {"input_tokens": 1, "output_tokens": 1}
        answers.append(base | {"content": content, "stop_reason": "tool_use" if asked else "end_turn", "usage": usage})
    return answers


# ------------------------------------------------------------------ the recipes


def test_openai_chat_completions(talk: Talk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Each call of a message is answered by a message with its id, before the model is asked again; what it does wrong is told to it."""
    chat, _ = blocks("docs/how-to/openai.md", "python")
    with answering(completions(talk), monkeypatch) as endpoint:
        talk.run(chat, capsys)
    assert endpoint.paths == ["/v1/chat/completions"] * 3
    assert endpoint.asked[0]["tools"] == talk.workspaces.toolbox(CHAT).specs("openai")
    _, asked, listed, started, _, created, unknown, cut_off = endpoint.asked[2]["messages"]
    assert [it["id"] for it in asked["tool_calls"]] == ["call_00", "call_01"] == [listed["tool_call_id"], started["tool_call_id"]]
    assert json.loads(listed["content"])["templates"][0]["name"] == "docker"
    assert json.loads(started["content"])["reason"] == "no_workspace"
    assert json.loads(created["content"])["created"] is True
    assert [json.loads(it["content"])["error"].partition(":")[0] for it in (unknown, cut_off)] == ["name", "arguments"]


def test_openai_responses(talk: Talk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Each call is answered by an item with its id; the rest of the conversation the vendor keeps."""
    _, recipe = blocks("docs/how-to/openai.md", "python")
    with answering(responses(talk), monkeypatch) as endpoint:
        talk.run(recipe, capsys)
    assert endpoint.paths == ["/v1/responses"] * 3
    assert endpoint.asked[0]["tools"] == talk.workspaces.toolbox(CHAT).specs("openai-responses")
    assert [it.get("previous_response_id") for it in endpoint.asked] == [None, "resp_0", "resp_1"]
    told = [[(it["type"], it["call_id"]) for it in asked["input"]] for asked in endpoint.asked[1:]]
    assert told == [[("function_call_output", f"call_{number}{at}") for at in range(count)] for number, count in enumerate((2, 3))]
    created, unknown, cut_off = (json.loads(it["output"]) for it in endpoint.asked[2]["input"])
    assert created["created"] is True
    assert [it["error"].partition(":")[0] for it in (unknown, cut_off)] == ["name", "arguments"]


def test_anthropic(talk: Talk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """One message with a result for each call; errors are marked as such."""
    (recipe,) = blocks("docs/how-to/anthropic.md", "python")
    with answering(messages(talk), monkeypatch) as endpoint:
        talk.run(recipe, capsys)
    assert endpoint.paths == ["/v1/messages"] * 3
    assert endpoint.asked[0]["tools"] == talk.workspaces.toolbox(CHAT).specs("anthropic")
    _, asked, told, _, told_then = endpoint.asked[2]["messages"]
    assert [it["id"] for it in asked["content"][1:]] == ["toolu_00", "toolu_01"]
    results = [(it["tool_use_id"], it["is_error"]) for message in (told, told_then) for it in message["content"]]
    assert results == [("toolu_00", False), ("toolu_01", True), ("toolu_10", False), ("toolu_11", True)]
    assert json.loads(told_then["content"][0]["content"])["created"] is True


def test_langchain(talk: Talk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The agent of LangChain, which is a graph of LangGraph: results come back by their ids, and errors have the status of such."""
    recipe, _ = blocks("docs/how-to/langchain.md", "python")
    with answering(completions(talk, odd=False), monkeypatch) as endpoint:
        names = talk.run(recipe, capsys)
    told = {it.tool_call_id: it for it in names["state"]["messages"] if it.type == "tool"}
    assert {call: it.status for call, it in told.items()} == {"call_00": "success", "call_01": "error", "call_10": "success"}
    assert json.loads(told["call_01"].content)["reason"] == "no_workspace"
    assert json.loads(told["call_10"].content)["created"] is True
    asked = {it["function"]["name"]: it["function"] for it in endpoint.asked[0]["tools"]}
    specs = talk.workspaces.toolbox(CHAT).specs("anthropic")
    assert {name: it["description"] for name, it in asked.items()} == {spec["name"]: spec["description"] for spec in specs}
    assert [asked[spec["name"]]["parameters"]["properties"] for spec in specs] == [spec["input_schema"]["properties"] for spec in specs]


def test_a_graph_of_ones_own(talk: Talk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The node answers the calls of a message in LangGraph's own threads, in order, and an error is one."""
    recipe, node = blocks("docs/how-to/langchain.md", "python")
    with answering(completions(talk, odd=False), monkeypatch):
        names = talk.run(recipe, capsys)
    imports = "from langgraph.graph import MessagesState, StateGraph\nfrom langchain_core.messages import AIMessage\n"
    exec(compile(node + imports, "docs/how-to", "exec"), names)  # noqa: S102 # our own page
    graph = names["StateGraph"](names["MessagesState"]).add_node("tools", names["node"]).set_entry_point("tools").compile()
    calls: list[Json] = [
        {"name": "stop_workspace", "args": {}, "id": "a"},
        {"name": "create_workspace", "args": {"template_id": "docker"}, "id": "b"},
    ]
    *_, stopped, refused = graph.invoke({"messages": [names["AIMessage"]("", tool_calls=calls)]})["messages"]
    assert (stopped.tool_call_id, stopped.status, json.loads(stopped.content)["stopped"]) == ("a", "success", True)
    assert (refused.tool_call_id, refused.status, json.loads(refused.content)["reason"]) == ("b", "error", "invalid_argument")


def test_pydantic_ai(talk: Talk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Results come back by their ids; a failed tool is told as one, and the run goes on."""
    (recipe,) = blocks("docs/how-to/pydantic-ai.md", "python")
    with answering(responses(talk, odd=False), monkeypatch) as endpoint:
        names = talk.run(recipe, capsys)
    assert [tool.name for tool in names["tools"]] == [it["name"] for it in talk.workspaces.toolbox(CHAT).specs("mcp")]
    assert {it["name"]: it["description"] for it in endpoint.asked[0]["tools"]} == {tool.name: tool.description for tool in names["tools"]}
    told = {it["call_id"]: it["output"] for asked in endpoint.asked[1:] for it in asked["input"] if it.get("type") == "function_call_output"}
    assert set(told) == {"call_00", "call_01", "call_10"}
    assert "no_workspace" in told["call_01"]
    assert json.loads(told["call_10"])["created"] is True
