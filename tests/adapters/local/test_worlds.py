"""The random worlds in real time, faster, over folders and processes of this machine, and a store in an SQLite file.

`PYTHONPATH=.:adapters python -m tests.adapters.local.test_worlds SEED` replays one.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.adapters.local.real import GRACE, LocalSimulation, Machine, Port, over_sqlite
from tests.worlds.book import Noting
from tests.worlds.histories import BuildMade, Made
from tests.worlds.in_real_time import RealTimeWorld, duplicates, problems

SPEEDS = 5.0, 2.0
"""What went wrong at one is played again at the next: a machine with other things to do is late, a fault stays."""
FEW, MANY = 3, 30
AT_ONCE = 6


class NotedPort(Noting, Port):  # type: ignore[misc] # it notes a dial, and passes on what comes of it
    """A platform that notes what it is asked for."""


class LocalWorld(RealTimeWorld):
    """A random world over this machine. It draws the same as the simulated one of that seed."""

    def __init__(self, seed: int, stack: ExitStack, *, speed: float, claims: bool = True, mutex: bool = True, marks: bool = True) -> None:
        self.simulation = partial(LocalSimulation, stack=stack, speed=speed, port=partial(self._noted, marks=marks))
        super().__init__(seed, claims=claims, mutex=mutex, marks=marks)

    def _noted(self, root: Path, machine: Machine, *, marks: bool) -> NotedPort:
        port = NotedPort(root, grace=GRACE)
        port.machine = machine
        port.begin(machine.clock, self.book, marks=marks, chance=self.chance)
        return port

    def _calm_down(self) -> None:
        super()._calm_down()
        self.sim.coder.catch_up()

    def _made(self) -> list[Made]:
        """Return all, by the file system. Of builds those that somebody has asked for: a keeper may end by itself."""
        machine: Machine = self.sim.coder
        at, failed = machine.clock.at, machine.failed()
        return [
            Made(
                id=it.id,
                made_as=it.made.made_as,
                name=it.made.made_as,
                made_at=at(it.made.made_at),
                gone_at=at(it.made.gone_at),
                own=it.id in self.script.own,
                builds=tuple(
                    BuildMade(number=number, transition=transition, asked_at=at(asked_at), failed=number == 1 and it.id in failed)
                    for number, (asked_at, transition) in enumerate(it.made.builds, 1)
                ),
            )
            for it in machine.workspaces
        ]


def played(seed: int, **world: Any) -> tuple[int, list[str]]:
    """Play a world; return its seed, and what is wrong."""
    with ExitStack() as stack:
        history = LocalWorld(seed, stack, **world).run()
        return seed, problems(history)


def broken(seeds: Iterable[int], folder: Path, **world: Any) -> dict[int, list[str]]:
    """Play these; return what is wrong with those that broke."""
    with over_sqlite(folder), ThreadPoolExecutor(AT_ONCE) as pool:
        return {seed: wrong for seed, wrong in pool.map(partial(played, **world), seeds) if wrong}


@pytest.mark.parametrize("seeds", [range(FEW), pytest.param(range(FEW, MANY), marks=pytest.mark.exhaustive)], ids=["few", "many"])
def test_nothing_that_must_hold_breaks_in_any_world(tmp_path: Path, seeds: Iterable[int]) -> None:
    """No two live workspaces of a chat, all callers told the same, nothing lost, nothing left open: the checker finds nothing."""
    found: Iterable[int] = seeds
    for speed in SPEEDS:
        (folder := tmp_path / f"{speed:g}").mkdir()
        wrong = broken(found, folder, speed=speed)
        assert duplicates(wrong) == []
        found = wrong
    assert found == {}


@pytest.mark.exhaustive
def test_the_worlds_find_duplicates_where_nothing_prevents_them(tmp_path: Path) -> None:
    """Without mutex and claim, and with names drawn at random, the file system shows second workspaces."""
    found = broken(range(AT_ONCE), tmp_path, speed=SPEEDS[0], claims=False, mutex=False, marks=False)
    assert duplicates(found)


def main(seed: int) -> None:
    """Replay one, and tell what is wrong."""
    with tempfile.TemporaryDirectory() as folder:
        found = broken([seed], Path(folder), speed=SPEEDS[0])
    sys.stdout.write("\n".join([*found.get(seed, ["no violations"]), ""]))


if __name__ == "__main__":
    main(int(sys.argv[1]))
