"""Other people's text: what a reader does not see is taken out, what is too long is cut, and says so. Pure.

What comes in is data, and goes out as data. Markdown stays as it is: models read it, and code has to stay the same character for character.
"""

from __future__ import annotations

import re

PARSED = 262_144
"""Characters of a README that are looked at."""
_FRONT_MATTER = re.compile(
    r"""
    \A(?:[ \t]*\n)* ---[ \t]*\n
    (?:[ \t]*\n | (?:[ \t]*(?:\#[^\n]*)?\n)* ["'\w][^\n:]*:(?:[ \t][^\n]*)?\n .*?)?    # empty, or names and values; else it is text between two rules
    ^(?:---|\.\.\.)[ \t]*(?:\n|\Z)
    """,
    re.DOTALL | re.MULTILINE | re.VERBOSE,
)
_CODE_OR_HIDDEN = re.compile(
    r"""
    (?P<code>
        ^(?P<fence>[ ]{0,3}(?:`{3,}|~{3,}))[^\n]*(?:\n.*?(?:^(?P=fence)[`~]*[ \t]*$|\Z)|\Z)   # a fenced block, to its end or that of the text
      | ^(?:[ \t]{0,9}(?:>|[-*+][ \t]|\d{1,9}[.)][ \t])){1,9}[ \t]{0,9}(?P<inner>`{3,}|~{3,})[^\n]*       # the same in a quote or a list
            (?:\n.*?(?:^[ \t>]*(?P=inner)[`~]*[ \t]*$|\Z)|\Z)
      | ^(?:[ ]{4}|\t)[^\n]*$                                                            # a line of code by its indent
      | (?<!`)(?P<ticks>`+)(?!`)(?:(?!\n[ \t]*\n).){1,2000}?(?<!`)(?P=ticks)(?!`)        # code within a line
    )
    | <!--.*?(?:-->|\Z)
    | <(?P<element>style|script)\b[^>]*>.*?(?:</(?P=element)\s*>|\Z)
    | \[!\[[^\[\]\n]{0,500}\](?:\([^()\n]{0,2000}\)|\[[^\[\]\n]{0,500}\])\]\([^()\n]{0,2000}\)    # an image that is a link
    | !\[[^\[\]\n]{0,500}\](?:\([^()\n]{0,2000}\)|\[[^\[\]\n]{0,500}\])
    | <img\b[^>]{0,4000}>
    """,
    re.DOTALL | re.MULTILINE | re.IGNORECASE | re.VERBOSE,
)

_UNSEEN = re.compile("[\u200b\u2060\ufeff\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\U000e0000-\U000e007f]")
"""What has no width, turns the direction of what follows, or is a tag: nobody sees it, and a model reads it. Joiners stay: scripts need them."""
_ESCAPE = re.compile(r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\n\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?|\x1b[ -/]*[0-~]")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


def visible(text: str) -> str:
    """Return the text without what nobody sees: escape sequences, controls but newline and tab, bidi controls, tags, half characters."""
    if text.isprintable():  # nothing that is taken out is
        return text
    text = _ESCAPE.sub("", _UNSEEN.sub("", text)).replace("\r\n", "\n").replace("\r", "\n")
    return _CONTROL.sub("", text)


def is_seen(text: str) -> bool:
    """Tell whether all of it is seen, line ends of any kind included."""
    return visible(text) == text.replace("\r\n", "\n").replace("\r", "\n")


def cut(text: str, most: int, *, of: int = 0) -> str:
    """Return at most so many characters of the beginning; how many there are is told at the end. of: how many, where more is not at hand."""
    return _cut(text, most, share=1.0, of=max(of, len(text)))


def cut_inside(text: str, most: int) -> str:
    """Return at most so many characters of an error: its beginning, which says what was done, and its end, which says why that failed."""
    return _cut(text, most, share=0.5, of=len(text))


def _cut(text: str, most: int, *, share: float, of: int) -> str:
    if len(text) <= most and of == len(text):
        return text
    remark = f"… [{of} characters, cut] " if share < 1 else f"… [{of} characters, cut]"
    if most < 2 * len(remark):  # so little that the remark would be all
        remark, share = f"… [{of}]", 1.0
    room = most - len(remark)
    head = int(room * share)
    return text[:head].rstrip() + remark + (text[len(text) - (room - head) :].lstrip() if head < room else "")


def markdown(readme: str, most: int) -> str:
    """Return so many characters of a README at most, without front matter, comments, styles, scripts and pictures; the rest stays as it is."""
    text = _FRONT_MATTER.sub("", visible(readme[:PARSED]), count=1)
    text = _CODE_OR_HIDDEN.sub(lambda found: found["code"] or "", text)
    text = text.strip("\n").rstrip()
    return cut(text, most, of=len(text) + max(len(readme) - PARSED, 0))
