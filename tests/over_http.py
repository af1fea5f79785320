"""HTTP in virtual time: within over_http(level), whatever a FakeCoder is asked goes over a socket to a simulator of that level, and back.

A CoderClient asks, and a CoderSimulator answers from the very FakeCoder. A request takes no virtual time, since nobody on the way waits for the
clock. So tests with exact instants, kills and interleavings run over HTTP as they are. What the platform refuses is refused by the server. Four
things stay in memory:

- faults for which the caller waits (lost, late, slow) strike before the wire, in virtual time; a request that arrives late acts without it, since
  nobody hears its answer;
- faults by which a call fails (a busy server): over the wire the client would ask again, in real time;
- waiting for the next state of a watch: a stream would wait in real time. The state itself is read over HTTP;
- reaching an agent ahead of its dial: nobody reads what becomes of it.

These are tested in real time: tests/adapters/over_http/.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from threading import get_ident, local
from typing import Any, TypeVar
from unittest import mock

from chatworkspace import RefusedError, UnavailableError, Workspace
from chatworkspace.ports import DialError, NameTakenError, NotAnsweredError, Watch
from chatworkspace_coder import CoderClient
from chatworkspace_fake import FakeCoder
from chatworkspace_fake._platform.coder import CHANGES
from chatworkspace_fake._platform.states import OWNER
from chatworkspace_simulator import CoderSimulator
from chatworkspace_simulator._api.world import user_of_id

T = TypeVar("T")

REAL = 30.0
"""Seconds of real time in which a server on this machine has answered."""
ASKED = (
    *("list_templates", "describe_templates", "get_template", "list_parameters", "evaluate_parameters", "list_presets", "template_use", "get_quota"),
    *("create_workspace", "get_workspace", "find_workspace", "list_workspaces", "start_workspace", "stop_workspace", "delete_workspace"),
    *("read_workspaces", "build_log", "build_parameters", "list_builds", "record_use", "dial"),
)
"""Calls of the ports that are a question and an answer."""
IN_MEMORY = ("watch", "warm")
"""Calls that are no question, or whose answer nobody reads."""
REFUSABLE = frozenset({"create_workspace", "start_workspace", "stop_workspace", "delete_workspace", "dial"})
"""Calls that are sent once, so that what the server says is what the caller is told."""

Question = tuple[str, tuple[Any, ...], dict[str, Any]]


class Wire:
    """One FakeCoder behind HTTP: a server of its own, and the client that asks it."""

    def __init__(self, coder: Any, level: str, stack: ExitStack) -> None:
        self.coder = coder
        self.refusal: Exception | None = None
        """What the server says to the next request that reaches the platform."""
        self.simulator = stack.enter_context(CoderSimulator(coder, level=level, requests_per_minute=None))  # no time passes between requests
        self.client = stack.enter_context(CoderClient(self.simulator.url, token=self.simulator.token))
        coder._platform.owner_name = user_of_id(OWNER).name
        transport: Any = self.client
        transport._transport.now = coder._platform.clock.now  # reckoned from the server's date and real time otherwise

    def ask(self, question: Question, act: Callable[[], T], deadline: float) -> T:
        """Put a question of the ports, unless a fault strikes."""
        call, arguments, more = question
        coder, asked = self.coder, False

        def perform() -> T:
            nonlocal asked
            asked = True
            if arrives_late(coder):
                return act()
            if coder._platform.clock.monotonic() > deadline and call not in CHANGES:
                raise UnavailableError(f"{call} was asked when its time was over")  # in virtual time; the client has real time left
            answer: T = getattr(self.client, call)(*arguments, **more, deadline=time.monotonic() + REAL)
            return answer

        def received() -> None:
            coder._calls.append(call)

        try:
            return coder._faults.apply(call, perform, deadline=deadline, received=received)  # type: ignore[no-any-return] # see Any above
        except (RefusedError, NameTakenError, NotAnsweredError, DialError) as error:
            if asked or call not in REFUSABLE or getattr(error, "in_flight", False):
                raise
            self.refusal = error
        try:
            return perform()
        finally:
            self.refusal = None

    def answer(self, act: Callable[[], T]) -> T:
        """Answer, in the server."""
        refusal, self.refusal = self.refusal, None
        if refusal is not None:
            raise refusal
        self.coder._platform.catch_up()
        return act()


def arrives_late(coder: Any) -> bool:
    """Say whether this thread performs a request that arrives now, after its caller has given up."""
    as_of = coder._platform._as_of
    return as_of is not None and as_of[0] == get_ident()


class WireWatch(Watch):
    """Waits in memory, and reads each state over HTTP."""

    def __init__(self, watch: Watch, read: Callable[[], Workspace]) -> None:
        self._watch = watch
        self._read = read
        self._last: Workspace | None = None

    def next(self, deadline: float) -> Workspace | None:
        """Return what differs from the state before."""
        while self._watch.next(deadline) is not None:
            found = self._read()
            if found != self._last:
                self._last = found
                return found
        return None

    def close(self) -> None:
        """Pass on."""
        self._watch.close()


class Wires:
    """The wires of all that is asked; a FakeCoder gets its own when it is first asked."""

    def __init__(self, level: str, stack: ExitStack) -> None:
        self._level = level
        self._stack = stack
        self._wires: dict[int, Wire] = {}
        self._here = local()
        self._answer: Any = FakeCoder._answer
        self._watch: Any = FakeCoder.watch

    @property
    def requests(self) -> int:
        """How many were answered over HTTP."""
        return sum(len(wire.simulator.requests) for wire in self._wires.values())

    def of(self, coder: Any) -> Wire:
        """Return the wire of a FakeCoder."""
        if id(coder) not in self._wires:
            self._wires[id(coder)] = Wire(coder, self._level, self._stack)
        return self._wires[id(coder)]

    def asks(self, call: str) -> Callable[..., Any]:
        """Return what takes the place of a call of the ports: it notes the question for answers(), where its own way leads."""
        in_memory: Any = getattr(FakeCoder, call)

        def asks(coder: FakeCoder, *arguments: Any, deadline: float, **more: Any) -> Any:
            self._here.question = call, arguments, more
            try:
                return in_memory(coder, *arguments, **more, deadline=deadline)
            finally:
                self._here.question = None

        return asks

    def answers(self) -> Callable[..., Any]:
        """Return what takes the place of FakeCoder._answer(): a question goes over the wire; what the server asks is answered."""

        def answers(coder: FakeCoder, call: str, act: Callable[[], Any], deadline: float) -> Any:
            question: Question | None = getattr(self._here, "question", None)
            self._here.question = None
            if question is not None:
                return self.of(coder).ask(question, act, deadline)
            return self._answer(coder, call, act, deadline) if call in IN_MEMORY else self.of(coder).answer(act)

        return answers

    def watches(self) -> Callable[..., Any]:
        """Return what takes the place of FakeCoder.watch()."""

        def watches(coder: FakeCoder, workspace: Workspace, *, deadline: float) -> Watch | None:
            opened, client = self._watch(coder, workspace, deadline=deadline), self.of(coder).client

            def read() -> Workspace:
                return client.get_workspace(workspace.owner_id, workspace.id, deadline=time.monotonic() + REAL)

            return None if opened is None else WireWatch(opened, read)

        return watches


@contextmanager
def over_http(level: str) -> Generator[Wires]:
    """Put every FakeCoder that is asked within behind a server of that level."""
    with ExitStack() as stack:
        wires = Wires(level, stack)
        for name, value in {"_answer": wires.answers(), "watch": wires.watches(), **{call: wires.asks(call) for call in ASKED}}.items():
            stack.enter_context(mock.patch.object(FakeCoder, name, value))
        yield wires
