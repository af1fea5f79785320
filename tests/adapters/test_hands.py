"""A model's hands over real shells: on this machine, and through the terminals of a served platform."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import attrs
import pytest

from chatworkspace import ChatWorkspaces, ClosedError, RefusedError, ToolResult
from chatworkspace._domain.arguments import HANDS
from chatworkspace.ports import SystemClock
from chatworkspace_coder import CoderClient, _terminal
from chatworkspace_coder._input import Typist
from chatworkspace_fake import FakeCoder, MemoryStore, RealShell
from chatworkspace_fake._platform.states import ORGANIZATION, OWNER
from chatworkspace_local import LocalPlatform
from chatworkspace_local._worker.processes import ENDED, stat_of
from chatworkspace_simulator import CoderSimulator
from tests.adapters.local.worlds import home
from tests.hanging import PATIENCE, until

pytestmark = pytest.mark.adapters

CHAT = "chat"
EVERY_BYTE = bytes(range(256))
MIB = 2**20
TIMES = 10
"""What is ten times as large may take longer."""
RUNS = "echo $$ > own; sleep 500 & echo $! > other; echo begun; wait"
"""A command that does not end, with a process of its own in its group."""


@attrs.frozen(kw_only=True)
class Hands:
    """A chat that has a workspace, and where the files of that are."""

    workspaces: ChatWorkspaces
    files: Callable[[], Path]

    def call(self, name: str, **arguments: Any) -> ToolResult:
        """Have a tool called."""
        return self.workspaces.toolbox(CHAT, tools=HANDS, allow_unsandboxed=True).call(name, arguments)


def local(stack: ExitStack, folder: Path) -> Hands:
    """Return one on this machine."""
    del folder
    here = home()
    stack.callback(here.end)
    platform = here.platform
    made = ChatWorkspaces(store=MemoryStore(SystemClock()), creator=platform, dialer=platform)
    made.open_chat(CHAT, owner_id=platform.owner_id, organization_id=platform.organization_id)
    made.create(CHAT, here.named("empty").id, wait=PATIENCE)
    return Hands(workspaces=made, files=lambda: next((here.root / "workspaces" / "me").glob("*/files")))


def coder(stack: ExitStack, folder: Path) -> Hands:
    """Return one of a served platform."""
    fake = FakeCoder()
    fake.shell = RealShell(folder)
    simulator = stack.enter_context(CoderSimulator(fake))
    client = stack.enter_context(CoderClient(simulator.url, token=simulator.token))
    made = ChatWorkspaces(store=MemoryStore(SystemClock()), creator=client, dialer=client)
    made.open_chat(CHAT, owner_id=OWNER, organization_id=ORGANIZATION)
    made.create(CHAT, fake.add_template("docker").id, wait=PATIENCE)
    return Hands(workspaces=made, files=lambda: next(folder.iterdir()))


@pytest.fixture(params=[local, coder], ids=["local", "coder"])
def hands(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Hands]:
    """Give a chat with a workspace."""
    with ExitStack() as stack:
        made: Hands = request.param(stack, tmp_path)
        stack.enter_context(closing(made.workspaces))
        assert made.call("execute", command="true").content["exit_code"] == 0
        yield made


def ended(pid: int) -> bool:
    found = stat_of(pid)
    return found is None or found.state in ENDED


def running(hands: Hands, pool: ThreadPoolExecutor) -> tuple[Future[ToolResult], list[int]]:
    """Begin a command that does not end; return what its call comes to, and the processes of its group."""
    called = pool.submit(hands.call, "execute", command=RUNS, timeout="10m")
    noted = [hands.files() / name for name in ("own", "other")]
    until(lambda: all(it.exists() and it.read_text().strip() for it in noted))
    pids = [int(it.read_text()) for it in noted]
    assert not any(map(ended, pids))
    return called, pids


def test_an_interrupt_ends_the_command_of_a_chat(hands: Hands) -> None:
    """Its group ends, and the model is told that it was interrupted, with what it had said; the next command runs."""
    with ThreadPoolExecutor(1) as pool:
        called, pids = running(hands, pool)
        hands.workspaces.interrupt("another")
        assert not called.done()
        hands.workspaces.interrupt(CHAT)
        result = called.result(PATIENCE)
    assert (result.is_error, result.content["reason"]) == (True, "interrupted")
    assert result.content["output"] in ("", "begun\n")  # as far as it had come
    until(lambda: all(map(ended, pids)))
    assert hands.call("execute", command="echo on").content["output"] == "on\n"


def test_close_ends_all_commands(hands: Hands) -> None:
    """Their groups end, and whoever waits for them is told so, as by any other call."""
    with ThreadPoolExecutor(1) as pool:
        called, pids = running(hands, pool)
        hands.workspaces.close()
        with pytest.raises(ClosedError):
            called.result(PATIENCE)
    until(lambda: all(map(ended, pids)))


def test_an_interrupt_ends_a_file_under_way(hands: Hands) -> None:
    """A read that blocks, on a pipe that nobody writes, say."""
    os.mkfifo(hands.files() / "pipe")
    with ThreadPoolExecutor(1) as pool:
        called = pool.submit(hands.call, "read_file", path="pipe")
        until(lambda: hands.workspaces._parts.uses)
        time.sleep(0.2)  # whenever it comes, the call ends: this is to find it in the command, most of the time
        hands.workspaces.interrupt(CHAT)
        result = called.result(PATIENCE)
    assert (result.is_error, result.content["reason"]) == (True, "interrupted")


SERVER = "nohup sh -c 'echo up; exec sleep 500' >log 2>&1 & echo $!; until grep -qs up log; do sleep 0.1; done"


def test_a_server_outlives_the_call_that_begins_it(hands: Hands) -> None:
    """The next command finds it, and what it has said. On this machine it ends with the workspace."""
    pid = int(hands.call("execute", command=SERVER, timeout="2m").content["output"])
    try:
        assert hands.call("execute", command=f"kill -0 {pid} && cat log").content["output"] == "up\n"
        assert not ended(pid)
        if isinstance(hands.workspaces._creator, LocalPlatform):
            hands.call("stop_workspace")
            assert ended(pid)
    finally:
        if not ended(pid):
            os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize("hands", [coder], ids=["coder"], indirect=True)
def test_only_the_hosts_variables_are_typed(hands: Hands, monkeypatch: pytest.MonkeyPatch) -> None:
    """They may be secret. For what the library adds, an agent needs nothing that typing needs."""
    typed = list[str]()

    class Noted(Typist):
        def __init__(self, mark: str, command: str, stdin: bytes) -> None:
            typed.append(command)
            super().__init__(mark, command, stdin)

    monkeypatch.setattr(_terminal, "Typist", Noted)
    assert hands.call("execute", command="echo $GIT_EDITOR $PAGER $TERM").content["output"] == "true cat dumb\n"
    assert typed == []
    toolbox = hands.workspaces.toolbox(CHAT, tools=["execute"], env={"PAGER": "less"})
    assert toolbox.call("execute", {"command": "echo $GIT_EDITOR $PAGER"}).content["output"] == "true less\n"
    assert len(typed) == 1


def test_an_error_of_the_shell_names_lines_of_the_command(hands: Hands) -> None:
    """Not those of what is said before it."""
    command = ": 1\n: 2\nnothing-of-this-name\n"
    result = hands.call("execute", command=command, workdir=".").content
    assert result["exit_code"] == 127
    assert re.search(r"\b3: ", result["output"])


def test_every_byte_of_a_mebibyte(hands: Hands) -> None:
    """Is written and read back as it was."""
    data = EVERY_BYTE * (MIB // 256)
    with hands.workspaces.connect(CHAT) as agent:
        agent.write_file("large", data, timeout=PATIENCE)
        assert agent.read_file("large", timeout=PATIENCE) == data


def huge(hands: Hands) -> None:
    data = EVERY_BYTE * (10 * MIB // 256)
    with hands.workspaces.connect(CHAT) as agent:
        agent.write_file("huge", data, timeout=TIMES * PATIENCE)
        assert (hands.files() / "huge").read_bytes() == data
        assert agent.read_file("huge", timeout=TIMES * PATIENCE, limit=10 * MIB) == data
        with pytest.raises(RefusedError, match="more than 1,048,576 bytes"):
            agent.read_file("huge", timeout=PATIENCE)


@pytest.mark.parametrize("hands", [local], ids=["local"], indirect=True)
def test_ten_mebibytes(hands: Hands) -> None:
    """Go both ways, where a limit says so; without it the read is refused, and names the limit."""
    huge(hands)


@pytest.mark.exhaustive
@pytest.mark.parametrize("hands", [coder], ids=["coder"], indirect=True)
def test_ten_mebibytes_through_a_terminal(hands: Hands) -> None:
    """The same, in a minute or more: they are typed, line by line."""
    huge(hands)


@pytest.mark.parametrize("hands", [coder], ids=["coder"], indirect=True)
def test_more_than_a_terminal_takes(hands: Hands) -> None:
    """Is refused before anything is typed, and the limit is named."""
    with hands.workspaces.connect(CHAT) as agent, pytest.raises(RefusedError, match="16,777,216 bytes at most"):
        agent.write_file("huge", bytes(17 * MIB), timeout=PATIENCE)
    assert not (hands.files() / "huge").exists()
