"""Worlds of a platform on this machine, for the rules of its ports, and what makes workspaces of it handy."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from pathlib import Path
from threading import Timer
from uuid import UUID

import attrs

from chatworkspace import JobStatus, Lifecycle, Template, Workspace
from chatworkspace.ports import CreateWorkspace, Preset
from chatworkspace_contracts import CreatorWorld, DialerWorld, RealThreads
from chatworkspace_local import LocalPlatform
from chatworkspace_local._records import Record, read_record
from chatworkspace_local._worker.processes import MARK, Life, all_processes, life_of

ROUNDS = 4
GRACE = 1.0
PATIENCE = 60.0
"""Seconds against hanging: what is waited for takes a tenth of that at most."""
SLOW = 0.3
OTHER_OWNER = UUID(int=1)
ASKING = """
[[parameters]]
name = "region"

[[presets]]
name = "small"
parameters = {region = "here"}
"""


def deadline() -> float:
    """Return one that nothing reaches."""
    return time.monotonic() + PATIENCE


@attrs.frozen(eq=False)
class Home:
    """A root of its own, and its platform."""

    root: Path
    platform: LocalPlatform
    numbers: count[int] = attrs.field(factory=count)

    def template(self, name: str, toml: str = "", setup: str = "", **files: str) -> Template:
        """Write a template, and return it."""
        folder = self.root / "templates" / name
        folder.mkdir(mode=0o700)
        (folder / "template.toml").write_text(toml)
        for path, text in files.items():
            (folder / path).write_text(text)
        if setup:
            (folder / "setup").write_text(f"#!/bin/sh\n{setup}\n")
            (folder / "setup").chmod(0o700)
        return self.named(name)

    def named(self, name: str) -> Template:
        """Return a template by its name."""
        listed = self.platform.list_templates(self.platform.owner_id, self.platform.organization_id, deadline=deadline())
        return next(it for it in listed if it.name == name)

    def request(self, name: str = "", template: Template | None = None) -> CreateWorkspace:
        """Return a request for a workspace."""
        return CreateWorkspace(
            owner_id=self.platform.owner_id,
            organization_id=self.platform.organization_id,
            name=name or f"dev-{next(self.numbers)}",
            template_id=(template or self.named("empty")).id,
        )

    def create(self, request: CreateWorkspace) -> Workspace:
        """Ask for it."""
        return self.platform.create_workspace(request, deadline=deadline())

    def ready(self, name: str = "", template: Template | None = None) -> Workspace:
        """Make one, and wait until it is built and set up."""
        return self.settled(self.create(self.request(name, template)))

    def get(self, workspace: Workspace) -> Workspace:
        """Read it anew."""
        return self.platform.get_workspace(workspace.owner_id, workspace.id, deadline=deadline())

    def settled(self, workspace: Workspace) -> Workspace:
        """Wait until no build and no script of it is under way."""
        over = deadline()
        while time.monotonic() < over:
            read = self.get(workspace)
            at_work = any(agent.lifecycle is Lifecycle.STARTING for agent in read.agents)
            if read.build.job_status not in (JobStatus.PENDING, JobStatus.RUNNING) and not at_work:
                return read
            time.sleep(0.01)
        raise TimeoutError(f"{workspace.name} is at work after {PATIENCE} s")

    def started(self, workspace: Workspace) -> Workspace:
        """Start it, and wait for that."""
        return self.settled(self.platform.start_workspace(workspace, {}, deadline=deadline()))

    def stopped(self, workspace: Workspace) -> Workspace:
        """Stop it, and wait for that."""
        return self.settled(self.platform.stop_workspace(workspace, deadline=deadline()))

    def deleted(self, workspace: Workspace) -> Workspace:
        """Delete it, and wait for that."""
        return self.settled(self.platform.delete_workspace(workspace, deadline=deadline()))

    def run(self, workspace: Workspace, command: str, timeout: float = PATIENCE) -> tuple[int, str]:
        """Run a command in it; return exit code and output."""
        with self.platform.dial(workspace, self.get(workspace).agents[0], deadline=deadline()) as connection:
            done = connection.run(command, timeout=timeout)
        return done.exit_code, done.output

    def folder(self, workspace: Workspace) -> Path:
        """Return its folder, records and all."""
        return self.root / "workspaces" / workspace.owner_name / workspace.name.lower()

    def record(self, workspace: Workspace) -> Record:
        """Return what is written down of it."""
        return read_record(str(self.folder(workspace) / "record.json"))

    def stops_in(self, workspace_id: UUID) -> float | None:
        """Return the seconds after which the one of an id stops by itself."""
        records = (read_record(str(path)) for path in self.root.glob("workspaces/*/*/record.json"))
        stops_at = next(it.stops_at for it in records if it.id == workspace_id)
        return None if stops_at is None else stops_at - time.time()

    def keeper(self, workspace: Workspace) -> int:
        """Return the number of its keeper."""
        worker = self.record(workspace).latest.worker
        assert worker is not None
        return worker.pid

    def end(self) -> None:
        """End all that was begun below the root, and remove it."""
        for folder, _, _ in os.walk(self.root):  # which passes over what is being removed meanwhile
            with suppress(Exception):  # there is none, or a test has spoilt it
                worker = read_record(f"{folder}/record.json").latest.worker
                if worker is not None and life_of(worker) is Life.ALIVE:
                    os.kill(worker.pid, signal.SIGKILL)
        for pid in all_processes():
            with suppress(OSError):
                if str(self.root).encode() in _told_of(pid):
                    os.kill(pid, signal.SIGKILL)
        shutil.rmtree(self.root, ignore_errors=True)


def _told_of(pid: int) -> bytes:
    """Return what tells under which root a process was begun: its folder and its variables."""
    return os.fsencode(Path(f"/proc/{pid}/cwd").readlink()) + Path(f"/proc/{pid}/environ").read_bytes()


class SlowPlatform(LocalPlatform):
    """One on which the template `slow` is locked by its author for a moment, whenever a workspace is made from it."""

    slow: tuple[UUID, Path] | None = None

    def create_workspace(self, request: CreateWorkspace, *, deadline: float) -> Workspace:
        """Lock it for a moment first."""
        if self.slow is not None and request.template_id == self.slow[0]:
            Timer(SLOW, os.close, [locked(self.slow[1])]).start()
        return super().create_workspace(request, deadline=deadline)


def locked(folder: Path) -> int:
    """Lock a template as whoever changes it does: a build waits for that. Return the open folder, which holds the lock."""
    file = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    fcntl.flock(file, fcntl.LOCK_EX)
    return file


def home(kind: Callable[..., LocalPlatform] = LocalPlatform) -> Home:
    """Return a root of its own."""
    root = Path(tempfile.mkdtemp(prefix="workspaces-"))
    return Home(root, kind(root, grace=GRACE))


def creators() -> CreatorWorld:
    """Return a fresh platform for the rules of WorkspaceCreator."""
    it = home(SlowPlatform)
    slow, endless, asking = it.template("slow"), it.template("endless"), it.template("asking", ASKING)
    assert isinstance(it.platform, SlowPlatform)
    it.platform.slow = slow.id, it.root / "templates" / "slow"
    held = locked(it.root / "templates" / "endless")
    presets = it.platform.list_presets(it.platform.owner_id, asking, deadline=deadline())

    def end() -> None:
        os.close(held)
        it.end()

    return CreatorWorld(
        creator=it.platform,
        threads=RealThreads(ROUNDS),
        owner_id=it.platform.owner_id,
        template=it.named("empty"),
        other_owner_id=OTHER_OWNER,
        slow=slow,
        endless=endless,
        asking=asking,
        preset=Preset(id=presets[0].id, name="small", parameters={"region": "here"}),
        stops_in=it.stops_in,
        end=end,
    )


def dialers() -> DialerWorld:
    """Return a fresh platform for the rules of AgentDialer."""
    it = home()
    return DialerWorld(
        dialer=it.platform,
        threads=RealThreads(ROUNDS),
        ready=it.ready,
        drop=lambda workspace: os.kill(it.keeper(workspace), signal.SIGSTOP),
        restore=lambda workspace: os.kill(it.keeper(workspace), signal.SIGCONT),
        restart=lambda workspace: it.started(it.stopped(workspace)),
        stop=it.stopped,
        delete=it.deleted,
        commands=True,
        end=it.end,
    )


def marked(workspace: Workspace) -> str:
    """Return the variable that processes of a workspace are started with, as it is written."""
    return f"{MARK}={workspace.id}"
