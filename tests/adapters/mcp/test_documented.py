"""docs/how-to/mcp.md tells the truth: what it says for each client starts a server that answers, and its program runs as written."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from chatworkspace_fake import FakeCoder
from chatworkspace_fake._platform.states import ORGANIZATION, OWNER
from tests.adapters.cli.worlds import TOKEN
from tests.adapters.mcp.clients import Servers, greeted, run
from tests.docs.pages import blocks, languages

CLIENTS = ("Claude Code", "Visual Studio Code", "Cursor")
CONFIGURATIONS = blocks("docs/how-to/mcp.md", "json")
(PROGRAM,) = blocks("docs/how-to/mcp.md", "python")


def test_every_block_is_run() -> None:
    """One for each client, and one program."""
    assert [language for language, _ in languages("docs/how-to/mcp.md")] == [*["json"] * len(CLIENTS), "python"]


def filled_in(text: str, values: Mapping[str, str]) -> str:
    """Return a text as a client reads it: with values for what stands in braces behind a dollar sign."""
    return re.sub(r"\$\{([^}]+)\}", lambda found: values[found[1]], text)


@pytest.mark.exhaustive
@pytest.mark.parametrize("client", CLIENTS)
def test_a_client_finds_its_server(client: str, servers: Servers, coder: FakeCoder) -> None:
    """By what is written for it, with its own variables; no token stands in a file that others may read."""
    coder.add_template("docker")
    read: dict[str, Any] = json.loads(CONFIGURATIONS[CLIENTS.index(client)])
    environment = {name: servers.environment[name] for name in ("CODER_URL", "CODER_SESSION_TOKEN")}
    values = {f"env:{name}": value for name, value in environment.items()} if client != CLIENTS[0] else dict(environment)
    values |= {"workspaceFolderBasename": "my-project"} | {f"input:{it['id']}": TOKEN for it in read.get("inputs", ()) if it["password"]}
    (entry,) = read["servers" if client == "Visual Studio Code" else "mcpServers"].values()
    told = {name: filled_in(value, values) for name, value in entry["env"].items()}
    assert told == environment
    others = {name: servers.environment[name] for name in ("CHATWORKSPACE_STORE", "PYTHONPATH", "PYTHONUTF8")}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    arguments = [filled_in(it, values) for it in entry["args"]]
    assert arguments == ["mcp", "--chat", "my-project"]
    parameters = servers.started(*arguments, command=entry["command"], environment=others | told | {"PATH": path})

    async def act() -> None:
        async with greeted(parameters) as talk:
            assert (await talk.call("list_templates")).content["templates"]

    run(act)


BEFORE = f"""
import os
from chatworkspace import ChatWorkspaces
from chatworkspace_coder import CoderClient
from chatworkspace_sqlite import SQLiteStore

coder = CoderClient(os.environ["CODER_URL"], token=os.environ["CODER_SESSION_TOKEN"])
store = SQLiteStore("own.db")
with ChatWorkspaces(store=store, creator=coder, dialer=coder) as opening:
    opening.open_chat("thread-42", owner_id="{OWNER}", organization_id="{ORGANIZATION}")
"""


@pytest.mark.exhaustive
def test_the_program_runs_as_written(servers: Servers, coder: FakeCoder, tmp_path: Path) -> None:
    """Over a store and a platform that are there; who waits is told how it goes."""
    docker = coder.add_template("docker", build=3, log=("pulling image",))
    (tmp_path / "program.py").write_text(BEFORE + PROGRAM, encoding="utf-8")
    parameters = servers.started("program.py")

    async def act() -> None:
        async with greeted(parameters) as talk:
            assert (await talk.call("create_workspace", template_id=str(docker.id))).content["state"] == "ready"
            assert any(message and message.startswith("building") for _, message in talk.progress)

    run(act)
