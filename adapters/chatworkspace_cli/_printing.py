"""How anything is printed: for people without what would move a terminal's cursor, for programs as JSON."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Generator
from contextlib import contextmanager
from shutil import get_terminal_size
from typing import TextIO

from chatworkspace.ports import visible

INDENT = "    "
NARROWEST = 40
"""Columns of a help."""
_COLUMN = re.compile(r"(?:[^ ]+(?= {2}))? {2,}")
"""What stands before the text of a line in columns: a word and the spaces behind it, or spaces alone."""
JOINERS = "\u200c\u200d"
"""Scripts and pictures of several parts need them."""


def say(text: str, out: TextIO) -> None:
    """Print a line, so that it can be read at once, whoever reads."""
    print(text, file=out, flush=True)


def say_lines(text: str, out: TextIO, *, width: int | None = None) -> None:
    """Print other people's text in its lines, each made harmless; those behind the first are set in, so that none looks like one of ours.

    width: of a terminal, in columns: a line that is longer goes on below, set in, and no word of it is parted.
    """
    first, *rest = text.rstrip("\n").split("\n")
    for line in (first, *(INDENT + it.rstrip("\r") for it in rest)):
        for row in fitted(printable(line), width):
            say(row, out)


def fitted(line: str, width: int | None) -> list[str]:
    """Return a line as rows of a terminal: no word is parted, and what goes on below is set in to where its column begins, if it fits there.

    width: in columns; None: there is no terminal, and the line stays one. A word that is wider stays whole.
    """
    if width is None or len(line) * 2 <= width:
        return [line]
    from rich.cells import cell_len  # noqa: PLC0415 # where a terminal has a width, it is rich that has told it

    if cell_len(line) <= width:
        return [line]
    column = _COLUMN.match(line)
    indent = " " * min(column.end(), width // 2) if column else INDENT
    rows = [""]
    for word in re.findall(r" *[^ ]+", line):
        if rows[-1].strip() and cell_len(rows[-1] + word) > width:
            rows.append((indent if cell_len(indent + word.lstrip()) <= width else "") + word.lstrip())
        else:
            rows[-1] += word
    return rows


def help_width() -> int:
    """Return how many columns --help may take: as many as argparse takes."""
    return max(get_terminal_size().columns - 2, NARROWEST)


def printable(text: str) -> str:
    """Return other people's text as one line, without what nobody sees or would move a terminal's cursor, or cannot be written. Joiners stay."""
    return "".join(it if it.isprintable() or it in JOINERS else " " if it in "\t\n" else "?" for it in visible(text))


def as_json(value: object) -> str:
    """Return one line that every encoding can carry."""
    return json.dumps(value)


def give_up() -> None:
    """Let what is still to be printed go nowhere: nobody takes it."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextmanager
def suppress_gone() -> Generator[None, None, None]:
    """Let it be that whoever reads the output has gone, as `head` does when it has enough."""
    try:
        yield
    except BrokenPipeError:
        give_up()
