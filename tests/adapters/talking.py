"""Processes that use a store, and are talked to line by line."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


def started(module: str, *arguments: object, **options: Any) -> subprocess.Popen[str]:
    """Start a module of these tests in a process of its own."""
    command = [sys.executable, "-m", f"tests.adapters.{module}", *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (ROOT, ROOT / "adapters")))}
    return subprocess.Popen(command, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1, **options)


def tell(processes: Sequence[subprocess.Popen[str]], line: str) -> list[str]:
    """Tell all of them the same, as nearly at once as can be, and return what each answers."""
    for process in processes:
        assert process.stdin is not None
        process.stdin.write(line + "\n")
    return [answer(process) for process in processes]


def answer(process: subprocess.Popen[str]) -> str:
    """Return the next line of a process."""
    assert process.stdout is not None
    return process.stdout.readline().strip()


def end(processes: Sequence[subprocess.Popen[str]]) -> None:
    """Kill those that still run, and wait for all."""
    for process in processes:
        process.kill()
        process.communicate()
