"""Chats over a platform on this machine: the service in real time, and a model's tools with hands."""

from __future__ import annotations

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from chatworkspace import ChatWorkspaces, InvalidArgumentError, Outcome, Reason, State
from chatworkspace._domain.arguments import HANDS
from chatworkspace.ports import SystemClock
from chatworkspace_fake import MemoryStore
from tests.adapters.local.worlds import PATIENCE, Home, deadline

CHAT = "chat"
CALLERS = 8


def service(here: Home, store: MemoryStore | None = None) -> ChatWorkspaces:
    """Return one with the chat."""
    made = ChatWorkspaces(store=store or MemoryStore(SystemClock()), creator=here.platform, dialer=here.platform)
    made.open_chat(CHAT, owner_id=here.platform.owner_id, organization_id=here.platform.organization_id)
    return made


def test_everybody_gets_the_same_workspace(here: Home) -> None:
    """Many threads of two processes' services ask at the same time: one folder is made, and all are told of it."""
    store, docker = MemoryStore(SystemClock()), here.template("own")
    services = [service(here, store) for _ in range(2)]

    def create(number: int) -> Outcome:
        return services[number % 2].create(CHAT, docker.id, wait=PATIENCE)

    with ThreadPoolExecutor(CALLERS) as pool:
        told = list(pool.map(create, range(CALLERS)))
    assert {it.state for it in told} == {State.READY}
    assert len({it.workspace_id for it in told}) == 1
    assert sum(it.created for it in told) == 1
    assert len(list((here.root / "workspaces" / "me").iterdir())) == 1


def test_a_life(here: Home) -> None:
    """Made, stopped, started, deleted: each is told as with any platform, and what is gone is gone from the disk."""
    chats = service(here)
    made = chats.create(CHAT, here.template("own").id, wait=PATIENCE)
    assert (made.reason, made.ready) == (Reason.CREATED, True)
    assert chats.stop(CHAT, wait=PATIENCE).reason is Reason.STOPPED
    assert chats.status(CHAT).state is State.STOPPED
    assert chats.start(CHAT, wait=PATIENCE).reason is Reason.STARTED
    assert chats.delete(CHAT, wait=PATIENCE).state is State.GONE
    assert list((here.root / "workspaces" / "me").iterdir()) == []


def test_a_setup_that_fails_is_told_with_its_reason(here: Home) -> None:
    """The agent is there, and may be used; its startup script has failed."""
    told = service(here).create(CHAT, here.template("own", setup="echo no such thing >&2; exit 3").id, wait=PATIENCE)
    assert (told.state, told.reason) == (State.READY, Reason.SCRIPTS_FAILED)
    assert told.log_tail[-2:] == ("no such thing", "setup ended with exit code 3")


def test_a_follower_hears_the_whole_setup(here: Home) -> None:
    """What it says after the build has ended is told as it comes, and all of it before the end."""
    chats = service(here)
    setup = "echo first; while ! [ -e go ]; do sleep 0.02; done; echo 'no such package' >&2; exit 4"
    chats.create(CHAT, here.template("own", setup=setup).id, wait=0)
    lines, outcome = list[str](), None
    for it in chats.follow(CHAT, wait=PATIENCE):
        lines += [] if it.line is None else [it.line]
        if it.line == "first":
            (next((here.root / "workspaces" / "me").iterdir()) / "files" / "go").touch()
        outcome = it.outcome
    assert lines[-3:] == ["first", "no such package", "setup ended with exit code 4"]
    assert outcome is not None
    assert outcome.reason is Reason.SCRIPTS_FAILED


@pytest.mark.parametrize(
    ("setup", "tail"),
    [
        ("printf 'no such package' >&2; exit 3", ["no such package", "setup ended with exit code 3"]),
        ("yes x | head -c 2000000; echo 'the cause' >&2; exit 3", ["x", "the cause", "setup ended with exit code 3"]),
    ],
    ids=["no newline", "two megabytes"],
)
def test_the_end_of_what_a_failing_setup_says_is_kept(here: Home, setup: str, tail: list[str]) -> None:
    """Whether its last line has an end or not, and however much it has said before."""
    told = service(here).create(CHAT, here.template("own", setup=setup).id, wait=PATIENCE)
    assert list(told.log_tail[-len(tail) :]) == tail


def test_a_setup_that_is_killed_in_the_midst_of_a_line(here: Home) -> None:
    """What it has said of it is told, once the workspace has ended and nobody goes on."""
    chats = service(here)
    docker = here.template("own", setup="printf 'half a line'; sleep 600")
    workspace = chats.create(CHAT, docker.id, wait=0).workspace
    assert workspace is not None
    over = deadline()
    log = here.folder(workspace) / "builds" / "1.log"
    while not (log.exists() and log.read_text().endswith("half a line")) and time.monotonic() < over:
        time.sleep(0.01)
    os.kill(here.keeper(workspace), signal.SIGKILL)
    lines = list[str]()
    while lines[-1:] != ["half a line"] and time.monotonic() < over:
        lines = [it.text for it in here.platform.build_log(workspace, after=0, deadline=over)]
    assert lines[-2:] == ["built", "half a line"]


def test_a_model_uses_its_workspace(here: Home) -> None:
    """It writes a file, runs it and reads what came of it, by the tools alone; the host has to say that this is meant."""
    chats, docker = service(here), here.template("own")
    with pytest.raises(InvalidArgumentError) as caught:
        chats.toolbox(CHAT, tools=HANDS)
    assert caught.value.argument == "allow_unsandboxed"
    box = chats.toolbox(CHAT, wait=PATIENCE, tools=HANDS, allow_unsandboxed=True)

    def call(name: str, **arguments: Any) -> dict[str, Any]:
        return dict(box.call(name, arguments).content)

    assert call("create_workspace", template_id=str(docker.id))["state"] == "ready"
    assert "error" not in call("write_file", path="answer.sh", content="echo $((6 * 7)) > out; cat out; exit 3\n")
    ran = call("execute", command="sh answer.sh")
    assert (ran["output"].strip(), ran["exit_code"]) == ("42", 3)
    assert "42" in str(call("read_file", path="out"))
    (made,) = (here.root / "workspaces" / "me").iterdir()
    assert Path(made, "files", "out").read_text() == "42\n"
