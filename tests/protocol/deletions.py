"""What was asked of deletions: each of their rules is needed, and with all of them what must hold does."""

from __future__ import annotations

from collections.abc import Iterator

from tests.protocol import holds, rows
from tests.protocol.built import BUILT, OPEN, Run, alone, built
from tests.protocol.holds import OF_DELETION


def deletions() -> Iterator[Run]:
    """Yield what a deletion needs, and what holds with all of it."""
    few = {"refuse": 1, "expire": 1, "crash": 1}
    yield alone("E1", "what is in doubt is not looked for", rows.Rules(looks_first=False), ["delete"], {}, holds.wiped, chat="made")
    yield built("E1h", "... and is", BUILT, ["delete"], {}, (*OF_DELETION, holds.wiped), chat="made")
    after = rows.Rules(closes_first=False)
    yield alone("E2", "deleted, then closed", after, ["delete", "create"], {"expire": 1}, holds.one_a_call)
    yield alone("E3", "not written down before", rows.Rules(discards=False), ["delete", "adopt"], {}, holds.harmless)
    yield built("E3h", "... and written down", BUILT, ["delete", "adopt"], few, OF_DELETION)
    yield alone("E3l", "a fail-over loses what was written down (limit)", BUILT, ["delete", "adopt"], {"failover": 1}, holds.harmless)
    spared = [it for it in (*OF_DELETION, holds.spares) if it is not holds.asked_for]
    yield built("E4", "what is the user's own", BUILT, ["delete", "create"], few, spared, chat="foreign")
    yield alone("E4n", "... and named", BUILT, ["delete!"], {}, holds.spares, chat="foreign")
    yield built("E5", "and a creation", BUILT, ["delete", "create"], few | {"timeout": 1}, OF_DELETION, chat="new")
    yield built("E6", "two at once", BUILT, ["delete", "delete"], few, OF_DELETION)
    four = few | {"timeout": 1}
    yield built("E7", "and a replacement", BUILT, ["delete", "replace"], four, OF_DELETION)
    yield built("E7d", "and a replacement, twice", BUILT, [("delete", 2), "replace", "create"], four, OF_DELETION, deep=True)
    yield built("E8d", "an old request is on its way", BUILT, ["delete", ("create", 2)], four | {"delete": 1}, OF_DELETION, late=True, deep=True)
    yield built("E9", "attach", BUILT, ["delete", "attach"], few, OF_DELETION)
    yield built("E9d", "attach and detach, and another chat", BUILT, ["delete", "attach", "detach", "adopt"], few, OF_DELETION, deep=True)
    three = {"expire": 1, "timeout": 1, "crash": 1}
    yield built("E10d", "a start, and a sweep", BUILT, ["delete", "create", "start", "sweep"], three, OF_DELETION, chat="new", deep=True)
    lost = [it for it in OF_DELETION if it not in {holds.one, holds.told_the_same}]
    yield built("E11d", "a fail-over", BUILT, ["delete", "create"], four | {"delete": 1, "failover": 1}, lost, deep=True)
    yield built("E12d", "no claims", OPEN, ["delete", "delete", "create"], {"refuse": 1, "timeout": 1}, OF_DELETION, chat="new", deep=True)
