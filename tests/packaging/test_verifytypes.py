"""Whoever installs the library has a type for everything that it shows."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.packaging.installations import Built
from tests.packaging.runs import run
from tests.packaging.test_layout import TOPS

pytestmark = [pytest.mark.packaging, pytest.mark.exhaustive]

EACH_TIME = ("chatworkspace", "chatworkspace_coder", "chatworkspace_fake")
"""What hosts are written against. The others are looked at before a release."""


@pytest.mark.parametrize("package", [pytest.param(it, marks=() if it in EACH_TIME else pytest.mark.deep) for it in TOPS])
def test_everything_public_has_a_type_that_is_known(package: str, built: Built, tmp_path: Path) -> None:
    """All of the package's names, and what they lead to: pyright counts them where the wheel is installed, which is where it looks for a py.typed."""
    # pytest is what one package is for; without it the types that it brings along would be unknown
    first = {"PATH": f"{built.installed('wheel', 'pytest')}{os.pathsep}{os.environ['PATH']}"}
    told = run(sys.executable, "-m", "pyright", "--verifytypes", package, "--ignoreexternal", cwd=tmp_path, **first)
    assert f"{built.installed('wheel', 'pytest').parent}{os.sep}" in told, "it looked there, and not in the checkout"
    assert "Type completeness score: 100%" in told
