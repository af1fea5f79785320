"""Fresh stores, platforms and clocks for the suites: one factory for each adapter, and for each kind of time that it can run in."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from itertools import count
from typing import cast
from uuid import UUID

import attrs

from chatworkspace import Workspace
from chatworkspace.ports import AgentDialer, Clock, Completed, Parameter, Preset, Store, SystemClock, WorkspaceCreator
from chatworkspace_coder import CoderClient
from chatworkspace_fake import NEVER, FakeCoder, FakeWorkspace, Simulation
from chatworkspace_fake._platform.coder import CreatorCall
from chatworkspace_fake._platform.states import ORGANIZATION, OWNER
from chatworkspace_simulator import CoderSimulator
from tests.contract.clock import ClockFactory, ClockWorld
from tests.contract.creator import LOG, SLOW, CreatorFactory, CreatorWorld
from tests.contract.dialer import DialerFactory, DialerWorld
from tests.contract.store import StoreFactory, StoreWorld
from tests.contract.threads import REAL_ROUNDS, ROUNDS, RealThreads, Threads, VirtualThreads

MakeStore = Callable[[Clock], Store]
MakeCoder = Callable[[Clock], FakeCoder]
OTHER_OWNER, OTHER_ORGANIZATION, SMALL = (UUID(int=number) for number in range(1, 4))
TOKENS = {OWNER: "owner-of-the-site", OTHER_OWNER: "somebody-else"}
"""Each owner's: what a client over HTTP may see is what its token may."""
REQUESTS = {"template_use": "list_templates"}
"""Calls for which the server has no request of that name: the client asks for others first."""
ROUNDS_OVER_HTTP = 12
"""Races over sockets, which are as many as a second or two have room for."""


# ------------------------------------------------------------------ clocks


def system_clocks() -> ClockFactory:
    """Return a factory of the system's clock."""
    return lambda: ClockWorld(clock=SystemClock(), threads=RealThreads())


def simulations() -> ClockFactory:
    """Return a factory of simulations, as clocks."""
    seeds = count()

    def factory() -> ClockWorld:
        simulation = Simulation(next(seeds))
        return ClockWorld(clock=simulation, threads=VirtualThreads(simulation))

    return factory


def clocks_of_processes() -> ClockFactory:
    """Return a factory of the clocks of a simulation's processes."""
    seeds = count()

    def factory() -> ClockWorld:
        simulation = Simulation(next(seeds))
        return ClockWorld(clock=simulation.process().clock, threads=VirtualThreads(simulation))

    return factory


# ------------------------------------------------------------------ stores


def stores_in_real_time(make: MakeStore, *, rounds: int = REAL_ROUNDS) -> StoreFactory:
    """Return a factory of stores on the system's clock, for real threads."""

    def factory() -> StoreWorld:
        clock = SystemClock()
        return StoreWorld(store=make(clock), clock=clock, threads=RealThreads(rounds))

    return factory


def stores_in_virtual_time(make: MakeStore, *, rounds: int = ROUNDS) -> StoreFactory:
    """Return a factory of stores in simulations, as one of their processes reaches them: every call is a place where another thread may go on."""
    seeds = count()

    def factory() -> StoreWorld:
        simulation = Simulation(next(seeds), store=make)
        process = simulation.process()
        return StoreWorld(store=process.store, clock=process.clock, threads=VirtualThreads(simulation, rounds))

    return factory


# ------------------------------------------------------------------ platforms


def creators_in_real_time(make: MakeCoder) -> CreatorFactory:
    """Return a factory of platforms on the system's clock, for real threads."""

    def factory() -> CreatorWorld:
        clock = SystemClock()
        coder = make(clock)
        return _creator_world(coder, coder, clock, RealThreads())

    return factory


def creators_in_virtual_time(make: MakeCoder, *, rounds: int = ROUNDS) -> CreatorFactory:
    """Return a factory of platforms in simulations, as one of their processes reaches them."""
    seeds = count()

    def factory() -> CreatorWorld:
        simulation = Simulation(next(seeds), coder=make)
        process = simulation.process()
        return _creator_world(simulation.coder, process.creator, process.clock, VirtualThreads(simulation, rounds))

    return factory


def creators_over_http(stack: ExitStack, level: str) -> CreatorFactory:
    """Return a factory of clients of a server of that level, whose platform is on the system's clock; the stack ends both."""

    def factory() -> CreatorWorld:
        coder, client = _served(stack, level)
        world = _creator_world(coder, client, SystemClock(), RealThreads(ROUNDS_OVER_HTTP))

        def lose_request(call: str) -> None:
            world.lose_request(REQUESTS.get(call, call))

        return attrs.evolve(world, lose_request=lose_request)

    return factory


def _served(stack: ExitStack, level: str) -> tuple[FakeCoder, CoderClient]:
    coder = FakeCoder()
    simulator = stack.enter_context(CoderSimulator(coder, level=level, tokens={token: owner for owner, token in TOKENS.items()}))
    return coder, stack.enter_context(CoderClient(simulator.url, token=lambda owner_id: TOKENS[owner_id or OWNER]))


def _creator_world(coder: FakeCoder, creator: WorkspaceCreator, clock: Clock, threads: Threads) -> CreatorWorld:
    return CreatorWorld(
        creator=creator,
        clock=clock,
        threads=threads,
        owner_id=OWNER,
        other_owner_id=OTHER_OWNER,
        organization_id=ORGANIZATION,
        template=coder.add_template("plain", log=LOG),
        slow=coder.add_template("slow", build=SLOW),
        endless=coder.add_template("endless", build=NEVER),
        asking=coder.add_template(
            "asking",
            parameters=[Parameter(name="region", required=True)],
            presets=[Preset(id=SMALL, name="small", parameters={"region": "here"})],
        ),
        foreign=coder.add_template("foreign", organization_id=OTHER_ORGANIZATION),
        hide=lambda workspace_id: _of(coder, workspace_id).hide(),
        lose_request=lambda call: coder.when(cast("CreatorCall", call)).lose_request(),
        lose_answer=lambda call: coder.when(cast("CreatorCall", call)).lose_answer(),
    )


def _of(coder: FakeCoder, workspace_id: UUID) -> FakeWorkspace:
    return next(it for it in coder.workspaces if it.id == workspace_id)


def dialers_in_real_time(make: MakeCoder) -> DialerFactory:
    """Return a factory of platforms on the system's clock, for real threads."""

    def factory() -> DialerWorld:
        clock = SystemClock()
        coder = make(clock)
        return _dialer_world(coder, coder, clock, RealThreads())

    return factory


def dialers_in_virtual_time(make: MakeCoder, *, rounds: int = ROUNDS) -> DialerFactory:
    """Return a factory of platforms in simulations, as one of their processes reaches them."""
    seeds = count()

    def factory() -> DialerWorld:
        simulation = Simulation(next(seeds), coder=make)
        process = simulation.process()
        return _dialer_world(simulation.coder, process.dialer, process.clock, VirtualThreads(simulation, rounds))

    return factory


def dialers_over_http(stack: ExitStack, level: str) -> DialerFactory:
    """Return a factory of clients of a server of that level, whose platform is on the system's clock; the stack ends both."""

    def factory() -> DialerWorld:
        coder, client = _served(stack, level)
        return _dialer_world(coder, client, SystemClock(), RealThreads(ROUNDS_OVER_HTTP))

    return factory


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
