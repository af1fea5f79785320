"""A process that uses a store, told what to do by lines: `look CHAT`, `claim TTL`, `bind WORKSPACE`, `spin CHAT TTL`. It answers each with one."""

from __future__ import annotations

import sys
from contextlib import suppress
from uuid import UUID

import psycopg

from chatworkspace.ports import ChangedError, Claim, ClaimedError, Look, StaleClaimError, SystemClock
from chatworkspace_postgres import PostgresStore
from tests.adapters.postgres.calls import ORGANIZATION, OWNER, PLAN

CLOCK = SystemClock()


class Worker:
    """What it holds."""

    def __init__(self, dsn: str, schema: str) -> None:
        self._store = PostgresStore(lambda: psycopg.connect(dsn), schema=schema)
        self._look: Look | None = None
        self._claim: Claim | None = None

    def look(self, chat_id: str) -> str:
        """Open a chat, and look at it."""
        self._store.open_chat(chat_id, OWNER, ORGANIZATION)
        self._look = self._store.look(chat_id)
        return "looked"

    def claim(self, ttl: str) -> str:
        """Claim what was looked at."""
        assert self._look is not None
        try:
            self._claim = self._store.claim(self._look, token=CLOCK.token(), ttl=float(ttl), plan=PLAN)
        except (ChangedError, ClaimedError):
            return "lost"
        return f"won {self._claim.epoch}"

    def bind(self, workspace_id: str) -> str:
        """Bind what was claimed."""
        assert self._claim is not None
        try:
            return str(self._store.bind(self._claim, UUID(workspace_id)).workspace_id)
        except StaleClaimError:
            return "stale"

    def spin(self, chat_id: str, ttl: str) -> str:
        """Claim and give back, over and over, and never answer again."""
        self._store.open_chat(chat_id, OWNER, ORGANIZATION)
        print("spinning", flush=True)  # noqa: T201 # how it talks
        while True:
            with suppress(ChangedError, ClaimedError):
                claim = self._store.claim(self._store.look(chat_id), token=CLOCK.token(), ttl=float(ttl), plan=PLAN)
                self._store.release(claim, note="n" * 1000)


def main(dsn: str, schema: str) -> None:
    """Answer each line with one."""
    worker = Worker(dsn, schema)
    for line in sys.stdin:
        word, *arguments = line.split()
        print(getattr(worker, word)(*arguments), flush=True)  # noqa: T201 # how it talks


if __name__ == "__main__":
    main(*sys.argv[1:])
