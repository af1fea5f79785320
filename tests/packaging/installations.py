"""The library as others have it: built from a clean copy of the checkout, and installed in virtual environments."""

from __future__ import annotations

import shutil
import sys
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
        run(sys.executable, "-m", "build", "--outdir", folder / "dist", self.source, cwd=folder)
        (self.wheel,) = (folder / "dist").glob("*.whl")
        (self.sdist,) = (folder / "dist").glob("*.tar.gz")

    def installed(self, origin: str, *beside: str) -> Path:
        """Return the folder of programs of an environment that has the library from there, and what else is named."""
        key = (origin, *beside)
        if key not in self._environments:
            programs = new_environment(self._folder / "-".join(key))
            where: dict[str, str | Path] = {"wheel": self.wheel, "sdist": self.sdist, "checkout": "."}
            run(programs / "pip", "install", "-q", where[origin], *beside, cwd=self.source)
            self._environments[key] = programs
        return self._environments[key]


def new_environment(folder: Path) -> Path:
    """Make a virtual environment with nothing in it; return its folder of programs."""
    run(sys.executable, "-m", "venv", folder)
    return folder / "bin"
