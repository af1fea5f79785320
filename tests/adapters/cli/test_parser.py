"""What can be said to the command, and how quickly it answers who asks for help."""

from __future__ import annotations

import argparse
import errno
import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from chatworkspace_cli import _parser as cli
from chatworkspace_cli._codes import Code
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
    "demo",
    "run",
    "simulator",
)
HELP = """
import sys
from chatworkspace_cli import _parser as cli
try:
    cli.main([{words}])
except SystemExit:
    print(*sorted({{name.partition(".")[0] for name in sys.modules}}), file=sys.stderr)
"""


def parsed(monkeypatch: pytest.MonkeyPatch, *words: str) -> argparse.Namespace:
    seen: list[argparse.Namespace] = []

    def ask(options: argparse.Namespace) -> int:
        seen.append(options)
        return 0

    monkeypatch.setattr(cli, "_ask", ask)
    assert cli.main(words) == 0
    return seen[0]


@pytest.mark.parametrize("words", ["'--help'", "'create', '--help'"])
def test_help_loads_no_driver(words: str) -> None:
    """Whoever asks for help waits for no HTTP, no database and no adapter."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, (ROOT, ROOT / "adapters")))}
    done = subprocess.run([sys.executable, "-c", HELP.format(words=words)], env=environment, check=True, capture_output=True, text=True)
    assert "usage: chatworkspace" in done.stdout
    loaded = {"requests", "urllib3", "psycopg", "sqlite3", "websocket", "chatworkspace_coder", "chatworkspace_fake", "chatworkspace_sqlite"}
    assert not loaded & set(done.stderr.split())


def test_help_names_every_command_and_code(capsys: pytest.CaptureFixture[str]) -> None:
    """In one page."""
    with pytest.raises(SystemExit) as ended:
        cli.main(["--help"])
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
        cli.main(["exec", "--chat", "a", "--timeout", seconds, "--", "ls"])
    assert ended.value.code == 2
    assert "--timeout: expected a finite number of seconds above 0" in capsys.readouterr().err


def test_ctrl_c_before_anything_began(monkeypatch: pytest.MonkeyPatch) -> None:
    """The code of an interruption, and no traceback."""

    def ask(_: argparse.Namespace) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "_ask", ask)
    assert cli.main(["templates"]) == Code.INTERRUPTED


@pytest.mark.parametrize(
    ("failure", "told"),
    [(BrokenPipeError(errno.EPIPE, "Broken pipe"), ""), (OSError(errno.ENOSPC, "No space left on device"), "No space left on device")],
    ids=["no reader", "full disk"],
)
def test_output_that_nobody_takes(
    failure: OSError, told: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As with `| head`: the command ends without a traceback, and what is still to be written goes nowhere. A full disk is named."""

    class Gone(io.StringIO):
        """A stream that takes nothing."""

        def fileno(self) -> int:
            """Return a descriptor that may be replaced."""
            return file.fileno()

        def flush(self) -> None:
            """Find that out."""
            raise failure

    def ask(_: argparse.Namespace) -> int:
        return 0

    with (tmp_path / "out").open("w") as file:
        monkeypatch.setattr(cli, "_ask", ask)
        monkeypatch.setattr(sys, "stdout", Gone())
        assert cli.main(["templates"]) == Code.NOT_READY
        file.write("more")
    assert (tmp_path / "out").read_text() == ""
    err = capsys.readouterr().err
    assert told in err
    assert bool(err) == bool(told)


def test_what_an_encoding_lacks_is_escaped(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rather than that a command which has done its work ends with a traceback."""

    def ask(_: argparse.Namespace) -> int:
        sys.stdout.write("grün")
        return 0

    written = io.BytesIO()
    monkeypatch.setattr(cli, "_ask", ask)
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding="ascii"))
    assert cli.main(["templates"]) == Code.DONE
    assert written.getvalue().split() == [b"gr\\xfcn"]


@pytest.mark.skipif(sys.platform == "win32", reason="no shell of that kind")
@pytest.mark.parametrize("closed", ["stdout", "stderr"])
def test_a_stream_that_the_shell_has_closed(closed: str, tmp_path: Path) -> None:
    """As with `>&-`: what is said there goes nowhere, and the command does what it does."""
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(map(str, (ROOT, ROOT / "adapters"))),
        "CHATWORKSPACE_STORE": f"sqlite://{tmp_path}/chats.db",
    }
    redirection = {"stdout": ">&-", "stderr": "2>&-"}[closed]
    script = f'exec "{sys.executable}" -m chatworkspace why unknown --json {redirection}'
    done = subprocess.run(["/bin/sh", "-c", script], env=environment, check=False, capture_output=True, text=True)
    assert done.returncode == Code.NOT_READY
    assert ("is not known" in done.stderr, "is not known" in done.stdout) == (closed == "stdout", closed == "stderr")
    assert "Traceback" not in done.stderr
