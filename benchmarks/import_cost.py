"""What it takes to import the library, and to start its command.

python -m benchmarks.import_cost --json FILE

Each round starts fresh interpreters, one after the other, with bytecode in place as an installer leaves it. The baseline of the same round is an
interpreter that imports `attrs`, which the library stands on, and nothing else.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from statistics import median

from benchmarks.report import command

ROOT = Path(__file__).resolve().parent.parent
STARTED: Mapping[str, str] = {
    "nothing": "",
    "attrs": "import attrs",
    "chatworkspace": "import attrs; import chatworkspace",
    "chatworkspace_cli": "import attrs; import chatworkspace_cli",
    "demo --fast": "import sys; from chatworkspace_cli import main; sys.exit(main(['demo', '--fast']))",
}
BASELINE = "attrs"


def started(script: str, cache: Path) -> tuple[float, float]:
    """Run a script in an interpreter of its own; return the milliseconds until it has ended, and those of processor time."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    environment |= {"PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "adapters"))), "PYTHONPYCACHEPREFIX": str(cache)}
    before, began = os.times(), time.perf_counter()
    subprocess.run([sys.executable, "-c", script], env=environment, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 # our own scripts
    took, after = time.perf_counter() - began, os.times()
    return took * 1000, (after.children_user + after.children_system - before.children_user - before.children_system) * 1000


def measured(rounds: int) -> dict[str, dict[str, float]]:
    """Return milliseconds of each, in the middle of so many rounds, and at best; and what is over the baseline's."""
    took: dict[str, list[tuple[float, float]]] = {name: [] for name in STARTED}
    with tempfile.TemporaryDirectory() as cache:
        for script in STARTED.values():
            started(script, Path(cache))  # writes the bytecode
        for _ in range(rounds):
            for name, script in STARTED.items():
                took[name].append(started(script, Path(cache)))
    told = {
        name: {
            "milliseconds": median(wall for wall, _ in times),
            "at_best": min(wall for wall, _ in times),
            "processor": median(cpu for _, cpu in times),
        }
        for name, times in took.items()
    }
    for numbers in told.values():
        numbers["over_the_baseline"] = numbers["milliseconds"] - told[BASELINE]["milliseconds"]
    return told


def costs(*, quick: bool) -> dict[str, object]:
    """Measure all of it. quick: a tenth of the rounds."""
    rounds = 4 if quick else 40
    return {"rounds": rounds, "started": measured(rounds)}


if __name__ == "__main__":
    sys.exit(command("import_cost", "what it takes to import the library, and to start its command", costs))
