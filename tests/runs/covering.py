"""Coverage of the library by the tests of all processes of pytest, where it is asked for."""

from __future__ import annotations

import os
from typing import Any

ASKED = "COVERAGE_PROCESS_START"
"""Coverage's own variable: it names its settings. Each process then keeps its data beside COVERAGE_FILE."""
RUNS_TESTS = "PYTEST_XDIST_WORKER"
"""Set in a process that runs tests for another."""


class Covering:
    """A plugin of pytest: measures from when it is made, which has to be before the library is imported, until the tests are over."""

    def __init__(self) -> None:
        import coverage  # noqa: PLC0415 # not there on every interpreter

        self._coverage: Any = coverage.Coverage(config_file=os.environ[ASKED], data_suffix=True)
        self._coverage.start()

    def pytest_unconfigure(self) -> None:
        """Keep what was measured: a process of xdist does not live until exit handlers are called."""
        self._coverage.stop()
        self._coverage.save()


def asked() -> Covering | None:
    """Begin, if it is asked for, where tests are run."""
    return Covering() if ASKED in os.environ and RUNS_TESTS in os.environ else None
