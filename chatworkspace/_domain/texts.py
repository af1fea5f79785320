"""Other people's text, cut to size. Pure: what comes in is data, and goes out as data."""

from __future__ import annotations

import re

PARSED = 65_536
"""Characters of a README that are looked at."""
MARKUP = 8
"""Times as much is parsed as is shown: the rest is taken for markup."""
_FRONT_MATTER = re.compile(r"\A(?:\ufeff)?---[ \t]*\n.*?\n(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
_FENCE = re.compile(r"^[ \t]*(?:```|~~~).*$", re.MULTILINE)
_TAG = re.compile(r"</?[a-z][a-z0-9]{0,15}(?:\s[^<>]{0,200})?/?>")
_IMAGE_OR_LINK = re.compile(r"!?\[([^\[\]\n]{0,200})\]\([^()\n]{0,500}\)")
_HEADING = re.compile(r"^[ \t]{0,3}#{1,6}[ \t]+", re.MULTILINE)
_BLANK_LINES = re.compile(r"\n{3,}")


def cut(text: str, most: int) -> str:
    """Return at most so many characters; an ellipsis, which counts, says that something was left out."""
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def readable(readme: str, most: int) -> str:
    """Return at most so many characters of a README as plain text: without front matter, and without what only a browser understands."""
    text = _FRONT_MATTER.sub("", readme[: min(PARSED, MARKUP * most)].replace("\r\n", "\n"), count=1)
    text = _without_comments(text)
    for pattern, instead in ((_FENCE, ""), (_IMAGE_OR_LINK, r"\1"), (_IMAGE_OR_LINK, r"\1"), (_TAG, ""), (_HEADING, "")):  # an image in a link: twice
        text = pattern.sub(instead, text)
    return cut(_BLANK_LINES.sub("\n\n", text.replace("**", "").replace("`", "")).strip(), most)


def _without_comments(text: str) -> str:
    kept: list[str] = []
    while True:
        before, opened, rest = text.partition("<!--")
        kept.append(before)
        if not opened:
            return "".join(kept)
        _, _, text = rest.partition("-->")
