"""Who may import whom: the rules of ARCHITECTURE.md, read off the syntax tree of a module."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
CORE = "chatworkspace"
PORTS = "chatworkspace.ports"
EXAMPLES = "examples"

PURE = ("_advice", "_agents", "_decisions", "_names", "_parameters", "_ranking", "_specs", "_templates", "_texts", "_tools")
TOLD = ("_template_results", "_tool_arguments", "_workspace_results")
"""Pure too, but they speak of errors."""
LAYERS = (
    ("model",),
    PURE,
    ("errors", "_arguments", "timeouts"),
    ("_clock", "_turn_signals", "ports"),
    ("_calls", "_memory", "_mutex", "_watches"),
    ("_waiting",),
    ("_admission", "_redaction"),
    ("_turns",),
    ("_connecting", "_leaving", "_sweeping", "_telling"),
    ("_catalog",),
    ("service",),
    TOLD,
    ("toolbox",),
    ("_cli_codes",),
    ("_cli_texts",),
    ("_cli_json",),
    ("_cli_replay", "_cli_screen", "_cli_stores"),
    ("_cli_running", "_cli_session"),
    ("_cli_doctor",),
    ("_cli_commands",),
    ("_cli_main",),
    ("__init__", "cli"),
    ("__main__",),
)
"""Modules of the core, lowest first. A module imports what stands in its own layer or below."""
UPWARDS = {"model": "errors", "service": "toolbox", "__init__": "toolbox"}
"""What may be imported from above, and only by the call that needs it: an error is built from values, a service hands out its tools."""

COMMAND = ("cli", "_cli_replay", "_cli_session", "_cli_stores", "_cli_doctor")
"""Where a program is put together from core and adapters, each adapter imported by the function that needs it: `--help` needs none of them."""
THREADS: dict[str, tuple[str, ...]] = {"_cli_running": ("SimpleQueue", "Empty", "Thread")}
"""The command is a program, not the library: it owns the one thread that makes its call, so that Ctrl-C never strikes a request."""

LOCKING = ("_calls", "_memory", "_mutex", "_turn_signals", "_watches")
"""Modules with a table of their own, that threading.Lock guards for a few operations."""
CLOCK = "_clock"
BLOCKING = (
    "asyncio",
    "concurrent",
    "multiprocessing",
    "queue",
    "random",
    "sched",
    "secrets",
    "select",
    "selectors",
    "signal",
    "socket",
    "time",
    "_thread",
)
"""Time, chance and other ways to block: of the clock alone, so that a simulation runs the very code that production runs."""
MAKES_ID = ("uuid1", "uuid4")
READS_TIME = ("now", "today", "utcnow")

DRIVERS: dict[str, tuple[str, ...]] = {
    "chatworkspace_coder": ("backoff", "requests", "urllib3", "websocket"),
    "chatworkspace_fake": ("pytest",),
    "chatworkspace_postgres": ("psycopg",),
    "chatworkspace_sqlite": (),
}
"""What an adapter may import beside the standard library and attrs."""


class Import(NamedTuple):
    """One module that is imported, and whether only when a function needs it or a type checker reads it."""

    module: str
    name: str
    line: int
    lazy: bool
    typing: bool

    @property
    def top(self) -> str:
        """The distribution's part of the name."""
        return self.module.partition(".")[0]


def modules_of(folder: Path) -> list[Path]:
    """Return the modules of a package."""
    return sorted(folder.glob("*.py"))


CORE_MODULES = tuple(path.stem for path in modules_of(ROOT / CORE))
ADAPTERS = tuple(path.parent.name for path in sorted(ROOT.glob("adapters/*/__init__.py")))


def violations(package: str, module: str, source: str) -> list[str]:
    """Return the rules that a module of this package breaks, each with its line."""
    tree = ast.parse(source)
    found = _imports(tree, in_function=False, for_types=False)
    if package.partition(".")[0] == EXAMPLES:
        rules = _example_rules(list(found))
    else:
        rules = _core_rules(module, tree, list(found)) if package == CORE else _adapter_rules(package, list(found))
    return [f"{package}.{module}:{line}: {what}" for line, what in rules]


# ---------------------------------------------------------------- the core


def _core_rules(module: str, tree: ast.AST, found: list[Import]) -> Iterator[tuple[int, str]]:
    for it in found:
        if it.top == CORE:
            yield from _layer_rules(module, it)
        elif it.top.startswith(f"{CORE}_"):
            if module not in COMMAND or not (it.lazy or it.typing):
                yield it.line, f"the core imports the adapter {it.top}"
        elif not _standard(it):
            yield it.line, f"the core imports {it.top}: attrs and the standard library only"
        yield from _time_rules(module, it)
        if it.top == "importlib":
            yield it.line, "an import that these rules cannot see"
        if module in PURE and it.top == "logging":
            yield it.line, f"a pure module imports {it.module}"
    if module != CLOCK:
        yield from _calls(tree)


def _layer_rules(module: str, it: Import) -> Iterator[tuple[int, str]]:
    other = it.module.partition(".")[2] or (it.name if it.name in CORE_MODULES else "__init__")
    if UPWARDS.get(module) == other:
        if not (it.lazy or it.typing):
            yield it.line, f"{other} is above: import it where it is needed"
    elif _layer(other) > _layer(module):
        yield it.line, f"{other} is above {module}"


def _time_rules(module: str, it: Import) -> Iterator[tuple[int, str]]:
    if module == CLOCK or it.name in THREADS.get(module, ()):
        return
    if it.top in BLOCKING:
        yield it.line, f"{it.top} belongs to the clock"
    if it.top == "threading" and not (module in LOCKING and it.name == "Lock"):
        yield it.line, f"threading{it.name and '.'}{it.name} is not for this module"
    if it.name in MAKES_ID:
        yield it.line, f"{it.name} belongs to the clock"


def _calls(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            if node.attr in MAKES_ID:
                yield node.lineno, f"{node.attr} belongs to the clock"
            if node.attr in READS_TIME and _last_name(node.value) in {"datetime", "date"}:
                yield node.lineno, f"datetime.{node.attr} belongs to the clock"
        if isinstance(node, ast.Name) and node.id == "__import__":
            yield node.lineno, "an import that these rules cannot see"


def _last_name(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _layer(module: str) -> int:
    """Return the number of a module's layer. A module without one stands above all: whoever adds a module says where it belongs."""
    return next((number for number, layer in enumerate(LAYERS) if module in layer), len(LAYERS))


# ---------------------------------------------------------------- adapters


def _adapter_rules(package: str, found: list[Import]) -> Iterator[tuple[int, str]]:
    for it in found:
        if it.top == CORE:
            if it.module not in {CORE, PORTS} or (it.module == CORE and it.name in CORE_MODULES and it.name != "ports"):
                yield it.line, f"an adapter imports {it.module} {it.name}: {CORE} and {PORTS} only"
        elif it.top.startswith(f"{CORE}_"):
            if it.top != package:
                yield it.line, f"an adapter imports another, {it.top}"
        elif not _standard(it) and it.top not in DRIVERS.get(package, ()):
            yield it.line, f"{it.top} is no driver of {package}"


# ---------------------------------------------------------------- examples


def _example_rules(found: list[Import]) -> Iterator[tuple[int, str]]:
    for it in found:
        if it.top in {CORE, *ADAPTERS} and any(part.startswith("_") for part in (*it.module.split("."), it.name)):
            yield it.line, f"an example imports what is not public: {it.module} {it.name}"


# ---------------------------------------------------------------- reading


def _standard(it: Import) -> bool:
    """Say whether everybody has it. Type checkers bring typing_extensions with them, whatever is installed."""
    return it.top in sys.stdlib_module_names or it.top == "attrs" or (it.top == "typing_extensions" and it.typing)


def _imports(node: ast.AST, *, in_function: bool, for_types: bool) -> Iterator[Import]:
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield Import(alias.name, "", node.lineno, in_function, for_types)
    elif isinstance(node, ast.ImportFrom):
        for alias in node.names:
            yield Import("." * node.level + (node.module or ""), alias.name, node.lineno, in_function, for_types)
    elif isinstance(node, ast.If) and _last_name(node.test) in ("TYPE_CHECKING", "_TYPE_CHECKING"):
        for only_for_types in node.body:
            yield from _imports(only_for_types, in_function=in_function, for_types=True)
        for otherwise in node.orelse:
            yield from _imports(otherwise, in_function=in_function, for_types=for_types)
    else:
        inside = in_function or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        for child in ast.iter_child_nodes(node):
            yield from _imports(child, in_function=inside, for_types=for_types)
