"""What a person sees on terminals of every width, by an emulator of one."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Generator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from chatworkspace_fake import NEVER, FakeCoder
from chatworkspace_fake._platform.states import OWNER
from chatworkspace_simulator import CoderSimulator
from tests.adapters.cli.conftest import Shell
from tests.adapters.cli.terminals import Emulator, on_a_terminal
from tests.adapters.cli.worlds import CHAT, TOKEN
from tests.packaging.runs import ROOT
from tests.ways import exhaustive_unless, in_turn

RECORDING = ROOT / "adapters" / "chatworkspace_cli" / "recordings" / "demo.jsonl"
exhaustive = pytest.mark.exhaustive
REPLAYS = {"demo": ("demo",), "run": ("run", str(RECORDING))}
WIDTHS = [pytest.param(width, marks=exhaustive_unless(width == 60)) for width in (60, 80, 120, 200)]
CHATS = ("support-17", "ops-9", "research-2", "data-6", "analytics-3", "legal-8", "billing-4")


@pytest.mark.parametrize("width", WIDTHS)
def test_the_demo_is_one_row_a_chat_and_a_table(width: int) -> None:
    """Nothing is drawn twice, at no width: the rows stay as they ended, the table follows, and nothing has scrolled away."""
    with on_a_terminal("demo", "--fast", columns=width) as terminal:
        assert terminal.end() == 0
        rows = terminal.seen
        assert [row.split()[0] for row in rows[:7]] == list(CHATS)
        assert [row.split()[0] for row in rows[10:17]] == list(CHATS)
        assert (rows[7], rows[8], rows[18:]) == ("180 s of virtual time", "", ["duplicates: 0"])
        assert rows[0].startswith("support-17   ready          90 s  (started) me/")
        assert terminal.scrolled_away == 0
        assert not terminal.cursor_is_hidden


@pytest.mark.parametrize("width", [pytest.param(width, marks=exhaustive_unless(width == 80)) for width in (60, 80, 120, 200)])
def test_a_run_is_one_row_a_chat(width: int) -> None:
    """As the demo's: what is for the model follows when nothing is drawn over it any more."""
    with on_a_terminal("run", str(RECORDING), "--fast", columns=width) as terminal:
        rows = terminal.until(lambda rows: rows[-1] == "180 s of virtual time")
        assert [row.split()[0] for row in rows] == [*CHATS, "180"]
        assert terminal.scrolled_away == 0
        assert b'"tool_call_id"' not in terminal.raw
        assert terminal.end() == 0
        assert b'"tool_call_id"' in terminal.raw


def test_a_state_is_coloured_and_its_time_goes_on() -> None:
    """Good is green, bad is red, and what is under way is neither; how long it is so is counted while nothing happens."""
    with on_a_terminal("demo", "--fast", columns=80) as terminal:
        terminal.until(lambda rows: any(row.startswith("analytics-3  failed") for row in rows))
        assert terminal.colour_of("failed") == "red"
        terminal.until(lambda rows: any(re.match(r"billing-4    connecting +1\d s", row) for row in rows))
        assert terminal.colour_of("connecting") == "cyan"
        terminal.until(lambda rows: any(row.startswith("support-17   ready") for row in rows))
        assert terminal.colour_of("ready") == "green"


@pytest.mark.parametrize(
    ("command", "variable"),
    [
        ("demo", "NO_COLOR"),
        *(pytest.param(*more, marks=exhaustive) for more in (("demo", "TERM"), ("run", "NO_COLOR"), ("run", "TERM"))),
    ],
)
def test_who_wants_no_colours_gets_none(command: str, variable: str) -> None:
    """NO_COLOR: the same rows without colour; TERM=dumb: plain lines, without any control character."""
    surroundings = {"NO_COLOR": {"NO_COLOR": "1"}, "TERM": {"TERM": "dumb"}}[variable]
    with on_a_terminal(*REPLAYS[command], "--fast", columns=80, **surroundings) as terminal:
        assert terminal.end() == 0
        assert not re.search(rb"\x1b\[[0-9;]*3[0-7]m", terminal.raw)
        assert (b"\x1b" in terminal.raw) == (variable == "NO_COLOR")


@pytest.mark.parametrize(("command", "surroundings"), in_turn(("create", "follow"), ({"NO_COLOR": "1"}, {"TERM": "dumb"})), ids=str)
def test_a_command_that_waits_without_colours(
    command: str, surroundings: dict[str, str], coder: FakeCoder, shell: Shell, server: dict[str, str]
) -> None:
    """The same is told: the phase, the log, and what it came to; on a terminal that takes no control characters, a line for each."""
    coder.add_template("docker", log=("pulling", "starting"), build=100, connect=10, scripts=10)
    _fill(coder)
    with _waiting(command, 80, server | surroundings, shell) as terminal:
        terminal.hear(b"in the queue")
        coder.set_provisioners(2)
        assert terminal.end() == 0
        assert terminal.seen[-3].startswith("thread-42: ready (")
        assert not re.search(rb"\x1b\[[0-9;]*3[0-7]m", terminal.raw)
        assert all(word in terminal.raw for word in (b"building", b"| pulling"))
        assert (b"\x1b" in terminal.raw) == ("NO_COLOR" in surroundings)


@pytest.mark.parametrize(("command", "then"), in_turn(("demo", "run"), (60, 120)))
def test_a_terminal_may_be_resized_while_it_is_drawn(command: str, then: int) -> None:
    """From the next drawing on the rows fit the new width, and nothing of the old ones is left."""
    with on_a_terminal(*REPLAYS[command], columns=80) as terminal:
        terminal.until(lambda rows: any("building" in row for row in rows))
        terminal.resize(then)
        terminal.until(lambda rows: any("connecting" in row for row in rows))
        assert [row.split()[0] for row in terminal.seen[:7]] == list(CHATS)
        assert re.fullmatch(r"\d+ s of virtual time", terminal.seen[7])
        assert (len(terminal.seen), terminal.scrolled_away) == (8, 0)
        terminal.interrupt()
        assert terminal.end() == 130
        assert not terminal.cursor_is_hidden


def test_ctrl_c_gives_the_terminal_back() -> None:
    """The rows stay, the cursor is there again, and there is no traceback."""
    with on_a_terminal("demo", columns=80) as terminal:
        terminal.until(lambda rows: any("building" in row for row in rows))
        terminal.interrupt()
        assert terminal.end() == 130
        assert not terminal.cursor_is_hidden
        assert len(terminal.seen) == 8


@exhaustive
def test_more_chats_than_rows(tmp_path: Path) -> None:
    """Those that have changed last are shown, and how many are not; nothing scrolls while they are drawn."""
    call = {"id": "toolu_0", "type": "tool_use", "name": "list_templates", "input": dict[str, str]()}
    message = {"role": "assistant", "content": [call]}
    recording = tmp_path / "calls.jsonl"
    recording.write_text("".join(json.dumps({"chat": f"chat-{at}", "at": at, "message": message}) + "\n" for at in range(40)), encoding="utf-8")
    with on_a_terminal("run", str(recording), "--fast", columns=120) as terminal:
        rows = terminal.until(lambda rows: rows[-1] == "30 s of virtual time; 18 more" and "chat-30" in rows[-2])
        assert (len(rows), terminal.scrolled_away) == (23, 0)
        assert rows[21].startswith("chat-30")
        assert terminal.end() == 0
        assert terminal.raw.count(b'"tool_result"') == 40, "what is for the model follows when nothing is drawn over it any more"


def test_what_others_say_moves_no_cursor(tmp_path: Path) -> None:
    """A chat's id is drawn again and again: what would move a cursor in it is taken out."""
    call = {"id": "toolu_0", "type": "tool_use", "name": "list_templates", "input": dict[str, str]()}
    recording = tmp_path / "calls.jsonl"
    recording.write_text(json.dumps({"chat": "a\x1b[2J", "message": {"role": "assistant", "content": [call]}}), encoding="utf-8")
    with on_a_terminal("run", str(recording), "--fast", columns=80) as terminal:
        assert terminal.end() == 0
        assert terminal.seen[0].startswith("a  told")
        assert b"\x1b[2J" not in terminal.raw


def _fill(coder: FakeCoder) -> None:
    """Let the next build wait in the queue, for as long as there is one provisioner."""
    coder.set_provisioners(1)
    coder.add_workspace(coder.add_template("before", build=NEVER), "first", owner_id=OWNER)


@pytest.fixture
def server(simulator: CoderSimulator, tmp_path: Path) -> dict[str, str]:
    """Return what names it and a store; `shell` has the same."""
    return {"CODER_URL": simulator.url, "CODER_SESSION_TOKEN": TOKEN, "CHATWORKSPACE_STORE": f"sqlite://{tmp_path}/chats.db"}


def _is_drawn(rows: list[str], *, least: int, width: int) -> bool:
    """Say whether so many rows are there at least, of which those of the log fill the width that there is."""
    return len(rows) >= least and all(len(row) == width - 1 for row in rows[1:-1])


def _whole_ids(rows: list[str]) -> int:
    """Return how many ids stand in one row, to be copied."""
    return sum(len(re.findall(r"\([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\)", row)) for row in rows)


@contextmanager
def _waiting(command: str, width: int, surroundings: dict[str, str], shell: Shell) -> Generator[Emulator, None, None]:
    """Run one that waits; what has to be there before is made by others."""
    create = ("create", *CHAT, "--template", "docker")
    for words in {"create": (), "follow": ((*create, "--wait", "0"),), "start": (create, ("stop", *CHAT))}.get(command, (create,)):
        assert shell(*words).code in {0, 5}
    with on_a_terminal(*(create if command == "create" else (command, *CHAT)), columns=width, **surroundings) as terminal:
        yield terminal


@pytest.mark.parametrize(("command", "width"), in_turn(("create", "follow"), (60, 200, 80, 120)))
def test_a_command_that_waits(command: str, width: int, coder: FakeCoder, shell: Shell, server: dict[str, str]) -> None:
    """It shows what is under way, for how long, and the log; in the end what it came to is all that is left on the screen."""
    coder.add_template("docker", log=("pulling " + "a layer, " * 40, "starting\x1b[2J"), build=100, connect=10, scripts=10)
    _fill(coder)
    with _waiting(command, width, server, shell) as terminal:
        assert len(terminal.until(lambda rows: rows[0].endswith("position 1 in the queue"))) == 2
        coder.set_provisioners(2)
        rows = terminal.until(lambda rows: any("starting" in row for row in rows))
        assert re.match(r"thread-42  building +\d+ s", rows[0]), rows
        assert len(rows) == 4
        assert rows[1].startswith("| pulling a layer")
        assert rows[1].endswith("…")
        assert re.fullmatch(r"\d+ s in all; Ctrl-C ends the wait", rows[3])
        assert terminal.colour_of("building") == "cyan"
        assert terminal.end() == 0
        assert terminal.seen[0].startswith("thread-42: ready (")
        assert terminal.colour_of("ready") == "green"
        assert terminal.scrolled_away == 0
        assert _whole_ids(terminal.seen) == 1
        assert b"[2J" not in terminal.raw
        assert TOKEN.encode() not in terminal.raw


@pytest.mark.parametrize(
    ("command", "settings"),
    [
        ("create", {"build": 2000.0}),
        ("follow", {"build": 2000.0}),
        pytest.param("start", {"build": (0.0, 2000.0)}, marks=exhaustive),
        pytest.param("stop", {"stop": 10_000.0}, marks=exhaustive),
        pytest.param("delete", {"delete": 10_000.0}, marks=exhaustive),
    ],
)
def test_ctrl_c_while_a_command_waits(command: str, settings: dict[str, Any], coder: FakeCoder, shell: Shell, server: dict[str, str]) -> None:
    """It is told that the wait ends, above what is drawn; then what it came to, and the cursor is back: in a terminal that was resized, too."""
    coder.add_template("docker", log=["a layer, " * 40] * 200, **settings)
    least = 2 if command in {"stop", "delete"} else 3  # these have no log here
    with _waiting(command, 60, server, shell) as terminal:
        terminal.until(lambda rows: "building" in rows[0])
        for width in (100, 80):
            terminal.resize(width)
            terminal.until(partial(_is_drawn, least=least, width=width))
        terminal.interrupt()
        assert terminal.end() == 130
        assert terminal.seen[0].startswith("interrupted: ending the wait")
        assert any(re.match(r"thread-42: \w+, building \(interrupted\)", row) for row in terminal.seen)
        assert not terminal.cursor_is_hidden


def test_without_rich_plain_lines(tmp_path: Path) -> None:
    """Who has not installed the extra gets on a terminal what a pipe gets."""
    (tmp_path / "rich").mkdir()
    (tmp_path / "rich" / "__init__.py").write_text("raise ImportError('not here')", encoding="utf-8")
    sources = os.pathsep.join(map(str, (tmp_path, ROOT, ROOT / "adapters")))
    with on_a_terminal("demo", "--fast", columns=80, PYTHONPATH=sources) as terminal:
        assert terminal.end() == 0
        assert b"\x1b" not in terminal.raw
        assert terminal.seen[-1] == "duplicates: 0"
