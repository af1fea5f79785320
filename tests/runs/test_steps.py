"""What `python -m tests --all` does about an interpreter that is claimed and not there."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from io import BytesIO
from tempfile import TemporaryFile

import pytest

from tests.required import VARIABLE
from tests.runs import interpreters, offspring, steps
from tests.runs.lanes import Run, Shell, Step

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
