"""The random worlds and the demo, in virtual time, with chats that lie in a PostgreSQL."""

from __future__ import annotations

from unittest import mock

import pytest

from chatworkspace.ports import Claim
from chatworkspace_cli._offline.demo import demonstrate
from tests.over_postgres import Stores, over_postgres
from tests.worlds.book import Ledger
from tests.worlds.checker import check
from tests.worlds.world import World

FEW, MANY = 20, 100
SEED = 7


@pytest.mark.parametrize("seeds", [range(FEW), pytest.param(range(FEW, MANY), marks=pytest.mark.deep)], ids=["few", "many"])
def test_nothing_that_must_hold_breaks_in_any_world(postgres_stores: Stores, seeds: range) -> None:
    """Kills, pauses, lost and late answers, refusals and the user's deeds: the checker finds nothing, and all was kept there."""
    broken: dict[int, list[str]] = {}

    def holds(ledger: Ledger, claim: Claim) -> bool:
        row = postgres_stores.of(ledger)._row(claim.chat.id)
        return row.is_held(claim) and not row.written

    with over_postgres(postgres_stores) as stores, mock.patch.object(Ledger, "holds", holds):
        for seed in seeds:
            before = stores.statements
            problems = check(World(seed).run())
            assert stores.statements > before
            if problems:
                broken[seed] = problems
    assert broken == {}


def test_the_demo_ends_as_in_memory(postgres_stores: Stores) -> None:
    """States, workspaces made and live are the same for each chat, and nothing is there twice."""
    in_memory = demonstrate(SEED)
    with over_postgres(postgres_stores):
        story = demonstrate(SEED)
    assert [(row.chat, row.calls, row.state) for row in story.rows] == [(row.chat, row.calls, row.state) for row in in_memory.rows]
    assert story.duplicates == 0
