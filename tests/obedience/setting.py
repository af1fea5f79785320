"""The world of one game, and the hands of others in it. All of it drawn from its seed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any
from uuid import UUID

from chatworkspace import Cancel
from chatworkspace.ports import Parameter
from chatworkspace_fake import FakeStore, Simulation
from chatworkspace_fake._platform.templates import TemplateSettings
from chatworkspace_fake._platform.workspaces import FakeWorkspace
from tests.obedience.truth import Witness
from tests.worlds.chance import Chance

CHAT, OWN, OTHERS = "chat-1", "own", "others"
"""OWN: a workspace that the user has made. OTHERS: one of somebody else's."""
AUTHORS, ODD, ENDLESS, WHIMS = 10**12, 2 * 10**12, 3 * 10**12, 4 * 10**12
CHANGES: Mapping[str, TemplateSettings] = {
    "promoted": {},
    "required": {"require_active": True},
    "deprecated": {"deprecated": True},
    "forbidden": {"agents_allowed": False},
    "asking": {"parameters": (Parameter(name="region", type="string", required=True),)},
}
"""What the author of the template may do to it meanwhile."""
OF_BUILDS = ("promoted", "required", "asking")
"""What makes of a build another."""


class Setting:
    """One world before it is played in: the platform, the record, the host, and what others will do when."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.chance = Chance(seed)
        self.odd = Chance(ODD + seed)  # a chance of its own, so that what is odd changes nothing else
        self.no_end = Chance(ENDLESS + seed)  # as above
        self.author = Chance(AUTHORS + seed)  # as above
        self.whim = Chance(WHIMS + seed)  # as above
        self.sim = Simulation(seed, store=FakeStore, allowed_templates=self._allowed)
        self.witness = Witness(self.sim, CHAT)
        self.allow: Callable[[], frozenset[str] | None] = lambda: None
        """What the host allows."""
        self.arguments: dict[str, Any] = {}
        self.first_tool = "create_workspace"
        self.replaces: UUID | None = None
        """What the chat has, and its user wants another workspace for."""
        self.cancel: Cancel | None = None
        """What the application ends the player's waits with."""
        self.changed_at = 0.0
        """When somebody did something last of which there is no more to come."""
        self.builds_changed_at = 0.0
        """When the template was changed in a way that its builds depend on."""
        self.faults = False
        self.smooth = self.watched = True
        self.renamed = self.template_changed = self.rebound = False

    def _allowed(self, chat: object) -> frozenset[str] | None:
        del chat
        try:
            return self.allow()
        except Exception:
            self.witness.host_failed = True
            raise

    @property
    def live(self) -> list[FakeWorkspace]:
        """The chat's own workspaces that are not deleted, and those of its user's."""
        return [it for it in self.sim.coder.live if it.owner_id == self.sim.owner_id]

    def at(self, seconds: float, act: Callable[[], object]) -> None:
        """Let something be done then."""
        self.sim.at(seconds, act)

    def quietly(self, deed: str) -> None:
        """Let it happen of itself: no player is given more time for that."""
        if self.live:
            self._act(deed, self._deed_of(deed, self.live[0]))

    def deed(self, deed: str) -> None:
        """Let the user do something to the workspace."""
        if not self.live:
            return
        workspace = self.live[0 if self.replaces is None else -1]
        self.changed_at = max(self.sim.elapsed, self.changed_at)
        self.renamed = self.renamed or deed == "rename"
        self._act(deed, self._deed_of(deed, workspace))

    def _deed_of(self, deed: str, workspace: FakeWorkspace) -> Callable[[], object]:
        match deed:
            case "rename":
                return partial(workspace.rename, f"own-{self.seed}")
            case "time_out":  # the platform stops it, by a schedule, say
                return partial(workspace.stop, automatic=True)
            case _:
                act: Callable[[], object] = getattr(workspace, deed)
                return act

    def _act(self, deed: str, act: Callable[[], object]) -> None:
        self.witness.sees(act, deed)

    def change(self, change: str) -> None:
        """Change the template, as its author may: new version, one that all have to use, deprecated, no longer for chats."""
        self.changed_at = max(self.sim.elapsed, self.changed_at)
        if change in OF_BUILDS:
            self.builds_changed_at = self.changed_at
        self.smooth, self.template_changed = False, True
        self.witness.sees(partial(self.sim.coder.update_template, "docker", **CHANGES[change]), change)

    def by_host(self, what: str, act: Callable[[], object]) -> None:
        """Let the application do something, for its user."""
        self.changed_at = max(self.sim.elapsed, self.changed_at)
        if what in ("interrupt", "cancel"):
            act()
            self.witness.interrupted = True
            return
        self.smooth = False
        if what == "create":
            self.witness.sees(act, what)
            return
        self.rebound = True
        self.witness.sees(act, what)
        self.witness.rebound_at = self.sim.elapsed
