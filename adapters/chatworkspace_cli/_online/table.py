"""What became of each rule, as a table for people, and the same for programs. Pure.

What the server said is other people's text: whoever prints it makes it harmless for a terminal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import attrs

HOLDS, BROKEN, OPEN = "holds", "BROKEN", "not ended"
LONGEST = 400
"""Characters of what was seen that people are shown."""
LONGEST_TOLD = 4000
"""The same for programs."""
_SHORTEST = 4
"""Characters that a secret has at least: "eu" keeps none."""


@attrs.frozen(kw_only=True)
class Row:
    """A rule, and whether it holds."""

    rule: str
    states: str
    holds: bool | None
    """None: it was not ended, so nobody knows."""
    expected: str = ""
    seen: str = ""
    seconds: float = 0.0

    @property
    def word(self) -> str:
        """Say it in a word."""
        return OPEN if self.holds is None else HOLDS if self.holds else BROKEN

    @property
    def said(self) -> str:
        """Say what was expected, and what the server did instead."""
        return f"expected {_cut(self.expected, LONGEST)}; saw {_cut(self.seen, LONGEST)}" if self.holds is False else ""

    def told(self) -> dict[str, Any]:
        """Return it for programs."""
        return {
            "rule": self.rule,
            "states": self.states,
            "holds": self.holds,
            "expected": _cut(self.expected, LONGEST_TOLD),
            "seen": _cut(self.seen, LONGEST_TOLD),
            "seconds": round(self.seconds, 1),
        }


def lines(rows: Sequence[Row]) -> Iterator[str]:
    """Yield the table: whether a rule holds, which it is, and what the server said where it does not."""
    width = max((len(row.rule) for row in rows), default=0)
    for row in rows:
        yield f"{row.word:<9} {row.rule:<{width}} {row.said}".rstrip()
        if row.holds is False:
            yield f"{'':<9} {row.states}"


def summary(rows: Iterable[Row]) -> str:
    """Return how many rules hold, and how many do not."""
    words = [row.word for row in rows]
    said = [_counted(words.count(HOLDS), "rule holds", "rules hold")]
    if BROKEN in words:
        said.append(_counted(words.count(BROKEN), "is broken", "are broken"))
    if OPEN in words:
        said.append(_counted(words.count(OPEN), "was not ended", "were not ended"))
    return ", ".join(said)


def _counted(number: int, one: str, more: str) -> str:
    return f"{number} {one if number == 1 else more}"


def without(secrets: Iterable[str]) -> Callable[[str], str]:
    """Return what takes secrets out of a text, whoever has repeated them."""
    longest_first = sorted({it for it in secrets if len(it) >= _SHORTEST}, key=len, reverse=True)

    def hidden(text: str) -> str:
        for secret in longest_first:
            for written in (secret, repr(secret)[1:-1]):
                text = text.replace(written, "…")
        return text

    return hidden


def _cut(text: str, most: int) -> str:
    one_line = " ".join(text.split())
    remark = f"… [{len(one_line)} characters, cut]"
    return one_line if len(one_line) <= most else one_line[: most - len(remark)] + remark
