"""What can be said to the command, and how quickly it answers who asks for help."""

from __future__ import annotations

import argparse
import json
import os
import re
import shlex
import subprocess
import sys

import pytest

import chatworkspace
import chatworkspace_cli
from chatworkspace_cli import _parser, main
from chatworkspace_cli._examples import EXAMPLES
from tests.packaging.runs import ROOT

COMMANDS = (
    "create",
    "start",
    "stop",
    "status",
    "follow",
    "attach",
    "detach",
    "templates",
    "exec",
    "why",
    "list",
    "close",
    "delete",
    "sweep",
    "purge",
    "doctor",
    "check",
    "mcp",
    "demo",
    "run",
    "simulator",
)
HELP = """
import sys
from chatworkspace_cli import main
try:
    main([{words}])
except SystemExit:
    print(*sorted({{name.partition(".")[0] for name in sys.modules}}), file=sys.stderr)
"""


def parsed(monkeypatch: pytest.MonkeyPatch, *words: str) -> argparse.Namespace:
    seen: list[argparse.Namespace] = []

    def ask(options: argparse.Namespace) -> int:
        seen.append(options)
        return 0

    monkeypatch.setattr(_parser, "_online", ask)
    assert main(words) == 0
    return seen[0]


@pytest.mark.parametrize("words", ["'--help'", "'--version'", "'create', '--help'", "'db', 'upgrade', '--help'", "'simulator', '--help'", "'dance'"])
def test_help_loads_no_driver(words: str) -> None:
    """Whoever asks for help waits for no HTTP, no database and no other adapter; whoever mistypes does not either."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, (ROOT, ROOT / "adapters")))}
    done = subprocess.run([sys.executable, "-c", HELP.format(words=words)], env=environment, check=True, capture_output=True, text=True)
    assert "chatworkspace" in done.stdout + done.stderr
    loaded = set(done.stderr.splitlines()[-1].split())
    assert "chatworkspace_cli" in loaded
    assert not loaded & {"backoff", "psycopg", "requests", "sqlite3", "urllib3", "websocket"}
    assert {name for name in loaded if name.startswith("chatworkspace_")} == {"chatworkspace_cli"}


def test_what_is_public() -> None:
    """The package has its main program and its version, and `dir()` shows no more."""
    assert dir(chatworkspace_cli) == ["__version__", "main"]
    assert chatworkspace_cli.__version__ == chatworkspace.__version__


def test_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    """That of the library, and the exit code of what is done."""
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"chatworkspace {chatworkspace.__version__}\n"


def test_help_names_every_command_and_code(capsys: pytest.CaptureFixture[str]) -> None:
    """In one page."""
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    told = capsys.readouterr().out
    assert all(f"    {command} " in told or f"    {command}\n" in told for command in COMMANDS)
    assert "  130  interrupted" in told


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("--", "uname", "-a"), ["uname", "-a"]),
        (("uname",), ["uname"]),
        (("--", "git", "checkout", "--", "file"), ["git", "checkout", "--", "file"]),
        (("git", "checkout", "--", "file"), ["git", "checkout", "--", "file"]),
        (("ls", "-la"), ["ls", "-la"]),
        (("--json", "ls", "--json", "--chat", "b"), ["ls", "--json", "--chat", "b"]),
        (("--timeout", "5", "ls", "--help"), ["ls", "--help"]),
        (("--", "--", "x"), ["--", "x"]),
        (("--", "--help"), ["--help"]),
    ],
)
def test_what_stands_behind_the_options_is_the_remote_commands(words: tuple[str, ...], expected: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever it looks like; two hyphens are needed only before what begins with one."""
    assert parsed(monkeypatch, "exec", "--chat", "a", *words).words == expected


@pytest.mark.parametrize("words", [words for _, lines in EXAMPLES.items() for words in lines])
def test_examples_are_understood(words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As help shows them, each with the command that shows it."""
    seen: list[argparse.Namespace] = []

    def note(options: argparse.Namespace) -> int:
        seen.append(options)
        return 0

    monkeypatch.setattr(_parser, "_online", note)
    monkeypatch.setattr(_parser, "_offline", note)
    assert main(shlex.split(words)) == 0
    assert len(seen) == 1


def test_every_command_says_what_it_does_and_shows_how(capsys: pytest.CaptureFixture[str]) -> None:
    """A sentence, and examples."""
    for command in (*COMMANDS, "db upgrade", "db backup"):
        with pytest.raises(SystemExit):
            main([*command.split(), "--help"])
        shown = capsys.readouterr().out
        assert re.search(r"\n\n[A-Z][^\n]{10,}", shown), command
        assert f"examples:\n  chatworkspace {command}" in shown


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("create", "--json", "--template", "docker"), "the following arguments are required: --chat"),
        (("status", "--chat", "a", "--json", "--wait", "long"), "argument --wait: invalid float value: 'long'"),
        (("dance", "--json"), "argument COMMAND: invalid choice: 'dance'"),
        (("templates", "--json", "--dance"), "unrecognized arguments: --dance"),
    ],
)
def test_words_that_are_not_understood_are_told_as_json_too(words: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Where JSON is asked for; people are told as ever."""
    for asked in (words, tuple(it for it in words if it != "--json")):
        with pytest.raises(SystemExit) as ended:
            main(asked)
        assert ended.value.code == 2
        out, err = capsys.readouterr()
        assert f"error: {message}" in err
        if asked is words:
            told = json.loads(out)
            assert (told["exit_code"], told["error"]["reason"]) == (2, "invalid_argument")
            assert told["error"]["message"].startswith(message)
            assert told["error"]["next_step"].endswith("--help` tells what can be said.")
        else:
            assert out == ""


def test_replace_with_and_without_an_id(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is there, or that one only."""
    asked = ("create", "--chat", "a", "--template", "docker")
    assert parsed(monkeypatch, *asked).replace is False
    assert parsed(monkeypatch, *asked, "--replace").replace is True
    assert parsed(monkeypatch, *asked, "--replace", "an-id").replace == "an-id"


@pytest.mark.parametrize("seconds", ["0", "-1", "inf", "nan", "soon"])
def test_a_timeout_that_is_none(seconds: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A finite number above 0."""
    with pytest.raises(SystemExit) as ended:
        main(["exec", "--chat", "a", "--timeout", seconds, "--", "ls"])
    assert ended.value.code == 2
    assert "--timeout: expected a finite number of seconds above 0" in capsys.readouterr().err
