"""docs/how-to/commands.md tells the truth: its commands run as written, and end as it says."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator

import attrs
import pytest

from chatworkspace import Outcome
from chatworkspace_cli._codes import MEANINGS
from chatworkspace_cli._online import doctor
from chatworkspace_cli._parser import parser
from chatworkspace_fake import FakeCoder, ScaledClock
from chatworkspace_fake._platform.states import OWNER
from chatworkspace_simulator import CoderSimulator
from chatworkspace_simulator._stock import stock
from tests.adapters.cli.conftest import Shell
from tests.adapters.cli.test_doctor import PARTS
from tests.adapters.cli.worlds import TOKEN
from tests.docs.pages import blocks, text

COMMANDS = text("docs/how-to/commands.md")
SETTINGS, SESSION = blocks("docs/how-to/commands.md", "sh")
EXAMPLES = re.findall(r"^chatworkspace (.*?) +# (\d+)$", SESSION, re.MULTILINE)


SPEED = 20.0


@pytest.fixture
def simulator() -> Iterator[CoderSimulator]:
    """Serve what `chatworkspace simulator` does, faster."""
    coder = FakeCoder(ScaledClock(SPEED))
    stock(coder)
    with CoderSimulator(coder, tokens={TOKEN: OWNER}) as running:
        yield running


@pytest.mark.adapters
def test_the_examples_run_as_written(shell: Shell, simulator: CoderSimulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """One after another, over the simulator that everybody has, each with the exit code that stands behind it."""
    monkeypatch.setattr(doctor, "CLOCKS_APART", 3600.0)  # a faster clock runs away
    assert len(EXAMPLES) == SESSION.count("\n")
    for words, code in EXAMPLES:
        done = shell(*shlex.split(words))
        assert done.code == int(code), (words, done)
    assert simulator.unstruck() == ()


@pytest.mark.skipif(sys.platform == "win32", reason="no shell of that kind")
def test_the_settings_are_those_that_are_read() -> None:
    """A shell takes the lines as they stand, and all that they set is named in the command's own help."""
    said = subprocess.run(["/bin/sh", "-ec", f"{SETTINGS}env"], env={"PATH": os.defpath}, check=True, capture_output=True, encoding="utf-8").stdout
    set_ = {name for name, _, _ in (line.partition("=") for line in said.splitlines())} & set(re.findall(r"export (\w+)=", SETTINGS))
    assert len(set_) == SETTINGS.count("\n")
    assert {name for name in set_ if name not in parser().format_help()} == set()


def test_the_table_of_exit_codes() -> None:
    """It is that of --help, word by word."""
    rows = dict(re.findall(r"^\| (\d+) \| (.*) \|$", COMMANDS, re.MULTILINE))
    assert {int(code): meaning.replace("`", "") for code, meaning in rows.items()} == {int(code): meaning for code, meaning in MEANINGS.items()}


def test_every_field_is_named() -> None:
    """Those of an outcome, and the parts of doctor's report."""
    fields = {*(it.name for it in attrs.fields(Outcome)), "ready", "http_status", "exit_code"}
    assert {field for field in fields if f"`{field}`" not in COMMANDS} == set()
    assert {part for part in PARTS - {"ok", "problems", "exit_code"} if f"| `{part}` |" not in COMMANDS} == set()
