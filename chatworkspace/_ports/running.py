"""What adapters that run commands share: how one has ended, its arguments, and its output, kept within a limit and told as it comes."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Mapping
from math import isfinite
from typing import cast

import attrs

from chatworkspace._domain.arguments import check_callable, check_number, check_text
from chatworkspace._domain.texts import visible
from chatworkspace._ports.patience import check_cancel
from chatworkspace.errors import InvalidArgumentError

MIB = 1024 * 1024
MOST_OUTPUT = 64 * MIB
"""Bytes of output that a caller may have kept."""
UNATTENDED: Mapping[str, str] = {
    **dict.fromkeys(("EDITOR", "VISUAL", "GIT_EDITOR", "GIT_SEQUENCE_EDITOR"), "true"),
    **dict.fromkeys(("PAGER", "GIT_PAGER"), "cat"),
    "GIT_TERMINAL_PROMPT": "0",
    "NO_COLOR": "1",
    "TERM": "dumb",
}
"""Variables of a model's commands, none of them a secret: nobody is there to close an editor, turn a page, type a password or see colours."""
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_UNFINISHED = re.compile(r"(?:\r|\x1b[^\n]{0,256})\Z")
"""An escape sequence, or the end of a line, of which the rest may be still to come."""


@attrs.frozen(kw_only=True)
class Completed:
    """A command that has ended.

    exit_code: the command's own.
    output: what it wrote, both streams, as `ports.visible` leaves it: without control characters but newline and tab. Other people's text.
    truncated: output lacks something in its middle; a line in its place says how many bytes.
    """

    exit_code: int
    output: str
    truncated: bool = False


def check_run(
    command: object,
    *,
    timeout: object,
    stdin: object = b"",
    cwd: object = "",
    env: object = None,
    limit: object = MIB,
    on_output: object = None,
    cancel: object = None,
) -> dict[str, str]:
    """Look at the arguments of AgentConnection.run(), and return the variables. InvalidArgumentError, which shows no value of one.

    command, cwd: text without NUL. timeout: a finite number of seconds above 0. stdin: bytes. env: names of letters, digits
    and underscores to text without NUL. limit: 1 to 64 MiB. on_output: a function. cancel: a Cancel.
    """
    check_text("command", command)
    check_text("cwd", cwd)
    if isinstance(timeout, bool) or not isinstance(timeout, (int, float)) or not isfinite(timeout) or timeout <= 0:
        raise InvalidArgumentError("timeout", "a finite number of seconds above 0")
    if not isinstance(stdin, bytes):
        raise InvalidArgumentError("stdin", "bytes")
    check_number("limit", limit, 1, MOST_OUTPUT)
    check_callable("on_output", on_output)
    if cancel is not None:
        check_cancel(cancel)
    return check_env(env)


def check_env(env: object) -> dict[str, str]:
    """Return the variables of a command, as check_run() takes them; None: none. InvalidArgumentError, which shows no value of one."""
    if env is None:
        return {}
    if not isinstance(env, Mapping):
        raise InvalidArgumentError("env", "a mapping of names to values, both text")
    for name, value in cast("Mapping[object, object]", env).items():
        if not isinstance(name, str) or not _NAME.match(name):
            raise InvalidArgumentError("env", "names of letters, digits and underscores, which begin with no digit")
        check_text(f"env[{name!r}]", value)
    return dict(cast("Mapping[str, str]", env))


class OutputBuffer:
    """What a command has written so far: its beginning and its end are kept, within a limit, and all of it is told as it comes. For one thread."""

    def __init__(self, limit: int, on_output: Callable[[str], object] | None = None) -> None:
        """limit: bytes that are kept. on_output: is told what comes, as text that `visible` has cleaned."""
        self._first_most = limit - limit // 2
        self._last_most = limit // 2
        self._first = bytearray()
        self._last = bytearray()
        self._left_out = 0
        self._on_output = on_output
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._untold = ""

    def add(self, data: bytes) -> None:
        """Take more in."""
        room = self._first_most - len(self._first)
        self._first += data[: max(room, 0)]
        self._last += data[max(room, 0) :]
        if len(self._last) > max(2 * self._last_most, 65536):
            self._cut()
        if self._on_output is not None and data:
            self._tell(self._decoder.decode(data), self._on_output)

    def completed(self, exit_code: int) -> Completed:
        """Return what it came to; nothing is taken in any more."""
        self._cut()
        if self._on_output is not None:
            self._tell(self._decoder.decode(b"", final=True), self._on_output, final=True)
        text = visible(bytes(self._first + (b"" if self._left_out else self._last)).decode("utf-8", "replace"))
        if self._left_out:
            text += f"\n[{self._left_out:,} bytes are left out here]\n" + visible(bytes(self._last).decode("utf-8", "replace"))
        return Completed(exit_code=exit_code, output=text, truncated=self._left_out > 0)

    def _cut(self) -> None:
        over = len(self._last) - self._last_most
        if over > 0:
            del self._last[:over]
            self._left_out += over

    def _tell(self, text: str, on_output: Callable[[str], object], *, final: bool = False) -> None:
        text = self._untold + text
        unfinished = None if final else _UNFINISHED.search(text)
        at = len(text) if unfinished is None else unfinished.start()
        self._untold = text[at:]
        told = visible(text[:at])
        if told:
            on_output(told)
