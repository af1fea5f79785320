"""Where the tests of a mark are, for a step that runs a few of them need not collect all."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
MARKS = ("adapters", "crash", "deep", "packaging", "sdks", "web")
"""Of tests that are left out unless asked for."""


@cache
def places(mark: str) -> tuple[Path, ...]:
    """Return the folders whose conftest.py gives this mark, and the modules beside them that give it themselves."""
    naming = [path for path in sorted(TESTS.rglob("*.py")) if f"mark.{mark}" in path.read_text(encoding="utf-8")]
    folders = [path.parent for path in naming if path.name == "conftest.py"]
    return (*folders, *(path for path in naming if path.name.startswith("test_") and not _is_in(folders, path)))


def elsewhere(items: Iterable[pytest.Item]) -> list[str]:
    """Return the modules that have a mark which their place does not name, with the mark: a step would not find them."""
    marked = {(item.path, mark.name) for item in items for mark in item.iter_markers() if mark.name in MARKS}
    return sorted(f"{path}: {mark}" for path, mark in marked if not _is_in(places(mark), path))


def _is_in(where: Iterable[Path], path: Path) -> bool:
    return any(path == it or it in path.parents for it in where)
