"""Running things as a user does: another process, nothing inherited that could help."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LEFT_OUT = shutil.ignore_patterns(".*", "*.egg-info", "__pycache__", "build", "dist", "mutants")
"""Of a clean copy of the checkout."""


def clean_environment(**more: str) -> dict[str, str]:
    """Return the environment without what says where to find or how to keep modules."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PYTEST", "COVERAGE", "VIRTUAL_ENV"))} | more


def run(*command: str | Path, cwd: Path = ROOT, **environment: str) -> str:
    """Run a command to its end; return what it printed. AssertionError with all of it, unless the exit code is 0."""
    done = subprocess.run([*map(str, command)], cwd=cwd, env=clean_environment(**environment), capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, f"{command} in {cwd}: exit code {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def from_checkout(*arguments: str) -> str:
    """Run the command from the checkout, as if nothing were installed; return what it printed."""
    sources = os.pathsep.join(map(str, (ROOT, ROOT / "adapters")))
    return run(sys.executable, "-m", "chatworkspace_cli", *arguments, PYTHONPATH=sources, PYTHONUTF8="1")
