"""Typing bytes into a terminal: a command of any length, and its input, of any bytes.

A terminal is for people: it echoes, edits lines, takes some characters for keys, and has room for few. So what is typed is base64 in short lines,
echo is off, and the shell counts the lines that it has read: no more of them are on their way than a terminal has room for. What came is decoded
into files of a folder that only its user can read, which are gone before the command ends or with the shell.
"""

from __future__ import annotations

import base64
import json
import re
import shlex
from collections.abc import Iterator

from chatworkspace import RefusedError

READER = r"""
stty -echo 2>/dev/null; m=$1$2; n=0; umask 077
d=$(mktemp -d) && command -v base64 >/dev/null 2>&1 || { printf '%s?<\n' "$m"; exit 1; }
trap 'rm -rf "$d"' EXIT; trap 'exit 130' HUP INT QUIT TERM
for f in c i; do
printf '%s+%d<\n' "$m" "$n"
while IFS= read -r l; do
n=$((n+1)); printf '%s+%d<\n' "$m" "$n"
if [ "$l" = . ]; then break; fi
printf '%s\n' "$l" >&3
done 3>"$d/b"
base64 -d <"$d/b" >"$d/$f" || { printf '%s?<\n' "$m"; exit 1; }
done
exec 3<"$d/i"; rm -f "$d/b" "$d/i"
printf '%s<\n' "$m"; sh "$d/c" <&3 3<&-; printf '%s>%d<\n' "$m" "$?"
"""
"""$1, $2: the halves of the mark. Reads a command and its input, each up to a line with a dot, and runs it."""
LINE = 720
"""Bytes in a line: 960 characters, for terminals take 1,024 to 4,096 of an unfinished one."""
AHEAD = 3
"""Lines on their way: together they fit in the 4,096 characters that terminals and `screen` have room for."""
MOST = 16 * 1024 * 1024
"""Bytes that are typed."""


def wrap_reader(first: str, second: str) -> str:
    """Return the command that reads the command and its input, runs it, and says how it ended."""
    return shlex.join(["sh", "-c", READER, "sh", first, second])


class Typist:
    """What is typed, as the shell asks for it. Used by one thread."""

    def __init__(self, mark: str, command: str, stdin: bytes) -> None:
        """RefusedError: there is too much."""
        told = command.encode()
        if len(told) + len(stdin) > MOST:
            raise RefusedError(f"there is too much input for a terminal: {MOST:,} bytes at most")
        self._lines = _lines(told, stdin)
        self._typed = 0
        self._read = -1
        self._counts = re.compile(mark.encode() + rb"(?:\+(\d{1,9})|(\?))<")
        self._seen = b""

    def keys(self, shown: bytes) -> list[bytes]:
        """Return the messages that are to be sent, after this was shown. RefusedError: the agent cannot read them."""
        self._seen += shown
        for told in self._counts.finditer(self._seen):
            if told[2]:
                raise RefusedError("the agent takes no input: it has no base64, or no room for temporary files")
            self._read = max(self._read, int(told[1]))
        self._seen = self._seen[-64:]
        if self._read < 0:
            return []
        due = [line for _, line in zip(range(self._read + AHEAD - self._typed), self._lines)]  # noqa: B905 # the lines may end first
        self._typed += len(due)
        return [json.dumps({"data": "".join(due)}).encode()] if due else []


def _lines(*texts: bytes) -> Iterator[str]:
    for text in texts:
        for at in range(0, len(text), LINE):
            yield base64.b64encode(text[at : at + LINE]).decode() + "\n"
        yield ".\n"
