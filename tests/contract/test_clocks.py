"""Every clock of this repository keeps the rules of Clock."""

from __future__ import annotations

import pytest

from chatworkspace_contracts import CLOCK_RULES, ClockWorld, Rule, run
from tests.contract.worlds import clocks_of_processes, simulations

every_rule = pytest.mark.parametrize("rule", CLOCK_RULES, ids=str)


@every_rule
def test_the_clock_of_the_system(rule: Rule[ClockWorld]) -> None:
    """Real time."""
    run(rule, ClockWorld)


@every_rule
def test_a_simulation(rule: Rule[ClockWorld]) -> None:
    """Virtual time, as a test sees it."""
    run(rule, simulations())


@every_rule
def test_the_clock_of_a_process(rule: Rule[ClockWorld]) -> None:
    """Virtual time, as a simulated process sees it."""
    run(rule, clocks_of_processes())
