"""A schema that an older version of the library has left becomes this one's, with all that is in it."""

from __future__ import annotations

import pytest

from chatworkspace.ports import Plan
from chatworkspace_postgres import PostgresStore, _schema, upgrade
from tests.adapters.postgres.calls import ANOTHER, ORGANIZATION, OWNER, WORKSPACE
from tests.adapters.postgres.server import Database
from tests.adapters.postgres.test_schema import FILES, missing, owner, shape
from tests.adapters.postgres.test_schema import name as name  # a fixture

NOTED = [*(f"refused: {number}" for number in range(22)), *["refused: 400"] * 1300, "a stray"]
OLDER = """
INSERT INTO {schema}.workspace (id, bound) VALUES ('{bound}', 1);
INSERT INTO {schema}.chat (id, owner_id, organization_id, recorded, workspace_id, name, epoch, token, written)
VALUES ('chat', '{owner}', '{home}', true, '{bound}', 'dev', 1, 'h:1', true);
INSERT INTO {schema}.chat (id, owner_id, organization_id, generation, recorded, closed) VALUES ('closed', '{owner}', '{home}', 2, true, true);
UPDATE {schema}.workspace SET maker = 'chat';
INSERT INTO {schema}.intent (chat_id, generation, name, template_id, workspace_id, planned_at, bound_at, notes)
VALUES ('chat', 1, 'dev', '{owner}', '{bound}', '2026-01-01', '2026-01-02', ARRAY[{notes}]),
    ('closed', 2, '', NULL, NULL, NULL, '2026-01-03', '{{}}');
"""
"""What a library of long ago has left in a schema."""


@pytest.mark.parametrize("version", range(1, len(FILES)))
def test_a_schema_of_an_older_version(postgres: Database, name: str, monkeypatch: pytest.MonkeyPatch, version: int) -> None:
    """It gets what it lacks, keeps what it has, the last twenty notes of a chat and how often each was made, and can then do what it could not."""
    with monkeypatch.context() as older:
        older.setattr(_schema, "SCRIPTS", FILES[:version])
        assert upgrade(owner(postgres), schema=name) == FILES[:version]
    notes = ", ".join(f"'{it}'" for it in NOTED)
    postgres.execute(OLDER.format(schema=name, owner=OWNER, home=ORGANIZATION, bound=WORKSPACE, notes=notes))
    store = PostgresStore(owner(postgres), schema=name)
    assert "`chatworkspace db upgrade`" in missing(store)
    assert upgrade(owner(postgres), schema=name) == FILES[version:]
    assert shape(postgres, name) == shape(postgres, postgres.schema())
    look = store.look("chat")
    assert (look.chat.workspace_id, look.name, store.look("closed").chat.closed) == (WORKSPACE, "dev", True)
    (intent,) = store.history("chat")
    assert (intent.notes, intent.times) == ((*NOTED[4:22], "refused: 400", "a stray"), (*[1] * 18, 1300, 1))
    assert postgres.execute(f"SELECT id, closed_at::date::text FROM {name}.chat WHERE closed") == [("closed", "2026-01-03")]
    claim = store.claim(look, token=str(ANOTHER), ttl=30, plan=Plan(name="lab", number=1, template_id=ANOTHER), keep=True)
    assert (claim.chat, store.bind(claim, ANOTHER).generation) == (look.chat, 2)
    store.record_stray("chat", WORKSPACE, "another stray")
    assert store.history("chat")[0].notes == (*NOTED[5:22], "refused: 400", "a stray")
    assert store.history("chat")[1].notes == ("another stray",)
