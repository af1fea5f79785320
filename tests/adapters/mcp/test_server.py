"""What a user of chatworkspace_mcp meets first, and what needs no client: names, arguments, and an installation without the protocol's package."""

from __future__ import annotations

import inspect
import pydoc
import re
import sys
from typing import Any

import pytest

import chatworkspace
import chatworkspace_mcp
from chatworkspace import Cancel, InvalidArgumentError
from chatworkspace_cli import main
from chatworkspace_fake import FakeCommand, Simulation
from chatworkspace_mcp import ChatServer


def test_the_names_are_those_that_are_meant() -> None:
    """By a star, by what an editor offers, and each of them is there."""
    assert dir(chatworkspace_mcp) == sorted(chatworkspace_mcp.__all__) == chatworkspace_mcp.__all__
    assert all(hasattr(chatworkspace_mcp, name) for name in chatworkspace_mcp.__all__)
    assert chatworkspace_mcp.__version__ == chatworkspace.__version__


def test_help_tells_how_to_begin_and_every_argument() -> None:
    """`python -m pydoc` has lines to copy."""
    shown = pydoc.plain(pydoc.render_doc(chatworkspace_mcp))
    assert re.search(r"^        server = ChatServer\(", shown, re.MULTILINE)
    told = inspect.getdoc(ChatServer.__init__) or ""
    assert all(re.search(rf"\b{name}: ", told) for name in inspect.signature(ChatServer).parameters)


CHAT: dict[str, Any] = {"chat_id": "chat-1"}
BAD: list[tuple[dict[str, Any], str]] = [
    ({"chat_id": ""}, "chat_id: expected 1 to 255 characters of text"),
    ({"chat_id": 7}, "chat_id: expected 1 to 255 characters of text"),
    ({"wait": None}, "wait: expected a finite number of seconds of at least 0"),
    ({"wait": float("inf")}, "wait: expected a finite number of seconds of at least 0"),
    ({"wait": -1}, "wait: expected a finite number of seconds of at least 0"),
    ({"wait": True}, "wait: expected a finite number of seconds of at least 0"),
    ({"threads": 0}, "threads: expected a whole number of at least 1"),
    ({"threads": 2.0}, "threads: expected a whole number of at least 1"),
    ({"prepare": "open"}, "prepare: expected a function or None"),
    ({"tools": "execute"}, "tools: expected a collection of execute, read_file, write_file"),
    ({"tools": ["nothing"]}, "tools: expected a collection of execute, read_file, write_file"),
    ({"allow_unsandboxed": 1}, "allow_unsandboxed: expected True or False"),
    ({"env": "CI=1"}, "env: expected a mapping of names to values, both text"),
]


@pytest.mark.parametrize(("given", "said"), BAD)
def test_a_bad_argument_is_told_where_it_comes_in(given: dict[str, Any], said: str) -> None:
    """By its name, and with what is expected."""
    with pytest.raises(InvalidArgumentError) as caught:
        ChatServer(**{**CHAT, **given})
    assert str(caught.value) == said


def test_variables_of_commands() -> None:
    """Are those of the toolbox, and shown by nothing that the server is made of."""
    sim, seen = Simulation(), list[str]()

    def answer(command: str) -> str:
        assert isinstance(command, FakeCommand)
        seen.append(command.env["TOKEN"])
        return ""

    sim.coder.on_run = answer
    sim.open_chat("chat-1")
    sim.workspaces.create("chat-1", sim.coder.add_template("docker").id)
    server = ChatServer("chat-1", tools=["execute"], env={"TOKEN": "sesame-4711"})
    assert not server._chat.call(sim.workspaces, "execute", {"command": "true"}, 10, Cancel()).is_error
    assert seen == ["sesame-4711"]
    assert "sesame" not in repr(vars(server))


def test_what_is_no_library_is_told() -> None:
    """Before anything is read."""
    with pytest.raises(InvalidArgumentError, match="workspaces: expected a ChatWorkspaces"):
        ChatServer("chat-1").serve_stdio("workspaces")  # type: ignore[arg-type] # pyright: ignore[reportArgumentType] # that is the test


@pytest.fixture
def without_mcp(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have an installation without the extra."""
    for name in [
        it for it in sys.modules if it.partition(".")[0] in {"mcp", "mcp_types"} or it in {"chatworkspace_mcp._stdio", "chatworkspace_mcp._calls"}
    ]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "mcp", None)


@pytest.mark.usefixtures("without_mcp")
def test_without_the_package_it_says_what_to_install() -> None:
    """In a program of one's own."""
    with pytest.raises(ImportError, match=re.escape("pip install 'chatworkspace[mcp]'")):
        ChatServer("chat-1").serve_stdio(Simulation().workspaces)


@pytest.mark.usefixtures("without_mcp")
def test_the_command_says_what_to_install(tmp_path: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """And ends as with any setting that is wrong; nothing is on standard output."""
    monkeypatch.setenv("CODER_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("CODER_SESSION_TOKEN", "canary0123-abcdefghijklmnopqrstuv")
    assert main(["mcp", "--store", f"sqlite://{tmp_path}/chats.db"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "chatworkspace mcp: mcp: expected the package of that name: pip install 'chatworkspace[mcp]'" in err.splitlines()


@pytest.mark.parametrize(("option", "value"), [("--wait", "-1"), ("--wait", "inf"), ("--wait", "soon"), ("--threads", "0"), ("--threads", "1.5")])
def test_an_option_that_is_wrong(option: str, value: str, capsys: pytest.CaptureFixture[str]) -> None:
    """It is told before anything is begun."""
    with pytest.raises(SystemExit) as ended:
        main(["mcp", option, value])
    assert ended.value.code == 2
    assert f"argument {option}: expected a " in capsys.readouterr().err
