"""A recording, replayed for real: each chat a thread, over the platform and the store of a session."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from threading import Event as Bell
from typing import Any

from chatworkspace import Cancel, Chat, Hand, Progress, Toolbox
from chatworkspace.ports import SystemClock
from chatworkspace_cli._offline.recordings import Line, Reply, ToolCall, messages
from chatworkspace_cli._offline.stories import MARK, Event, Row, Story, asked, said
from chatworkspace_cli._online import names
from chatworkspace_cli._online.session import Session

AT_ONCE = 16
"""Chats that are replayed at a time, and calls of one chat."""


class Recorded:
    """One replay. Make one, call play() once; stop() may come from any thread.

    hands: tools that are offered beside the five. fast: do not wait for the second at which a call was recorded. tell: is told each event, as a line.
    """

    def __init__(
        self, session: Session, lines: Sequence[Line], *, hands: Collection[Hand], allow_unsandboxed: bool, fast: bool, tell: Callable[[str], object]
    ) -> None:
        self._session = session
        self._offered: Mapping[str, Any] = {"tools": hands, "allow_unsandboxed": allow_unsandboxed}
        self._fast = fast
        self._tell = tell
        self._clock = SystemClock()
        self._began = self._clock.monotonic()
        self._cancel, self._stopped = Cancel(), Bell()
        self._events: list[Event] = []
        self._answered: dict[str, float] = {}
        self._by_chat: dict[str, list[Line]] = {}
        for line in sorted(lines, key=lambda it: it.at):
            self._by_chat.setdefault(line.chat, []).append(line)
        session.tell_of_progress(self._progressed)
        session.stop_by(self.stop)

    def stop(self) -> None:
        """End the calls under way, and make no more."""
        self._stopped.set()
        self._cancel.cancel()

    def play(self) -> Story:
        """Replay it, and return what happened. ChatWorkspaceError: nothing did, for a chat cannot be opened, or the tools are refused."""
        toolboxes = {chat: self._session.workspaces.toolbox(chat, cancel=self._cancel, **self._offered) for chat in self._by_chat}
        chats = [names.open_chat(self._session, chat) for chat in self._by_chat]
        before = {chat.id: self._made(chat.id) for chat in chats}
        self._began = self._clock.monotonic()
        with ThreadPoolExecutor(AT_ONCE, "chat") as pool:
            for ended in [pool.submit(self._chat, lines, toolboxes[chat]) for chat, lines in self._by_chat.items()]:
                ended.result()
        events = tuple(sorted(self._events, key=lambda it: it.at))
        return self._story(events, chats, before)

    # ------------------------------------------------------------ calls

    def _chat(self, lines: Sequence[Line], toolbox: Toolbox) -> None:
        """Make the calls of one chat: those that were recorded at the same second side by side, the next when these are answered."""
        with ThreadPoolExecutor(AT_ONCE, "call") as pool:
            for at, group in groupby(lines, key=lambda it: it.at):
                if not self._fast:
                    self._stopped.wait(max(self._began + at - self._clock.monotonic(), 0.0))
                under_way = [(line, [pool.submit(self._call, line.chat, call, toolbox) for call in line.calls]) for line in group]
                for line, calls in under_way:
                    replies = [reply for it in calls if (reply := it.result()) is not None]
                    if len(replies) == len(calls):
                        ready = messages(line.vendor, replies)
                        self._note(line.chat, "messages", f"{len(ready)} to {line.vendor.value}", messages=ready)

    def _call(self, chat: str, call: ToolCall, toolbox: Toolbox) -> Reply | None:
        """Make a call; None: it was not made, for all is over."""
        if self._stopped.is_set():
            return None
        self._note(chat, "call", asked(call))
        result = toolbox.call(call.name, call.arguments)
        self._answered[chat] = self._elapsed
        self._note(chat, "result", said(call.name, result.content, is_error=result.is_error), content=result.content)
        return Reply(call=call, text=result.text, is_error=result.is_error)

    @property
    def _elapsed(self) -> float:
        return round(self._clock.monotonic() - self._began, 3)

    def _note(self, chat: str, kind: str, text: str, **more: Any) -> None:
        """Add an event; each step on the list is one that nothing comes between."""
        event = Event(at=self._elapsed, chat=chat, kind=kind, text=text, **more)
        self._events.append(event)
        if kind != "messages":
            self._tell(f"{event.at:7.1f} s  {chat}  {kind:<6}  {text}")

    def _progressed(self, progress: Progress) -> None:
        if progress.line is not None:
            self._note(progress.chat_id, "log", progress.line)
        elif progress.phase is not None:
            self._note(progress.chat_id, "phase", progress.phase.value)

    # ------------------------------------------------------------ what came of it

    def _made(self, chat_id: str) -> dict[Any, str]:
        """Return the workspaces that were made for a chat, by id, and their marks."""
        made = (it for it in self._session.workspaces.history(chat_id) if it.workspace_id is not None and it.template_id is not None)
        return {it.workspace_id: it.name[-MARK:] for it in made}

    def _story(self, events: Sequence[Event], chats: Sequence[Chat], before: Mapping[str, Mapping[Any, str]]) -> Story:
        owners = {(it.owner_id, it.organization_id) for it in chats}
        listed = [it for owner in owners for it in self._session.client.list_workspaces(*owner, deadline=self._session.deadline())]
        live = Counter(it.name[-MARK:] for it in listed)
        made = {it.id: self._made(it.id) for it in chats}
        marks = {mark for of in made.values() for mark in of.values()}
        rows = tuple(self._rows(made, before, live))
        return Story(events=events, rows=rows, duplicates=sum(live[it] - 1 for it in marks if live[it]))

    def _rows(self, made: Mapping[str, Mapping[Any, str]], before: Mapping[str, Mapping[Any, str]], live: Counter[str]) -> Iterator[Row]:
        for chat, lines in self._by_chat.items():
            first = 0.0 if self._fast else lines[0].at
            yield Row(
                chat=chat,
                calls=sum(len(line.calls) for line in lines),
                made=len(made[chat].keys() - before[chat].keys()),
                live=sum(live[it] for it in set(made[chat].values())),
                state=self._session.workspaces.status(chat).state.value,
                time=max(self._answered.get(chat, first) - first, 0.0),
            )
