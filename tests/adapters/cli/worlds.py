"""What the tests of the command share: the token that must show nowhere, and how fast the simulator's time passes."""

from __future__ import annotations

from typing import Any

TOKEN = "canary0123-abcdefghijklmnopqrstuv"  # noqa: S105 # of the tests' simulator alone
ANOTHER = "canary0456-abcdefghijklmnopqrstuv"
"""Of another user."""
SPEED = 20.0
SLOW: dict[str, Any] = {"build": 6, "connect": 2, "scripts": 2, "stop": 2}
"""Durations of a template, in the simulator's seconds: half a real one in all."""
