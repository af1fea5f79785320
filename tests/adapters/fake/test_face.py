"""What a user of the fakes meets first: names that can be imported, and help that tells what they mean."""

from __future__ import annotations

import inspect
import os
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import chatworkspace
import chatworkspace_fake
import chatworkspace_simulator

ROOT = Path(__file__).parents[3]
FACES: list[ModuleType] = [chatworkspace_fake, chatworkspace_simulator]


def _run(*command: str) -> str:
    """Run Python in a process of its own, in which nobody has asked for a name yet."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "adapters")))}
    return subprocess.run([sys.executable, *command], env=environment, capture_output=True, text=True, check=True, timeout=60).stdout


@pytest.mark.parametrize("face", FACES, ids=lambda it: it.__name__)
def test_help_shows_every_class(face: ModuleType) -> None:
    """`python -m pydoc` lists each of them with its own words, those that are loaded late as well."""
    shown = _run("-m", "pydoc", face.__name__)
    for public in face.__all__:
        value = getattr(face, public)
        if inspect.isclass(value):
            assert re.search(rf"^    class {public}\(", shown, re.MULTILINE), public
            assert (inspect.getdoc(value) or "").partition("\n")[0] in shown, public
    assert f"VERSION\n    {chatworkspace.__version__}\n" in shown


@pytest.mark.parametrize("face", FACES, ids=lambda it: it.__name__)
def test_a_star_gives_every_public_name(face: ModuleType) -> None:
    """What __all__ lists is there, loaded late or not, and dir() names it before anybody has asked."""
    name = face.__name__
    listed = sorted(face.__all__)
    script = f"import {name}; there = dir({name}); from {name} import *; print(*sorted(set({name}.__all__) & set(globals()) & set(there)))"
    assert _run("-c", script).split() == listed
    public = {it for it, value in vars(face).items() if not it.startswith("_") and not inspect.ismodule(value)}
    assert public - {"annotations"} <= set(listed)


@pytest.mark.parametrize("face", FACES, ids=lambda it: it.__name__)
def test_the_version_is_the_library_s(face: ModuleType) -> None:
    """All packages come in one distribution."""
    assert face.__version__ == chatworkspace.__version__


def test_a_name_that_is_not_there() -> None:
    """Is an attribute error, as of any module."""
    with pytest.raises(AttributeError, match="'chatworkspace_fake' has no attribute 'Simulator'"):
        _ = FACES[0].Simulator
