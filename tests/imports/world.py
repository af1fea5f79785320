"""The modules of this repository, and what each of them imports: at once, where a function needs it, or for its types."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path

import attrs

ROOT = Path(__file__).resolve().parents[2]
CORE = "chatworkspace"
PROGRAMS = ("benchmarks", "examples", "tests")
"""Folders of what is not installed, and is held to the rules on circles and sizes."""


@attrs.frozen(kw_only=True)
class Import:
    """One name that is imported, or one module if the name is empty."""

    module: str
    name: str
    line: int
    lazy: bool
    """Inside a function."""
    typing: bool
    """Read by type checkers only."""

    @property
    def top(self) -> str:
        """The distribution's part of the name."""
        return package_of(self.module)

    @property
    def foreign(self) -> bool:
        """Neither ours nor what everybody has: Python's own, and attrs. Type checkers bring typing_extensions with them, whatever is installed."""
        known = self.top in sys.stdlib_module_names or self.top == "attrs" or (self.top == "typing_extensions" and self.typing)
        return not (known or is_ours(self.top) or self.module.startswith("."))


@attrs.frozen(kw_only=True, eq=False, slots=False)  # slots have no place for what is found out once, in attrs of old
class Module:
    """One file. Its name is what it is imported by; that of a package's `__init__.py` is the package's."""

    name: str
    source: str
    is_face: bool = False
    """An `__init__.py`."""

    @cached_property
    def _tree(self) -> ast.Module:
        return ast.parse(self.source)

    @cached_property
    def nodes(self) -> tuple[ast.AST, ...]:
        """All of its syntax tree."""
        return tuple(ast.walk(self._tree))

    @cached_property
    def functions(self) -> tuple[tuple[str, int], ...]:
        """By name, and how many lines each has."""
        found = (node for node in self.nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
        return tuple((node.name, (node.end_lineno or node.lineno) - node.lineno + 1) for node in found)

    @cached_property
    def imports(self) -> tuple[Import, ...]:
        """All of them, wherever they stand."""
        return tuple(_imports(self._tree, lazy=False, typing=False))

    @property
    def package(self) -> str:
        """The distribution's part of its name."""
        return package_of(self.name)


World = Mapping[str, Module]
"""By name."""


def package_of(name: str) -> str:
    """Return the distribution's part of a module's name."""
    return name.partition(".")[0]


def is_ours(name: str) -> bool:
    """Tell whether it is the core, one of the adapters, or a part of them."""
    return package_of(name).partition("_")[0] == CORE


def target(world: World, it: Import) -> str:
    """Return the module that an import leads to: a name that is a module's is the module."""
    whole = f"{it.module}.{it.name}"
    return whole if whole in world else it.module


def read() -> World:
    """Return all of them, as they lie on the disk."""
    places = [(ROOT / CORE, ROOT), *((path.parent, ROOT / "adapters") for path in sorted(ROOT.glob("adapters/*/__init__.py")))]
    places += [(ROOT / folder, ROOT) for folder in PROGRAMS]
    modules = [_module(path, root) for folder, root in places for path in sorted(folder.rglob("*.py"))]
    return {module.name: module for module in modules}


def _module(path: Path, root: Path) -> Module:
    parts = path.relative_to(root).with_suffix("").parts
    is_face = parts[-1] == "__init__"
    return Module(name=".".join(parts[:-1] if is_face else parts), source=path.read_text(encoding="utf-8"), is_face=is_face)


def _imports(node: ast.AST, *, lazy: bool, typing: bool) -> Iterator[Import]:
    match node:
        case ast.expr():
            return  # there is no import in an expression
        case ast.Import(names=names, lineno=line):
            yield from (Import(module=it.name, name="", line=line, lazy=lazy, typing=typing) for it in names)
        case ast.ImportFrom(module=module, names=names, level=level, lineno=line):
            source = "." * level + (module or "")
            yield from (Import(module=source, name=it.name, line=line, lazy=lazy, typing=typing) for it in names)
        case ast.If(test=test) if last_name(test).endswith("TYPE_CHECKING"):
            yield from _of_each(node.body, lazy=lazy, typing=True)
            yield from _of_each(node.orelse, lazy=lazy, typing=typing)
        case _:
            inside = lazy or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            yield from _of_each(ast.iter_child_nodes(node), lazy=inside, typing=typing)


def _of_each(nodes: Iterator[ast.AST] | list[ast.stmt], *, lazy: bool, typing: bool) -> Iterator[Import]:
    for node in nodes:
        yield from _imports(node, lazy=lazy, typing=typing)


def last_name(node: ast.expr) -> str:
    """Return what stands behind the last dot."""
    match node:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
        case _:
            return ""
