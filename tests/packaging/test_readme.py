"""The README tells the truth: its commands are what is run, its code runs, its links lead somewhere."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from chatworkspace import ChatWorkspaces
from chatworkspace_cli import main
from chatworkspace_fake import FakeCoder, MemoryStore, ScaledClock, Simulation
from chatworkspace_fake._platform.states import ORGANIZATION, OWNER
from chatworkspace_simulator import CoderSimulator
from chatworkspace_simulator._stock import furnish
from tests.docs.pages import blocks, text
from tests.packaging.runs import LEFT_OUT, ROOT, clean_environment, run
from tests.sockets import free_port

if TYPE_CHECKING:
    from tests.adapters.postgres.server import Database

README = text("README.md")
MAIN_JOB, TESTS, _, TRY, RUN, UPGRADE, EXAMPLE = blocks("README.md", "sh")
EMBEDDING, CONNECT, TOOLS, WORKERS, USERS_TEST = blocks("README.md", "python")
ASKED, ANSWERED = blocks("README.md", "json")


@pytest.mark.parametrize("command", [MAIN_JOB, TESTS, EXAMPLE], ids=["main job", "tests", "example"])
def test_each_command_is_one_line(command: str) -> None:
    """Whoever copies a line has all of it, and starts from nothing but Python."""
    assert command.count("\n") == 1
    assert command.startswith("python3 -m venv ")


def test_ci_runs_the_test_command_as_written() -> None:
    """What is run on a new machine is the README's own line, character by character, and nothing after it."""
    assert (ROOT / ".ci" / "run").read_text(encoding="utf-8").endswith(f"\n\n{TESTS}")
    assert os.access(ROOT / ".ci" / "run", os.X_OK)


def elsewhere(text: str, port: int) -> str:
    """Return what is written with a port that is free here, for the one that is written may not be."""
    assert ":7080" in text
    return text.replace(":7080", f":{port}")


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


@pytest.mark.adapters
def test_the_two_lines_that_try_it_run_as_written(tmp_path: Path) -> None:
    """The simulator goes into the background, and the second line gets its workspace from it, though it comes at once."""
    port = free_port()
    serve, create = (
        elsewhere(TRY.replace("simulator", f"simulator --port {port} --speed 10", 1), port)
        .replace(".venv/bin/", f"{Path(sys.executable).parent}/")
        .splitlines()
    )
    script = f"{serve}\ntrap 'kill %1; wait' EXIT\n{create}\n"
    environment = clean_environment(TMPDIR=str(tmp_path))
    done = subprocess.run(("bash", "-mc", script), cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "thread-42: ready (created)" in done.stdout + done.stderr


@pytest.mark.packaging
def test_more_than_one_process_is_as_written(tmp_path: Path, postgres: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a fresh environment the command makes the tables in a real PostgreSQL; then what each worker does finds nothing missing."""
    shutil.copytree(ROOT, tmp_path / "checkout", ignore=LEFT_OUT)
    database = postgres.another()
    run(sys.executable, "-m", "venv", tmp_path / "checkout" / ".venv")
    assert ".venv/bin/chatworkspace db upgrade" in UPGRADE
    run("bash", "-ec", UPGRADE, cwd=tmp_path / "checkout", DATABASE_URL=database.owner)
    monkeypatch.setenv("DATABASE_URL", database.owner)
    names: dict[str, Any] = {}
    exec(compile(WORKERS, "README.md", "exec"), names)  # noqa: S102 - our own README
    with names["pool"]:
        assert names["store"].open_chat("chat", OWNER, ORGANIZATION).id == "chat"


@pytest.fixture
def coder() -> FakeCoder:
    return FakeCoder()


@pytest.fixture
def template_id(coder: FakeCoder) -> str:
    return str(coder.add_template("docker").id)


@pytest.fixture
def workspaces(coder: FakeCoder) -> Iterator[ChatWorkspaces]:
    docker = coder.add_template("docker")
    with ChatWorkspaces(store=MemoryStore(), creator=coder, dialer=coder) as opened:
        opened.open_chat("thread-42", owner_id="0a11ce00-0000-4000-8000-000000000001", organization_id=docker.organization_id)
        yield opened


def test_connecting_runs_as_written(workspaces: ChatWorkspaces, template_id: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The fake's agent answers with the command."""
    assert workspaces.create("thread-42", template_id).ready
    exec(compile(CONNECT, "README.md", "exec"), {"workspaces": workspaces})  # noqa: S102 - our own README
    assert capsys.readouterr().out == "uname -a\n"


def test_the_answer_is_what_the_code_says() -> None:
    """Character by character, in a world with seed 0 and the demo's templates."""
    sim = Simulation()
    furnish(sim.coder)
    sim.open_chat("thread-42")
    asked = json.loads(ASKED)
    answer = sim.workspaces.toolbox("thread-42").call(asked["name"], asked["arguments"]).content
    assert json.dumps(answer, indent=2, ensure_ascii=False) + "\n" == ANSWERED


def test_the_recording_is_replayed_as_written(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The last command, too: every line of it is answered."""
    monkeypatch.chdir(ROOT)
    assert main(RUN.split()[1:]) == 0
    assert len(capsys.readouterr().out.splitlines()) > 20


def test_the_toolbox_never_raises_on_a_models_account(workspaces: ChatWorkspaces, capsys: pytest.CaptureFixture[str]) -> None:
    """The second block runs as written too: a template id that is none becomes a result that says so."""
    exec(compile(TOOLS, "README.md", "exec"), {"workspaces": workspaces})  # noqa: S102 - our own README
    assert re.fullmatch(r'\{"error":.*template_id.*\} True\n', capsys.readouterr().out)


def test_the_users_test_passes_as_written(tmp_path: Path) -> None:
    """In a project of its own, with nothing but the plugin: twenty seeds, twenty tests."""
    (tmp_path / "test_users.py").write_text(USERS_TEST, encoding="utf-8")
    environment = clean_environment(PYTHONPATH=os.pathsep.join(map(str, (ROOT, ROOT / "adapters"))), PYTEST_DISABLE_PLUGIN_AUTOLOAD="1")
    command = (sys.executable, "-m", "pytest", "-q", "-p", "chatworkspace_fake.pytest_plugin", "test_users.py")
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert "20 passed" in done.stdout, done.stdout + done.stderr


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\(([^)]+)\)", README))))
def test_every_link_leads_somewhere(link: str) -> None:
    """All links stay within the repository."""
    assert (ROOT / link).is_file()
