"""The one screen of all commands: a few rows of a terminal, drawn again and again in their place.

Rich draws it, and knows of widths, colours and terminals of every kind. Where it is not installed (the extra `[screen]`), and where there is no
terminal that can go back, there is no screen: whoever asks for one prints plain lines.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from enum import Enum
from typing import TYPE_CHECKING, TextIO

import attrs

from chatworkspace_cli._printing import fitted, printable, say, say_lines

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions
    from rich.live import Live
    from rich.text import Text

LONGEST_NAME, LONGEST_STATE = 20, 11
"""Cells of a terminal."""
_MINUTES, _HOURS = 120, 7200
"""Seconds from which on a time is told in these."""


class Mood(Enum):
    """What a state means to who looks on; its value is how it is coloured."""

    IDLE = "dim"
    UNDER_WAY = "cyan"
    GOOD = "green"
    BAD = "red"
    FAULT = "magenta"


MOODS = {"ready": Mood.GOOD, "stopped": Mood.IDLE, "absent": Mood.IDLE, "gone": Mood.IDLE} | dict.fromkeys(
    ("failed", "unreachable", "unknown", "refused"), Mood.BAD
)
"""Of a state; of all others, something is under way."""


@attrs.frozen(kw_only=True)
class Entry:
    """One row: what is in which state, and for how long. Its texts may be other people's."""

    name: str
    state: str
    held: float
    """Seconds for which it has been in that state."""
    detail: str = ""
    mood: Mood = Mood.UNDER_WAY


@attrs.frozen(kw_only=True)
class View:
    """All that is shown at a time."""

    entries: Sequence[Entry]
    log: Sequence[str] = ()
    """The latest lines, below the entries."""
    footer: str = ""


def can_draw(out: TextIO) -> bool:
    """Say whether a screen can be drawn there. The first call that says so loads rich."""
    if not out.isatty() or os.environ.get("TERM", "") in {"dumb", "unknown"}:
        return False
    try:
        import rich.live  # noqa: PLC0415 # only who draws needs it
    except ImportError:
        return False
    return bool(rich.live)


def say_state(text: str, state: str, out: TextIO) -> None:
    """Print a line in which a state is told, coloured where the terminal has colours."""
    width = width_of(out)
    if width is None:
        say(printable(text), out)
        return
    from rich.text import Text  # noqa: PLC0415 # as above

    style, console = MOODS.get(state, Mood.UNDER_WAY).value, _console(out)
    for row in fitted(printable(text), width):
        before, word, after = row.partition(f" {state}") if style else (row, "", "")
        console.print(Text.assemble(before, (word, style), after), soft_wrap=True)
        style = "" if word else style  # it is told once
    out.flush()


def width_of(out: TextIO) -> int | None:
    """Return how many columns a terminal has that can be drawn upon; None: it is none."""
    return _console(out).width if can_draw(out) else None


def complain(what: str) -> None:
    """Say on standard error what is wrong, or to be known, in lines of its terminal."""
    say_lines(what, sys.stderr, width=width_of(sys.stderr))


def _console(out: TextIO) -> Console:
    from rich.console import Console  # noqa: PLC0415 # as above

    return Console(file=out, highlight=False, markup=False, emoji=False)


class Drawing:
    """A screen in use. For one thread. It fits the terminal anew at each drawing, whatever has become of that."""

    def __init__(self, out: TextIO, *, stays: bool) -> None:
        """out: for which can_draw() holds. stays: what was drawn last is to stay when it is closed; else it is wiped."""
        self._out = out
        self._stays = stays
        self._live: Live | None = None

    def draw(self, view: View) -> None:
        """Draw this in the place of what is drawn."""
        if self._live is None:
            self._live = self._begun()
        with self._unwrapped(self._live):
            self._live.update(_Picture(view), refresh=True)

    def say(self, text: str) -> None:
        """Print a line that stays, above what is drawn."""
        if self._live is None:
            say(printable(text), self._out)
        else:
            for row in fitted(printable(text), self._live.console.width):
                self._live.console.print(row, soft_wrap=True)

    def close(self) -> None:
        """Give the terminal back. May be called again."""
        if self._live is not None:
            live, self._live = self._live, None
            with self._unwrapped(live):
                live.stop()

    @contextmanager
    def _unwrapped(self, live: Live) -> Generator[None, None, None]:
        """Wrap no row: one that was drawn as the terminal became narrower would take two, and the next drawing begin too low."""
        off, on = ("", "") if live.console.legacy_windows else ("\x1b[?7l", "\x1b[?7h")
        self._out.write(off)
        try:
            yield
        finally:
            self._out.write(on)
            self._out.flush()

    def _begun(self) -> Live:
        from rich.live import Live  # noqa: PLC0415 # as above

        live = Live(console=_console(self._out), auto_refresh=False, transient=not self._stays, redirect_stdout=False, redirect_stderr=False)
        live.start()
        return live


@attrs.frozen
class _Picture:
    """A view, as rich asks for it: at each drawing, with the size that the terminal then has. No row is wrapped."""

    view: View

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Text]:
        rows = list(self._rows(console.size.height - 1))
        for row in rows:
            row.no_wrap = True
            row.overflow = "ellipsis" if options.encoding.startswith("utf") else "crop"
            # the last column is left free: some terminals begin the next row when it is written
            row.truncate(options.max_width - 1, overflow=row.overflow)
            yield row

    def _rows(self, most: int) -> Iterator[Text]:
        """Yield as many rows as there is room for: what has changed last goes first."""
        from rich.cells import cell_len  # noqa: PLC0415 # as above
        from rich.text import Text  # noqa: PLC0415 # as above

        view = self.view
        room = max(most - bool(view.footer), 1)
        latest = sorted(range(len(view.entries)), key=lambda number: view.entries[number].held)[:room]
        shown = [view.entries[number] for number in sorted(latest)]
        names = min(max((cell_len(printable(it.name)) for it in shown), default=0), LONGEST_NAME)
        yield from (_row(it, names) for it in shown)
        left = room - len(shown)
        yield from (Text(printable(f"| {line}"), style="dim") for line in view.log[-left:] if left)
        if view.footer:
            hidden = f"; {len(view.entries) - len(shown)} more" if len(shown) < len(view.entries) else ""
            yield Text(printable(view.footer + hidden), style="dim")


def _row(entry: Entry, names: int) -> Text:
    from rich.text import Text  # noqa: PLC0415 # as above

    row = _column(entry.name, names) if names else Text()
    row.append("  " if names else "")
    row.append_text(_column(entry.state, LONGEST_STATE, entry.mood.value))
    row.append(f" {lasted(entry.held):>7}  ")
    return row.append(printable(entry.detail))


def _column(text: str, width: int, style: str = "") -> Text:
    from rich.text import Text  # noqa: PLC0415 # as above

    column = Text(printable(text), style=style)
    column.truncate(width, overflow="crop", pad=True)
    return column


def lasted(seconds: float) -> str:
    """Return a time as it is read at a glance, in at most seven characters up to 999 hours."""
    whole = max(int(seconds), 0)
    if whole < _MINUTES:
        return f"{whole} s"
    return f"{whole // 60} min" if whole < _HOURS else f"{whole // 3600} h"
