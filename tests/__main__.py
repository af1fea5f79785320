"""python -m tests: lint, types, all tests on every interpreter that this machine has, and the packages, one step after another.

A step that fails does not keep the others from running. The last line says how many passed and failed; the exit code is 0 only if none failed.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from configparser import ConfigParser
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
OLDEST = (3, 10)
NEWEST = (3, 15)
ELSEWHERE = ("attrs", "backoff", "hypothesis", "jsonschema", "psycopg", "pytest", "pytest-xdist", "requests", "websocket-client")
"""What the ordinary tests need on another interpreter."""


class Step(NamedTuple):
    """One thing to run, and what it is called."""

    name: str
    run: Callable[[], bool]


class Result(NamedTuple):
    """How a step ended."""

    name: str
    passed: bool
    seconds: float


def main() -> int:
    """Run all steps, tell what came of each, and return the exit code."""
    python = sys.executable
    steps = [
        Step("ruff check", _command(python, "-m", "ruff", "check", ".")),
        Step("ruff format --check", _command(python, "-m", "ruff", "format", "--check", ".")),
        Step("mypy --strict", _command(python, "-m", "mypy")),
        Step("pyright, strict", _command(python, "-m", "pyright", "--pythonpath", python)),
        Step(f"tests with coverage, {_label(sys.version_info[:2])}", _covered),
        *(Step(f"tests, {_label(version)}", _elsewhere(other)) for version, other in sorted(other_interpreters().items())),
        Step("adapters over sockets, files and processes", _command(python, "-m", "pytest", "-q", "-m", "adapters")),
        Step("processes that are killed", _command(python, "-m", "pytest", "-q", "-n", "2", "-m", "crash")),
        # alone on the machine: how soon a page answers is measured
        Step("the example under real web servers, and in a browser", _command(python, "-m", "pytest", "-q", "-n", "0", "-m", "web")),
        Step("packaging and typing tests", _command(python, "-m", "pytest", "-q", "-n", "0", "-m", "packaging")),
    ]
    results = [_take(number, step, len(steps)) for number, step in enumerate(steps, 1)]
    _say("")
    for result in results:
        _say(f"{'passed' if result.passed else 'FAILED'}  {result.seconds:6.1f} s  {result.name}")
    failed = sum(not result.passed for result in results)
    _say(f"{len(results) - failed} passed, {failed} failed")
    return 1 if failed else 0


def _take(number: int, step: Step, steps: int) -> Result:
    _say(f"\n======== {number}/{steps}  {step.name}")
    began = time.monotonic()
    passed = step.run()
    seconds = time.monotonic() - began
    _say(f"-------- {'passed' if passed else 'FAILED'} in {seconds:.1f} s")
    return Result(step.name, passed, seconds)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _label(version: tuple[int, ...]) -> str:
    return "Python " + ".".join(map(str, version))


# ---------------------------------------------------------------- steps


def _run(*command: str, environment: dict[str, str] | None = None) -> bool:
    try:
        return subprocess.run(command, cwd=ROOT, check=False, env=environment).returncode == 0
    except OSError as error:
        _say(f"{command[0]}: {error}")
        return False


def _command(*command: str) -> Callable[[], bool]:
    return lambda: _run(*command)


def _covered() -> bool:
    """Run the ordinary tests and measure; both have to be good, and the figures are shown either way."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "COVERAGE_FILE": str(Path(folder, "coverage"))}
        tested = _run(sys.executable, "-m", "coverage", "run", "-m", "pytest", "-q", "-n", "0", "--durations=5", environment=environment)
        covered = _run(sys.executable, "-m", "coverage", "report", environment=environment)
    return tested and covered


def _elsewhere(python: str) -> Callable[[], bool]:
    def run() -> bool:
        with tempfile.TemporaryDirectory() as folder:
            own = str(Path(folder, "venv", "bin", "python"))
            return (
                _run(python, "-m", "venv", str(Path(folder, "venv")))
                and _run(own, "-m", "pip", "install", "-q", "--disable-pip-version-check", *_requirements())
                and _run(own, "-m", "pytest", "-q", "-p", "no:cacheprovider")
            )

    return run


def _requirements() -> list[str]:
    """Return the requirements of setup.cfg that the ordinary tests have."""
    config = ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    lines = f"{config['options']['install_requires']}\n{config['options.extras_require']['test']}".split("\n")
    return [line for line in lines if re.split(r"[^\w.-]", line)[0] in ELSEWHERE]


# ---------------------------------------------------------------- interpreters


def other_interpreters() -> dict[tuple[int, int], str]:
    """Return one CPython for each version, from the oldest that is supported on, that runs here; the one that runs this is left out."""
    found: dict[tuple[int, int], str] = {}
    for candidate in _candidates():
        version = _version_of(candidate)
        if version is not None and version >= OLDEST and version != sys.version_info[:2]:
            found.setdefault(version, candidate)
    return found


def _candidates() -> Iterator[str]:
    for minor in range(OLDEST[1], NEWEST[1] + 1):
        yield f"python3.{minor}"
    yield "python3"
    for path in sorted(Path.home().glob(".pyenv/versions/*/bin/python")):
        yield str(path)


def _version_of(python: str) -> tuple[int, int] | None:
    """Return the version of an interpreter that can make a virtual environment, or None: pyenv's shims exist for interpreters that do not run."""
    ask = "import sys, venv, ensurepip; print(sys.implementation.name, *sys.version_info[:2])"
    try:
        told = subprocess.run([python, "-c", ask], capture_output=True, text=True, check=False, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = re.fullmatch(r"cpython (\d+) (\d+)", told.stdout.strip())
    return (int(match[1]), int(match[2])) if match is not None and told.returncode == 0 else None


if __name__ == "__main__":
    sys.exit(main())
