"""A simulated server in a process of its own: what it takes of an interpreter is not the library's."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable, Mapping, Sequence
from multiprocessing.connection import Connection
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

import attrs

from chatworkspace_fake import FakeCoder
from chatworkspace_simulator import CoderSimulator

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

T = TypeVar("T")
PATIENCE = 60.0
"""Seconds in which the other process answers, or ends."""


@attrs.frozen(kw_only=True)
class Settings:
    """What is served. Picklable, since it is made in one process and read in another."""

    level: str = "newest"
    watching: bool = True
    slow_first_dials: bool = False


class Elsewhere:
    """Serves while it is entered. Safe from any thread."""

    def __init__(self, settings: Settings) -> None:
        context = multiprocessing.get_context("spawn")
        self._lock = Lock()
        """Guards the pipe: one question and its answer at a time."""
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=serve, args=(theirs, settings), daemon=True)
        self.url = ""
        self.token = ""

    def __enter__(self) -> Self:
        """Start the process, and wait until it listens."""
        self._process.start()
        self.url, self.token = self._answer()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """End the process."""
        self._pipe.send(("end", ()))
        self._process.join(PATIENCE)
        self._process.kill()
        self._pipe.close()

    def template(self, name: str, times: Sequence[float]) -> UUID:
        """Add a template, whose workspaces take these seconds to build, to connect, and for their scripts."""
        return self._ask(UUID, "template", name, tuple(times))

    def made_at(self, template_id: UUID) -> float:
        """Return when the template's one workspace was made, by the clock that all processes of a machine share, in seconds."""
        return self._ask(float, "made_at", template_id)

    def requests(self) -> int:
        """Return how many requests were answered."""
        return self._ask(int, "requests")

    def connections(self) -> int:
        """Return how many connections were made."""
        return self._ask(int, "connections")

    def break_watches(self) -> None:
        """Break every stream at once, as a server does that is started again."""
        self._ask(object, "break_watches")

    def open_watches(self) -> int:
        """Return how many streams are open."""
        return self._ask(int, "open_watches")

    def connect_agents(self, within: float) -> None:
        """Let the agents of all workspaces connect, one after the other, in so many seconds. Returns when all have."""
        self._ask(object, "connect_agents", within)

    def _ask(self, kind: type[T], what: str, *values: object) -> T:
        with self._lock:
            self._pipe.send((what, values))
            answer = self._answer()
        if not isinstance(answer, kind):
            raise TypeError(f"the simulator's process answered {what} by {answer!r}")
        return answer

    def _answer(self) -> Any:
        if not self._pipe.poll(PATIENCE):
            raise TimeoutError("the simulator's process did not answer")
        return self._pipe.recv()


def serve(pipe: Connection, settings: Settings) -> None:
    """Serve, and answer what is asked through the pipe, until it says that this is the end."""
    coder = FakeCoder(watching=settings.watching)
    if settings.slow_first_dials:
        coder.slow_first_dials(1)
    with CoderSimulator(coder, level=settings.level, requests_per_minute=None) as simulator:
        answers = answers_of(coder, simulator)
        pipe.send((simulator.url, simulator.token))
        while True:
            what, values = pipe.recv()
            if what == "end":
                return
            pipe.send(answers[what](*values))


def answers_of(coder: FakeCoder, simulator: CoderSimulator) -> Mapping[str, Callable[..., object]]:
    """Return what answers each question."""

    def template(name: str, times: tuple[float, float, float]) -> UUID:
        build, connect, scripts = times
        return coder.add_template(name, build=build, connect=connect, scripts=scripts).id

    def made_at(template_id: UUID) -> float:
        return next(made.made_at for made in reversed(coder.workspaces) if made.template.id == template_id)

    def connect_agents(within: float) -> None:
        began, made = time.monotonic(), coder.workspaces
        for number, workspace in enumerate(made):
            time.sleep(max(began + within * number / len(made) - time.monotonic(), 0.0))
            workspace.restore_agent()

    return {
        "template": template,
        "made_at": made_at,
        "requests": lambda: len(simulator.requests),
        "connections": lambda: simulator.connections,
        "break_watches": coder.break_watches,
        "open_watches": lambda: coder.open_watches,
        "connect_agents": connect_agents,
    }
