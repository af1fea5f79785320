"""What cannot be read is not told gone; and locks tell who lives."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import ModuleType
from typing import NoReturn

import pytest

from chatworkspace import UnavailableError
from chatworkspace.ports import NotFoundError
from chatworkspace_local import LocalPlatform, _reading
from chatworkspace_local._launching import LaunchError, launch
from chatworkspace_local._records import BuildRecord
from chatworkspace_local._worker.files import lock_file, locked, shared, try_lock
from chatworkspace_local._worker.jobs import Job, lock_path
from chatworkspace_local._worker.processes import Identity, Life, life_of
from tests.adapters.local.containers import elsewhere
from tests.adapters.local.worlds import PATIENCE, Home, deadline
from tests.hanging import until


def test_an_unreadable_record_is_not_told_gone(here: Home) -> None:
    """To a process that has not seen it before: another would be made in its place. What is known to be deleted is told so all the same."""
    hidden, other, deleted = here.ready(), here.ready(), here.deleted(here.ready())
    record = here.folder(hidden) / "record.json"
    text = record.read_text()
    record.write_text("damaged")
    fresh = LocalPlatform(here.root)
    with pytest.raises(UnavailableError, match="damaged"):
        fresh.get_workspace(hidden.owner_id, hidden.id, deadline=deadline())
    assert fresh.get_workspace(other.owner_id, other.id, deadline=deadline()).agents
    assert fresh.get_workspace(deleted.owner_id, deleted.id, deadline=deadline()).deleted
    record.write_text(text)
    with pytest.raises(NotFoundError):
        fresh.get_workspace(hidden.owner_id, hidden.organization_id, deadline=deadline())
    assert fresh.get_workspace(hidden.owner_id, hidden.id, deadline=deadline()).agents


@pytest.mark.parametrize("lists", [True, False], ids=["all are listed", "one is looked for"])
def test_a_workspace_that_goes_meanwhile(here: Home, monkeypatch: pytest.MonkeyPatch, *, lists: bool) -> None:
    """Takes no other off the list, and none of the others is told gone."""
    gone, other = here.ready(), here.ready()
    fresh, scandir = LocalPlatform(here.root), os.scandir

    @contextmanager
    def late(folder: str) -> Generator[Iterator[os.DirEntry[str]], None, None]:
        with scandir(folder) as entries:
            read = list(entries)
        here.folder(gone).rename(here.root / "graves" / str(gone.id))
        yield iter(read)

    monkeypatch.setattr(os, "scandir", late)
    if lists:
        assert [it.id for it in fresh.list_workspaces(other.owner_id, fresh.organization_id, deadline=deadline())] == [other.id]
    else:
        assert fresh.get_workspace(other.owner_id, other.id, deadline=deadline()).id == other.id


@pytest.mark.parametrize(
    "what", [(os, "scandir"), (_reading, "read_record"), (_reading, "life_of")], ids=["the folder of all", "a record", "a process"]
)
def test_a_list_is_whole_or_none(here: Home, monkeypatch: pytest.MonkeyPatch, what: tuple[ModuleType, str]) -> None:
    """Where this process may open no more files: a list without what it could not open would say that it is gone."""
    workspace = here.ready()

    def no_more(path: object, *_: object) -> NoReturn:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE), str(path))

    monkeypatch.setattr(*what, no_more)
    with pytest.raises(UnavailableError, match="Too many open files"):
        here.platform.list_workspaces(workspace.owner_id, workspace.organization_id, deadline=deadline())
    with pytest.raises(UnavailableError, match="Too many open files"):
        LocalPlatform(here.root).get_workspace(workspace.owner_id, workspace.id, deadline=deadline())


def test_a_deletion_that_ends_during_a_look(here: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the reading of the record and the look at who lives: it is told deleted, not interrupted."""
    workspace, life = here.ready(), _reading._life
    with ExitStack() as held:
        here.platform.delete_workspace(workspace, deadline=deadline())
        held.enter_context(locked(str(here.root / "locks" / f"me.{workspace.name}"), deadline()))

        def late(folder: str, build: BuildRecord) -> Life:
            held.close()
            until(lambda: not Path(folder).exists() and build.worker is not None and life_of(build.worker) is Life.ENDED)
            return life(folder, build)

        monkeypatch.setattr(_reading, "_life", late)
        assert here.get(workspace).deleted


def test_a_worker_holds_its_lock_before_it_is_written_down(tmp_path: Path) -> None:
    """Whoever sees its number sees that it lives, by its number or by its lock, until it ends; who asked for it need not."""
    (tmp_path / "builds").mkdir()
    job = Job(kind="stop", home=str(tmp_path), mark="", number=1)
    path, seen = lock_path(job.home, job.number), list[Identity]()

    def free() -> bool:
        with shared(path) as it:
            return it

    def written(worker: Identity) -> None:
        seen.append(worker)
        assert not free()
        raise LookupError

    with pytest.raises(LookupError):
        launch(job, written)
    until(free)
    assert life_of(seen[0]) is Life.ENDED
    assert [it.name for it in (tmp_path / "builds").iterdir()] == ["1.lock"]
    launch(job, seen.append)
    until(lambda: (tmp_path / "builds" / "1.json").exists() and free())


def test_a_build_is_begun_once(tmp_path: Path) -> None:
    """While a process has its lock, no other is begun."""
    (tmp_path / "builds").mkdir()
    job = Job(kind="stop", home=str(tmp_path), mark="", number=1)
    with lock_file(lock_path(job.home, job.number)) as held:
        assert try_lock(held)
        with pytest.raises(LaunchError, match="another process"):
            launch(job, lambda _: None)


def _open_in(pid: int) -> list[Path]:
    """Return what a process has open; what it closes meanwhile is left out."""
    found: list[Path] = []
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):
            found.append(entry.readlink())
    return found


def test_a_child_keeps_no_lock(tmp_path: Path) -> None:
    """A host that forks while one of its threads holds a lock does not hand it on: it is free when that thread lets go."""
    with locked(str(tmp_path / "lock"), deadline()):
        child = os.fork()
        if not child:
            time.sleep(PATIENCE)
            os._exit(0)
    try:
        with locked(str(tmp_path / "lock"), time.monotonic()):
            until(lambda: tmp_path / "lock" not in _open_in(child))
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def test_a_host_without_standard_files(here: Home) -> None:
    """A lock's file is none of the three, whose numbers a program gets anew."""
    program = f"""
import os, sys
from chatworkspace_local import LocalPlatform, _reading
from tests.adapters.local.worlds import Home
from pathlib import Path
for file in (0, 1, 2):
    os.close(file)
it = Home(Path({str(here.root)!r}), LocalPlatform({str(here.root)!r}))
os._exit(0 if it.ready("dev-x").agents else 1)
"""
    assert subprocess.run([sys.executable, "-c", program], env=elsewhere(), check=False, timeout=PATIENCE).returncode == 0
    assert here.platform.find_workspace(here.platform.owner_id, "dev-x", deadline=deadline())
