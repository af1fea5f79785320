"""How a measurement is started and told: each is a command, which prints what it found and writes it where somebody asks for it."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol


class Measured(Protocol):
    """Measures."""

    def __call__(self, *, quick: bool) -> Mapping[str, object]:
        """Return numbers by their names; quick: those of a small part of the work."""
        ...


def command(name: str, what: str, measured: Measured, arguments: Sequence[str] | None = None) -> int:
    """Measure, and tell it together with the interpreter and the machine's load before and after."""
    parser = argparse.ArgumentParser(prog=f"python -m benchmarks.{name}", description=f"Measures {what}.")
    parser.add_argument("--json", type=Path, help="where to write the numbers")
    parser.add_argument("--quick", action="store_true", help="a small part of it, to see that it runs")
    asked = parser.parse_args(arguments)
    load = os.getloadavg()[0]
    numbers = {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "quick": asked.quick,
        **measured(quick=asked.quick),
        "load": {"before": load, "after": os.getloadavg()[0]},
    }
    told = json.dumps(numbers, indent=2)
    sys.stdout.write(f"{told}\n")
    if asked.json is not None:
        asked.json.write_text(f"{told}\n", encoding="utf-8")
    return 0


def say(name: str, numbers: dict[str, float]) -> dict[str, float]:
    """Show numbers as they come, where nobody reads them but a person who waits; return them."""
    sys.stderr.write(f"{name}: " + ", ".join(f"{key} {value:,.2f}" for key, value in numbers.items()) + "\n")
    return numbers
