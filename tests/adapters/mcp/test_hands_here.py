"""The hands over the protocol, on this machine: what a client of a desktop has, with nothing but this library."""

from __future__ import annotations

from pathlib import Path

from tests.adapters.local.conftest import here
from tests.adapters.local.worlds import Home
from tests.adapters.mcp.clients import Servers, run

__all__ = ["here"]


def test_a_client_uses_a_workspace_of_this_machine(here: Home, tmp_path: Path) -> None:
    """It makes a workspace, writes a file, runs it and reads what came of it."""
    servers, platform = Servers("", tmp_path), f"local:{here.root}"
    words = ("--chat", "c", "--platform", platform, "--hands", "--allow-unsandboxed")

    async def act() -> None:
        async with servers.talk(*words) as talk:
            templates = (await talk.call("list_templates")).content["templates"]
            empty = next(it["id"] for it in templates if it["name"] == "empty")
            assert (await talk.call("create_workspace", template_id=empty)).content["state"] == "ready"
            assert not (await talk.call("write_file", path="sum.sh", content="echo $((6 * 7)) >answer; exit 3\n")).is_error
            assert (await talk.call("execute", command="sh sum.sh")).content["exit_code"] == 3
            assert (await talk.call("read_file", path="answer")).content["content"] == "42\n"

    run(act)
    (made,) = (here.root / "workspaces" / "me").iterdir()
    assert (made / "files" / "answer").read_text() == "42\n"


def test_hands_need_the_users_word_here(here: Home, tmp_path: Path) -> None:
    """Without it the server does not begin, and says what is missing."""
    servers = Servers("", tmp_path)

    async def act() -> None:
        async with servers.talk("--chat", "c", "--platform", f"local:{here.root}", "--hands"):
            raise AssertionError("it has begun")

    try:
        run(act)
    except Exception as error:  # noqa: BLE001 # of the client's package: its server has ended
        assert "it has begun" not in repr(error)  # noqa: PT017 # as above
    assert "run with the rights of the host's own process" in servers.log.read_text()
