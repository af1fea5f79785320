"""Values travel as JSON, and show themselves in one short line."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from uuid import UUID

import attrs
import pytest

from chatworkspace import (
    Agent,
    AgentStatus,
    Build,
    Chat,
    Chats,
    ChatWorkspaceError,
    ConnectError,
    InvalidArgumentError,
    JobStatus,
    LeftBehind,
    Lifecycle,
    Outcome,
    Phase,
    Progress,
    Quota,
    Reason,
    RefusedError,
    State,
    Sweep,
    Transition,
    Workspace,
)
from chatworkspace.ports import Intent

ID = UUID("0a11ce00-0000-4000-8000-000000000001")
AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone(timedelta(hours=1)))
LONG = "ü" * 255
CHAT = Chat(id=LONG, owner_id=ID, organization_id=ID, generation=2, workspace_id=ID, closed=True)
AGENT = Agent(id=ID, name=LONG, status=AgentStatus.CONNECTED, lifecycle=Lifecycle.READY, disconnected_for=1.5)
WORKSPACE = Workspace(
    id=ID,
    name="w",
    owner_id=ID,
    owner_name="me",
    organization_id=ID,
    template_id=ID,
    created_at=AT,
    agents=(AGENT,),
    build=Build(id=ID, number=3, transition=Transition.START, job_status=JobStatus.FAILED, template_version_id=ID, error=LONG),
)
OUTCOME = Outcome(
    chat=CHAT,
    state=State.FAILED,
    reason=Reason.QUOTA_FULL,
    next_step=LONG,
    phase=Phase.BUILDING,
    workspace=WORKSPACE,
    agent=AGENT,
    error=LONG,
    log_tail=(LONG, "b"),
    quota=Quota(consumed=1, budget=2),
    left_behind=LeftBehind(workspace_id=ID, name="me/old", reason=Reason.REPLACED),
    not_applied={"name": LONG},
    elapsed=0.25,
)
VALUES = [
    CHAT,
    OUTCOME,
    Progress(chat_id=LONG, generation=2, at=AT, elapsed=1.25, build_number=3, phase=Phase.SCRIPTS, line=LONG, outcome=OUTCOME),
    Chats(chats=(CHAT,), after=LONG, errors={LONG: LONG}),
    Sweep(settled=(LONG,), strays=(WORKSPACE,), deleted=(ID,), errors={LONG: LONG}),
    Intent(generation=2, name=LONG, template_id=ID, planned_at=AT, notes=(LONG,)),
]
ERRORS: list[ChatWorkspaceError] = [
    InvalidArgumentError(LONG, LONG),
    RefusedError(LONG, detail=LONG, validations=[("region", LONG)]),
    ConnectError(LONG, agent=AGENT),
]


@pytest.mark.parametrize("value", VALUES, ids=lambda it: type(it).__name__)
def test_a_value_is_json_by_its_attributes(value: Outcome | Progress | Chat | Chats | Sweep | Intent) -> None:
    """Every attribute under its own name, and nothing that JSON does not have."""
    told = value.as_dict()
    assert json.loads(json.dumps(told)) == told
    assert {field.name for field in attrs.fields(type(value))} <= set(told)


def test_ids_instants_and_enums_are_text() -> None:
    """As they are written everywhere: UUIDs, ISO 8601 with its offset, values of enums; a workspace has its full name as well."""
    told = OUTCOME.as_dict()
    assert (told["state"], told["phase"], told["ready"], told["elapsed"]) == ("failed", "building", False, 0.25)
    assert (told["workspace"]["id"], told["workspace"]["full_name"]) == (str(ID), "me/w")
    assert told["workspace"]["created_at"] == "2026-01-02T03:04:05+01:00"
    assert told["workspace"]["agents"][0]["lifecycle"] == "ready"
    assert (told["left_behind"]["reason"], told["quota"], told["log_tail"]) == ("replaced", {"consumed": 1, "budget": 2}, [LONG, "b"])


@pytest.mark.parametrize("error", ERRORS, ids=lambda it: type(it).__name__)
def test_an_error_is_json_by_its_attributes(error: ChatWorkspaceError) -> None:
    """Message, reason, advice, and what its class adds."""
    told = error.as_dict()
    assert json.loads(json.dumps(told)) == told
    assert {"message", "reason", "next_step", "retryable", "left_behind"} <= set(told)
    assert told["reason"] == error.reason.value


def test_a_refusal_tells_its_fields() -> None:
    """Pairs, as they came."""
    assert RefusedError("no", validations=[("region", "unknown")]).as_dict()["validations"] == [["region", "unknown"]]


@pytest.mark.parametrize("value", [*VALUES, *ERRORS], ids=lambda it: type(it).__name__)
def test_a_repr_is_one_short_line(value: object) -> None:
    """Two hundred characters at most, whatever is in it: logs and debuggers show it by the dozen."""
    assert len(repr(value)) <= 200
    assert "\n" not in repr(value)
    assert type(value).__name__ in repr(value)
