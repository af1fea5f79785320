"""Nothing of a workspace outlives its stop, however it hides; and nothing else is ended."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path
from uuid import uuid4

import pytest

from chatworkspace import JobStatus, RefusedError, Transition, Workspace
from chatworkspace_local._records import as_json, with_latest
from chatworkspace_local._worker.processes import ENDED, Identity, Life, identity_of, life_of, stat_of
from tests.adapters.local.worlds import PATIENCE, Home, deadline, locked

HIDING = {
    "in the background": "sleep 500 & echo $!",
    "a session of its own": "setsid sh -c 'echo $$; exec sleep 500' & sleep 0.3",
    "without variables": "env -i setsid sh -c 'echo $$; exec sleep 500' & sleep 0.3",
    "deaf": "setsid env -i sh -c 'trap \"\" TERM HUP; echo $$; while :; do sleep 1; done' & sleep 0.3",
    "an orphan of an orphan": "(setsid sh -c '(env -i setsid sh -c \"cd /; trap : TERM; echo \\$\\$; while :; do sleep 1; done\" &)' &) ; sleep 0.3",
    "paused": "setsid sh -c 'echo $$; kill -STOP $$; sleep 500' & sleep 0.3",
}


def left_by(here: Home, workspace: Workspace, command: str) -> Identity:
    """Run a command that leaves a process behind and says its number; return who that is."""
    identity = identity_of(int(here.run(workspace, command)[1]))
    assert identity is not None
    return identity


@pytest.mark.parametrize("how", HIDING)
def test_what_was_begun_ends_with_the_stop(here: Home, how: str) -> None:
    """By a command, in whichever way it hides: it descends from the workspace's keeper."""
    workspace = here.ready()
    left = left_by(here, workspace, HIDING[how])
    assert life_of(left) in (Life.ALIVE, Life.PAUSED)
    assert here.stopped(workspace).build.job_status is JobStatus.SUCCEEDED
    assert life_of(left) is Life.ENDED


@pytest.mark.parametrize("how", ["in the background", "a session of its own", "paused"])
def test_it_ends_though_the_keeper_was_killed(here: Home, how: str) -> None:
    """The sessions that the keeper has noted, and the mark, tell of what has lost its parent."""
    workspace = here.ready()
    left = left_by(here, workspace, HIDING[how])
    os.kill(here.keeper(workspace), signal.SIGKILL)
    here.stopped(workspace)
    assert life_of(left) is Life.ENDED


def test_a_start_ends_what_an_earlier_one_has_left(here: Home) -> None:
    """A workspace that counts as stopped has nothing that runs, once it runs again."""
    workspace = here.ready()
    left = left_by(here, workspace, HIDING["in the background"])
    os.kill(here.keeper(workspace), signal.SIGKILL)
    wait_ended(here.keeper(workspace))
    assert here.get(workspace).build.transition is Transition.STOP
    here.started(workspace)
    assert life_of(left) is Life.ENDED


def test_all_have_the_whole_grace(here: Home) -> None:
    """A process that needs a while after it was asked to end has it, though the leader of its group has ended."""
    workspace = here.ready()
    command = "sh -c 'trap \"sleep 0.5; echo tidied > tidy; exit\" TERM; echo ready > begun; while :; do sleep 0.05; done' & sleep 0.3"
    here.run(workspace, command)
    here.stopped(workspace)
    assert (here.folder(workspace) / "files" / "tidy").read_text() == "tidied\n"


def test_others_go_on(here: Home) -> None:
    """A stop ends nothing of another workspace, nor of this process."""
    one, other = here.ready(), here.ready()
    left = left_by(here, other, HIDING["in the background"])
    with subprocess.Popen(["sleep", "500"]) as mine:
        here.stopped(one)
        assert mine.poll() is None
        mine.kill()
    assert life_of(left) is Life.ALIVE
    assert here.run(other, "echo on")[1] == "on\n"


@pytest.mark.parametrize("odd", ["start", "boot", "space"])
def test_a_number_that_means_another_process_is_left_alone(here: Home, odd: str) -> None:
    """A record whose process began at another time, under another boot or in another namespace ends nobody here."""
    workspace = here.ready()
    real = here.keeper(workspace)
    with subprocess.Popen(["sleep", "500"], start_new_session=True) as mine:
        identity = identity_of(mine.pid)
        assert identity is not None
        other = {"start": identity._replace(start=1), "boot": identity._replace(boot=str(uuid4())), "space": identity._replace(space="pid:[1]")}[odd]
        record = with_latest(here.record(workspace), worker=other)
        (here.folder(workspace) / "record.json").write_text(json.dumps(as_json(record)))
        os.kill(real, signal.SIGKILL)
        wait_ended(real)
        here.stopped(workspace)
        assert mine.poll() is None
        mine.kill()


def wait_ended(pid: int) -> None:
    over = time.monotonic() + PATIENCE
    while time.monotonic() < over and (found := stat_of(pid)) is not None and found.state not in "ZX":
        time.sleep(0.01)


def test_what_lives_in_another_namespace_is_not_claimed_dead(here: Home) -> None:
    """While its lock is held it counts as alive, and is refused to be stopped; a lock that is free proves its end."""
    workspace = here.ready()
    worker = here.record(workspace).latest.worker
    assert worker is not None
    record = with_latest(here.record(workspace), worker=worker._replace(space="pid:[1]"))
    (here.folder(workspace) / "record.json").write_text(json.dumps(as_json(record)))
    assert here.get(workspace).build.transition is Transition.START
    with pytest.raises(RefusedError, match="another container"):
        here.platform.stop_workspace(workspace, deadline=deadline())
    assert life_of(worker) is Life.ALIVE
    os.kill(worker.pid, signal.SIGKILL)
    wait_ended(worker.pid)
    assert here.get(workspace).build.transition is Transition.STOP


def test_a_restart_of_the_machine_shows_it_stopped(here: Home) -> None:
    """A keeper of another boot has ended: a stop that the platform tells by itself, the same each time."""
    workspace = here.ready()
    worker = here.record(workspace).latest.worker
    assert worker is not None
    record = with_latest(here.record(workspace), worker=worker._replace(boot=str(uuid4())))
    (here.folder(workspace) / "record.json").write_text(json.dumps(as_json(record)))
    told = here.get(workspace)
    assert (told.build.number, told.build.transition, told.build.job_status, told.build.automatic) == (2, Transition.STOP, JobStatus.SUCCEEDED, True)
    assert here.get(workspace) == told
    assert here.started(workspace).build.number == 3


def test_a_builder_that_was_killed_has_failed(here: Home) -> None:
    """A worker that ends amid a build is told as a failure, and another start repairs it."""
    template = here.template("guarded", "", "", file="x")
    held = locked(here.root / "templates" / "guarded")
    workspace = here.create(here.request(template=template))
    os.kill(here.keeper(workspace), signal.SIGKILL)
    wait_ended(here.keeper(workspace))
    assert "interrupted" in here.get(workspace).build.error
    os.close(held)
    assert here.started(workspace).build.job_status is JobStatus.SUCCEEDED
    assert (here.folder(workspace) / "files" / "file").read_text() == "x"


def test_a_keeper_whose_folder_is_gone_ends(here: Home) -> None:
    """With all below it: whoever removes a root leaves nothing that runs."""
    workspace = here.ready()
    left = left_by(here, workspace, HIDING["a session of its own"])
    keeper = here.keeper(workspace)
    shutil.rmtree(here.folder(workspace))
    wait_ended(keeper)
    assert life_of(left) is Life.ENDED
    found = stat_of(keeper)
    assert found is None or found.state in ENDED


def test_a_setup_that_was_killed_is_scripts_that_failed(here: Home) -> None:
    """The workspace is there, and says so."""
    template = here.template("killed", "", "kill -9 $$")
    workspace = here.ready(template=template)
    assert (workspace.build.job_status, workspace.agents[0].lifecycle.value) == (JobStatus.SUCCEEDED, "start_error")
    texts = [line.text for line in here.platform.build_log(workspace, after=0, deadline=deadline())]
    assert texts[-1] == "setup ended with SIGKILL"


def test_a_deletion_takes_read_only_folders_too(here: Home) -> None:
    """Nothing is left of it but its stone, and what a link leads to is not touched."""
    workspace = here.ready()
    outside = here.root / "outside"
    outside.write_text("kept")
    here.run(workspace, f"mkdir -p a/b && touch a/b/c && chmod 500 a/b a && ln -s {outside} link")
    folder = here.folder(workspace)
    assert here.deleted(workspace).deleted
    assert not folder.exists()
    over = time.monotonic() + PATIENCE
    while list(Path(here.root / "graves").iterdir()) and time.monotonic() < over:
        time.sleep(0.01)
    assert not list(Path(here.root / "graves").iterdir())
    assert outside.read_text() == "kept"


def test_the_builds_of_a_deleted_one_are_known(here: Home) -> None:
    """By what its stone keeps, the latest first."""
    workspace = here.stopped(here.ready())
    gone = here.deleted(workspace)
    builds = here.platform.list_builds(gone, deadline=deadline())
    assert [(it.number, it.transition.value, it.job_status.value) for it in builds] == [
        (3, "delete", "succeeded"),
        (2, "stop", "succeeded"),
        (1, "start", "succeeded"),
    ]
