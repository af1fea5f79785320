"""What was asked for on a platform that others use as well, noted before it was asked for, and how it is deleted again."""

from __future__ import annotations

from collections.abc import Iterable
from math import inf
from threading import Lock
from uuid import UUID

import attrs

from chatworkspace import ChatWorkspaceError, JobStatus, RefusedError, Workspace
from chatworkspace.ports import Clock, CreateWorkspace, NameTakenError, NotAnsweredError, NotFoundError, PortError, WorkspaceCreator
from chatworkspace_contracts._checks import told
from chatworkspace_contracts._seconds import BRIEF, LONG, SOON

UNDER_WAY = (JobStatus.PENDING, JobStatus.RUNNING, JobStatus.CANCELING)
SLOWEST = 2.0
"""Seconds between two looks, at most."""
DOUBT = 10.0
"""Seconds for which what was asked for, and not answered, is looked for."""
MOST = 5
"""Deletions that one name is worth."""


@attrs.define(kw_only=True, eq=False)
class _Entry:
    """A name that was asked for."""

    owner_id: UUID
    name: str
    mark: str
    requests: int = 0
    """That were ever begun and may make it."""
    asking: int = 0
    """Those under way."""
    unknown: int = 0
    """Those, under way or not answered, of which nobody knows yet what they have made."""
    made_until: float = -inf
    """Until when those may make it."""
    known: set[UUID] = attrs.field(factory=set[UUID])
    """The ids of what was made."""
    gone: set[UUID] = attrs.field(factory=set[UUID])
    """Those of them that were deleted."""
    may_go: bool = False
    look_at: float = -inf
    pause: float = BRIEF
    deletions: int = 0
    problem: str = ""


class Cleaning:
    """The names that were asked for, and their end. Safe from any thread.

    `_lock` guards the table and its entries; the platform is asked outside of it, for the entries that may go by one thread alone.
    """

    def __init__(self, creator: WorkspaceCreator, clock: Clock) -> None:
        self._creator = creator
        self._clock = clock
        self._lock = Lock()
        self._entries: dict[tuple[UUID, str], _Entry] = {}

    # ------------------------------------------------------------ what was asked for

    def make(self, request: CreateWorkspace, mark: str, deadline: float) -> Workspace:
        """Note the name, and ask for it. What create_workspace() raises."""
        with self._lock:
            key = request.owner_id, request.name.lower()
            entry = self._entries.setdefault(key, _Entry(owner_id=request.owner_id, name=request.name, mark=mark))
            entry.requests += 1
            entry.asking += 1
            entry.unknown += 1
        doubt = DOUBT
        try:
            made = self._creator.create_workspace(request, deadline=deadline)
            self._made(entry, made.id)
        except (RefusedError, NameTakenError):
            self._made(entry, None)
            raise
        except NotAnsweredError as error:
            doubt = DOUBT if error.in_flight else SOON
            raise
        finally:
            with self._lock:
                entry.asking -= 1
                entry.made_until = max(entry.made_until, self._clock.monotonic() + doubt)
        return made

    def _made(self, entry: _Entry, made: UUID | None) -> None:
        """Note what a request has made, once; None: nothing."""
        with self._lock:
            if made not in entry.known:
                entry.unknown -= 1
            if made is not None:
                entry.known.add(made)

    def left_before(self, workspaces: Iterable[Workspace]) -> None:
        """Take over what was left, to be deleted."""
        with self._lock:
            for it in workspaces:
                key = it.owner_id, it.name.lower()
                self._entries.setdefault(key, _Entry(owner_id=it.owner_id, name=it.name, mark="")).may_go = True

    def over(self, mark: str | None = None) -> None:
        """Let go what bears a mark; None: all."""
        with self._lock:
            for entry in self._entries.values():
                entry.may_go = entry.may_go or mark is None or entry.mark == mark

    @property
    def left(self) -> dict[str, str]:
        """The names that may be there still, and what has last stood in the way of their deletion."""
        with self._lock:
            return {entry.name: entry.problem for entry in self._entries.values()}

    # ------------------------------------------------------------ the end

    def step(self) -> bool:
        """Look at what may go, and is due, and ask for its deletion; tell whether there is more to be done. By one thread."""
        with self._lock:
            going = [entry for entry in self._entries.values() if entry.may_go and entry.deletions <= MOST]
        now = self._clock.monotonic()
        for entry in going:
            if entry.look_at > now:
                continue
            with self._lock:
                settled = entry.unknown <= 0 or (not entry.asking and entry.made_until <= self._clock.monotonic())
                requests = entry.requests
            if self._is_gone(entry) and settled and self._forgotten(entry, requests):
                continue
            entry.look_at, entry.pause = self._clock.monotonic() + entry.pause, min(2 * entry.pause, SLOWEST)
        return bool(going)

    def _forgotten(self, entry: _Entry, requests: int) -> bool:
        """Take it out, unless it was asked for again since it was looked at."""
        with self._lock:
            if entry.requests != requests:
                return False
            del self._entries[entry.owner_id, entry.name.lower()]
            return True

    def _is_gone(self, entry: _Entry) -> bool:
        """Look for what bears the name, and for what was made with it; ask for the deletion of what no build is under way for."""
        deadline = self._clock.monotonic() + LONG
        try:
            found = self._creator.find_workspace(entry.owner_id, entry.name, deadline=deadline)
            if found is not None:
                self._made(entry, found.id)
                self._delete(entry, found, deadline)
            with self._lock:
                others = entry.known - entry.gone - {None if found is None else found.id}
            for it in others:
                self._look(entry, it, deadline)
        except (PortError, ChatWorkspaceError) as error:
            entry.problem = told(error)
            return False
        return entry.gone >= entry.known

    def _look(self, entry: _Entry, workspace_id: UUID, deadline: float) -> None:
        try:
            read = self._creator.get_workspace(entry.owner_id, workspace_id, deadline=deadline)
        except NotFoundError:
            entry.gone.add(workspace_id)
            return
        if not read.deleted:
            self._delete(entry, read, deadline)
        elif read.build.job_status not in UNDER_WAY:
            entry.gone.add(workspace_id)

    def _delete(self, entry: _Entry, workspace: Workspace, deadline: float) -> None:
        if workspace.build.job_status in UNDER_WAY:
            return
        entry.problem = workspace.build.error
        entry.deletions += 1
        if entry.deletions <= MOST:
            self._creator.delete_workspace(workspace, deadline=deadline)
