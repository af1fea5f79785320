"""What of a world is otherwise in real time: there is no trace, and the machine may keep any thread waiting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from threading import current_thread
from typing import Any

from tests.worlds.checker import RULES
from tests.worlds.histories import History, Pause
from tests.worlds.world import World

EXACT = {3, 7}
"""Rules about instants: in real time a thread that has to wait for the machine looks like one that breaks them."""
SLACK = 120.0
"""Seconds of the clock by which a busy machine may keep a thread waiting."""


class RealTimeWorld(World):
    """A random world in real time. Its processes know when they stood still."""

    @property
    def _steps(self) -> list[Any]:
        return []

    @property
    def _actor(self) -> str:
        return current_thread().name

    def _pauses(self) -> list[Pause]:
        """Return all, and one in each process for the machine."""
        processes: list[Any] = self.processes
        stood = [Pause(process=process.name, at=at, seconds=seconds) for process in processes for at, seconds in process.pauses]
        return stood + [Pause(process=process.name, at=0.0, seconds=SLACK) for process in processes]

    def _dials(self) -> dict[str, list[tuple[float, float]]]:
        return {}


def problems(history: History) -> list[str]:
    """Return what is wrong, each with the number of what it breaks."""
    return [f"{number}: {problem}" for number, rule in RULES.items() if number not in EXACT for problem in rule(history)]


def duplicates(found: Mapping[int, Sequence[str]]) -> list[str]:
    """Return what is wrong about second workspaces, which no machine may be too slow to prevent."""
    return [problem for each in found.values() for problem in each if problem.startswith("1: ")]
