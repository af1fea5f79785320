"""The story of a simulation, kept cheaply and told on demand."""

from __future__ import annotations

from typing import NamedTuple


class Step(NamedTuple):
    """One thing that happened."""

    at: float
    actor: str
    process: str
    what: str
    outcome: str
    since: float


class Trace:
    """What happened, in order."""

    __slots__ = ("_steps",)

    def __init__(self) -> None:
        self._steps: list[tuple[float, str, str, str, str, float]] = []

    def add(self, step: tuple[float, str, str, str, str, float]) -> None:
        """Note what a Step holds, as a plain tuple: there are many, and few are ever told."""
        self._steps.append(step)

    def __str__(self) -> str:
        return "\n".join(_line(Step(*step)) for step in self._steps)


def _line(step: Step) -> str:
    since = f" (since {step.since:.3f})" if step.since < step.at else ""
    return f"{step.at:10.3f}  {step.actor:<8} {step.process or '-':<10} {step.what:<24} {step.outcome}{since}".rstrip()
