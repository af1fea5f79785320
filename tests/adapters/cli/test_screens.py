"""Progress for people and programs."""

from __future__ import annotations

import io
import json
from datetime import datetime, timezone

import attrs

from chatworkspace import Outcome, Phase, Progress, Reason, State
from chatworkspace_cli._online.screens import JsonLines, Lines, Terminal, screen_for
from tests.application.worlds import a_chat

BUILDING = Progress(
    chat_id="a", generation=1, at=datetime(2026, 11, 24, tzinfo=timezone.utc), elapsed=1.0, build_number=1, phase=Phase.BUILDING, queue_position=2
)
TURN = attrs.evolve(BUILDING, queue_position=0, elapsed=2.0)
LINE = attrs.evolve(TURN, line="pulling\x1b[2J", elapsed=3.0)
CONNECTING = attrs.evolve(TURN, phase=Phase.CONNECTING, elapsed=4.0)
END = attrs.evolve(TURN, phase=None, outcome=Outcome(chat=a_chat(), state=State.READY, reason=Reason.CREATED))


class Tty(io.StringIO):
    """A terminal."""

    def isatty(self) -> bool:
        """Say so."""
        return True


def test_which_screen() -> None:
    """A terminal is drawn upon; anything else gets lines; nobody is shown steps who asked for quiet."""
    assert isinstance(screen_for(Tty(), quiet=False), Terminal)
    assert isinstance(screen_for(io.StringIO(), quiet=False), Lines)
    out = Tty()
    silent = screen_for(out, quiet=True)
    silent.show(BUILDING)
    silent.note("how far it is")
    silent.tick(1)
    silent.close()
    assert out.getvalue() == ""


def test_plain_lines_tell_what_is_new() -> None:
    """Each phase and position once, each line of the log, and no control character."""
    out = io.StringIO()
    lines = Lines(out)
    for step in (BUILDING, BUILDING, TURN, TURN, LINE, TURN, CONNECTING, END):
        lines.show(step)
    lines.tick(9)
    assert [line.partition(" s  ")[2] for line in out.getvalue().splitlines()] == [
        "building, position 2 in the queue",
        "building",
        "| pulling",
        "connecting",
    ]


def test_how_far_it_is_where_there_are_no_phases() -> None:
    """A line of its own, or drawn in the place of the one before; other people's text moves no cursor."""
    lines, terminal = Lines(io.StringIO()), Terminal(Tty())
    for screen in (lines, terminal):
        screen.note("one rule\x1b[2J")
        screen.note("another")
    assert lines._out.getvalue() == "one rule\nanother\n"  # type: ignore[attr-defined] # as it was made
    shown = terminal._out.getvalue()  # type: ignore[attr-defined] # as above
    assert "0.0 s  one rule\n" in shown
    assert "0.0 s  another\n" in shown


def test_a_terminal_shows_phase_time_queue_and_the_end_of_the_log() -> None:
    """Each drawing takes the place of the one before, and nothing is left of it in the end."""
    out = Tty()
    screen = Terminal(out)
    screen.tick(0.0)
    screen.show(BUILDING)
    assert "1.0 s  building, position 2 in the queue" in out.getvalue()
    screen.show(TURN)
    for number in range(9):
        screen.show(attrs.evolve(LINE, line=f"line {number}"))
    before = len(out.getvalue())
    screen.tick(12.5)
    drawn = out.getvalue()[before:]
    assert drawn.startswith("\x1b[?7l\r\x1b[5A"), "the cursor goes back to the first of five rows, which are never wrapped"
    assert [row for row in drawn.replace("\x1b[2K", "").splitlines() if "line" in row] == [f"| line {number}" for number in range(5, 9)]
    assert "12.5 s  building\n" in drawn
    screen.show(attrs.evolve(LINE, line="\x1b[2J"))
    assert "\x1b[2J" not in out.getvalue()
    screen.say("interrupted")
    screen.close()
    assert out.getvalue().endswith("\r\x1b[5A\x1b[Jinterrupted\n")


def test_json_lines_tell_what_is_new() -> None:
    """One object each; what is said to people goes elsewhere."""
    out, errors = io.StringIO(), io.StringIO()
    screen = JsonLines(out, errors)
    for step in (BUILDING, BUILDING, LINE, END):
        screen.show(step)
    screen.say("interrupted")
    told = [json.loads(line) for line in out.getvalue().splitlines()]
    assert [(it["phase"], it["queue_position"], it["line"]) for it in told] == [("building", 2, None), ("building", 0, "pulling\x1b[2J")]
    assert errors.getvalue() == "interrupted\n"
