"""What tests go over: the newest level of a server, and each older one where everything is asked for."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from chatworkspace_simulator._api.levels import LEVELS

NEWEST = "newest"


def exhaustive_unless(once: bool) -> tuple[pytest.MarkDecorator, ...]:  # noqa: FBT001 # the one thing that it is told
    """Return the marks of one of several ways: once says that it is the one over which tests always go."""
    return () if once else (pytest.mark.exhaustive,)


def in_turn(*axes: Iterable[object], every: int = 1) -> list[Any]:
    """Return a parameter for each combination. The last axis goes over one value for each of the others, in turn; the rest of it is exhaustive.

    every: of the combinations of the others, only each one of so many is gone over each time.
    """
    *places, ways = map(list, axes)
    return [
        pytest.param(*values, way, marks=exhaustive_unless(which % every == 0 and number == turn % len(ways)))
        for place in product(*map(enumerate, places))
        for values, which in [([value for _, value in place], sum(at * (index + 1) for index, (at, _) in enumerate(place)))]
        for turn in [sum(at for at, _ in place)]
        for number, way in enumerate(ways)
    ]


def marks_left_out(config: pytest.Config) -> set[str]:
    """Return the marks whose tests are left out by what is asked for with -m, as far as its words say so."""
    asked: str = config.option.markexpr
    return set[str]() if " or " in asked else set(re.findall(r"\bnot (\w+)", asked))


def is_left_out(path: Path, config: pytest.Config, mark: str) -> bool | None:
    """Tell pytest to leave a module alone of which all tests have a mark that is left out, unless it is named: to read it takes its time."""
    named = {Path(it.partition("::")[0]).resolve() for it in config.args}
    return True if path.name.startswith("test_") and path not in named and mark in marks_left_out(config) else None


def mark_by_place(items: Iterable[pytest.Item], mark: pytest.MarkDecorator, is_there: Callable[[Path], bool]) -> None:
    """Mark all tests whose module is there; each module is looked at once."""
    marked = cache(is_there)
    for item in items:
        if marked(item.path):
            item.add_marker(mark)


def levels(*marks: pytest.MarkDecorator, prefix: str = "") -> list[Any]:
    """Return a parameter for each level."""
    return [pytest.param(level, id=f"{prefix}{level}", marks=(*marks, *exhaustive_unless(level == NEWEST))) for level in LEVELS]
