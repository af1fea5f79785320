"""The pytest plugin: a simulation as a fixture, seeds by a marker, and no armed fault that goes unnoticed.

Loaded in every pytest run where the distribution is installed, so it imports nothing of the library until a test asks for it.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any

import pytest

from chatworkspace_fake._simulation.registry import Recorded, registry

if TYPE_CHECKING:
    from chatworkspace_fake.simulation import Simulation

_SEEDS = "chatworkspace_seeds"
_LAST = 100
"""Lines of a trace that a report shows."""


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line("markers", f"{_SEEDS}(n): run the test n times, its chatworkspace_simulation having the seeds 0 to n-1")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make one test for each seed."""
    marker = metafunc.definition.get_closest_marker(_SEEDS)
    if marker is not None:
        seeds = range(_count(*marker.args, **marker.kwargs))
        metafunc.parametrize("chatworkspace_seed", seeds, indirect=True, ids=[f"seed-{seed}" for seed in seeds])


def _count(n: int) -> int:
    return n


@pytest.fixture
def chatworkspace_seed(request: pytest.FixtureRequest) -> int:
    """Give the seed of this test: from the marker chatworkspace_seeds(n), or 0."""
    seed: int = getattr(request, "param", 0)
    return seed


@pytest.fixture
def chatworkspace_simulation(chatworkspace_seed: int) -> Simulation:
    """Give a Simulation with the seed of this test."""
    from chatworkspace_fake.simulation import Simulation  # noqa: PLC0415 - only the tests that use it pay for it

    return Simulation(chatworkspace_seed)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_protocol() -> Generator[None, Any, None]:
    """Keep the simulations of a test until it is over, and no longer."""
    outer, registry.simulations = registry.simulations, []
    yield
    registry.simulations = outer


@pytest.hookimpl(trylast=True)
def pytest_runtest_call() -> None:
    """Fail a test that armed something that never struck. Comes after the test itself, if that has passed."""
    for simulation in tuple(registry.simulations or ()):
        simulation.verify()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, None]:
    """Add seed and story of each simulation to the report of a test that failed."""
    outcome = yield
    report: pytest.TestReport = outcome.get_result()
    if report.failed:
        for simulation in registry.simulations or ():
            report.sections.append((f"chatworkspace simulation, seed {simulation.seed}", _story(item, simulation)))


def _story(item: pytest.Item, simulation: Recorded) -> str:
    seed = simulation.seed
    replay = f'pytest "{item.nodeid}"' if f"seed-{seed}" in item.name else f"Simulation(seed={seed})"
    lines = simulation.trace.splitlines()
    left_out = [f"... {len(lines) - _LAST} lines before these"] if len(lines) > _LAST else []
    return "\n".join([f"to replay: {replay}", *left_out, *lines[-_LAST:]])
