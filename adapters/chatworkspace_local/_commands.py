"""The platform of this machine in place of a server: what the commands ask of a client beside its ports."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import attrs

from chatworkspace import Agent, Chat, Id, Reason, Template, TemplateError, Workspace
from chatworkspace.ports import SystemClock
from chatworkspace_local._connections import LocalConnection
from chatworkspace_local._places import ME
from chatworkspace_local._platform import LocalPlatform

LIMIT = 15.0
"""Seconds for what is asked here."""
NAME = "this machine"


@attrs.frozen(kw_only=True)
class LocalUser:
    """Whose workspaces they are."""

    id: UUID
    username: str
    organization_ids: tuple[UUID, ...]


@attrs.frozen(kw_only=True)
class LocalOrganization:
    """The one that there is."""

    id: UUID
    name: str


class LocalAbout:
    """What there is to know of it beforehand."""

    def __init__(self, organization_id: UUID) -> None:
        self._organization_id = organization_id

    def organizations(self, deadline: float) -> list[LocalOrganization]:
        """Return the one organization."""
        del deadline
        return [LocalOrganization(id=self._organization_id, name=NAME)]


class LocalClient(LocalPlatform):
    """A platform on this machine, as the commands use one. Used by one thread; close() may come from another."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.root = root
        self._open: list[LocalConnection] = []

    @property
    def about(self) -> LocalAbout:
        """What it is."""
        return LocalAbout(self.organization_id)

    def user(self) -> LocalUser:
        """Return the one user."""
        return LocalUser(id=self.owner_id, username=ME, organization_ids=(self.organization_id,))

    def template(self, name: str, *, organization_id: Id) -> Template:
        """Return a template by its name. TemplateError: there is none."""
        del organization_id
        for it in self.list_templates(self.owner_id, self.organization_id, deadline=SystemClock().monotonic() + LIMIT):
            if it.name == name:
                return it
        raise TemplateError(f"no template {name!r} on this machine", reason=Reason.TEMPLATE_NOT_FOUND)

    def workspace_ttl(self, chat: Chat) -> float | None:
        """Return None: the template's own holds."""
        del chat
        return None  # a type checker wants it said

    def dial(self, workspace: Workspace, agent: Agent, *, deadline: float) -> LocalConnection:
        connection = super().dial(workspace, agent, deadline=deadline)
        self._open.append(connection)
        return connection

    def close(self) -> None:
        """End what runs through it now."""
        for connection in self._open.copy():
            connection.close()
