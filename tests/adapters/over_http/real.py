"""A stand-in for Simulation in real time: threads on a scaled clock, and processes that reach a FakeCoder over HTTP, each by a client of its own.

It has what the random worlds and the demo use of a Simulation. Who is next comes from the machine, not from the seed.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from datetime import datetime, timedelta
from threading import Lock, Thread, get_ident
from typing import Any, TypeVar, cast

from chatworkspace import Chat, ChatWorkspaces
from chatworkspace.ports import AgentConnection, AgentDialer, Clock, Completed, Store, Watch, WorkspaceCreator
from chatworkspace_coder import CoderClient
from chatworkspace_fake import FakeCoder, FakeStore, ScaledClock
from chatworkspace_fake._platform.states import ORGANIZATION, OWNER
from chatworkspace_fake._simulation.actors import ProcessKilled
from chatworkspace_fake._simulation.hosts import PORT_CALLS, Blow, Host, moment_of
from chatworkspace_simulator import CoderSimulator

T = TypeVar("T")


class SkippingClock(ScaledClock):
    """A scaled clock that begins at 0, and can be put forward."""

    def __init__(self, speed: float) -> None:
        super().__init__(speed)
        self._skipped = 0.0

    def skip(self, seconds: float) -> None:
        """Put it forward. Nobody is to wait meanwhile but for what happens later."""
        self._skipped += seconds

    def monotonic(self) -> float:
        """Scaled seconds since the clock was made, and those that were skipped."""
        return (self._system.monotonic() - self._born) * self.speed + self._skipped

    def now(self) -> datetime:
        """Time of day."""
        return self._born_at + timedelta(seconds=self.monotonic())

    def real(self, instant: float) -> float:
        """Return an instant as one of the system's clock."""
        return self._born + (instant - self._skipped) / self.speed


# ------------------------------------------------------------------ a client whose deadlines are those of the clock


class ScaledClient(CoderClient):
    """A CoderClient for a service on a scaled clock: it is given deadlines of that clock, and has those of the system's."""

    def __init__(self, clock: SkippingClock, simulator: CoderSimulator) -> None:
        super().__init__(simulator.url, token=simulator.token)
        self.clock = clock


class ScaledWatch(Watch):
    """The same for a watch."""

    def __init__(self, clock: SkippingClock, watch: Watch) -> None:
        self._clock = clock
        self._watch = watch

    def next(self, deadline: float) -> Any:
        """Pass on."""
        return self._watch.next(self._clock.real(deadline))

    def close(self) -> None:
        """Pass on."""
        self._watch.close()


class ScaledConnection(AgentConnection):
    """The same for a connection."""

    def __init__(self, clock: SkippingClock, connection: AbstractContextManager[AgentConnection]) -> None:
        self._clock = clock
        self._connection = connection
        self._open: AgentConnection | None = None

    def run(self, command: str, *, timeout: float, **more: Any) -> Completed:
        """Pass on."""
        assert self._open is not None
        return self._open.run(command, timeout=timeout / self._clock.speed, **more)

    def __enter__(self) -> ScaledConnection:  # noqa: PYI034 # nobody inherits from it
        self._open = self._connection.__enter__()
        return self

    def __exit__(self, *of_error: object) -> None:
        leave: Any = self._connection
        leave.__exit__(*of_error)


def _scaled(name: str) -> Callable[..., Any]:
    method: Any = getattr(CoderClient, name)

    def call(client: ScaledClient, *arguments: Any, deadline: float, **more: Any) -> Any:
        answer = method(client, *arguments, **more, deadline=client.clock.real(deadline))
        match name:
            case "watch":
                return None if answer is None else ScaledWatch(client.clock, answer)
            case "dial":
                return ScaledConnection(client.clock, answer)
            case _:
                return answer

    return call


for _name in PORT_CALLS["coder"]:
    setattr(ScaledClient, _name, _scaled(_name))


# ------------------------------------------------------------------ processes


class Struck:
    """A port as one process reaches it: at each call the process may end, or stand still."""

    def __init__(self, process: RealProcess, port_name: str, port: object) -> None:
        self._process = process
        self._port_name = port_name
        self._port = port

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._port, name)
        if name not in PORT_CALLS[self._port_name]:
            return method
        moment = f"{self._port_name}.{name}"

        def call(*arguments: Any, **more: Any) -> Any:
            self._process.meet(f"before {moment}")
            try:
                answer = method(*arguments, **more)
            finally:
                self._process.meet(f"after {moment}")
            return Struck(self._process, "watch", answer) if name == "watch" and answer is not None else answer

        return call


class RealProcess:
    """A process: its own ChatWorkspaces and client. See Process."""

    def __init__(self, name: str, *, clock: SkippingClock, store: object, client: CoderClient, service: dict[str, Any]) -> None:
        self.name = name
        self.clock = clock
        self.pauses: list[tuple[float, float]] = []
        """When it began to stand still, and for how long."""
        self._host = Host(name)
        self._client = client
        self._lock = Lock()
        self.store = cast("Store", Struck(self, "store", store))
        port = Struck(self, "coder", client)
        self.creator = cast("WorkspaceCreator", port)
        self.dialer = cast("AgentDialer", port)
        self.workspaces = ChatWorkspaces(store=self.store, creator=self.creator, dialer=self.dialer, clock=clock, **service)

    def kill(self, *, before: str = "", after: str = "") -> None:
        """End it: now, or at that port call. Its connections end with it."""
        moment = moment_of(before, after)
        if moment:
            self._host.arm(Blow(moment, None))
        else:
            self._host.killed = True
            self._client.close()

    def pause(self, seconds: float, *, before: str = "", after: str = "") -> None:
        """Let it stand still: now, or at that port call."""
        moment = moment_of(before, after)
        if moment:
            self._host.arm(Blow(moment, seconds))
        else:
            now = self.clock.monotonic()
            self.pauses.append((now, seconds))
            self._host.paused_until = max(self._host.paused_until, now + seconds)

    def meet(self, moment: str) -> None:
        """Let happen what is armed for this moment. ProcessKilled."""
        with self._lock:
            blow = self._host.disarm(moment)
        if blow is not None:
            self.kill() if blow.pause is None else self.pause(blow.pause)
        while not self._host.killed and (left := self._host.paused_until - self.clock.monotonic()) > 0:
            self.clock.sleep(min(left, 1.0))
        if self._host.killed:
            raise ProcessKilled(f"process {self.name} was killed")

    def unstruck(self) -> tuple[str, ...]:
        """Return what was armed and has not happened."""
        return self._host.unstruck()


# ------------------------------------------------------------------ the world


class RealSimulation:
    """See Simulation. Left by the stack: the clients, then the server."""

    def __init__(
        self,
        seed: int,
        *,
        stack: ExitStack,
        level: str,
        speed: float,
        store: Callable[[Clock], Any] = FakeStore,
        coder: Callable[[Clock], FakeCoder] = FakeCoder,
        client: Callable[[SkippingClock, CoderSimulator], CoderClient] = ScaledClient,
        **service: Any,
    ) -> None:
        self.seed = seed
        self.owner_id, self.organization_id = OWNER, ORGANIZATION
        self.clock = SkippingClock(speed)
        self.store = store(self.clock)
        self.coder = coder(self.clock)
        self.simulator = stack.enter_context(CoderSimulator(self.coder, level=level))
        self.trace = ""
        self._stack = stack
        self._client = client
        self._service = service
        self._home = get_ident()
        self._planned: list[tuple[float, Callable[[], object]]] = []
        self._default: RealProcess | None = None

    @property
    def workspaces(self) -> ChatWorkspaces:
        """The service of a process of its own."""
        self._default = self._default or self.process("default")
        return self._default.workspaces

    def open_chat(self, chat_id: str) -> Chat:
        """Open a chat."""
        chat: Chat = self.store.open_chat(chat_id, self.owner_id, self.organization_id)
        return chat

    def process(self, name: str) -> RealProcess:
        """Start another process."""
        client = self._stack.enter_context(self._client(self.clock, self.simulator))
        return RealProcess(name, clock=self.clock, store=self.store, client=client, service=self._service)

    def at(self, seconds: float, action: Callable[[], object]) -> None:
        """Do something to the world during run(), when so much time has passed."""
        self._planned.append((seconds, action))

    def run(self, *calls: Callable[[], T]) -> list[T]:
        """Run the calls and the actions as threads to their ends; return the results of calls that were not killed. The first exception is raised."""
        results: dict[int, T] = {}
        errors: list[BaseException] = []

        def live(number: int, call: Callable[[], T]) -> None:
            try:
                results[number] = call()
            except ProcessKilled:
                pass
            except BaseException as error:  # noqa: BLE001 - raised below, in the thread of the test
                errors.append(error)

        def later(instant: float, action: Callable[[], object]) -> Callable[[], Any]:
            def act() -> object:
                self.clock.sleep(max(instant - self.elapsed, 0.0))
                return action()

            return act

        planned, self._planned = self._planned, []
        acts: list[Callable[[], Any]] = [*calls, *(later(*it) for it in planned)]
        threads = [Thread(target=live, args=it) for it in enumerate(acts)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if errors:
            raise errors[0]
        return [results[number] for number in range(len(calls)) if number in results]

    def sleep(self, seconds: float) -> None:
        """Let time pass: for the test's own thread in no time."""
        if get_ident() == self._home:
            self.clock.skip(seconds)
        else:
            self.clock.sleep(seconds)

    @property
    def elapsed(self) -> float:
        """Seconds since the world began."""
        return self.clock.monotonic()

    def now(self) -> datetime:
        """Time of day."""
        return self.clock.now()
