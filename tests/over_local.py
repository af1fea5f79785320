"""Folders and processes in virtual time: within over_local(), whatever a FakeCoder is asked is asked of a LocalPlatform.

Its workspaces are folders below a root of their own, and real processes keep them. The clock of the service and the platform is the test's: a
build takes no time of it, for before each question everything that is under way has ended. So tests with exact instants, kills, interleavings and
scripted faults of the way there run over real folders as they are. A test that asks for what a machine does not have is skipped, with the reason.

At the end the disk tells of the very workspaces that were made, and of no others.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta, timezone
from functools import partial
from signal import SIGCONT, SIGSTOP
from typing import Any, NoReturn, get_args
from unittest import mock
from uuid import UUID

import attrs

from chatworkspace import JobStatus, Lifecycle, Template, Transition, Workspace
from chatworkspace.ports import Clock, CreateWorkspace, Preset, Watch
from chatworkspace_fake import Fails, FakeCoder, simulation
from chatworkspace_fake._platform.coder import CreatorCall
from chatworkspace_local import LocalPlatform
from chatworkspace_local._places import ORGANIZATION_ID, OWNER_ID
from chatworkspace_local._records import record_of
from tests.adapters.local.lacks import ASKED, CANNOT, DEEDS, FAILURES, RIGHTS, SWITCHES, TIMES, TRUE, unfit, unfit_because
from tests.adapters.local.tomls import toml_of
from tests.adapters.local.worlds import Home, home
from tests.clocks import PassingClock

PATIENCE = 60.0
"""Seconds of real time against hanging."""
PAUSE = 0.005
DEADLINE = float("inf")
UNDER_WAY = (JobStatus.PENDING, JobStatus.RUNNING)


class LocalClock(PassingClock):
    """The clock of a test, for a platform whose workers see the real time of day: both begin in the same second."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self._began = datetime.now(timezone.utc) - timedelta(seconds=clock.monotonic())

    def now(self) -> datetime:
        """Return the time of day."""
        return self._began + timedelta(seconds=self.monotonic())


class Folder:
    """One workspace, and the hands of somebody else on it: what tests ask of a FakeWorkspace."""

    def __init__(self, machine: Machine, made: Workspace, template: Template) -> None:
        self._machine = machine
        self.id = made.id
        self.name = self.made_as = made.name
        self.owner_id = made.owner_id
        self.template = template
        self.uses = 0
        """How often record_use was called."""

    def __getattr__(self, name: str) -> NoReturn:
        if name in DEEDS:
            unfit(DEEDS[name])
        raise AttributeError(name)

    @property
    def now(self) -> Workspace:
        """How it is."""
        self._machine.settle()
        return self._machine.read(self)

    @property
    def builds(self) -> tuple[tuple[int, Transition], ...]:
        """Number and transition of every build."""
        return tuple((it.number, it.transition) for it in reversed(self._machine.platform.list_builds(self.now, deadline=DEADLINE)))

    @property
    def starts(self) -> int:
        """How many starts were asked for."""
        return sum(transition is Transition.START for _, transition in self.builds)

    @property
    def stops(self) -> int:
        """How many stops were asked for."""
        return sum(transition is Transition.STOP for _, transition in self.builds)

    @property
    def files(self) -> Mapping[str, bytes]:
        """What is in it, by path."""
        top = self._machine.home.folder(self.now) / "files"
        return {str(it.relative_to(top)): it.read_bytes() for it in top.rglob("*") if it.is_file()}

    def start(self) -> None:
        """Start it, as its owner does."""
        self._machine.does("start_workspace", self.now, {})

    def stop(self, *, automatic: bool = False) -> None:
        """Stop it, as its owner does."""
        if automatic:
            unfit(TIMES)
        self._machine.does("stop_workspace", self.now)

    def delete(self) -> None:
        """Delete it, as its owner does."""
        self._machine.does("delete_workspace", self.now)

    def drop_agent(self) -> None:
        """Pause its keeper."""
        self._signal(SIGSTOP)

    def restore_agent(self) -> None:
        """Let its keeper go on."""
        self._signal(SIGCONT)

    def _signal(self, number: int) -> None:
        os.kill(self._machine.home.keeper(self.now), number)


class Machine:
    """What stands behind one FakeCoder: a root, its platform, and what was made there."""

    def __init__(self, coder: Any) -> None:
        self.coder = coder
        clock = LocalClock(coder._platform.clock)
        self.home: Home = home(partial(LocalPlatform, clock=clock))
        self.platform = self.home.platform
        self.made: dict[UUID, Folder] = {}
        self._templates: dict[UUID, Template] = {}
        self._presets: dict[UUID, UUID] = {}
        self._busy: set[UUID] = set()

    # ------------------------------------------------------------ the world as a test sets it up

    def add_template(self, name: str, **settings: Any) -> Template:
        """Write one."""
        shutil.rmtree(self.home.root / "templates" / name, ignore_errors=True)
        for key, value in settings.items():
            if key in CANNOT and bool(value) is not (key in TRUE):
                unfit(FAILURES if isinstance(value, Fails) else CANNOT[key])
        told: dict[str, str] = {key: settings[key] for key in ("display_name", "description") if key in settings}
        parameters, presets = settings.get("parameters", ()), settings.get("presets", ())
        if any(it.desired_prebuilds for it in presets):
            unfit(RIGHTS)
        if any(it.ephemeral or it.form_type or it.error for it in parameters):
            unfit(ASKED)
        template = self.home.template(name, toml_of(told, parameters, presets), **{"README.md": settings.get("readme", "")})
        own = {it.name: it.id for it in self.platform.list_presets(self.platform.owner_id, template, deadline=DEADLINE)}
        self._presets |= {it.id: own[it.name] for it in presets}
        return self._templates.setdefault(template.id, template)

    def add_workspace(self, template: Template, name: str, owner_id: UUID) -> Folder:
        """Make one, as its owner does."""
        request = CreateWorkspace(owner_id=owner_id, organization_id=template.organization_id, name=name, template_id=template.id)
        return self.made[self.does("create_workspace", request).id]

    # ------------------------------------------------------------ questions

    def does(self, call: str, *arguments: Any, **more: Any) -> Any:
        """Ask the platform, once all that is under way there has ended. Whether it is asked in time is the FakeCoder's to see."""
        self.settle()
        if call == "create_workspace":
            arguments = (self._request(*arguments),)
        answer = getattr(self.platform, call)(*arguments, **more, deadline=DEADLINE)
        if call == "record_use" and arguments[0].id in self.made:
            self.made[arguments[0].id].uses += 1
        match answer:
            case Workspace() if call.endswith("_workspace"):
                self.made.setdefault(answer.id, Folder(self, answer, self._templates[answer.template_id]))
                self._busy.add(answer.id)
            case [Preset(), *_]:
                given = {own: given for given, own in self._presets.items()}
                return [attrs.evolve(it, id=given.get(it.id, it.id)) for it in answer]
            case _:
                pass
        return answer

    def _request(self, request: CreateWorkspace) -> CreateWorkspace:
        preset_id = request.preset_id
        return request if preset_id is None else attrs.evolve(request, preset_id=self._presets.get(preset_id, preset_id))

    def read(self, folder: Folder) -> Workspace:
        """Read a workspace, whatever became of it."""
        return self.platform.get_workspace(folder.owner_id, folder.id, deadline=DEADLINE)

    def settle(self) -> None:
        """Wait until nothing is under way."""
        over = time.monotonic() + PATIENCE
        while self._busy:
            self._busy = {it for it in self._busy if is_busy(self.read(self.made[it]))}
            assert time.monotonic() < over, f"under way after {PATIENCE:g} s: {self._busy}"
            if self._busy:
                time.sleep(PAUSE)

    # ------------------------------------------------------------ the end

    def verify(self) -> None:
        """See that the disk tells of what was made, and of nothing else."""
        self.settle()
        standing = [record_of(json.loads(it.read_bytes())) for it in self.home.root.glob("workspaces/*/*/record.json")]
        gone = [record_of(json.loads(it.read_bytes())["record"]) for it in self.home.root.glob("deleted/*/*.json")]
        assert sorted(it.id for it in (*standing, *gone)) == sorted(self.made)
        assert len({(it.owner_id, it.name.lower()) for it in standing}) == len(standing)


class Counted(Watch):
    """A watch that is among those that a FakeCoder has open, and performs what arrives late."""

    def __init__(self, machine: Machine, watch: Watch) -> None:
        self._machine = machine
        self._watch = watch
        machine.coder._watches[self] = None

    def next(self, deadline: float) -> Workspace | None:
        """Return the next state."""
        return self._watch.next(deadline)

    def close(self) -> None:
        """Be open no more."""
        self._machine.coder._watches.pop(self, None)
        self._watch.close()


def is_busy(workspace: Workspace) -> bool:
    """Say whether something is under way in it."""
    if workspace.deleted:
        return False
    return workspace.build.job_status in UNDER_WAY or any(it.lifecycle is Lifecycle.STARTING for it in workspace.agents)


def as_method(act: Callable[..., Any]) -> Callable[..., Any]:
    """Return what may take a method's place: a bound one is not given the object that it is asked of."""

    def method(coder: Any, *arguments: Any, **more: Any) -> Any:
        return act(coder, *arguments, **more)

    return method


class Machines:
    """The machines of all that is asked; a FakeCoder gets its own when it is first asked."""

    def __init__(self) -> None:
        self._machines: dict[int, Machine] = {}

    def of(self, coder: Any) -> Machine:
        """Return that of a FakeCoder."""
        if id(coder) not in self._machines:
            self._machines[id(coder)] = Machine(coder)
        return self._machines[id(coder)]

    def all(self) -> list[Machine]:
        """Return all."""
        return list(self._machines.values())

    def end(self) -> None:
        """End all that runs on them."""
        for machine in self.all():
            machine.home.end()

    def asks(self, call: str) -> Callable[..., Any]:
        """Return what takes the place of a call of the ports."""

        def asks(coder: Any, *arguments: Any, deadline: float, **more: Any) -> Any:
            return coder._answer(call, lambda: self.of(coder).does(call, *arguments, **more), deadline)

        return asks

    def watches(self) -> Callable[..., Any]:
        """Return what takes the place of FakeCoder.watch()."""

        def watches(coder: Any, workspace: Workspace, *, deadline: float) -> Watch | None:
            def watch() -> Watch:
                machine = self.of(coder)
                return Counted(machine, machine.does("watch", workspace))

            return coder._answer("watch", watch, deadline) if coder._watching else None

        return watches

    def made(self, coder: Any) -> tuple[Folder, ...]:
        """Take the place of FakeCoder.workspaces."""
        coder._platform.catch_up()
        return tuple(self.of(coder).made.values())

    def live(self, coder: Any) -> tuple[Folder, ...]:
        """Take the place of FakeCoder.live."""
        return tuple(it for it in self.made(coder) if not it.now.deleted)

    def add_template(self, coder: Any, name: str, **settings: Any) -> Template:
        """Take the place of FakeCoder.add_template()."""
        return self.of(coder).add_template(name, **settings)

    def add_workspace(self, coder: Any, template: Template, name: str = "own", *, owner_id: UUID) -> Folder:
        """Take the place of FakeCoder.add_workspace()."""
        return self.of(coder).add_workspace(template, name, owner_id)

    def patches(self) -> Mapping[str, Any]:
        """Return what takes the place of what a FakeCoder has."""
        return {
            **{call: self.asks(call) for call in get_args(CreatorCall)},
            **{name: unfit_because(why) for name, why in SWITCHES.items()},
            "watch": self.watches(),
            "add_template": as_method(self.add_template),
            "add_workspace": as_method(self.add_workspace),
            "workspaces": property(self.made),
            "live": property(self.live),
        }


@contextmanager
def over_local() -> Generator[Machines]:
    """Let a machine be behind every FakeCoder that is asked within."""
    machines = Machines()
    with ExitStack() as stack:
        for name, value in machines.patches().items():
            stack.enter_context(mock.patch.object(FakeCoder, name, value))
        stack.enter_context(mock.patch.object(simulation, "OWNER", OWNER_ID))
        stack.enter_context(mock.patch.object(simulation, "ORGANIZATION", ORGANIZATION_ID))
        stack.callback(machines.end)
        yield machines
        for machine in machines.all():
            machine.verify()
