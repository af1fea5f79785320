"""Our few words, linked to the glossary where each first appears in the text of a page: `python -m tests.docs.words` links those that are not yet."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from posixpath import relpath
from typing import NamedTuple

from tests.docs.pages import ROOT, pages, text

GLOSSARY = "docs/reference/glossary.md"
WORDS: Mapping[str, str] = {
    "chat": r"chats?",
    "claim": r"claims?",
    "generation": r"generations?",
    "mark": r"(?:(?<=chat's )|(?<=its )|(?<=the ))mark",
    "plan": r"(?:(?<=the )|(?<=a )|(?<=its ))plan|(?<=standing )plans",
    "proof": r"(?:(?<=the )|(?<=a )|(?<=is ))proof",
    "stray": r"strays?",
    "turn": r"(?:(?<=its )|(?<=a ))turn|(?:(?<=take )|(?<=takes ))turns",
}
"""How each is met in our sense: a plan of the platform, or a mark of direction, is another word."""
_CODE = re.compile(r"```.*?^```$|`[^`\n]*`|\[[^\]\n]*\]\([^)\n]*\)|^(?: {4}|\||#|!|- \[).*?$", re.DOTALL | re.MULTILINE)
"""What is no text: code, links, tables, headings, pictures, lists of links."""


class Place(NamedTuple):
    """Where a word first appears without a link."""

    word: str
    begin: int
    end: int


def of_people() -> list[str]:
    """Return the pages that people write, but the glossary and the map."""
    reference = ("docs/reference/api/", "docs/reference/commands.md", "docs/reference/timeouts.md")
    return [page for page in pages() if not page.startswith((*reference, GLOSSARY, "docs/README.md", "docs/explanation/performance.md"))]


def unlinked(page: str) -> Iterator[Place]:
    """Yield each word that first appears without its link, from the last to the first."""
    written = text(page)
    bare = _CODE.sub(lambda it: " " * len(it[0]), written)
    found = list[Place]()
    for word, met in WORDS.items():
        first = re.search(rf"(?<![\w-])(?:{met})(?![\w-])", bare)
        linked = written.find(f"glossary.md#{word})")
        if first is not None and not 0 <= linked < first.start():
            found.append(Place(word, first.start(), first.end()))
    yield from sorted(found, key=lambda it: -it.begin)


def link(page: str) -> str:
    """Return a page with its missing links."""
    written, glossary = text(page), relpath(GLOSSARY, page.rpartition("/")[0] or ".")
    for place in unlinked(page):
        written = f"{written[: place.begin]}[{written[place.begin : place.end]}]({glossary}#{place.word}){written[place.end :]}"
    return written


if __name__ == "__main__":
    for page in of_people():
        (ROOT / page).write_text(link(page), encoding="utf-8")
