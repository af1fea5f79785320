"""Reads workspaces off the disk: records, what workers say, and who lives. Changes nothing, and waits for nobody."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from uuid import UUID

from chatworkspace import Build, Transition, UnavailableError, Workspace
from chatworkspace.ports import Clock, LogLine, NotFoundError, fit_text
from chatworkspace_local._places import ORGANIZATION_ID, Places, is_name
from chatworkspace_local._records import BuildRecord, Record, Result, read_record, read_result, record_of
from chatworkspace_local._states import Look, builds_of, workspace_of
from chatworkspace_local._worker.files import OddFileError, read_file, read_json, shared
from chatworkspace_local._worker.jobs import LOG_LIMIT, RECORD, lock_path, log_path, result_path
from chatworkspace_local._worker.processes import Identity, Life, life_of

SHORT = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM})
"""What a process or a machine is short of: that says nothing of the file."""


class Reader:
    """Looks at the workspaces of one root. Safe from any thread.

    `_names` remembers under which name an id was seen, to look there first; each step on it is one of a dict's own.
    """

    def __init__(self, places: Places, clock: Clock) -> None:
        self._places = places
        self._clock = clock
        self._names: dict[UUID, str] = {}

    def look(self, owner_id: UUID, name: str, *, locked: bool = False) -> Look | None:
        """Return how the workspace of a name is; None: there is none, or its making was cut short. UnavailableError: its record is damaged.

        locked: by whoever asks.
        """
        if not is_name(name):
            return None
        home = self._places.home(owner_id, name)
        try:
            record = read_record(f"{home}/{RECORD}")
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OddFileError, OSError) as error:
            raise UnavailableError(f"the record {home}/{RECORD} {_words(error)}") from error
        if record.owner_id != owner_id or record.name.lower() != name.lower():
            raise UnavailableError(f"the record {home}/{RECORD} is that of another workspace")
        look = self.of(record, locked=locked)
        if record.latest.transition is Transition.DELETE and look.worker is Life.ENDED and not _stands(home, record):
            return self.look(owner_id, name, locked=locked)  # it was deleted between the two looks
        self._names[record.id] = record.name
        return look

    def of(self, record: Record, *, locked: bool = False) -> Look:
        """Look at what a record tells of. Who lives comes first: what has ended says no more. UnavailableError: that cannot be seen."""
        home, build = self._places.home(record.owner_id, record.name), record.latest
        try:
            asker, worker = self._asker(record, locked=locked), _life(home, build)
        except OSError as error:  # this process can open no more files, say: that proves nothing of the others
            raise UnavailableError(f"whether the processes of {home} live {_words(error)}") from error
        result = Result() if build.worker is None else read_result(result_path(home, build.number))
        return self._look(record, asker, worker, result)

    def _asker(self, record: Record, *, locked: bool) -> Life:
        """Tell whether who has asked for the latest build lives, if anybody needs to know.

        In another pid namespace that is told by the workspace's lock, which whoever asks holds until a worker is written down.
        """
        build = record.latest
        life = life_of(build.asker)
        if life is not Life.ELSEWHERE or build.worker is not None:
            return life
        if locked:
            return Life.ENDED
        with suppress(OSError, OddFileError), shared(self._places.lock(record.owner_id, record.name)) as free:
            if free and read_record(f"{self._places.home(record.owner_id, record.name)}/{RECORD}") == record:
                return Life.ENDED
        return life

    def _look(self, record: Record, asker: Life, worker: Life, result: Result) -> Look:
        return Look(
            record=record,
            worker=worker,
            asker=asker,
            result=result,
            now=self._clock.now().timestamp(),
            owner_name=self._places.owner_name(record.owner_id),
            organization_id=ORGANIZATION_ID,
        )

    def all(self, owner_id: UUID) -> Iterator[Look]:
        """Look at all live ones of an owner; one whose record is damaged is left out, and in nobody's way.

        UnavailableError: this process can open no more files now, and what it did not see may be whole.
        """
        for name in self._listed(owner_id):
            try:
                look = self.look(owner_id, name)
            except UnavailableError as error:
                if isinstance(error.__cause__, OSError) and error.__cause__.errno in SHORT:
                    raise
                continue
            if look is not None:
                yield look

    def _listed(self, owner_id: UUID) -> list[str]:
        """Return the names of an owner's folders. UnavailableError."""
        try:
            return self._places.names(owner_id)
        except OSError as error:
            raise UnavailableError(f"the folder {self._places.owner(owner_id)} {_words(error)}") from error

    def by_id(self, owner_id: UUID, workspace_id: UUID, *, locked: bool = False) -> Look:
        """Return the live one of an id. locked: by whoever asks. NotFoundError. UnavailableError: one that cannot be read may be it."""
        name = self._names.get(workspace_id)
        look = None if name is None else self.look(owner_id, name, locked=locked)
        if look is not None and look.record.id == workspace_id:
            return look
        unreadable: UnavailableError | None = None
        for name in self._listed(owner_id):
            try:
                look = self.look(owner_id, name)
            except UnavailableError as error:
                unreadable = error
                continue
            if look is not None and look.record.id == workspace_id:
                return look
        if unreadable is not None and not os.path.lexists(self._places.stone(owner_id, workspace_id)):
            raise unreadable  # it may be that one
        raise NotFoundError(f"no workspace {workspace_id}")

    def get(self, owner_id: UUID, workspace_id: UUID) -> Workspace:
        """Return the one of an id, deleted or not. NotFoundError, UnavailableError."""
        look, deleted = self._whatever(owner_id, workspace_id)
        return workspace_of(look, deleted=deleted)

    def builds(self, owner_id: UUID, workspace_id: UUID) -> list[Build]:
        """Return the builds of one, deleted or not, the latest first. NotFoundError, UnavailableError."""
        look, deleted = self._whatever(owner_id, workspace_id)
        return builds_of(look, deleted=deleted)

    def _whatever(self, owner_id: UUID, workspace_id: UUID) -> tuple[Look, bool]:
        """Return the one of an id, and whether it is deleted. NotFoundError, UnavailableError.

        The stone of a deleted one is set before its folder is moved, so whoever does not find the folder finds the stone.
        """
        try:
            return self.by_id(owner_id, workspace_id), False
        except NotFoundError:
            found = self._stone(owner_id, workspace_id)
            if found is None:
                raise
            return found[0], True

    def deleted(self, owner_id: UUID, workspace_id: UUID) -> tuple[Workspace, str] | None:
        """Return a deleted one, and what could not be removed of it; None: there is no stone."""
        found = self._stone(owner_id, workspace_id)
        return None if found is None else (workspace_of(found[0], deleted=True), found[1])

    def _stone(self, owner_id: UUID, workspace_id: UUID) -> tuple[Look, str] | None:
        """Return what a stone tells, and what could not be removed; None: there is none."""
        path = self._places.stone(owner_id, workspace_id)
        try:
            says: Any = read_json(path)
            record, left = record_of(says["record"]), str(says["left"]) or self._buried(workspace_id)
        except FileNotFoundError:
            return None
        except (OddFileError, OSError, KeyError, TypeError) as error:
            raise UnavailableError(f"the record {path} {_words(error)}") from error
        return self._look(record, Life.ENDED, Life.ENDED, Result()), left

    def _buried(self, workspace_id: UUID) -> str:
        return "its files have not been removed yet" if os.path.lexists(self._places.grave(workspace_id)) else ""

    def log(self, owner_id: UUID, workspace_id: UUID, after: int) -> list[LogLine]:
        """Return the lines of the latest build's log above a number. NotFoundError, UnavailableError."""
        try:
            look = self.by_id(owner_id, workspace_id)
        except NotFoundError:
            found = self.deleted(owner_id, workspace_id)
            if found is None:
                raise
            return [LogLine(id=1, text=fit_text(found[1]), level="warn")] if found[1] and after < 1 else []
        lines = _lines(self._places.home(owner_id, look.record.name), look.record.latest, over=look.worker is Life.ENDED)
        return [LogLine(id=number, text=fit_text(text)) for number, text in enumerate(lines, 1) if number > after]


def _life(home: str, build: BuildRecord) -> Life:
    if build.worker is None:
        return Life.ENDED
    life = life_of(build.worker)
    return life if life is not Life.ELSEWHERE else _life_elsewhere(lock_path(home, build.number))


def _life_elsewhere(path: str) -> Life:
    """Tell whether a worker of another pid namespace lives: it holds a lock for as long as it does. UnavailableError: that cannot be seen."""
    try:
        with shared(path) as free:
            return Life.ENDED if free else Life.ELSEWHERE
    except OSError as error:
        raise UnavailableError(f"the lock {path} {_words(error)}") from error


def _stands(home: str, record: Record) -> bool:
    """Tell whether a record is as it was read a moment ago."""
    try:
        return read_record(f"{home}/{RECORD}") == record
    except (OddFileError, OSError):
        return False


def is_elsewhere(identity: Identity | None) -> bool:
    """Tell whether a process was begun in another pid namespace of this boot, so that nothing can be done to it from here."""
    return identity is not None and life_of(identity) is Life.ELSEWHERE


def _lines(home: str, build: BuildRecord, *, over: bool) -> list[str]:
    try:
        text = read_file(log_path(home, build.number), 2 * LOG_LIMIT).decode("utf-8", "replace")
    except (OddFileError, OSError):
        return []
    lines = text.split("\n")
    return lines if over and lines[-1] else lines[:-1]  # what has no end yet is no line, while somebody may go on writing


def _words(error: Exception) -> str:
    if isinstance(error, OSError):
        return f"cannot be read: {error.strerror}"
    return str(error) if isinstance(error, OddFileError) else "is damaged"
