"""The baseline: it gives a chat a workspace as the model system does, over the same ports and clock.

One mutex per chat in the process, held to the end; create, then remember; three waits one after the other, each a poll every 2 s.
"""

from __future__ import annotations

from uuid import UUID

from chatworkspace import AgentStatus, JobStatus, Lifecycle, Workspace
from chatworkspace.ports import AgentDialer, Clock, CreateWorkspace, DialError, Signal, WorkspaceCreator

POLL = 2.0
"""Seconds."""


class ModelSystem:
    """Creates workspaces for chats. Nothing survives the process, and nothing is shared with another."""

    def __init__(self, creator: WorkspaceCreator, dialer: AgentDialer, clock: Clock, owner_id: UUID, organization_id: UUID) -> None:
        self._creator, self._dialer, self._clock = creator, dialer, clock
        self._owner_id, self._organization_id = owner_id, organization_id
        self._bindings: dict[str, UUID] = {}
        self._queues: dict[str, list[Signal]] = {}

    def create(self, chat_id: str, template_id: UUID) -> Workspace:
        """Return the chat's workspace, ready. The mutex is held all the time."""
        self._lock(chat_id)
        try:
            bound = self._bindings.get(chat_id)
            workspace = self._read(bound) if bound is not None else self._make(chat_id, template_id)
            return self._scripts_over(self._agent_connected(self._built(workspace)))
        finally:
            self._unlock(chat_id)

    def _lock(self, chat_id: str) -> None:
        queue, signal = self._queues.setdefault(chat_id, []), self._clock.signal()
        queue.append(signal)
        if queue[0] is not signal:
            signal.wait(None)

    def _unlock(self, chat_id: str) -> None:
        queue = self._queues[chat_id]
        queue.pop(0)
        if queue:
            queue[0].set()

    def _read(self, workspace_id: UUID) -> Workspace:
        return self._creator.get_workspace(self._owner_id, workspace_id, deadline=self._clock.monotonic() + 15)

    def _make(self, chat_id: str, template_id: UUID) -> Workspace:
        name = f"workspace-{self._clock.token().replace('-', '')[-4:]}{len(self._bindings)}"
        request = CreateWorkspace(owner_id=self._owner_id, organization_id=self._organization_id, name=name, template_id=template_id)
        made = self._creator.create_workspace(request, deadline=self._clock.monotonic() + 25)
        self._bindings[chat_id] = made.id
        return made

    def _built(self, workspace: Workspace) -> Workspace:
        while workspace.build.job_status in (JobStatus.PENDING, JobStatus.RUNNING):
            self._clock.sleep(POLL)
            workspace = self._read(workspace.id)
        return workspace

    def _agent_connected(self, workspace: Workspace) -> Workspace:
        while True:
            agent = workspace.agents[0]
            try:
                if agent.status is AgentStatus.CONNECTED:
                    with self._dialer.dial(workspace, agent, deadline=self._clock.monotonic() + 5):
                        return workspace
            except DialError:
                pass
            self._clock.sleep(POLL)
            workspace = self._read(workspace.id)

    def _scripts_over(self, workspace: Workspace) -> Workspace:
        while workspace.agents[0].lifecycle in (Lifecycle.CREATED, Lifecycle.STARTING):
            self._clock.sleep(POLL)
            workspace = self._read(workspace.id)
        return workspace
