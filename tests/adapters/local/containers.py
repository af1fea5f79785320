"""Processes of another pid namespace over the same root, as containers that share a folder are.

`python -m tests.adapters.local.containers ROOT` is the first process of one: it does what the lines of its input say.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from chatworkspace_local import LocalPlatform, _changing
from tests.adapters.local.worlds import PATIENCE, Home
from tests.required import required

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

ROOT = Path(__file__).resolve().parents[3]
UNSHARE = ("unshare", "--user", "--map-root-user", "--pid", "--fork", "--mount-proc", "--kill-child")


def elsewhere() -> dict[str, str]:
    """Return the variables of a program that imports what this process does."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (ROOT, ROOT / "adapters")))}


class Container:
    """Another pid namespace. Used by one thread, as a context manager, at whose end all in it ends."""

    def __init__(self, here: Home) -> None:
        """Skip the test where the machine allows none."""
        works = bool(shutil.which("unshare")) and subprocess.run([*UNSHARE, "true"], capture_output=True, check=False).returncode == 0
        required("namespaces", True if works else None, "this user may make no pid namespace")
        command = [*UNSHARE, sys.executable, "-m", "tests.adapters.local.containers", str(here.root)]
        self._process = subprocess.Popen(command, cwd=ROOT, env=elsewhere(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def do(self, what: str, name: str) -> str:
        """Have it done, and return what is said of it."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{what} {name}\n")
        self._process.stdin.flush()
        return self._process.stdout.readline().strip()

    def end(self) -> None:
        """End it, and all that runs in it."""
        self._process.kill()
        self._process.communicate(timeout=PATIENCE)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.end()


# ------------------------------------------------------------------ inside


def begun(here: Home, name: str, blow: int) -> None:
    """Ask for a workspace, and come no further than its record: this process gets a signal then."""

    def launch(*_: object) -> None:
        os.kill(os.getpid(), blow)
        time.sleep(PATIENCE)

    setattr(_changing, "launch", launch)  # noqa: B010 # no name of that module's own
    here.create(here.request(name))


def main() -> None:
    """Do what the lines say: `ready NAME` makes a workspace; `die NAME` and `stand NAME` end, or stop, a process that makes one, halfway."""
    here = Home(Path(sys.argv[1]), LocalPlatform(sys.argv[1]))
    for line in sys.stdin:
        what, name = line.split()
        if what == "ready":
            sys.stdout.write(f"{here.ready(name).build.job_status.value}\n")
        else:
            child = os.fork()
            if not child:
                begun(here, name, signal.SIGKILL if what == "die" else signal.SIGSTOP)
            os.waitpid(child, os.WUNTRACED)
            sys.stdout.write("done\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
