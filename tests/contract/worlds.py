"""Fresh stores, platforms and clocks for the rules: one factory for each adapter, and for each kind of time that it can run in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar, cast
from uuid import UUID

import attrs

from chatworkspace import Workspace
from chatworkspace.ports import AgentDialer, Clock, Completed, Parameter, Preset, Store, SystemClock, WorkspaceCreator
from chatworkspace_coder import CoderClient
from chatworkspace_contracts import ClockWorld, CreatorWorld, DialerWorld, RealThreads, StoreWorld, Threads
from chatworkspace_fake import NEVER, FakeCoder, FakeWorkspace, RealShell, Simulation
from chatworkspace_fake._platform.coder import CreatorCall
from chatworkspace_fake._platform.states import OWNER
from chatworkspace_simulator import CoderSimulator

T = TypeVar("T")
MakeStore = Callable[[Clock], Store]
MakeCoder = Callable[[Clock], FakeCoder]
Stores = Callable[[], StoreWorld]
Creators = Callable[[], CreatorWorld]
Dialers = Callable[[], DialerWorld]
Clocks = Callable[[], ClockWorld]

OTHER_OWNER, OTHER_ORGANIZATION, SMALL = (UUID(int=number) for number in range(1, 4))
TOKENS = {OWNER: "owner-of-the-site", OTHER_OWNER: "somebody-else"}
"""Each owner's: what a client over HTTP may see is what its token may."""
REQUESTS = {"template_use": "list_templates"}
"""Calls for which the server has no request of that name: the client asks for others first."""
LOG = ("fetching", "starting", "done")
SLOW = 0.3
"""Seconds that the slow template builds for."""
ROUNDS = 50
"""How often threads race in virtual time, where each round takes turns as it needs them."""
ROUNDS_OVER_HTTP = 12
"""Races over sockets, which are as many as a second or two have room for."""


class VirtualThreads(Threads):
    """Threads of a simulation: one at a time, who is next comes from its seed."""

    def __init__(self, simulation: Simulation, rounds: int = ROUNDS) -> None:
        self.rounds = rounds
        self._simulation = simulation

    def together(self, calls: Sequence[Callable[[], T]]) -> list[T]:
        """Let chance order them."""
        return self._simulation.run(*calls)


# ------------------------------------------------------------------ clocks


def simulations() -> Clocks:
    """Return a factory of simulations, as clocks."""
    seeds = count()

    def fresh() -> ClockWorld:
        simulation = Simulation(next(seeds))
        return ClockWorld(clock=simulation, threads=VirtualThreads(simulation))

    return fresh


def clocks_of_processes() -> Clocks:
    """Return a factory of the clocks of a simulation's processes."""
    seeds = count()

    def fresh() -> ClockWorld:
        simulation = Simulation(next(seeds))
        return ClockWorld(clock=simulation.process().clock, threads=VirtualThreads(simulation))

    return fresh


# ------------------------------------------------------------------ stores


def stores_in_real_time(make: MakeStore, *, rounds: int = 200) -> Stores:
    """Return a factory of stores on the system's clock, for real threads."""

    def fresh() -> StoreWorld:
        clock = SystemClock()
        return StoreWorld(store=make(clock), clock=clock, threads=RealThreads(rounds))

    return fresh


def stores_in_virtual_time(make: MakeStore, *, rounds: int = ROUNDS) -> Stores:
    """Return a factory of stores in simulations, as one of their processes reaches them: every call is a place where another thread may go on."""
    seeds = count()

    def fresh() -> StoreWorld:
        simulation = Simulation(next(seeds), store=make)
        process = simulation.process()
        return StoreWorld(store=process.store, clock=process.clock, threads=VirtualThreads(simulation, rounds))

    return fresh


# ------------------------------------------------------------------ platforms


def creators_in_real_time(make: MakeCoder) -> Creators:
    """Return a factory of platforms on the system's clock, for real threads."""

    def fresh() -> CreatorWorld:
        clock = SystemClock()
        coder = make(clock)
        return _creator_world(coder, coder, clock, RealThreads())

    return fresh


def creators_in_virtual_time(make: MakeCoder, *, rounds: int = ROUNDS) -> Creators:
    """Return a factory of platforms in simulations, as one of their processes reaches them."""
    seeds = count()

    def fresh() -> CreatorWorld:
        simulation = Simulation(next(seeds), coder=make)
        process = simulation.process()
        return _creator_world(simulation.coder, process.creator, process.clock, VirtualThreads(simulation, rounds))

    return fresh


def creators_over_http(level: str) -> Creators:
    """Return a factory of clients of a server of that level, whose platform is on the system's clock; the worlds end both."""

    def fresh() -> CreatorWorld:
        coder, client, stack = _served(level)
        world = _creator_world(coder, client, SystemClock(), RealThreads(ROUNDS_OVER_HTTP))

        def lose_request(call: str) -> None:
            assert world.lose_request is not None
            world.lose_request(REQUESTS.get(call, call))

        return attrs.evolve(world, lose_request=lose_request, end=stack.close)

    return fresh


def _served(level: str) -> tuple[FakeCoder, CoderClient, ExitStack]:
    coder, stack = FakeCoder(), ExitStack()
    simulator = stack.enter_context(CoderSimulator(coder, level=level, tokens={token: owner for owner, token in TOKENS.items()}))
    return coder, stack.enter_context(CoderClient(simulator.url, token=lambda owner_id: TOKENS[owner_id or OWNER])), stack


def _creator_world(coder: FakeCoder, creator: WorkspaceCreator, clock: Clock, threads: Threads) -> CreatorWorld:
    preset = Preset(id=SMALL, name="small", parameters={"region": "here"})
    return CreatorWorld(
        creator=creator,
        clock=clock,
        threads=threads,
        owner_id=OWNER,
        template=coder.add_template("plain", log=LOG),
        other_owner_id=OTHER_OWNER,
        foreign=coder.add_template("foreign", organization_id=OTHER_ORGANIZATION),
        slow=coder.add_template("slow", build=SLOW),
        endless=coder.add_template("endless", build=NEVER),
        asking=coder.add_template("asking", parameters=[Parameter(name="region", required=True)], presets=[preset]),
        preset=preset,
        log=LOG,
        stops_in=lambda workspace_id: _stops_in(coder, workspace_id),
        hide=lambda workspace_id: _of(coder, workspace_id).hide(),
        lose_request=lambda call: coder.when(cast("CreatorCall", call)).lose_request(),
        lose_answer=lambda call: coder.when(cast("CreatorCall", call)).lose_answer(),
    )


def _of(coder: FakeCoder, workspace_id: UUID) -> FakeWorkspace:
    return next(it for it in coder.workspaces if it.id == workspace_id)


def _stops_in(coder: FakeCoder, workspace_id: UUID) -> float | None:
    stops_at = _of(coder, workspace_id).stops_at
    return None if stops_at is None else stops_at - coder.inside.platform.time


# ------------------------------------------------------------------ agents


def dialers_in_real_time(make: MakeCoder) -> Dialers:
    """Return a factory of platforms on the system's clock, for real threads."""

    def fresh() -> DialerWorld:
        clock = SystemClock()
        coder = make(clock)
        return with_shell(coder, _dialer_world(coder, coder, clock, RealThreads()))

    return fresh


def with_shell(coder: FakeCoder, world: DialerWorld) -> DialerWorld:
    """Let commands run in a real shell, in a folder that ends with the world."""
    folder = TemporaryDirectory()
    coder.shell = RealShell(Path(folder.name))

    def end() -> None:
        world.end()
        folder.cleanup()

    return attrs.evolve(world, commands=True, end=end)


def dialers_in_virtual_time(make: MakeCoder, *, rounds: int = ROUNDS) -> Dialers:
    """Return a factory of platforms in simulations, as one of their processes reaches them."""
    seeds = count()

    def fresh() -> DialerWorld:
        simulation = Simulation(next(seeds), coder=make)
        process = simulation.process()
        return _dialer_world(simulation.coder, process.dialer, process.clock, VirtualThreads(simulation, rounds))

    return fresh


def dialers_over_http(level: str, *, shell: RealShell | None = None) -> Dialers:
    """Return a factory of clients of a server of that level, whose platform is on the system's clock; the worlds end both.

    shell: what commands run in, each in a pseudo-terminal.
    """

    def fresh() -> DialerWorld:
        coder, client, stack = _served(level)
        coder.shell = shell
        world = _dialer_world(coder, client, SystemClock(), RealThreads(ROUNDS_OVER_HTTP))
        return attrs.evolve(world, commands=True if shell is not None else None, end=stack.close)

    return fresh


def _dialer_world(coder: FakeCoder, dialer: AgentDialer, clock: Clock, threads: Threads) -> DialerWorld:
    connecting, silent = coder.add_template("connecting"), coder.add_template("silent", connect=NEVER)
    coder.on_run = _shell
    names = (f"dev-{number}" for number in count())

    def restart(workspace: Workspace) -> Workspace:
        it = _of(coder, workspace.id)
        it.stop()
        it.start()
        return it.now

    return DialerWorld(
        dialer=dialer,
        clock=clock,
        threads=threads,
        ready=lambda: coder.add_workspace(connecting, next(names), owner_id=OWNER).now,
        unconnected=lambda: coder.add_workspace(silent, next(names), owner_id=OWNER).now,
        drop=lambda workspace: _of(coder, workspace.id).drop_agent(),
        restore=lambda workspace: _of(coder, workspace.id).restore_agent(),
        restart=restart,
        stop=lambda workspace: _of(coder, workspace.id).stop(),
        delete=lambda workspace: _of(coder, workspace.id).delete(),
        lose_request=lambda: coder.when("dial").lose_request(),
    )


def _shell(command: str) -> Completed:
    name, _, rest = command.partition(" ")
    return Completed(exit_code=int(rest), output="") if name == "exit" else Completed(exit_code=0, output=rest)
