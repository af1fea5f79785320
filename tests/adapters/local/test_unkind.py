"""What may lie below the root, and in what state a death leaves it: nothing hangs, nothing is lost, nothing is claimed that cannot be seen."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path

import pytest

from chatworkspace import JobStatus, UnavailableError
from chatworkspace_local import _templates
from chatworkspace_local._records import as_json, with_latest
from chatworkspace_local._worker import processes
from chatworkspace_local._worker.ending import forget_sessions, sessions_in
from chatworkspace_local._worker.processes import Identity, Stat, identity_of, send, stat_of
from tests.adapters.local.worlds import PATIENCE, Home

ODD_NAMES = ("notes.txt", "-", "12", "12-", "x-1", "\N{SUPERSCRIPT TWO}-3", "1-2-3", "9" * 40 + "-1")


@pytest.mark.parametrize("how", ["a FIFO", "a link", "a folder"])
def test_a_setup_that_is_no_file(here: Home, how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it becomes one after it was looked at, the build fails with what is wrong, at once; nothing is waited for."""
    monkeypatch.setattr(_templates, "_see_setup", len)
    template, setup = here.template("odd"), here.root / "templates" / "odd" / "setup"
    match how:
        case "a FIFO":
            os.mkfifo(setup)
        case "a link":
            setup.symlink_to("/bin/true")
        case _:
            setup.mkdir()
    made = here.ready(template=template)
    assert (made.build.job_status, "the template's setup is" in made.build.error) == (JobStatus.FAILED, True)


def test_odd_names_among_the_notes_of_sessions(tmp_path: Path) -> None:
    """They are nobody's, and stay; what is a note is read and taken away."""
    for name in (*ODD_NAMES, "12-34", "56-78"):
        (tmp_path / name).write_text("")
    noted = sessions_in(str(tmp_path), Identity(1, 1, "boot", "space"))
    assert {(it.pid, it.start) for it in noted} == {(12, 34), (56, 78)}
    forget_sessions(str(tmp_path), {12, 1, 2})
    assert {it.name for it in tmp_path.iterdir()} == {*ODD_NAMES, "56-78"}


def test_a_command_beside_odd_notes(here: Home) -> None:
    """Their keeper goes on."""
    workspace = here.ready()
    (sessions,) = here.folder(workspace).rglob("*.sessions")
    (sessions / "what-is-this").write_text("")
    assert [here.run(workspace, "echo here") for _ in range(3)] == [(0, "here\n")] * 3


def test_a_command_whose_session_cannot_be_noted(here: Home) -> None:
    """It does nothing, and that is told; the keeper goes on, and takes the next."""
    workspace = here.ready()
    (sessions,) = here.folder(workspace).rglob("*.sessions")
    for note in sessions.iterdir():
        note.unlink()
    sessions.rmdir()
    with here.platform.dial(workspace, workspace.agents[0], deadline=float("inf")) as connection, pytest.raises(UnavailableError):
        connection.run("echo here", timeout=PATIENCE)
    sessions.mkdir(mode=0o700)
    assert here.run(workspace, "echo here") == (0, "here\n")


def test_a_worker_of_which_nothing_can_be_seen(here: Home) -> None:
    """In another pid namespace, its lock beyond reach: neither alive nor dead is claimed, and others are not concerned."""
    workspace, other = here.ready(), here.ready()
    worker = here.record(workspace).latest.worker
    assert worker is not None
    record = with_latest(here.record(workspace), worker=worker._replace(space="pid:[1]"))
    (here.folder(workspace) / "record.json").write_text(json.dumps(as_json(record)))
    (lock,) = here.folder(workspace).rglob("*.lock")
    lock.rename(f"{lock}.away")
    lock.symlink_to("nowhere")
    with pytest.raises(UnavailableError, match="lock"):
        here.get(workspace)
    assert here.get(other).agents
    lock.unlink()


def test_a_death_between_stone_and_removal(here: Home) -> None:
    """A stone stands, and the folder is there: it is live with all its files, and can be deleted again."""
    workspace = here.ready()
    assert here.run(workspace, "echo kept > file")[0] == 0
    stone = here.root / "deleted" / workspace.owner_name / f"{workspace.id}.json"
    stone.write_text(json.dumps({"record": as_json(here.record(workspace)), "deleted_at": 1.0, "left": ""}))
    assert (here.get(workspace).deleted, here.run(workspace, "cat file")) == (False, (0, "kept\n"))
    assert here.deleted(workspace).deleted
    assert not here.folder(workspace).exists()


def test_a_signal_reaches_nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever has the number by the time that it is sent is looked at after it is held."""
    with subprocess.Popen(["sleep", "500"]) as process:
        seen, steps = stat_of(process.pid), list[str]()
        assert seen is not None
        hold = os.pidfd_open

        def held(pid: int) -> int:
            steps.append("held")
            return hold(pid)

        def looked_at(pid: int) -> Stat | None:
            steps.append("looked at")
            return stat_of(pid)

        monkeypatch.setattr(os, "pidfd_open", held)
        monkeypatch.setattr(processes, "stat_of", looked_at)
        assert send([seen._replace(start=seen.start - 1)], signal.SIGKILL) == []
        assert (process.poll(), steps) == (None, ["held", "looked at"])
        assert send([seen], signal.SIGKILL) == []
        assert process.wait(PATIENCE) == -signal.SIGKILL
    monkeypatch.undo()
    assert identity_of(process.pid) is None
