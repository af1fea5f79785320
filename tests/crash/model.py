"""A store and a service that do as the model system does, for comparison: what the storm makes of them is printed beside ours.

A mutex per chat that excludes threads of one process; first created, then recorded; a random name; and where the record or the platform cannot be
asked, or an answer does not come, another one is made.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing, suppress
from typing import Any
from uuid import UUID

from chatworkspace import ChatWorkspaceError, JobStatus, Outcome, State, Workspace
from chatworkspace.model import Chat, Reason
from chatworkspace.ports import Clock, CreateWorkspace, PortError, WorkspaceCreator
from chatworkspace_fake._platform.states import ORGANIZATION, OWNER

POLL, LIMIT = 2.0, 25.0
"""Seconds."""


class ModelStore:
    """Which workspace a chat has, in one SQLite file."""

    def __init__(self, url: str) -> None:
        self._path = url.removeprefix("sqlite:///")
        self._ask(lambda it: it.execute("CREATE TABLE IF NOT EXISTS model (id TEXT PRIMARY KEY, workspace_id TEXT)"))

    def _ask(self, act: Callable[[sqlite3.Connection], Any]) -> Any:
        with closing(sqlite3.connect(self._path)) as connection, connection:
            return act(connection)

    def bound(self, chat_id: str) -> UUID | None:
        """Return the chat's workspace. An error of the database allows a creation."""
        with suppress(sqlite3.Error):
            found = self._ask(lambda it: it.execute("SELECT workspace_id FROM model WHERE id = ?", (chat_id,)).fetchone())
            return None if found is None else UUID(found[0])
        return None

    def bind(self, chat_id: str, workspace_id: UUID) -> None:
        """Record it."""
        with suppress(sqlite3.Error):
            self._ask(lambda it: it.execute("INSERT OR REPLACE INTO model VALUES (?, ?)", (chat_id, str(workspace_id))))

    def all(self) -> dict[str, UUID]:
        """Return every binding."""
        return {chat_id: UUID(text) for chat_id, text in self._ask(lambda it: it.execute("SELECT id, workspace_id FROM model").fetchall())}


class ModelSystem:
    """Gives chats workspaces. Safe from any thread of its process."""

    def __init__(self, creator: WorkspaceCreator, url: str, clock: Clock) -> None:
        self._creator = creator
        self._store = ModelStore(url)
        self._clock = clock
        self._mutexes: dict[str, threading.Lock] = {}

    def create(self, chat_id: str, template_id: str, *, wait: float) -> Outcome:
        """Return the chat's workspace, built. Its mutex is held all the time."""
        del wait
        with self._mutexes.setdefault(chat_id, threading.Lock()):
            workspace = self._found(chat_id) or self._made(chat_id, UUID(template_id))
            while workspace.build.job_status in {JobStatus.PENDING, JobStatus.RUNNING}:
                self._clock.sleep(POLL)
                workspace = self._creator.get_workspace(OWNER, workspace.id, deadline=self._deadline())
            chat = Chat(id=chat_id, owner_id=OWNER, organization_id=ORGANIZATION, generation=1, workspace_id=workspace.id)
            return Outcome(chat=chat, state=State.READY, reason=Reason.EXISTING, workspace=workspace)

    def _found(self, chat_id: str) -> Workspace | None:
        bound = self._store.bound(chat_id)
        if bound is None:
            return None
        try:
            workspace = self._creator.get_workspace(OWNER, bound, deadline=self._deadline())
        except (ChatWorkspaceError, PortError):
            return None
        return None if workspace.deleted else workspace

    def _made(self, chat_id: str, template_id: UUID) -> Workspace:
        # the chat is in the name for those alone who count afterwards
        name = f"{chat_id}-{os.urandom(4).hex()}"
        request = CreateWorkspace(owner_id=OWNER, organization_id=ORGANIZATION, name=name, template_id=template_id)
        made = self._creator.create_workspace(request, deadline=self._deadline())
        self._store.bind(chat_id, made.id)
        return made

    def _deadline(self) -> float:
        return self._clock.monotonic() + LIMIT
