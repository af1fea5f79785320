"""How the command begins and ends, whatever becomes of its streams."""

from __future__ import annotations

import argparse
import errno
import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from chatworkspace_cli import _parser, main
from chatworkspace_cli._codes import Code
from tests.packaging.runs import ROOT


def test_ctrl_c_before_anything_began(monkeypatch: pytest.MonkeyPatch) -> None:
    """The code of an interruption, and no traceback."""

    def ask(_: argparse.Namespace) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(_parser, "_online", ask)
    assert main(["templates"]) == Code.INTERRUPTED


@pytest.mark.parametrize(
    ("failure", "told", "code"),
    [
        (BrokenPipeError(errno.EPIPE, "Broken pipe"), "", Code.DONE),
        (OSError(errno.ENOSPC, "No space left on device"), "No space left on device", Code.NOT_READY),
    ],
    ids=["no reader", "full disk"],
)
def test_output_that_nobody_takes(
    failure: OSError, told: str, code: Code, *, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
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
        monkeypatch.setattr(_parser, "_online", ask)
        monkeypatch.setattr(sys, "stdout", Gone())
        assert main(["templates"]) == code
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
    monkeypatch.setattr(_parser, "_online", ask)
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding="ascii"))
    assert main(["templates"]) == Code.DONE
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
    script = f'exec "{sys.executable}" -m chatworkspace_cli why --chat unknown --json {redirection}'
    done = subprocess.run(["/bin/sh", "-c", script], env=environment, check=False, capture_output=True, text=True)
    assert done.returncode == Code.NOT_READY
    assert ("is not known" in done.stderr, "is not known" in done.stdout) == (closed == "stdout", closed == "stderr")
    assert "Traceback" not in done.stderr
