"""Circles of modules, and modules and functions that are too long to be read at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter

from tests.imports.world import World, target

MOST_LINES = 400
"""Of a module."""
MOST_OF_A_FUNCTION = 40
LONG = {
    "chatworkspace.service.__init__": "has ten arguments, each with its words",
    "chatworkspace._application.waiting._changes": "is one loop, whose steps share how far the wait is",
}
"""Functions that may be longer, and why."""


def circles(world: World) -> Iterator[str]:
    """Tell of modules that import each other, whenever and for whatever: whoever reads one of them has to read them all."""
    graph = {name: {found for it in module.imports if (found := target(world, it)) in world} - {name} for name, module in world.items()}
    while circle := _circle(graph):
        yield f"a circle of imports: {' ─► '.join(circle)}"
        graph[circle[0]].discard(circle[1])


def _circle(graph: Mapping[str, set[str]]) -> list[str]:
    """Return some circle, each followed by what it imports; empty: there is none."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(reversed(error.args[1]))
    return []


def long_modules(world: World) -> Iterator[str]:
    """Tell of modules that are too long."""
    for module in world.values():
        lines = len(module.source.splitlines())
        if lines > MOST_LINES:
            yield f"{module.name}: {lines} lines"


def long_functions(world: World) -> Iterator[str]:
    """Tell of functions that are too long, and of those that may be and are not."""
    found = dict(_long_functions(world))
    yield from (f"{name}: {lines} lines" for name, lines in found.items() if name not in LONG)
    yield from (f"{name} is not long, or not there" for name in LONG if name not in found)


def _long_functions(world: World) -> Iterator[tuple[str, int]]:
    for module in world.values():
        yield from ((f"{module.name}.{name}", lines) for name, lines in module.functions if lines > MOST_OF_A_FUNCTION)
