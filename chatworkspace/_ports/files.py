"""Files of an agent, by its shell: what the defaults of AgentConnection have run, and how it is read. Pure."""

from __future__ import annotations

import base64
import binascii
from shlex import quote

from chatworkspace._domain.arguments import check_number, check_text
from chatworkspace._ports.running import MOST_OUTPUT, Completed
from chatworkspace.errors import InvalidArgumentError, RefusedError

READ = """
if [ -d "$f" ]; then echo "it is a directory"; exit 1; fi
exec <"$f" || exit 1
if command -v base64 >/dev/null 2>&1; then head -c {most} | base64; else head -c {most} | od -An -v -tx1; fi
"""
"""Prints the first bytes of the file `$f`, as text: in base64, whose lines end, or in hexadecimal, whose bytes stand apart by blanks."""
WRITE = """
case $f in */*) mkdir -p -- "${f%/*}/" || exit 1;; esac
cat >"$f" || exit 1
"""
"""Makes the file `$f` of the input."""
MOST_TOLD = MOST_OUTPUT
MOST_READ = MOST_TOLD // 4
"""Bytes of a file that can be read: as text they take up to three times as many, and lines."""


def script_of(path: str, script: str) -> str:
    """Return a script with the path that it is for."""
    home = path.startswith("~/")
    told = '"$HOME"' + quote(path[1:]) if home else quote(path if not path.startswith("-") else f"./{path}")
    return f"f={told}{script}"


def check_path(path: object) -> str:
    """Return the path of a file. InvalidArgumentError."""
    if not path:
        raise InvalidArgumentError("path", "the path of a file, not empty")
    return check_text("path", path)


def reading(path: str, limit: int) -> str:
    """Return the command that tells a file, and one byte more than the limit where there are more. InvalidArgumentError."""
    return script_of(check_path(path), READ.format(most=check_number("limit", limit, 1, MOST_READ) + 1))


def read(done: Completed, limit: int) -> bytes:
    """Return the file that the command has told. RefusedError."""
    data = None if done.exit_code or done.truncated else _bytes_of(done.output)
    if data is None:
        raise RefusedError(_told("the file cannot be read", done.output))
    if len(data) > limit:
        raise RefusedError(f"the file has more than {limit:,} bytes")
    return data


def writing(path: str) -> str:
    """Return the command that makes a file of its input. InvalidArgumentError."""
    return script_of(check_path(path), WRITE)


def written(done: Completed) -> None:
    """See that it has. RefusedError."""
    if done.exit_code:
        raise RefusedError(_told("the file cannot be written", done.output))


def _told(what: str, output: str) -> str:
    """Return an error with the last line that the shell has said."""
    said = output.strip().rpartition("\n")[2].strip()
    return f"{what}: {said[:300]}" if said else what


def _bytes_of(text: str) -> bytes | None:
    """Return what was told in base64 or in hexadecimal; None: neither."""
    words = text.split()
    try:
        if words and all(len(it) == 2 for it in words):  # a line of base64 has four characters, or eight, or more
            return bytes.fromhex("".join(words))
        return base64.b64decode("".join(words), validate=True)
    except (binascii.Error, ValueError):
        return None
