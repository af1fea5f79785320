"""The command on a terminal: a pseudo-terminal for it, and an emulator that keeps what a person would see."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from itertools import groupby

import attrs
import pyte

from tests.hanging import PATIENCE
from tests.packaging.runs import ROOT, clean_environment

ROWS = 24
DRAWS = b"\x1b[?7l"
"""What a drawing begins with."""


@attrs.frozen(kw_only=True)
class Run:
    """Some cells of a row, of one colour."""

    column: int
    text: str
    colour: str


class Emulator:
    """A terminal, and a process that has it as standard input, output and error."""

    def __init__(self, process: subprocess.Popen[bytes], line: int, columns: int) -> None:
        self.process = process
        self.raw = b""
        self._line = line
        self._unread = b""
        self._screen = pyte.HistoryScreen(columns, ROWS, history=10_000)
        self._stream = pyte.ByteStream(self._screen)

    @property
    def seen(self) -> list[str]:
        """What is on the screen, without empty rows at its end."""
        return "\n".join(row.rstrip() for row in self._screen.display).rstrip().split("\n")

    @property
    def runs(self) -> tuple[tuple[Run, ...], ...]:
        """What is on the screen, each row as pieces of one colour."""
        return tuple(tuple(self._runs_of(row)) for row in range(self._screen.lines))

    def _runs_of(self, row: int) -> Iterator[Run]:
        cells = [self._screen.buffer[row][column] for column in range(self._screen.columns)]
        begin = 0
        for colour, piece in groupby(cells, lambda cell: str(cell.fg)):
            text = "".join(cell.data for cell in piece)
            if text.strip():
                yield Run(column=begin + len(text) - len(text.lstrip()), text=text.strip(), colour=colour)
            begin += len(text)

    @property
    def scrolled_away(self) -> int:
        """How many rows have left the screen at its top."""
        return len(self._screen.history.top)

    @property
    def cursor_is_hidden(self) -> bool:
        """Whether there is no cursor to be seen."""
        return self._screen.cursor.hidden

    def colour_of(self, word: str) -> str:
        """Return the colour of the last row that has this word in it, where that begins."""
        row = max(number for number, text in enumerate(self._screen.display) if word in text)
        return str(self._screen.buffer[row][self._screen.display[row].index(word)].fg)

    def resize(self, columns: int) -> None:
        """Make the terminal as wide as that, as a person does who draws at its edge."""
        _set_size(self._line, columns, ROWS)
        self._screen.resize(ROWS, columns)

    def until(self, holds: Callable[[list[str]], bool]) -> list[str]:
        """Return what is seen as soon as this holds of it. AssertionError: the process ends before."""
        while not holds(self.seen):
            assert self._read(), self.seen
        return self.seen

    def hear(self, text: bytes) -> None:
        """Return when that is printed, drawn or not. AssertionError: the process ends before."""
        while text not in self._unread:
            chunk = self._next()
            assert chunk, self._unread
            self._unread += chunk

    def interrupt(self) -> None:
        """Send what Ctrl-C sends."""
        self.process.send_signal(signal.SIGINT)

    def end(self) -> int:
        """Return the exit code when the process has ended, and all is shown that it has printed."""
        while self._read():
            pass
        return self.process.wait(timeout=PATIENCE)

    def _read(self) -> bool:
        """Show what comes next, a whole drawing at a time, so that none is missed and none is half seen; say whether anything came."""
        while (end := self._unread.find(DRAWS, 1)) < 0 and (chunk := self._next()):
            self._unread += chunk
        drawing, self._unread = (self._unread, b"") if end < 0 else (self._unread[:end], self._unread[end:])
        self.raw += drawing
        self._stream.feed(drawing)
        return bool(drawing)

    def _next(self) -> bytes:
        """Return what the process prints next; empty: it has ended."""
        ready, _, _ = select.select([self._line], [], [], PATIENCE)
        assert ready, ("hangs", self.seen)
        with suppress(OSError):  # how Linux says that the other side has closed
            return os.read(self._line, 65536)
        return b""


@contextmanager
def on_a_terminal(*words: str, columns: int, module: str = "chatworkspace_cli", **environment: str) -> Generator[Emulator, None, None]:
    """Run the command in a terminal of that width; it is ended at the end of the block. module: what is run in its place, by its name."""
    ours, theirs = pty.openpty()
    _set_size(theirs, columns, ROWS)
    sources = os.pathsep.join(map(str, (ROOT, ROOT / "adapters")))
    clean = {name: value for name, value in clean_environment().items() if name not in {"COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "COLORTERM"}}
    surroundings = clean | {"PYTHONPATH": sources, "PYTHONUTF8": "1", "TERM": "xterm-256color"} | environment
    command = [sys.executable, "-m", module, *words]
    process = subprocess.Popen(command, cwd=ROOT, env=surroundings, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True)
    os.close(theirs)
    try:
        yield Emulator(process, ours, columns)
    finally:
        process.kill()
        process.wait()
        os.close(ours)


def _set_size(line: int, columns: int, rows: int) -> None:
    fcntl.ioctl(line, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
