"""The lower bounds of setup.cfg are true: the library does what it does with the oldest versions that it allows."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.packaging.installations import new_environment
from tests.packaging.lowest import TOOLS, lowest_requirements, name_of, required, tools
from tests.packaging.runs import ROOT, run

ORDINARY = ("adapters", "application", "contract", "crash", "domain", "events", "packaging", "patience", "ports", "service", "toolbox", "values")
"""Folders whose ordinary tests are run."""
NOT_RUN = {
    "costs": "counts that hold for the newest versions",
    "docs": "is about the pages, and reads the checkout",
    "imports": "reads the checkout",
    "obedience": "more of what `service` and `toolbox` test, and long",
    "protocol": "a model, which imports nothing of the library",
    "runs": "is about the test command",
    "sdks": "is about other people's packages, the newest of them",
    "typing": "asks type checkers, who want the newest versions",
    "worlds": "more of what `service` tests, and long",
}
"""Folders of tests that are not, and why."""
DRIVERS = ("coder", "mcp", "postgres", "sqlite")
"""Adapters that stand on other people's packages, or beside one that does."""
NO_BROWSER = tuple(f"--ignore=tests/web/{name}" for name in ("test_page.py", "test_reconnects.py"))
"""Its driver wants newer ones of the same."""


@pytest.fixture(scope="module")
def oldest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give an interpreter with just these versions, and the tools of the run."""
    programs = new_environment(tmp_path_factory.mktemp("oldest") / "venv")
    run(programs / "pip", "install", "-q", "--disable-pip-version-check", *lowest_requirements(), *tools())
    return programs / "python"


def test_every_folder_is_run_or_left_out_for_a_reason() -> None:
    """A folder that comes in is in one of the lists."""
    folders = {path.relative_to(ROOT / "tests").parts[0] for path in ROOT.glob("tests/*/**/test_*.py")}
    assert folders == {*ORDINARY, *NOT_RUN, "web"}


def test_what_is_lowest() -> None:
    """One exact version of each requirement, extras kept; and the run's own tools are all there."""
    lowest = lowest_requirements()
    assert list(map(name_of, lowest)) == [*map(name_of, required()), "psycopg", "flask", "gunicorn", "waitress", "mcp", "opentelemetry-api"]
    assert all(re.fullmatch(r"[\w-]+(\[[\w,]+\])?==[\d.]+", it) for it in lowest), lowest
    assert sorted(map(name_of, tools())) == sorted(TOOLS)


@pytest.mark.packaging
@pytest.mark.exhaustive
@pytest.mark.parametrize(
    "tests",
    [
        [f"tests/{folder}" for folder in ORDINARY],
        ["-m", "adapters and not exhaustive", *(f"tests/adapters/{folder}" for folder in DRIVERS)],
        ["-m", "web and not exhaustive", *NO_BROWSER, "tests/web"],
    ],
    ids=["ordinary", "adapters", "web"],
)
def test_the_oldest_versions_will_do(tests: list[str], oldest: Path) -> None:
    """Values, service and tools, drivers against real servers, the example under its own: what fails with the newest alone has too low a bound."""
    assert " passed" in run(oldest, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests)
