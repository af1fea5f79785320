"""A build that was canceled is known, whatever the server calls it."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest

from chatworkspace import JobStatus
from chatworkspace_coder._answers import workspaces
from tests.adapters.coder.payloads import agent, build, workspace

NOW = datetime(2026, 9, 1, 10, 1, 0, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("job", "status"),
    [
        ({"status": "failed", "canceled_at": "2026-09-01T10:00:30Z", "error": "signal: interrupt"}, JobStatus.CANCELED),
        ({"status": "failed", "canceled_at": None, "error": "no space left"}, JobStatus.FAILED),
        ({"status": "canceling", "canceled_at": "2026-09-01T10:00:30Z"}, JobStatus.CANCELING),
    ],
)
def test_a_canceled_build(job: dict[str, Any], status: JobStatus) -> None:
    """Its provisioner may report an error, in its own words, and the server calls it failed then: when it was canceled is told all the same."""
    assert workspaces.workspace(workspace(build(agent(), job=job)), NOW).build.job_status is status
