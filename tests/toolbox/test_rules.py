"""docs/rules.md and the tests tell of the same rules."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RULES = re.findall(r"^\| ([A-Z]\d\d) \|", (ROOT / "docs/rules.md").read_text(encoding="utf-8"), flags=re.MULTILINE)


def numbers_in_names() -> set[str]:
    """Return the numbers that stand in the names of tests."""
    names = [
        name for path in Path(__file__).parent.glob("test_*.py") for name in re.findall(r"^def (test_\w+)", path.read_text("utf-8"), re.MULTILINE)
    ]
    return {number.upper() for name in names for number in re.findall(r"_([a-z]\d\d)(?=_)", name)}


def test_every_rule_has_a_test_and_every_number_is_a_rule() -> None:
    """A rule without a test is a wish; a number without a rule is a leftover."""
    assert set(RULES) == numbers_in_names()


def test_no_number_stands_twice() -> None:
    """Each rule has one line."""
    assert len(RULES) == len(set(RULES))
