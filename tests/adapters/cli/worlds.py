"""What the tests of the command share: the token that must show nowhere, how fast the simulator's time passes, and what stores are made by."""

from __future__ import annotations

from typing import Any

from tests.packaging.runs import ROOT

TOKEN = "canary0123-abcdefghijklmnopqrstuv"  # noqa: S105 # of the tests' simulator alone
ANOTHER = "canary0456-abcdefghijklmnopqrstuv"
"""Of another user."""
SPEED = 20.0
SLOW: dict[str, Any] = {"build": 6, "connect": 2, "scripts": 2, "stop": 2}
"""Durations of a template, in the simulator's seconds: half a real one in all."""


def scripts(package: str) -> list[str]:
    """Return the scripts that make the tables of a store, in their order: as many as its version says."""
    return sorted(path.name for path in (ROOT / "adapters" / package).glob("*.sql"))


CHAT = ("--chat", "thread-42")
