"""The interpreters that a machine has, and what the ordinary tests need on each."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from configparser import ConfigParser
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TESTED = ((3, 10), (3, 11), (3, 12), (3, 13))
"""What is claimed: each of these has to pass."""
OLDEST = TESTED[0]
NEWEST = (3, 15)
"""The newest that is looked for: who has it finds out early."""
ELSEWHERE = (
    "attrs",
    "backoff",
    "coverage",
    "hypothesis",
    "jsonschema",
    "mcp",
    "opentelemetry-sdk",
    "pglast",
    "psycopg",
    "pyte",
    "pytest",
    "pytest-xdist",
    "requests",
    "tomli",
    "trustme",
    "websocket-client",
)
"""What the ordinary tests need on another interpreter."""


def label(version: tuple[int, ...]) -> str:
    """Return what a version is called."""
    return "Python " + ".".join(map(str, version))


def requirements(*more: str) -> list[str]:
    """Return the requirements of setup.cfg that the ordinary tests have. more: names of others that are wanted."""
    return [line for line in (*required(), *required("test")) if name_of(line) in (*ELSEWHERE, *more)]


def required(extra: str = "") -> list[str]:
    """Return the requirements of setup.cfg: of the library, or of an extra."""
    told = settings()["options.extras_require"][extra] if extra else settings()["options"]["install_requires"]
    return [line for line in told.splitlines() if line]


def name_of(requirement: str) -> str:
    """Return the distribution that is required."""
    return re.split(r"[^\w.-]", requirement, maxsplit=1)[0]


@cache
def settings() -> ConfigParser:
    """Return what setup.cfg says."""
    config = ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    return config


@cache
def other_interpreters() -> dict[tuple[int, int], str]:
    """Return one CPython for each version, from the oldest that is supported on, that runs here; the one that runs this is left out."""
    found: dict[tuple[int, int], str] = {}
    for candidate in _candidates():
        version = _version_of(candidate)
        if version is not None and version >= OLDEST and version != sys.version_info[:2]:
            found.setdefault(version, candidate)
    return found


def not_here() -> tuple[tuple[int, int], ...]:
    """Return the versions that are claimed, and not on this machine."""
    return tuple(it for it in TESTED if it != sys.version_info[:2] and it not in other_interpreters())


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
