"""The rules of imports hold, and each of them would notice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from itertools import pairwise

import attrs
import pytest

from tests.imports import picture, rules, shapes
from tests.imports.world import Module, World, read

pytestmark = pytest.mark.once

Rule = Callable[[World], Iterator[str]]

WORLD = read()
PICTURE = picture.drawn()


def layers(world: World) -> Iterator[str]:
    """Each import has its arrow in the picture."""
    return picture.undrawn(world, PICTURE)


RULES: list[Rule] = [
    layers,
    rules.time_and_chance,
    rules.locks_that_are_none,
    rules.purity,
    rules.hidden_imports,
    rules.private_parts,
    shapes.circles,
    shapes.long_modules,
    shapes.long_functions,
]


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_holds(rule: Rule) -> None:
    """In every package, and in what is not installed as far as it goes."""
    assert list(rule(WORLD)) == []


def _changed(name: str, text: str) -> World:
    """Return the world with a module that says more."""
    module = WORLD[f"chatworkspace.{name}" if f"chatworkspace.{name}" in WORLD else name]
    return {**WORLD, module.name: attrs.evolve(module, source=f"{module.source}\n{text}\n")}


@cache
def _known(rule: Rule) -> frozenset[str]:
    return frozenset(rule(WORLD))


def _new(rule: Rule, world: World) -> list[str]:
    return [told for told in rule(world) if told not in _known(rule)]


FORBIDDEN: dict[str, tuple[Rule, str, str]] = {
    # the core: who may import whom
    "a value, errors": (layers, "model", "from chatworkspace.errors import InvalidArgumentError"),
    "a value, the service": (layers, "model", "from chatworkspace.service import ChatWorkspaces"),
    "a value, the service for its types": (layers, "model", "if TYPE_CHECKING:\n    from chatworkspace.service import ChatWorkspaces"),
    "errors, what decides": (layers, "errors", "from chatworkspace._domain.decisions import Step"),
    "errors, outcomes": (layers, "errors", "def progress():\n    from chatworkspace.outcomes import Progress"),
    "what decides, ports": (layers, "_domain.decisions", "from chatworkspace.ports import Look"),
    "what decides, ports as a name": (layers, "_domain.templates", "from chatworkspace import ports"),
    "what decides, a port's file": (layers, "_domain.names", "def look():\n    from chatworkspace._ports.store import Look"),
    "advice, errors": (layers, "_domain.advice", "from chatworkspace.errors import RefusedError"),
    "a port, the service": (layers, "_ports.store", "from chatworkspace import service"),
    "a port, the ports' face": (layers, "_ports.store", "from chatworkspace.ports import Clock"),
    "a port, the whole package": (layers, "_ports.clock", "import chatworkspace"),
    "a port, what runs": (layers, "ports", "from chatworkspace._application.mutex import ChatMutex"),
    "what runs, the service": (layers, "_application.waiting", "def wait():\n    from chatworkspace.service import ChatWorkspaces"),
    "what runs, the whole package": (layers, "_application.waiting", "from chatworkspace import Outcome"),
    "what runs, what a model sees": (layers, "_application.telling", "from chatworkspace._tools.definitions import TOOLS"),
    "what a model sees, what runs": (layers, "_tools.arguments", "from chatworkspace._application.telling import Teller"),
    "what a model sees, the service": (layers, "_tools.arguments", "from chatworkspace.service import ChatWorkspaces"),
    "the tools, the service": (layers, "toolbox", "from chatworkspace.service import ChatWorkspaces"),
    "the tools, the service for its type": (layers, "toolbox", "if TYPE_CHECKING:\n    from chatworkspace.service import ChatWorkspaces"),
    "the tools, what runs": (layers, "toolbox", "def turn():\n    from chatworkspace._application.turns import Turns"),
    "the service, its tools at once": (layers, "service", "from chatworkspace.toolbox import Toolbox"),
    "the service, what a model sees": (layers, "service", "def tools():\n    from chatworkspace._tools.definitions import TOOLS"),
    "a module that is in no room": (layers, "service", "from chatworkspace._nowhere import anything"),
    # the core: everything else
    "the core, an adapter": (layers, "service", "from chatworkspace_fake import MemoryStore"),
    "the core, an adapter lazily": (layers, "service", "def store():\n    from chatworkspace_fake import MemoryStore"),
    "the core, an adapter for its types": (layers, "toolbox", "if TYPE_CHECKING:\n    from chatworkspace_fake import MemoryStore"),
    "the core, the command": (layers, "service", "from chatworkspace_cli import main"),
    "the core, a driver": (layers, "_application.watches", "import requests"),
    "the core, a backport": (layers, "service", "from typing_extensions import Self"),
    # adapters
    "an adapter, a module of the core": (layers, "chatworkspace_sqlite._rows", "from chatworkspace.model import Chat"),
    "an adapter, a module of the core by name": (layers, "chatworkspace_sqlite._rows", "from chatworkspace import service"),
    "an adapter, a module of the core, plainly": (layers, "chatworkspace_sqlite._rows", "import chatworkspace.service"),
    "an adapter, what decides": (layers, "chatworkspace_coder._client", "from chatworkspace._domain.names import mark_of"),
    "an adapter, another": (layers, "chatworkspace_sqlite._rows", "from chatworkspace_postgres import PostgresStore"),
    "an adapter, another lazily": (layers, "chatworkspace_fake.simulation", "def other():\n    import chatworkspace_coder"),
    "an adapter, the command": (layers, "chatworkspace_simulator._coder", "from chatworkspace_cli import main"),
    "an adapter, a driver of others": (layers, "chatworkspace_sqlite._lines", "import psycopg"),
    "a part of an adapter, what stands above": (layers, "chatworkspace_coder._http.link", "from chatworkspace_coder._client import CoderClient"),
    "the simulator, virtual time": (layers, "chatworkspace_simulator._coder", "from chatworkspace_fake._simulation.scheduler import Scheduler"),
    "the command, a driver": (layers, "chatworkspace_cli._parser", "import requests"),
    "the command, an adapter at once": (layers, "chatworkspace_cli._parser", "from chatworkspace_sqlite import SQLiteStore"),
    # time, chance, blocking
    "time": (rules.time_and_chance, "_application.waiting", "from time import monotonic"),
    "time lazily": (rules.time_and_chance, "_application.waiting", "def now():\n    import time\n    return time.time()"),
    "the wall clock": (rules.time_and_chance, "_application.telling", "from datetime import datetime\nat = datetime.now()"),
    "the wall clock by its module": (rules.time_and_chance, "_application.telling", "import datetime\nat = datetime.datetime.utcnow()"),
    "today": (rules.time_and_chance, "_application.telling", "from datetime import date\nday = date.today()"),
    "chance": (rules.time_and_chance, "_application.watches", "import random"),
    "chance where all is pure": (rules.time_and_chance, "_domain.names", "from random import Random"),
    "an id from nowhere": (rules.time_and_chance, "_application.turns", "from uuid import uuid4"),
    "an id by its module": (rules.time_and_chance, "_application.turns", "import uuid\nid = uuid.uuid4()"),
    "a lock where no table is": (rules.time_and_chance, "service", "from threading import Lock"),
    "a lock beside another port": (rules.time_and_chance, "_ports.own_parts", "from threading import Lock"),
    "what is a thread's own, elsewhere": (rules.time_and_chance, "_application.calls", "from threading import local"),
    "a lock that may be taken twice, where one is taken once": (rules.time_and_chance, "_application.mutex", "from threading import RLock"),
    "all of threading": (rules.time_and_chance, "_application.mutex", "import threading"),
    "an event": (rules.time_and_chance, "_application.mutex", "from threading import Event"),
    "a condition": (rules.time_and_chance, "_application.watches", "from threading import Condition"),
    "a thread": (rules.time_and_chance, "_application.calls", "from threading import Thread"),
    "a queue": (rules.time_and_chance, "_application.watches", "from queue import Queue"),
    "a pool": (rules.time_and_chance, "service", "from concurrent.futures import ThreadPoolExecutor"),
    # what decides
    "what decides, a lock": (rules.purity, "_domain.agents", "from threading import Lock"),
    "what decides, a log": (rules.purity, "_domain.agents", "import logging"),
    "what decides, the system": (rules.purity, "_domain.names", "def secret():\n    from os import urandom"),
    # what cannot be seen
    "a neighbour by dots": (rules.hidden_imports, "service", "from ._application import turns"),
    "an import by a function": (rules.hidden_imports, "service", "from importlib import import_module"),
    "an import by the module of imports": (rules.hidden_imports, "chatworkspace_coder._client", "import importlib"),
    "an import by hand": (rules.hidden_imports, "service", "__import__('time').sleep(1)"),
    # what is private
    "an example, a part of an adapter": (rules.private_parts, "examples.flask_app.app", "from chatworkspace_coder._answers.workspaces import User"),
    "an example, a part of the core by name": (rules.private_parts, "examples.flask_app.app", "from chatworkspace import _domain"),
    "an example, a part of the core": (rules.private_parts, "examples.flask_app.app", "import chatworkspace._application.turns"),
    "an adapter, a part of another": (rules.private_parts, "chatworkspace_simulator._coder", "from chatworkspace_fake._simulation import trace"),
    "the command, a part of the core": (rules.private_parts, "chatworkspace_cli._parser", "from chatworkspace._domain import names"),
    # shapes
    "a circle": (shapes.circles, "chatworkspace_postgres._rows", "from chatworkspace_postgres._store import PostgresStore"),
    "a circle of types": (shapes.circles, "chatworkspace_sqlite._rows", "if TYPE_CHECKING:\n    from chatworkspace_sqlite._store import SQLiteStore"),
    "a circle of calls": (
        shapes.circles,
        "_domain.agents",
        "def f():\n    from chatworkspace._domain.agents import x\n    from chatworkspace._domain.conditions import y",
    ),
    "a long module": (shapes.long_modules, "timeouts", "\n" * 400),
    "a long program": (shapes.long_modules, "benchmarks.waiting", "\n" * 400),
    "a long test": (shapes.long_modules, "tests.hanging", "\n" * 400),
    "a long function": (shapes.long_functions, "_domain.names", "def long():\n" + "    pass\n" * 40),
    "a long method": (shapes.long_functions, "examples.flask_app.app", "class It:\n    def long(self):\n" + "        pass\n" * 40),
}


@pytest.mark.parametrize(("rule", "module", "text"), FORBIDDEN.values(), ids=FORBIDDEN)
def test_nobody_may(rule: Rule, module: str, text: str) -> None:
    """Each addition to a module breaks one rule, which tells of it once."""
    (told,) = _new(rule, _changed(module, text))
    assert module in told


ALLOWED = {
    "the clock, time and threads": ("_ports.system_clock", "import random, threading, time\nfrom datetime import datetime\nnow = datetime.now"),
    "a lock where a table is": ("_application.mutex", "from threading import Lock"),
    "whose call it is, where that is known": ("_ports.patience", "from threading import RLock, local"),
    "the service, its tools when needed": ("service", "def toolbox():\n    from chatworkspace.toolbox import Toolbox"),
    "the service, its tools' type": ("service", "if TYPE_CHECKING:\n    from chatworkspace.toolbox import Toolbox"),
    "a backport for type checkers": ("service", "if TYPE_CHECKING:\n    from typing_extensions import Self"),
    "another clock's now": ("_application.turns", "at = self.clock.now()"),
    "a date as a type": ("model", "from datetime import datetime"),
    "what runs, what stands below": (
        "_application.turns",
        "from chatworkspace._domain import names\nfrom chatworkspace.ports import Store\nimport hashlib",
    ),
    "an adapter, the core's faces": ("chatworkspace_sqlite._store", "from chatworkspace import State, ports\nfrom chatworkspace.ports import Store"),
    "an adapter, the standard library": ("chatworkspace_sqlite._store", "import random, threading, attrs"),
    "an adapter, its driver": ("chatworkspace_postgres._wire", "from psycopg import rows"),
    "an adapter, its version": ("chatworkspace_sqlite", "from importlib.metadata import version"),
    "the simulator, the platform in memory": ("chatworkspace_simulator._coder", "from chatworkspace_fake._platform.faults import Fault"),
    "the command, an adapter when needed": ("chatworkspace_cli._parser", "def opened():\n    from chatworkspace_sqlite import SQLiteStore"),
    "a test, what it tests": ("tests.hanging", "from chatworkspace._application.mutex import ChatMutex"),
    "a benchmark, what it measures": ("benchmarks.waiting", "from chatworkspace._application.mutex import ChatMutex"),
    "an example, what it needs": ("examples.flask_app.app", "import flask\nfrom chatworkspace_postgres import PostgresStore"),
}


@pytest.mark.parametrize(("module", "text"), ALLOWED.values(), ids=ALLOWED)
def test_everybody_else_may(module: str, text: str) -> None:
    """What is allowed is not reported: a rule that forbids everything is none."""
    world = _changed(module, text)
    assert [told for rule in RULES for told in _new(rule, world)] == []


def test_a_lock_that_is_gone_is_noticed() -> None:
    """A module that has no table any more may not lock for ever."""
    module = WORLD["chatworkspace._application.mutex"]
    unlocked = attrs.evolve(module, source=module.source.replace("from threading import", "from nowhere import"))
    assert len(_new(rules.locks_that_are_none, {**WORLD, module.name: unlocked})) == 1


def test_a_long_function_that_was_cut_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The list of those that may be long is no longer than it has to be."""
    monkeypatch.setitem(shapes.LONG, "chatworkspace._domain.names.mark_of", "it was")
    assert "chatworkspace._domain.names.mark_of is not long, or not there" in list(shapes.long_functions(WORLD))


def _world(**sources: str) -> World:
    return {name: Module(name=name, source=source) for name, source in sources.items()}


def test_every_circle_is_told() -> None:
    """By the way that its imports go; who imports a circle, and is not imported by it, has no part in it."""
    world = _world(a="import b", b="import c", c="import a", d="import e, a", e="def f():\n    import d", f="import a, d")
    told = [told.removeprefix("a circle of imports: ").split(" ─► ") for told in shapes.circles(world)]
    assert sorted("".join(sorted(set(circle))) for circle in told) == ["abc", "de"]
    assert all(later in {it.module for it in world[name].imports} for circle in told for name, later in pairwise(circle))
