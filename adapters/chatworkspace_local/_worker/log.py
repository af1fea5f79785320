"""The log of a build: lines in a file, up to a limit."""

from __future__ import annotations

import os

from chatworkspace_local._worker.jobs import LOG_LIMIT

MOST_AT_END = 16 * 1024
"""Bytes of what is left out that are kept for its end: that is where scripts say why they fail."""


class Log:
    """Writes the log of a build; one thread at a time."""

    def __init__(self, path: str) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        self._left = LOG_LIMIT
        self._open = False
        """The last line has no end yet."""
        self._left_out = 0
        self._end = b""

    def line(self, text: str) -> None:
        """Add a line of our own."""
        self.add(b"\n" * self._open + text.encode("utf-8", "replace") + b"\n")

    def add(self, output: bytes) -> None:
        """Add what a script has written."""
        kept, rest = output[: self._left], output[self._left :]
        if kept:
            self._write(kept)
            self._left -= len(kept)
        self._left_out += len(rest)
        self._end = (self._end + rest)[-MOST_AT_END:]

    def close(self, text: str = "") -> None:
        """Add the end of what was left out, and a last line of our own: what has no end by now has one."""
        if self._left_out:
            said = self._end.partition(b"\n")[2] if self._left_out > len(self._end) else self._end
            self._write(b"\n" * self._open + f"({self._left_out - len(said)} bytes of the output are left out)\n".encode() + said)
            self._left_out, self._end = 0, b""
        if self._open or text:
            self._write(b"\n" * self._open + (f"{text}\n".encode() if text else b""))

    def _write(self, output: bytes) -> None:
        self._open = bool(output) and not output.endswith(b"\n")
        while output:
            output = output[os.write(self._file, output) :]
