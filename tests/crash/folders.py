"""A platform of folders and processes for a storm. Its record is the file system: what lies below its root, and the stones of what was deleted."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Collection, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

import attrs

from chatworkspace import ChatWorkspaceError, JobStatus, Transition, Workspace
from chatworkspace.ports import NotFoundError
from chatworkspace_fake import NEVER
from chatworkspace_local import LocalPlatform
from chatworkspace_local._records import Record, record_of
from chatworkspace_local._worker.processes import Life, life_of, send, stat_of
from tests.adapters.local.worlds import Home, deadline, home
from tests.crash.checker import Seen
from tests.crash.scenes import OWN, SPEED, Scene
from tests.crash.worker import Settings

CUT = 0.3
"""Real seconds between two kills of processes that keep workspaces."""
CUT_OFF = "keepers killed"


@attrs.frozen(kw_only=True)
class Made:
    """A workspace, as the disk tells of it. Times are seconds since 1970."""

    id: UUID
    made_as: str
    made_at: float
    gone_at: float = NEVER
    builds: Sequence[tuple[float, Transition]] = ()
    """That somebody has asked for."""
    failed_at_first: bool = False


def made_below(root: Path) -> list[Made]:
    """Return all that were ever made below a root, in that order. One that has a folder is there, whatever a stone says."""
    gone = [_of(said) for path in root.glob("deleted/*/*.json") if (said := _read(path))]
    there = [_of({"record": said}) for path in root.glob("workspaces/*/*/record.json") if (said := _read(path))]
    return sorted({it.id: it for it in (*gone, *there)}.values(), key=lambda it: it.made_at)


def _read(path: Path) -> Mapping[str, Any]:
    """Return what a file says; nothing, if it has been moved away meanwhile."""
    with suppress(FileNotFoundError):
        said: Mapping[str, Any] = json.loads(path.read_text())
        return said
    return {}


def _of(says: Mapping[str, Any]) -> Made:
    record: Record = record_of(says["record"])
    return Made(
        id=record.id,
        made_as=record.name,
        made_at=record.created_at,
        gone_at=says.get("deleted_at", NEVER),
        builds=[(it.asked_at, it.transition) for it in record.builds if it.over_at is None],
        failed_at_first=bool(record.builds[0].failed),
    )


def live_on(platform: LocalPlatform) -> Sequence[Workspace]:
    """Return those that its owner has."""
    return platform.list_workspaces(platform.owner_id, platform.organization_id, deadline=deadline())


def failed_at_first(here: Home) -> set[UUID]:
    """Return those whose first build came to nothing: as it is noted with the next one, or as a look tells it."""
    latest = {it.id for it in live_on(here.platform) if it.build.number == 1 and it.build.job_status is JobStatus.FAILED}
    return latest | {it.id for it in made_below(here.root) if it.failed_at_first}


class Folders(Scene):
    """A root of its own, whose keepers are killed."""

    late = 0.0

    def __init__(self, here: Home) -> None:
        self._here = here
        self._platform = platform = here.platform
        owner = str(platform.owner_id), str(platform.organization_id)
        self.settings = Settings(store="", coder=f"local:{here.root}", token="", speed=SPEED, nested=True, owner=owner)
        self.templates = [str(here.named("empty").id), str(here.template("other", setup="echo set up").id)]
        self.own = set[UUID]()
        self.deleted = set[UUID]()
        self._killed = 0

    def add_own(self) -> Sequence[UUID]:
        """Let the user make some."""
        there = [it.id for it in live_on(self._platform) if it.id in self.own]
        more = range(len(self.own), len(self.own) + OWN - len(there))
        new = [self._here.create(self._here.request(f"own-{number}")).id for number in more]
        self.own.update(new)
        return there + new

    def delete(self, chance: Random) -> bool:
        """Delete one, as a user does."""
        live = live_on(self._platform)
        if live:
            workspace = chance.choice(live)
            self.deleted.add(workspace.id)
            with suppress(ChatWorkspaceError, NotFoundError):
                self._platform.delete_workspace(workspace, deadline=deadline())
                return True
        return False

    def acts(self, chance: Random) -> Iterable[tuple[float, str, Callable[[], bool]]]:
        """Return what strikes beside."""
        return [(CUT, CUT_OFF, lambda: self._cut(chance))]

    def _cut(self, chance: Random) -> bool:
        """Kill a process that does a build, or keeps a workspace."""
        records = [record_of(said) for path in self._here.root.glob("workspaces/*/*/record.json") if (said := _read(path))]
        workers = [it.latest.worker for it in records if it.latest.worker is not None]
        alive = [stat for it in workers if life_of(it) is Life.ALIVE and (stat := stat_of(it.pid)) is not None]
        if alive:
            send([chance.choice(alive)], signal.SIGKILL)
            self._killed += 1
        return bool(alive)

    def raged(self) -> bool:
        """Tell whether that has struck."""
        return self._killed > 0

    def calm(self) -> None:
        """Do nothing: whoever strikes has ended."""

    def made(self) -> Sequence[Seen]:
        """Return whatever was made."""
        return made_below(self._here.root)

    def failed(self) -> Collection[UUID]:
        """Return those whose first build came to nothing."""
        return failed_at_first(self._here)

    def counts(self) -> Mapping[str, int]:
        """Return what else is worth to be told."""
        return {}


@contextmanager
def folders() -> Generator[Folders, None, None]:
    """Give one of its own, of which nothing is left."""
    here = home()
    try:
        yield Folders(here)
    finally:
        here.end()
