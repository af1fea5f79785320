"""Recorded tool calls, replayed over a simulated platform in virtual time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from functools import partial
from typing import Any

from chatworkspace import Hand, Progress
from chatworkspace_cli._offline.recordings import Line, Reply, ToolCall, messages
from chatworkspace_cli._offline.stories import MARK, Event, Row, Story, asked, said
from chatworkspace_fake import FakeCoder, FakeWorkspace, Process, Simulation

SAME = 8
"""How far back the same event may stand."""


class Replay:
    """One replay. Make one, arrange what is to go wrong, call play() once."""

    def __init__(
        self, seed: int, *, furnish: Callable[[FakeCoder], None], workers: Sequence[str] = ("web-1", "web-2"), hands: Collection[Hand] = ()
    ) -> None:
        """furnish: adds the templates. workers: the processes that take the calls in turn. hands: tools that are offered beside the five."""
        self._hands = hands
        self._events: list[Event] = []
        self.sim = Simulation(seed, on_progress=self._progressed)
        furnish(self.sim.coder)
        self._workers = [self.sim.process(name) for name in workers]
        self._chosen: dict[int, Process] = {}
        self._answered: dict[str, float] = {}

    def assign(self, number: int, worker: Process) -> None:
        """Let another process take the calls of a line."""
        self._chosen[number] = worker

    def note(self, chat: str, kind: str, text: str, **more: Any) -> None:
        """Add an event."""
        self._events.append(Event(at=self.sim.elapsed, chat=chat, kind=kind, text=text, **more))

    def play(self, lines: Sequence[Line]) -> Story:
        """Replay a recording in virtual time, and return what happened."""
        for chat in dict.fromkeys(line.chat for line in lines):
            self.sim.open_chat(chat)
        self.sim.run(*[actor for number, line in enumerate(lines) for actor in self._actors(number, line)])
        events = tuple(sorted(self._events, key=lambda it: it.at))  # before the rows, which look once more
        rows = tuple(self._rows(lines))
        marks = Counter(it.name[-MARK:] for it in self.sim.coder.live)
        return Story(events=events, rows=rows, duplicates=sum(marks.values()) - len(marks))

    def _actors(self, number: int, line: Line) -> Iterator[Callable[[], None]]:
        """Give a thread to each call: those of one message run in parallel, and who is last hands in the messages."""
        worker = self._chosen.get(line.number, self._workers[number % len(self._workers)])
        replies: dict[int, Reply] = {}
        for place, call in enumerate(line.calls):
            yield partial(self._answer, line, place, call, worker, replies)

    def _answer(self, line: Line, place: int, call: ToolCall, worker: Process, replies: dict[int, Reply]) -> None:
        self.sim.sleep(line.at)
        self.note(line.chat, "call", f"{worker.name}: {asked(call)}")
        result = worker.workspaces.toolbox(line.chat, tools=self._hands).call(call.name, call.arguments)
        self._answered[line.chat] = self.sim.elapsed
        self.note(line.chat, "result", said(call.name, result.content, is_error=result.is_error), content=result.content)
        replies[place] = Reply(call=call, text=result.text, is_error=result.is_error)
        if len(replies) == len(line.calls):
            ready = messages(line.vendor, [replies[place] for place in sorted(replies)])
            self.note(line.chat, "messages", f"{len(ready)} to {line.vendor.value}", messages=ready)

    def _progressed(self, progress: Progress) -> None:
        if progress.line is not None:
            self.note(progress.chat_id, "log", progress.line)
        elif progress.phase is not None:
            self.note(progress.chat_id, "phase", progress.phase.value)
        else:
            return
        if self._events[-1] in self._events[-SAME:-1]:  # two processes that follow the same build tell the same
            self._events.pop()

    # ------------------------------------------------------------ what came of it

    def _rows(self, lines: Sequence[Line]) -> Iterator[Row]:
        live = {it.id for it in self.sim.coder.live}
        by_mark: dict[str, list[FakeWorkspace]] = {}
        for workspace in self.sim.coder.workspaces:
            by_mark.setdefault(workspace.name[-MARK:], []).append(workspace)
        marks = {it.id: it.name[-MARK:] for of in by_mark.values() for it in of}
        by_chat: dict[str, list[Line]] = {}
        for line in lines:
            by_chat.setdefault(line.chat, []).append(line)
        for chat, own in by_chat.items():
            bound_to = self.sim.workspaces.get_chat(chat).workspace_id
            made = by_mark[marks[bound_to]] if bound_to is not None else []
            first = min(line.at for line in own)
            yield Row(
                chat=chat,
                calls=sum(len(line.calls) for line in own),
                made=len(made),
                live=sum(it.id in live for it in made),
                state=self.sim.workspaces.status(chat).state.value,
                time=self._answered.get(chat, first) - first,
            )
