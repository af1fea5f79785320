"""The lower bounds of setup.cfg are true: the library does what it does with the oldest versions that it allows."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.packaging.installations import new_environment
from tests.packaging.lowest import TOOLS, lowest_requirements, name_of, required, tools
from tests.packaging.runs import run

ORDINARY = ("application", "contract", "crash", "domain", "packaging", "service", "toolbox", "values")
"""Folders of ordinary tests that are run: all but the random worlds, which are long and no other code, and what is about the checkout itself."""
DRIVERS = ("coder", "postgres", "sqlite")
"""Adapters that stand on other people's packages, or beside one that does."""


@pytest.fixture(scope="module")
def oldest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give an interpreter with just these versions, and the tools of the run."""
    programs = new_environment(tmp_path_factory.mktemp("oldest") / "venv")
    run(programs / "pip", "install", "-q", "--disable-pip-version-check", *lowest_requirements(), *tools())
    return programs / "python"


def test_what_is_lowest() -> None:
    """One exact version of each requirement, extras kept; and the run's own tools are all there."""
    lowest = lowest_requirements()
    assert list(map(name_of, lowest)) == [*map(name_of, required()), "psycopg"]
    assert all(re.fullmatch(r"[\w-]+(\[[\w,]+\])?==[\d.]+", it) for it in lowest), lowest
    assert sorted(map(name_of, tools())) == sorted(TOOLS)


@pytest.mark.packaging
@pytest.mark.exhaustive
@pytest.mark.parametrize(
    "tests",
    [[f"tests/{folder}" for folder in ORDINARY], ["-m", "adapters and not exhaustive", *(f"tests/adapters/{folder}" for folder in DRIVERS)]],
    ids=["ordinary", "adapters"],
)
def test_the_oldest_versions_will_do(tests: list[str], oldest: Path) -> None:
    """Values, service and tools, and each driver against real servers: whatever fails with the newest alone is a bound that is too low."""
    assert " passed" in run(oldest, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests)
