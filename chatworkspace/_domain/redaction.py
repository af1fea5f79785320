"""Keep values that may be secrets out of what the platform's words tell: it repeats them. Pure.

What is looked for is every run of eight characters of a value, plain or as somebody may have written it down: so a value that the platform has cut,
or broken into lines, is found as well. It is looked for before anything is cut here.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

import attrs

from chatworkspace.errors import RefusedError
from chatworkspace.model import Build
from chatworkspace.outcomes import Outcome, Progress

RUN = 8
"""Characters of a value that may not be shown in a row. A shorter value ("eu", "large") keeps no secret, unless its parameter is masked."""
INSTEAD = "…"

# ---------------------------------------------------------------- how a character may have been written


def _url(character: str) -> str:
    if character.isascii() and (character.isalnum() or character in "-._~"):
        return character
    return "".join(f"%{byte:02X}" for byte in character.encode("utf-8", "surrogatepass"))


def _form(character: str) -> str:
    return "+" if character == " " else _url(character)


_NAMED = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f"}


def _json(character: str) -> str:
    """As JSON has to: what is not in ASCII stays."""
    return _NAMED.get(character) or (f"\\u{ord(character):04x}" if character < " " else character)


def _json_of_python(character: str) -> str:
    return _json(character) if character < "\x7f" else "".join(f"\\u{unit:04x}" for unit in _units(character))


def _json_of_go(character: str) -> str:
    return f"\\u{ord(character):04x}" if character in "<>&\u2028\u2029" else _json(character)


def _json_of_older_go(character: str) -> str:
    return f"\\u{ord(character):04x}" if character in "\b\f" else _json_of_go(character)


def _units(character: str) -> Iterator[int]:
    code = character.encode("utf-16-be", "surrogatepass")
    return (int.from_bytes(code[at : at + 2], "big") for at in range(0, len(code), 2))


def _twice(once: Callable[[str], str]) -> Callable[[str], str]:
    return lambda character: "".join(map(_json, once(character)))


def _replaced(**instead: str) -> Callable[[str], str]:
    by = {_CHARACTERS[name]: text for name, text in instead.items()}
    return lambda character: by.get(character, character)


_CHARACTERS = {"quote": "'", "double": '"', "less": "<", "greater": ">", "ampersand": "&", "newline": "\n", "backslash": "\\"}

ENCODERS: tuple[Callable[[str], str], ...] = (
    str,
    _json,
    _json_of_python,
    _json_of_go,
    _json_of_older_go,
    _twice(_json),
    _twice(_json_of_python),
    lambda character: repr(character)[1:-1],
    _url,
    lambda character: _url(character).lower() if len(_url(character)) > 1 else character,
    _form,
    _replaced(quote="'\\''"),
    _replaced(quote="'\"'\"'"),
    lambda character: f"\\{character}" if character in "\\\"'$`!&|;<>()[]{}*?#~ " else character,
    lambda character: f"\\{character}" if character in '\\"$`!' else character,
    _replaced(less="&lt;", greater="&gt;", ampersand="&amp;", double="&quot;", quote="&#x27;"),
    _replaced(less="&lt;", greater="&gt;", ampersand="&amp;", double="&#34;", quote="&#39;"),
    _replaced(newline="\r\n"),
)
"""Plain; JSON as everybody, Python and Go write it, also inside of JSON; Python's repr; URLs and forms; shells; HTML; lines of DOS."""


def _runs(value: str) -> Iterator[str]:
    for encode in ENCODERS:
        written = [encode(character) for character in value]
        for at in range(max(len(value) - RUN, 0) + 1):
            yield "".join(written[at : at + RUN])


# ---------------------------------------------------------------- taking them out


class Redaction:
    """Takes the values of one call's parameters out of text. Safe from any thread.

    public: values that everybody can see, as options of a template: they stay. masked: names of parameters that the platform masks: their values are
    taken out however short they are.
    """

    __slots__ = ("_by_length", "_values")

    def __init__(self, parameters: Mapping[str, str], *, public: Collection[str] = (), masked: Collection[str] = ()) -> None:
        told = (name for name, value in parameters.items() if value not in public and (len(value) >= RUN or (value and name in masked)))
        self._values = tuple(dict.fromkeys(parameters[name] for name in told))
        self._by_length: dict[int, frozenset[str]] | None = None

    def of_text(self, text: str) -> str:
        """Return the text without them."""
        if not self._values or not text:
            return text
        spans = self._spans(text)
        return _without(text, spans) if spans else text

    def _spans(self, text: str) -> list[tuple[int, int]]:
        by_length = self._by_length
        if by_length is None:  # made when there is something to look in: most calls have nothing
            by_length = self._by_length = _grouped(run for value in self._values for run in _runs(value))
        return sorted(
            (at, at + length) for length, runs in by_length.items() for at in range(len(text) - length + 1) if text[at : at + length] in runs
        )

    def of_texts(self, texts: Iterable[str]) -> tuple[str, ...]:
        """Return each of them without the values."""
        return tuple(map(self.of_text, texts))

    def of_outcome(self, outcome: Outcome) -> Outcome:
        """Return the outcome without them: its error, its log, and what its build failed of."""
        if not self._values:
            return outcome
        workspace = outcome.workspace
        if workspace is not None and workspace.build.error:
            workspace = attrs.evolve(workspace, build=self._of_build(workspace.build))
        error, log_tail = self.of_text(outcome.error), self.of_texts(outcome.log_tail)
        return attrs.evolve(outcome, error=error, log_tail=log_tail, workspace=workspace)

    def _of_build(self, build: Build) -> Build:
        return attrs.evolve(build, error=self.of_text(build.error))

    def of_progress(self, progress: Progress) -> Progress:
        """Return a step of the way without them."""
        if not self._values or (progress.line is None and progress.outcome is None):
            return progress
        line = None if progress.line is None else self.of_text(progress.line)
        return attrs.evolve(progress, line=line, outcome=None if progress.outcome is None else self.of_outcome(progress.outcome))

    def of_error(self, error: Exception) -> None:
        """Take them out of an error's message, and of what else it tells."""
        if not self._values:
            return
        error.args = tuple(self.of_text(it) if isinstance(it, str) else it for it in error.args)
        if isinstance(error, RefusedError):
            error.message, error.detail = self.of_text(error.message), self.of_text(error.detail)
            error.validations = tuple((self.of_text(field), self.of_text(detail)) for field, detail in error.validations)


def _grouped(runs: Iterable[str]) -> dict[int, frozenset[str]]:
    found: dict[int, set[str]] = {}
    for run in runs:
        found.setdefault(len(run), set()).add(run)
    return {length: frozenset(of) for length, of in found.items()}


def _without(text: str, spans: list[tuple[int, int]]) -> str:
    kept: list[str] = []
    end = 0
    for begin, behind in spans:
        if begin > end or not kept:
            kept += (text[end:begin], INSTEAD)
        end = max(end, behind)
    return "".join((*kept, text[end:]))
