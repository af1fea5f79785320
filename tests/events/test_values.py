"""What events are: values that travel as JSON, and show themselves in one short line."""

from __future__ import annotations

import json
from datetime import datetime, timezone

import pytest

from chatworkspace import Phase, Reason, State
from chatworkspace.events import (
    Adopted,
    CallBegun,
    CallEnded,
    Claimed,
    Dialled,
    Event,
    PhaseBegun,
    Requested,
    Retried,
    TakenOver,
    WatchBroken,
)

TEXT = "ü" * 400
AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
EVENTS = [
    CallBegun(call=1, name="create", chat_id=TEXT, after=0.0, at=AT, wait=20.0),
    CallEnded(call=1, name="create", chat_id=TEXT, after=3.5, reason=Reason.CREATED, state=State.READY, phases={Phase.BUILDING: 3.5}),
    PhaseBegun(call=1, name="create", chat_id=TEXT, after=1.0, phase=Phase.BUILDING),
    Requested(call=1, name="create", chat_id=TEXT, after=1.0, request="look", port="store", took=1.0, error=TEXT, error_type="UnavailableError"),
    Retried(call=1, name="create", chat_id=TEXT, after=1.0, request="look", port="store", pause=0.5),
    Dialled(call=1, name="create", chat_id=TEXT, after=1.0, agent=TEXT, took=0.5, error=TEXT, error_type="DialError"),
    WatchBroken(call=1, name="create", chat_id=TEXT, after=1.0, pause=0.5, error=TEXT),
    Claimed(call=1, name="create", chat_id=TEXT, after=1.0, epoch=4, plan=TEXT),
    TakenOver(call=1, name="create", chat_id=TEXT, after=1.0, plan=TEXT),
    Adopted(call=1, name="create", chat_id=TEXT, after=1.0, workspace=TEXT),
]


@pytest.mark.parametrize("event", EVENTS, ids=lambda it: type(it).__name__)
def test_an_event_travels_and_shows_itself(event: Event) -> None:
    """As JSON, and as one short line."""
    told = event.as_dict()
    assert json.loads(json.dumps(told)) == told
    assert len(repr(event)) <= 200
    assert repr(event).startswith(f"<{type(event).__name__} ")
    assert str(event)


def test_phases_travel_by_their_words() -> None:
    """As everywhere."""
    assert EVENTS[1].as_dict()["phases"] == {"building": 3.5}
