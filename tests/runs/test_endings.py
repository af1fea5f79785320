"""However a run of tests ends, nothing that it has started is left: no database, no web server, no browser, and no worker of a storm."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import pytest

from tests.hanging import PATIENCE, until
from tests.runs.lanes import ROOT, TO_CLEAN_UP, TO_END
from tests.runs.offspring import MOST, offspring

pytestmark = [pytest.mark.crash, pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")]

MARK = "CHATWORKSPACE_TESTS_MARK"
SELECTED = (
    "tests/crash/test_storm.py::test_a_storm_leaves_one_workspace_for_each_chat[30.0-postgres]",
    "tests/web/test_events.py::test_a_stream_goes_on_where_it_broke[gunicorn]",
    "tests/web/test_page.py::test_the_page_in_a_browser[waitress]",
)
ARGUMENTS = ("-m", "crash or web", "-n", "3", "-p", "no:cacheprovider", *SELECTED)
KINDS = ("postgres", "tests.crash.worker", "gunicorn", "waitress", *(("chromium", "chromedriver") if shutil.which("chromedriver") else ()))
"""What these tests start, by words of the command lines."""
STARTED = 4 * PATIENCE
"""Seconds until all of it has been seen, on the slowest machine."""
TO_BE_OVER = 2 * (TO_CLEAN_UP + TO_END + MOST)


class Seen:
    """The processes of a run, as they come and go."""

    def __init__(self, front: int) -> None:
        self._front = front
        self._began: dict[int, str] = {}
        """Process id -> when it began, which tells it from another of that id."""
        self._kinds: set[str] = set()

    def everything(self) -> bool:
        """Look; tell whether each kind was seen."""
        for pid in offspring(self._front):
            with suppress(OSError):  # it has ended meanwhile
                self._began[pid] = _began(pid)
                line = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                self._kinds |= {kind for kind in KINDS if kind in line}
        return self._kinds == set(KINDS)

    def left(self, mark: str) -> set[int]:
        """Return those that have not ended, and those that bear the mark of the run."""
        return {pid for pid, began in self._began.items() if _runs(pid, began)} | set(_marked(mark))


def _began(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[19]


def _runs(pid: int, began: str) -> bool:
    with suppress(OSError):
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[0]
        return _began(pid) == began and state not in "ZX"
    return False


def _marked(mark: str) -> Iterable[int]:
    for path in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):
            if f"{MARK}={mark}".encode() in path.read_bytes():
                yield int(path.parent.name)


@pytest.mark.parametrize(
    ("module", "number"),
    [
        pytest.param("tests.runs.selected", signal.SIGTERM, marks=pytest.mark.exhaustive),
        ("tests.runs.selected", signal.SIGKILL),
        pytest.param("tests.runs.selected", signal.SIGINT, marks=pytest.mark.exhaustive),
        pytest.param("pytest", signal.SIGTERM, marks=pytest.mark.exhaustive),
        pytest.param("pytest", signal.SIGINT, marks=pytest.mark.exhaustive),
    ],
    ids=["run, terminated", "run, killed", "run, interrupted", "pytest, terminated", "pytest, interrupted"],
)
def test_a_run_that_is_ended_leaves_nothing(module: str, number: signal.Signals, tmp_path: Path) -> None:
    """Servers of other users and sessions among it, in the midst of a storm, a stream and a page."""
    mark = str(uuid4())
    with (tmp_path / "said").open("wb") as said:
        run = subprocess.Popen([sys.executable, "-m", module, *ARGUMENTS], cwd=ROOT, env={**os.environ, MARK: mark}, stdout=said, stderr=said)
        try:
            seen, over = Seen(run.pid), time.monotonic() + STARTED
            while not seen.everything():
                assert run.poll() is None, (tmp_path / "said").read_text(encoding="utf-8")
                assert time.monotonic() < over, (seen._kinds, (tmp_path / "said").read_text(encoding="utf-8"))
                time.sleep(0.05)
            run.send_signal(number)
            assert run.wait(TO_BE_OVER) != 0
            until(lambda: not seen.left(mark), TO_BE_OVER)
        finally:
            run.kill()
            run.wait()


def test_every_test_may_be_interrupted() -> None:
    """One that interrupts itself has used up nothing that another one needs, in the same process."""
    twice = [f"{__file__}::test_it_is_interrupted[{time}]" for time in ("first", "second")]
    again = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-n", "1", "-m", "exhaustive", *twice]
    run = subprocess.run(again, cwd=ROOT, capture_output=True, text=True, timeout=STARTED, check=False)
    assert "2 passed" in run.stdout, run.stdout


@pytest.mark.exhaustive
@pytest.mark.parametrize("time", ["first", "second"])
def test_it_is_interrupted(time: str) -> None:
    """Whatever was interrupted before."""
    del time
    with pytest.raises(KeyboardInterrupt):
        interrupted()


def interrupted() -> None:
    """Send ourselves what Ctrl-C sends, and wait for it."""
    os.kill(os.getpid(), signal.SIGINT)
    until(lambda: False)
