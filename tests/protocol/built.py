"""One search of what the protocols come to, and those of the protocol that is built: its rules, callers and faults."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import attrs

from tests.protocol import replacing, rows
from tests.protocol.holds import AT_EVERY_INSTANT, Check, broken
from tests.protocol.model import Found, State, explore


@attrs.frozen(kw_only=True)
class Run:
    """One search."""

    name: str
    what: str
    start: State
    rules: Any
    checks: Sequence[Check]
    moves: Callable[[Any, State], Iterator[tuple[str, State]]]
    breaks: str = ""
    """The check that is known to break: a hole that a later rule closes, or a limit. Empty: all of them hold."""
    deep: bool = False
    """It takes long."""

    def __call__(self) -> Found:
        """Search."""
        return explore(self.start, partial(self.moves, self.rules), partial(broken, self.checks, self.rules))

    def is_as_known(self, found: Found) -> bool:
        """Tell whether it came to what is known."""
        return found.broken.partition(":")[0] == self.breaks


BUILT = rows.Rules()
UNBOUND, RESTORED = rows.Rules(how="unbind"), rows.Rules(how="restore")
OPEN = rows.Rules(claims=False)


def built(  # noqa: PLR0917 # in a table, names would say less than places
    name: str,
    what: str,
    rules: rows.Rules,
    callers: Sequence[Any],
    faults: dict[str, int],
    checks: Sequence[Check] = AT_EVERY_INSTANT,
    *,
    breaks: Check | None = None,
    chat: str = "bound",
    late: bool = False,
    deep: bool = False,
) -> Run:
    """Return a run of it. chat, late: as world() takes them. deep: it takes long."""
    start = rows.world([_caller(it) for it in callers], faults, chat=chat, late=late)
    known = "" if breaks is None else breaks.__name__
    return Run(name=name, what=what, start=start, rules=rules, checks=checks, moves=replacing.moves, breaks=known, deep=deep)


def _caller(told: Any) -> rows.Caller:
    """Return a caller: what it does, or that, how often, and under which wish."""
    of: tuple[Any, ...] = (told,) if isinstance(told, str) else told
    return rows.caller(*of)


def alone(  # noqa: PLR0917 # as above
    name: str, what: str, rules: rows.Rules, callers: Sequence[Any], faults: dict[str, int], check: Check, **more: Any
) -> Run:
    """Return a run in which one thing breaks."""
    return built(name, what, rules, callers, faults, [check], breaks=check, **more)
