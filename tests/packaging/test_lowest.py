"""The lower bounds of setup.cfg are true, for drivers and the example: they work with the oldest versions. `--all` runs the ordinary tests so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.packaging.installations import new_environment
from tests.packaging.lowest import TOOLS, lowest_requirements, tools
from tests.packaging.runs import ROOT, run
from tests.runs.interpreters import name_of, required

DRIVERS = ("coder", "mcp", "postgres", "sqlite")
"""Adapters that stand on other people's packages, or beside one that does."""
OF_BROWSERS = ("tests.web.access", "tests.web.browser", "tests.web.page")
NO_BROWSER = [
    f"--ignore={path}" for path in sorted(ROOT.glob("tests/web/test_*.py")) if any(it in path.read_text(encoding="utf-8") for it in OF_BROWSERS)
]
"""Its driver wants newer ones of the same."""


@pytest.fixture(scope="module")
def oldest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give an interpreter with just these versions, and the tools of the run."""
    programs = new_environment(tmp_path_factory.mktemp("oldest") / "venv")
    run(programs / "pip", "install", "-q", "--disable-pip-version-check", *lowest_requirements(), *tools())
    return programs / "python"


def test_what_is_lowest() -> None:
    """One exact version of each requirement, extras kept; and the run's own tools are all there."""
    lowest = lowest_requirements()
    assert list(map(name_of, lowest)) == [*map(name_of, required()), "psycopg", "flask", "gunicorn", "waitress", "mcp", "opentelemetry-api", "rich"]
    assert all(re.fullmatch(r"[\w-]+(\[[\w,]+\])?==[\d.]+(; python_version < \"[\d.]+\")?", it) for it in lowest), lowest
    assert sorted(map(name_of, tools())) == sorted(TOOLS)


@pytest.mark.packaging
@pytest.mark.exhaustive
@pytest.mark.parametrize(
    "tests",
    [
        ["-m", "adapters and not exhaustive and not deep", *(f"tests/adapters/{folder}" for folder in DRIVERS)],
        ["-m", "web and not exhaustive and not deep", *NO_BROWSER, "tests/web"],
    ],
    ids=["adapters", "web"],
)
def test_the_oldest_versions_will_do(tests: list[str], oldest: Path) -> None:
    """Drivers against real servers, the example under its own: what fails with the newest alone has too low a bound."""
    assert " passed" in run(oldest, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests)
