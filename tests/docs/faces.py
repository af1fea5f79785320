"""The public names of a module, as its source has them: nothing is imported, so that it is the same under every interpreter."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import attrs

from tests.docs.pages import ROOT

Function = ast.FunctionDef | ast.AsyncFunctionDef
_NAME = r"\*{0,2}\w+(?: \([^)]*\))?"
_TERM = re.compile(rf"^({_NAME}(?:, {_NAME})*): (?=\S)")
_MEMBER = re.compile(r"(?<=[.;] )(?=[A-Z_]{3,}(?:, [A-Z_]{3,})*: )")


@attrs.frozen
class Public:
    """A name, where it is defined, and what is said below it, of a constant."""

    name: str
    node: ast.stmt
    told: str = ""


@cache
def tree_of(module: str) -> ast.Module:
    """Return the source of a module of ours, parsed."""
    return ast.parse(_path(module).read_text(encoding="utf-8"))


def _path(module: str) -> Path:
    places = [root.joinpath(*module.split(".")) for root in (ROOT, ROOT / "adapters")]
    return next(it for place in places for it in (place.with_suffix(".py"), place / "__init__.py") if it.is_file())


def public(module: str) -> Iterator[Public]:
    """Yield all that a module offers, in the order of its `__all__`."""
    (listed,) = (node.value for node in tree_of(module).body if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__")
    for name in ast.literal_eval(listed):
        if name != "__version__":
            yield _found(module, name)


def _found(module: str, name: str) -> Public:
    """Follow a name to where it is defined. LookupError: it is nowhere."""
    body = [it for node in tree_of(module).body for it in (node.body if isinstance(node, ast.If) else [node])]
    for number, node in enumerate(body):
        match node:
            case ast.ClassDef() | ast.FunctionDef() | ast.AsyncFunctionDef() if node.name == name:
                return Public(name, node)
            case ast.AnnAssign(target=ast.Name(id=target)) | ast.Assign(targets=[ast.Name(id=target)]) if target == name:
                return Public(name, node, _string(body[number + 1 : number + 2]))
            case ast.ImportFrom(module=str(source)) if any((it.asname or it.name) == name for it in node.names):
                (alias,) = (it for it in node.names if (it.asname or it.name) == name)
                return _found(source, alias.name)
            case _:
                pass
    raise LookupError(f"{module}.{name}")


def _string(nodes: list[ast.stmt]) -> str:
    match nodes:
        case [ast.Expr(value=ast.Constant(value=str(told)))]:
            return inspect.cleandoc(told)
        case _:
            return ""


# ---------------------------------------------------------------- as Markdown


def page(module: str) -> str:
    """Return the page of a module."""
    lines = [f"# {module}", "", *_said(ast.get_docstring(tree_of(module)) or "")]
    for it in public(module):
        lines += [f"## {it.name}", "", *_entry(it)]
    return "\n".join(lines).rstrip() + "\n"


def _entry(it: Public) -> Iterator[str]:
    match it.node:
        case ast.ClassDef():
            yield from _class(it.node)
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            yield from _function(it.node)
        case _:
            yield from (f"    {ast.unparse(it.node)}", "", *_said(it.told))


def _function(node: Function) -> Iterator[str]:
    yield from (f"    {_signature(node)}", "", *_said(ast.get_docstring(node) or ""))


def _signature(node: Function) -> str:
    written = _written(node.args)
    bare = re.sub(r"^(?:self|cls)(?:, |$)", "", written)
    returned = f" -> {ast.unparse(node.returns)}" if node.returns is not None else ""
    begun = "async " if isinstance(node, ast.AsyncFunctionDef) else ""
    return f"{begun}{node.name}({bare}){returned}"


def _class(node: ast.ClassDef) -> Iterator[str]:
    methods = [it for it in node.body if isinstance(it, Function)]
    made = [it for it in methods if it.name == "__init__"]
    bases = ", ".join(ast.unparse(it) for it in node.bases)
    yield from (f"    class {node.name}({bases})" if bases else f"    class {node.name}", "", *_said(ast.get_docstring(node) or ""))
    for it in made:
        yield from (f"    {_signature(it).replace('__init__', node.name).removesuffix(' -> None')}", "", *_said(ast.get_docstring(it) or ""))
    if fields := list(_fields(node)):
        yield from (*fields, "")
    for it in methods:
        if not it.name.startswith("_"):
            is_property = any(ast.unparse(mark).endswith("property") for mark in it.decorator_list)
            yield from (f"### {node.name}.{it.name}", "")
            yield from (f"    {_signature(it).replace('()', '', 1)}", "", *_said(ast.get_docstring(it) or "")) if is_property else _function(it)


def _fields(node: ast.ClassDef) -> Iterator[str]:
    """Yield what stands in a class: fields, and members of an enumeration."""
    for number, it in enumerate(node.body):
        told = " ".join(_string(node.body[number + 1 : number + 2]).split())
        match it:
            case ast.AnnAssign(target=ast.Name(id=name)) if not name.startswith("_"):
                yield f"- `{_written(it)}`" + (f": {_plain(told)}" if told else "")
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant()) if not name.startswith("_"):
                yield f"- `{_written(it)}`" + (f": {_plain(told)}" if told else "")
            case _:
                pass


def _said(docstring: str) -> Iterator[str]:
    """Yield a docstring, with its arguments and errors as a list, and an empty line behind it."""
    for line in (part.rstrip() for whole in docstring.splitlines() for part in _MEMBER.split(whole)):
        term = _TERM.match(line)
        yield f"- **{_plain(term[1])}**: {_plain(line[term.end() :])}" if term else line if line.startswith(" ") else _plain(line)
    if docstring:
        yield ""


def _written(node: ast.AST) -> str:
    """Return how it is written. Python 3.10 puts a space behind a lambda without arguments."""
    return ast.unparse(node).replace("lambda :", "lambda:")


def _plain(text: str) -> str:
    """Return text in which Markdown reads nothing that was not meant."""
    return re.sub(r"(?<!`)([<*\[])(?!`)", r"\\\1", text) if "`" not in text else text
