"""A chat whose model has hands."""

from __future__ import annotations

from pathlib import Path

from chatworkspace import UnavailableError
from chatworkspace._domain.arguments import HANDS, Hand
from chatworkspace_fake import RealShell
from tests.toolbox.kitchen import Kitchen


class Hands(Kitchen):
    """A kitchen whose toolbox has hands, and whose chat has a ready workspace."""

    def __init__(self, shell: Path | None = None, *, create: bool = True, tools: tuple[Hand, ...] = HANDS) -> None:
        super().__init__()
        self.coder.add_template("docker")
        self.coder.shell = None if shell is None else RealShell(shell)
        self.toolbox = self.sim.workspaces.toolbox("chat-1", tools=tools)
        if create:
            self.create()


def broken(command: str) -> str:
    """Answer no command."""
    raise UnavailableError(f"the terminal broke before the command ended: {command}")
