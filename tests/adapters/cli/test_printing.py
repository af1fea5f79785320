"""How anything is printed, whoever wrote it."""

from __future__ import annotations

import json

from chatworkspace_cli._printing import as_json, printable


def test_other_peoples_text_moves_no_cursor() -> None:
    """Neither as a line nor as JSON, which every encoding can carry."""
    evil = "\x1b[2Jred\r\n\u202e\ud800"
    assert printable(evil).isprintable()
    assert as_json(evil).isascii()
    assert json.loads(as_json(evil)) == evil
