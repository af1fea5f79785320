"""A world is the same on every interpreter, whatever the hashes of strings are."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from functools import lru_cache
from pathlib import Path

import attrs
import pytest

pytestmark = pytest.mark.once

ROOT = Path(__file__).parents[3]
SEEDS = 25
SCRIPT = f"""
from tests.worlds.world import World
for seed in range({SEEDS}):
    print(World(seed).run().trace)
"""


def _environment(hash_seed: str) -> dict[str, str]:
    packages = Path(attrs.__file__).parents[1]
    path = os.pathsep.join(map(str, (ROOT, ROOT / "adapters", packages)))
    return {**os.environ, "PYTHONPATH": path, "PYTHONHASHSEED": hash_seed, "PYTHONDONTWRITEBYTECODE": "1"}


def _told(python: str, hash_seed: str) -> str:
    done = subprocess.run([python, "-c", SCRIPT], env=_environment(hash_seed), capture_output=True, text=True, check=True, timeout=120, cwd=ROOT)
    return done.stdout


def _interpreters() -> dict[tuple[int, ...], str]:
    """Return every interpreter here that can run the library, by its version."""
    named = [Path(folder) / f"python3.{minor}" for folder in os.get_exec_path() for minor in range(10, 30)]
    kept = sorted((Path.home() / ".pyenv" / "versions").glob("3.*/bin/python"))
    found: dict[tuple[int, ...], str] = {}
    for path in [Path(sys.executable), *kept, *named]:
        version = _version(str(path)) if path.exists() else ()
        if version >= (3, 10):
            found.setdefault(version, str(path))
    return found


def _version(python: str) -> tuple[int, ...]:
    """Return the version of an interpreter, if it can import what the library needs."""
    asked = [python, "-c", "import attrs, sys; print(sys.version_info[:3])"]
    try:
        done = subprocess.run(asked, env=_environment("0"), capture_output=True, text=True, check=True, timeout=30)
    except (OSError, subprocess.SubprocessError):
        return ()
    return tuple(map(int, re.findall(r"\d+", done.stdout)))


@lru_cache
def _here() -> str:
    return _told(sys.executable, "0")


def test_another_hash_of_strings_makes_the_same_worlds() -> None:
    """No set or dictionary of strings decides what happens."""
    assert len(_here()) > SEEDS * 1000
    assert _told(sys.executable, "1") == _here()


@pytest.mark.exhaustive
@pytest.mark.parametrize("place", [0, -1], ids=["oldest", "newest"])
def test_other_interpreters_make_the_same_worlds(place: int) -> None:
    """The oldest and the newest interpreter on this machine tell the same stories as this one."""
    interpreters = _interpreters()
    version = sorted(interpreters)[place]
    assert _told(interpreters[version], "0") == _here(), f"Python {'.'.join(map(str, version))}"
