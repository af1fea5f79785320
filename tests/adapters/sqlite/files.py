"""Stores in files, and processes of their own that use them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Generator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

from chatworkspace.ports import Claim, Plan, SystemClock
from chatworkspace_sqlite import SQLiteStore

ROOT = Path(__file__).resolve().parents[3]
OWNER, ORGANIZATION, TEMPLATE = (UUID(int=number) for number in range(1, 4))
PLAN = Plan(name="dev-abcdefghij", number=0, template_id=TEMPLATE)
LONG = 30.0
"""Seconds that no test waits for."""
_clock = SystemClock()


@contextmanager
def opened(path: Path, **arguments: Any) -> Generator[SQLiteStore, None, None]:
    """Open a store, and close it in the end."""
    with closing(SQLiteStore(path, **arguments)) as store:
        yield store


def claimed(store: SQLiteStore, chat_id: str, *, ttl: float = LONG) -> Claim:
    """Open a chat if need be, and claim it with a plan."""
    store.open_chat(chat_id, OWNER, ORGANIZATION)
    return store.claim(store.look(chat_id), token=_clock.token(), ttl=ttl, plan=PLAN)


def bound(store: SQLiteStore, chat_id: str, workspace_id: UUID) -> None:
    """Open a chat if need be, and bind it to what it has made."""
    store.bind(claimed(store, chat_id), workspace_id)


def python(module: str, *arguments: object, **options: Any) -> subprocess.Popen[str]:
    """Start a module of these tests in a process of its own, which is talked to line by line."""
    command = [sys.executable, "-m", f"tests.adapters.sqlite.{module}", *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (ROOT, ROOT / "adapters")))}
    return subprocess.Popen(command, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1, **options)


def ask(processes: Sequence[subprocess.Popen[str]], line: str) -> list[str]:
    """Tell all of them the same, as nearly at once as can be, and return what each answers."""
    for process in processes:
        assert process.stdin is not None
        process.stdin.write(line + "\n")
    return [answer(process) for process in processes]


def answer(process: subprocess.Popen[str]) -> str:
    """Return the next line of a process."""
    assert process.stdout is not None
    return process.stdout.readline().strip()


def end(processes: Sequence[subprocess.Popen[str]]) -> None:
    """Kill those that still run, and wait for all."""
    for process in processes:
        process.kill()
        process.communicate()
