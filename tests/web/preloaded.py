"""An application that makes all that it uses when it is imported, and uses it then, before its server forks: PRELOADED says what that is."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any
from uuid import UUID

import psycopg
from psycopg_pool import ConnectionPool

from chatworkspace import ChatWorkspaceError
from chatworkspace.ports import Store
from chatworkspace_coder import CoderClient
from chatworkspace_postgres import PostgresStore
from chatworkspace_sqlite import SQLiteStore

OWNER, ORGANIZATION = UUID(int=1), UUID(int=2)
LIMIT = 15.0
STORE = os.environ["CHATWORKSPACE_STORE"]

Ask = Callable[[str], tuple[str, str]]
"""Asks for a chat; returns what was answered about it, and something that all share."""


def _of_store(store: Store, name: str) -> tuple[str, str]:
    store.open_chat(name, OWNER, ORGANIZATION)
    return store.look(name).chat.id, store.secret().hex()


def _over_sqlite() -> Ask:
    store = SQLiteStore(STORE)
    store.secret()
    return partial(_of_store, store)


def _over_connections() -> Ask:
    store = PostgresStore(lambda: psycopg.connect(STORE))
    store.secret()
    return partial(_of_store, store)


def _over_pool() -> Ask:
    pool = ConnectionPool[Any](STORE, min_size=4, max_size=4, open=True)
    pool.wait()
    return partial(_of_store, PostgresStore(pool.connection))


def _over_http() -> Ask:
    client = CoderClient(os.environ["CODER_URL"], token=os.environ["CODER_SESSION_TOKEN"])
    user = client.user()

    def ask(name: str) -> tuple[str, str]:
        found = client.find_workspace(user.id, name, deadline=time.monotonic() + LIMIT)
        return "" if found is None else found.name, str(user.id)

    ask("dev-0")
    return ask


ASK = {"sqlite": _over_sqlite, "connections": _over_connections, "pool": _over_pool, "http": _over_http}[os.environ["PRELOADED"]]()


def app(environ: dict[str, Any], start_response: Callable[[str, list[tuple[str, str]]], object]) -> Iterable[bytes]:
    """Answer with what the path asks for."""
    name = environ["PATH_INFO"].strip("/")
    try:
        told, shared = ASK(name)
    except ChatWorkspaceError as error:
        answer: dict[str, str] = {"error": f"{type(error).__name__}: {error}"}
    else:
        answer = {"told": told, "shared": shared}
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps(answer).encode()]
