"""What every store decides by a chat's row: whether a claim or a write may be made, or was made already."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any
from uuid import UUID

import attrs
import pytest

from chatworkspace import Chat
from chatworkspace.ports import ChangedError, Claim, ClaimedError, Intent, Look, Plan, Record, StaleClaimError, intent_of, record_of

OWNER, ORGANIZATION, TEMPLATE, PRESET, OLD, NEW = (UUID(int=number) for number in range(1, 7))
BEFORE, MINE = "before", "mine"
CHAT = Chat(id="chat-1", owner_id=OWNER, organization_id=ORGANIZATION, generation=3, workspace_id=OLD)
PLAN = Plan(name="chat-abc", number=1, template_id=TEMPLATE)
FREE = Record(chat=CHAT, plan=None, name="chat-abc", number=1, epoch=4, claimed_for=0.0, token=BEFORE, written=True)
HELD = attrs.evolve(FREE, epoch=5, token=MINE, claimed_for=60.0, written=False)
CLAIM = HELD.claim


def _as_it_is(**changes: Any) -> Record:
    return attrs.evolve(HELD, **changes)


# ------------------------------------------------------------------ what it tells


def test_a_reader_gets_all_but_the_token() -> None:
    """Whoever could name the token could write."""
    assert HELD.look == Look(chat=CHAT, plan=None, name="chat-abc", number=1, epoch=5, claimed_for=60.0)
    named = attrs.evolve(HELD, token="[::1]:4711:a1b2-7", held_for=3.0)  # noqa: S106 # of a claim
    assert named.look == attrs.evolve(HELD.look, holder="[::1]:4711", held_for=3.0)
    assert attrs.evolve(named, claimed_for=0.0).look == attrs.evolve(HELD.look, claimed_for=0.0)


def test_a_holder_gets_what_its_writes_carry() -> None:
    """The chat and the plan as they are under the claim."""
    assert attrs.evolve(HELD, plan=PLAN).claim == Claim(chat=CHAT, plan=PLAN, epoch=5, token=MINE)


# ------------------------------------------------------------------ claims


def test_a_chat_that_is_free_and_as_it_was_may_be_claimed() -> None:
    """Nothing has changed since the look."""
    assert FREE.was_claimed(FREE.look, MINE) is False


@pytest.mark.parametrize(
    "changes",
    [
        {"epoch": 5, "token": "hers"},
        {"chat": attrs.evolve(CHAT, workspace_id=NEW)},
        {"chat": attrs.evolve(CHAT, generation=4)},
        {"chat": attrs.evolve(CHAT, closed=True)},
        {"plan": PLAN},
    ],
)
def test_a_chat_that_has_changed_is_looked_at_again(changes: dict[str, Any]) -> None:
    """By a claim since, or by its holder's own write, which keeps the epoch. Held or not: what is known of it is old."""
    for claimed_for in (0.0, 60.0):
        with pytest.raises(ChangedError):
            attrs.evolve(FREE, claimed_for=claimed_for, **changes).was_claimed(FREE.look, MINE)


def test_a_chat_that_is_held_is_waited_for() -> None:
    """As long as the claim lives."""
    with pytest.raises(ClaimedError) as caught:
        HELD.was_claimed(HELD.look, "another")
    assert caught.value.retry_in == 60.0


def test_a_claim_whose_answer_was_lost_is_known_again() -> None:
    """By its token, though the chat is held and has changed: by this very claim."""
    assert _as_it_is(plan=PLAN, chat=attrs.evolve(CHAT, workspace_id=None)).was_claimed(FREE.look, MINE) is True


def test_a_claim_that_was_given_back_is_not_known_again() -> None:
    """Its holder has written since, so nothing is held by it."""
    with pytest.raises(ChangedError):
        _as_it_is(written=True, claimed_for=0.0).was_claimed(FREE.look, MINE)


# ------------------------------------------------------------------ writes of the holder


def test_a_holder_may_write() -> None:
    """Once."""
    assert HELD.was_bound(CLAIM, NEW) is False
    assert HELD.was_attached(CLAIM, NEW) is False
    assert HELD.was_attached(CLAIM, None, closes=True) is False


def test_a_claim_that_has_run_out_still_writes() -> None:
    """As long as nobody has claimed since: the time alone takes nothing away."""
    assert _as_it_is(claimed_for=0.0).was_bound(CLAIM, NEW) is False


@pytest.mark.parametrize("changes", [{"epoch": 6, "token": "hers"}, {"token": "hers"}, {"epoch": 6}])
def test_nobody_writes_once_somebody_else_has_claimed(changes: dict[str, Any]) -> None:
    """Epoch and token are both the claim's, or it is stale."""
    record = _as_it_is(**changes)
    assert not record.is_held(CLAIM)
    with pytest.raises(StaleClaimError):
        record.was_bound(CLAIM, NEW)
    with pytest.raises(StaleClaimError):
        record.was_attached(CLAIM, NEW)


UNBOUND = attrs.evolve(CHAT, workspace_id=None)
BOUND = attrs.evolve(CHAT, workspace_id=NEW)
"""From unbound: what was planned has come."""
ATTACHED = attrs.evolve(CHAT, workspace_id=NEW, generation=4)
"""Or bound in the place of what it had."""
DETACHED = attrs.evolve(CHAT, workspace_id=None, generation=4)
CLOSED = attrs.evolve(DETACHED, closed=True)


def test_a_write_that_is_repeated_is_known_again() -> None:
    """By what it has left behind."""
    assert _as_it_is(written=True, chat=BOUND).was_bound(attrs.evolve(CLAIM, chat=UNBOUND), NEW) is True
    assert _as_it_is(written=True, chat=CHAT).was_bound(CLAIM, OLD) is True
    assert _as_it_is(written=True, chat=ATTACHED).was_bound(CLAIM, NEW) is True
    assert _as_it_is(written=True, chat=ATTACHED).was_attached(CLAIM, NEW) is True
    assert _as_it_is(written=True, chat=DETACHED).was_attached(CLAIM, None) is True
    assert _as_it_is(written=True, chat=CLOSED).was_attached(CLAIM, None, closes=True) is True


def test_a_write_to_a_closed_chat_is_known_again() -> None:
    """What was closed stays closed, whatever is bound to it."""
    claim = attrs.evolve(CLAIM, chat=attrs.evolve(CHAT, closed=True))
    unbound = attrs.evolve(CLAIM, chat=attrs.evolve(UNBOUND, closed=True))
    assert _as_it_is(written=True, chat=attrs.evolve(BOUND, closed=True)).was_bound(unbound, NEW) is True
    assert _as_it_is(written=True, chat=attrs.evolve(ATTACHED, closed=True)).was_attached(claim, NEW) is True


@pytest.mark.parametrize("chat", [CHAT, BOUND, ATTACHED, DETACHED, CLOSED])
def test_a_second_write_is_none(chat: Chat) -> None:
    """A claim carries one write: whatever else it has left behind, and be it nothing, this is another."""
    record = _as_it_is(written=True, chat=chat)
    writes: list[tuple[Chat, Callable[[], bool]]] = [
        (BOUND, lambda: record.was_bound(attrs.evolve(CLAIM, chat=UNBOUND), NEW)),
        (ATTACHED, lambda: record.was_bound(CLAIM, NEW)),
        (ATTACHED, lambda: record.was_attached(CLAIM, NEW)),
        (DETACHED, lambda: record.was_attached(CLAIM, None)),
        (CLOSED, lambda: record.was_attached(CLAIM, None, closes=True)),
    ]
    for then, write in writes:
        if then != chat:
            with pytest.raises(StaleClaimError):
                write()


# ------------------------------------------------------------------ rows

ROW: dict[str, Any] = {
    "id": "chat-1",
    "owner_id": str(OWNER),
    "organization_id": str(ORGANIZATION),
    "generation": 3,
    "workspace_id": str(OLD),
    "closed": 0,
    "name": "chat-abc",
    "number": 1,
    "template_id": None,
    "preset_id": None,
    "fingerprint": "",
    "planned_for": 7.5,
    "epoch": 4,
    "claimed_for": 0,
    "token": "before",
    "written": 1,
}
INTENT: dict[str, Any] = {
    "generation": 3,
    "name": "chat-abc",
    "template_id": str(TEMPLATE),
    "preset_id": str(PRESET),
    "replaces": str(OLD),
    "workspace_id": str(NEW),
    "planned_at": 1_000_001,
    "bound_at": None,
    "notes": ["refused"],
}


def _told_as_text(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row as a database's own protocol brings it. Flags are the store's to read."""
    return {name: str(value) if isinstance(value, (int, float)) and name not in {"closed", "written"} else value for name, value in row.items()}


@pytest.mark.parametrize("row", [ROW, _told_as_text(ROW)])
def test_a_row_becomes_a_record(row: dict[str, Any]) -> None:
    """Whether its numbers are numbers or text. More columns do no harm."""
    assert record_of({**row, "taken_at": 3}) == FREE


@pytest.mark.parametrize("preset", [None, PRESET])
def test_a_plan_stands_while_there_is_a_template(preset: UUID | None) -> None:
    """With its age, by the store's clock."""
    row = {**ROW, "workspace_id": None, "template_id": str(TEMPLATE), "preset_id": preset and str(preset), "fingerprint": "f"}
    plan = Plan(name="chat-abc", number=1, template_id=TEMPLATE, preset_id=preset, fingerprint="f", planned_for=7.5)
    assert record_of(row) == attrs.evolve(FREE, plan=plan, chat=attrs.evolve(CHAT, workspace_id=None))


@pytest.mark.parametrize("row", [INTENT, _told_as_text(INTENT)])
def test_a_row_becomes_an_intent(row: dict[str, Any]) -> None:
    """Instants to the microsecond, aware."""
    assert intent_of(row) == Intent(
        generation=3,
        name="chat-abc",
        template_id=TEMPLATE,
        preset_id=PRESET,
        replaces=OLD,
        workspace_id=NEW,
        planned_at=datetime(1970, 1, 1, 0, 0, 1, 1, tzinfo=timezone.utc),
        bound_at=None,
        notes=("refused",),
    )
