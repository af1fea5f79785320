"""What a terminal shows, where a FakeCoder answers the commands.

No shell runs. A terminal tells no exit code, so clients let the shell print it behind the command, in a line of their own:

    sh -c 'COMMAND; printf "FORMAT" ARGUMENTS "$?"'

A printf before COMMAND may mark where its output begins. Such a command is taken apart: COMMAND is answered by FakeCoder.on_run, and the printfs
print their formats, with the exit code in place of `$?` or of any other variable. COMMAND may stand in brackets or braces, be an `eval` or a
`sh -c` of a quoted text or of `"$1"`, come out of `base64 -d`, or follow `stty -echo;`. Whatever else is sent is answered as it stands.
"""

from __future__ import annotations

import base64
import binascii
import re
import shlex
from collections.abc import Callable

import attrs

from chatworkspace.ports import Completed

_SHELL = r"(?:/bin/|/usr/bin/)?(?:ba|da|a)?sh"
_CALL = r"""printf\s+(?P<format>'[^']*'|"(?:[^"\\]|\\.)*")(?P<arguments>(?:\s+[^\s;&|]+)*)"""
_FIRST = re.compile(rf"^\s*{_CALL}\s*;\s*", re.DOTALL)
_LAST = re.compile(rf"{_CALL}\s*;?\s*(?:exit\s[^;]*)?$", re.DOTALL)
_BEFORE = re.compile(r"^(?:\s*(?:stty [^;]*|set [^;]*|exec 2>&1|export [^;]*)\s*;)+\s*")
_BEHIND = re.compile(r"[\s;]*(?:\w+=(?:\$\?|\"\$\?\")|2>&1|</dev/null|< /dev/null)?[\s;]*$")
_BASE64 = re.compile(rf"""^(?:echo|printf(?: '?%s'?)?)\s+['"]?([A-Za-z0-9+/=]+)['"]?\s*\|\s*base64 (?:-d|--decode)\s*\|\s*{_SHELL}\b.*$""", re.DOTALL)
_INDIRECT = re.compile(rf"^(?:eval|{_SHELL}\s+-l?c)\s+(?P<what>.*)$", re.DOTALL)
_PLACE = re.compile(r"\$\{?(\d)\}?")
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "a": "\a", "b": "\b", "e": "\x1b", "\\": "\\", '"': '"'}
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{1,2})|([0-7]{1,3})|(.))", re.DOTALL)

Run = Callable[[str], "str | Completed"]


@attrs.frozen(kw_only=True)
class Printf:
    """A printf of a script."""

    format: str
    arguments: tuple[str, ...]

    def printed(self, exit_code: int) -> str:
        """Return what it prints."""
        values = iter([str(exit_code) if it.startswith("$") else it for it in self.arguments])
        text = re.sub(r"%(?:[sd]|%)", lambda it: "%" if it[0] == "%%" else next(values, ""), self.format)
        return _ESCAPE.sub(_unescaped, text)


@attrs.frozen(kw_only=True)
class Script:
    """A command that was taken apart."""

    command: str
    first: Printf | None = None
    """Before it, to mark where its output begins."""
    last: Printf | None = None
    """Behind it, to tell the exit code."""


def _unescaped(match: re.Match[str]) -> str:
    hexadecimal, octal, other = match.groups()
    if hexadecimal is not None:
        return chr(int(hexadecimal, 16))
    return chr(int(octal, 8)) if octal is not None else _ESCAPES.get(other, other)


def shown(command: str, run: Run) -> bytes:
    """Return all that a terminal shows of a command, from its first line to the exit code that it was told to tell."""
    script = taken_apart(command)
    said = run(script.command)
    completed = said if isinstance(said, Completed) else Completed(exit_code=0, output=said)
    before, behind = (it.printed(completed.exit_code) if it is not None else "" for it in (script.first, script.last))
    return re.sub(r"\r?\n", "\r\n", before + completed.output + behind).encode("utf-8", "replace")


def taken_apart(command: str) -> Script:
    """Return the command that is meant, and how its exit code is to be told."""
    script, arguments = _outer(command)
    last = _LAST.search(script)
    if last is None or "$" not in last["arguments"]:
        return Script(command=_inner(script, arguments) if script != command else command)
    rest = _BEFORE.sub("", script[: last.start()])
    first = _FIRST.match(rest)
    return Script(
        command=_inner(rest if first is None else rest[first.end() :], arguments),
        first=None if first is None else _printf(first, arguments),
        last=_printf(last, arguments),
    )


def _printf(match: re.Match[str], arguments: list[str]) -> Printf:
    quoted = match["format"]
    text = quoted[1:-1] if quoted[0] == "'" else re.sub(r'\\(["\\$`])', r"\1", quoted[1:-1])
    return Printf(format=text, arguments=tuple(_value(it, arguments) for it in _split(match["arguments"])))


def _value(word: str, arguments: list[str]) -> str:
    """Return a word, or the argument of the script that it stands for."""
    place = _PLACE.fullmatch(word)
    if place is None:
        return word
    return arguments[int(place[1])] if int(place[1]) < len(arguments) else ""


def _outer(command: str) -> tuple[str, list[str]]:
    """Return the script of a `sh -c SCRIPT [NAME ARGUMENT...]`, and its arguments from $0 on; else the command itself."""
    words = _split(command)
    if len(words) >= 3 and re.fullmatch(_SHELL, words[0]) and re.fullmatch(r"-l?c", words[1]):
        return words[2], words[3:]
    return command, []


def _inner(script: str, arguments: list[str]) -> str:
    text = _BEHIND.sub("", _BEFORE.sub("", script)).strip()
    while (text.startswith("(") and text.endswith(")")) or (text.startswith("{") and text.endswith("}")):
        text = _BEHIND.sub("", text[1:-1]).strip()
    encoded = _BASE64.match(text)
    if encoded is not None:
        try:
            return base64.b64decode(encoded[1]).decode()
        except (binascii.Error, UnicodeDecodeError):
            return text
    indirect = _INDIRECT.match(text)
    words = _split(indirect["what"]) if indirect is not None else []
    if not words:
        return text
    return _value(words[0], arguments)


def _split(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:
        return []
