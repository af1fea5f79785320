"""What the tables refuse, whoever writes it."""

from __future__ import annotations

import psycopg
import pytest

from chatworkspace.ports import Store
from tests.adapters.postgres.calls import ANOTHER, CALLS, bound
from tests.adapters.postgres.server import Database

BAD = {
    "chat": (
        "id = ''", "id = repeat('x', 256)", "owner_id = NULL", "organization_id = NULL", "generation = 0", "generation = NULL",
        "recorded = false, generation = 2", "recorded = NULL", "closed = NULL", "name = NULL",
        "name = repeat('x', 256)", "number = -1", "number = NULL", "template_id = gen_random_uuid()", "preset_id = gen_random_uuid()",
        "fingerprint = NULL", "planned_at = now()", "epoch = -1", "epoch = NULL", "token = NULL", "token = repeat('x', 256)", "taken_at = NULL",
        "until = NULL", "until = taken_at - interval '1 s'", "written = NULL", "noted = -1", "closed_at = now()", "finished = true",
    ),
    "workspace": ("id = NULL", "bound = -1", "bound = NULL", "discarded = NULL", "discarded = true", "maker = 'nobody'"),
    "intent": (
        "chat_id = 'nobody'", "generation = 0", "name = NULL", "template_id = NULL", "planned_at = NULL", "bound_at = NULL",
        "name = repeat('x', 256)",
    ),
    "note": ("chat_id = 'nobody'", "generation = 9", "number = 0", "text = NULL", "times = 0"),
    "secret": ("id = 2", "value = ''", "value = NULL"),
    "version": ("number = 0", "file = ''", "file = NULL", "applied_at = NULL"),
}  # fmt: skip
"""What no row may become."""


@pytest.mark.parametrize(("table", "change"), [(table, change) for table, changes in BAD.items() for change in changes])
def test_every_column_has_its_constraint(postgres: Database, bad_rows: str, table: str, change: str) -> None:
    """The database itself refuses what no store would write."""
    with pytest.raises(psycopg.errors.IntegrityError):
        postgres.execute(f"UPDATE {bad_rows}.{table} SET {change}")


@pytest.fixture(scope="module")
def bad_rows(postgres: Database) -> str:
    store = postgres.store(schema=postgres.schema(kept=True))
    store.secret()
    bound(store)
    store.record_stray("chat", ANOTHER, "a stray")
    return store._schema


def test_all_methods_were_called() -> None:
    """Those of the tests above are all that a store has, wait_for_turn apart."""
    methods = {name for name in vars(Store) if not name.startswith("_")} - {"wait_for_turn"}
    assert {name.partition(" ")[0] for name in CALLS} - {"detach"} == methods
