"""What a claim, a turn and a creation cost over PostgreSQL, beside the bare statements and beside session advisory locks.

python -m benchmarks.postgres_store --json FILE

Real processes and threads, and a PostgreSQL of its own that writes its log to the disk, unless BENCHMARKS_DSN names another.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from statistics import mean, median
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import tuple_row
from psycopg_pool import ConnectionPool

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "adapters")]

from benchmarks.concurrent_creation import in_threads  # noqa: E402
from benchmarks.postgres_turns import CLOCK, CROWD, OWNER, of_one_chat, say, take_over, told_as  # noqa: E402
from benchmarks.report import command  # noqa: E402
from chatworkspace import ChatWorkspaces, Workspace  # noqa: E402 # runs from a checkout, installed or not
from chatworkspace.ports import Claim, CreateWorkspace, Plan  # noqa: E402
from chatworkspace_fake import FakeCoder  # noqa: E402
from chatworkspace_postgres import PostgresStore, _statements  # noqa: E402
from chatworkspace_postgres._statements import Statement  # noqa: E402
from tests.adapters.postgres import server  # noqa: E402
from tests.adapters.postgres.server import Database  # noqa: E402

PLAN = Plan(name="dev-abcdefghij", number=0, template_id=UUID(int=2))
THREADS = (1, 8, 64)
DSN = "BENCHMARKS_DSN"
"""Names a server to use, as a user who may do anything."""


# ---------------------------------------------------------------- many chats


def creations(database: Database, threads: int, chats: int) -> dict[str, float]:
    """Create a workspace for each of many chats, by the library and by its bare calls, in turns; return all.

    A creation asks the platform as well, and here that is a part of this very process: so what it is compared with makes the same calls of it, beside
    the same statements. The statements alone stand beside them.
    """
    ours, equal, bare = list[float](), list[float](), list[float]()
    with ConnectionPool(database.app, min_size=min(threads, 16), max_size=16, open=True, kwargs={"autocommit": True}) as pool:
        pool.wait()
        for _ in range(3):
            ours.append(chats / by_the_library(database, pool, threads, chats))
            equal.append(chats / by_bare_statements(database, pool, threads, chats, Platform()))
            bare.append(chats / by_bare_statements(database, pool, threads, chats, None))
    numbers = {
        "threads": threads,
        "creations": chats,
        "creations_per_second": median(ours),
        "bare_port_calls_per_second": median(equal),
        "percent_of_bare_port_calls": 100 * median(mine / theirs for mine, theirs in zip(ours, equal, strict=True)),
        "bare_statements_per_second": median(bare),
        "percent_of_bare_statements": 100 * median(mine / theirs for mine, theirs in zip(ours, bare, strict=True)),
    }
    return told_as(f"creations, {threads} threads", numbers)


def by_the_library(database: Database, pool: ConnectionPool[Any], threads: int, chats: int) -> float:
    """Return the seconds for so many creations."""
    coder = FakeCoder()
    template = coder.add_template("docker")
    with ChatWorkspaces(store=database.store(pool.connection), creator=coder, dialer=coder) as service:
        for number in range(chats + 1):
            service.open_chat(f"chat-{number}", owner_id=OWNER, organization_id=template.organization_id)
        service.create(f"chat-{chats}", template.id)  # reads the secret

        def work(thread: int) -> None:
            for number in range(thread, chats, threads):
                assert service.create(f"chat-{number}", template.id).ready

        return in_threads(threads, work)


class Platform:
    """What builds at once, and the calls of it that a creation makes."""

    def __init__(self) -> None:
        self._coder = FakeCoder()
        self._template = self._coder.add_template("docker")

    def check(self) -> None:
        """Read the template."""
        self._coder.get_template(OWNER, self._template.id, deadline=time.monotonic() + 30)

    def create(self, name: str) -> Workspace:
        """Create a workspace."""
        organization = self._template.organization_id
        request = CreateWorkspace(owner_id=OWNER, organization_id=organization, name=name, template_id=self._template.id)
        return self._coder.create_workspace(request, deadline=time.monotonic() + 30)

    def dial(self, workspace: Workspace) -> None:
        """Reach its agent."""
        with self._coder.dial(workspace, workspace.agents[0], deadline=time.monotonic() + 30):
            pass


def by_bare_statements(database: Database, pool: ConnectionPool[Any], threads: int, chats: int, platform: Platform | None) -> float:
    """Return the seconds for the same statements, made by psycopg's own cursors on the same pool. platform: is asked as well; None: nothing is."""
    schema = database.schema()
    store = database.store(pool.connection, schema=schema)
    for number in range(chats):
        store.open_chat(f"chat-{number}", OWNER, OWNER)

    prepared = {statement: statement.within(schema) for statement in (_statements.LOOK, _statements.CLAIM_WITH_PLAN, _statements.BIND)}

    def ask(statement: Statement, values: Mapping[str, object]) -> Any:
        sent = prepared[statement]
        with pool.connection() as connection:
            return (
                psycopg.RawCursor(connection, row_factory=tuple_row)
                .execute(sent.text, [values[name] for name in sent.names], prepare=False)
                .fetchall()
            )

    def create(number: int) -> None:
        chat = {"chat_id": f"chat-{number}"}
        holder = {**chat, "token": f"token-{number}", "ttl": 30}
        plan = {"name": f"dev-{number}", "number": 0, "template_id": PLAN.template_id, "preset_id": None, "fingerprint": ""}
        ask(_statements.LOOK, chat)
        if platform is not None:
            platform.check()
        looked_at = {"epoch": 0, "generation": 1, "bound_to": None, "closed": False, "planned": False}
        ask(_statements.CLAIM_WITH_PLAN, {**holder, **looked_at, **plan})
        made = None if platform is None else platform.create(f"dev-{number}")
        workspace_id = UUID(int=1000 + number) if made is None else made.id
        ask(_statements.BIND, {**holder, "epoch": 1, "workspace_id": workspace_id, "channel": schema, "payload": None})
        if platform is not None and made is not None:
            platform.dial(made)
        ask(_statements.LOOK, chat)

    def work(thread: int) -> None:
        for number in range(thread, chats, threads):
            create(number)

    return in_threads(threads, work)


class Counted:
    """A pool whose loans are counted."""

    def __init__(self, pool: ConnectionPool[Any]) -> None:
        self._pool = pool
        self._lock = threading.Lock()
        self.lent = 0
        self.loans = 0

    @contextmanager
    def connection(self) -> Generator[psycopg.Connection[Any], None, None]:
        """Lend one."""
        with self._pool.connection() as connection:
            self._count(1)
            try:
                yield connection
            finally:
                self._count(-1)

    def _count(self, change: int) -> None:
        with self._lock:
            self.lent += change
            self.loans += change > 0

    def watched(self, seconds: float) -> dict[str, float]:
        """Return how many are lent, by samples, and how many statements a second that is."""
        samples, before, begun = list[int](), self.loans, time.monotonic()
        while (took := time.monotonic() - begun) < seconds:
            samples.append(self.lent)
            time.sleep(0.005)
        return {
            "connections_in_use_least": min(samples),
            "connections_in_use_mean": mean(samples),
            "connections_in_use_most": max(samples),
            "statements_per_second": (self.loans - before) / took,
        }


def waiting(database: Database, chats: int, seconds: float) -> dict[str, Any]:
    """Let so many chats wait for the turn of others, and then for their builds; count connections and statements meanwhile."""
    with ConnectionPool(database.app, min_size=16, max_size=16, open=True, timeout=60) as pool:
        counted = Counted(pool)
        store = database.store(counted.connection, timeout=60)
        numbers = {
            "chats": chats,
            "for_a_turn": for_a_turn(store, counted, chats, seconds),
            "for_a_build": for_a_build(store, counted, chats, seconds),
            "by_advisory_locks": {"connections_in_use_least": chats, "why": "a session for each that waits, and one more for each that holds"},
        }
    say(f"{chats} chats wait: {numbers}")
    return numbers


def for_a_turn(store: PostgresStore, counted: Counted, chats: int, seconds: float) -> dict[str, float]:
    """Let each chat be held by somebody else, whose turn does not end."""
    claims = [held_elsewhere(store, number) for number in range(chats)]
    looks = [store.look(claim.chat.id) for claim in claims]
    ends = time.monotonic() + seconds + 60
    threads = [threading.Thread(target=store.wait_for_turn, args=(look, ends)) for look in looks]
    for thread in threads:
        thread.start()
    time.sleep(1)
    numbers = counted.watched(seconds)
    for claim in claims:
        store.release(claim)
    for thread in threads:
        thread.join()
    return numbers


def for_a_build(store: PostgresStore, counted: Counted, chats: int, seconds: float) -> dict[str, float]:
    """Let each chat's workspace be built, for an hour."""
    coder = FakeCoder()
    slow = coder.add_template("slow", build=3600.0)
    with ChatWorkspaces(store=store, creator=coder, dialer=coder) as service:
        threads = [threading.Thread(target=service.create, args=(f"build-{number}", slow.id)) for number in range(chats)]
        for number, thread in enumerate(threads):
            service.open_chat(f"build-{number}", owner_id=OWNER, organization_id=slow.organization_id)
            thread.start()
        while sum(look.chat.workspace_id is not None for look in store.chats(limit=10 * chats)) < chats:
            time.sleep(0.2)
        time.sleep(1)
        numbers = counted.watched(seconds)
        for number in range(chats):
            service.interrupt(f"build-{number}")
        for thread in threads:
            thread.join()
    return numbers


def held_elsewhere(store: PostgresStore, number: int) -> Claim:
    """Open a chat, and claim it for somebody else."""
    store.open_chat(f"chat-{number}", OWNER, OWNER)
    return store.claim(store.look(f"chat-{number}"), token=CLOCK.token(), ttl=600)


# ---------------------------------------------------------------- all of it


def measured(*, quick: bool) -> dict[str, Any]:
    """Run all of it. quick: in a few seconds, for the sake of running."""
    part = 20 if quick else 1
    server.GIVEN = os.environ.get(DSN, "")
    server.SETTINGS.update(fsync="on", full_page_writes="on", wal_level="replica", autovacuum="on", shared_buffers="256MB")
    with server.database() as database:
        ((version,),) = database.execute("SHOW server_version")
        return {
            "postgresql": version,
            "one_chat": of_one_chat(database, 160 // part),
            "take_over": {str(number): take_over(database, number, 60 // part + 2) for number in (1, CROWD)},
            "creations": [creations(database, threads, 800 // part) for threads in THREADS],
            "waiting": waiting(database, 1000 // part, 10 / part),
        }


if __name__ == "__main__":
    sys.exit(command("postgres_store", f"the store in PostgreSQL, one of its own unless {DSN} names another", measured))
