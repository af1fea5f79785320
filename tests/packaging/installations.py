"""The library as others have it: built from a clean copy of the checkout, and installed in virtual environments."""

from __future__ import annotations

import shutil
import sys
from functools import cached_property
from pathlib import Path

from tests.packaging.runs import LEFT_OUT, ROOT, run

ORIGINS = ("wheel", "sdist", "checkout")


class Built:
    """What was built, and the environments that it was installed in: each is made once, when a test first asks for it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._environments: dict[tuple[str, ...], Path] = {}
        self.source = folder / "source"
        shutil.copytree(ROOT, self.source, ignore=LEFT_OUT)
        shutil.copytree(ROOT / ".ci", self.source / ".ci")

    @cached_property
    def wheel(self) -> Path:
        """The wheel."""
        return self._built("wheel")

    @cached_property
    def sdist(self) -> Path:
        """The source distribution."""
        return self._built("sdist")

    def _from(self, origin: str) -> str | Path:
        match origin:
            case "wheel":
                return self.wheel
            case "sdist":
                return self.sdist
            case _:
                return "."

    def _built(self, kind: str) -> Path:
        folder = self._folder / kind
        run(sys.executable, "-m", "build", f"--{kind}", "--outdir", folder, self.source, cwd=self._folder)
        (built,) = folder.glob("chatworkspace-*")
        return built

    def installed(self, origin: str, *beside: str) -> Path:
        """Return the folder of programs of an environment that has the library from there, and what else is named."""
        key = (origin, *beside)
        if key not in self._environments:
            programs = new_environment(self._folder / "-".join(key))
            run(programs / "pip", "install", "-q", self._from(origin), *beside, cwd=self.source)
            self._environments[key] = programs
        return self._environments[key]


def new_environment(folder: Path) -> Path:
    """Make a virtual environment with nothing in it; return its folder of programs."""
    run(sys.executable, "-m", "venv", folder)
    return folder / "bin"
