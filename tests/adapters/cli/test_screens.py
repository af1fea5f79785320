"""Progress for people and programs."""

from __future__ import annotations

import io
import json
from datetime import datetime, timezone

import attrs
import pytest

from chatworkspace import Outcome, Phase, Progress, Reason, State
from chatworkspace_cli._online.screens import JsonLines, Lines, Terminal, screen_for
from chatworkspace_cli._screen import Drawing, Entry, View
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


def test_which_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal is drawn upon; anything else gets lines; nobody is shown steps who asked for quiet."""
    monkeypatch.setenv("TERM", "xterm")
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
    out, tty = io.StringIO(), Tty()
    for screen in (Lines(out), Terminal(tty)):
        screen.note("one rule\x1b[2J")
        screen.note("another")
        screen.close()
    assert out.getvalue() == "one rule\nanother\n"
    assert "one rule" in tty.getvalue()
    assert "another" in tty.getvalue()
    assert "\x1b[2J" not in tty.getvalue()


def test_a_terminal_shows_phase_queue_since_when_and_the_end_of_the_log(monkeypatch: pytest.MonkeyPatch) -> None:
    """A state lasts from where it began, whatever else is told of it; nothing is left in the end."""
    monkeypatch.setenv("TERM", "xterm")
    views = list[View]()

    def draw(drawing: Drawing, view: View) -> None:
        del drawing
        views.append(view)

    monkeypatch.setattr(Drawing, "draw", draw)
    screen = Terminal(Tty())
    screen.tick(0.5)
    assert (views[-1].entries[0].state, views[-1].entries[0].held) == ("asking", 0.5)
    screen.show(BUILDING)
    assert views[-1].entries[0] == Entry(name="a", state="building", held=0.0, detail="position 2 in the queue")
    screen.tick(2.0)
    screen.show(TURN)
    assert views[-1].entries[0] == Entry(name="a", state="building", held=1.0)
    for number in range(9):
        screen.show(attrs.evolve(LINE, line=f"line {number}"))
    assert views[-1].log == tuple(f"line {number}" for number in range(5, 9))
    screen.show(CONNECTING)
    screen.tick(12.5)
    assert views[-1].entries[0] == Entry(name="a", state="connecting", held=8.5)
    assert views[-1].footer == "12 s in all; Ctrl-C ends the wait"
    screen.show(END)
    assert views[-1].entries[0].state == "connecting"


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
