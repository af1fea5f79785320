"""A chat over the fakes, with the few things that most tests of the service ask for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar
from uuid import UUID

from chatworkspace import AgentStatus, Chat, ChatWorkspaces, Lifecycle, Outcome, Template, Workspace
from chatworkspace.ports import Clock, LogLine
from chatworkspace_fake import FakeCoder, FakeWorkspace, Process, Simulation

T = TypeVar("T")

CHAT = "chat-1"
BUILD, CONNECT, SCRIPTS = 30, 5, 10
READY = BUILD + CONNECT + SCRIPTS
"""Seconds from a creation to a ready workspace, where the template takes its time."""
CLAIM = 30
"""Seconds that a claim lives."""
SLOW: dict[str, Any] = {"build": BUILD, "connect": CONNECT, "scripts": SCRIPTS}
"""A template that takes its time, as add_template() takes it."""


class Telling(FakeCoder):
    """A platform whose build log goes on with what startup scripts say: here that the agent is connected, and that they have ended."""

    log_has_scripts = True

    def build_log(self, workspace: Workspace, *, after: int, deadline: float) -> Sequence[LogLine]:
        """Return the fake's own lines, and what the agent's state tells."""
        texts = [line.text for line in super().build_log(workspace, after=0, deadline=deadline)]
        for it in self.get_workspace(workspace.owner_id, workspace.id, deadline=deadline).agents:
            texts += ["connected"] if it.status is AgentStatus.CONNECTED else []
            texts += ["no such package"] if it.lifecycle in (Lifecycle.READY, Lifecycle.START_ERROR) else []
        return [LogLine(id=number, text=text) for number, text in enumerate(texts, 1) if number > after]


def polled(clock: Clock) -> FakeCoder:
    """Make a platform without watches."""
    return FakeCoder(clock, watching=False)


class World:
    """One simulation with one open chat. service: as ChatWorkspaces takes it."""

    def __init__(
        self, seed: int = 0, *, coder: Callable[[Clock], FakeCoder] | None = None, store: Callable[[Clock], Any] | None = None, **service: Any
    ) -> None:
        self.sim = Simulation(seed, coder=coder, store=store, **service)
        self.chat: Chat = self.sim.open_chat(CHAT)

    @property
    def coder(self) -> FakeCoder:
        """The platform."""
        return self.sim.coder

    @property
    def chats(self) -> ChatWorkspaces:
        """The service of the default process."""
        return self.sim.workspaces

    @property
    def latest(self) -> FakeWorkspace:
        """What was made last."""
        return self.coder.workspaces[-1]

    def template(self, name: str = "docker", **properties: Any) -> Template:
        """Add a template; as quick as can be unless told otherwise."""
        return self.coder.add_template(name, **properties)

    def created(self, **properties: Any) -> Outcome:
        """Give the chat a workspace from a template `docker` of such properties, and let a minute pass, so that nothing is fresh any more."""
        outcome = self.chats.create(CHAT, self.template(**properties).id)
        self.sim.sleep(60)
        return outcome

    def own(self, template: Template, name: str = "own") -> FakeWorkspace:
        """Make a workspace as the user does."""
        return self.coder.add_workspace(template, name, owner_id=self.sim.owner_id)

    def behind_two(self, *, build: float) -> None:
        """Create without waiting, where one provisioner has two builds of the user's own to do first, a second apart."""
        self.coder.set_provisioners(1)
        docker = self.template(build=build)
        for name in ("first", "second"):
            self.own(docker, name)
            self.sim.sleep(1)
        self.chats.create(CHAT, docker.id, wait=0)

    def counts(self, act: Callable[[], T]) -> tuple[T, dict[str, int]]:
        """Act, and count the calls that reached the platform meanwhile."""
        before = len(self.coder.calls)
        result = act()
        calls = self.coder.calls[before:]
        return result, {name: calls.count(name) for name in sorted(set(calls))}

    def interrupted_creation(self, template: Template, *, at: str = "store.bind", chat_id: str = CHAT, **arguments: Any) -> Process:
        """Let a process be killed before this port call of a creation, and its claim run out."""
        process = self.sim.process()
        process.kill(before=at)
        self.sim.run(lambda: process.workspaces.create(chat_id, template.id, **arguments))
        self.sim.sleep(CLAIM)
        return process


def nowhere() -> UUID:
    """Return an id that nothing has."""
    return UUID(int=404)
