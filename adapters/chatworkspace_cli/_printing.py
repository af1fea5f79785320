"""How anything is printed: for people without what would move a terminal's cursor, for programs as JSON."""

from __future__ import annotations

import json
from typing import TextIO


def say(text: str, out: TextIO) -> None:
    """Print a line, so that it can be read at once, whoever reads."""
    print(text, file=out, flush=True)


def printable(text: str) -> str:
    """Return other people's text without what would move a terminal's cursor, or cannot be written."""
    return "".join(character if character.isprintable() else "?" for character in text)


def as_json(value: object) -> str:
    """Return one line that every encoding can carry."""
    return json.dumps(value)
