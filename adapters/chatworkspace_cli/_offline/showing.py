"""How what a replay came to is shown: to people at a readable pace, to programs as JSON Lines."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from io import StringIO
from typing import Protocol, TextIO

import attrs

from chatworkspace.ports import SystemClock
from chatworkspace_cli._offline.stories import Event, Row, Story
from chatworkspace_cli._printing import as_json, printable, say, say_lines
from chatworkspace_cli._screen import MOODS, Drawing, Entry, Mood, View, can_draw, say_state, width_of

LONGEST = 12.0
"""Real seconds that a replay may take."""
TICK = 0.2
"""Real seconds between two drawings."""

# ---------------------------------------------------------------- for programs


def print_json(story: Story, out: TextIO) -> None:
    """Print one object a line; the last is the summary."""
    for event in story.events:
        print(as_json(_event_json(event)), file=out)
    print(as_json({"event": "summary", "chats": [_row_json(row) for row in story.rows], "duplicates": story.duplicates}), file=out)


def _event_json(event: Event) -> dict[str, object]:
    told: dict[str, object] = {"at": event.at, "chat": event.chat, "event": event.kind, "text": event.text}
    if event.content is not None:
        told["content"] = event.content
    if event.messages:
        told["messages"] = event.messages
    return told


def _row_json(row: Row) -> dict[str, object]:
    return {"chat": row.chat, "calls": row.calls, "workspaces_made": row.made, "live": row.live, "state": row.state, "seconds": row.time}


def finish(story: Story, *, for_programs: bool) -> None:
    """Show what came of one whose events people have seen: on standard output what is for the model, or for programs."""
    if for_programs:
        print_json(story, sys.stdout)
        return
    for event in story.events:
        _hand_over(event, sys.stdout)
    _print_table(story, sys.stderr)


# ---------------------------------------------------------------- for people


def play(story: Story, out: TextIO, *, fast: bool, messages: TextIO | None) -> None:
    """Show each event when its time has come, and then what came of each chat. messages: where those for the model go. fast: do not sleep."""
    chats = [row.chat for row in story.rows]
    draws = can_draw(out)
    shown: _Shown = _Board(out, chats) if draws else _Lines(out, chats)
    waits = StringIO() if draws and messages is not None and messages.isatty() else None  # they would be written across what is drawn
    try:
        _play(story, shown, fast=fast, messages=messages if waits is None else waits)
    finally:
        shown.close()
        if messages is not None and waits is not None:
            messages.write(waits.getvalue())
    _print_table(story, out)


def _play(story: Story, shown: _Shown, *, fast: bool, messages: TextIO | None) -> None:
    speed = max((story.events[-1].at if story.events else 0) / LONGEST, 1.0)
    clock, now = SystemClock(), 0.0
    for event in story.events:
        while now < event.at:
            step = min(TICK * speed, event.at - now)
            if not fast:
                clock.sleep(step / speed)
            now += step
            shown.tick(now)
        if event.kind != "messages":
            shown.show(event)
        elif messages is not None:
            _hand_over(event, messages)


def _hand_over(event: Event, out: TextIO) -> None:
    """Print the messages that an event has for the model, one a line."""
    for message in event.messages:
        say(as_json({"chat": event.chat, "at": event.at, "message": message}), out)


class _Shown(Protocol):
    """Where a replay is shown."""

    def show(self, event: Event) -> None:
        """Show what has happened."""

    def tick(self, now: float) -> None:
        """Show that time passes; now: virtual seconds."""

    def close(self) -> None:
        """Give the terminal back."""


class _Lines:
    """One plain line an event."""

    def __init__(self, out: TextIO, chats: Sequence[str]) -> None:
        self._out = out
        self._width = max(map(len, chats), default=0)

    def show(self, event: Event) -> None:
        text = printable(f"{event.chat:<{self._width}}  {event.kind:<6}  {event.text}")
        say(f"{event.at:7.1f} s  {text}", self._out)

    def tick(self, now: float) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""


@attrs.frozen(kw_only=True)
class _Place:
    """Where a chat stands, and since when."""

    state: str = "-"
    mood: Mood = Mood.IDLE
    since: float = 0.0
    detail: str = ""

    def after(self, event: Event) -> _Place:
        """Return where it stands then. A call beside one that is under way does not hide that, nor does a line of the log."""
        match event.kind:
            case "log":
                return attrs.evolve(self, detail=event.text)
            case "call" if self.mood is Mood.UNDER_WAY:
                return self
            case "call":
                state, mood, detail = "asking", Mood.UNDER_WAY, event.text
            case "fault":
                state, mood, detail = "fault", Mood.FAULT, event.text
            case "phase":
                state, mood, detail = event.text, Mood.UNDER_WAY, ""
            case _:
                state, mood, detail = _answered(event)
        return _Place(state=state, mood=mood, since=self.since if state == self.state else event.at, detail=detail)


def _answered(event: Event) -> tuple[str, Mood, str]:
    """Return the state that an answer tells, what that means, and the rest of it."""
    content = event.content or {}
    if "state" not in content:
        refused = "error" in content
        return "refused" if refused else "told", Mood.BAD if refused else Mood.GOOD, event.text
    state = str(content["state"])
    return state, MOODS.get(state, Mood.UNDER_WAY), event.text.removeprefix(state).strip()


class _Board:
    """One row a chat, drawn again and again: how it is, for how long, and what was said last."""

    def __init__(self, out: TextIO, chats: Sequence[str]) -> None:
        self._drawing = Drawing(out, stays=True)
        self._places = dict.fromkeys(chats, _Place())

    def show(self, event: Event) -> None:
        self._places[event.chat] = self._places[event.chat].after(event)
        self.tick(event.at)

    def tick(self, now: float) -> None:
        rows = [Entry(name=chat, state=it.state, mood=it.mood, held=now - it.since, detail=it.detail) for chat, it in self._places.items()]
        self._drawing.draw(View(entries=rows, footer=f"{now:.0f} s of virtual time"))

    def close(self) -> None:
        self._drawing.close()


def _print_table(story: Story, out: TextIO) -> None:
    width = max(map(len, (printable(row.chat) for row in story.rows)), default=4)
    say("", out)
    say_lines(f"{'chat':<{width}}  calls  workspaces made  state     time", out, width=width_of(out))
    for row in story.rows:
        say_state(f"{printable(row.chat):<{width}}  {row.calls:>5}  {row.made:>15}  {row.state:<8}  {row.time:.0f} s", row.state, out)
    print(f"\nduplicates: {story.duplicates}", file=out)
