"""What the tests of the tools share: a world with one open chat, and how a tool is called in it."""

from __future__ import annotations

from typing import Any

from chatworkspace import ToolResult
from chatworkspace_fake import FakeCoder, Simulation


class Kitchen:
    """A simulated world, and a model that talks in its chat."""

    def __init__(self, seed: int = 0, *, wait: float | None = None, **service: Any) -> None:
        self.sim = Simulation(seed, **service)
        self.sim.open_chat("chat-1")
        self.toolbox = self.sim.workspaces.toolbox("chat-1", wait=wait)

    @property
    def coder(self) -> FakeCoder:
        """The platform."""
        return self.sim.coder

    def call(self, name: str, /, **arguments: Any) -> dict[str, Any]:
        """Call a tool, and return what it says."""
        return self.toolbox.call(name, arguments).content

    def result(self, name: str, /, **arguments: Any) -> ToolResult:
        """Call a tool, and return the whole result."""
        return self.toolbox.call(name, arguments)

    def create(self, template: str = "docker", /, **arguments: Any) -> dict[str, Any]:
        """Call create_workspace with a template's name."""
        wanted = next(it.id for it in self.coder.list_templates(self.sim.owner_id, self.sim.organization_id, deadline=1e9) if it.name == template)
        return self.call("create_workspace", template_id=str(wanted), **arguments)

    def listed(self, query: str = "", page: int | None = None) -> list[str]:
        """Return the names that list_templates shows."""
        said = self.call("list_templates", query=query, page=page)
        return [item["name"] for item in said["templates"]]
