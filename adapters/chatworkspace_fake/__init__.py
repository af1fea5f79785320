"""A Coder, a store and time itself, all in memory: for tests that are fast, and the same every time."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chatworkspace_fake._platform.coder import FakeCoder as FakeCoder
    from chatworkspace_fake._platform.faults import Fault as Fault
    from chatworkspace_fake._platform.memory import MemoryStore as MemoryStore
    from chatworkspace_fake._platform.states import NEVER as NEVER
    from chatworkspace_fake._platform.states import Fails as Fails
    from chatworkspace_fake._platform.store import FakeStore as FakeStore
    from chatworkspace_fake._platform.templates import TemplateSettings as TemplateSettings
    from chatworkspace_fake._platform.workspaces import FakeWorkspace as FakeWorkspace
    from chatworkspace_fake._simulation.processes import Process as Process
    from chatworkspace_fake._simulation.scaled import ScaledClock as ScaledClock
    from chatworkspace_fake.simulation import Simulation as Simulation

__all__ = [
    "NEVER",
    "Fails",
    "FakeCoder",
    "FakeStore",
    "FakeWorkspace",
    "Fault",
    "MemoryStore",
    "Process",
    "ScaledClock",
    "Simulation",
    "TemplateSettings",
]

# Imported at first use: pytest loads this package in every run that has it installed, for the plugin's sake, and most use none of it.
_MODULES = {
    "NEVER": "_platform.states",
    "Fails": "_platform.states",
    "FakeCoder": "_platform.coder",
    "FakeStore": "_platform.store",
    "FakeWorkspace": "_platform.workspaces",
    "Fault": "_platform.faults",
    "MemoryStore": "_platform.memory",
    "Process": "_simulation.processes",
    "ScaledClock": "_simulation.scaled",
    "Simulation": "simulation",
    "TemplateSettings": "_platform.templates",
}


def __getattr__(name: str) -> object:
    module = _MODULES.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(f"{__name__}.{module}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
