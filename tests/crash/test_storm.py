"""A storm of seconds; and where everything is asked for, half a minute of it, and the same with less to hold on to."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import SystemRandom

import pytest

from tests.crash import databases
from tests.crash.databases import Database, Files
from tests.crash.storm import Outcome, harmed, least_kills, storm, told

Tell = Callable[[str, object], None]
LONG, SHORT, SHORTEST = 30.0, 10.0, 6.0


def _run(stores: Database, record_property: Tell, *, seconds: float, name: str, claims: bool = True, model: bool = False) -> list[Outcome]:
    outcomes = storm(stores, seconds=seconds, seed=SystemRandom().randrange(1 << 31), claims=claims, model=model)
    for outcome in outcomes:
        record_property("told", told(f"storm, {stores.name}, {name}", outcome))
    return outcomes


def _check(outcomes: list[Outcome], *, seconds: float) -> None:
    for outcome in outcomes:
        assert list(outcome.wrong) == []
        assert outcome.counts["duplicates"] == 0
        assert outcome.counts["kills"] + outcome.counts.get("stops", 0) >= least_kills(seconds / len(outcomes))
        assert outcome.counts["made"] > outcome.chats
        assert outcome.counts["told ready"] > outcome.chats
        assert outcome.counts["unanswered"]


@pytest.mark.parametrize(
    ("seconds", "database"),
    [(SHORTEST, "postgres"), *(pytest.param(*more, marks=pytest.mark.exhaustive) for more in ((LONG, "postgres"), (LONG, "sqlite")))],
    indirect=["database"],
)
def test_a_storm_leaves_one_workspace_for_each_chat(database: Database, record_property: Tell, seconds: float) -> None:
    """One live workspace at most, all of them bound or listed, no claim left; and then every chat's next call ends with one."""
    outcomes = _run(database, record_property, seconds=seconds, name="ours")
    _check(outcomes, seconds=seconds)
    if database.name == "postgres":
        assert [outcome.counts["restarts"] for outcome in outcomes] == [2, 2]
        assert all(outcome.counts["stops"] for outcome in outcomes)


@pytest.mark.exhaustive
def test_a_storm_through_a_pooler_leaves_one_workspace_for_each_chat(tmp_path: Path, record_property: Tell) -> None:
    """Statements of all processes meet on a few connections, whose server is ended twice: the same holds."""
    with databases.database("pgbouncer", tmp_path) as stores:
        _check(_run(stores, record_property, seconds=SHORT, name="ours"), seconds=SHORT)


@pytest.mark.exhaustive
def test_the_name_alone_keeps_one_workspace_in_the_same_storm(database: Database, record_property: Tell) -> None:
    """With claims that keep nobody out, one is live at most, each leads back to its chat, and all are bound or listed."""
    _check(_run(database, record_property, seconds=SHORT, name="ours without claims", claims=False), seconds=SHORT)


@pytest.mark.exhaustive
def test_the_same_storm_harms_what_creates_first_and_records_afterwards(tmp_path: Path, record_property: Tell) -> None:
    """Duplicates and orphans are made: a storm that the model system comes through would prove nothing."""
    outcomes = _run(Files(tmp_path), record_property, seconds=SHORT, name="model system", model=True)
    assert harmed(outcomes)
