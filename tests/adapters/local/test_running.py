"""What commands are run with, and what ends them."""

from __future__ import annotations

import os
import signal
import threading
import time
from functools import partial

import pytest

from chatworkspace import InvalidArgumentError, RefusedError, UnavailableError
from chatworkspace.ports import DialError
from chatworkspace_local._connections import LONGEST, MIB
from chatworkspace_local._worker.processes import MARK
from tests.adapters.local.test_ending import wait_ended
from tests.adapters.local.worlds import PATIENCE, Home, deadline
from tests.hanging import until


def test_the_folder_and_the_variables(here: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """The workspace's folder, and variables of which none is the host's: its secrets are not told."""
    monkeypatch.setenv("TOKEN_OF_THE_HOST", "secret")
    monkeypatch.setenv("PATH", f"/somewhere:{os.environ['PATH']}")
    workspace = here.ready()
    files = str(here.folder(workspace) / "files")
    assert here.run(workspace, "pwd; echo $HOME; echo $PATH")[1].splitlines() == [
        files,
        files,
        "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    ]
    assert not {"TERM", "TOKEN_OF_THE_HOST"} & {line.partition("=")[0] for line in here.run(workspace, "env")[1].splitlines()}


def test_a_parameter_is_a_variable(here: Home) -> None:
    """Whose name can take the place of no other."""
    template = here.template("asking", '[[parameters]]\nname = "path"\ndefault = "there"\n', "echo $CHATWORKSPACE_PARAMETER_PATH > told")
    workspace = here.ready(template=template)
    assert here.run(workspace, "cat told; echo $CHATWORKSPACE_PARAMETER_PATH; ls /bin/sh")[1] == "there\nthere\n/bin/sh\n"


def test_no_input_and_no_file_of_the_host(here: Home) -> None:
    """A command reads the end of its input at once, and has three open files."""
    workspace = here.ready()
    assert here.run(workspace, "cat; ls /proc/self/fd | wc -l")[1] == "4\n"  # the fourth is that by which ls reads


@pytest.mark.parametrize(("command", "code"), [("exit 7", 7), ("kill -9 $$", 137), ("nonesuch 2>/dev/null", 127)])
def test_the_exit_code(here: Home, command: str, code: int) -> None:
    """As shells tell it."""
    assert here.run(here.ready(), command)[0] == code


def test_output_is_limited(here: Home) -> None:
    """What is beyond the limit is read, left out of the middle, and said to be."""
    workspace = here.ready()
    with here.platform.dial(workspace, workspace.agents[0], deadline=deadline()) as connection:
        done = connection.run(f"head -c {3 * MIB} /dev/zero | tr '\\0' x; exit 4", timeout=PATIENCE)
    assert (done.exit_code, done.output.count("x"), done.truncated) == (4, MIB, True)
    assert f"[{2 * MIB:,} bytes are left out here]" in done.output


def test_what_never_ends_to_write_is_ended_in_time(here: Home) -> None:
    """A timeout is not put off by output."""
    with pytest.raises(TimeoutError):
        here.run(here.ready(), "yes", timeout=0.5)


def test_a_command_that_is_too_long_is_refused(here: Home) -> None:
    """Before it is sent; so are variables, by themselves or together."""
    workspace = here.ready()
    long = "x" * (LONGEST + 1)
    given: list[tuple[str, dict[str, str]]] = [(long, {}), ("echo", {"A": long}), ("echo", {f"A{it}": long[1:] for it in range(20)})]
    with here.platform.dial(workspace, workspace.agents[0], deadline=deadline()) as connection:
        for command, env in given:
            with pytest.raises(RefusedError):
                connection.run(command, timeout=PATIENCE, env=env)
        assert connection.run("printf %s ${#A}", timeout=PATIENCE, env={"A": long[1:]}).output == str(LONGEST)


def test_no_variable_takes_the_place_of_the_mark(here: Home) -> None:
    """By which whoever stops the workspace finds what has left its session."""
    workspace = here.ready()
    with here.platform.dial(workspace, workspace.agents[0], deadline=deadline()) as connection:
        assert connection.run(f"echo ${MARK}", timeout=PATIENCE, env={MARK: "none"}).output.strip() == str(workspace.id)


def test_a_timeout_ends_the_group(here: Home) -> None:
    """The command, and what it has begun in its group."""
    workspace = here.ready()
    with pytest.raises(TimeoutError):
        here.run(workspace, "sleep 500 & echo $! > background; echo $$ > self; wait", timeout=0.5)
    for name in ("background", "self"):
        wait_ended(int((here.folder(workspace) / "files" / name).read_text()))
    assert here.run(workspace, "echo on")[1] == "on\n"


def test_the_background_may_go_on_writing(here: Home) -> None:
    """A command ends with its shell; what it leaves is neither waited for nor ended by writing to nobody."""
    workspace = here.ready()
    assert here.run(workspace, "while :; do echo line; sleep 0.05; done & echo $! > number; exit 5")[0] == 5
    pid = int((here.folder(workspace) / "files" / "number").read_text())
    time.sleep(0.3)
    os.kill(pid, 0)


def test_a_stop_ends_a_command_under_way(here: Home) -> None:
    """Whoever waits for it is told at once, not at the timeout."""
    workspace = here.ready()
    caught: list[BaseException] = []

    def run() -> None:
        try:
            here.run(workspace, "touch began; exec sleep 500")
        except UnavailableError as error:
            caught.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    until((here.folder(workspace) / "files" / "began").exists)
    here.stopped(workspace)
    thread.join(PATIENCE)
    assert not thread.is_alive()


@pytest.mark.parametrize("timeout", [0, -1, float("nan"), float("inf"), True, "5"])
def test_a_timeout_that_is_none(here: Home, timeout: float) -> None:
    """Is named, before anything runs."""
    workspace = here.ready()
    with here.platform.dial(workspace, workspace.agents[0], deadline=deadline()) as connection, pytest.raises(InvalidArgumentError, match="timeout"):
        connection.run("touch ran", timeout=timeout)
    assert not (here.folder(workspace) / "files" / "ran").exists()


def test_a_keeper_that_is_paused_is_not_waited_for(here: Home) -> None:
    """It may come back: the agent is not gone, and told to be disconnected."""
    workspace = here.ready()
    os.kill(here.keeper(workspace), signal.SIGSTOP)
    with pytest.raises(DialError) as caught:
        here.platform.dial(workspace, workspace.agents[0], deadline=deadline())
    assert not caught.value.permanent
    assert here.get(workspace).agents[0].status.value == "disconnected"


def test_a_long_path_of_the_root(here: Home) -> None:
    """Longer than the address of a socket may be, and with a colon in it."""
    deep = here.root / ("a:" + "b" * 150)
    other = Home(deep, type(here.platform)(deep, grace=1.0))
    workspace = other.ready()
    assert other.run(workspace, "echo there; command -v ls")[0] == 0


def test_many_commands_at_a_time(here: Home) -> None:
    """Each is told its own output and code."""
    workspace = here.ready()
    told: dict[int, tuple[int, str]] = {}

    def run(number: int) -> None:
        told[number] = here.run(workspace, f"echo {number}; exit {number}")

    threads = [threading.Thread(target=partial(run, number)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert told == {number: (number, f"{number}\n") for number in range(16)}
