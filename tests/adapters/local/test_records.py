"""What is on the disk is taken at no word: what is damaged, half-made or somebody else's is in nobody's way, and nothing of it is lost."""

from __future__ import annotations

import errno
import json
import os
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, cast

import attrs
import pytest

from chatworkspace import InvalidArgumentError, JobStatus, RefusedError, Transition, UnavailableError
from chatworkspace.ports import NameTakenError
from chatworkspace_local import LocalPlatform
from chatworkspace_local._records import as_json, record_of
from tests.adapters.local.test_ending import wait_ended
from tests.adapters.local.worlds import Home, deadline

DAMAGES = ("", "{", "[]", "null", '{"form": 1}', "[" * 100_000, "\x00\xff", '{"form": 9e999}', '"' + "x" * 5_000_000 + '"')


@pytest.mark.parametrize("text", DAMAGES, ids=range(len(DAMAGES)))
def test_a_damaged_record(here: Home, text: str) -> None:
    """Is told in words where its workspace is asked for, keeps its name taken, and leaves the others as they are."""
    damaged, other = here.ready(), here.ready()
    (here.folder(damaged) / "record.json").write_text(text)
    fresh = LocalPlatform(here.root)
    with pytest.raises(UnavailableError, match=r"record\.json"):
        fresh.find_workspace(damaged.owner_id, damaged.name, deadline=deadline())
    with pytest.raises(UnavailableError, match=r"record\.json"):
        fresh.get_workspace(damaged.owner_id, damaged.id, deadline=deadline())
    with pytest.raises(NameTakenError):
        here.create(here.request(damaged.name))
    listed = fresh.list_workspaces(other.owner_id, fresh.organization_id, deadline=deadline())
    assert [it.id for it in listed] == [other.id]
    assert fresh.get_workspace(other.owner_id, other.id, deadline=deadline()).id == other.id
    fresh.template_use(other.owner_id, fresh.organization_id, deadline=deadline())


ODD_VALUES: tuple[Any, ...] = (None, "", "odd", -1, 0, 1e300, float("nan"), 10**400, True, [], {}, [1, 2, 3, 4])


def fields(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the way to each value in a record."""
    inside: list[tuple[Any, Any]] = []
    if isinstance(value, dict):
        inside = list(cast("Any", value).items())
    elif isinstance(value, list):
        inside = [*enumerate(cast("Any", value))]
    return [way for key, it in inside for way in [(*path, key), *fields(it, (*path, key))]]


def test_each_field_of_a_record_may_be_odd(here: Home) -> None:
    """Any value in place of any other is read, or is a damaged record: no other error comes of it, and no look at the workspace fails otherwise."""
    workspace = here.ready()
    whole = json.loads((here.folder(workspace) / "record.json").read_text())
    ways = fields(whole)
    assert len(ways) > 20
    for way in ways:
        for odd in ODD_VALUES:
            changed = json.loads(json.dumps(whole))
            inside = changed
            for step in way[:-1]:
                inside = inside[step]
            inside[way[-1]] = odd
            (here.folder(workspace) / "record.json").write_text(json.dumps(changed))
            try:
                here.platform.find_workspace(workspace.owner_id, workspace.name, deadline=deadline())
                here.platform.list_workspaces(workspace.owner_id, here.platform.organization_id, deadline=deadline())
            except UnavailableError:
                pass


def test_a_record_is_read_as_it_was_written(here: Home) -> None:
    """All of it."""
    record = here.record(here.ready())
    assert record_of(json.loads(json.dumps(as_json(record)))) == record


@pytest.mark.parametrize("text", ["", "{", "[]", '{"built_at": "x"}', '{"error": 5}'])
def test_a_damaged_result_is_a_failure_in_words(here: Home, text: str) -> None:
    """Of that build: another start repairs it."""
    workspace = here.ready()
    (here.folder(workspace) / "builds" / "1.json").write_text(text)
    told = here.get(workspace)
    assert (told.build.job_status, bool(told.build.error)) == (JobStatus.FAILED, True)
    assert here.started(workspace).build.job_status is JobStatus.SUCCEEDED


# ------------------------------------------------------------------ half-made


@pytest.mark.parametrize("made", [(), ("builds",), ("builds", "files")])
def test_a_folder_without_a_record_is_completed(here: Home, made: tuple[str, ...]) -> None:
    """Whoever made it died amid it; what is there stays."""
    folder = here.root / "workspaces" / "me" / "dev-x"
    folder.mkdir(parents=True)
    (folder.parent).chmod(0o700)
    for name in made:
        (folder / name).mkdir()
    if "files" in made:
        (folder / "files" / "kept").write_text("kept")
    assert here.platform.find_workspace(here.platform.owner_id, "dev-x", deadline=deadline()) is None
    workspace = here.ready("dev-X")
    assert workspace.build.job_status is JobStatus.SUCCEEDED
    assert "files" not in made or (folder / "files" / "kept").read_text() == "kept"


def test_a_folder_of_somebody_else_is_refused(here: Home) -> None:
    """It holds what is no workspace's: nothing of it is touched."""
    folder = here.root / "workspaces" / "me" / "dev-x"
    folder.mkdir(parents=True)
    folder.parent.chmod(0o700)
    (folder / "thesis.tex").write_text("years of work")
    with pytest.raises(RefusedError, match=r"thesis\.tex"):
        here.create(here.request("dev-x"))
    assert [it.name for it in folder.iterdir()] == ["thesis.tex"]


def test_a_creation_whose_asker_died_has_failed(here: Home) -> None:
    """Before any worker was begun: it is found by its name, and a start repairs it."""
    workspace = here.ready()
    record = here.record(workspace)
    os.kill(here.keeper(workspace), 9)
    wait_ended(here.keeper(workspace))
    (here.folder(workspace) / "builds" / "1.json").unlink()
    build = attrs.evolve(record.latest, worker=None, asker=record.latest.asker._replace(start=1))
    (here.folder(workspace) / "record.json").write_text(json.dumps(as_json(attrs.evolve(record, builds=(build,)))))
    assert here.get(workspace).build.job_status is JobStatus.FAILED
    assert here.started(workspace).build.job_status is JobStatus.SUCCEEDED


def test_a_full_disk_leaves_nothing(here: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """No folder, no temporary file: the name is free, and the error is one that the port names."""

    def full(_file: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(UnavailableError, match="No space left"):
            here.create(here.request("dev-x"))
    assert list((here.root / "workspaces" / "me").iterdir()) == []
    assert here.ready("dev-x").build.number == 1


# ------------------------------------------------------------------ whose it is


def test_nobody_else_may_read(here: Home) -> None:
    """Folders are 0700 and files 0600, whatever the umask."""
    before = os.umask(0)
    try:
        other = LocalPlatform(here.root / "other")
        it = Home(here.root / "other", other)
        workspace = it.ready()
    finally:
        os.umask(before)
    made = [path for path in (here.root / "other").rglob("*") if not path.is_symlink()]
    assert here.folder(workspace) not in made
    assert {(path.name, oct(stat.S_IMODE(path.stat().st_mode) & 0o077)) for path in made} == {(path.name, "0o0") for path in made}


@pytest.mark.parametrize("odd", ["writable", "file", "link"])
def test_a_root_that_is_not_ours_alone(here: Home, odd: str) -> None:
    """Is refused when the platform is made, by its name."""
    path = here.root / "odd"
    if odd == "writable":
        path.mkdir()
        path.chmod(0o777)
    elif odd == "file":
        path.write_text("")
    else:
        path.symlink_to(here.root / "templates")
    with pytest.raises(InvalidArgumentError, match="root"):
        LocalPlatform(path)


@pytest.mark.parametrize("root", [None, "", 5, b"", "a\0b"])
def test_a_root_that_is_none(root: Any) -> None:
    """Is named."""
    with pytest.raises(InvalidArgumentError, match="root"):
        LocalPlatform(root)


@pytest.mark.parametrize("name", ["", ".", "..", "../x", "a/b", "a\0b", "-a", "a" * 101, "ä", "a b", "a\n"])
def test_a_name_that_is_no_folder(here: Home, name: str) -> None:
    """Is refused, and never looked for."""
    with pytest.raises(RefusedError):
        here.create(attrs.evolve(here.request(), name=name))
    assert here.platform.find_workspace(here.platform.owner_id, name, deadline=deadline()) is None


# ------------------------------------------------------------------ time to live


def test_a_time_to_live_ends_it(here: Home) -> None:
    """Whoever looks begins the stop, once: as one that the platform has asked for itself."""
    workspace = here.settled(here.create(attrs.evolve(here.request(), ttl=0.3)))
    time.sleep(0.4)
    told = here.settled(here.settled(workspace))
    assert (told.build.number, told.build.transition, told.build.automatic) == (2, Transition.STOP, True)


def test_use_never_shortens_it(here: Home) -> None:
    """It is moved to what is later."""
    workspace = here.settled(here.create(attrs.evolve(here.request(), ttl=1000.0)))
    record = attrs.evolve(here.record(workspace), stops_at=time.time() + 5000)
    (here.folder(workspace) / "record.json").write_text(json.dumps(as_json(record)))
    here.platform.record_use(workspace, deadline=deadline())
    assert here.record(workspace).stops_at == record.stops_at
    early = attrs.evolve(record, stops_at=time.time() + 10)
    (here.folder(workspace) / "record.json").write_text(json.dumps(as_json(early)))
    here.platform.record_use(workspace, deadline=deadline())
    assert (here.record(workspace).stops_at or 0) > time.time() + 900


@pytest.mark.parametrize("ttl", [0.0, -1.0, float("nan"), float("inf"), 1e300])
def test_a_time_to_live_that_is_none(here: Home, ttl: float) -> None:
    """Is refused, by its name."""
    with pytest.raises(RefusedError) as caught:
        here.create(attrs.evolve(here.request(), ttl=ttl))
    assert caught.value.validations[0][0] == "ttl"


# ------------------------------------------------------------------ locks


def test_a_paused_holder_is_in_nobody_elses_way(here: Home) -> None:
    """Who holds the lock of one workspace and does not go on: that one is refused by the deadline, with when to come again; another is made."""
    mine, other = here.ready(), here.ready()
    lock = here.root / "locks" / f"me.{mine.name}"
    program = f"import fcntl, sys; f = open({str(lock)!r}, 'a'); fcntl.flock(f, 2); print('held', flush=True); sys.stdin.read()"
    with subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        began = time.monotonic()
        with pytest.raises(UnavailableError) as caught:
            here.platform.stop_workspace(mine, deadline=began + 0.3)
        assert caught.value.retry_after is not None
        assert here.get(mine).build.number == 1
        here.stopped(other)
        here.ready()
        holder.kill()
    here.stopped(mine)


def test_not_on_other_systems(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It says so when it is made."""
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(RuntimeError, match="needs Linux"):
        LocalPlatform(tmp_path)
