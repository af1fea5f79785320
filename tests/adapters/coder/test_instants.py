"""Who has asked for a build, and since when builds and agents are as they are, read by Coder's own words."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from chatworkspace_coder._answers import workspaces
from tests.adapters.coder.payloads import agent, build


@pytest.mark.parametrize(
    ("reason", "automatic"),
    [
        ("autostop", True),
        ("autostart", True),
        ("dormancy", True),
        ("task_auto_pause", True),
        ("initiator", False),
        ("dashboard", False),
        (None, False),
    ],
)
def test_who_has_asked_for_a_build(reason: str | None, automatic: bool) -> None:  # noqa: FBT001 # a case
    """The platform by itself, or somebody: what is not told is somebody's."""
    assert workspaces.build(build(reason=reason), None).automatic is automatic


def test_since_when_an_agent_is_ready() -> None:
    """By its own word; one that begins anew is not."""
    now = datetime(2026, 9, 1, 10, 30, tzinfo=timezone.utc)
    ready = agent(ready_at="2026-09-01T10:29:00Z", lifecycle_state="ready")
    (read,) = workspaces.agents(build(ready), now)
    (anew,) = workspaces.agents(build(ready | {"lifecycle_state": "starting"}), now)
    assert (read.ready_for, anew.ready_for) == (60, None)
    running = workspaces.build(build(job={"status": "running", "started_at": "2026-09-01T10:20:00Z"}), now)
    assert running.running_for == 600
