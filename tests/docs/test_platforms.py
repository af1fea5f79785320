"""The page of the two platforms names each method of the ports, and tells of each what the adapters do."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Any

import pytest

from chatworkspace.ports import AgentConnection, AgentDialer, WorkspaceCreator
from chatworkspace_coder import CoderClient
from chatworkspace_coder._terminal import Connection as Terminal
from chatworkspace_local import LocalPlatform
from chatworkspace_local._connections import LocalConnection
from tests.docs.pages import ROOT, blocks, text

PAGE = text("docs/explanation/platforms.md")
ROWS = {it[1]: (it[2], it[3]) for it in re.finditer(r"^\| `(\w+\.\w+)` \| (.*) \| (.*) \|$", PAGE, re.MULTILINE)}
(PROGRAM,) = blocks("docs/explanation/platforms.md", "python")
PORTS: dict[type, tuple[type, type]] = {
    WorkspaceCreator: (CoderClient, LocalPlatform),
    AgentDialer: (CoderClient, LocalPlatform),
    AgentConnection: (Terminal, LocalConnection),
}
"""With what stands for each in the two adapters."""


def methods() -> dict[str, tuple[type, type]]:
    """Return each method of the ports, in their order, with the two classes that have it."""
    return {
        f"{port.__name__}.{name}": classes
        for port, classes in PORTS.items()
        for name, it in vars(port).items()
        if inspect.isfunction(it) and not name.startswith("_")
    }


def test_each_method_has_its_row() -> None:
    """No more and no less, in the order of the ports."""
    assert list(ROWS) == list(methods())


@pytest.mark.parametrize("method", methods())
def test_what_is_the_ports_own_is_told_so(method: str) -> None:
    """Where an adapter has no such method the row begins with that, and nowhere else."""
    name = method.partition(".")[2]
    for told, adapter in zip(ROWS[method], methods()[method], strict=True):
        has = any(name in vars(it) for it in adapter.__mro__ if it not in PORTS)
        assert told.startswith("*default*") is not has, adapter


def test_each_request_is_one_that_the_client_makes() -> None:
    """Its path stands in the client's code."""
    told = set(re.findall(r"`(?:GET|POST|PUT) ([^`]+)`", "".join(coder for coder, _ in ROWS.values())))
    code = "".join(it.read_text(encoding="utf-8") for it in (ROOT / "adapters" / "chatworkspace_coder").rglob("*.py"))
    made = {re.sub(r"\{[^}]*\}", "ID", it) for it in re.findall(r'f"\{V2\}/([^"]*)"', code)}
    build = "workspacebuilds/ID"
    assert len(told) > 15
    assert told - made == {f"{build}/logs"}  # put together from that of the build
    assert build in made
    assert 'f"{build}/logs"' in code


@pytest.mark.adapters
def test_its_program_runs_as_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """It prints what its comments say: a real folder, and a real process, which is stopped at the end."""
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    exec(compile(PROGRAM, "docs/explanation/platforms.md", "exec"), names)  # noqa: S102 # our own page
    names["store"].close()
    assert capsys.readouterr().out.splitlines() == re.findall(r"\)  # (\w+)$", PROGRAM, re.MULTILINE)
