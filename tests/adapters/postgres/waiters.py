"""Two stores of one database, and who listens there."""

from __future__ import annotations

import threading
from collections.abc import Generator
from contextlib import closing, contextmanager
from threading import Timer

from chatworkspace.ports import Store
from chatworkspace_postgres import PostgresStore
from tests.adapters.postgres.calls import CHAT, CLOCK, LONG, claimed
from tests.adapters.postgres.server import Database
from tests.hanging import not_hanging


def threads() -> list[str]:
    return [it.name for it in threading.enumerate() if it.name == "chatworkspace-postgres"]


@contextmanager
def two(postgres: Database, *, listen: bool) -> Generator[tuple[PostgresStore, PostgresStore], None, None]:
    """Give two stores on the same chats, as two processes have them."""
    schema = postgres.schema()
    made = [PostgresStore(postgres.connect, schema=schema, listen=postgres.connect if listen else None) for _ in range(2)]
    with closing(made[0]), closing(made[1]):
        yield made[0], made[1]


def given_back(here: Store, there: Store, *, after: float) -> None:
    """Wait here, as whoever wants a turn does, for what is given back there after so many seconds: that is over long before the claim is."""
    claim = claimed(there)
    timer = Timer(after, there.release, (claim,))
    timer.start()
    with not_hanging():
        while (look := here.look(CHAT)).claimed_for:
            here.wait_for_turn(look, CLOCK.monotonic() + LONG)
    timer.join()
