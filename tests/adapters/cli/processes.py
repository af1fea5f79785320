"""The command in processes of its own, as a shell runs it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.adapters.cli.worlds import TOKEN
from tests.hanging import PATIENCE
from tests.packaging.runs import ROOT, clean_environment


class Shells:
    """Starts commands."""

    def __init__(self, url: str, folder: Path) -> None:
        self.store = folder / "chats.db"
        self._environment: Mapping[str, str] = {
            "CODER_URL": url,
            "CODER_SESSION_TOKEN": TOKEN,
            "CHATWORKSPACE_STORE": f"sqlite://{self.store}",
            "PYTHONPATH": os.pathsep.join(map(str, (ROOT, ROOT / "adapters"))),
            "PYTHONUTF8": "1",
            "TERM": "xterm",
        }

    def start(self, *words: str, **options: Any) -> subprocess.Popen[str]:
        """Start one; standard output and error are pipes unless the options say otherwise."""
        given: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
        environment = clean_environment(**self._environment)
        return subprocess.Popen([sys.executable, "-m", "chatworkspace_cli", *words], env=environment, encoding="utf-8", **given)

    def run(self, *words: str) -> tuple[int, str, str]:
        """Run one to its end."""
        return ended(self.start(*words))


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    """Return the code of a process, and what it printed: never the token, never a traceback."""
    try:
        out, err = process.communicate(timeout=PATIENCE)
    finally:
        process.kill()
    assert TOKEN not in (out or "") + (err or "")
    assert "Traceback" not in (err or ""), err
    return process.returncode, out, err


def said(process: subprocess.Popen[str], text: str) -> None:
    """Return when a process has said this on standard error."""
    assert process.stderr is not None
    seen = ""
    while text not in seen:
        line = process.stderr.readline()
        assert line, seen
        seen += line
