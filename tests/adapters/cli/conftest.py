"""A simulator, and the command run against it in this process: real sockets, a real file, no process to start."""

from __future__ import annotations

import json
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import attrs
import pytest

from chatworkspace_cli import main
from chatworkspace_fake import FakeCoder, ScaledClock
from chatworkspace_fake._platform.states import OWNER
from chatworkspace_local import LocalPlatform
from chatworkspace_simulator import CoderSimulator
from tests.adapters.cli.worlds import ANOTHER, SLOW, SPEED, TOKEN
from tests.adapters.local.worlds import Home


@attrs.frozen
class Ended:
    """How a command ended, and what it printed."""

    code: int
    out: str
    err: str

    @property
    def told(self) -> Any:
        """Standard output, read as JSON. The code is told in it as well."""
        told = json.loads(self.out)
        assert told["exit_code"] == self.code
        return told


class Shell:
    """Runs commands in this process."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *words: str) -> Ended:
        """Run one; what argparse refuses ends with its code, too."""
        try:
            code = main(words)
        except SystemExit as ended:
            code = int(str(ended.code))
        out, err = self._capsys.readouterr()
        assert not any(secret in out + err for secret in (TOKEN, ANOTHER))
        assert "\x1b" not in out + err, "nothing here is a terminal"
        return Ended(code, out, err)


@pytest.fixture
def simulator() -> Iterator[CoderSimulator]:
    """One whose time passes quickly."""
    with CoderSimulator(FakeCoder(ScaledClock(SPEED)), tokens={TOKEN: OWNER, ANOTHER: UUID(int=0xA)}) as running:
        yield running


@pytest.fixture
def coder(simulator: CoderSimulator) -> FakeCoder:
    return simulator.coder


@pytest.fixture
def docker(coder: FakeCoder) -> str:
    """Return the id of a template that takes its time."""
    return str(coder.add_template("docker", log=("pulling", "starting"), **SLOW).id)


@pytest.fixture
def shell(simulator: CoderSimulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    """Return the command, told where server and store are."""
    monkeypatch.setenv("CODER_URL", simulator.url)
    monkeypatch.setenv("CODER_SESSION_TOKEN", TOKEN)
    monkeypatch.setenv("CHATWORKSPACE_STORE", f"sqlite://{tmp_path}/chats.db")
    return Shell(capsys)


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[Path, None, None]:
    """Give a folder that is not there yet, told by the environment, without any server."""
    for name in ("CODER_URL", "CODER_SESSION_TOKEN", "CHATWORKSPACE_STORE"):
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path / "workspaces"
    monkeypatch.setenv("CHATWORKSPACE_PLATFORM", f"local:{folder}")
    yield folder
    if folder.exists():
        Home(folder, LocalPlatform(folder)).end()


@pytest.fixture
def here(root: Path, capsys: pytest.CaptureFixture[str]) -> Shell:
    """Give the command."""
    del root
    return Shell(capsys)
