"""A way to the database that outlives connections: one statement at a time, each on a connection that is taken for it and given back behind it."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from contextlib import AbstractContextManager
from functools import cached_property, partial

from chatworkspace.ports import Clock, interruptible, pauses, time_left
from chatworkspace_postgres._borrowing import Borrowed
from chatworkspace_postgres._failures import StatementError, closed, last_words, not_in_time, unavailable
from chatworkspace_postgres._names import quoted
from chatworkspace_postgres._places import NOWHERE, place_of
from chatworkspace_postgres._statements import Prepared, Statement
from chatworkspace_postgres._wire import Connect, Connection, Limit, Rows, ask

FIRST_PAUSE, LONGEST_PAUSE = 0.01, 0.1
"""Seconds between two tries."""
LEAST = 0.1
"""Seconds that a statement has, however little time its caller has left: in none at all only a connection would be lost."""


class Line:
    """Runs statements, again where that may help, for at most `timeout` seconds. Safe from any thread; holds nothing between calls."""

    def __init__(self, connect: Connect, *, schema: str, timeout: float, clock: Clock) -> None:
        self._connect = connect
        self._schema = schema
        self._quoted = quoted(schema)
        self._timeout = timeout
        self._clock = clock
        self.place: str = getattr(connect, "place", NOWHERE)
        """Where the database is, as far as it is known."""
        self._prepared: dict[Statement, Prepared] = {}
        self._closed = False

    def close(self) -> None:
        """Let nobody ask any more."""
        self._closed = True

    def ask(self, statement: Statement, given: Mapping[str, str | None], *, or_again: bool = False) -> Rows:
        """Run a statement; or_again: until it returns a row. UnavailableError; InvalidArgumentError if the connection is not idle."""
        limit = Limit(min(max(time_left(self._timeout), LEAST), self._timeout))
        with interruptible(limit.give_up):
            return self._ask(self._prepare(statement), given, limit, or_again=or_again)

    def _ask(self, prepared: Prepared, given: Mapping[str, str | None], limit: Limit, *, or_again: bool) -> Rows:
        rests, failure = pauses(self._clock, first=FIRST_PAUSE, longest=LONGEST_PAUSE), None
        while not self._closed:
            try:
                rows = self._once(prepared, given, limit)
            except StatementError as error:
                if not error.passing:
                    raise unavailable(error, self._schema, self.place) from error
                failure = last_words(failure, error)
            except TimeoutError as error:
                raise not_in_time(limit.why(failure is not None), failure, self.place) from error
            else:
                if rows or not or_again:
                    return rows
            if not (left := limit.to_wait()):
                raise not_in_time(limit.why(failure is not None), failure, self.place) from failure
            self._clock.sleep(min(next(rests), left))
        raise closed(self.place)

    def _prepare(self, statement: Statement) -> Prepared:
        prepared = self._prepared.get(statement)
        return self._prepared.setdefault(statement, statement.within(self._quoted)) if prepared is None else prepared

    def _once(self, prepared: Prepared, given: Mapping[str, str | None], limit: Limit) -> Rows:
        failure: StatementError
        with Borrowed(partial(self._take, limit)) as connection:
            if self.place == NOWHERE:
                self.place = place_of(connection.pgconn)
            try:
                return ask(connection, prepared.text, prepared.values(given), limit)
            except StatementError as error:
                if error.lost:
                    connection.pgconn.finish()  # the pool makes another
                failure = error
        raise failure

    def _take(self, limit: Limit) -> AbstractContextManager[Connection]:
        if self._takes_timeout:
            return self._connect(timeout=limit.to_wait())  # type: ignore[call-arg] # pyright: ignore[reportCallIssue] # it does
        return self._connect()

    @cached_property
    def _takes_timeout(self) -> bool:
        try:
            return "timeout" in inspect.signature(self._connect).parameters
        except (TypeError, ValueError):
            return False
