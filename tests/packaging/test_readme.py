"""The README tells the truth: its commands are what is run, its code runs, what it shows is what comes out, and it is short."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chatworkspace_cli import main
from chatworkspace_fake import FakeCoder, ScaledClock, Simulation
from chatworkspace_fake._platform.states import OWNER
from chatworkspace_simulator import CoderSimulator
from chatworkspace_simulator._stock import furnish
from tests.docs.pages import blocks, text
from tests.packaging.runs import LEFT_OUT, ROOT, clean_environment

README = text("README.md")
MAIN_JOB, DEMO, TESTS = blocks("README.md", "sh")
(EMBEDDING,) = blocks("README.md", "python")
SHOWN, TABLE = blocks("README.md", "")
ASKED, ANSWERED = blocks("README.md", "json")
MOST_WORDS = 900


def test_it_is_read_in_three_minutes() -> None:
    """At most that many words, those of its code among them."""
    assert len(README.split()) <= MOST_WORDS


def test_it_stands_without_addresses() -> None:
    """A package index shows its text alone: nothing needs an address that may not be there, and each picture says in words what it shows."""
    assert "://" not in README.replace("http://127.0.0.1", "").replace("sqlite://$PWD/", "")
    assert all(len(words.split()) > 5 for words in re.findall(r"!\[([^]]*)\]", README))


@pytest.mark.parametrize("command", [MAIN_JOB, TESTS], ids=["main job", "tests"])
def test_each_command_is_one_line(command: str) -> None:
    """Whoever copies a line has all of it, and starts from nothing but Python."""
    assert command.count("\n") == 1
    assert command.startswith("python3 -m venv ")


def test_it_says_what_the_platform_of_one_machine_is_not() -> None:
    """Right below the command that makes a workspace there, before anything else is said."""
    assert "It is no sandbox." in README.partition(MAIN_JOB)[2].partition("```\n")[2].partition("```")[0]
    assert "no sandbox" in SHOWN.splitlines()[0]


@pytest.fixture
def checkout(tmp_path: Path) -> Iterator[Path]:
    """Give a folder for a checkout; nothing that the first command has started there outlives the test."""
    folder = tmp_path / "src"
    yield folder
    where = ("--platform", f"local:{folder}/.venv/try", "--store", f"sqlite://{folder}/.venv/try.db")
    paths = os.pathsep.join(map(str, (ROOT, ROOT / "adapters")))
    stop = (sys.executable, "-m", "chatworkspace_cli", "stop", *where, "--chat", "thread-42")
    subprocess.run(stop, env=clean_environment(PYTHONPATH=paths), capture_output=True, check=False, timeout=120)


@pytest.mark.adapters
def test_a_workspace_is_made_here_as_shown(checkout: Path) -> None:
    """What stands behind the installation, twice: a real folder and a real process, stopped at the end, and the second time the same."""
    (checkout / ".venv").mkdir(parents=True)
    (checkout / ".venv" / "bin").symlink_to(Path(sys.executable).parent)
    made_here_twice(checkout, "(" + MAIN_JOB.partition("(")[2])


@pytest.mark.packaging
@pytest.mark.exhaustive
def test_the_first_command_runs_as_written(checkout: Path) -> None:
    """In a checkout, from nothing but Python and pip; and given again."""
    shutil.copytree(ROOT, checkout, ignore=LEFT_OUT)
    made_here_twice(checkout, MAIN_JOB)


def made_here_twice(checkout: Path, command: str) -> None:
    """Run a command twice; see that it prints what is shown, and that both times it was one workspace."""
    first, again = said(checkout, command), said(checkout, command)
    assert general(first, checkout) == general(SHOWN, Path("/src"))
    assert general(again, checkout) == general(SHOWN.replace("(created)", "(started)"), Path("/src"))
    assert len(set(re.findall(r"empty-\w+", first + again))) == 1
    assert [it.name for it in (checkout / ".venv" / "try" / "workspaces" / "me").iterdir()] == re.findall(r"me/(empty-\w+) ", first)[:1]


def said(checkout: Path, command: str) -> str:
    """Run it as a shell does; return the first line beside its output, and its output."""
    done = subprocess.run(("sh", "-c", command), cwd=checkout, env=clean_environment(), capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stderr.partition("\n")[0] + "\n" + done.stdout


def general(printed: str, folder: Path) -> str:
    """Return what is printed without what differs from run to run: folder, ids, marks and seconds."""
    printed = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "ID", printed.replace(str(folder), "FOLDER"))
    return re.sub(r"process \d+", "process PID", re.sub(r"\d+\.\d s\b", "0.0 s", re.sub(r"empty-\w{10}\b", "empty-MARK", printed)))


def test_ci_runs_the_test_command_as_written() -> None:
    """What is run on a new machine is the README's own line, character by character, and nothing after it."""
    assert (ROOT / ".ci" / "run").read_text(encoding="utf-8").endswith(f"\n\n{TESTS}")
    assert os.access(ROOT / ".ci" / "run", os.X_OK)


def test_the_demo_ends_as_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """Character by character."""
    assert main([*DEMO.split()[1:], "--fast"]) == 0
    assert capsys.readouterr().out.endswith(f"\n\n{TABLE}")


def elsewhere(written: str, port: int) -> str:
    """Return what is written with a port that is free here, for the one that is written may not be."""
    assert ":7080" in written
    return written.replace(":7080", f":{port}")


def test_the_embedding_runs_as_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Ten lines at most, and they print what their last comment says: over HTTP, with the chats in a file."""
    lines = [line for line in EMBEDDING.splitlines() if line]
    assert len(lines) <= 10
    monkeypatch.chdir(tmp_path)
    coder = FakeCoder(ScaledClock(20))
    furnish(coder)
    names: dict[str, Any] = {}
    with CoderSimulator(coder, tokens={"a-token": OWNER}) as simulator:
        code = elsewhere(EMBEDDING, int(simulator.url.rpartition(":")[2]))
        exec(compile(code, "README.md", "exec"), names)  # noqa: S102 - our own README
        names["coder"].close()
    names["store"].close()
    assert capsys.readouterr().out.strip() == lines[-1].partition("  # ")[2]
    assert [it.name for it in tmp_path.iterdir()] == ["chats.db"]


def test_the_answer_is_what_the_code_says() -> None:
    """Character by character, in a world with seed 0 and the demo's templates."""
    sim = Simulation()
    furnish(sim.coder)
    sim.open_chat("thread-42")
    asked = json.loads(ASKED)
    answer = sim.workspaces.toolbox("thread-42").call(asked["name"], asked["arguments"]).content
    assert json.dumps(answer, indent=2, ensure_ascii=False) + "\n" == ANSWERED
