"""What the library's annotations say to its users: right code passes both checkers, each mistake is found by both."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HERE = ROOT / "tests" / "typing"
Checker = Callable[[Path], set[int]]
MARK = re.compile(r"  # type: ignore\[[\w-]+\]")

pytestmark = pytest.mark.packaging
"""They need the type checkers, which other interpreters are spared."""


def mypy(path: Path) -> set[int]:
    """Return the lines that mypy --strict rejects, as a user has it: without the settings of this repository."""
    options = (
        "--strict",
        "--config-file=",
        "--python-version=3.10",
        "--explicit-package-bases",
        "--hide-error-context",
        "--cache-dir",
        str(path.parent),
    )
    environment = {"MYPYPATH": f"{ROOT}:{ROOT / 'adapters'}", "PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        [sys.executable, "-m", "mypy", *options, str(path)], cwd=path.parent, env=environment, capture_output=True, text=True, check=False
    )
    found = {int(line) for line in re.findall(rf"{re.escape(path.name)}:(\d+): error", done.stdout)}
    assert "found" in done.stdout.lower(), done.stdout + done.stderr
    assert done.returncode == (1 if found else 0), done.stdout + done.stderr
    return found


def pyright(path: Path) -> set[int]:
    """Return the lines that pyright rejects, strict, without the settings of this repository."""
    settings = {"typeCheckingMode": "strict", "extraPaths": [str(ROOT), str(ROOT / "adapters")], "pythonVersion": "3.10", "include": [path.name]}
    (path.parent / "pyrightconfig.json").write_text(json.dumps(settings), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pyright", "--outputjson", "--pythonpath", sys.executable],
        cwd=path.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    told = json.loads(done.stdout)
    assert told["summary"]["filesAnalyzed"] == 1, done.stdout
    return {it["range"]["start"]["line"] + 1 for it in told["generalDiagnostics"] if it["severity"] == "error"}


each_checker = pytest.mark.parametrize("checker", [mypy, pytest.param(pyright, marks=pytest.mark.exhaustive)])


@each_checker
def test_examples_pass(checker: Checker, tmp_path: Path) -> None:
    """Code as the documentation shows it is accepted as it stands, with the strictest settings."""
    path = tmp_path / "examples.py"
    path.write_text((HERE / "examples.py").read_text(encoding="utf-8"), encoding="utf-8")
    assert checker(path) == set()


@each_checker
def test_every_mistake_is_found(checker: Checker, tmp_path: Path) -> None:
    """Each line that is marked is rejected by both, and no other: annotations that accept anything would pass the examples as well."""
    text = (HERE / "rejected.py").read_text(encoding="utf-8")
    path = tmp_path / "mistakes.py"
    path.write_text(MARK.sub("", text), encoding="utf-8")
    assert checker(path) == {number for number, line in enumerate(text.splitlines(), 1) if MARK.search(line)}
