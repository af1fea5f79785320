"""The tools that use the workspace: offered where the host asks for them, and by the way of connect()."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from chatworkspace import Cancel, ClosedError, InvalidArgumentError, Reason, ToolResult, UnavailableError
from chatworkspace._domain.arguments import HANDS
from chatworkspace._tools.hands import seconds_of
from chatworkspace._tools.vendors import FORMS
from chatworkspace.ports import Completed
from chatworkspace_fake import FakeCoder, FakeCommand
from chatworkspace_fake._platform.connections import FakeConnection
from tests.docs.pages import blocks
from tests.toolbox.hands import Hands, broken
from tests.toolbox.kitchen import Kitchen


def test_they_are_offered_only_where_they_are_asked_for() -> None:
    """Each by its name, in every form; a call of another is as of a tool that is not there."""
    kitchen = Kitchen()
    for form in FORMS:
        assert len(kitchen.toolbox.specs(form)) == 5
        assert len(Hands(create=False, tools=("execute",)).toolbox.specs(form)) == 6
    names = [it["name"] for it in Hands(create=False).toolbox.specs("mcp")]
    assert names[5:] == ["execute", "read_file", "write_file"]
    assert kitchen.result("execute", command="id").is_error
    assert Hands(tools=("read_file",)).call("execute", command="id")["error"].startswith("name: expected one of list_templates")


@pytest.mark.parametrize("tools", ["execute", ["nothing"], 1, [1]])
def test_what_is_no_hand(tools: Any) -> None:
    """Is told by the argument's name."""
    with pytest.raises(InvalidArgumentError) as caught:
        Kitchen().sim.workspaces.toolbox("chat-1", tools=tools)
    assert caught.value.argument == "tools"


class Open(FakeCoder):
    """A platform whose agents are no sandbox."""

    sandboxed = False


def test_what_is_no_sandbox_needs_the_hosts_word() -> None:
    """Whichever hand it is; the five tools need none."""
    kitchen = Kitchen(coder=Open)
    kitchen.sim.workspaces.toolbox("chat-1")
    for hand in HANDS:
        with pytest.raises(InvalidArgumentError) as caught:
            kitchen.sim.workspaces.toolbox("chat-1", tools=[hand])
        assert caught.value.argument == "allow_unsandboxed"
        assert kitchen.sim.workspaces.toolbox("chat-1", tools=[hand], allow_unsandboxed=True).specs("openai")[5]["function"]["name"] == hand


# ------------------------------------------------------------------ commands


def test_a_command(tmp_path: Path) -> None:
    """Its exit code and output, and where it ran if that was said."""
    kitchen = Hands(tmp_path)
    assert kitchen.call("execute", command="echo one; exit 3") == {"exit_code": 3, "output": "one\n", "advice": "nothing"}
    kitchen.call("execute", command="mkdir folder")
    assert kitchen.call("execute", command="basename $PWD", workdir="folder") == {
        "exit_code": 0,
        "output": "folder\n",
        "workdir": "folder",
        "advice": "nothing",
    }


def test_each_call_goes_the_way_of_connect() -> None:
    """A look and a dial, another look, and the workspace counts as used."""
    kitchen = Hands()
    for name, arguments in (("execute", {"command": "id"}), ("write_file", {"path": "a", "content": ""}), ("read_file", {"path": "a"})):
        before = len(kitchen.coder.calls)
        assert not kitchen.result(name, **arguments).is_error
        assert kitchen.coder.calls[before:] == ("get_workspace", "dial", "get_workspace", "record_use")


def test_without_a_workspace() -> None:
    """The model is told what to do, as by connect()."""
    kitchen = Hands(create=False)
    for name, arguments in (("execute", {"command": "id"}), ("read_file", {"path": "a"}), ("write_file", {"path": "a", "content": "b"})):
        result = kitchen.result(name, **arguments)
        assert result.is_error
        assert result.content["next_step"] == "The chat has no workspace. One can be created if the user wants one."


def test_a_stopped_workspace() -> None:
    """Is started only if somebody wants that; then the hands work again."""
    kitchen = Hands()
    kitchen.call("stop_workspace")
    told = kitchen.call("execute", command="id")
    assert (told["reason"], told["advice"]) == ("not_running", "ask_user")
    kitchen.call("start_workspace")
    assert kitchen.call("execute", command="id")["exit_code"] == 0


def test_a_lot_of_output(tmp_path: Path) -> None:
    """The middle is left out, and the whole result has a budget."""
    result = Hands(tmp_path).result("execute", command="seq 1 1000000; printf '\"%.0s' $(seq 1 20000)", timeout="5m")
    lines = result.content["output"].splitlines()
    assert (lines[0], result.content["truncated"]) == ("1", True)
    assert any("bytes are left out here" in line for line in lines)
    assert len(result.text.encode()) < 50_000


def test_a_command_that_takes_too_long(tmp_path: Path) -> None:
    """Is ended; what it had said is told."""
    result = Hands(tmp_path).result("execute", command="echo begun; sleep 60", timeout="500ms")
    assert result.is_error
    assert (result.content["timed_out"], result.content["output"]) == (True, "begun\n")
    assert result.content["error"] == "the command did not end within 0.5 s, and was ended"


@pytest.mark.parametrize(
    ("timeout", "seconds"),
    [
        ("", 10),
        ("30", 30),
        ("1.5", 1.5),
        ("500ms", 0.5),
        ("5m", 300),
        (" 1H30M ", 5400),
        ("1h 0.5m 3s", 3633),
        ("4h", 14400),
        ("9h", 14400),
        ("999999999h", 14400),
    ],
)
def test_a_timeout(timeout: str, seconds: float) -> None:
    """Parts with units, or seconds; what is beyond four hours is four hours, so that a model need not ask twice."""
    assert seconds_of(timeout) == seconds


@pytest.mark.parametrize("timeout", ["0s", "0", "soon", "1d", "-1s", "nan", "1h 30", "m", "5mm", "1e3s"])
def test_a_timeout_that_is_none(timeout: str) -> None:
    """Is told with what was expected, and nothing is dialled."""
    kitchen = Hands()
    before = kitchen.coder.calls
    result = kitchen.result("execute", command="id", timeout=timeout)
    assert (result.is_error, kitchen.coder.calls) == (True, before)
    assert result.content["error"].startswith("timeout: expected a duration")


def test_a_command_is_asked_for_as_it_was_written() -> None:
    """With its limit of time, and without input."""
    seen: list[FakeCommand] = []

    def answer(command: str) -> Completed:
        assert isinstance(command, FakeCommand)
        seen.append(command)
        return Completed(exit_code=0, output="\x1b[31mred\x1b[0m\u202e")

    kitchen = Hands()
    kitchen.coder.on_run = answer
    assert kitchen.call("execute", command="  make\n", timeout="2m", workdir="src")["output"] == "red"
    assert [(str(it), it.timeout, it.cwd, it.stdin) for it in seen] == [("  make\n", 120.0, "src", b"")]


def test_a_command_is_cancelled(tmp_path: Path) -> None:
    """By what cancels all calls of the toolbox."""
    kitchen, cancel = Hands(tmp_path), Cancel()
    cancel.cancel()
    toolbox = kitchen.sim.workspaces.toolbox("chat-1", tools=["execute"], cancel=cancel)
    assert toolbox.call("execute", {"command": "touch ran"}).is_error
    assert not list(tmp_path.rglob("ran"))


# ------------------------------------------------------------------ files


@pytest.mark.parametrize("real", [True, False], ids=["in a shell", "in memory"])
def test_a_file(tmp_path: Path, real: bool) -> None:  # noqa: FBT001
    """Is written as it stands, and read by its lines."""
    kitchen = Hands(tmp_path if real else None)
    text = "".join(f"\tline {number} ä\n" for number in range(1, 2501))
    assert kitchen.call("write_file", path="src/a b.py", content=text) == {"ok": True, "bytes": len(text.encode()), "advice": "nothing"}
    told = kitchen.call("read_file", path="src/a b.py", limit=2)
    assert told == {"content": "\tline 1 ä\n\tline 2 ä\n", "offset": 1, "lines": 2, "total_lines": 2500, "next_offset": 3, "advice": "nothing"}
    rest, offset = "", 1
    while offset:
        result = kitchen.result("read_file", path="src/a b.py", offset=offset)
        assert len(result.text.encode()) < 50_000
        rest, offset = rest + result.content["content"], result.content.get("next_offset", 0)
    assert rest == text


def test_an_empty_file() -> None:
    """May be written, and has no lines."""
    kitchen = Hands()
    assert kitchen.call("write_file", path="a", content="") == {"ok": True, "bytes": 0, "advice": "nothing"}
    assert kitchen.call("read_file", path="a") == {"content": "", "offset": 1, "lines": 0, "total_lines": 0, "advice": "nothing"}


def test_a_line_that_is_longer_than_a_result() -> None:
    """Is shown as far as there is room."""
    kitchen = Hands()
    kitchen.call("write_file", path="a", content="ä" * 100_000 + "\nend")
    told = kitchen.call("read_file", path="a")
    assert (told["next_offset"], told["total_lines"]) == (2, 2)
    assert "bytes are left out here" in told["content"]
    assert kitchen.call("read_file", path="a", offset=2)["content"] == "end"


def test_lines_are_those_of_other_tools() -> None:
    """A newline ends one, and nothing else does; where what cannot be shown is left out, that is said."""
    kitchen = Hands()
    kitchen.call("write_file", path="a", content="one\r\ntwo\x0c\x1c\u2028 still\nthree\n")
    told = kitchen.call("read_file", path="a")
    assert (told["total_lines"], told["characters_left_out"]) == (3, True)
    assert kitchen.call("read_file", path="a", offset=3) == {"content": "three\n", "offset": 3, "lines": 1, "total_lines": 3, "advice": "nothing"}


def _error(result: ToolResult) -> str:
    assert result.is_error
    return str(result.content["error"])


def test_files_that_cannot_be_had(tmp_path: Path) -> None:
    """Each is told why: it is not there, it is no text, it has no such line, it is too large."""
    kitchen = Hands(tmp_path)
    assert "No such file" in _error(kitchen.result("read_file", path="nowhere"))
    kitchen.call("execute", command="printf '\\377' >binary; printf 'a\\000b' >zero; head -c 1048577 /dev/zero >large; echo >line")
    assert "UTF-8" in _error(kitchen.result("read_file", path="binary"))
    assert "UTF-8" in _error(kitchen.result("read_file", path="zero"))
    assert "1,048,576" in _error(kitchen.result("read_file", path="large"))
    assert "offset" in _error(kitchen.result("read_file", path="line", offset=3))
    assert "required" in _error(kitchen.result("read_file", path=""))
    assert "content" in _error(kitchen.result("write_file", path="a"))


def test_a_file_of_a_mebibyte(tmp_path: Path) -> None:
    """May be written, from the JSON that a model writes; one byte more may not."""
    kitchen = Hands(tmp_path)
    text = "\u0001é\n" * (2**20 // 4)
    result = kitchen.toolbox.call("write_file", json.dumps({"path": "large", "content": text}))
    assert result.content == {"ok": True, "bytes": 2**20, "advice": "nothing"}
    assert next(tmp_path.rglob("large")).read_bytes() == text.encode()
    assert "1048576 bytes" in _error(kitchen.result("write_file", path="large", content=text + "ä"))


# ------------------------------------------------------------------ what breaks


def advice_of(kitchen: Hands, name: str, **arguments: Any) -> tuple[str, str]:
    """Return what a model is told to do, and what the matter is."""
    told = kitchen.call(name, **arguments)
    return told["advice"], told.get("reason", "")


def test_a_command_whose_connection_breaks() -> None:
    """Nobody is told to run it again unseen; what breaks again and again is started anew once, and is an administrator's then."""
    kitchen = Hands()
    kitchen.coder.on_run = broken
    told = kitchen.call("execute", command="make install")
    assert (told["advice"], told["reason"]) == ("nothing", "connect_failed")
    assert told["next_step"].endswith("See what it has done before you run it again.")
    assert told["error"] == "the terminal broke before the command ended: make install"
    assert advice_of(kitchen, "execute", command="true") == ("stop_then_start", "connect_failed")
    kitchen.call("stop_workspace")
    kitchen.sim.sleep(5)
    kitchen.call("start_workspace")
    assert [advice_of(kitchen, "execute", command="true")[0] for _ in range(2)] == ["nothing", "ask_administrator"]


def test_a_file_whose_connection_breaks(monkeypatch: pytest.MonkeyPatch) -> None:
    """It may be read or written once more, after a moment; what works in between has not failed twice."""
    kitchen = Hands()
    for _ in range(3):
        with monkeypatch.context() as patched:
            patched.setattr(FakeConnection, "read_file", broken_file)
            told = kitchen.call("read_file", path="a")
            assert (told["advice"], told["reason"], told["retry_after"]) == ("call_again", "connect_failed", 2)
        assert kitchen.call("write_file", path="a", content="b")["advice"] == "nothing"


def broken_file(*given: object, **more: object) -> bytes:
    """Read no file."""
    del given, more
    raise UnavailableError("the connection broke")


def test_a_connection_that_breaks_as_the_workspace_is_stopped() -> None:
    """That is told, not that the connection broke."""
    kitchen = Hands()

    def stopped(command: str) -> str:
        kitchen.coder.workspaces[0].stop()
        return broken(command)

    kitchen.coder.on_run = stopped
    assert advice_of(kitchen, "execute", command="true") == ("ask_user", "not_running")


def test_a_command_that_is_cancelled_has_not_broken() -> None:
    """Whoever cancels it knows."""
    kitchen = Hands()

    def cancelled(command: str) -> str:
        raise UnavailableError(command, reason=Reason.INTERRUPTED)

    kitchen.coder.on_run = cancelled
    assert [advice_of(kitchen, "execute", command="true")[1] for _ in range(2)] == ["interrupted", "interrupted"]
    kitchen.coder.on_run = broken
    assert advice_of(kitchen, "execute", command="true")[0] == "nothing"


# ------------------------------------------------------------------ the page

OFFER, USE, TEST = blocks("docs/how-to/hands.md", "python")


def test_the_page_is_as_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its blocks run, one after the other, over a simulated platform with a real shell."""
    kitchen = Hands(tmp_path)
    names: dict[str, Any] = {"workspaces": kitchen.sim.workspaces, "chat_id": "chat-1", "folder": tmp_path}
    exec(compile(OFFER, "docs/how-to/hands.md", "exec"), names)  # noqa: S102 # our own page
    assert names["result"].content == {"exit_code": 0, "output": "3\n", "advice": "nothing"}
    exec(compile(USE, "docs/how-to/hands.md", "exec"), names)  # noqa: S102 # as above
    assert capsys.readouterr().out == "1\n2\n3\n0\n"
    exec(compile(TEST, "docs/how-to/hands.md", "exec"), names)  # noqa: S102 # as above
    names["test_my_agent"](tmp_path)


# ------------------------------------------------------------------ ended from outside


def test_an_adapter_that_does_not_say_why() -> None:
    """What breaks because the chat was interrupted is told as that; after close() as with any other call."""
    kitchen = Hands()

    def interrupted(_: str) -> Completed:
        kitchen.sim.workspaces.interrupt("chat-1")
        raise UnavailableError("the connection broke")

    kitchen.coder.on_run = interrupted
    told = kitchen.result("execute", command="id", workdir="src")
    assert (told.is_error, told.content["reason"], told.content["workdir"]) == (True, "interrupted", "src")
    assert told.content["next_step"].startswith("It may have done a part of what it was to do.")

    def closed(_: str) -> Completed:
        kitchen.sim.workspaces.close()
        raise UnavailableError("the connection broke")

    kitchen.coder.on_run = closed
    with pytest.raises(ClosedError):
        kitchen.result("execute", command="id")
