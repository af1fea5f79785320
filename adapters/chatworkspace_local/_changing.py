"""Makes, starts, stops and deletes workspaces: each a build, written down under the workspace's lock and done by a worker."""

from __future__ import annotations

import os
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from typing import Any
from uuid import UUID, uuid4

import attrs

from chatworkspace import JobStatus, RefusedError, Transition, UnavailableError, Workspace
from chatworkspace.ports import Clock, CreateWorkspace, NameTakenError
from chatworkspace_local._launching import LaunchError, environment, launch
from chatworkspace_local._making import Wanted, changed, wanted
from chatworkspace_local._places import Places
from chatworkspace_local._reading import Reader, is_elsewhere
from chatworkspace_local._records import BuildRecord, Record, as_json, read_result, with_build, with_latest
from chatworkspace_local._states import Look, agent_id_of, end_of, has_ended, runs, status_of, workspace_of
from chatworkspace_local._templates import Templates
from chatworkspace_local._worker.files import LockedError, OddFileError, locked, make_folder, own_folder, sync_folder, write_json
from chatworkspace_local._worker.jobs import FILES, RECORD, Job, result_path
from chatworkspace_local._worker.processes import Identity, Life, identity_of

UNDER_WAY = (JobStatus.PENDING, JobStatus.RUNNING)
AGAIN = 1.0
"""Seconds after which a workspace that is locked may be asked for again."""
OF_OURS = frozenset({"builds", FILES})
"""What a workspace whose making was cut short may hold."""
KEEPERS = 8
"""As many of the latest starts are looked through for what they have left."""


class Changer:
    """Changes the workspaces of one root. Safe from any thread and process.

    The lock of a workspace guards its record, and is held for the writing of it and the beginning of a worker, never while that works.
    """

    def __init__(self, places: Places, clock: Clock, reader: Reader, templates: Templates, grace: float) -> None:
        self._places = places
        self._clock = clock
        self._reader = reader
        self._templates = templates
        self._grace = grace

    # ------------------------------------------------------------ what is asked for

    def create(self, request: CreateWorkspace, deadline: float) -> Workspace:
        """Make one. NameTakenError, RefusedError, UnavailableError."""
        what = wanted(request, self._templates)
        for folder in (self._places.owner(request.owner_id), os.path.dirname(self._places.stone(request.owner_id, request.owner_id))):
            own_folder(folder)
        with self._locked(request.owner_id, request.name, deadline):
            record = self._take(request, what)
            return self._begin(record, self._job(record, "start", template=what.template.folder))

    def start(self, workspace: Workspace, parameters: Mapping[str, str], deadline: float) -> Workspace:
        """Start one. NotFoundError, RefusedError, UnavailableError."""
        with self._changing(workspace, deadline) as look:
            if runs(look):
                raise RefusedError("the workspace runs")
            template = self._templates.get(look.record.template_id)
            asked = () if template is None else template.told.parameters
            answers = changed(asked, look.record.latest.parameters, parameters)
            record = self._with(look, Transition.START, parameters=answers)
            source = "" if self._was_built(record) or template is None else template.folder
            stops_at = None if record.ttl is None else look.now + record.ttl
            return self._begin(attrs.evolve(record, stops_at=stops_at), self._job(record, "start", template=source))

    def stop(self, workspace: Workspace, deadline: float, *, automatic: bool = False) -> Workspace:
        """Stop one. NotFoundError, RefusedError, UnavailableError."""
        with self._changing(workspace, deadline) as look:
            record = self._with(look, Transition.STOP, automatic=automatic)
            return self._begin(record, self._job(record, "stop"))

    def delete(self, workspace: Workspace, deadline: float) -> Workspace:
        """Delete one. NotFoundError, RefusedError, UnavailableError."""
        with self._changing(workspace, deadline) as look:
            record = self._with(look, Transition.DELETE)
            return self._begin(record, self._job(record, "delete"))

    def use(self, workspace: Workspace, lasts: float | None, deadline: float) -> None:
        """Move the end of its time to live, never to an earlier time. NotFoundError, UnavailableError.

        lasts: seconds that it is to run on at least.
        """
        look = self._reader.by_id(workspace.owner_id, workspace.id)
        if look.record.ttl is None or not runs(look):
            return
        with self._locked(workspace.owner_id, look.record.name, deadline):
            record = self._reader.by_id(workspace.owner_id, workspace.id).record
            if record.ttl is not None and record.stops_at is not None:
                self._write(attrs.evolve(record, stops_at=max(record.stops_at, self._now() + max(record.ttl, lasts or 0.0))))

    # ------------------------------------------------------------ under the lock

    @contextmanager
    def _locked(self, owner_id: UUID, name: str, deadline: float) -> Generator[None, None, None]:
        """Hold the lock of a workspace; what the disk says no to is UnavailableError."""
        try:
            with locked(self._places.lock(owner_id, name), _instant(self._clock, deadline)):
                yield
        except LockedError:
            raise UnavailableError("somebody else is at this workspace, and did not let go of it in time", retry_after=AGAIN) from None
        except OddFileError as error:
            raise UnavailableError(f"a folder of the workspace {error}") from error
        except OSError as error:
            raise UnavailableError(f"the disk said no: {error.strerror}: {error.filename}") from error

    @contextmanager
    def _changing(self, workspace: Workspace, deadline: float) -> Generator[Look, None, None]:
        """Look at a workspace under its lock, where no build is under way. NotFoundError, RefusedError, UnavailableError."""
        name = self._reader.by_id(workspace.owner_id, workspace.id).record.name
        with self._locked(workspace.owner_id, name, deadline):
            look = self._reader.by_id(workspace.owner_id, workspace.id, locked=True)
            if status_of(look) in UNDER_WAY:
                raise RefusedError(f"a {look.record.latest.transition.value} is under way")
            if look.worker is Life.ELSEWHERE and is_elsewhere(look.record.latest.worker):
                raise RefusedError("the workspace runs in another container of this machine: ask there")
            yield look

    def _take(self, request: CreateWorkspace, what: Wanted) -> Record:
        """Take the name, which mkdir decides, and write the record down; complete what somebody has left half-made. NameTakenError, RefusedError."""
        home = self._places.home(request.owner_id, request.name)
        made = make_folder(home)
        if not made:
            self._see_half_made(home)
        now, template = self._now(), what.template.template
        build = _build(1, Transition.START, template.version_id, now, parameters=what.parameters)
        record = Record(
            id=uuid4(),
            name=request.name,
            owner_id=request.owner_id,
            template=template.name,
            template_id=template.id,
            version_id=template.version_id,
            created_at=now,
            builds=(build,),
            ttl=what.ttl,
            stops_at=None if what.ttl is None else now + what.ttl,
        )
        try:
            make_folder(f"{home}/builds")
            self._write(record)
            sync_folder(os.path.dirname(home))
        except BaseException:
            if made:
                _unmake(home)
            raise
        return record

    def _see_half_made(self, home: str) -> None:
        if os.path.lexists(f"{home}/{RECORD}"):
            raise NameTakenError(f"{home} is there")
        others = [name for name in os.listdir(home) if name not in OF_OURS and not name.endswith(".tmp")]
        if others:
            raise RefusedError(f"the folder {home} is there, and holds what is no workspace's: {', '.join(sorted(others))[:200]}")

    def _with(self, look: Look, transition: Transition, **more: Any) -> Record:
        """Return the record with one more build, and with what became of the one before."""
        before = with_latest(look.record, failed=_failure(look))
        if has_ended(look):
            before = with_build(look.record, end_of(look))
        build = _build(before.latest.number + 1, transition, look.record.version_id, look.now, **{"parameters": before.latest.parameters, **more})
        return with_build(before, build)

    def _was_built(self, record: Record) -> bool:
        home = self._places.home(record.owner_id, record.name)
        starts = (it.number for it in record.builds[:-1] if it.transition is Transition.START)
        return any(read_result(result_path(home, number)).built_at is not None for number in starts) or record.builds[0].number > 1

    def _job(self, record: Record, kind: str, template: str = "") -> Job:
        home, build = self._places.home(record.owner_id, record.name), record.latest
        starts = [it for it in record.builds[:-1] if it.transition is Transition.START and it.worker is not None][-KEEPERS:]
        return Job(
            kind=kind,
            home=home,
            mark=str(record.id),
            number=build.number,
            agent=str(agent_id_of(build)),
            environment=environment(record.id, f"{home}/{FILES}", build.parameters) if kind == "start" else {},
            template=template,
            grace=self._grace,
            keepers=[(it.number, list(it.worker or ())) for it in starts],
            grave=self._places.grave(record.id),
            stone=self._places.stone(record.owner_id, record.id),
            says={"record": as_json(record)} if kind == "delete" else {},
            lock=self._places.lock(record.owner_id, record.name),
        )

    def _begin(self, record: Record, job: Job) -> Workspace:
        """Write the build down, and begin its worker, which waits until its number is written down too."""
        self._write(record)
        begun = record

        def written(worker: Identity) -> None:
            nonlocal begun
            begun = with_latest(record, worker=worker)
            self._write(begun)

        try:
            launch(job, written)
        except (LaunchError, OSError) as error:
            begun = with_latest(record, worker=None, failed=f"the build was not begun: {error}")
            self._write(begun)
        return workspace_of(self._reader.of(begun))

    def _write(self, record: Record) -> None:
        write_json(f"{self._places.home(record.owner_id, record.name)}/{RECORD}", as_json(record))

    def _now(self) -> float:
        return self._clock.now().timestamp()


def _instant(clock: Clock, deadline: float) -> float:
    """Return the same deadline as an instant of the system's clock, which locks wait by."""
    return time.monotonic() + max(deadline - clock.monotonic(), 0.0)


def _build(number: int, transition: Transition, version_id: UUID, now: float, **more: Any) -> BuildRecord:
    asker = identity_of(os.getpid())
    assert asker is not None
    return BuildRecord(id=uuid4(), number=number, transition=transition, version_id=version_id, asked_at=now, asker=asker, **more)


def _failure(look: Look) -> str:
    return workspace_of(look).build.error if status_of(look) is JobStatus.FAILED else ""


def _unmake(home: str) -> None:
    """Take away a folder that was made a moment ago, if nothing is in it."""
    with suppress(OSError):
        os.rmdir(f"{home}/builds")
    with suppress(OSError):
        os.rmdir(home)
