"""How a run of pytest ends that is interrupted or terminated: with all that it has started, also what tests and fixtures had no time to end."""

from __future__ import annotations

import os
import signal
from contextlib import suppress

import pytest

from tests.runs import offspring

TO_END = 5.0
"""Seconds that what is left has to end, before it is killed."""


class Ending:
    """A plugin of pytest, for each of its processes."""

    def __init__(self, *, in_charge: bool) -> None:
        """in_charge: this is the process that somebody has started, and not one that runs tests for it."""
        self._in_charge = in_charge
        self._interrupted = False
        offspring.hear(once=not in_charge)
        if in_charge:
            offspring.adopt()

    def pytest_runtest_logstart(self) -> None:
        """Hear again: what the last test was interrupted by was its own, for after an order to end no other test begins."""
        if not self._in_charge:
            offspring.hear(once=True)

    def pytest_keyboard_interrupt(self) -> None:
        """Note it, and tell the processes that run tests: their own fixtures are to end what they have begun."""
        self._interrupted = True
        if self._in_charge:
            for pid in offspring.children():
                with suppress(OSError):  # it has ended meanwhile
                    os.kill(pid, signal.SIGTERM)

    @pytest.hookimpl(trylast=True)
    def pytest_unconfigure(self) -> None:
        """End what is left."""
        if self._in_charge and self._interrupted:
            offspring.end(TO_END)
