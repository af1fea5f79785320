"""How anything is printed, whoever wrote it."""

from __future__ import annotations

import json

from chatworkspace_cli._printing import as_json, printable


def test_other_peoples_text_moves_no_cursor() -> None:
    """Neither as a line nor as JSON, which every encoding can carry."""
    evil = "\x1b[2Jred\r\n\u202e\ud800\x9b31m\U000e0041\u200b!\u2028\xad"
    assert printable(evil) == "red !??"
    assert printable("\u0646\u200c\u0647 \U0001f469\u200d\U0001f4bb") == "\u0646\u200c\u0647 \U0001f469\u200d\U0001f4bb"
    assert as_json(evil).isascii()
    assert json.loads(as_json(evil)) == evil
