"""What a picture cannot say: which modules may know the time, wait, lock or guess, and what of a package is its own.

Each rule tells of what breaks it, in all modules of a world.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.imports.world import CORE, Import, Module, World, is_ours, last_name

PURE = f"{CORE}._domain"
IMPURE = ("logging", "os", "threading")
"""Beside what is the clock's."""
CLOCK = f"{CORE}._ports.system_clock"
OF_THE_CLOCK = (
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
LOCKING: dict[str, tuple[str, ...]] = {
    "_application.memory": ("Lock",),
    "_application.mutex": ("Lock",),
    "_application.reads": ("Lock",),
    "_application.watches": ("Lock",),
    "_ports.patience": ("RLock", "local"),
}
"""Modules of the core that guard a few operations, and what they may take for it: most have a table of their own, `patience` knows whose
call a thread is in."""
COMMAND = "chatworkspace_cli"
"""Where a program is put together, by those who know the parts."""


def time_and_chance(world: World) -> Iterator[str]:
    """Tell where the core knows time, chance or a way to wait otherwise than by its clock, and where it locks without a table."""
    for module in _of_core(world):
        if module.name != CLOCK:
            yield from _told(module, _imports_of_the_clock(module))
            yield from _told(module, _reads_of_the_clock(module))


def _imports_of_the_clock(module: Module) -> Iterator[tuple[int, str]]:
    for it in module.imports:
        if it.top in OF_THE_CLOCK:
            yield it.line, f"{it.top} belongs to the clock"
        if it.name in MAKES_ID:
            yield it.line, f"{it.name} belongs to the clock"
        if it.top == "threading" and it.name not in LOCKING.get(module.name.removeprefix(f"{CORE}."), ()):
            yield it.line, f"threading{it.name and '.'}{it.name} is not for this module"


def _reads_of_the_clock(module: Module) -> Iterator[tuple[int, str]]:
    for node in module.nodes:
        if isinstance(node, ast.Attribute):
            if node.attr in MAKES_ID:
                yield node.lineno, f"{node.attr} belongs to the clock"
            if node.attr in READS_TIME and last_name(node.value) in {"datetime", "date"}:
                yield node.lineno, f"datetime.{node.attr} belongs to the clock"


def locks_that_are_none(world: World) -> Iterator[str]:
    """Tell which module may lock, and does not: the list is no longer than it has to be."""
    for name in LOCKING:
        module = world.get(f"{CORE}.{name}")
        if module is None or not any(it.top == "threading" for it in module.imports):
            yield f"{CORE}.{name} has no lock"


def purity(world: World) -> Iterator[str]:
    """Tell where what decides has a part in what runs: a log, a thread, anything of the operating system."""
    for module in _of_core(world):
        if module.name.startswith(f"{PURE}."):
            yield from _told(module, ((it.line, f"a pure module imports {it.top}") for it in module.imports if it.top in IMPURE))


def hidden_imports(world: World) -> Iterator[str]:
    """Tell of imports that cannot be seen where they stand. A package's face may load by name what it names for type checkers."""
    for module in (it for it in world.values() if it.package != "tests"):  # whose programs load by name what they kill
        yield from _told(module, ((it.line, "an import by dots") for it in module.imports if it.module.startswith(".")))
        if not module.is_face:
            yield from _told(module, ((it.line, "an import by a function") for it in module.imports if _imports_functions(it)))
            yield from _told(module, ((node.lineno, "an import by hand") for node in _by_hand(module)))


def _by_hand(module: Module) -> list[ast.Name]:
    if "__import__" not in module.source:
        return []
    return [node for node in module.nodes if isinstance(node, ast.Name) and node.id == "__import__"]


def _imports_functions(it: Import) -> bool:
    return it.module == "importlib" and it.name in {"", "import_module"}


def private_parts(world: World) -> Iterator[str]:
    """Tell where a package's private parts are used by another, or by an example. The command may, and the simulator uses what the fake shares.

    Tests and benchmarks look at private parts on purpose.
    """
    for module in world.values():
        if module.package not in {"benchmarks", "tests"}:
            private = (it for it in module.imports if is_ours(it.top) and it.top != module.package and _is_private(module, it))
            yield from _told(module, ((it.line, f"{it.module} {it.name} is private") for it in private))


def _is_private(module: Module, it: Import) -> bool:
    if module.package == COMMAND and it.top != CORE:
        return False
    parts = [*it.module.split("."), it.name]
    if module.package == "chatworkspace_simulator" and parts[0] == "chatworkspace_fake" and parts[1] in {"_arguments", "_platform"}:
        parts = parts[2:]
    return any(part.startswith("_") and not part.endswith("__") for part in parts)


def _of_core(world: World) -> Iterator[Module]:
    return (module for module in world.values() if module.package == CORE)


def _told(module: Module, found: Iterator[tuple[int, str]]) -> Iterator[str]:
    return (f"{module.name}:{line}: {what}" for line, what in found)
