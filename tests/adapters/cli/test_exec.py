"""The command exec: somebody's command in the workspace of a chat."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from chatworkspace import ChatWorkspaces, ConnectError
from chatworkspace.ports import Completed
from chatworkspace_fake import FakeCoder
from chatworkspace_simulator import CoderSimulator
from tests.adapters.cli.conftest import Shell
from tests.adapters.cli.worlds import CHAT

pytestmark = pytest.mark.adapters


@pytest.fixture
def ready(shell: Shell, coder: FakeCoder) -> Shell:
    coder.add_template("docker", build=1)
    assert shell("create", *CHAT, "--template", "docker").code == 0
    return shell


def test_exec_has_the_commands_output_and_code(ready: Shell, coder: FakeCoder) -> None:
    """And nothing else: standard output can be piped."""
    asked: list[str] = []

    def answer(command: str) -> Completed:
        asked.append(command)
        return Completed(exit_code=7, output="one\ntwo\n")

    coder.on_run = answer
    done = ready("exec", *CHAT, "--", "grep", "-r", "a b", ".")
    assert (done.code, done.out, done.err) == (7, "one\ntwo\n", "")
    assert ready("exec", *CHAT, "--json", "--", "cd x && make").told == {"output": "one\ntwo\n", "truncated": False, "exit_code": 7}
    assert asked == ["grep -r 'a b' .", "cd x && make"]


def test_exec_with_more_output_than_is_kept(ready: Shell, coder: FakeCoder) -> None:
    """Its beginning and its end are printed, and standard error says that the rest is missing."""
    coder.on_run = lambda _: "x" * 2**21
    done = ready("exec", *CHAT, "--", "yes")
    first, said, last = done.out.split("\n")
    assert (done.code, set(first + last), len(first + last), said) == (0, {"x"}, 2**20, "[1,048,576 bytes are left out here]")
    assert done.err == "the output was too long: its middle is missing\n"


def test_exec_without_an_agent(ready: Shell) -> None:
    """A code of its own, and what may help."""
    ready("stop", *CHAT)
    done = ready("exec", *CHAT, "--json", "--", "ls")
    assert (done.code, done.told["error"]["reason"]) == (255, "not_running")
    assert "ask the user whether it is to be started" in done.err


def test_exec_that_takes_too_long(ready: Shell, simulator: CoderSimulator) -> None:
    """The code is that of timeout(1)."""
    simulator.when("GET /pty").stall(after=0)
    done = ready("exec", *CHAT, "--timeout", "0.5", "--", "sleep", "9")
    assert (done.code, done.out) == (124, "")
    assert "did not end within 0.5 s" in done.err


@pytest.mark.parametrize(("timeout", "dial"), [(0.5, 5.0), (8.0, 8.0), (60.0, 15.0)])
def test_exec_in_an_agent_that_stands_still(ready: Shell, monkeypatch: pytest.MonkeyPatch, timeout: float, dial: float) -> None:
    """R1: it is waited for as long as for the command at most, within 5 to 15 seconds."""
    limits: list[float] = []

    def stands_still(workspaces: ChatWorkspaces, chat_id: str) -> None:
        del chat_id
        limits.append(workspaces._timeouts.dial)
        raise ConnectError("the agent did not answer in time", agent=None)

    monkeypatch.setattr(ChatWorkspaces, "connect", stands_still)
    assert ready("exec", *CHAT, "--timeout", str(timeout), "--", "ls").code == 255
    assert limits == [dial]


def test_the_file_stays_where_it_was_asked_for(shell: Shell, tmp_path: Path, docker: str) -> None:
    """The option goes before the environment."""
    assert shell("create", *CHAT, "--template", docker, "--store", f"sqlite://{tmp_path}/other.db").code == 0
    assert (tmp_path / "other.db").exists()
    assert not (tmp_path / "chats.db").exists()


@pytest.mark.parametrize(
    ("words", "token"),
    [(("--token-file", "-"), "hush"), (("--token-file", "kept"), "kept"), ((), "of the environment"), (("--token", "told"), "told")],
)
def test_the_simulators_token(words: tuple[str, ...], token: str, shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By a file, standard input, the environment, or as a word; two at once are refused."""
    served: list[str] = []

    def serve(*, token: str, **more: object) -> None:
        assert more
        served.append(token)

    monkeypatch.setattr("chatworkspace_cli._offline.serving.serve", serve)
    monkeypatch.setattr("sys.stdin", io.StringIO("hush\n"))
    monkeypatch.setenv("CHATWORKSPACE_SIMULATOR_TOKEN", "of the environment")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "kept").write_text("kept", encoding="utf-8")
    assert (shell("simulator", *words).code, served) == (0, [token])
    assert shell("simulator", "--token", "told", "--token-file", "kept").code == 2
