"""What is told of what was found: the same facts for programs and for people."""

from __future__ import annotations

from datetime import datetime, timezone
from uuid import UUID

import attrs

from chatworkspace import (
    ChatNotFoundError,
    InvalidArgumentError,
    LeftBehind,
    Outcome,
    Phase,
    Progress,
    Quota,
    Reason,
    RefusedError,
    State,
    Sweep,
    TemplateError,
    UnavailableError,
)
from chatworkspace.ports import Intent, Look
from chatworkspace_cli._online.json import chat_json, error_json
from chatworkspace_cli._online.texts import error_lines, history_lines, outcome_lines, step_text, sweep_lines, template_line
from tests.application.worlds import a_build, a_chat, a_template, a_workspace, an_agent

NOON = datetime(2026, 11, 24, 12, tzinfo=timezone.utc)
LEFT = LeftBehind(workspace_id=UUID(int=7), name="ana/old", reason=Reason.REPLACED)
FAILED = Outcome(
    chat=a_chat(),
    state=State.FAILED,
    reason=Reason.QUOTA_FULL,
    next_step="Delete one.",
    workspace=a_workspace(build=a_build(number=3)),
    agent=an_agent(),
    error="insufficient quota",
    log_tail=("planning", "applying"),
    quota=Quota(consumed=9, budget=10),
    left_behind=LEFT,
    not_applied={"template_id": "another", "name": "its own"},
    elapsed=1.23456,
)


def test_an_outcome_for_people() -> None:
    """What it is, the end of the log, what holds instead, what was left behind, and what to do."""
    told = "\n".join(outcome_lines(FAILED))
    for part in ("failed (quota_full)", "| applying", "error: insufficient quota", "9 of 10", "left behind: ana/old"):
        assert part in told
    assert "\n--template had no effect; what holds: another\n--name is not as it was asked for: it is its own\n" in told
    assert told.endswith("\nDelete one.")
    assert "lines before" not in told
    assert "| … [40 lines before these]\n| planning" in "\n".join(outcome_lines(attrs.evolve(FAILED, log_left_out=40)))


def test_an_error_for_programs_and_people() -> None:
    """It names what the user typed, with the platform's own words and what was left behind."""
    error = InvalidArgumentError("parameters['region']", "text")
    assert error_json(error)["error"]["message"] == "--param['region']: expected text"
    refused = RefusedError("No.", detail="Not you.", validations=[("name", "is taken")])
    refused.left_behind = LEFT
    assert next(error_lines(refused)) == "No. Not you. name: is taken"
    told = error_json(refused)
    assert told["error"] == {**refused.as_dict(), "message": "No. Not you. name: is taken", "next_step": told["error"]["next_step"]}
    assert told["error"]["left_behind"]["name"] == "ana/old"
    several = RefusedError("they do not fit", validations=[("colour", "is required"), ("size", "is no number")])
    assert next(error_lines(several)) == "they do not fit: colour: is required; size: is no number"


def test_an_errors_advice_speaks_of_the_command_line() -> None:
    """Nobody who types a command has called open_chat; left behind and next step are lines of their own."""
    unknown = error_json(ChatNotFoundError("a b"))["error"]
    assert unknown["message"] == "chat 'a b' is not known to this store"
    assert "chatworkspace create" in unknown["next_step"]
    assert list(error_lines(TemplateError("no template"))) == ["no template", "`chatworkspace templates` lists them."]
    away = UnavailableError("away", next_step="")
    away.left_behind = LEFT
    assert list(error_lines(away)) == ["away", f"left behind: ana/old ({UUID(int=7)}), replaced"]


def test_a_sweep() -> None:
    """What was settled, what lies about with the command that deletes it, what was deleted, and what failed."""
    stray = a_workspace()
    swept = Sweep(settled=("a",), strays=(stray,), deleted=(UUID(int=3),), errors={"b": "busy"})
    settled, listed, deleted, failed = sweep_lines(swept)
    assert (settled, deleted, failed) == ("settled the plan of a", f"deleted {UUID(int=3)}", "failed: b: busy")
    assert f"`chatworkspace sweep --delete {stray.id}`" in listed
    assert list(sweep_lines(Sweep())) == ["nothing to sweep"]


def test_a_step() -> None:
    """A phase, a position in the queue, or a line of the log."""
    step = Progress(chat_id="a", generation=1, at=NOON, elapsed=0.12345, build_number=2, phase=Phase.BUILDING, queue_position=3)
    assert step_text(step) == "building, position 3 in the queue"
    assert step_text(attrs.evolve(step, line="pulling")) == "| pulling"


def test_a_history_for_people() -> None:
    """What was planned, when, what came of it, and the notes."""
    chat = attrs.evolve(a_chat(), workspace_id=None, closed=False)
    look = Look(chat=chat, plan=None, name="", number=0, epoch=1, claimed_for=0)
    history = [
        Intent(generation=1, name="dev-x", template_id=UUID(int=1), planned_at=NOON, notes=("refused: no",)),
        Intent(generation=2, name="dev-x", template_id=UUID(int=1), replaces=UUID(int=8), workspace_id=UUID(int=9), planned_at=NOON, bound_at=NOON),
        Intent(generation=3, name="", template_id=None, workspace_id=UUID(int=5), bound_at=NOON),
        Intent(generation=4, name="", template_id=None, bound_at=NOON),
    ]
    told = chat_json(look, history)
    assert (told["chat"], told["planned"], told["history"][1]["replaces"]) == (chat.as_dict(), False, str(UUID(int=8)))
    assert told["history"][0]["planned_at"] == "2026-11-24T12:00:00+00:00"
    first, claims, planned, note, bound, attached, detached = history_lines(look, history)
    assert claims == "claims so far: 1"
    assert first.endswith("has no workspace")
    assert planned.endswith("never bound")
    assert note.strip() == "refused: no"
    assert f"bound to {UUID(int=9)} at 2026-11-24 12:00:00 UTC in place of {UUID(int=8)}" in bound
    assert f"attached {UUID(int=5)}" in attached
    assert "detached or closed" in detached


def test_a_template_in_a_line() -> None:
    """Its remarks, and of its description the first line."""
    told = template_line(attrs.evolve(a_template(), description="Small.\nAnd more.", deprecated=True, agents_allowed=False))
    assert "[not for chats, deprecated] - Small." in told
    assert "more" not in told
