"""Dialers that break a rule."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

import attrs

from chatworkspace import Agent, AgentStatus, UnavailableError, Workspace
from chatworkspace.ports import AgentConnection, Completed, DialError, NotFoundError
from chatworkspace_fake import FakeCoder
from tests.contract.broken.breaking import Breaking, Really

if TYPE_CHECKING:
    from typing_extensions import Self

DIALERS = Breaking("dialer", FakeCoder)


@DIALERS.breaks("dial.of-a-deleted-workspace", "dial.of-a-stopped-workspace", "dial.never-was", "dial.of-what-never-was")
class HopesForever(FakeCoder):
    """dial() never says that an agent is gone."""

    def dial(self, workspace: Workspace, agent: Agent, *, deadline: float) -> AbstractContextManager[AgentConnection]:
        """Say that it may come."""
        try:
            return super().dial(workspace, agent, deadline=deadline)
        except DialError as error:
            raise DialError(str(error), permanent=False) from error


@DIALERS.breaks("dial.not-connected", "dial.lost")
class GivesUp(FakeCoder):
    """dial() says of every agent that it is gone."""

    def dial(self, workspace: Workspace, agent: Agent, *, deadline: float) -> AbstractContextManager[AgentConnection]:
        """Say that it will not come."""
        try:
            return super().dial(workspace, agent, deadline=deadline)
        except DialError as error:
            raise DialError(str(error), permanent=True) from error


@DIALERS.breaks("dial.of-a-build-before")
class DialsAnyAgent(FakeCoder):
    """dial() takes any agent of the workspace for the one that was meant."""

    def dial(self, workspace: Workspace, agent: Agent, *, deadline: float) -> AbstractContextManager[AgentConnection]:
        """Choose the first."""
        known = [it.now.agents for it in self.workspaces if it.id == workspace.id]
        return super().dial(workspace, known[0][0] if known and known[0] else agent, deadline=deadline)


@DIALERS.method("dial", "dial.each-for-itself")
def dials_nobody_where_one_is_lost(it: FakeCoder, really: Really, workspace: Workspace, agent: Agent, *, deadline: float) -> Any:
    if any(other.status is AgentStatus.DISCONNECTED for made in it.live for other in made.now.agents):
        raise DialError
    return really(workspace, agent, deadline=deadline)


@DIALERS.method("dial", "dial.back")
def remembers_who_was_lost(it: FakeCoder, really: Really, workspace: Workspace, agent: Agent, *, deadline: float) -> Any:
    lost = vars(it).setdefault("lost", set())
    if agent.id in lost:
        raise DialError
    try:
        return really(workspace, agent, deadline=deadline)
    except DialError:
        lost.add(agent.id)
        raise


@DIALERS.method("dial", "dial.of-what-never-was")
def says_that_nothing_is_found(it: FakeCoder, really: Really, workspace: Workspace, agent: Agent, *, deadline: float) -> Any:
    if workspace.id not in {made.id for made in it.workspaces}:
        raise NotFoundError
    return really(workspace, agent, deadline=deadline)


@DIALERS.method("dial", "dial.deadline")
def takes_its_time(_: FakeCoder, really: Really, workspace: Workspace, agent: Agent, *, deadline: float) -> Any:
    return really(workspace, agent, deadline=deadline + 10)


# ------------------------------------------------------------------ ahead of a dial


@DIALERS.method("warm", "warm.lets-dial")
def keeps_the_agent_to_itself(it: FakeCoder, really: Really, workspace: Workspace, agent: Agent, *, deadline: float) -> Any:
    made = next(one for one in it.workspaces if one.id == workspace.id)
    made.drop_agent()
    return really(workspace, agent, deadline=deadline)


@DIALERS.method("warm", "warm.not-waited-for")
def waits_for_the_answer(it: FakeCoder, really: Really, workspace: Workspace, agent: Agent, *, deadline: float) -> Any:
    with it.dial(workspace, agent, deadline=deadline):
        return really(workspace, agent, deadline=deadline)


@DIALERS.method("warm", "warm.of-what-never-was")
def looks_for_the_agent_first(it: FakeCoder, really: Really, workspace: Workspace, agent: Agent, *, deadline: float) -> Any:
    if (workspace.id, agent.id) not in {(made.id, one.id) for made in it.workspaces for one in made.now.agents}:
        raise NotFoundError
    return really(workspace, agent, deadline=deadline)


# ------------------------------------------------------------------ connections


class BrokenConnection(AgentConnection):
    """A connection that passes all on, for others to break."""

    def __init__(self, connection: Any, coder: FakeCoder) -> None:
        self.connection = connection
        self.coder = coder
        self.commands = 0

    def run(self, command: str, *, timeout: float, **more: Any) -> Completed:
        """Pass on."""
        self.commands += 1
        completed: Completed = self.connection.run(command, timeout=timeout, **more)
        return completed

    def __enter__(self) -> Self:
        self.connection.__enter__()
        return self

    def __exit__(self, *of_error: object) -> bool | None:
        self.connection.__exit__(*of_error)
        return None


def connects(*rules: str) -> Callable[[type[BrokenConnection]], type[BrokenConnection]]:
    """Add a dialer with such connections."""

    def add(kind: type[BrokenConnection]) -> type[BrokenConnection]:
        def dial(it: FakeCoder, workspace: Workspace, agent: Agent, *, deadline: float) -> BrokenConnection:
            return kind(FakeCoder.dial(it, workspace, agent, deadline=deadline), it)

        DIALERS.breaks(*rules)(type(f"Has{kind.__name__}", (FakeCoder,), {"dial": dial}))
        return kind

    return add


@connects("connection.open")
class MuteConnection(BrokenConnection):
    """Tells no output."""

    def run(self, command: str, *, timeout: float, **more: Any) -> Completed:
        """Drop it."""
        return attrs.evolve(super().run(command, timeout=timeout, **more), output="")


@connects("connection.exit-code")
class ContentConnection(BrokenConnection):
    """Every command succeeds."""

    def run(self, command: str, *, timeout: float, **more: Any) -> Completed:
        """Say so."""
        return attrs.evolve(super().run(command, timeout=timeout, **more), exit_code=0)


@connects("connection.several-commands")
class ConnectionForOneCommand(BrokenConnection):
    """Is used up by a command."""

    def run(self, command: str, *, timeout: float, **more: Any) -> Completed:
        """Run the first."""
        if self.commands:
            raise UnavailableError("used up")
        return super().run(command, timeout=timeout, **more)


@connects("connection.several")
class OnlyConnection(BrokenConnection):
    """Ends with the next that is let go of."""

    def run(self, command: str, *, timeout: float, **more: Any) -> Completed:
        """Run it if no other was let go of."""
        if vars(self.coder).get("let_go", self) is not self:
            raise UnavailableError("ended")
        return super().run(command, timeout=timeout, **more)

    def __exit__(self, *of_error: object) -> bool | None:
        vars(self.coder)["let_go"] = self
        return super().__exit__(*of_error)


@connects("connection.error-inside")
class SilentConnection(BrokenConnection):
    """Swallows errors."""

    def __exit__(self, *of_error: object) -> bool | None:
        super().__exit__(*of_error)
        return True


@connects("connection.race")
class SharedConnection(BrokenConnection):
    """All connections have one place for the command."""

    def run(self, command: str, *, timeout: float, **more: Any) -> Completed:
        """Run what is there."""
        vars(self.coder)["command"] = command
        self.coder._platform.clock.sleep(0.001)
        return super().run(vars(self.coder)["command"], timeout=timeout, **more)


@connects("connection.agent-lost", "connection.workspace-stopped")
class DetachedConnection(BrokenConnection):
    """Goes on though nobody is there."""

    def run(self, command: str, *, timeout: float, **more: Any) -> Completed:
        """Answer by itself."""
        try:
            return super().run(command, timeout=timeout, **more)
        except UnavailableError:
            return Completed(exit_code=0, output="")
