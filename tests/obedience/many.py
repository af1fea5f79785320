"""Many games, one after another, and what came of them: `PYTHONPATH=.:adapters python -m tests.obedience.many --worlds N [--first SEED]`.

Their seeds follow one that is drawn anew each time, and printed, so that they can be played again.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from random import SystemRandom

import attrs

from tests.obedience.rules import problems
from tests.obedience.worlds import Game

SEEDS = 1 << 40
"""How many there are to draw from."""
OFTEN = 2000
"""Worlds after which is told how far it is."""


@attrs.define(kw_only=True)
class Report:
    """What came of them."""

    calls: list[int] = attrs.field(factory=list[int])
    advice: Counter[str] = attrs.field(factory=Counter[str])
    wrong: list[str] = attrs.field(factory=list[str])

    def __str__(self) -> str:
        ordered = sorted(self.calls)
        mean, p99 = sum(ordered) / len(ordered), ordered[len(ordered) * 99 // 100]
        given = ", ".join(f"{number} {name}" for name, number in self.advice.most_common())
        return f"the obedient player: {len(ordered)} worlds, {mean:.1f} calls each, p99 {p99}, {len(self.wrong)} violations; {given}"


def problems_of(seed: int) -> list[str]:
    """Play one, and return what was wrong."""
    return problems(Game(seed).play())


def played(seeds: Iterable[int], say: Callable[[str], object] = str) -> Report:
    """Play them. say: is told what was wrong at once, and now and then how far it is."""
    report = Report()
    for number, seed in enumerate(seeds, 1):
        game = Game(seed).play()
        report.calls.append(len(game.told))
        report.advice.update(it.advice.value if it.advice else "none" for it in game.told)
        wrong = problems(game)
        report.wrong += wrong
        for it in wrong:
            say(f"WRONG: {it}")
        if number % OFTEN == 0:
            say(f"{number} worlds, {len(report.wrong)} violations")
    return report


def main(arguments: Sequence[str]) -> int:
    """Play as many as is asked for; 1: something was wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.obedience.many", description="A model that obeys, in random worlds.")
    parser.add_argument("--worlds", type=int, default=1000)
    parser.add_argument("--first", type=int, default=SystemRandom().randrange(SEEDS), help="seed of the first world (default: drawn)")
    options = parser.parse_args(arguments)
    _say(f"again with --worlds {options.worlds} --first {options.first}")
    report = played(range(options.first, options.first + options.worlds), _say)
    _say(str(report))
    return 1 if report.wrong else 0


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
