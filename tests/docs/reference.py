"""The reference, made of what it tells of: `python -m tests.docs.reference` writes it, with llms.txt, and a test compares them.

Every public name comes from its docstring, every command from the parser, every limit from its default.
"""

from __future__ import annotations

import argparse
import inspect
import re
from collections.abc import Iterator, Mapping
from posixpath import normpath
from typing import Any, cast

import attrs

from chatworkspace import Timeouts
from chatworkspace_cli._codes import MEANINGS
from chatworkspace_cli._examples import EXAMPLES
from chatworkspace_cli._parser import parser
from tests.docs import faces
from tests.docs.pages import ROOT, text

FOLDER = "docs/reference"
MODULES: Mapping[str, str] = {
    "chatworkspace": "what a host imports",
    "chatworkspace.ports": "what writers of adapters import",
    "chatworkspace.events": "what is told to those who listen",
    "chatworkspace_coder": "Coder over HTTP",
    "chatworkspace_local": "a platform of folders and processes on one machine; it is no sandbox",
    "chatworkspace_postgres": "the store in PostgreSQL",
    "chatworkspace_sqlite": "the store in a file",
    "chatworkspace_web": "streams of events, and the end of a worker",
    "chatworkspace_mcp": "the tools over the Model Context Protocol",
    "chatworkspace_telemetry": "spans and metrics",
    "chatworkspace_fake": "a platform, a store and time, in memory",
    "chatworkspace_simulator": "Coder's API, served from memory",
    "chatworkspace_contracts": "the rules of the ports",
}
EXAMPLE_PAGES = (
    "- [A web page for a chat's workspace](examples/flask_app/README.md): Flask, gunicorn, live phases and log\n"
    "- [A chat agent in one file](examples/agent_loop/README.md): a model that works in its workspace"
)
_LIMIT = re.compile(r"^(\w+) \([\d.]+\): (.*)$", re.MULTILINE)


def written() -> dict[str, str]:
    """Return each page, by its path from the root."""
    pages = {f"{FOLDER}/api/{module}.md": faces.page(module) for module in MODULES}
    return {
        **pages,
        f"{FOLDER}/api/README.md": _map(),
        f"{FOLDER}/commands.md": _commands(),
        f"{FOLDER}/timeouts.md": _timeouts(),
        "llms.txt": _for_models(),
    }


def _map() -> str:
    rows = (f"- [{module}]({module}.md): {what}" for module, what in MODULES.items())
    return "# Every public name\n\nEach with what its docstring says. Durations are seconds, ids are UUIDs.\n\n" + "\n".join(rows) + "\n"


def _timeouts() -> str:
    told = dict(_LIMIT.findall(inspect.getdoc(Timeouts) or ""))
    rows = (f"| `{it.name}` | {it.default:g} | {told[it.name]} |" for it in attrs.fields(Timeouts))
    lines = (
        "# Limits, and their defaults",
        "",
        "`ChatWorkspaces(…, timeouts=Timeouts(build=1200))` changes one of them. All are seconds, finite and above 0.",
        "",
        "| limit | default | what it is for |",
        "|---|---|---|",
        *rows,
        "",
        "Sizes of what a model is told stand in the [rules of the tools](rules.md).",
    )
    return "\n".join(lines) + "\n"


def _for_models() -> str:
    """Return the map of the pages as language models are given it (llmstxt.org): what it is, then links with a few words each."""
    what = re.sub(r"\[([^]]+)\]\([^)]+\)", r"\1", " ".join(text("README.md").split("\n\n")[1].split()))
    chapters = text("docs/README.md").partition("\n## ")[2]
    pages = "\n".join(_entry(line) if line.startswith("- ") else line for line in f"## {chapters}".splitlines())
    begin = "## Begin\n\n- [README](README.md): the first command, embedding, what is guaranteed\n- [Changes](CHANGELOG.md): what is new"
    names = "\n".join(f"- [{module}]({FOLDER}/api/{module}.md): {of}" for module, of in MODULES.items())
    more = f"## Every public name\n\n{names}\n\n## Examples\n\n{EXAMPLE_PAGES}"
    return f"# chatworkspace\n\n> {what}\n\n{begin}\n\n{pages}\n\n{more}\n"


def _entry(line: str) -> str:
    return re.sub(r"\]\(([^)]+)\)", lambda it: f"]({normpath(f'docs/{it[1]}')})", line)


# ---------------------------------------------------------------- commands


def _commands() -> str:
    codes = (f"| {code.value} | {meaning} |" for code, meaning in MEANINGS.items())
    lines = (
        "# Every command",
        "",
        "[commands.md](../how-to/commands.md) shows them at work. Each has `--help`, which tells the same.",
        "",
        *(line for name, command in _of(parser()) for line in _command(name, command)),
        "## Exit codes",
        "",
        "| code | meaning |",
        "|---|---|",
        *codes,
    )
    return "\n".join(lines) + "\n"


def _choices(action: Any) -> Mapping[str, argparse.ArgumentParser]:
    """Return the commands of a group; empty: it is none."""
    return action.choices if hasattr(action, "add_parser") else {}


def _of(made: argparse.ArgumentParser, before: str = "") -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """Yield each command with what reads its words; a group's own commands in its place."""
    for action in made._actions:
        for name, command in _choices(action).items():
            inner = list(_of(command, f"{name} "))
            yield from inner or [(before + name, command)]


def _command(name: str, command: argparse.ArgumentParser) -> Iterator[str]:
    yield from (f"## chatworkspace {name}", "", " ".join((command.description or "").split()), "")
    yield from (f"- `{_words(it)}`: {(it.help or '').replace('%%', '%')}" for it in command._actions if it.dest != "help")
    yield ""
    if examples := EXAMPLES.get(name.rsplit(maxsplit=1)[-1], ()):
        yield from (*(f"    chatworkspace {line}" for line in examples), "")


def _words(action: argparse.Action) -> str:
    """Return how an argument is written."""
    what = cast("Any", action.metavar) or action.dest.upper()
    if not action.option_strings:
        return str(what)
    options = ", ".join(action.option_strings)
    return options if action.nargs == 0 else f"{options} [{what}]" if action.nargs == "?" else f"{options} {what}"


if __name__ == "__main__":
    for path, page in written().items():
        (ROOT / path).parent.mkdir(parents=True, exist_ok=True)
        (ROOT / path).write_text(page, encoding="utf-8")
