"""What it costs to import the library: few modules, and nothing that it does not need."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MOST_OWN = 50
MOST_OTHERS = 24
"""Modules of the standard library that attrs does not load; 16 on Python 3.11."""

MEASURE = """
import sys
import attrs
before = set(sys.modules)
import chatworkspace
loaded = set(sys.modules) - before
own = {name for name in loaded if name.partition(".")[0] == "chatworkspace"}
print(len(own), len(loaded - own))
"""
LOADED = """
import sys
import {module}
print(*sorted({{name.partition(".")[0] for name in sys.modules}}))
"""


def _python(script: str, cache: Path) -> str:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "COVERAGE"))}
    environment |= {"PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "adapters"))), "PYTHONPYCACHEPREFIX": str(cache)}
    return subprocess.run([sys.executable, "-c", script], env=environment, check=True, capture_output=True, text=True).stdout


def test_importing_loads_few_modules(tmp_path: Path) -> None:
    """Beside those of attrs: few of our own, and a handful of the standard library. How long it takes is for a benchmark to say."""
    own, others = map(int, _python(MEASURE, tmp_path).split())
    assert own <= MOST_OWN
    assert others <= MOST_OTHERS


@pytest.mark.parametrize("module", ["chatworkspace", "chatworkspace.ports"])
def test_importing_loads_no_driver_and_no_adapter(module: str, tmp_path: Path) -> None:
    """Whoever embeds the core pays for no platform, database or test tool."""
    loaded = set(_python(LOADED.format(module=module), tmp_path).split())
    assert not loaded & {"requests", "urllib3", "psycopg", "sqlite3", "websocket", "backoff", "chatworkspace_fake", "pytest", "asyncio"}


def test_the_fake_is_imported_without_pytest(tmp_path: Path) -> None:
    """The embedded store and platform can be used where no test tool is installed."""
    assert "pytest" not in _python(LOADED.format(module="chatworkspace_fake.simulation, chatworkspace_fake._platform.store"), tmp_path).split()


def test_the_plugin_loads_nothing_of_the_library(tmp_path: Path) -> None:
    """The plugin is loaded wherever the distribution is installed, so a run that does not use it does not pay for it."""
    loaded = _python(LOADED.format(module="chatworkspace_fake.pytest_plugin"), tmp_path).split()
    assert "pytest" in loaded
    assert not {"chatworkspace", "attrs"} & set(loaded)
