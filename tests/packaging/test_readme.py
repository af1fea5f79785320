"""The README tells the truth: its commands are what is run, its code runs, what it shows is what comes out, and it is short."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from chatworkspace_cli import main
from chatworkspace_fake import FakeCoder, ScaledClock, Simulation
from chatworkspace_fake._platform.states import OWNER
from chatworkspace_simulator import CoderSimulator
from chatworkspace_simulator._stock import furnish
from tests.docs.pages import blocks, text
from tests.packaging.runs import ROOT

README = text("README.md")
MAIN_JOB, TESTS = blocks("README.md", "sh")
(EMBEDDING,) = blocks("README.md", "python")
(TABLE,) = blocks("README.md", "")
ASKED, ANSWERED = blocks("README.md", "json")
MOST_WORDS = 900


def test_it_is_read_in_three_minutes() -> None:
    """At most that many words, those of its code among them."""
    assert len(README.split()) <= MOST_WORDS


def test_it_stands_without_addresses() -> None:
    """A package index shows its text alone: nothing needs an address that may not be there, and each picture says in words what it shows."""
    assert "://" not in README.replace("http://127.0.0.1", "")
    assert all(len(words.split()) > 5 for words in re.findall(r"!\[([^]]*)\]", README))


@pytest.mark.parametrize("command", [MAIN_JOB, TESTS], ids=["main job", "tests"])
def test_each_command_is_one_line(command: str) -> None:
    """Whoever copies a line has all of it, and starts from nothing but Python."""
    assert command.count("\n") == 1
    assert command.startswith("python3 -m venv ")


def test_ci_runs_the_test_command_as_written() -> None:
    """What is run on a new machine is the README's own line, character by character, and nothing after it."""
    assert (ROOT / ".ci" / "run").read_text(encoding="utf-8").endswith(f"\n\n{TESTS}")
    assert os.access(ROOT / ".ci" / "run", os.X_OK)


def test_the_demo_ends_as_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """Character by character."""
    assert main(["demo", "--fast"]) == 0
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
