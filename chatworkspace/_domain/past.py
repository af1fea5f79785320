"""What the earlier builds of a workspace tell of its latest: who has been led round and round need not have been so in one process. Pure.

Each function is given all builds as of one instant, the latest first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from uuid import UUID

from chatworkspace._domain.advice import AT_ONCE, OFTEN
from chatworkspace.model import Build, JobStatus, Transition


def failed_again(builds: Sequence[Build]) -> bool:
    """Tell, where the latest has failed, whether one before it has in the same words, or so many have in any, with none between that did not."""
    latest, *earlier = builds
    words = [it.error for it in _failed_in_a_row(latest.transition, earlier)]
    return latest.error in words or len(words) + 1 >= OFTEN


def _failed_in_a_row(transition: Transition, earlier: Sequence[Build]) -> Iterator[Build]:
    """Yield those that failed as well, up to one that says that it was overcome: a start, or what is as the latest. Others are no word on it."""
    for build in earlier:
        if build.job_status is JobStatus.SUCCEEDED and build.transition in (transition, Transition.START):
            return
        if build.job_status is JobStatus.FAILED and build.transition is transition:
            yield build


def restarted(builds: Sequence[Build], *, within: float) -> bool:
    """Tell, of a start, whether it has followed upon a stop of what had been started no longer before than so many seconds."""
    starts = [place for place, build in enumerate(builds) if build.transition is Transition.START]
    return len(starts) > 1 and starts[0] == 0 and _lasted(builds, starts[1]) <= within


def stopped_in_vain(builds: Sequence[Build]) -> bool:
    """Tell, of a stop of the platform's own, whether it has followed at once upon a start, and one before it as well."""
    alternate = [(it.transition, it.automatic) for it in builds[:4:2]] == [(Transition.STOP, True)] * 2
    return alternate and len(builds) >= 4 and _lasted(builds, 1) <= AT_ONCE and _lasted(builds, 3) <= AT_ONCE


def begun_anew(builds: Sequence[Build], *, within: float) -> bool:
    """Tell whether somebody has stopped it within so many seconds, so that what is under way now is another wish; not who stops it each time."""
    stops = [it for it in builds[1:] if it.transition is Transition.STOP and it.job_status is JobStatus.SUCCEEDED and not it.automatic]
    return sum(it.age is not None and it.age < within for it in stops) == 1


def _lasted(builds: Sequence[Build], place: int) -> float:
    """Return the seconds that lie between the end of a start and what was asked for next. A start that is followed by another has lasted."""
    start, after = builds[place], builds[place - 1]
    if after.transition is not Transition.STOP or start.over_for is None or after.age is None:
        return float("inf")
    return start.over_for - after.age


def version_before(builds: Sequence[Build]) -> UUID | None:
    """Return the version that was built before the latest; None: nothing was."""
    return builds[1].template_version_id if len(builds) > 1 else None
