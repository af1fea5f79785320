"""Who asks for a build, and who does it, is killed before each of their steps: the next look is truthful, and what was asked for can be had."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from itertools import count
from pathlib import Path

import pytest

from chatworkspace import JobStatus, Transition, Workspace
from chatworkspace.ports import DialError
from chatworkspace_local import LocalPlatform, _launching
from chatworkspace_local._worker.processes import MARK, all_processes
from tests.adapters.local.blows import kill_at
from tests.adapters.local.worlds import Home, deadline
from tests.forks import ended, in_child
from tests.hanging import until

ROOT = Path(__file__).resolve().parents[3]
WORKER = "import sys; sys.path += [{root!r}, {source!r}]; from tests.adapters.local.blows import kill_at; kill_at({number}, {note!r}); "
BUILDS = ("create", "start", "stop", "delete")
SOME = {"create": (13, 23), "start": (12,), "stop": (4,), "delete": (10,)}
"""Steps that are looked at each time; all, where everything is asked for."""
LEAST, MOST = 6, 150
"""Steps that each has at least, and at most."""
UNDER_WAY = (JobStatus.PENDING, JobStatus.RUNNING)
TEXT = "whole\n" * 1000
NAME = "dev"

Ask = Callable[[], Workspace]
Blow = Callable[[int, Ask], bool]


def asked(here: Home, build: str, before: Workspace | None) -> Workspace:
    """Ask for a build, and do not wait for it. before: the workspace as it was."""
    if before is None:
        return here.create(here.request(NAME, here.named("full")))
    match build:
        case "start":
            return here.platform.start_workspace(before, {}, deadline=deadline())
        case "stop":
            return here.platform.stop_workspace(before, deadline=deadline())
        case _:
            return here.platform.delete_workspace(before, deadline=deadline())


def begun(here: Home, build: str) -> Workspace | None:
    """Return what the build is of: a workspace that runs, with a process in its background, or one that is stopped; None: one that is made."""
    if build == "create":
        return None
    found = here.platform.find_workspace(here.platform.owner_id, NAME, deadline=deadline())
    workspace = found or here.ready(NAME, here.named("full"))
    if build == "start":
        return here.stopped(workspace) if workspace.agents else workspace
    workspace = workspace if workspace.agents else here.started(workspace)
    assert said(here, workspace, "setsid sleep 500 & echo kept > file && cat file") == "kept\n"
    return workspace


def looked_at(here: Home) -> Workspace | None:
    """Look as a process does that knows nothing, until no build is under way."""
    fresh = LocalPlatform(here.root, grace=1.0)
    look = partial(fresh.find_workspace, fresh.owner_id, NAME)
    until(lambda: (it := look(deadline=deadline())) is None or it.build.job_status not in UNDER_WAY)
    return look(deadline=deadline())


def see_truth(here: Home, before: Workspace | None, found: Workspace | None) -> None:
    """See that what is told is so: there is none, it can be used and has all its files, or nothing of it runs."""
    if found is None:
        assert not (here.root / "workspaces" / "me" / NAME / "record.json").exists()
        assert before is None or here.get(before).deleted
    elif found.agents:
        heard = said(here, found, "cat deep/text linked")
        assert heard == 2 * TEXT or not here.get(found).agents  # whoever keeps it may die just after it was looked at
    elif (found.build.transition, found.build.job_status) == (Transition.STOP, JobStatus.SUCCEEDED):
        assert not any(_is_of(pid, found) for pid in all_processes())


def said(here: Home, workspace: Workspace, command: str) -> str:
    """Return what a command says; its keeper may be slow to answer on a machine with other things to do. Empty: it has ended meanwhile."""
    heard = list[str]()

    def hear() -> bool:
        with suppress(DialError, IndexError):
            heard.append(here.run(workspace, command)[1])
        return bool(heard) or not here.get(workspace).agents

    until(hear)
    return "".join(heard)


def _is_of(pid: int, workspace: Workspace) -> bool:
    try:
        return f"{MARK}={workspace.id}".encode() in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return False


def had(here: Home, build: str, before: Workspace | None, found: Workspace | None) -> None:
    """Have what was asked for after all."""
    match build:
        case "create" | "start":
            workspace = here.ready(NAME, here.named("full")) if found is None else here.get(found)
            workspace = workspace if workspace.agents else here.started(workspace)
            assert workspace.agents
            see_truth(here, before, workspace)
            if build == "create":
                assert here.deleted(workspace).deleted
        case "stop":
            assert found is not None
            is_stopped = (found.build.transition, found.build.job_status) == (Transition.STOP, JobStatus.SUCCEEDED)
            workspace = found if is_stopped else here.stopped(found)
            assert workspace.build.job_status is JobStatus.SUCCEEDED
            see_truth(here, before, workspace)
            assert (here.folder(workspace) / "files" / "file").read_text() == "kept\n"
        case _:
            assert found is None or here.deleted(found).deleted
            assert before is not None
            assert here.get(before).deleted
            assert not any(_is_of(pid, before) for pid in all_processes())


def in_order(here: Home) -> None:
    """See that nothing is left of what is gone but its stone, and perhaps the empty file of its name's lock."""
    found = here.platform.find_workspace(here.platform.owner_id, NAME, deadline=deadline())
    here.deleted(here.ready(NAME) if found is None else found)
    assert list((here.root / "workspaces" / "me").iterdir()) == []
    until(lambda: not list((here.root / "graves").iterdir()))
    assert list(here.root.rglob("*.tmp")) == []


def each(here: Home, build: str, blow: Blow, numbers: Iterable[int]) -> None:
    """Have a build asked for, with a blow at each of these steps in turn, until there is no such step. blow: returns whether it has struck."""
    here.template("full", setup="true")
    folder = here.root / "templates" / "full"
    (folder / "deep").mkdir()
    (folder / "deep" / "text").write_text(TEXT)
    (folder / "linked").symlink_to("deep/text")
    number, struck = 0, True
    for number in numbers:
        before = begun(here, build)
        struck = blow(number, partial(asked, here, build, before))
        found = looked_at(here)
        see_truth(here, before, found)
        had(here, build, before, found)
        if not struck:
            break
    assert isinstance(numbers, tuple) == struck
    assert isinstance(numbers, tuple) or LEAST < number < MOST
    in_order(here)


def at_who_asks(number: int, ask: Ask) -> bool:
    """Kill who asks."""

    def act() -> None:
        kill_at(number)
        ask()

    code = ended(in_child(act))
    assert code in (0, -signal.SIGKILL)
    return code != 0


def at_who_does_it(here: Home, monkeypatch: pytest.MonkeyPatch) -> Blow:
    """Kill the process that is begun for it."""

    def blow(number: int, ask: Ask) -> bool:
        note = here.root / "struck"
        note.unlink(missing_ok=True)
        armed = WORKER.format(root=str(ROOT), source=_launching.SOURCE, number=number, note=str(note))
        with monkeypatch.context() as patch:
            patch.setattr(_launching, "PROGRAM", armed + _launching.PROGRAM)
            ask()
        looked_at(here)
        until(lambda: note.exists() or not list((here.root / "graves").iterdir()))
        return note.exists()

    return blow


@pytest.mark.parametrize("build", BUILDS)
def test_one_step_of_each(here: Home, build: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who does it dies in the midst of it: it has failed, or is done."""
    each(here, build, at_who_does_it(here, monkeypatch), SOME[build])


@pytest.mark.exhaustive
@pytest.mark.parametrize("build", BUILDS)
def test_who_asks(here: Home, build: str) -> None:
    """Dies before its first step, and before each later one: it was not asked for, or has failed, or is done."""
    each(here, build, at_who_asks, count(1))


@pytest.mark.exhaustive
@pytest.mark.parametrize("build", BUILDS)
def test_who_does_it(here: Home, build: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same of the process that is begun for it."""
    each(here, build, at_who_does_it(here, monkeypatch), count(1))
