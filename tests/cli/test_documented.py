"""docs/commands.md tells the truth: its commands run as written, and end as it says."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from uuid import UUID

import pytest

from chatworkspace._cli_codes import MEANINGS
from chatworkspace.ports import Parameter, Preset
from chatworkspace_fake import CoderSimulator, FakeCoder
from chatworkspace_fake._states import OWNER
from tests.cli.conftest import Shell
from tests.cli.test_commands import FIELDS
from tests.cli.test_doctor import PARTS
from tests.cli.worlds import TOKEN
from tests.packaging.runs import ROOT

COMMANDS = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^chatworkspace (.*?) +# (\d+)$", COMMANDS, re.MULTILINE)


@pytest.fixture
def simulator() -> Iterator[CoderSimulator]:
    """Serve in real time what the examples name."""
    coder = FakeCoder()
    coder.add_template("docker", build=0.5, connect=0.2, log=("pulling",))
    coder.add_template("devbox", build=0.2, parameters=(Parameter(name="region", default="eu"),), presets=(Preset(id=UUID(int=5), name="Large"),))
    coder.add_workspace(coder.add_template("other"), "own", owner_id=OWNER)
    with CoderSimulator(coder, tokens={TOKEN: OWNER}) as running:
        yield running


@pytest.mark.adapters
def test_the_examples_run_as_written(shell: Shell, simulator: CoderSimulator) -> None:
    """One after another, each with the exit code that stands behind it."""
    assert len(EXAMPLES) >= 12
    for words, code in EXAMPLES:
        done = shell(*shlex.split(words))
        assert done.code == int(code), (words, done)
    assert simulator.unstruck() == ()


def test_the_table_of_exit_codes() -> None:
    """It is that of --help, word by word."""
    rows = dict(re.findall(r"^\| (\d+) \| (.*) \|$", COMMANDS, re.MULTILINE))
    assert {int(code): meaning.replace("`", "") for code, meaning in rows.items()} == {int(code): meaning for code, meaning in MEANINGS.items()}


def test_every_field_is_named() -> None:
    """Those of an outcome, and the parts of doctor's report."""
    assert {field for field in FIELDS if f"`{field}`" not in COMMANDS} == set()
    assert {part for part in PARTS - {"ok", "problems", "exit_code"} if f"| `{part}` |" not in COMMANDS} == set()
