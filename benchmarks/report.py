"""How a measurement without a picture is told: printed, and written where somebody asks for it."""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Callable, Mapping
from pathlib import Path


def report(measure: Callable[[], Mapping[str, object]], to: Path | None) -> None:
    """Measure, and tell it together with the interpreter and the machine's load before and after."""
    load = os.getloadavg()[0]
    numbers = {"python": platform.python_version(), **measure(), "load": {"before": load, "after": os.getloadavg()[0]}}
    told = json.dumps(numbers, indent=2)
    sys.stdout.write(f"{told}\n")
    if to is not None:
        to.write_text(f"{told}\n", encoding="utf-8")
