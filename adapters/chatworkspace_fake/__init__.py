"""A Coder, a store and time itself, all in memory: for tests that are fast, and the same every time.

Begin with Simulation, a small world in virtual time: its coder is a FakeCoder, its store a FakeStore, and what is to go wrong with either is one line
(`sim.coder.when("create_workspace").lose_answer()`). The pytest plugin, which comes with the distribution, has the fixture
`chatworkspace_simulation` and the marker `chatworkspace_seeds(n)`. MemoryStore is a store for one process, outside of tests too.

Durations are seconds (float), of the clock that a thing was given. FakeCoder, FakeStore, MemoryStore and ScaledClock are safe from any thread.
"""

from __future__ import annotations

from importlib import import_module as _import_module
from typing import TYPE_CHECKING as _TYPE_CHECKING

if _TYPE_CHECKING:
    from chatworkspace import __version__
    from chatworkspace_fake._platform.coder import FakeCoder
    from chatworkspace_fake._platform.connections import FakeCommand
    from chatworkspace_fake._platform.faults import Fault
    from chatworkspace_fake._platform.memory import MemoryStore
    from chatworkspace_fake._platform.shell import RealShell
    from chatworkspace_fake._platform.states import NEVER, Fails
    from chatworkspace_fake._platform.store import FakeStore
    from chatworkspace_fake._platform.templates import TemplateSettings
    from chatworkspace_fake._platform.workspaces import FakeWorkspace
    from chatworkspace_fake._simulation.actors import ProcessKilled, StuckError
    from chatworkspace_fake._simulation.processes import Process
    from chatworkspace_fake._simulation.scaled import ScaledClock
    from chatworkspace_fake.simulation import Simulation

__all__ = [
    "NEVER",
    "Fails",
    "FakeCoder",
    "FakeCommand",
    "FakeStore",
    "FakeWorkspace",
    "Fault",
    "MemoryStore",
    "Process",
    "ProcessKilled",
    "RealShell",
    "ScaledClock",
    "Simulation",
    "StuckError",
    "TemplateSettings",
    "__version__",
]

# Imported at first use: pytest loads this package in every run that has it installed, for the plugin's sake, and most use none of it.
_MODULES = {
    "NEVER": "chatworkspace_fake._platform.states",
    "Fails": "chatworkspace_fake._platform.states",
    "FakeCoder": "chatworkspace_fake._platform.coder",
    "FakeCommand": "chatworkspace_fake._platform.connections",
    "FakeStore": "chatworkspace_fake._platform.store",
    "FakeWorkspace": "chatworkspace_fake._platform.workspaces",
    "Fault": "chatworkspace_fake._platform.faults",
    "MemoryStore": "chatworkspace_fake._platform.memory",
    "Process": "chatworkspace_fake._simulation.processes",
    "ProcessKilled": "chatworkspace_fake._simulation.actors",
    "RealShell": "chatworkspace_fake._platform.shell",
    "ScaledClock": "chatworkspace_fake._simulation.scaled",
    "Simulation": "chatworkspace_fake.simulation",
    "StuckError": "chatworkspace_fake._simulation.actors",
    "TemplateSettings": "chatworkspace_fake._platform.templates",
    "__version__": "chatworkspace",
}


def __getattr__(name: str) -> object:
    module = _MODULES.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(_import_module(module), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
