"""What gives way first with more worker processes, by what one machine was measured to do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

WORKERS = (10, 100, 10_000)
"""Processes for which the page plans."""
PER_MINUTE = 1.0
"""Creations that each of them makes."""
BUILD = 60.0
"""Seconds that a build takes."""
STATEMENTS, COMMITS, REQUESTS = 4, 2, 5
"""Of a creation: tests assert them."""
ONE_PATH = 512
"""Requests a minute that Coder answers one user on one path, by default."""
STREAMS = 200
"""Workspaces that one process watches by a stream each; whoever comes later is read from lists."""


@attrs.frozen(kw_only=True)
class Plan:
    """So many processes, and what part each takes of what there is of it: 1 is all."""

    workers: int
    per_second: float
    store: float
    """Of the creations that one PostgreSQL was measured to keep."""
    one_user: float
    """Of the requests that the platform answers one user, where all chats are that user's and of one template."""
    streams: float
    """Of those that a process opens."""

    @property
    def builds(self) -> float:
        """How many are under way at once: as many streams stay open, and as many provisioners are needed."""
        return self.per_second * BUILD

    @property
    def first(self) -> str:
        """What gives way first, or would."""
        shares = {"the store's commits": self.store, "the platform's limit for one user": self.one_user, "streams of a process": self.streams}
        name = max(shares, key=shares.__getitem__)
        return name if shares[name] >= 1 else f"nothing; nearest is {name}"


def plan(workers: int, store_per_second: float) -> Plan:
    """Plan for so many processes. store_per_second: creations that the store was measured to keep."""
    rate = workers * PER_MINUTE / 60
    return Plan(
        workers=workers,
        per_second=rate,
        store=rate / store_per_second,
        one_user=60 * rate / ONE_PATH,
        streams=rate * BUILD / workers / STREAMS,
    )


def planning(results: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return the part of the page that plans past one machine."""
    best = max(row["creations_per_second"] for row in results["postgres_store"]["creations"])
    plans = [plan(workers, best) for workers in WORKERS]
    rows = [
        f"| {it.workers:,} | {it.per_second:,.1f} | {it.per_second * COMMITS:,.1f} | {100 * it.store:,.1f} % | {it.per_second * REQUESTS:,.1f} "
        f"| {100 * it.one_user:,.0f} % | {it.builds:,.0f} | {it.first} |"
        for it in plans
    ]
    return [
        PLAN.format(
            statements=STATEMENTS, commits=COMMITS, requests=REQUESTS, rate=PER_MINUTE, build=BUILD, best=best, limit=ONE_PATH, streams=STREAMS
        )
        + "\n".join(rows)
        + WHAT_TO_DO.format(limit=ONE_PATH, streams=STREAMS)
    ]


PLAN = """## What is the bottleneck with more machines?

A creation is {statements} statements, {commits} of them commits, and {requests} requests, whoever makes it. While it waits it keeps one stream of
the platform open, and no connection of the database. The table has {rate:g} creation a minute from each worker process, builds of {build:g} s, one
PostgreSQL that keeps {best:,.0f} creations a second as that of this run did, and a platform that answers {limit} requests a minute to one user on one
path.

| workers | creations a second | commits a second | of that store | requests a second | of one user's | builds, streams | first to give way |
|---|---|---|---|---|---|---|---|
"""
WHAT_TO_DO = """

What a host does about each:

- **The store's commits.** Chats share no row, so commits go side by side, and the disk that the log is written to sets the limit. First comes a
  pooler, for processes take connections: two to four each are enough. Then a faster disk. Then more than one database, each with the chats of some
  owners: they share nothing, save that the sweep has to run over each.
- **The platform's API.** The limit is of {limit} requests a minute from one user to one path, for each replica of the server. Chats that belong to
  their own users, each with a token of its own, do not share it. Else raise it on the server.
- **Builds.** As many provisioners are needed as builds are under way at once. Beyond that they wait in the platform's queue, and callers are told
  their place in it. More processes of ours change nothing about that.
- **Streams** are sockets at both ends. A process opens {streams} at most, and reads whoever comes later from one list for each owner; the platform
  has to hold those of all processes. `max_waiting` bounds those who wait in a process.
"""
