"""`chatworkspace run --platform local:PATH`: recorded calls on real folders and processes."""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from chatworkspace_cli import main
from chatworkspace_fake import FakeCoder
from chatworkspace_local import LocalPlatform
from tests.adapters.cli.conftest import Shell
from tests.adapters.cli.processes import Shells, ended, said

pytestmark = pytest.mark.adapters

HANDS = ("--hands", "--allow-unsandboxed")


def line(*calls: tuple[str, dict[str, Any]], chat: str = "c", at: float = 0) -> str:
    """Return a line of a recording, in Anthropic's form."""
    asked = [{"type": "tool_use", "id": f"toolu_{number}", "name": name, "input": given} for number, (name, given) in enumerate(calls)]
    return json.dumps({"chat": chat, "at": at, "message": {"role": "assistant", "content": asked}}) + "\n"


def results(out: str) -> list[Any]:
    """Return what the messages on standard output say, in their order."""
    blocks = [block for it in out.splitlines() for block in json.loads(it)["message"]["content"]]
    return [json.loads(block["content"]) for block in blocks]


def create(root: Path) -> tuple[str, dict[str, Any]]:
    """Return a call that makes an empty workspace."""
    platform = LocalPlatform(root)
    listed = platform.list_templates(platform.owner_id, platform.organization_id, deadline=time.monotonic() + 60)
    return "create_workspace", {"template_id": str(next(it.id for it in listed if it.name == "empty"))}


@pytest.fixture
def recording(root: Path, tmp_path: Path) -> Path:
    """Give one that makes a workspace, writes a file, runs it and reads what came of it; hours lie between."""
    calls: list[tuple[str, dict[str, Any]]] = [
        create(root),
        ("write_file", {"path": "sum.sh", "content": "echo $((6 * 7)) >answer; exit 3\n"}),
        ("execute", {"command": "sh sum.sh"}),
        ("read_file", {"path": "answer"}),
    ]
    path = tmp_path / "calls.jsonl"
    path.write_text("".join(line(call, at=3600 * number) for number, call in enumerate(calls)))
    return path


def test_a_recording_that_uses_a_workspace(here: Shell, root: Path, recording: Path) -> None:
    """It is made, used, and there when the command has ended; the same recording again goes on with the same one."""
    first = here("run", str(recording), "--fast", *HANDS)
    assert first.code == 0
    made, written, ran, read = results(first.out)
    assert (made["state"], made["created"], written["bytes"], ran["exit_code"], read["content"]) == ("ready", True, 32, 3, "42\n")
    (folder,) = (root / "workspaces" / "me").iterdir()
    assert (folder / "files" / "answer").read_text() == "42\n"
    assert here("exec", "--chat", "c", "cat answer").out == "42\n"
    again = here("run", str(recording), "--fast", *HANDS, "--json")
    told = [json.loads(it) for it in again.out.splitlines()]
    assert next(it["content"]["workspace_id"] for it in told if it["event"] == "result") == made["workspace_id"]
    assert told[-1]["chats"][0] | {"seconds": 0} == {"chat": "c", "calls": 4, "workspaces_made": 0, "live": 1, "state": "ready", "seconds": 0}
    assert (told[-1]["event"], told[-1]["duplicates"]) == ("summary", 0)


def test_people_see_what_is_asked_and_what_came_of_it(here: Shell, recording: Path) -> None:
    """On standard error, while it goes on; what it is not comes first, and what each chat has comes last."""
    told = here("run", str(recording), "--fast", *HANDS).err.splitlines()
    assert "no sandbox" in told[0]
    for part in ('call    execute {"command":"sh sum.sh"}', "result  exit code 3, 0 characters", "result  1 of 1 lines"):
        assert any(part in it for it in told), part
    assert told[-1] == "duplicates: 0"


def test_hands_need_the_users_word(here: Shell, root: Path, recording: Path) -> None:
    """Without it nothing is made, and what is missing is named; without hands no word is needed."""
    refused = here("run", str(recording), "--fast", "--hands")
    assert (refused.code, refused.out) == (2, "")
    assert "chatworkspace run: --allow-unsandboxed: expected True" in refused.err
    assert not (root / "workspaces" / "me").exists()
    made = here("run", str(recording), "--fast")
    assert made.code == 0
    assert "expected one of list_templates" in results(made.out)[1]["error"]


def test_what_is_asked_side_by_side(here: Shell, root: Path, tmp_path: Path) -> None:
    """Two lines at the same second, one of them with two calls, share one workspace; another chat has its own; the answers keep their order."""
    path, wanted = tmp_path / "calls.jsonl", create(root)
    path.write_text(line(wanted, wanted) + line(wanted, chat="d") + line(("list_templates", {}), wanted))
    ran = here("run", str(path), *HANDS)
    assert ran.code == 0
    said = results(ran.out)
    assert [("templates" in it, it.get("state")) for it in said if "templates" in it] == [(True, None)]
    assert len(list((root / "workspaces" / "me").iterdir())) == len({it["workspace_id"] for it in said if "workspace_id" in it}) == 2
    assert sum(it.get("created", False) for it in said) == 2


def test_bad_lines_and_platforms(here: Shell, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be read is told with its number, and the rest runs; a platform that is none is named; without one it is in memory."""
    path = tmp_path / "calls.jsonl"
    path.write_text("{\n" + line(("list_templates", {})))
    ran = here("run", str(path), "--fast")
    assert (ran.code, [it["name"] for it in results(ran.out)[0]["templates"]]) == (1, ["empty", "python"])
    assert f"{path}: line 1: not JSON" in ran.err
    wrong = here("run", str(path), "--platform", "docker")
    assert wrong.code == 2
    assert "--platform or CHATWORKSPACE_PLATFORM: expected local:PATH, or coder" in wrong.err
    monkeypatch.delenv("CHATWORKSPACE_PLATFORM")
    assert len(results(here("run", str(path), "--fast").out)[0]["templates"]) > 2
    assert main(["run", str(path), "--fast", "--platform", f"local:{root}"]) == 1


def test_on_a_server(shell: Shell, coder: FakeCoder, docker: str, tmp_path: Path) -> None:
    """If that is said, for its agents are a sandbox; a server that is known is asked for nothing otherwise."""
    path = tmp_path / "calls.jsonl"
    path.write_text(line(("create_workspace", {"template_id": docker})))
    ran = shell("run", str(path), "--fast", "--platform", "coder", "--hands")
    assert (ran.code, results(ran.out)[0]["state"]) == (0, "ready")
    assert shell("run", str(path), "--fast").code == 0
    assert len(coder.workspaces) == 1


def test_ctrl_c_ends_a_command(root: Path, tmp_path: Path) -> None:
    """The call under way is answered, later ones are not made, and the workspace stays as it is."""
    path = tmp_path / "calls.jsonl"
    waits = ("execute", {"command": "echo begun; exec sleep 600", "timeout": "15m"})
    path.write_text(line(create(root)) + line(waits, at=0.1) + line(create(root), at=0.2))
    process = Shells("", tmp_path).start("run", str(path), "--platform", f"local:{root}", *HANDS)
    said(process, "call    execute")
    process.send_signal(signal.SIGINT)
    code, out, err = ended(process)
    assert code == 130, err
    made, interrupted = results(out)
    assert (made["state"], interrupted["reason"]) == ("ready", "interrupted")
