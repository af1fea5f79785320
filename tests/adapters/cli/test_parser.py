"""What can be said to the command, and how quickly it answers who asks for help."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys

import pytest

import chatworkspace
import chatworkspace_cli
from chatworkspace_cli import _parser, main
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
    "sweep",
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
        (("--", "--help"), ["--help"]),
    ],
)
def test_what_stands_behind_two_hyphens_is_the_remote_commands(words: tuple[str, ...], expected: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever it looks like."""
    assert parsed(monkeypatch, "exec", "--chat", "a", *words).words == expected


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
