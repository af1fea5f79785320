"""The pages of this project, and the blocks of code in them."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HOW_TO = ROOT / "docs" / "how-to"
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def pages() -> list[str]:
    """Return all pages that users read, each by its path from the root."""
    found = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").rglob("*.md")]
    return sorted(it.relative_to(ROOT).as_posix() for it in found)


def text(page: str) -> str:
    """Return a page. page: its path from the root."""
    return (ROOT / page).read_text(encoding="utf-8")


def languages(page: str) -> list[tuple[str, str]]:
    """Return all blocks of a page, each with its language."""
    return [(found[1], found[2]) for found in _BLOCK.finditer(text(page))]


def blocks(page: str, language: str) -> list[str]:
    """Return the blocks of a page, in one language."""
    return [code for of, code in languages(page) if of == language]
