"""The platform: both ports in one."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timezone
from os import PathLike
from uuid import UUID

from chatworkspace import Agent, Build, Template, UnavailableError, Workspace
from chatworkspace.ports import (
    AgentDialer,
    Clock,
    CreateWorkspace,
    DialError,
    LogLine,
    NotFoundError,
    Parameter,
    Preset,
    SystemClock,
    TemplateUse,
    Watch,
    WorkspaceCreator,
    check_port,
    check_seconds,
)
from chatworkspace_local._changing import Changer
from chatworkspace_local._connections import LocalConnection, ReachError, reached
from chatworkspace_local._places import ORGANIZATION_ID, OWNER_ID, Places, see_linux
from chatworkspace_local._reading import Reader
from chatworkspace_local._states import Look, agent_id_of, runs, workspace_of
from chatworkspace_local._templates import LocalTemplate, Templates
from chatworkspace_local._toml import LONGEST_TTL, TemplateError
from chatworkspace_local._watching import LocalWatch
from chatworkspace_local._worker.files import OddFileError
from chatworkspace_local._worker.processes import Life

REACHED = 5.0
"""Seconds in which a keeper answers that is not paused, on a machine under load: it does little else."""


class LocalPlatform(WorkspaceCreator, AgentDialer):
    """A platform on this machine: a workspace is a folder below the root, and processes in it. It is no sandbox.

    What runs in a workspace may do whatever this user may do: for development, tests and tools of one person. Linux only, else RuntimeError.

    root: the path of a folder, made where it is not there; one that is there has to be this user's alone to write (InvalidArgumentError). Templates
        are folders in ROOT/templates, beside `empty` and `python`, which are always there.
    clock: the clock that deadlines are of; None: the system's.
    grace: seconds between asking the processes of a workspace to end and killing them.

    Safe from any thread, and for any number of processes over one root; nothing is kept open, so a child of fork() may go on with it.
    """

    sandboxed = False
    log_has_scripts = True

    def __init__(self, root: str | PathLike[str], *, clock: Clock | None = None, grace: float = 5.0) -> None:
        see_linux()
        self._clock = SystemClock() if clock is None else check_port("clock", clock, Clock)
        self._places = Places(root)
        self._templates = Templates(self._places.templates, ORGANIZATION_ID)
        self._reader = Reader(self._places, self._clock)
        self._changer = Changer(self._places, self._clock, self._reader, self._templates, check_seconds("grace", grace))

    def __repr__(self) -> str:
        return f"<LocalPlatform {self._places.root!r}, no sandbox>"

    @property
    def owner_id(self) -> UUID:
        """The one owner of a machine, called "me". Any other id is an owner as well."""
        return OWNER_ID

    @property
    def organization_id(self) -> UUID:
        """The one organization."""
        return ORGANIZATION_ID

    # ------------------------------------------------------------ templates

    def list_templates(self, owner_id: UUID, organization_id: UUID, *, deadline: float) -> Sequence[Template]:
        del owner_id  # everybody sees all templates
        self._see_time(deadline)
        return [it.template for it in self._all_templates()] if organization_id == ORGANIZATION_ID else []

    def get_template(self, owner_id: UUID, template_id: UUID, *, deadline: float) -> Template:
        del owner_id  # everybody sees all templates
        self._see_time(deadline)
        return self._template(template_id).template

    def list_parameters(self, owner_id: UUID, template: Template, *, deadline: float) -> Sequence[Parameter]:
        del owner_id  # everybody sees all templates
        self._see_time(deadline)
        return self._template(template.id).told.parameters

    def list_presets(self, owner_id: UUID, template: Template, *, deadline: float) -> Sequence[Preset]:
        del owner_id  # everybody sees all templates
        self._see_time(deadline)
        return self._template(template.id).told.presets

    def template_use(self, owner_id: UUID, organization_id: UUID, *, deadline: float) -> Mapping[UUID, TemplateUse]:
        self._see_time(deadline)
        if organization_id != ORGANIZATION_ID:
            return {}
        made: dict[UUID, list[float]] = {}
        for look in self._reader.all(owner_id):
            made.setdefault(look.record.template_id, []).append(look.record.latest.asked_at)
        return {
            template_id: TemplateUse(active=len(times), last_used_at=datetime.fromtimestamp(max(times), timezone.utc), developers=1)
            for template_id, times in made.items()
        }

    def _all_templates(self) -> list[LocalTemplate]:
        try:
            return self._templates.all()
        except (OSError, OddFileError, TemplateError) as error:
            raise UnavailableError(f"the templates cannot be read: {error}") from error

    def _template(self, template_id: UUID) -> LocalTemplate:
        for it in self._all_templates():
            if it.template.id == template_id:
                return it
        raise NotFoundError(f"no template {template_id}")

    # ------------------------------------------------------------ workspaces

    def create_workspace(self, request: CreateWorkspace, *, deadline: float) -> Workspace:
        self._see_time(deadline)
        try:
            return self._changer.create(request, deadline)
        except OddFileError as error:
            raise UnavailableError(f"a folder of the owner {error}") from error
        except OSError as error:
            raise UnavailableError(f"the disk said no: {error.strerror}: {error.filename}") from error

    def get_workspace(self, owner_id: UUID, workspace_id: UUID, *, deadline: float) -> Workspace:
        self._see_time(deadline)
        try:
            return workspace_of(self._stopped_in_time(self._reader.by_id(owner_id, workspace_id)))
        except NotFoundError:
            return self._reader.get(owner_id, workspace_id)

    def find_workspace(self, owner_id: UUID, name: str, *, deadline: float) -> Workspace | None:
        self._see_time(deadline)
        look = self._reader.look(owner_id, name)
        return None if look is None else workspace_of(self._stopped_in_time(look))

    def list_workspaces(self, owner_id: UUID, organization_id: UUID, *, deadline: float) -> Sequence[Workspace]:
        self._see_time(deadline)
        if organization_id != ORGANIZATION_ID:
            return []
        return [workspace_of(self._stopped_in_time(look)) for look in self._reader.all(owner_id)]

    def start_workspace(self, workspace: Workspace, parameters: Mapping[str, str], *, deadline: float) -> Workspace:
        self._see_time(deadline)
        return self._changer.start(workspace, parameters, deadline)

    def stop_workspace(self, workspace: Workspace, *, deadline: float) -> Workspace:
        self._see_time(deadline)
        return self._changer.stop(workspace, deadline)

    def delete_workspace(self, workspace: Workspace, *, deadline: float) -> Workspace:
        self._see_time(deadline)
        return self._changer.delete(workspace, deadline)

    def watch(self, workspace: Workspace, *, deadline: float) -> Watch | None:
        self._see_time(deadline)

        def read() -> Workspace:
            return self.get_workspace(workspace.owner_id, workspace.id, deadline=self._clock.monotonic() + 1.0)

        read()
        return LocalWatch(self._clock, read)

    def build_log(self, workspace: Workspace, *, after: int, deadline: float) -> Sequence[LogLine]:
        self._see_time(deadline)
        return self._reader.log(workspace.owner_id, workspace.id, after)

    def build_parameters(self, workspace: Workspace, *, deadline: float) -> Mapping[str, str] | None:
        self._see_time(deadline)
        return dict(self._reader.by_id(workspace.owner_id, workspace.id).record.latest.parameters)

    def list_builds(self, workspace: Workspace, *, deadline: float) -> Sequence[Build]:
        self._see_time(deadline)
        return self._reader.builds(workspace.owner_id, workspace.id)

    def record_use(self, workspace: Workspace, *, lasts: float | None = None, deadline: float) -> None:
        self._see_time(deadline)
        seconds = None if lasts is None else min(check_seconds("lasts", lasts), LONGEST_TTL)
        with suppress(NotFoundError, UnavailableError):
            self._changer.use(workspace, seconds, deadline)

    def _see_time(self, deadline: float) -> None:
        if self._clock.monotonic() >= deadline:
            raise UnavailableError("its time was over before anything was asked for")

    def _stopped_in_time(self, look: Look) -> Look:
        """Begin the stop of one whose time to live is over: whoever looks does. One that is locked, or cannot be stopped now, is told as it is."""
        stops_at = look.record.stops_at
        if stops_at is None or look.now < stops_at or not runs(look):
            return look
        with suppress(Exception):  # whoever looks next tries again
            self._changer.stop(workspace_of(look), self._clock.monotonic(), automatic=True)
            return self._reader.by_id(look.record.owner_id, look.record.id)
        return look

    # ------------------------------------------------------------ agents

    def dial(self, workspace: Workspace, agent: Agent, *, deadline: float) -> LocalConnection:
        self._see_time(deadline)
        try:
            look = self._reader.by_id(workspace.owner_id, workspace.id)
        except NotFoundError as error:
            raise DialError(str(error), permanent=True) from error
        if agent.id != agent_id_of(look.record.latest):
            raise DialError("the agent is not of the latest build", permanent=True)
        if not runs(look):
            raise DialError("the workspace does not run", permanent=look.worker is Life.ENDED)
        if look.worker is Life.PAUSED:
            raise DialError("the workspace's keeper is paused")
        home = self._places.home(workspace.owner_id, look.record.name)
        try:
            with reached(home, agent.id, time.monotonic() + min(max(deadline - self._clock.monotonic(), 0.0), REACHED)):
                return LocalConnection(home, agent.id)
        except ReachError as error:
            raise DialError(str(error)) from error
