"""What is packed: every package on the disk, nothing else, and with each what it needs."""

from __future__ import annotations

import pytest

from tests.packaging.runs import ROOT
from tests.runs.interpreters import settings

CONFIG = settings()

TOPS = {"chatworkspace": "chatworkspace"} | {
    folder.parent.name: f"adapters/{folder.parent.name}" for folder in sorted(ROOT.glob("adapters/*/__init__.py"))
}
"""Import name of each package that is nobody's part, and its folder, by the disk."""
PACKAGES = [
    ".".join((top, *found.parent.relative_to(ROOT / folder).parts)) for top, folder in TOPS.items() for found in (ROOT / folder).rglob("__init__.py")
]


def _lines(section: str, option: str) -> list[str]:
    return [line for line in CONFIG[section][option].splitlines() if line]


def test_every_package_is_listed() -> None:
    """setup.cfg lists its packages by hand; a new adapter that is not listed would be left out of the wheel without a word."""
    assert sorted(_lines("options", "packages")) == sorted(PACKAGES)


def test_every_package_has_its_folder() -> None:
    """package_dir says for each package where it lies."""
    assert dict(line.split(" = ") for line in _lines("options", "package_dir")) == TOPS


def test_adapters_is_no_package() -> None:
    """A top-level package called adapters would overwrite another project's when installed."""
    assert not (ROOT / "adapters" / "__init__.py").exists()


@pytest.mark.parametrize("package", TOPS)
def test_every_package_is_typed(package: str) -> None:
    """Type checkers believe annotations of an installed package only beside a py.typed, so it is there and is packed."""
    assert (ROOT / TOPS[package] / "py.typed").is_file()
    assert "py.typed" in CONFIG["options.package_data"][package]


def test_what_is_installed_beside() -> None:
    """What the core needs, and the drivers of the adapters that come with it; the rules of imports say who may use which."""
    drivers = ["backoff", "psycopg", "requests", "tomli", "urllib3", "websocket-client"]
    assert [line.split(">")[0] for line in _lines("options", "install_requires")] == ["attrs", *drivers]
