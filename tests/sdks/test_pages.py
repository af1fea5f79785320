"""What the how-to pages promise beside their code: little glue, and no block that nothing runs."""

from __future__ import annotations

import ast
import re

import pytest

from tests.sdks.pages import FOLDER, ROOT, blocks, languages

RUN = {"openai.md": 2, "anthropic.md": 1, "langchain.md": 2, "pydantic-ai.md": 1}
"""Blocks of Python that tests/sdks/test_recipes.py runs, by page."""
FRAMEWORKS = {"flask.md": 1, "fastapi.md": 1, "django.md": 2}
"""Those that tests/sdks/test_frameworks.py runs."""
OURS = re.compile(r"\b(workspaces|toolbox|functions|settings)\b")
"""What a line of glue names: what comes from this library, and what is made of it until the vendor's package has it."""
MOST_GLUE = 3
MOST_GLUE_IN_VIEWS = 8


def test_every_recipe_is_run() -> None:
    """A block that is added to one of these pages has to be run as well."""
    pages = {**RUN, **FRAMEWORKS}
    assert {page: len(blocks(page, "python")) for page in pages} == pages
    assert all(len(languages(page)) == count for page, count in pages.items())


@pytest.mark.parametrize(("page", "recipe"), [(page, recipe) for page in RUN for recipe in range(RUN[page])])
def test_the_glue_is_short(page: str, recipe: int) -> None:
    """Three lines at most name anything of this library; none is longer than the repository's own."""
    code = blocks(page, "python")[recipe].splitlines()
    assert len([line for line in code if OURS.search(line)]) <= MOST_GLUE
    assert max(map(len, code)) <= 150


@pytest.mark.parametrize("page", FRAMEWORKS)
def test_the_glue_of_a_framework_is_short(page: str) -> None:
    """Eight lines at most name anything that comes from this library, or is made of it."""
    trees = [ast.parse(block) for block in blocks(page, "python")]
    imports = [it for tree in trees for it in tree.body if isinstance(it, ast.ImportFrom) and (it.module or "").startswith("chatworkspace")]
    ours = {"workspaces", "waits", "events", "stream", "coder", *(name.name for it in imports for name in it.names)}
    lines = {(number, it.lineno) for number, tree in enumerate(trees) for it in ast.walk(tree) if isinstance(it, ast.Name) and it.id in ours}
    assert len(lines) <= MOST_GLUE_IN_VIEWS, sorted(lines)


@pytest.mark.parametrize("page", sorted(it.name for it in FOLDER.glob("*.md")))
def test_every_link_leads_somewhere(page: str) -> None:
    """Within the repository, and to a heading where it names one."""
    for link in re.findall(r"\]\(([^)]+)\)", (FOLDER / page).read_text(encoding="utf-8")):
        path, _, heading = link.partition("#")
        found = (FOLDER / path).resolve() if path else FOLDER / page
        assert found.is_file(), link
        assert found.is_relative_to(ROOT), link
        if heading:
            headings = re.findall(r"^#+ (.*)$", found.read_text(encoding="utf-8"), re.MULTILINE)
            assert heading in {it.lower().replace(" ", "-") for it in headings}, link
