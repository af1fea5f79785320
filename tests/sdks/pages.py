"""The pages of `docs/how-to/`, and the blocks of code in them."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "docs" / "how-to"
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def blocks(page: str, language: str) -> list[str]:
    """Return the blocks of a page, in one language."""
    return [text for of, text in languages(page) if of == language]


def languages(page: str) -> list[tuple[str, str]]:
    """Return all blocks of a page, each with its language."""
    return [(found[1], found[2]) for found in _BLOCK.finditer((FOLDER / page).read_text(encoding="utf-8"))]
