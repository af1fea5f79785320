"""How anything is printed: for people without what would move a terminal's cursor, for programs as JSON."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import TextIO

from chatworkspace.ports import visible

INDENT = "    "
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
        for row in _fitted(printable(line), width):
            say(row, out)


def _fitted(line: str, width: int | None) -> list[str]:
    if width is None or len(line) <= width:
        return [line]
    from textwrap import wrap  # noqa: PLC0415 # who prints no long line on a narrow terminal does not wait for it

    return wrap(line, width, subsequent_indent=INDENT, break_long_words=False, break_on_hyphens=False)


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
