"""Every command on terminals of every width and kind, and interrupted. How those that wait are drawn meanwhile stands in test_terminals.py."""

from __future__ import annotations

import json
import re
import shlex
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyte
import pytest

from chatworkspace_cli._parser import parser
from chatworkspace_fake import FakeCoder, ScaledClock
from chatworkspace_fake._platform.states import OWNER
from chatworkspace_simulator import CoderSimulator
from chatworkspace_simulator._stock import stock
from tests.adapters.cli.conftest import Shell
from tests.adapters.cli.processes import Shells, ended
from tests.adapters.cli.several import END
from tests.adapters.cli.terminals import on_a_terminal
from tests.adapters.cli.test_documented import EXAMPLES
from tests.adapters.cli.worlds import CHAT, TOKEN
from tests.docs.reference import _of  # pyright: ignore[reportPrivateUsage] # all commands, those of groups too
from tests.hanging import until
from tests.ways import exhaustive_unless

pytestmark = pytest.mark.adapters

SPEED = 200.0
COMMANDS = [name.split() for name, _ in _of(parser())]
LONG = "9f0c7b52-3c1e-4d0a-8c53-6a1f5b1d7e42-of-a-customer-with-a-long-name"
"""A chat whose id takes more than a row."""
WRONG = (["create"], ["run", "missing.jsonl"], ["simulator", "--port", "99999"], ["status", "--chat", LONG], ["db", "check"], ["mcp", "--wait", "x"])
SAID = [
    ["--help"],
    *([*words, "--help"] for words in COMMANDS),
    *(shlex.split(words) for words, _ in EXAMPLES),
    *WRONG,
    ["create", "--chat", LONG, "--template", "docker"],
    ["why", "--chat", LONG],
    ["list", "--all"],
]
CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
COLOURED = re.compile(r"\x1b\[[0-9;]*3[0-7]m")
exhaustive = pytest.mark.exhaustive


@pytest.fixture
def simulator() -> Iterator[CoderSimulator]:
    """Serve what `chatworkspace simulator` does, much faster."""
    coder = FakeCoder(ScaledClock(SPEED))
    stock(coder)
    with CoderSimulator(coder, tokens={TOKEN: OWNER}) as running:
        yield running


@pytest.mark.parametrize(
    ("width", "surroundings"),
    [
        (60, {}),
        *(pytest.param(*more, marks=exhaustive) for more in ((80, {"NO_COLOR": "1"}), (60, {"TERM": "dumb"}))),
        *(pytest.param(width, {}, marks=exhaustive) for width in (80, 120, 200)),
    ],
    ids=str,
)
def test_no_word_is_parted(width: int, surroundings: dict[str, str], simulator: CoderSimulator, tmp_path: Path) -> None:
    """What each command says, its help and its errors: all is there, no word of it stands in two rows unless it is wider than a row.

    Where no control character is taken none is sent, and lines go on as the terminal has it.
    """
    where = {"CODER_URL": simulator.url, "CODER_SESSION_TOKEN": TOKEN, "CHATWORKSPACE_STORE": f"sqlite://{tmp_path}/c.db"}
    with on_a_terminal(json.dumps(SAID), columns=width, module="tests.adapters.cli.several", **where, **surroundings) as terminal:
        assert terminal.end() == 0
        said = terminal.raw.decode().split(END)
    assert len(said) == len(SAID) + 1
    dumb = "TERM" in surroundings
    assert [words for words, raw in zip(SAID, said, strict=False) if not raw.strip()] == []
    assert any("\x1b" in raw for raw in said) != dumb
    assert any(COLOURED.search(raw) for raw in said) != bool(surroundings)
    assert dumb or {str(words): them for words, raw in zip(SAID, said, strict=False) if (them := parted(raw, width))} == {}


def parted(raw: str, width: int) -> list[str]:
    """Return what stands on a screen as a word and was none when it was printed."""
    screen = pyte.Screen(width, 200)
    pyte.Stream(screen).feed(raw)
    printed = set(CONTROL.sub("", raw).split())
    wider = [word for word in printed if len(word) >= width]
    return [word for row in screen.display for word in row.split() if word not in printed and not any(word in it for it in wider)]


def interrupted_at_once(simulator: CoderSimulator, shells: Shells, *words: str) -> tuple[int, str, str]:
    """Interrupt a command as soon as it has asked for something, which gets no answer; return how it ends, and what it says."""
    simulator.when("* /*").stall(after=0)
    simulator.when("* /*", nth=2, times=1000).stall(after=0)  # what is asked once more gets no answer either
    process = shells.start(*words)
    until(lambda: len(simulator.unstruck()) < 2)
    process.send_signal(signal.SIGINT)
    return ended(process)


def _interrupted(*words: str, once: bool = False) -> Any:
    return pytest.param(words, id=words[0], marks=exhaustive_unless(once))


@pytest.mark.parametrize(
    "words",
    [
        _interrupted("status", *CHAT, once=True),
        _interrupted("sweep", once=True),
        _interrupted("create", *CHAT, "--template", "docker"),
        _interrupted("start", *CHAT),
        _interrupted("stop", *CHAT),
        _interrupted("attach", *CHAT, "own"),
        _interrupted("delete", *CHAT),
        _interrupted("follow", *CHAT),
        _interrupted("why", *CHAT),
        _interrupted("check", "--template", "docker"),
    ],
)
def test_ctrl_c_while_a_server_says_nothing(words: tuple[str, ...], shell: Shell, simulator: CoderSimulator, tmp_path: Path) -> None:
    """Whatever was asked first, it ends soon, with its code and a word of it, and no traceback. test_processes.py has those that are left out."""
    assert shell("create", *CHAT, "--template", "docker").code == 0
    code, out, err = interrupted_at_once(simulator, Shells(simulator.url, tmp_path), *words)
    assert code == 130
    assert "interrupted" in out + err


@pytest.mark.exhaustive
@pytest.mark.parametrize("command", ["detach", "close"])
def test_what_needs_no_answer_is_done_though_it_is_interrupted(command: str, shell: Shell, simulator: CoderSimulator, tmp_path: Path) -> None:
    """The server is asked for the workspace's name alone: without it, what is left behind is told by its id."""
    assert shell("create", *CHAT, "--template", "docker").code == 0
    code, out, err = interrupted_at_once(simulator, Shells(simulator.url, tmp_path), command, *CHAT)
    assert code == 0
    made = next(it for it in simulator.coder.live if it.name.startswith("docker-"))
    assert f"left behind: {made.id}, " in out
    assert "interrupted: ending the wait" in err
