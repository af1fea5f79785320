"""What `python -m tests --all` does about an interpreter that is claimed and not there."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryFile

import pytest

from tests.required import VARIABLE
from tests.runs import interpreters, lanes, offspring, steps
from tests.runs.lanes import MOST, Run, Shell, Step

ABSENT = [it for it in interpreters.TESTED if it != sys.version_info[:2]]


def _nothing(*_: object) -> None:
    pass


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No interpreter but this one."""
    monkeypatch.setattr(interpreters, "_candidates", list[str])
    monkeypatch.delenv(VARIABLE, raising=False)
    interpreters.other_interpreters.cache_clear()
    for what in ("adopt", "end"):
        monkeypatch.setattr(offspring, what, _nothing)  # what else this process of tests has started is none of its business
    monkeypatch.setattr(offspring, "offspring", set[int])
    yield
    interpreters.other_interpreters.cache_clear()


def _lacking() -> list[Step]:
    return [step for lane in steps.exhaustive() for step in lane if step.run is steps.lacking]


def _pass(_: Shell) -> bool:
    return True


def test_it_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    """In the last lines, and the exit code is what it would be: nobody has to have them all."""
    told = [f"not run here: {interpreters.label(it)}, which setup.cfg claims" for it in ABSENT]
    assert (steps.not_run(), _lacking()) == (told, [])
    assert Run([[Step("nothing", _pass)]], steps.not_run())() == 0
    assert capsys.readouterr().out.splitlines()[-len(told) - 1 :] == [*told, "1 passed, 0 failed"]


def test_it_fails_where_it_is_required(monkeypatch: pytest.MonkeyPatch) -> None:
    """A step for each, which says what is missing."""
    monkeypatch.setenv(VARIABLE, "chromium,interpreters")
    assert steps.not_run() == []
    lacking, said = _lacking(), BytesIO()
    assert [it.name for it in lacking] == [f"ordinary tests, {interpreters.label(it)}" for it in ABSENT]
    assert [it.run(Shell(said)) for it in lacking] == [False] * len(ABSENT)
    assert said.getvalue().decode().splitlines() == ["there is none on this machine, and CHATWORKSPACE_REQUIRE names interpreters"] * len(ABSENT)


def test_modules_are_compiled_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the environment says: the steps start many processes."""
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    with TemporaryFile() as said:
        assert Shell(said).run(sys.executable, "-c", "import sys; print(sys.dont_write_bytecode)")
        said.seek(0)
        assert said.read().split() == [b"False"]


class Asked(Shell):
    """Runs nothing, and keeps the commands."""

    def __init__(self) -> None:
        super().__init__(None)
        self.commands: list[tuple[str, ...]] = []

    def run(self, *command: str, **environment: str) -> bool:
        """Keep it."""
        del environment
        self.commands.append(command)
        return True


def test_other_interpreters_leave_out_what_is_the_same_under_each(pytestconfig: pytest.Config) -> None:
    """And nothing else of what is run where nothing is asked for."""
    shell, options = Asked(), list[str](pytestconfig.getini("addopts"))
    assert steps.tested("python", shell)
    (command,) = shell.commands
    assert command[-1] == f"{options[options.index('-m') + 1]} and not once"


DEAF = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)"


@pytest.mark.parametrize("begins", ["pass", DEAF])
def test_a_command_that_hangs_is_ended(monkeypatch: pytest.MonkeyPatch, begins: str) -> None:
    """Asked first, and killed where it does not hear: the run goes on, with a failure that says so."""
    monkeypatch.setattr(lanes, "TO_CLEAN_UP", 0.5)
    with TemporaryFile() as output:
        assert not Shell(output, 0.5).run(sys.executable, "-c", f"import time; {begins}; time.sleep(600)")
        output.seek(0)
        assert output.read() == b"it has not ended in 0.5 s, and is ended\n"
    with TemporaryFile() as output:
        assert Shell(output, None).run(sys.executable, "-c", "")


def test_what_takes_hours_is_not_ended() -> None:
    """The runs before a release take as long as they take; all others have a limit."""
    assert {step.most for lane in steps.deep(60) for step in lane} == {None}
    assert {step.most for run in (steps.quick(), steps.exhaustive()) for lane in run for step in lane} == {MOST}


HANGS = """
import threading, time
def test_one():
    def beside():
        time.sleep(600)
    threading.Thread(target=beside, daemon=True).start()
    time.sleep(600)
def test_another():
    pass
"""


def test_a_test_that_hangs_tells_where(tmp_path: Path) -> None:
    """Where each thread stands, in the output of the run; the other tests are run, and it fails."""
    asked = {name: value for name, value in interpreters.settings()["tool:pytest"].items() if name.startswith("faulthandler")}
    assert set(asked) == {"faulthandler_timeout", "faulthandler_exit_on_timeout"}
    (tmp_path / "test_it.py").write_text(HANGS)
    quickly = [f"--override-ini={name}={value}" for name, value in (asked | {"faulthandler_timeout": "1"}).items()]
    command = [sys.executable, "-m", "pytest", "-q", "-n", "1", "-p", "no:cacheprovider", f"--rootdir={tmp_path}", *quickly, "test_it.py"]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    said = ended.stdout + ended.stderr
    assert ended.returncode == 1
    assert re.search(r"in beside\b", said), said
    assert re.search(r"in test_one\b", said), said
    assert "1 failed, 1 passed" in said


def test_the_oldest_versions_have_a_run() -> None:
    """On whatever interpreters there are: where there is no other, on this one."""
    (step,) = [step for lane in steps.exhaustive() for step in lane if "oldest versions of all requirements" in step.name]
    assert step.name.endswith(interpreters.label(sys.version_info[:2]))
