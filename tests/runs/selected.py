"""A run of a few tests, as `python -m tests` is one of all: `python -m tests.runs.selected ARGUMENTS`, which are pytest's."""

from __future__ import annotations

import sys

from tests.runs.front import watched
from tests.runs.lanes import Run, Step
from tests.runs.steps import pytest


def main() -> int:
    """Run them, and return the exit code."""
    return watched("tests.runs.selected", sys.argv[1:], Run([[Step("a few tests", pytest(*sys.argv[1:]))]]))


if __name__ == "__main__":
    sys.exit(main())
