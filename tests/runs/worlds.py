"""Random worlds that nobody has seen: `python -m tests.runs.worlds --worlds N [--first SEED]`.

Their seeds follow one that is drawn anew each time, and printed, so that they can be run again.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from random import SystemRandom

from tests.worlds.many import Survey, surveys

SEEDS = 1 << 40
"""How many there are to draw from."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run them, tell of each that breaks what must hold, and return 1 if there is one."""
    parser = argparse.ArgumentParser(prog="python -m tests.runs.worlds", description="Looks for a world in which something breaks that must hold.")
    parser.add_argument("--worlds", type=int, default=1000)
    parser.add_argument("--first", type=int, default=SystemRandom().randrange(SEEDS), help="the first seed (default: drawn)")
    asked = parser.parse_args(arguments)
    seeds = range(asked.first, asked.first + asked.worlds)
    _say(f"seeds {seeds[0]} to {seeds[-1]}: again with --worlds {asked.worlds} --first {asked.first}")
    traces, broken = set[bytes](), 0
    for number, (kind, found) in enumerate(_both(seeds), 1):
        traces.add(found.trace)
        broken += bool(found.problems)
        if found.problems:
            _say(f"WRONG: PYTHONPATH=.:adapters python -m tests.worlds.{kind} {found.seed}  # {found.problems[0]}")
        if number % 2000 == 0:
            _say(f"{number} worlds, {broken} broken")
    _say(f"{asked.worlds} worlds, {len(traces)} distinct traces, {broken} broken")
    return 1 if broken else 0


def _both(seeds: Sequence[int]) -> Iterator[tuple[str, Survey]]:
    """Run every second one with endings; yield of which kind each was."""
    yield from (("world", it) for it in surveys(seeds[::2]))
    yield from (("ending", it) for it in surveys(seeds[1::2], endings=True))


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
