"""What becomes of rules, in words and for programs."""

from __future__ import annotations

from chatworkspace_cli._online.table import Row, lines, summary, without

KEPT = Row(rule="creator.a", states="A is so.", holds=True)
BROKEN = Row(rule="creator.bb", states="B is so.", holds=False, expected="one", seen="two\nlines")
OPEN = Row(rule="creator.c", states="C is so.", holds=None)


def test_a_line_for_each() -> None:
    """Whether it holds, which it is, and what was seen where it does not, with the sentence that says what should be."""
    assert list(lines([KEPT, BROKEN, OPEN])) == [
        "holds     creator.a",
        "BROKEN    creator.bb expected one; saw two lines",
        "          B is so.",
        "not ended creator.c",
    ]
    assert list(lines([])) == []


def test_a_summary() -> None:
    """What there is none of is not told."""
    assert summary([KEPT]) == "1 rule holds"
    assert summary([KEPT, KEPT, BROKEN, OPEN, OPEN]) == "2 rules hold, 1 is broken, 2 were not ended"
    assert summary([BROKEN, BROKEN, OPEN]) == "0 rules hold, 2 are broken, 1 was not ended"


def test_long_words_of_a_server_are_cut() -> None:
    """More of them are for programs, and not everything either; how much there was is told."""
    row = Row(rule="r", states="s", holds=False, expected="e", seen="x" * 100_000)
    assert len(row.said) < 500
    assert 3000 < len(row.told()["seen"]) < 5000
    assert row.said.endswith("x… [100000 characters, cut]")


def test_secrets_are_taken_out() -> None:
    """As they are, and as Python writes them; the longer ones first; those that keep none stay."""
    hidden = without(["hunter2", "hunter2-and-more", "it's\n", "eu", ""])
    assert hidden("hunter2-and-more, hunter2, eu") == "…, …, eu"
    assert hidden(repr("it's\n")) == '"…"'
