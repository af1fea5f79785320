"""The tutorial and the guides for tests and processes tell the truth: what they show runs as written."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from chatworkspace import ChatWorkspaces
from chatworkspace_cli import main
from chatworkspace_fake import FakeCoder, MemoryStore
from chatworkspace_fake._platform.states import ORGANIZATION, OWNER
from tests.docs.pages import blocks, text
from tests.packaging.runs import LEFT_OUT, ROOT, clean_environment, run
from tests.packaging.test_readme import EMBEDDING, elsewhere
from tests.sockets import free_port

if TYPE_CHECKING:
    from tests.adapters.postgres.server import Database

TRY, HERE = blocks("docs/tutorial/chat-agent.md", "sh")
FIRST, CONNECT, TOOLS, AGENT = blocks("docs/tutorial/chat-agent.md", "python")
(UPGRADE,) = blocks("docs/how-to/gunicorn.md", "sh")
(WORKERS,) = blocks("docs/how-to/gunicorn.md", "python")
(USERS_TEST,) = blocks("docs/how-to/testing.md", "python")
(RUN,) = blocks("docs/how-to/testing.md", "sh")


def test_the_first_program_is_that_of_the_readme() -> None:
    """Which is run by its own test."""
    assert FIRST == EMBEDDING


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


@pytest.mark.adapters
def test_a_workspace_of_this_machine_runs_commands_as_written(tmp_path: Path) -> None:
    """Its template makes a virtual environment, whose Python prints what the page says; whatever happens, the last line stops it."""
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv" / "bin").symlink_to(Path(sys.executable).parent)
    *lines, stop = HERE.splitlines()
    script = "\n".join([f"trap '{stop}' EXIT", *lines])
    environment = clean_environment(CHATWORKSPACE_STORE=f"sqlite://{tmp_path}/chats.db")
    done = subprocess.run(("bash", "-ec", script), cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"^thread-43: ready \(created\).*^42$.*^thread-43: stopped \(stopped\)", done.stdout, re.DOTALL | re.MULTILINE), done.stdout
    assert "prints `42`" in text("docs/tutorial/chat-agent.md")


@pytest.mark.packaging
@pytest.mark.exhaustive
def test_more_than_one_process_is_as_written(tmp_path: Path, postgres: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a fresh environment the command makes the tables in a real PostgreSQL; then what each worker does finds nothing missing."""
    shutil.copytree(ROOT, tmp_path / "checkout", ignore=LEFT_OUT)
    database = postgres.another()
    run(sys.executable, "-m", "venv", tmp_path / "checkout" / ".venv")
    assert ".venv/bin/chatworkspace db upgrade" in UPGRADE
    run("bash", "-ec", UPGRADE, cwd=tmp_path / "checkout", DATABASE_URL=database.owner)
    monkeypatch.setenv("DATABASE_URL", database.owner)
    names: dict[str, Any] = {}
    exec(compile(WORKERS, "docs/how-to/gunicorn.md", "exec"), names)  # noqa: S102 # our own page
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
    exec(compile(CONNECT, "docs/tutorial/chat-agent.md", "exec"), {"workspaces": workspaces})  # noqa: S102 # our own page
    assert capsys.readouterr().out == "uname -a\n"


def test_the_toolbox_never_raises_on_a_models_account(workspaces: ChatWorkspaces, capsys: pytest.CaptureFixture[str]) -> None:
    """A template id that is none becomes a result that says so."""
    exec(compile(TOOLS, "docs/tutorial/chat-agent.md", "exec"), {"workspaces": workspaces})  # noqa: S102 # our own page
    assert re.fullmatch(r'\{"error":.*template_id.*\} True\n', capsys.readouterr().out)


def test_the_agent_works_in_its_workspace(workspaces: ChatWorkspaces, template_id: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Its model asks for a workspace, runs a command in it, and is told what came out: the fake's agent answers with the command."""
    docker = SimpleNamespace(id=template_id)
    names = {"workspaces": workspaces, "docker": docker, "tools": workspaces.toolbox("thread-42", wait=20)}
    exec(compile(AGENT, "docs/tutorial/chat-agent.md", "exec"), names)  # noqa: S102 # our own page
    assert capsys.readouterr().out == 'It says: {"output":"make test"}\n'


def test_the_recording_is_replayed_as_written(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Every line of it is answered."""
    monkeypatch.chdir(ROOT)
    assert main(RUN.split()[1:]) == 0
    assert len(capsys.readouterr().out.splitlines()) > 20


def test_the_users_test_passes_as_written(tmp_path: Path) -> None:
    """In a project of its own, with nothing but the plugin: twenty seeds, twenty tests."""
    (tmp_path / "test_users.py").write_text(USERS_TEST, encoding="utf-8")
    environment = clean_environment(PYTHONPATH=os.pathsep.join(map(str, (ROOT, ROOT / "adapters"))), PYTEST_DISABLE_PLUGIN_AUTOLOAD="1")
    command = (sys.executable, "-m", "pytest", "-q", "-p", "chatworkspace_fake.pytest_plugin", "test_users.py")
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert "20 passed" in done.stdout, done.stdout + done.stderr
