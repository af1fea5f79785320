"""Changes what decides, one expression at a time, and tells how many of the changes no test has noticed: `python -m tests.runs.mutants`."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.runs.interpreters import ROOT

MUTMUT = str(Path(sys.executable).parent / "mutmut")
LEAST = 0.9
"""Share of the changes that have to be noticed. CONTRIBUTING.md names each that was not."""
NOTICED = ("killed", "timeout", "segfault")


def main() -> int:
    """Run it; return 1 if too few are noticed, or it could not run."""
    ran = subprocess.run([MUTMUT, "run"], cwd=ROOT, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if ran.returncode != 0:
        sys.stdout.write(ran.stdout.decode(errors="replace"))
        return 1
    for command in ("results", "export-cicd-stats"):
        subprocess.run([MUTMUT, command], cwd=ROOT, check=True)
    told: dict[str, Any] = json.loads((ROOT / "mutants" / "mutmut-cicd-stats.json").read_text(encoding="utf-8"))
    noticed, total = sum(told[kind] for kind in NOTICED), told["total"]
    sys.stdout.write(f"{noticed} of {total} mutants were killed; {total - noticed} were not, each of which CONTRIBUTING.md has to name\n")
    return 0 if noticed >= LEAST * total else 1


if __name__ == "__main__":
    sys.exit(main())
