"""Where a secret may come from but the words of a command, which everybody on the machine can read: a file, standard input, the environment."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from chatworkspace import InvalidArgumentError


def of_file(path: str, argument: str) -> str:
    """Return what a file holds, or standard input (-), without the line's end behind it. InvalidArgumentError, which repeats none of it."""
    try:
        text = sys.stdin.read() if path == "-" else Path(path).read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or type(error).__name__
        raise InvalidArgumentError(argument, f"a file of UTF-8 text, or - for standard input; {path}: {why}") from None
    return text.removesuffix("\n").removesuffix("\r")


def of_environment(name: str, argument: str, environment: Mapping[str, str]) -> str:
    """Return a variable of the environment. InvalidArgumentError: it is not set."""
    if name not in environment:
        raise InvalidArgumentError(argument, f"a variable of the environment; {name} is not set")
    return environment[name]


def told(word: str | None, path: str | None, argument: str) -> str | None:
    """Return what was said as a word or in a file; None: neither. InvalidArgumentError: both."""
    if word and path:
        raise InvalidArgumentError(argument, f"one of --{argument} and --{argument}-file")
    return of_file(path, argument) if path else word
