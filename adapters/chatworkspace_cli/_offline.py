"""The commands that need no server: they replay recorded calls in memory, or serve a Coder of their own."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TextIO

from chatworkspace.errors import InvalidArgumentError
from chatworkspace.ports import SystemClock
from chatworkspace_cli._texts import printable

if TYPE_CHECKING:
    from chatworkspace_cli._replay import Event, Story

LONGEST = 12.0
"""Real seconds that a replay may take."""
_KINDS = {"call": "▶", "phase": "…", "log": "│", "result": "✔", "fault": "⚡"}


def demo(options: argparse.Namespace) -> int:
    """Replay the packaged recording."""
    from chatworkspace_cli._demo import demonstrate  # noqa: PLC0415 # only these commands need the fake

    return _show(demonstrate(options.seed), options, sys.stdout)


def run(options: argparse.Namespace) -> int:
    """Print what is for the model on standard output, and what is for people on standard error."""
    from chatworkspace_cli._demo import play  # noqa: PLC0415 # as above
    from chatworkspace_cli._recordings import BadLine, Line, read  # noqa: PLC0415 # as above

    try:
        text = sys.stdin.read() if str(options.file) == "-" else options.file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        _say(f"chatworkspace run: {options.file}: {error}", sys.stderr)
        return 2
    lines = list(read(text))
    bad = [line for line in lines if isinstance(line, BadLine)]
    for line in bad:
        _say(f"{options.file}: line {line.number}: {line.problem}", sys.stderr)
    code = _show(play([line for line in lines if isinstance(line, Line)], options.seed), options, sys.stderr, messages=sys.stdout)
    return code or (1 if bad else 0)


def simulator(options: argparse.Namespace) -> int:
    """Print how it is reached, and serve until interrupted."""
    from chatworkspace_cli._serving import serve  # noqa: PLC0415 # as above

    try:
        serve(
            port=options.port,
            level=options.level,
            speed=options.speed,
            token=options.token,
            requests_per_minute=options.requests_per_minute,
            say=lambda text: _say(text, sys.stdout),
        )
    except (OSError, OverflowError) as error:
        _say(f"chatworkspace simulator: port {options.port}: {error}", sys.stderr)
        return 2
    except InvalidArgumentError as error:
        _say(f"chatworkspace simulator: {error}", sys.stderr)
        return 2
    return 0


def _say(text: str, out: TextIO) -> None:
    print(text, file=out, flush=True)


def _as_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "replace").decode()


def _show(story: Story, options: argparse.Namespace, out: TextIO, *, messages: TextIO | None = None) -> int:
    if options.json:
        _print_json(story, sys.stdout)
    else:
        _play(story, out, fast=options.fast, messages=messages)
    return 1 if story.duplicates else 0


# ---------------------------------------------------------------- for programs


def _print_json(story: Story, out: TextIO) -> None:
    for event in story.events:
        line: dict[str, Any] = {"at": event.at, "chat": event.chat, "event": event.kind, "text": event.text}
        if event.content is not None:
            line["content"] = event.content
        if event.messages:
            line["messages"] = event.messages
        print(_as_json(line), file=out)
    rows = [
        {"chat": row.chat, "calls": row.calls, "workspaces_made": row.made, "live": row.live, "state": row.state, "seconds": row.time}
        for row in story.rows
    ]
    print(_as_json({"event": "summary", "chats": rows, "duplicates": story.duplicates}), file=out)


# ---------------------------------------------------------------- for people


def _play(story: Story, out: TextIO, *, fast: bool, messages: TextIO | None) -> None:
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
                print(_as_json({"chat": event.chat, "at": event.at, "message": message}), file=messages, flush=True)
    _print_table(story, out)


class _Lines:
    """One plain line an event."""

    def __init__(self, out: TextIO, chats: Sequence[str]) -> None:
        self._out = out
        self._width = max(map(len, chats), default=0)

    def show(self, event: Event) -> None:
        text = printable(f"{event.chat:<{self._width}}  {event.kind:<6}  {event.text}")
        print(f"{event.at:7.1f} s  {text}", file=self._out, flush=True)


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
        elif event.kind != "call" or not self._lines[event.chat].startswith(_KINDS["phase"]):  # a second call does not hide what is under way
            self._logs[event.chat] = ""
            self._lines[event.chat] = f"{_KINDS[event.kind]} {printable(event.text)}"
        self._draw(event.at)

    def _draw(self, at: float) -> None:
        rows = [f"\x1b[2K{chat:<{self._width}}  {at:6.1f} s  {line[:70]:<32}  {self._logs[chat][:40]}" for chat, line in self._lines.items()]
        print(f"\x1b[{len(rows)}A" + "\n".join(rows), file=self._out, flush=True)


def _print_table(story: Story, out: TextIO) -> None:
    width = max(map(len, (row.chat for row in story.rows)), default=4)
    print(f"\n{'chat':<{width}}  calls  workspaces made  state     time", file=out)
    for row in story.rows:
        print(f"{printable(row.chat):<{width}}  {row.calls:>5}  {row.made:>15}  {row.state:<8}  {row.time:.0f} s", file=out)
    print(f"\nduplicates: {story.duplicates}", file=out)
