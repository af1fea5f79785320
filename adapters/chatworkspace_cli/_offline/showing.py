"""How what a replay came to is shown: to people at a readable pace, to programs as JSON Lines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TextIO

from chatworkspace.ports import SystemClock
from chatworkspace_cli._offline.replay import Event, Row, Story
from chatworkspace_cli._printing import as_json, printable, say

LONGEST = 12.0
"""Real seconds that a replay may take."""
KINDS = {"call": "▶", "phase": "…", "log": "│", "result": "✔", "fault": "⚡"}

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


# ---------------------------------------------------------------- for people


def play(story: Story, out: TextIO, *, fast: bool, messages: TextIO | None) -> None:
    """Show each event when its time has come, and then what came of each chat. messages: where those for the model go. fast: do not sleep."""
    speed = max((story.events[-1].at if story.events else 0) / LONGEST, 1.0)
    screen = _Screen(out, [row.chat for row in story.rows]) if out.isatty() else _Lines(out, [row.chat for row in story.rows])
    clock, before = SystemClock(), 0.0
    for event in story.events:
        if not fast:
            clock.sleep((event.at - before) / speed)
        before = event.at
        if event.kind != "messages":
            screen.show(event)
        elif messages is not None:
            for message in event.messages:
                say(as_json({"chat": event.chat, "at": event.at, "message": message}), messages)
    _print_table(story, out)


class _Lines:
    """One plain line an event."""

    def __init__(self, out: TextIO, chats: Sequence[str]) -> None:
        self._out = out
        self._width = max(map(len, chats), default=0)

    def show(self, event: Event) -> None:
        text = printable(f"{event.chat:<{self._width}}  {event.kind:<6}  {event.text}")
        say(f"{event.at:7.1f} s  {text}", self._out)


class _Screen(_Lines):
    """One line a chat, drawn again and again: where it is, since when, and the last line of its log."""

    def __init__(self, out: TextIO, chats: Sequence[str]) -> None:
        super().__init__(out, chats)
        self._lines = dict.fromkeys(chats, "")
        self._logs = dict.fromkeys(chats, "")
        print("\n" * len(chats), end="", file=out)

    def show(self, event: Event) -> None:
        if event.kind == "log":
            self._logs[event.chat] = printable(event.text)
        elif event.kind != "call" or not self._lines[event.chat].startswith(KINDS["phase"]):  # a second call does not hide what is under way
            self._logs[event.chat] = ""
            self._lines[event.chat] = f"{KINDS[event.kind]} {printable(event.text)}"
        self._draw(event.at)

    def _draw(self, at: float) -> None:
        rows = [
            f"\x1b[2K{printable(chat):<{self._width}}  {at:6.1f} s  {line[:70]:<32}  {self._logs[chat][:40]}" for chat, line in self._lines.items()
        ]
        say(f"\x1b[{len(rows)}A" + "\n".join(rows), self._out)


def _print_table(story: Story, out: TextIO) -> None:
    width = max(map(len, (row.chat for row in story.rows)), default=4)
    print(f"\n{'chat':<{width}}  calls  workspaces made  state     time", file=out)
    for row in story.rows:
        print(f"{printable(row.chat):<{width}}  {row.calls:>5}  {row.made:>15}  {row.state:<8}  {row.time:.0f} s", file=out)
    print(f"\nduplicates: {story.duplicates}", file=out)
