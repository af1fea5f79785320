"""The import rules hold, and each of them would notice."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.imports.rules import ADAPTERS, CORE, CORE_MODULES, EXAMPLES, LAYERS, ROOT, modules_of, violations

MODULES = [
    *(pytest.param(CORE, path, id=f"{CORE}.{path.stem}") for path in modules_of(ROOT / CORE)),
    *(pytest.param(name, path, id=f"{name}.{path.stem}") for name in ADAPTERS for path in modules_of(ROOT / "adapters" / name)),
    *(
        pytest.param(f"{EXAMPLES}.{path.parent.name}", path, id=f"{EXAMPLES}.{path.parent.name}.{path.stem}")
        for path in sorted(ROOT.glob(f"{EXAMPLES}/*/*.py"))
    ),
]


@pytest.mark.parametrize(("package", "path"), MODULES)
def test_no_module_breaks_a_rule(package: str, path: Path) -> None:
    """Every module of the core and of the adapters imports only what stands below it, and every one of an example what is public."""
    assert violations(package, path.stem, path.read_text(encoding="utf-8")) == []


def test_every_module_has_its_layer() -> None:
    """The layers name each module of the core once, and none that is gone: whoever adds one says where it belongs."""
    assert sorted(module for layer in LAYERS for module in layer) == sorted(CORE_MODULES)


FORBIDDEN = {
    # who may import whom
    "a value, the service": ("model", "from chatworkspace.service import ChatWorkspaces"),
    "a port, the service": ("ports", "from chatworkspace import service"),
    "a port, the whole package": ("ports", "import chatworkspace"),
    "a value, errors at once": ("model", "from chatworkspace.errors import NotReadyError"),
    "the service, its tools at once": ("service", "from chatworkspace.toolbox import Toolbox"),
    "waiting, turns": ("_waiting", "def wait():\n    from chatworkspace._application.turns import Turns"),
    "turns, the sweep": ("_turns", "from chatworkspace._application.sweeping import Sweeper"),
    "the service, the command": ("service", "from chatworkspace import cli"),
    "a neighbour by dots": ("service", "from . import _turns"),
    "a module that is in no layer": ("service", "from chatworkspace._nowhere import anything"),
    "an import nobody sees": ("service", "from importlib import import_module"),
    "an import by hand": ("service", "__import__('time').sleep(1)"),
    # pure modules
    "a pure module, ports": ("_decisions", "from chatworkspace.ports import Look"),
    "a pure module, ports as a name": ("_templates", "from chatworkspace import ports"),
    "a pure module, errors": ("_advice", "from chatworkspace.errors import RefusedError"),
    "a pure module, time": ("_decisions", "import time"),
    "a pure module, chance": ("_names", "from random import Random"),
    "a pure module, a lock": ("_agents", "from threading import Lock"),
    "a pure module, a log": ("_agents", "import logging"),
    # adapters and drivers
    "the core, an adapter": ("service", "from chatworkspace_fake import MemoryStore"),
    "the core, an adapter lazily": ("service", "def store():\n    from chatworkspace_fake import MemoryStore"),
    "the core, an adapter for its types": ("toolbox", "if TYPE_CHECKING:\n    from chatworkspace_fake import MemoryStore"),
    "the command, an adapter at once": ("cli", "from chatworkspace_fake import Simulation"),
    "a part of the command, an adapter at once": ("_cli_session", "from chatworkspace_coder import CoderClient"),
    "a part of the command that opens nothing, an adapter": ("_cli_texts", "def read():\n    from chatworkspace_coder import CoderClient"),
    "a part of the command, the command": ("_cli_session", "from chatworkspace import cli"),
    "a part of the command, a thread": ("_cli_session", "from threading import Thread"),
    "the command's thread, an event": ("_cli_running", "from threading import Event"),
    "the core, a driver": ("_watches", "import requests"),
    "the core, a backport": ("service", "from typing_extensions import Self"),
    # time, chance, blocking
    "time": ("_waiting", "from time import monotonic"),
    "time lazily": ("_waiting", "def now():\n    import time\n    return time.time()"),
    "the wall clock": ("_telling", "from datetime import datetime\nat = datetime.now()"),
    "the wall clock by its module": ("_telling", "import datetime\nat = datetime.datetime.utcnow()"),
    "today": ("_telling", "from datetime import date\nday = date.today()"),
    "chance": ("_watches", "import random"),
    "an id from nowhere": ("_turns", "from uuid import uuid4"),
    "an id by its module": ("_turns", "import uuid\nid = uuid.uuid4()"),
    "a lock where no table is": ("service", "from threading import Lock"),
    "all of threading": ("_mutex", "import threading"),
    "an event": ("_mutex", "from threading import Event, Lock"),
    "a condition": ("_watches", "from threading import Condition"),
    "a thread": ("_calls", "from threading import Thread"),
    "a queue": ("_watches", "from queue import Queue"),
    "a pool": ("service", "from concurrent.futures import ThreadPoolExecutor"),
}


@pytest.mark.parametrize(("module", "source"), FORBIDDEN.values(), ids=FORBIDDEN)
def test_the_core_may_not_import(module: str, source: str) -> None:
    """Each snippet breaks exactly one rule, and is reported once."""
    (told,) = violations(CORE, module, source)
    assert told.startswith(f"{CORE}.{module}:")


ALLOWED = {
    "the clock, time and threads": ("_clock", "import random, threading, time\nfrom datetime import datetime\nnow = datetime.now"),
    "a lock where a table is": ("_mutex", "from threading import Lock"),
    "a value, errors when needed": ("model", "def fail():\n    from chatworkspace.errors import NotReadyError"),
    "the service, its tools when needed": ("service", "def toolbox():\n    from chatworkspace.toolbox import Toolbox"),
    "the service, its tools' type": ("service", "if TYPE_CHECKING:\n    from chatworkspace.toolbox import Toolbox"),
    "a backport for type checkers": ("service", "if TYPE_CHECKING:\n    from typing_extensions import Self"),
    "the command, an adapter when needed": ("cli", "def demo():\n    from chatworkspace_fake import Simulation"),
    "a part of the command, an adapter when needed": ("_cli_stores", "def opened():\n    from chatworkspace_sqlite import SQLiteStore"),
    "the command, its thread": ("_cli_running", "from queue import Empty, SimpleQueue\nfrom threading import Thread"),
    "another clock's now": ("_turns", "at = self.clock.now()"),
    "a date as a type": ("model", "from datetime import datetime"),
    "a module below": ("_turns", "from chatworkspace import _names\nfrom chatworkspace.ports import Store\nimport attrs, hashlib"),
}


@pytest.mark.parametrize(("module", "source"), ALLOWED.values(), ids=ALLOWED)
def test_the_core_may_import(module: str, source: str) -> None:
    """What the layers allow is not reported: a rule that forbids everything is none."""
    assert violations(CORE, module, source) == []


FORBIDDEN_TO_ADAPTERS = {
    "a private module": "from chatworkspace._domain.names import mark_of",
    "a private module by name": "from chatworkspace import _names",
    "a module of the core": "from chatworkspace.model import Chat",
    "a module of the core, plainly": "import chatworkspace.service",
    "another adapter": "from chatworkspace_postgres import PostgresStore",
    "another adapter lazily": "def other():\n    import chatworkspace_coder",
    "a driver of others": "import psycopg",
}


@pytest.mark.parametrize("source", FORBIDDEN_TO_ADAPTERS.values(), ids=FORBIDDEN_TO_ADAPTERS)
def test_an_adapter_may_not_import(source: str) -> None:
    """An adapter sees the core's two public packages, itself, and its own driver."""
    assert len(violations("chatworkspace_fake", "_store", source)) == 1


@pytest.mark.parametrize(
    "source",
    [
        "from chatworkspace import Chat, ports",
        "from chatworkspace.ports import Store",
        "from chatworkspace_fake._platform.faults import Fault",
        "import random, threading, attrs",
        "import pytest",
    ],
)
def test_an_adapter_may_import(source: str) -> None:
    """Its own parts, the core's public names, the standard library and its driver."""
    assert violations("chatworkspace_fake", "_store", source) == []


@pytest.mark.parametrize(
    "source",
    ["from chatworkspace_coder._answers.workspaces import User", "from chatworkspace import _names", "import chatworkspace._application.turns"],
)
def test_an_example_may_not_import(source: str) -> None:
    """What a reader could not import in a program of their own."""
    assert len(violations("examples.flask_app", "app", source)) == 1
