"""What the earlier builds of a workspace tell of what is under way."""

from __future__ import annotations

from uuid import UUID

import pytest

from chatworkspace import JobStatus, Transition
from chatworkspace._domain.past import begun_anew
from chatworkspace.model import Build

UNDER_WAY = Build(id=UUID(int=3), number=3, transition=Transition.START, job_status=JobStatus.RUNNING, template_version_id=UUID(int=9), age=20.0)


def _before(
    *, transition: Transition = Transition.STOP, status: JobStatus = JobStatus.SUCCEEDED, automatic: bool = False, age: float | None = 60.0
) -> Build:
    return Build(id=UUID(int=2), number=2, transition=transition, job_status=status, template_version_id=UUID(int=9), automatic=automatic, age=age)


def test_whoever_has_stopped_it_has_begun_anew() -> None:
    """What has been under way since is not what was before."""
    assert begun_anew([UNDER_WAY, _before()], within=60.1)


@pytest.mark.parametrize(
    "builds",
    [
        [],
        [UNDER_WAY],
        [UNDER_WAY, _before(age=100.0)],
        [UNDER_WAY, _before(age=None)],
        [UNDER_WAY, _before(automatic=True)],
        [UNDER_WAY, _before(status=JobStatus.FAILED)],
        [UNDER_WAY, _before(transition=Transition.START)],
        [_before()],
        [UNDER_WAY, _before(), _before(age=50.0)],
    ],
    ids=["none", "no-other", "long-ago", "nobody-tells-when", "by-itself", "failed", "a-start", "under-way-itself", "each-time"],
)
def test_nobody_has_otherwise(builds: list[Build]) -> None:
    """It has been under way all the time, for all that is known."""
    assert not begun_anew(builds, within=60.1)
