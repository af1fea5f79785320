"""How anything is printed, whoever wrote it."""

from __future__ import annotations

import io
import json

import pytest

from chatworkspace_cli._printing import as_json, fitted, printable, say_lines


@pytest.mark.parametrize(
    ("width", "rows"),
    [
        (None, ["workspace me/docker (id-of-it)"]),
        (30, ["workspace me/docker (id-of-it)"]),
        (20, ["workspace me/docker", "    (id-of-it)"]),
        (5, ["workspace", "me/docker", "(id-of-it)"]),
    ],
)
def test_no_word_is_parted_at_the_edge_of_a_terminal(width: int | None, rows: list[str]) -> None:
    """A line goes on below, set in where there is room; in a pipe it is one line, and a word that is wider than the terminal stays whole."""
    out = io.StringIO()
    say_lines("workspace me/docker (id-of-it)", out, width=width)
    assert out.getvalue().splitlines() == rows


def test_what_stands_in_a_column_goes_on_in_it() -> None:
    """Below its own beginning, whatever stands before; signs that take two columns are counted as two."""
    assert fitted("store     /var/lib/chats.db (sqlite)", 30) == ["store     /var/lib/chats.db", "          (sqlite)"]
    assert fitted("          do this, and then that", 22) == ["          do this, and", "          then that"]
    assert fitted("\u6f22\u5b57 \u6f22\u5b57", 8) == ["\u6f22\u5b57", "    \u6f22\u5b57"]


def test_other_peoples_text_moves_no_cursor() -> None:
    """Neither as a line nor as JSON, which every encoding can carry."""
    evil = "\x1b[2Jred\r\n\u202e\ud800\x9b31m\U000e0041\u200b!\u2028\xad"
    assert printable(evil) == "red !??"
    assert printable("\u0646\u200c\u0647 \U0001f469\u200d\U0001f4bb") == "\u0646\u200c\u0647 \U0001f469\u200d\U0001f4bb"
    assert as_json(evil).isascii()
    assert json.loads(as_json(evil)) == evil
