"""The demo: a recording of models' tool calls, replayed over a simulated Coder on which things go wrong."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.resources import files
from typing import Any

import attrs

from chatworkspace import Progress
from chatworkspace_fake._coder import Fails, FakeCoder, FakeWorkspace
from chatworkspace_fake._simulation import Process, Simulation

RECORDING = "recordings/demo.jsonl"
KILLED = "ops-9"
"""The chat whose first caller is killed between creation and binding."""
MARK = 10
"""Characters at the end of a name that say whose making a workspace is."""
SAME = 8
"""How far back the same event may stand."""


@attrs.frozen(kw_only=True)
class Line:
    """One line of a recording: at that second, a model that talks in this chat answered with this message."""

    chat: str
    at: float
    message: Mapping[str, Any]

    @property
    def calls(self) -> list[tuple[str, str]]:
        """The tool calls of the message: name, and arguments as JSON text."""
        return [(call["function"]["name"], call["function"]["arguments"]) for call in self.message["tool_calls"]]


@attrs.frozen(kw_only=True)
class Event:
    """Something that happened, for people to see."""

    at: float
    """Virtual seconds since the beginning."""
    chat: str
    kind: str
    """call, phase, log, result or fault."""
    text: str
    content: Mapping[str, Any] | None = None


@attrs.frozen(kw_only=True)
class Row:
    """What came of one chat."""

    chat: str
    calls: int
    made: int
    """Workspaces that the platform made for it."""
    live: int
    state: str
    time: float
    """Virtual seconds from the chat's first call to its last answer."""


@attrs.frozen(kw_only=True)
class Story:
    """All that happened, in order, and what came of it by the platform's own record."""

    events: Sequence[Event]
    rows: Sequence[Row]
    duplicates: int
    """Live workspaces that bear the mark of another live one."""


def read_recording(text: str) -> list[Line]:
    """Return the lines of a recording: JSON Lines of {chat, at, message}."""
    return [Line(chat=it["chat"], at=float(it["at"]), message=it["message"]) for it in map(json.loads, text.splitlines()) if it]


def packaged_recording() -> list[Line]:
    """Return the recording that comes with the package."""
    return read_recording(files("chatworkspace_fake").joinpath(RECORDING).read_text(encoding="utf-8"))


class Demo:
    """One replay. Make one, call play() once."""

    def __init__(self, seed: int) -> None:
        self._events: list[Event] = []
        self._sim = Simulation(seed, on_progress=self._progressed)
        _add_templates(self._sim.coder)
        self._workers = [self._sim.process("web-1"), self._sim.process("web-2")]
        self._doomed = self._sim.process("web-3")
        self._answered: dict[str, float] = {}

    def play(self, lines: Sequence[Line]) -> Story:
        """Replay a recording in virtual time, and return what happened."""
        for chat in dict.fromkeys(line.chat for line in lines):
            self._sim.open_chat(chat)
        self._arrange()
        self._sim.run(*self._actors(lines))
        rows = tuple(self._rows(lines))
        marks = Counter(it.name[-MARK:] for it in self._sim.coder.live)
        return Story(events=tuple(sorted(self._events, key=lambda it: it.at)), rows=rows, duplicates=sum(marks.values()) - len(marks))

    def _arrange(self) -> None:
        """Let things go wrong: one answer is lost, one worker dies."""
        self._sim.at(20, lambda: self._note("billing-4", "fault", "the platform's next answer will be lost"))
        self._sim.at(20, lambda: self._sim.coder.when("create_workspace").lose_answer())
        self._doomed.kill(before="store.bind")

    def _actors(self, lines: Sequence[Line]) -> Iterator[Callable[[], None]]:
        for number, line in enumerate(lines):
            worker = self._workers[number % 2]
            if line.chat == KILLED and all(earlier.chat != KILLED for earlier in lines[:number]):
                worker = self._doomed
            yield _actor(self._answer, line, worker)

    def _answer(self, line: Line, worker: Process) -> None:
        self._sim.sleep(line.at)
        for name, arguments in line.calls:
            self._note(line.chat, "call", f"{worker.name}: {name} {arguments}")
            if worker is self._doomed:
                self._note(line.chat, "fault", "this caller's process dies between creation and binding")
            result = worker.workspaces.toolbox(line.chat).call(name, arguments)
            self._answered[line.chat] = self._sim.elapsed
            said = result.content
            text = said.get("error") if result.is_error else f"{said.get('state')} ({said.get('reason')}) {said.get('workspace_name', '')}"
            self._note(line.chat, "result", str(text), said)

    def _progressed(self, progress: Progress) -> None:
        if progress.line is not None:
            self._note(progress.chat_id, "log", progress.line)
        elif progress.phase is not None:
            self._note(progress.chat_id, "phase", progress.phase.value)
        else:
            return
        if self._events[-1] in self._events[-SAME:-1]:  # two processes that follow the same build tell the same
            self._events.pop()

    def _note(self, chat: str, kind: str, text: str, content: Mapping[str, Any] | None = None) -> None:
        self._events.append(Event(at=self._sim.elapsed, chat=chat, kind=kind, text=text, content=content))

    def _rows(self, lines: Sequence[Line]) -> Iterator[Row]:
        for chat in dict.fromkeys(line.chat for line in lines):
            made = self._made_for(chat)
            first = min(line.at for line in lines if line.chat == chat)
            yield Row(
                chat=chat,
                calls=sum(len(line.calls) for line in lines if line.chat == chat),
                made=len(made),
                live=sum(it in self._sim.coder.live for it in made),
                state=self._sim.workspaces.status(chat).state.value,
                time=self._answered[chat] - first,
            )

    def _made_for(self, chat: str) -> list[FakeWorkspace]:
        """Return what bears the mark of the chat's workspace, by the platform's own record."""
        bound_to = self._sim.workspaces.get_chat(chat).workspace_id
        everything = self._sim.coder.workspaces
        marks = {it.name[-MARK:] for it in everything if it.id == bound_to}
        return [it for it in everything if it.name[-MARK:] in marks]


def _actor(answer: Callable[[Line, Process], None], line: Line, worker: Process) -> Callable[[], None]:
    return lambda: answer(line, worker)


def _add_templates(coder: FakeCoder) -> None:
    coder.add_template("docker", build=12, connect=3, scripts=5, log=("pulling image", "creating volume", "starting container", "container is up"))
    coder.add_template("gpu", build=9, connect=45, scripts=4, log=("asking for a machine", "machine granted", "mounting disks"))
    coder.add_template(
        "devbox", build=(Fails(after=8, error="no space left in the pool"), 14), connect=4, log=("planning", "applying", "waiting for disks")
    )
    coder.add_template("laptop", external_agent=True)
