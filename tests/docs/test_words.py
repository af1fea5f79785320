"""Our few words are explained where they are met."""

from __future__ import annotations

import re

import pytest

from tests.docs.pages import text
from tests.docs.words import GLOSSARY, WORDS, of_people, unlinked


def test_each_word_is_in_the_glossary() -> None:
    """One heading each, and no other, in the order of the alphabet."""
    assert re.findall(r"^## (\w+)$", text(GLOSSARY), re.MULTILINE) == [word.capitalize() for word in sorted(WORDS)]


@pytest.mark.parametrize("page", of_people())
def test_a_word_is_linked_where_it_first_appears(page: str) -> None:
    """In the text of the page: what stands in code, tables and headings needs none."""
    assert list(unlinked(page)) == [], "python -m tests.docs.words"
