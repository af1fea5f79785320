"""The rules of the fake platform: names, versions, parameters, quotas, provisioners, prebuilt workspaces."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime, timedelta
from itertools import count
from random import Random
from threading import RLock, get_ident
from typing import Any
from uuid import UUID

import attrs

from chatworkspace import AgentStatus, InvalidArgumentError, JobStatus, Quota, RefusedError, Template, Transition, UnavailableError, Workspace
from chatworkspace.ports import Clock, CreateWorkspace, DialError, NameTakenError, NotAnsweredError, NotFoundError, PortError, Preset, TemplateUse
from chatworkspace_fake._platform.book import NEWEST, Book
from chatworkspace_fake._platform.faults import Faults, ServedError
from chatworkspace_fake._platform.states import NEVER, Blueprint, BuildRecord, Duration, Fails, uuids
from chatworkspace_fake._platform.values import values_for
from chatworkspace_fake._platform.workspaces import UNTIL_OVER, FakeWorkspace

FULL_QUOTA = Fails(0, error="insufficient quota", code="INSUFFICIENT_QUOTA")
CONFLICT = 409
LOST_RACE = 'Internal server error: duplicate key value violates unique constraint "workspaces_owner_id_lower_idx"'
NO_PRESET = "failed to fetch preset parameter values: failed to get preset parameters: sql: no rows in result set"
_FAILS, _SELDOM = 1 / 150, 1 / 97
"""How often the first dial of an agent fails, and is very slow."""
_SLOW, _VERY_SLOW = (0.2, 1.2), (5.0, 6.0)
LOOKBACK = 60 * 86400.0
"""Seconds: older use of a template does not count."""


class Platform:
    """All that a FakeCoder holds.

    Every workspace has a lock of its own, and tables are read and added to in single steps, so that threads with different workspaces never meet.
    `lock` guards what they do share: quota, provisioners, prebuilt workspaces, names that change hands, and late requests. It is taken before that of
    a workspace, never after. Nobody waits under either.
    """

    def __init__(self, clock: Clock, faults: Faults) -> None:
        self.clock = clock
        self.faults = faults
        self.lock: RLock = RLock()
        self.owner_name = "me"
        self.book: Book = NEWEST
        self.switched: dict[str, bool] = {}
        """What was chosen for this platform, whatever its version."""
        self.members: dict[UUID, frozenset[UUID]] = {}
        """Of an organization; everybody's, if it is not here."""
        self.cold_seed: int | None = None
        """Of how slow the first dial of each agent is; None: it is not."""
        self._warm_at: dict[UUID, float] = {}
        """When each agent is reached at once, where the first dial takes a while."""
        self.conflict_status: int | None = None
        """None: a name that was there before is a conflict, and a lost race for it a failure of the server."""
        self.silent = False
        self.templates: dict[UUID, Template] = {}
        self.blueprints: dict[UUID, Blueprint] = {}
        self.prebuilt: dict[UUID, list[tuple[UUID, datetime]]] = {}
        """Preset -> id and birth of the workspaces that wait to be claimed."""
        self.made: dict[UUID, FakeWorkspace] = {}
        self.budgets: dict[UUID | None, int] = {}
        self.provisioners: int | None = None
        self.new_id: Callable[[], UUID] = getattr(clock, "uuid", uuids())
        self._ordinals = count(1)
        self._names: dict[tuple[UUID, str], FakeWorkspace] = {}
        self._as_of: tuple[int, float] | None = None

    # ------------------------------------------------------------ time

    @property
    def time(self) -> float:
        """The present; for the thread that performs a late request, when it arrived."""
        as_of = self._as_of
        return as_of[1] if as_of is not None and as_of[0] == get_ident() else self.clock.monotonic()

    @property
    def is_late(self) -> bool:
        """What is acted upon was sent in time, and is late on its way."""
        as_of = self._as_of
        return as_of is not None and as_of[0] == get_ident()

    def catch_up(self) -> float:
        """Perform the late requests that have arrived, as of when they arrived, and return what time it is. Everything comes through here."""
        now = self.clock.monotonic()
        if self.faults.next_late > now:
            return now
        with self.lock:
            for due, act in self.faults.due():
                self._as_of = get_ident(), due
                try:
                    act()
                except (PortError, RefusedError, UnavailableError, ServedError):
                    pass  # whoever sent it has given up
                finally:
                    self._as_of = None
        return now

    # ------------------------------------------------------------ how it decides

    def obey(self, book: Book) -> None:
        """Decide by these rules from now on, but for what was switched."""
        self.book = attrs.evolve(book, **self.switched)

    def switch(self, **fields: bool) -> None:
        """Have fields of the rules otherwise, whatever the version."""
        self.switched |= fields
        self.obey(self.book)

    def belongs(self, user_id: UUID, organization_id: UUID) -> bool:
        """Say whether a user is a member of an organization."""
        return organization_id not in self.members or user_id in self.members[organization_id]

    # ------------------------------------------------------------ looking

    def seen_template(self, user_id: UUID, template_id: UUID) -> Template:
        """Return a template of an organization that the user is in. NotFoundError."""
        template = self.template(template_id)
        if not self.belongs(user_id, template.organization_id):
            raise NotFoundError(f"template {template_id}")
        return self.told_template(template)

    def template(self, template_id: UUID) -> Template:
        """Return a template. NotFoundError."""
        if template_id not in self.templates:
            raise NotFoundError(f"template {template_id}")
        return self.templates[template_id]

    def listed_templates(self, user_id: UUID, organization_id: UUID) -> list[Template]:
        """Return those of an organization that the user is in. NotFoundError."""
        if not self.belongs(user_id, organization_id):
            raise NotFoundError(f"organization {organization_id}")
        return [self.told_template(it) for it in self.templates.values() if it.organization_id == organization_id]

    def told_template(self, it: Template) -> Template:
        """Return it as it is told: without a licence it is not deprecated."""
        return attrs.evolve(it, deprecated=False) if it.deprecated and not self.book.licensed else it

    def blueprint(self, template_id: UUID, user_id: UUID) -> Blueprint:
        """Return what the active version of a template makes that the user may see. NotFoundError."""
        return self.blueprints[self.seen_template(user_id, template_id).id]

    def required_version(self, template_id: UUID) -> UUID | None:
        """Return the version that a start must use, if the template says so."""
        blueprint = self.blueprints[template_id]
        return blueprint.version_id if blueprint.require_active and self.book.licensed else None

    def active_version(self, template_id: UUID) -> UUID:
        """Return the version that is made now."""
        return self.blueprints[template_id].version_id

    def visible(self, owner_id: UUID, workspace_id: UUID) -> FakeWorkspace:
        """Return a workspace, deleted or not. NotFoundError."""
        workspace = self.made.get(workspace_id)
        if workspace is None or workspace.hidden or workspace.owner_id != owner_id:
            raise NotFoundError(f"workspace {workspace_id}")
        return workspace

    def find(self, owner_id: UUID, name: str) -> Workspace | None:
        """Return the live one of this name, if it can be seen."""
        workspace = self._named(owner_id, name)
        return None if workspace is None or workspace.hidden else workspace.told()

    def _named(self, owner_id: UUID, name: str) -> FakeWorkspace | None:
        workspace = self._names.get((owner_id, name.lower()))
        return workspace if workspace is not None and self.time < workspace.gone_at else None

    def live(self) -> list[FakeWorkspace]:
        """Return what is not deleted, oldest first."""
        now = self.time
        return [it for it in tuple(self.made.values()) if now < it.gone_at]

    def use_of(self, owner_id: UUID, organization_id: UUID) -> Mapping[UUID, TemplateUse]:
        """Return how much each template is used, by the owner and by everybody."""
        there = [it for it in tuple(self.made.values()) if it.template.organization_id == organization_id]
        return {
            template_id: self._use([it for it in there if it.template.id == template_id], owner_id)
            for template_id in {it.template.id: 0 for it in there}
        }

    def _use(self, workspaces: list[FakeWorkspace], owner_id: UUID) -> TemplateUse:
        now = self.time
        recent = [it for it in workspaces if it.owner_id == owner_id and now - it.used_at <= LOOKBACK]
        live = [it for it in workspaces if now < it.gone_at]
        return TemplateUse(
            active=sum(now < it.gone_at for it in recent),
            deleted=sum(now >= it.gone_at for it in recent),
            last_used_at=self.date_of(max(it.used_at for it in recent)) if recent else None,
            developers=len({it.owner_id for it in live}),
        )

    def quota_of(self, owner_id: UUID) -> Quota | None:
        """Return what an owner uses and may use, if there is a limit."""
        budget = self.budgets.get(owner_id, self.budgets.get(None)) if self.book.licensed else None
        if budget is None:
            return None
        now = self.time
        return Quota(consumed=sum(it.consumes(now) for it in self.live() if it.owner_id == owner_id), budget=budget)

    def queue_of(self, build: BuildRecord, now: float) -> tuple[int, int | None]:
        """Return where a build that waits stands, and how many provisioners there are."""
        if self.provisioners is None or build.status_at(now) is not JobStatus.PENDING:
            return 0, None
        waiting = [it.latest for it in tuple(self.made.values()) if it.latest.status_at(now) is JobStatus.PENDING]
        return 1 + sum(it.asked < build.asked for it in waiting), self.provisioners

    def reach(self, workspace: FakeWorkspace, agent_id: UUID) -> None:
        """Raise DialError unless the agent can be reached now."""
        agent = next((agent for agent in workspace.told().agents if agent.id == agent_id), None)
        if agent is None or workspace.hidden:
            raise DialError("there is no such agent", permanent=True)
        if agent.status is not AgentStatus.CONNECTED:
            raise DialError("the agent is not connected")

    def dial(self, workspace: FakeWorkspace, agent_id: UUID, deadline: float) -> None:
        """Reach an agent for a connection; the first time that takes a while, where it is to. DialError, UnavailableError."""
        self.warm(workspace, agent_id)
        rest = self._warm_at[agent_id] - self.time if agent_id in self._warm_at else 0.0
        if rest > 0:
            self.faults.spend("dial", rest, deadline)
            self.reach(workspace, agent_id)

    def warm(self, workspace: FakeWorkspace, agent_id: UUID) -> None:
        """Begin to reach an agent. DialError: it cannot be reached, or the first try failed, which some do."""
        self.reach(workspace, agent_id)
        if self.cold_seed is None or agent_id in self._warm_at:
            return
        draw = Random(f"{self.cold_seed} {agent_id}")  # noqa: S311 # chance from a seed
        fails = draw.random() < _FAILS
        takes = 0.0 if fails else draw.uniform(*(_VERY_SLOW if draw.random() < _SELDOM else _SLOW))
        self._warm_at[agent_id] = self.time + takes
        if fails:
            raise DialError("agent is unreachable")

    # ------------------------------------------------------------ changing

    def make(self, request: CreateWorkspace) -> FakeWorkspace:
        """Make a workspace, or give out a prebuilt one. RefusedError, NameTakenError; NotAnsweredError: the lost race for a name."""
        template = self.templates.get(request.template_id)
        if template is None or template.organization_id != request.organization_id or not self.belongs(request.owner_id, template.organization_id):
            raise RefusedError(f'Template "{request.template_id}" doesn\'t exist.', validations=[("template_id", "template not found")])
        if template.deprecated and self.book.licensed:
            raise RefusedError(f'Template "{template.name}" has been deprecated, and cannot be used to create a new workspace.')
        blueprint = self.blueprints[template.id]
        self._check_name(request.owner_id, request.name)
        preset = self._preset(blueprint, request) if request.preset_id is not None or blueprint.presets else None
        values = values_for(blueprint, self.book, request.parameters, preset=preset)
        with self._shared if preset is None else self.lock:
            self._check_name(request.owner_id, request.name, late=True)
            workspace = self._new(request, template, blueprint, preset, values)
            if self._names.setdefault((request.owner_id, request.name.lower()), workspace) is not workspace:
                self._take_over(workspace)
            self.made[workspace.id] = workspace
        return workspace

    @property
    def _shared(self) -> AbstractContextManager[object]:
        """Give the lock for a build, if builds have to do with each other."""
        return self.lock if self.budgets or self.provisioners is not None else nullcontext()

    def _preset(self, blueprint: Blueprint, request: CreateWorkspace) -> Preset | None:
        """Return the preset that is asked for, of whatever template, or the one whose answers are all given. NotAnsweredError: there is none."""
        if request.preset_id is not None and self.book.takes_presets:
            for it in (blueprint, *tuple(self.blueprints.values())):
                if found := next((preset for preset in it.presets if preset.id == request.preset_id), None):
                    return found
            raise NotAnsweredError(NO_PRESET, in_flight=False)
        if not self.book.finds_presets:
            return None
        return next((it for it in blueprint.presets if it.parameters and it.parameters.items() <= request.parameters.items()), None)

    def _check_name(self, owner_id: UUID, name: str, *, late: bool = False) -> None:
        """late: it was free a moment ago."""
        if self._named(owner_id, name) is None:
            return
        if self.conflict_status == CONFLICT or (self.conflict_status is None and not late):
            raise NameTakenError(f"a workspace called {name} exists")
        raise NotAnsweredError(LOST_RACE, in_flight=False)

    def _take_over(self, workspace: FakeWorkspace) -> None:
        """Give a name to a workspace that somebody else has, or had. NameTakenError: it is in use."""
        with self.lock:
            self._check_name(workspace.owner_id, workspace.name, late=True)
            self._names[workspace.owner_id, workspace.name.lower()] = workspace

    def _new(
        self, request: CreateWorkspace, template: Template, blueprint: Blueprint, preset: Preset | None, values: Mapping[str, str]
    ) -> FakeWorkspace:
        stock = self.prebuilt.get(preset.id) if preset is not None and preset in blueprint.presets else None
        workspace_id, created_at = stock.pop(0) if stock else (self.new_id(), None)
        workspace = FakeWorkspace(
            self,
            workspace_id=workspace_id,
            name=request.name,
            template=template,
            owner_id=request.owner_id,
            made_at=self.time,
            created_at=created_at or self.date_of(self.time),
            cost=blueprint.cost,
        )
        workspace.ttl = request.ttl
        self._add_build(
            workspace, blueprint, Transition.START, values=values, preset_id=None if preset is None else preset.id, claimed=created_at is not None
        )
        return workspace

    def build(
        self,
        workspace: FakeWorkspace,
        transition: Transition,
        parameters: Mapping[str, str] | None = None,
        *,
        version: Blueprint | None = None,
        automatic: bool = False,
    ) -> None:
        """Ask for a build, of this version or as it has to be. RefusedError: one is under way, it is deleted, or the answers do not fit."""
        with self._shared, workspace.lock:
            now, latest = self.time, workspace.latest
            if transition is not Transition.DELETE and now >= workspace.gone_at and not self.book.starts_deleted:
                raise RefusedError(f"Cannot {transition.value} a deleted workspace!", detail="status 409")
            if latest.status_at(now) in UNTIL_OVER:
                raise RefusedError("A workspace build is already active.", detail="status 409")
            if transition is not Transition.START:
                self._add_build(workspace, version or latest.blueprint, transition, values=latest.values, automatic=automatic)
                return
            blueprint = version or self._version_to_start(workspace)
            values = values_for(blueprint, self.book, parameters or {}, before=latest.values)
            self._add_build(workspace, blueprint, transition, values=values, of_deleted=now >= workspace.gone_at)

    def _version_to_start(self, workspace: FakeWorkspace) -> Blueprint:
        """Return the version of a start that names none."""
        active = self.blueprints[workspace.template.id]
        return active if workspace.updates_always or self.required_version(workspace.template.id) is not None else workspace.latest.blueprint

    def rename(self, workspace: FakeWorkspace, name: str) -> None:
        """Give a workspace another name, allowed or not. InvalidArgumentError: taken."""
        with self.lock:
            other = self._named(workspace.owner_id, name)
            if other is not None and other is not workspace:
                raise InvalidArgumentError("name", "a name that no live workspace of the owner has")
            if self._names.get((workspace.owner_id, workspace.name.lower())) is workspace:
                del self._names[workspace.owner_id, workspace.name.lower()]
            workspace.name = name
            self._names[workspace.owner_id, name.lower()] = workspace

    def reschedule(self, provisioners: int | None) -> None:
        """Let builds that wait begin as so many provisioners allow."""
        self.provisioners, now = provisioners, self.time
        waiting = [it for it in tuple(self.made.values()) if it.latest.status_at(now) is JobStatus.PENDING]
        for workspace in waiting:
            workspace.schedule(NEVER)
        for workspace in sorted(waiting, key=lambda it: it.latest.asked):
            workspace.schedule(self._begins_at(workspace))

    def date_of(self, instant: float) -> datetime:
        """Return an instant as a time of day."""
        passed = self.clock.monotonic() - instant
        return self.clock.now() - timedelta(seconds=passed) if passed else self.clock.now()

    def _add_build(self, workspace: FakeWorkspace, blueprint: Blueprint, transition: Transition, *, claimed: bool = False, **more: Any) -> None:
        starting = transition is Transition.START
        workspace.add_build(
            BuildRecord(
                id=self.new_id(),
                number=workspace.builds_so_far + (2 if claimed else 1),
                transition=transition,
                blueprint=blueprint,
                duration=self._duration(workspace, blueprint, transition),
                begins_at=self._begins_at(workspace),
                asked=self.time,
                agent_ids=tuple(self.new_id() for _ in blueprint.agents) if starting else (),
                claimed=claimed,
                ordinal=next(self._ordinals),
                **more,
            )
        )

    def _duration(self, workspace: FakeWorkspace, blueprint: Blueprint, transition: Transition) -> Duration:
        if transition is Transition.START:
            quota = self.quota_of(workspace.owner_id) if self.budgets else None
            if quota is not None and quota.consumed + blueprint.cost > quota.budget:
                return FULL_QUOTA
            return blueprint.build[min(workspace.starts, len(blueprint.build) - 1)]
        if transition is Transition.STOP:
            return blueprint.stop[min(workspace.stops, len(blueprint.stop) - 1)]
        return blueprint.delete

    def _begins_at(self, workspace: FakeWorkspace) -> float:
        """Return when a build that is asked for now, or has waited until now, is taken by a provisioner."""
        now = self.time
        if self.provisioners is None:
            return now
        if not self.provisioners:
            return NEVER
        others = (it.latest for it in tuple(self.made.values()) if it is not workspace)
        ends = sorted(build.ends_at for build in others if build.status_at(now) in UNTIL_OVER)
        return now if len(ends) < self.provisioners else ends[len(ends) - self.provisioners]
