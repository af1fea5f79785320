"""What a claim, a turn and a creation cost over PostgreSQL, beside the bare statements and beside session advisory locks.

python -m benchmarks.postgres_store --json FILE --plot FILE [--dsn DSN]

Real processes and threads, and a PostgreSQL of its own that writes its log to the disk, unless --dsn names another.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import platform
import sys
import threading
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from statistics import mean, median, quantiles
from typing import Any
from uuid import UUID

import attrs
import psycopg
from psycopg.rows import tuple_row
from psycopg_pool import ConnectionPool

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "adapters")]

from benchmarks.concurrent_creation import in_threads, threads_of  # noqa: E402
from benchmarks.pictures import Bar, bar_chart, page  # noqa: E402
from chatworkspace import ChatWorkspaces  # noqa: E402 # runs from a checkout, installed or not
from chatworkspace.ports import ChangedError, Claim, ClaimedError, Plan, SystemClock  # noqa: E402
from chatworkspace_fake import FakeCoder  # noqa: E402
from chatworkspace_postgres import PostgresStore, _statements  # noqa: E402
from chatworkspace_postgres._statements import Statement  # noqa: E402
from tests.adapters.postgres import server  # noqa: E402
from tests.adapters.postgres.server import Database  # noqa: E402

OWNER = UUID(int=1)
PLAN = Plan(name="dev-abcdefghij", number=0, template_id=UUID(int=2))
THREADS = (1, 8, 64)
GOAL = 70.0
"""Creations per hundred of the bare statements."""
CROWD = 8
"""Processes that want one chat at once."""
TTL = 0.5
"""Seconds that the claim of one who dies lives here."""
HELD = 0.2
"""Seconds for which each of a crowd holds the chat, about as long as a creation's request takes."""
CLOCK = SystemClock()
Held = tuple[float, float, float]
"""When a holder asked for it, had it, and had given it back: instants of the clock that all processes of a machine share."""


def summary(seconds: Sequence[float]) -> dict[str, float]:
    """Return milliseconds."""
    ordered = sorted(seconds)
    return {"samples": len(ordered), "p50_ms": median(ordered) * 1000, "p99_ms": quantiles(ordered, n=100)[98] * 1000}


# ---------------------------------------------------------------- one chat, several processes


@attrs.frozen(kw_only=True)
class Task:
    """What a process is to do."""

    dsn: str
    schema: str
    rounds: int
    """Turns: of all processes together in a crowd, which take them in turns."""
    held: float = 0.0
    """Seconds for which each holds the chat."""
    crowd: bool = False
    listens: bool = False


Way = Callable[[Task, Any, Any], None]
"""Does it once all are at the gate, and puts what it has held into a queue."""


def hold(task: Task, told: Any, gate: Any) -> None:
    """Claim the chat and give it back, and not again before another has had it; wait for the turn where another has it."""
    with ConnectionPool(task.dsn, min_size=1, max_size=2, open=True) as pool:
        store = PostgresStore(pool.connection, schema=task.schema, listen=(lambda: psycopg.connect(task.dsn)) if task.listens else None)
        found, mine = list[Held](), -1
        store.look("chat")
        gate.wait()
        while (look := store.look("chat")).epoch < task.rounds:
            if task.crowd and look.epoch == mine:
                time.sleep(0.01)
                continue
            asked = time.monotonic()
            try:
                claim = store.claim(look, token=CLOCK.token(), ttl=30)
            except ClaimedError:
                store.wait_for_turn(look, CLOCK.monotonic() + 30)
            except ChangedError:
                continue
            else:
                had, mine = time.monotonic(), claim.epoch
                time.sleep(task.held)
                store.release(claim)
                found.append((asked, had, time.monotonic()))
        store.close()
    told.put(found)


def hold_lock(task: Task, told: Any, gate: Any) -> None:
    """Do the same with a session advisory lock: whoever waits keeps a connection, and so does whoever holds."""
    with psycopg.connect(task.dsn, autocommit=True) as connection:
        found = list[Held]()
        connection.execute("SELECT 1")
        gate.wait()
        for _ in range(task.rounds):
            asked = time.monotonic()
            connection.execute("SELECT pg_advisory_lock(42)")
            had = time.monotonic()
            time.sleep(task.held)
            connection.execute("SELECT pg_advisory_unlock(42)")
            found.append((asked, had, time.monotonic()))
    told.put(found)


def in_processes(way: Way, task: Task, processes: int, meanwhile: Callable[[Any], object] | None = None) -> list[list[Held]]:
    """Run it in so many processes at once, and return what each has held. meanwhile: goes through the gate with them."""
    context = multiprocessing.get_context("spawn")
    told: multiprocessing.Queue[list[Held]] = context.Queue()
    gate = context.Barrier(processes + (meanwhile is not None))
    made = [context.Process(target=way, args=(task, told, gate)) for _ in range(processes)]
    for it in made:
        it.start()
    if meanwhile is not None:
        meanwhile(gate)
    found = [told.get(timeout=600) for _ in made]
    for it in made:
        it.join()
    return found


def turns(found: Sequence[Sequence[Held]]) -> list[float]:
    """Return the seconds from each give-back to the next one's having it, where that is another process."""
    held = sorted((had, back, who) for who, mine in enumerate(found) for _, had, back in mine)
    return [max(later[0] - earlier[1], 0.0) for earlier, later in pairwise(held) if later[2] != earlier[2]]


def of_one_chat(database: Database, rounds: int) -> dict[str, Any]:
    """Measure claims and turns, alone and in a crowd."""

    def run(way: Way, processes: int, turns: int, *, listens: bool) -> list[list[Held]]:
        schema, crowd = database.schema(), processes > 1
        database.store(schema=schema).open_chat("chat", OWNER, OWNER)
        rounds = turns // processes if way is hold_lock else turns
        task = Task(dsn=database.app, schema=schema, rounds=rounds, held=HELD if crowd else 0.0, crowd=crowd, listens=listens)
        return in_processes(way, task, processes)

    numbers: dict[str, Any] = {}
    for name, way, listens in (("looking", hold, False), ("notified", hold, True), ("advisory_locks", hold_lock, False)):
        alone = run(way, 1, 8 * rounds, listens=listens)
        two, crowd = (run(way, number, rounds, listens=listens) for number in (2, CROWD))
        numbers[name] = {
            "claim_alone": summary([had - asked for asked, had, _ in alone[0]]),
            "turn_of_two": summary(turns(two)),
            f"turn_of_{CROWD}": summary(turns(crowd)),
        }
        if way is hold:
            numbers[name][f"claim_of_{CROWD}"] = summary([had - asked for mine in crowd for asked, had, _ in mine])
        say(f"{name}: {numbers[name]}")
    return numbers


def wait_for_the_dead(task: Task, told: Any, gate: Any) -> None:
    """Take over from one who has claimed and died, so many times: claim, and claim nothing back."""
    with ConnectionPool(task.dsn, min_size=1, max_size=2, open=True) as pool:
        store = PostgresStore(pool.connection, schema=task.schema)
        found = list[Held]()
        gate.wait()
        for number in range(task.rounds):
            gate.wait()
            while True:
                look = store.look(f"chat-{number}")
                if look.epoch > 1:
                    break
                try:
                    asked = time.monotonic()
                    store.claim(look, token=CLOCK.token(), ttl=30)
                    found.append((asked, time.monotonic(), 0.0))
                except ClaimedError:
                    store.wait_for_turn(look, CLOCK.monotonic() + 30)
                except ChangedError:
                    continue
    told.put(found)


def take_over(database: Database, waiting: int, rounds: int) -> dict[str, float]:
    """Return how long after the end of a dead one's claim the first of those who wait has its turn."""
    schema, ends = database.schema(), list[float]()
    store = database.store(schema=schema)

    def die(gate: Any) -> None:
        gate.wait()  # all are there
        for number in range(rounds):
            store.open_chat(f"chat-{number}", OWNER, OWNER)
            store.claim(store.look(f"chat-{number}"), token=CLOCK.token(), ttl=TTL)
            ends.append(time.monotonic() + TTL)
            gate.wait()

    task = Task(dsn=database.app, schema=schema, rounds=rounds)
    had = sorted(held[1] for mine in in_processes(wait_for_the_dead, task, waiting, die) for held in mine)
    assert len(had) == rounds
    return told_as(f"take-over, {waiting} waiting", summary([max(at - end, 0.0) for at, end in zip(had, ends, strict=True)]))


# ---------------------------------------------------------------- many chats


def creations(database: Database, threads: int, chats: int) -> dict[str, float]:
    """Create a workspace for each of many chats, by the library and by its bare statements, in turns; return both."""
    ours, bare = list[float](), list[float]()
    with ConnectionPool(database.app, min_size=min(threads, 16), max_size=16, open=True, kwargs={"autocommit": True}) as pool:
        pool.wait()
        for _ in range(3):
            ours.append(chats / by_the_library(database, pool, threads, chats))
            bare.append(chats / by_bare_statements(database, pool, threads, chats))
    numbers = {
        "threads": threads,
        "creations": chats,
        "creations_per_second": median(ours),
        "bare_statements_per_second": median(bare),
        "percent_of_bare": 100 * median(mine / theirs for mine, theirs in zip(ours, bare, strict=True)),
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


def by_bare_statements(database: Database, pool: ConnectionPool[Any], threads: int, chats: int) -> float:
    """Return the seconds for the same statements, made by psycopg's own cursors on the same pool, and nothing else."""
    schema = database.schema()
    store = database.store(pool.connection, schema=schema)
    for number in range(chats):
        store.open_chat(f"chat-{number}", OWNER, OWNER)

    def ask(statement: Statement, values: Mapping[str, object]) -> Any:
        with pool.connection() as connection:
            cursor = psycopg.Cursor(connection, row_factory=tuple_row)
            return cursor.execute(statement.text.replace("{schema}", schema).encode(), values, prepare=False).fetchall()

    def create(number: int) -> None:
        chat = {"chat_id": f"chat-{number}"}
        holder = {**chat, "token": f"token-{number}", "ttl": 30}
        plan = {"name": f"dev-{number}", "number": 0, "template_id": PLAN.template_id, "preset_id": None, "fingerprint": ""}
        ask(_statements.LOOK, chat)
        looked_at = {"epoch": 0, "generation": 1, "bound_to": None, "closed": False, "planned": False}
        ask(_statements.CLAIM_WITH_PLAN, {**holder, **looked_at, **plan})
        ask(_statements.BIND, {**holder, "epoch": 1, "workspace_id": UUID(int=1000 + number), "channel": schema, "payload": None})
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


def main(arguments: Sequence[str] | None = None) -> int:
    """Run all of it, say how far it is, and write the numbers."""
    parser = argparse.ArgumentParser(description="Measure the store in PostgreSQL.")
    parser.add_argument("--json", type=Path, help="write the numbers to this file")
    parser.add_argument("--plot", type=Path, help="draw the numbers that people compare into this file (SVG)")
    parser.add_argument("--quick", action="store_true", help="a few seconds of it, to see that it runs")
    parser.add_argument("--dsn", default="", help="a server to use, as a user who may do anything; default: one of its own")
    options = parser.parse_args(arguments)
    server.GIVEN = options.dsn
    server.SETTINGS.update(fsync="on", autovacuum="on", shared_buffers="256MB")
    with server.database() as database:
        numbers = measured(database, quick=options.quick)
    if options.json:
        options.json.write_text(json.dumps(numbers, indent=2) + "\n", encoding="utf-8")
    if options.plot:
        options.plot.write_text(picture(numbers), encoding="utf-8")
    return 0


def measured(database: Database, *, quick: bool) -> dict[str, Any]:
    """Run all of it. quick: in a few seconds, for the sake of running."""
    part = 20 if quick else 1
    ((version,),) = database.execute("SHOW server_version")
    numbers: dict[str, Any] = {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "postgresql": version,
        "load": [os.getloadavg()[0]],
    }
    numbers["one_chat"] = of_one_chat(database, 160 // part)
    numbers["take_over"] = {str(number): take_over(database, number, 60 // part + 2) for number in (1, CROWD)}
    numbers["creations"] = [creations(database, threads, 1600 // part) for threads in THREADS]
    numbers["waiting"] = waiting(database, 1000 // part, 10 / part)
    numbers["load"].append(os.getloadavg()[0])
    return numbers


def picture(numbers: Mapping[str, Any]) -> str:
    """Draw creations beside the bare statements, and the turns of a crowd beside those by advisory locks."""
    rates = list[Bar]()
    for row in numbers["creations"]:
        rates.append(Bar(label=threads_of(row), value=row["creations_per_second"]))
        rates.append(Bar(label="bare statements", value=row["bare_statements_per_second"], baseline=True))
    took = [
        Bar(label=f"{what.replace('_', ' ')}, {name.replace('_', ' ')}", value=it["p50_ms"], baseline=name == "advisory_locks")
        for what in ("claim_alone", "turn_of_two", f"turn_of_{CROWD}")
        for name, of in numbers["one_chat"].items()
        for it in [of[what]]
    ]
    return page([bar_chart("Creations over PostgreSQL", "a second", rates), bar_chart("One chat, several processes: median", "ms", took)])


def told_as(name: str, numbers: dict[str, float]) -> dict[str, float]:
    """Say what came of one measurement, and return it."""
    say(f"{name}: " + ", ".join(f"{key} {value:,.1f}" for key, value in numbers.items()))
    return numbers


def say(line: str) -> None:
    """Say how far it is."""
    print(line, flush=True)  # noqa: T201 # the command's output


if __name__ == "__main__":
    sys.exit(main())
