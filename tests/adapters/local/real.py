"""A stand-in for Simulation whose platform is folders and processes of this machine, and whose store is an SQLite file. See over_http/real.py.

Time is real, and faster. Who is next comes from the machine, not from the seed.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from threading import Lock, Timer, get_ident
from typing import Any, get_args
from unittest import mock
from uuid import UUID

import attrs

from chatworkspace import ChatWorkspaceError, JobStatus, RefusedError, Template, Workspace
from chatworkspace.ports import Claim, Clock, CreateWorkspace, PortError
from chatworkspace_fake import Fails, MemoryStore
from chatworkspace_fake._platform.coder import CHANGES, CreatorCall
from chatworkspace_fake._platform.faults import Fault, Faults, odds_of
from chatworkspace_fake._platform.states import Duration, seconds_of
from chatworkspace_fake._platform.store import StoreCall
from chatworkspace_fake._simulation.hosts import PORT_CALLS
from chatworkspace_local import LocalPlatform
from chatworkspace_local._watching import LocalWatch
from chatworkspace_local._worker.files import OddFileError, try_lock
from chatworkspace_local._worker.processes import Life, life_of, send, stat_of
from chatworkspace_sqlite import SQLiteStore, _rows
from tests.adapters.local.worlds import Home, deadline, home
from tests.adapters.over_http.real import RealProcess, RealSimulation, ScaledWatch, SkippingClock
from tests.crash.folders import Made, failed_at_first, live_on, made_below
from tests.worlds.book import Ledger

GRACE = 0.2
"""Real seconds that processes of a workspace have to end."""
BUSY = 1000.0
"""Seconds of the clock for which a file may be locked: a machine with other things to do is slow, which is not what these worlds are about."""


# ------------------------------------------------------------------ the store


class FileStores:
    """The SQLite files behind stores in memory; each gets its own when it is first asked."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._folder = folder
        self._stack = stack
        self._lock = Lock()
        self._stores: dict[int, tuple[MemoryStore, SQLiteStore]] = {}

    def of(self, store: MemoryStore) -> SQLiteStore:
        """Return the one behind a store in memory."""
        with self._lock:
            if id(store) not in self._stores:
                made = SQLiteStore(self._folder / f"{len(self._stores)}.db", timeout=BUSY, clock=store._clock)
                self._stores[id(store)] = store, self._stack.enter_context(closing(made))
            return self._stores[id(store)][1]

    def asks(self, call: str) -> Callable[..., Any]:
        """Return what takes the place of a method in memory."""

        def asks(store: MemoryStore, *arguments: Any, **more: Any) -> Any:
            return getattr(self.of(store), call)(*arguments, **more)

        return asks

    def holds(self) -> Callable[[Ledger, Claim], bool]:
        """Return what tells whether a claim's holder may still write."""

        def holds(ledger: Ledger, claim: Claim) -> bool:
            store = self.of(ledger)
            row = store._read(lambda connection: _rows.find(connection, claim.chat.id))
            return row.record(store._now()).is_held(claim) and not row.written

        return holds


@contextmanager
def over_sqlite(folder: Path) -> Generator[FileStores, None, None]:
    """Let what is in memory within lie in files of a folder."""
    with ExitStack() as stack:
        stores = FileStores(folder, stack)
        for call in get_args(StoreCall):
            stack.enter_context(mock.patch.object(MemoryStore, call, stores.asks(call)))
        stack.enter_context(mock.patch.object(Ledger, "holds", stores.holds()))
        yield stores


# ------------------------------------------------------------------ the platform


class NotedClock(SkippingClock):
    """A clock that knows which of its instants a time of day is."""

    def __init__(self, speed: float) -> None:
        super().__init__(speed)
        self._skips: list[tuple[float, float]] = []

    def skip(self, seconds: float) -> None:
        """Put it forward."""
        self._skips.append((self._system.now().timestamp(), seconds))
        super().skip(seconds)

    def at(self, time_of_day: float) -> float:
        """Return the instant. time_of_day: seconds since 1970, by the system's clock."""
        skipped = sum(seconds for at, seconds in self._skips if at <= time_of_day)
        return (time_of_day - self._born_at.timestamp()) * self.speed + skipped


class Port(LocalPlatform):
    """The platform as one process of a world reaches it: its deadlines are those of a faster clock, and its calls may be struck by faults."""

    machine: Machine

    def close(self) -> None:
        """Do nothing: it keeps nothing open."""


def _struck(name: str) -> Callable[..., Any]:
    method: Any = getattr(LocalPlatform, name)

    def call(port: Port, *arguments: Any, deadline: float, **more: Any) -> Any:
        machine, clock = port.machine, port.machine.clock

        def act() -> Any:
            last = deadline if deadline > clock.monotonic() else clock.monotonic() + BUSY  # what is late is done for nobody
            return machine.acted(name, arguments, lambda: method(port, *arguments, **more, deadline=clock.real(last)))

        machine.catch_up()
        return machine.faults.apply(name, act, deadline=deadline)

    return call


for _name in PORT_CALLS["coder"]:
    setattr(Port, _name, _struck(_name))


@attrs.frozen(kw_only=True)
class Known:
    """A workspace, as the user's page has it."""

    made: Made
    machine: Machine

    @property
    def id(self) -> UUID:
        """Its own."""
        return self.made.id

    def _now(self) -> Workspace:
        return self._ask(lambda platform: platform.get_workspace(platform.owner_id, self.id, deadline=deadline()))

    def _ask(self, ask: Callable[[LocalPlatform], Workspace]) -> Workspace:
        try:
            return ask(self.machine.here.platform)
        except (ChatWorkspaceError, PortError) as error:
            raise RefusedError(str(error)) from error

    def delete(self) -> None:
        """Delete it, as its user. RefusedError."""
        self._ask(lambda platform: platform.delete_workspace(self._now(), deadline=deadline()))

    def stop(self) -> None:
        """Stop it, as its user. RefusedError."""
        self._ask(lambda platform: platform.stop_workspace(self._now(), deadline=deadline()))

    def start(self) -> None:
        """Start it, as its user. RefusedError."""
        self._ask(lambda platform: platform.start_workspace(self._now(), {}, deadline=deadline()))

    def cancel(self) -> None:
        """Kill the process that does its build. RefusedError."""
        if self._now().build.job_status not in (JobStatus.PENDING, JobStatus.RUNNING):
            raise RefusedError("no build is under way")
        self.machine.kill(self.id)

    def drop_agent(self) -> None:
        """Kill its keeper. RefusedError."""
        if not self._now().agents:
            raise RefusedError("it has no agent")
        self.machine.kill(self.id)

    def hide(self) -> None:
        """Refuse: a folder hides from nobody. RefusedError."""
        raise RefusedError("this platform hides nothing")

    def show(self) -> None:
        """Do nothing: it is not hidden."""

    def rename(self, name: str) -> None:
        """Do nothing: a workspace of this machine keeps its name."""


class Machine:
    """What a world does with its platform from outside. See FakeCoder."""

    def __init__(self, here: Home, clock: NotedClock) -> None:
        self.here, self.clock = here, clock
        self.faults = Faults(clock, calls=get_args(CreatorCall), changes=CHANGES)
        self._builds: dict[UUID, tuple[Path, float, bool]] = {}
        """Of each template: its folder, the real seconds for which a build of it takes, and whether the first is killed."""
        self._watches: list[LocalWatch] = []

    # -------------------------------------------------------------- set up

    def add_template(self, name: str, *, build: Duration | list[Duration] = 0.0, scripts: float = 0.0, **more: Any) -> Template:
        """Add a template whose builds take so long, and whose setup does. Of the rest this platform has nothing."""
        del more
        builds = build if isinstance(build, list) else list[Duration]([build])
        setup = f"sleep {scripts / self.clock.speed}" if scripts else ""
        template = self.here.template(name, setup=setup)
        self._builds[template.id] = self.here.root / "templates" / name, seconds_of(builds[0]) / self.clock.speed, isinstance(builds[0], Fails)
        return template

    def list_templates(self, owner_id: UUID, organization_id: UUID, *, deadline: float) -> Sequence[Template]:
        """Return those of the world."""
        listed = self.here.platform.list_templates(owner_id, organization_id, deadline=deadline)
        return [it for it in listed if it.id in self._builds]

    def add_workspace(self, template: Template, *, owner_id: UUID) -> Known:
        """Let the user make one."""
        del owner_id
        made = self.here.ready("", template)
        return next(it for it in self.workspaces if it.id == made.id)

    def when(self, call: str, *, nth: int = 1, times: int = 1, chance: float | None = None, seed: int = 0) -> Fault:
        """Choose calls that a fault strikes."""
        return self.faults.when(call, nth=nth, times=times, odds=odds_of(chance, seed))

    def answer_conflicts(self, status: int) -> None:
        """Do nothing: it has one way to say that a name is taken."""

    def slow_first_dials(self, seed: int) -> None:
        """Do nothing: its agents are reached at once."""

    @property
    def _faults(self) -> Faults:
        return self.faults

    # -------------------------------------------------------------- what happens

    def catch_up(self) -> None:
        """Act upon the requests that have arrived late."""
        for _, act in self.faults.due():
            with suppress(ChatWorkspaceError, PortError):  # whoever sent it has given up
                act()

    def acted(self, name: str, arguments: Sequence[Any], act: Callable[[], Any]) -> Any:
        """Perform a call of the port."""
        if name == "create_workspace":
            return self._created(arguments[0], act)
        answer = act()
        if isinstance(answer, LocalWatch):
            self._watches.append(answer)
            return ScaledWatch(self.clock, answer)
        return answer

    def _created(self, request: CreateWorkspace, act: Callable[[], Workspace]) -> Workspace:
        """Make one, while its template is locked for as long as its build is to take. The first build of some is killed."""
        folder, seconds, killed = self._builds[request.template_id]
        if seconds:
            self._hold(folder, seconds)
        made = act()
        if killed:
            self.kill(made.id)
        return made

    def _hold(self, folder: Path, seconds: float) -> None:
        """Hold a template, as whoever changes it does, unless somebody has it. Builds wait for that."""
        file = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        if not try_lock(file):
            os.close(file)
            return
        timer = Timer(seconds, os.close, [file])
        timer.daemon = True
        timer.start()

    def kill(self, workspace_id: UUID) -> None:
        """Kill the process that does its build, or keeps it."""
        with suppress(OSError, OddFileError):  # it is gone
            worker = next((self.here.record(it).latest.worker for it in live_on(self.here.platform) if it.id == workspace_id), None)
            found = None if worker is None or life_of(worker) is not Life.ALIVE else stat_of(worker.pid)
            send([] if found is None else [found], signal.SIGKILL)

    # -------------------------------------------------------------- what is there

    @property
    def workspaces(self) -> list[Known]:
        """All that were ever made, by the file system."""
        return [Known(made=it, machine=self) for it in made_below(self.here.root)]

    @property
    def live(self) -> list[Known]:
        """Those that are there."""
        there = {it.id for it in live_on(self.here.platform)}
        return [it for it in self.workspaces if it.id in there]

    def failed(self) -> set[UUID]:
        """Return those whose first build came to nothing."""
        return failed_at_first(self.here)

    @property
    def open_watches(self) -> int:
        """Watches that nobody has closed."""
        return sum(not it._closed for it in self._watches)


class LocalSimulation(RealSimulation):
    """See Simulation. What it has made is gone when it is left by the stack."""

    def __init__(
        self,
        seed: int,
        *,
        stack: ExitStack,
        speed: float,
        port: Callable[[Path, Machine], Port],
        store: Callable[[Clock], Any],
        coder: object = None,
        **service: Any,
    ) -> None:
        del coder  # that is the machine
        here = home()
        stack.callback(here.end)
        self.seed = seed
        self.owner_id, self.organization_id = here.platform.owner_id, here.platform.organization_id
        self.clock = NotedClock(speed)
        self.store = store(self.clock)
        self.coder: Any = Machine(here, self.clock)
        self.trace = ""
        self._port = port
        self._root = here.root
        self._service = service
        self._home = get_ident()
        self._planned = []
        self._default = None

    def process(self, name: str) -> RealProcess:
        """Start another process."""
        client: Any = self._port(self._root, self.coder)
        return RealProcess(name, clock=self.clock, store=self.store, client=client, service=self._service)
