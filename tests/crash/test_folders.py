"""The storm over a platform of folders and processes, told by its file system."""

from __future__ import annotations

from random import SystemRandom

import pytest

from tests.crash.databases import Database
from tests.crash.folders import CUT_OFF
from tests.crash.storm import MANY_LOCAL, Size, local_storm, told
from tests.crash.test_storm import Tell
from tests.ways import exhaustive_unless

SHORT, LONG = 3.0, 30.0
"""Seconds."""
FEW = Size(chats=4, processes=3, threads=2, delete=0.5)


def _rage(stores: Database, record_property: Tell, size: Size, seconds: float) -> None:
    """See that nothing is wrong afterwards, and that it was a storm."""
    outcome = local_storm(stores, size, seconds=seconds, seed=SystemRandom().randrange(1 << 31))
    record_property("told", told(f"storm over folders, {stores.name}", outcome))
    assert list(outcome.wrong) == []
    assert outcome.counts["duplicates"] == outcome.counts["orphans"] == 0
    assert all(outcome.counts[it] for it in ("kills", CUT_OFF, "deleted"))
    assert outcome.counts["made"] > outcome.chats
    assert outcome.counts["told ready"] > outcome.chats


@pytest.mark.parametrize(
    "database", [pytest.param(it, marks=exhaustive_unless(it == "sqlite")) for it in ("sqlite", "postgres")], indirect=True, scope="session"
)
def test_a_storm_leaves_one_folder_for_each_chat(database: Database, record_property: Tell) -> None:
    """No chat ever had two at a time, each leads back to its chat, and is bound or swept; then every chat's next call ends with one."""
    _rage(database, record_property, FEW, SHORT)


@pytest.mark.deep
def test_a_long_storm_of_many(database: Database, record_property: Tell) -> None:
    """The same with 8 processes of 8 threads, and 50 chats."""
    _rage(database, record_property, MANY_LOCAL, LONG)
