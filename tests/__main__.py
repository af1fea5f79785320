"""python -m tests: what every change has to pass, each part once.

Lint, types, ordinary tests, adapters, processes that are killed, the web example, packaging.

--all runs what that leaves out, and nothing else: the other interpreters, every level and way of what is tested once, longer storms, coverage.
--deep is for the day before a release: a storm of an hour over each store, worlds that nobody has seen, and changes in what decides.

At the end each Python is named that setup.cfg claims and this machine has not; where CHATWORKSPACE_REQUIRE names "interpreters" it is a failure.
The last line says how many steps passed and failed; the exit code is 0 only if none failed. However a run ends, nothing that it has started is left.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from functools import partial

from tests.runs import steps
from tests.runs.front import watched
from tests.runs.lanes import Run


def main(arguments: Sequence[str]) -> int:
    """Run what is asked for, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests", description="Runs what every change has to pass.")
    of = parser.add_mutually_exclusive_group()
    of.add_argument("--all", action="store_true", help="what that leaves out, for it takes long: run both before a merge")
    of.add_argument("--deep", action="store_true", help="what takes hours: run it before a release")
    parser.add_argument("--minutes", type=float, default=steps.HOUR, help="with --deep: of each storm, and fewer worlds in proportion (default: 60)")
    asked = parser.parse_args(arguments)
    return watched("tests", arguments, partial(_run, asked))


def _run(asked: argparse.Namespace) -> int:
    return Run(_lanes(asked), steps.not_run() if asked.all else ())()


def _lanes(asked: argparse.Namespace) -> steps.Lanes:
    if asked.all:
        return steps.exhaustive()
    return steps.deep(asked.minutes) if asked.deep else steps.quick()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
