"""Measure all of it, and write the page of it: `python -m benchmarks`, a quarter of an hour on two cores.

Each measurement is a process of its own, one after the other. `--only NAME` measures that one again, and takes the others from their files.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "adapters")]

from benchmarks import page  # noqa: E402 # runs from a checkout, installed or not

MEASUREMENTS = ("concurrent_creation", "told", "many", "coder_http", "postgres_store", "import_cost", "lateness")


def measure(name: str, to: Path, *, quick: bool) -> bool:
    """Run one; tell how long it took, and whether it succeeded."""
    began = time.monotonic()
    quickly = ["--quick"] if quick else []
    command = [sys.executable, "-m", f"benchmarks.{name}", "--json", str(to), *quickly]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, check=False)  # noqa: S603 # our own modules
    sys.stdout.write(f"{name}: {'done' if done.returncode == 0 else 'failed'}, {time.monotonic() - began:.0f} s\n")
    sys.stdout.flush()
    return done.returncode == 0


def write(numbers: Path, explanation: Path) -> None:
    """Write the page and its pictures from the numbers in a folder."""
    results = {name: json.loads(file.read_text(encoding="utf-8")) for name in MEASUREMENTS for file in [numbers / f"{name}.json"]}
    folder = explanation / page.FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    for name, picture in page.pictures(results).items():
        (folder / name).write_text(picture, encoding="utf-8")
    (explanation / "performance.md").write_text(page.page(results), encoding="utf-8")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, and write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measures all of it, and writes docs/explanation/performance.md.")
    parser.add_argument(
        "--only", choices=MEASUREMENTS, action="append", help="measure this one, and take the others from their files; may be repeated"
    )
    parser.add_argument("--quick", action="store_true", help="a small part of each, to see that they run")
    parser.add_argument("--numbers", type=Path, default=ROOT / "benchmarks", help="the folder of the JSON files (default: benchmarks)")
    parser.add_argument("--page", type=Path, default=ROOT / "docs" / "explanation", help="the folder of the page (default: docs/explanation)")
    asked = parser.parse_args(arguments)
    good = [measure(name, asked.numbers / f"{name}.json", quick=asked.quick) for name in asked.only or MEASUREMENTS]
    if all(good):
        write(asked.numbers, asked.page)
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
