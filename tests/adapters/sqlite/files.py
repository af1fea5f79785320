"""Stores in files, and processes of their own that use them."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

from chatworkspace.ports import Claim, Plan, SystemClock
from chatworkspace_sqlite import SQLiteStore

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
