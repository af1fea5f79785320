"""The command in processes of its own: terminals, Ctrl-C, races, deaths, and the token that shows nowhere."""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest

from chatworkspace_fake import NEVER, Fails, FakeCoder
from chatworkspace_fake._platform.states import OWNER
from chatworkspace_simulator import CoderSimulator
from tests.adapters.cli.processes import Shells, ended, said
from tests.adapters.cli.worlds import SLOW, TOKEN
from tests.hanging import PATIENCE, not_hanging, until

pytestmark = pytest.mark.adapters

CREATE = ("create", "--chat", "thread-42", "--template", "docker", "--json")
LINES = tuple(f"layer {number}" for number in range(8))


@pytest.fixture
def shells(simulator: CoderSimulator, tmp_path: Path) -> Shells:
    return Shells(simulator.url, tmp_path)


# ---------------------------------------------------------------- progress


@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminals")
def test_a_terminal_shows_progress_in_place(shells: Shells, coder: FakeCoder) -> None:
    """Position in the queue, phase, seconds and the end of the log, drawn over one another; nothing of it is left, and standard output is clean."""
    import pty  # noqa: PLC0415 # Windows has none

    coder.set_provisioners(1)
    coder.add_workspace(coder.add_template("before", build=NEVER), "first", owner_id=OWNER)
    coder.add_template("docker", build=20, connect=10, log=LINES)
    ours, theirs = pty.openpty()
    process = shells.start(*CREATE, stderr=theirs)
    os.close(theirs)
    shown = _read(ours, "position 1 in the queue")
    coder.set_provisioners(2)
    shown += _read(ours)
    code, out, _ = ended(process)
    assert (code, json.loads(out)["reason"]) == (0, "created")
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown)
    for part in (r"building +\d+ s  position 1 in the queue\r\n", r"building +\d+ s  \r\n", r"\| layer 7\r\n", r"connecting +\d+ s"):
        assert re.search(part, text), part
    assert "| layer 0\r\n" in text
    assert "| layer 0\r\n" not in text[text.index("| layer 7") :], "the log's end alone is shown"
    wiped = shown.rpartition("\r\n")[2]
    assert wiped.count("\x1b[1A\x1b[2K") == 6, "an entry, four lines of the log, a footer: each is wiped"
    assert TOKEN not in shown


def _read(descriptor: int, text: str | None = None) -> str:
    """Return what a terminal is sent, until this text is there, or nobody has it open any more."""
    seen = b""
    while text is None or text.encode() not in seen:
        try:
            more = os.read(descriptor, 65536)
        except OSError:  # Linux says so where others return nothing
            more = b""
        if not more:
            os.close(descriptor)
            break
        seen += more
    return seen.decode()


def test_where_no_terminal_is_there_are_plain_lines(shells: Shells, coder: FakeCoder) -> None:
    """One for each change."""
    coder.add_template("docker", log=LINES, **SLOW)
    code, out, err = shells.run(*CREATE)
    assert (code, json.loads(out)["ready"]) == (0, True)
    phases = [line.split(" s  ")[1] for line in err.splitlines() if "|" not in line]
    assert phases[0] == "building"
    assert phases == [it for it in ("building", "connecting", "scripts") if it in phases]  # a slow machine may miss one
    assert [line.split("| ")[1] for line in err.splitlines() if "|" in line] == list(LINES)
    assert "\x1b" not in err


def test_a_follower_whose_reader_has_gone(shells: Shells, coder: FakeCoder) -> None:
    """As behind `| head -1`: it ends at the next line, with 0, and says nothing of it."""
    coder.add_template("docker", connect=NEVER, scripts=NEVER)
    shells.run(*CREATE, "--wait", "0")
    process = shells.start("follow", "--chat", "thread-42")
    assert process.stdout is not None
    assert process.stderr is not None
    assert "connecting" in process.stdout.readline()
    process.stdout.close()
    coder.workspaces[0].connect()
    assert process.wait(PATIENCE) == 0
    assert process.stderr.read() == ""
    process.stderr.close()


# ---------------------------------------------------------------- Ctrl-C


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGINT for another process")
@pytest.mark.parametrize("command", ["create", "follow"])
def test_ctrl_c_ends_the_wait_and_loses_nothing(command: str, shells: Shells, coder: FakeCoder) -> None:
    """It says how far it came; the same command goes on from there."""
    coder.add_template("docker", build=NEVER)
    if command == "follow":
        shells.run(*CREATE, "--wait", "0")
    process = shells.start(*CREATE) if command == "create" else shells.start("follow", "--chat", "thread-42", stderr=None)
    if command == "create":
        said(process, "building")
    else:
        assert process.stdout is not None
        assert "building" in process.stdout.readline()
    process.send_signal(signal.SIGINT)
    code, out, err = ended(process)
    assert code == 130
    if command == "create":
        told = json.loads(out)
        assert (told["reason"], told["phase"], told["exit_code"]) == ("interrupted", "building", 130)
        assert "interrupted: ending the wait" in err
    else:
        assert "starting, building (interrupted)" in out
    (made,) = coder.workspaces
    after = json.loads(shells.run("status", "--chat", "thread-42", "--json")[1])
    assert (after["workspace"]["id"], after["phase"]) == (str(made.id), "building")


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGINT for another process")
@pytest.mark.parametrize("times", [1, 2])
def test_ctrl_c_while_a_creation_is_not_answered(times: int, shells: Shells, simulator: CoderSimulator) -> None:
    """The command ends soon, or at once when asked again; what was made all the same is found by the next one."""
    simulator.coder.add_template("docker", build=1)
    simulator.when("POST /workspaces").stall(after=0)
    process = shells.start(*CREATE)
    until(lambda: simulator.coder.workspaces)
    with not_hanging(2.0):  # the creation's own limit is 25 s
        process.send_signal(signal.SIGINT)
        said(process, "interrupted")
        if times == 2:
            process.send_signal(signal.SIGINT)
        code, out, _ = ended(process)
    told = json.loads(out)
    assert (code, told["error"]["reason"]) == (130, "interrupted")
    code, out, _ = shells.run(*CREATE)
    assert (code, json.loads(out)["ready"]) == (0, True)
    assert len(simulator.coder.workspaces) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGINT for another process")
@pytest.mark.parametrize(
    ("words", "stalled"),
    [(("templates",), "GET /templates"), (("doctor",), "GET /templates"), (("exec", "--chat", "thread-42", "--", "sleep", "9"), "GET /pty")],
)
def test_ctrl_c_ends_what_only_looks(words: tuple[str, ...], stalled: str, shells: Shells, simulator: CoderSimulator) -> None:
    """And half a result is none."""
    simulator.coder.add_template("docker", build=1)
    shells.run(*CREATE)
    simulator.when(stalled).stall(after=0)
    process = shells.start(words[0], "--json", *words[1:])
    until(lambda: not simulator.unstruck())
    process.send_signal(signal.SIGINT)
    code, out, err = ended(process)
    assert (code, json.loads(out)["error"]["reason"]) == (130, "interrupted")
    assert ("The command may go on in the workspace." in err) == (words[0] == "exec")


# ---------------------------------------------------------------- a reader that goes


@pytest.mark.skipif(sys.platform == "win32", reason="no pipes of that kind")
@pytest.mark.parametrize("words", [("templates",), ("templates", "--json"), ("--help",), ("templates", "--help")])
def test_a_reader_that_has_enough(words: tuple[str, ...], shells: Shells, coder: FakeCoder) -> None:
    """As `| head`: the command ends as it would have ended, and says nothing of it."""
    coder.add_template("docker")
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as out:
        code, _, err = ended(shells.start(*words, stdout=out))
    assert (code, err) == (0, "")


# ---------------------------------------------------------------- races and deaths


def test_racing_commands_make_one_workspace(shells: Shells, coder: FakeCoder) -> None:
    """Processes that know nothing of each other, one chat, one wish: all are told the same workspace, and one at least that it was made."""
    coder.add_template("docker", **SLOW)
    racing = [shells.start(*CREATE) for _ in range(4)]
    results = [ended(process) for process in racing]
    assert [code for code, _, _ in results] == [0] * 4
    told = [json.loads(out) for _, out, _ in results]
    assert {it["workspace"]["id"] for it in told} == {str(made.id) for made in coder.workspaces}
    assert len(coder.workspaces) == 1
    assert any(it["created"] for it in told)


def test_a_command_that_is_killed_while_it_waits(shells: Shells, coder: FakeCoder) -> None:
    """The next one goes on waiting for the same workspace, which is what it wished for."""
    coder.add_template("docker", connect=NEVER)
    process = shells.start(*CREATE)
    said(process, "connecting")
    process.kill()
    ended(process)
    process = shells.start(*CREATE)
    said(process, "connecting")
    coder.workspaces[0].connect()
    code, out, _ = ended(process)
    assert (code, json.loads(out)["created"]) == (0, True)
    assert len(coder.workspaces) == 1


def test_a_command_that_is_killed_between_creation_and_binding(shells: Shells, simulator: CoderSimulator) -> None:
    """What it had asked for is found and bound, once its claim is over."""
    simulator.coder.add_template("docker", build=1)
    simulator.when("POST /workspaces").stall(after=0)
    process = shells.start(*CREATE)
    until(lambda: simulator.coder.workspaces)
    process.kill()
    ended(process)
    code, out, _ = shells.run("status", "--chat", "thread-42", "--json")
    assert (code, json.loads(out)["phase"]) == (5, "creating")
    _let_the_claim_be_over(shells.store)
    code, out, _ = shells.run(*CREATE)
    told = json.loads(out)
    assert (code, told["reason"], told["created"]) == (0, "adopted", False)
    assert len(simulator.coder.workspaces) == 1
    assert "bound to" in shells.run("why", "--chat", "thread-42")[1]


def _let_the_claim_be_over(store: Path) -> None:
    """Put its end into the past: half a minute goes by at once."""
    with closing(sqlite3.connect(store, timeout=PATIENCE)) as connection:
        assert connection.execute("UPDATE chat SET until = taken_at, taken_at = taken_at - 30000000 WHERE until > 0").rowcount == 1
        connection.commit()


# ---------------------------------------------------------------- the token


@pytest.mark.exhaustive
def test_the_token_shows_nowhere(shells: Shells, simulator: CoderSimulator) -> None:
    """Not in what is printed, whatever goes wrong and wherever a redirect leads, and not in the store."""
    simulator.coder.add_template("docker", build=Fails(after=1), log=("x",))
    simulator.coder.add_template("stuck", build=1, connect=NEVER)
    chat = ("--chat", "thread-42")
    asked = (
        CREATE,
        ("attach", *chat, "nope"),
        ("exec", *chat, "--", "ls"),
        ("doctor", "--json"),
        ("sweep",),
        ("templates",),
        ("why", "--chat", "thread-42"),
    )
    for words in asked:
        shells.run(*words)
    simulator.when("GET /buildinfo").redirect(f"http://127.0.0.1:9/{TOKEN}")
    assert shells.run("doctor")[0] == 1
    simulator.when("POST /workspaces").redirect(f"http://127.0.0.1:9/{TOKEN}")
    assert shells.run("create", "--chat", "thread-43", "--template", "stuck", "--wait", "0")[0] in {4, 5}
    kept = b"".join(path.read_bytes() for path in shells.store.parent.iterdir())
    assert kept
    assert TOKEN.encode() not in kept
