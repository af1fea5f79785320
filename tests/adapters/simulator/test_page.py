"""The page for people, and the command that serves it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from chatworkspace_cli import main
from chatworkspace_simulator import CoderSimulator
from tests.adapters.simulator.client import Client, made

ROOT = Path(__file__).resolve().parents[3]
TOKEN = "simulators-own"  # noqa: S105 # a test's own


def _state(url: str) -> Any:
    return requests.get(f"{url}/simulator/state", timeout=10).json()


def test_the_page_needs_no_token(simulator: CoderSimulator) -> None:
    """It is complete in itself: nothing is fetched from elsewhere."""
    answer = requests.get(simulator.url, timeout=10)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert "http" not in answer.text.replace("<!doctype html>", "")


def test_the_page_shows_what_there_is(simulator: CoderSimulator, client: Client) -> None:
    """Templates, workspaces with their builds and agents, and the latest requests; itself it does not count."""
    made(simulator.coder).drop_agent()
    client.ask("GET", "/nothing?coder_session_token=secret")
    state = _state(simulator.url)
    assert [(it["name"], it["workspaces"]) for it in state["templates"]] == [("docker", 1)]
    (workspace,) = state["workspaces"]
    assert (workspace["name"], workspace["status"], workspace["agents"]) == ("dev", "running", ["main disconnected, ready"])
    assert [(it["path"], it["status"]) for it in state["requests"]] == [("/api/v2/nothing", 404)]
    assert simulator.token not in str(state)


def test_no_other_page(simulator: CoderSimulator) -> None:
    """404."""
    assert requests.get(f"{simulator.url}/elsewhere", timeout=10).status_code == 404


# ---------------------------------------------------------------- the command


@contextmanager
def _command(*arguments: str) -> Generator[tuple[subprocess.Popen[str], dict[str, str]], None, None]:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "adapters")))}
    command = [sys.executable, "-m", "chatworkspace_cli", "simulator", "--port", "0", *arguments]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout is not None
        try:
            lines = [process.stdout.readline().removeprefix("export ").strip().partition("=") for _ in range(2)]
            yield process, {name: value for name, _, value in lines}
        finally:
            process.kill()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_command_serves_until_interrupted(number: signal.Signals) -> None:
    """It prints what Coder's own command reads from its environment, and ends well."""
    with _command("--level", "2.24", "--speed", "60", "--token", TOKEN) as (process, printed):
        assert printed["CODER_SESSION_TOKEN"] == TOKEN
        answer = requests.get(f"{printed['CODER_URL']}/api/v2/templates", headers={"Coder-Session-Token": TOKEN}, timeout=10)
        assert "docker" in {it["name"] for it in answer.json()}
        assert answer.headers["X-Coder-Build-Version"].startswith("v2.24.")
        process.send_signal(number)
        assert process.wait(10) == 0


@pytest.mark.parametrize("arguments", [["--level", "1.0"], ["--speed", "0"], ["--port", "99999"], ["--requests-per-minute", "0"], ["--token", "a b"]])
def test_arguments_that_mean_nothing(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 2, and one line that says why."""
    assert main(["simulator", *arguments]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_port_that_is_taken(simulator: CoderSimulator, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 2 as well, and which port that is."""
    port = simulator.url.rpartition(":")[2]
    assert main(["simulator", "--port", port]) == 2
    said = capsys.readouterr().err
    assert f"port {port}: " in said
    assert "in use" in said
