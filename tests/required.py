"""What a machine may lack: tests that need it are skipped, with the reason, unless the environment says that it has to be there."""

from __future__ import annotations

import os

import pytest

VARIABLE = "CHATWORKSPACE_REQUIRE"
"""Names, with commas between them, of what must not be missing. `.ci/run` sets it after it has installed all of it."""


def need(name: str, *, missing: str | None) -> None:
    """Skip the test if something is missing; fail it if `name` must be there. missing: what is not there, or None."""
    if missing is None:
        return
    if name in os.environ.get(VARIABLE, "").split(","):
        pytest.fail(f"{missing}, and {VARIABLE} names {name}", pytrace=False)
    pytest.skip(missing)
