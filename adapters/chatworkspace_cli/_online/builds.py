"""What the platform tells of a chat's workspaces: their starts, stops, deletions and failures, for `why`. A look: what cannot be read is said."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

import attrs

from chatworkspace import Build, ChatWorkspaceError, JobStatus
from chatworkspace.ports import Intent, Look, NotFoundError, PortError, SystemClock
from chatworkspace_cli._online import texts
from chatworkspace_cli._online.held import age
from chatworkspace_cli._online.session import Session

MOST = 3
"""Workspaces that are asked about, the latest that the chat has had: two requests each."""
LIMIT = 5.0
"""Seconds for all of it: the history is told without it, too."""
ENDS = {
    JobStatus.PENDING: "waits to be begun",
    JobStatus.RUNNING: "under way",
    JobStatus.CANCELING: "being cancelled",
    JobStatus.CANCELED: "cancelled",
    JobStatus.FAILED: "failed",
    JobStatus.SUCCEEDED: "done",
    JobStatus.UNKNOWN: "its end is not known",
}


@attrs.frozen(kw_only=True)
class Life:
    """What the platform tells of one workspace."""

    workspace_id: UUID
    name: str = ""
    builds: tuple[Build, ...] = ()
    """The earliest first; the latest ten at least."""
    problem: str = ""
    """Why there is nothing to tell."""

    def told(self) -> dict[str, Any]:
        """Return it for programs."""
        builds = [it.as_dict() for it in self.builds]
        return {"workspace_id": str(self.workspace_id), "name": self.name, "builds": builds, "problem": self.problem}

    def lines(self) -> Iterator[str]:
        """Yield it for people."""
        if self.problem:
            yield f"builds of {self.workspace_id}: not known: {self.problem}"
            return
        yield f"builds of {self.name} ({self.workspace_id}):"
        yield from (f"   {it.number}. {_text(it)}" for it in self.builds)


def lives(session: Session, look: Look, history: Sequence[Intent]) -> tuple[Life, ...]:
    """Ask the platform about the latest workspaces of a chat, the earliest of them first. Nothing is raised: what went wrong is told instead."""
    ids = dict.fromkeys(it.workspace_id for it in history if it.workspace_id is not None)
    if look.chat.workspace_id is not None:
        ids[look.chat.workspace_id] = None
    deadline = SystemClock().monotonic() + LIMIT
    return tuple(_life(session, look.chat.owner_id, it, deadline) for it in list(ids)[-MOST:])


def _life(session: Session, owner_id: UUID, workspace_id: UUID, deadline: float) -> Life:
    try:
        workspace = session.client.get_workspace(owner_id, workspace_id, deadline=deadline)
        builds = session.client.list_builds(workspace, deadline=deadline)
    except ChatWorkspaceError as error:  # no server is set, or it cannot be asked
        return Life(workspace_id=workspace_id, problem=texts.message_of(error))
    except NotFoundError:
        return Life(workspace_id=workspace_id, problem="the platform has none of this id, or does not show it")
    except PortError as error:
        return Life(workspace_id=workspace_id, problem=str(error) or type(error).__name__)
    told = tuple(sorted(builds or (workspace.build,), key=lambda it: it.number))
    return Life(workspace_id=workspace_id, name=workspace.full_name, builds=told)


def _text(build: Build) -> str:
    by = " by the platform itself" if build.automatic else ""
    queued = f", position {build.queue_position} in the queue" if build.queue_position else ""
    code = f" ({build.error_code})" if build.error_code else ""
    return f"{build.transition.value}{by}: {ENDS[build.job_status]}{queued}{_times(build)}" + (f": {build.error}{code}" if build.error else code)


def _times(build: Build) -> str:
    """Return how long it took and when it ended, or since when it was asked for; each where it is told."""
    if build.over_for is None:
        return "" if build.age is None else f", asked for {age(build.age)} ago"
    took = "" if build.running_for is None else f" after {age(max(0.0, build.running_for - build.over_for))}"
    return f"{took}, {age(build.over_for)} ago"
