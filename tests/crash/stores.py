"""Stores by URL, and what a worker puts around them."""

from __future__ import annotations

import time
from collections.abc import Generator, Sequence
from contextlib import ExitStack, closing, contextmanager
from typing import Any
from urllib.parse import urldefrag

import attrs
from psycopg_pool import ConnectionPool

from chatworkspace import UnavailableError
from chatworkspace.ports import Claim, ClaimedError, Look, Plan, Store
from chatworkspace_fake import ScaledClock
from chatworkspace_postgres import PostgresStore
from chatworkspace_sqlite import SQLiteStore
from tests.hanging import PATIENCE

CONNECTIONS = 4
"""That a process has at most, to a database."""


@contextmanager
def opened(url: str) -> Generator[Store, None, None]:
    """Open the store that a URL names, and close it in the end: `sqlite:///path`, or `postgresql://…#schema`, which has its tables."""
    with ExitStack() as stack:
        if url.startswith("sqlite"):
            yield stack.enter_context(closing(_file(url.removeprefix("sqlite:///"))))
        else:
            dsn, schema = urldefrag(url)
            pool = stack.enter_context(ConnectionPool[Any](dsn, min_size=0, max_size=CONNECTIONS))
            yield stack.enter_context(closing(PostgresStore(pool.connection, schema=schema)))


def _file(path: str) -> SQLiteStore:
    """Open a file, and again while others have it locked for too long: whoever runs a host begins it again, too."""
    over = time.monotonic() + PATIENCE
    while True:
        try:
            return SQLiteStore(path)
        except UnavailableError:  # noqa: PERF203 # that is what it is for
            if time.monotonic() >= over:
                raise


class ScaledStore:
    """A store by its own, real clock, for a service whose seconds pass faster: durations are translated both ways, the rest is as it is."""

    def __init__(self, store: Store, clock: ScaledClock, *, claims: bool = True, aged: bool = False) -> None:
        """claims=False: a claim keeps nobody out, for it is over at once; only its epoch is counted.

        aged: every plan has stood long enough for a sweep.
        """
        self._store = store
        self._clock = clock
        self._claims = claims
        self._aged = aged

    def __getattr__(self, attribute: str) -> Any:
        return getattr(self._store, attribute)

    def look(self, chat_id: str) -> Look:
        """Read a chat."""
        return self._scaled(self._store.look(chat_id))

    def claim(self, look: Look, *, token: str, ttl: float, plan: Plan | None = None, keep: bool = False) -> Claim:
        """Claim a chat for so many of the service's seconds."""
        try:
            life = ttl / self._clock.speed if self._claims else 0.0
            claim = self._store.claim(look, token=token, ttl=life, plan=plan, keep=keep)
        except ClaimedError as error:
            raise ClaimedError(retry_in=error.retry_in * self._clock.speed) from None
        return attrs.evolve(claim, plan=self._plan(claim.plan))

    def wait_for_turn(self, look: Look, deadline: float) -> None:
        """Wait, until an instant of the service's clock."""
        self._store.wait_for_turn(look, self._clock.real(deadline))

    def planned(self, older_than: float) -> Sequence[Look]:
        """Read those with a plan that has stood for so long."""
        return [self._scaled(look) for look in self._store.planned(0.0 if self._aged else older_than / self._clock.speed)]

    def chats(self, *, after: str = "", limit: int = 500) -> Sequence[Look]:
        """Read a page."""
        return [self._scaled(look) for look in self._store.chats(after=after, limit=limit)]

    def owned(self, *, after: str = "", limit: int = 500) -> Sequence[tuple[str, Look]]:
        """Read a page."""
        return [(place, self._scaled(look)) for place, look in self._store.owned(after=after, limit=limit)]

    def finish(self, chat_ids: Sequence[str], closed_for: float) -> None:
        """Finish them, where nothing was aged."""
        self._store.finish(chat_ids, 0.0 if self._aged else closed_for / self._clock.speed)

    def purge(self, older_than: float, *, limit: int = 500) -> int:
        """Remove what is past."""
        return self._store.purge(older_than / self._clock.speed, limit=limit)

    def _scaled(self, look: Look) -> Look:
        return attrs.evolve(look, claimed_for=look.claimed_for * self._clock.speed, plan=self._plan(look.plan))

    def _plan(self, plan: Plan | None) -> Plan | None:
        return None if plan is None else attrs.evolve(plan, planned_for=plan.planned_for * self._clock.speed)
