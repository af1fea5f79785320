"""The reference is what the code says, and nothing is left out of it."""

from __future__ import annotations

import importlib
import re

import pytest

from tests.docs.pages import ROOT, pages, text
from tests.docs.reference import FOLDER, MODULES, written

WRITTEN = written()


@pytest.mark.parametrize("path", WRITTEN)
def test_a_page_is_what_the_code_says(path: str) -> None:
    """Character by character: `python -m tests.docs.reference` writes it anew."""
    assert text(path) == WRITTEN[path], "python -m tests.docs.reference"


def test_no_page_is_of_what_is_gone() -> None:
    """Each of the folder is one that is written."""
    there = {it.relative_to(ROOT).as_posix() for it in (ROOT / FOLDER / "api").iterdir()}
    assert there == {path for path in WRITTEN if "/api/" in path}


def test_every_page_is_on_the_map() -> None:
    """Whoever begins at docs/README.md, or at llms.txt, is led to each: those of the reference's names by the page that lists them."""
    there = {page for page in pages() if page.startswith("docs/") and "/api/" not in page} - {"docs/README.md"}
    for page in there:
        assert f"({page.removeprefix('docs/')}" in text("docs/README.md"), page
    assert {page for page in pages() if f"({page})" not in text("llms.txt")} == {"docs/README.md"}, "which it stands in for"
    for link in re.findall(r"\]\(([^)#]+)", text("llms.txt")):
        assert (ROOT / link).is_file(), link


@pytest.mark.parametrize("module", MODULES)
def test_every_public_name_is_there_and_told(module: str) -> None:
    """Each has its heading, with something said below it."""
    page = text(f"{FOLDER}/api/{module}.md")
    for name in set(importlib.import_module(module).__all__) - {"__version__"}:
        told = page.partition(f"\n## {name}\n")[2].partition("\n## ")[0]
        assert [line for line in told.splitlines() if line and not line.startswith((" ", "#"))], name


def test_every_package_is_there() -> None:
    """All that is installed, but the command, which has a page of its own."""
    packages = {it.name for it in (ROOT / "adapters").iterdir() if (it / "__init__.py").is_file()} - {"chatworkspace_cli"}
    assert packages | {"chatworkspace", "chatworkspace.ports", "chatworkspace.events"} == set(MODULES)
