"""The log of a build: lines in a file, up to a limit."""

from __future__ import annotations

import os

from chatworkspace_local._worker.jobs import LOG_LIMIT

OVER = b"\n(the rest of the output is left out)\n"


class Log:
    """Writes the log of a build; one thread at a time."""

    def __init__(self, path: str) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        self._left = LOG_LIMIT

    def line(self, text: str) -> None:
        """Add a line of our own."""
        self.add(text.encode("utf-8", "replace") + b"\n")

    def add(self, output: bytes) -> None:
        """Add what a script has written."""
        if self._left > 0:
            self._write(output[: self._left] + (OVER if len(output) > self._left else b""))
            self._left -= len(output)

    def _write(self, output: bytes) -> None:
        while output:
            output = output[os.write(self._file, output) :]
