"""What a machine may lack: tests that need it are skipped, with the reason, unless the environment says that it has to be there."""

from __future__ import annotations

import os
from typing import TypeVar

import pytest

T = TypeVar("T")

VARIABLE = "CHATWORKSPACE_REQUIRE"
"""Names, with commas between them, of what must not be missing. `.ci/run` sets it after it has installed all of it."""


def is_required(name: str) -> bool:
    """Tell whether it has to be there."""
    return name in os.environ.get(VARIABLE, "").split(",")


def required(name: str, found: T | None, missing: str) -> T:
    """Return what was found. Nothing: skip the test, or fail it if `name` must be there. missing: says so, for whoever reads the report."""
    if found is not None:
        return found
    if is_required(name):
        pytest.fail(f"{missing}, and {VARIABLE} names {name}", pytrace=False)
    pytest.skip(missing)
