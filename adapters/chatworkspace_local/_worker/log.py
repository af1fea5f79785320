"""The log of a build: lines in a file, up to a limit."""

from __future__ import annotations

import os

from chatworkspace_local._worker.jobs import LOG_LIMIT

OVER = b"(the output goes on, and is left out from here)\n"
MOST_AT_END = 16 * 1024
"""Bytes of what is left out that are kept for its end: that is where scripts say why they fail."""


class Log:
    """Writes the log of a build; one thread at a time."""

    def __init__(self, path: str) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        self._left = LOG_LIMIT
        self._open = False
        """The last line has no end yet."""
        self._over = False
        """There was more than there is room for."""
        self._left_out = 0
        self._end = b""

    def line(self, text: str) -> None:
        """Add a line of our own."""
        self.add(b"\n" * self._open + text.encode("utf-8", "replace") + b"\n")

    def add(self, output: bytes) -> None:
        """Add what a script has written."""
        if len(output) <= self._left:
            self._write(output)
            self._left -= len(output)
            return
        if not self._over:
            kept = self._whole(output[: self._left])
            self._write(kept)
            self._write(b"\n" * self._open + OVER)
            self._left, self._over, output = 0, True, output[len(kept) :]
        self._left_out += len(output)
        self._end = (self._end + output)[-MOST_AT_END:]

    def _whole(self, output: bytes) -> bytes:
        """Return the whole lines of it, or the beginning of one that is too long for the end."""
        lines = output[: output.rfind(b"\n") + 1]
        return lines or (output if self._open or len(output) > MOST_AT_END else b"")

    def close(self, text: str = "") -> None:
        """Add the end of what was left out, and a last line of our own: what has no end by now has one."""
        if self._left_out:
            said = self._end if self._left_out <= len(self._end) else self._end.partition(b"\n")[2] or self._end
            self._write(f"(its end, after {self._left_out - len(said)} bytes that are left out)\n".encode() + said)
            self._left_out, self._end = 0, b""
        if self._open or text:
            self._write(b"\n" * self._open + (f"{text}\n".encode() if text else b""))

    def _write(self, output: bytes) -> None:
        if output:
            self._open = not output.endswith(b"\n")
        while output:
            output = output[os.write(self._file, output) :]
