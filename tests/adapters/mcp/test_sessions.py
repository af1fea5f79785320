"""`chatworkspace mcp`, as clients meet it: the protocol's own client, processes, and a simulator over HTTP."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
from datetime import datetime, timezone
from pathlib import Path

import attrs
import pytest

import chatworkspace
from chatworkspace import Phase, Progress, Template
from chatworkspace_fake import Fails, FakeCoder, RealShell
from chatworkspace_mcp._calls import _said
from chatworkspace_simulator import CoderSimulator
from tests.adapters.cli.processes import Shells, ended
from tests.adapters.cli.worlds import ANOTHER
from tests.adapters.mcp.clients import Mode, Servers, Talk, Told, run
from tests.hanging import PATIENCE, not_hanging, until

CHAT = ("--chat", "thread-42")
LONG = 3600.0
"""Seconds of a build that nobody waits for."""
WRONG = "hunter2000-abcdefghijklmnopqrstuv"
UNDER_WAY = ("queued", "building")


async def create(talk: Talk, template: Template) -> Told:
    """Ask for the chat's workspace."""
    return await talk.call("create_workspace", template_id=str(template.id))


async def canceled(call: asyncio.Task[Told], coder: FakeCoder) -> None:
    """Cancel a call once it has its workspace built."""
    await asyncio.to_thread(until, lambda: coder.workspaces)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call


def test_a_client_with_hands(servers: Servers, coder: FakeCoder, tmp_path: Path) -> None:
    """It runs commands and writes files in the chat's workspace, where the command was told --hands."""
    docker = coder.add_template("docker")
    (tmp_path / "agents").mkdir()
    coder.shell = RealShell(tmp_path / "agents")

    async def act() -> None:
        async with servers.talk(*CHAT, "--hands") as talk:
            tools = {tool.name: tool.annotations for tool in (await talk.client.list_tools()).tools}
            assert list(tools)[5:] == ["execute", "read_file", "write_file"]
            hints = tools["execute"]
            assert hints is not None
            assert (hints.read_only_hint, hints.destructive_hint, hints.idempotent_hint) == (False, True, False)
            await create(talk, docker)
            written = await talk.call("write_file", path="one.sh", content="echo $((40 + 2))\n")
            assert written.content == {"ok": True, "bytes": 17, "advice": "nothing"}
            ran = await talk.call("execute", command="sh one.sh")
            assert ran.content == {"exit_code": 0, "output": "42\n", "advice": "nothing"}

    run(act)


@pytest.mark.parametrize("mode", ["legacy", pytest.param("auto", marks=pytest.mark.exhaustive)])
def test_a_conversation(mode: Mode, servers: Servers, coder: FakeCoder) -> None:
    """Tools with their hints, results as text and as a structure that are the same, and errors that are marked; in both of the protocol's ways."""
    docker = coder.add_template("docker")

    async def act() -> None:
        async with servers.talk(*CHAT, mode=mode) as talk:
            about = talk.client.server_info
            assert about is not None
            assert (about.name, about.version) == ("chatworkspace", chatworkspace.__version__)
            assert "'thread-42'" in (talk.client.instructions or "")
            tools = {tool.name: tool for tool in (await talk.client.list_tools()).tools}
            assert list(tools) == ["list_templates", "read_template", "create_workspace", "start_workspace", "stop_workspace"]
            hints = [tool.annotations for tool in tools.values()]
            assert [hint and hint.read_only_hint for hint in hints] == [True, True, False, False, False]
            assert {hint and (hint.destructive_hint, hint.idempotent_hint, hint.open_world_hint) for hint in hints} == {(False, True, True)}
            assert tools["create_workspace"].input_schema["required"] == ["template_id"]
            listed = await talk.call("list_templates", query="docker")
            assert [it["name"] for it in listed.content["templates"]] == ["docker"]
            none_yet = await talk.call("start_workspace")
            assert (none_yet.is_error, none_yet.content["reason"]) == (True, "no_workspace")
            created = await talk.call("create_workspace", template_id=str(docker.id), name="Fix login")
            assert (created.is_error, created.content["created"], created.content["state"]) == (False, True, "ready")
            assert json.loads(created.text) == created.content
            for odd in (await talk.call("create_workspace"), await talk.call("teleport"), await talk.call("stop_workspace", now=True)):
                assert (odd.is_error, odd.content["reason"]) == (True, "invalid_argument")

    run(act)
    assert len(coder.workspaces) == 1


@pytest.mark.exhaustive
def test_several_sessions_at_once_make_one_workspace_of_one_chat(servers: Servers, coder: FakeCoder) -> None:
    """Three clients, each with a process of its own, two of them for the same chat; one without a chat has another."""
    docker = coder.add_template("docker", build=2)
    made: list[str] = []

    async def session(*words: str) -> None:
        async with servers.talk(*words) as talk:
            made.append((await create(talk, docker)).content["workspace_id"])

    async def act() -> None:
        await asyncio.gather(session(*CHAT), session(*CHAT), session())

    run(act)
    assert len(made) == 3
    assert {str(it.id) for it in coder.workspaces} == set(made)
    assert len(coder.workspaces) == 2


def test_a_long_line_of_the_log_is_cut_and_says_so() -> None:
    """How much there was is told; what fits is told as it is."""
    step = Progress(chat_id="c", generation=1, at=datetime.now(timezone.utc), elapsed=1, phase=Phase.BUILDING, line="x" * 500)
    assert _said(step) == f"building: {'x' * 167}… [510 characters, cut]"
    assert _said(attrs.evolve(step, line="x" * 190)) == f"building: {'x' * 190}"


def test_who_waits_is_told_how_it_goes(servers: Servers, coder: FakeCoder) -> None:
    """Each step and each line of the log, by the seconds that have passed; of several at once the last."""
    docker = coder.add_template("docker", build=3, log=("pulling image", "starting"))

    async def act() -> None:
        async with servers.talk(*CHAT) as talk:
            created = await create(talk, docker)
            assert created.content["state"] == "ready"
            told = [message for _, message in talk.progress]
            assert any(message and message.startswith("building: ") for message in told), told
            seconds = [at for at, _ in talk.progress]
            assert seconds == sorted(set(seconds))

    run(act)


@pytest.mark.exhaustive
def test_who_waits_is_told_that_it_still_waits(servers: Servers, coder: FakeCoder) -> None:
    """Though nothing happens at all: a client may take silence for the end."""
    docker = coder.add_template("docker", build=LONG)

    async def act() -> None:
        async with servers.talk(*CHAT, "--wait", "12") as talk:
            await create(talk, docker)
            assert any(at > 4 and message == "building" for at, message in talk.progress), talk.progress

    run(act)


@pytest.mark.exhaustive
def test_a_build_that_fails_is_told_whole(servers: Servers, coder: FakeCoder) -> None:
    """It is no error of the tool: there is a workspace. What the platform says of it comes along, cut and marked as for any other vendor's model."""
    docker = coder.add_template("docker", build=Fails(1, "disk is full\n" * 100), log=("one", "two"))

    async def act() -> None:
        async with servers.talk(*CHAT) as talk:
            told = await create(talk, docker)
            assert (told.is_error, told.content["state"], told.content["reason"]) == (False, "failed", "build_failed")
            assert told.content["log_tail"][:2] == ["one", "two"]
            assert "disk is full" in told.content["error"]
            assert told.content == json.loads(told.text)

    run(act)


@pytest.mark.exhaustive
def test_waits_are_bounded(servers: Servers, coder: FakeCoder) -> None:
    """What is not ready by then is told as in progress, and the same call goes on."""
    docker = coder.add_template("docker", build=LONG)

    async def act() -> None:
        async with servers.talk(*CHAT, "--wait", "0.5") as talk:
            for _ in range(2):
                told = (await create(talk, docker)).content
                assert told["phase"] in UNDER_WAY
                assert told["advice"] == "call_again"

    with not_hanging(6):
        run(act)


def test_a_call_that_is_canceled_gives_its_thread_back(servers: Servers, coder: FakeCoder) -> None:
    """Its wait ends at once: there is but one thread, and the next call has it. What was begun goes on."""
    docker = coder.add_template("docker", build=LONG)

    async def act() -> None:
        async with servers.talk(*CHAT, "--wait", "600", "--threads", "1") as talk:
            await canceled(asyncio.create_task(create(talk, docker)), coder)
            assert (await talk.call("list_templates")).content["templates"]

    with not_hanging(10):
        run(act)
    assert len(coder.workspaces) == 1


@pytest.mark.exhaustive
def test_a_client_that_goes_ends_its_server(servers: Servers, coder: FakeCoder) -> None:
    """In the middle of a call, without waiting for that: the client ends the talk, and the process is gone before it would be killed."""
    docker = coder.add_template("docker", build=LONG)

    async def act() -> None:
        async with servers.talk(*CHAT, "--wait", "600") as talk:
            asking = asyncio.create_task(create(talk, docker))
            await asyncio.to_thread(until, lambda: coder.workspaces)
        with pytest.raises(Exception, match=r"(?i)closed"):
            await asking

    with not_hanging(10):
        run(act)


@pytest.mark.exhaustive
def test_more_calls_than_threads(servers: Servers, coder: FakeCoder) -> None:
    """One thread is left for those that only look, and whoever would take it to wait is told how things stand."""
    docker = coder.add_template("docker", build=LONG)

    async def act() -> None:
        async with servers.talk(*CHAT, "--wait", "600", "--threads", "3") as talk:
            first, second = (asyncio.create_task(create(talk, docker)) for _ in range(2))
            await asyncio.to_thread(until, lambda: coder.workspaces)
            with not_hanging():
                assert (await create(talk, docker)).content["phase"] in UNDER_WAY
                assert (await talk.call("list_templates")).content["templates"]
            await canceled(first, coder)
            await canceled(second, coder)

    run(act)


@pytest.mark.exhaustive
def test_what_is_wrong_with_the_server_is_told_and_may_get_better(servers: Servers) -> None:
    """A token that is not right yet ends no session, and each call tries again. Which server it is stands in the log alone, the token nowhere."""

    async def act() -> None:
        async with servers.talk(*CHAT, CODER_SESSION_TOKEN=WRONG) as talk:
            for _ in range(2):
                told = await talk.call("list_templates")
                assert (told.is_error, told.content["advice"]) == (True, "ask_administrator"), told.content
                assert told.content == json.loads(told.text)
                assert "127.0.0.1" not in told.text

    run(act)
    log = servers.log.read_text(encoding="utf-8")
    assert "the chat of this session: thread-42" in log
    assert log.count("401") >= 2
    assert WRONG not in log


@pytest.mark.exhaustive
def test_another_users_chat_is_not_served(servers: Servers, coder: FakeCoder) -> None:
    """The chat's name alone gives nobody a right to it."""
    coder.add_template("docker")

    async def act() -> None:
        async with servers.talk(*CHAT) as talk:
            assert not (await talk.call("list_templates")).is_error
        async with servers.talk(*CHAT, CODER_SESSION_TOKEN=ANOTHER) as talk:
            told = await talk.call("list_templates")
            assert told.is_error
            assert "another user's has this id" in told.content["error"]

    run(act)


@pytest.mark.exhaustive
@pytest.mark.parametrize("way", ["Ctrl-C", "the end of its input"])
def test_it_ends_though_nobody_has_said_anything(way: str, simulator: CoderSimulator, tmp_path: Path) -> None:
    """By Ctrl-C, whoever has started it by hand, or when there is no client: without a word on standard output, which is the protocol's."""
    process = Shells(simulator.url, tmp_path).start("mcp", *CHAT, stdin=subprocess.PIPE)
    assert process.stdin is not None
    if way == "Ctrl-C":
        process.stdin.write(json.dumps({"jsonrpc": "2.0", "id": 1, "method": "ping"}) + "\n")
        process.stdin.flush()
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["id"] == 1
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 130
    code, out, _ = ended(process)
    assert (code, out) == (130 if way == "Ctrl-C" else 0, "")
