"""Workspaces of a Coder server: reading and asking for builds. What changes something is sent once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

import attrs

from chatworkspace import Build, RefusedError, Transition, UnavailableError, Workspace
from chatworkspace.ports import CreateWorkspace, LogLine, NotAnsweredError, NotFoundError
from chatworkspace_coder import _bodies
from chatworkspace_coder._answers import workspaces
from chatworkspace_coder._answers.contents import NotUnderstoodError, understood
from chatworkspace_coder._answers.errors import TOO_MANY, NoRouteError, error_of_change, error_of_read, problem_of
from chatworkspace_coder._answers.fields import Json, about, anothers, as_list, as_object, readable, required_id
from chatworkspace_coder._answers.workspaces import Freshness, freshness
from chatworkspace_coder._api import V2, Api, can_be_named, segment
from chatworkspace_coder._extending import extend
from chatworkspace_coder._http.messages import Answer
from chatworkspace_coder._http.sizes import LIST, LOG
from chatworkspace_coder._memory import Cache
from chatworkspace_coder._templates import Templates
from chatworkspace_coder._users import Users

GONE = 410
MOST_BUILDS = {"limit": "12"}
"""How many builds of a workspace are asked for: each comes with all that it has made."""
MOST_HOMES = 20_000
"""Two for each workspace that is waited for, at least: where one is forgotten, its workspace is read once more before it is dialled."""


class Workspaces:
    """Asks for workspaces. Safe from any thread."""

    def __init__(self, api: Api, users: Users, templates: Templates) -> None:
        self._api = api
        self._users = users
        self._templates = templates
        self._homes = Cache[UUID](MOST_HOMES)
        """Build or agent -> its workspace, as read here: what it belongs to need not be asked for."""

    # ------------------------------------------------------------ reading

    def get(self, owner_id: UUID, workspace_id: UUID, deadline: float) -> Workspace:
        """Return one, deleted or not. NotFoundError."""
        return self.dated(owner_id, workspace_id, deadline)[0]

    def dated(self, owner_id: UUID, workspace_id: UUID, deadline: float) -> tuple[Workspace, Freshness | None]:
        """Return one, and how fresh the reading is. NotFoundError.

        Deleted is what the server calls so when it is asked plainly: before 2.28 a start that comes late is built all the same, as the latest build.
        """
        path, deleted = f"{V2}/workspaces/{workspace_id}", False
        answer = self._api.answer(path, owner_id, deadline)
        if answer.status == GONE and problem_of(answer) is not None:
            deleted, answer = True, self._api.answer(path, owner_id, deadline, {"include_deleted": "true"})
        if answer.status == GONE and problem_of(answer) is not None:
            return workspaces.gone(owner_id, workspace_id), None
        if not answer.ok:
            raise error_of_read(answer)
        found, fresh = understood(answer, about(workspace_id, lambda told: (self.read(told), freshness(told))))
        if found.owner_id != owner_id:
            raise NotFoundError("the workspace is another owner's")
        return attrs.evolve(found, deleted=True) if deleted else found, fresh

    def read(self, told: object) -> Workspace:
        """Return a workspace as told now, and note where its build and agents belong. UnreadableError."""
        found = workspaces.workspace(told, self._api.server_time())
        for part_id in (found.build.id, *(agent.id for agent in found.agents)):
            self._homes.put(part_id, found.id)
        return found

    def is_part(self, part_id: UUID, workspace: Workspace) -> bool:
        """Tell whether a build or agent was seen to belong to a workspace."""
        return self._homes.get(part_id) == workspace.id

    def find(self, owner_id: UUID, name: str, deadline: float) -> Workspace | None:
        """Return the live one of a name."""
        if not can_be_named(name):
            return None
        answer = self._api.answer(f"{V2}/users/{owner_id}/workspace/{segment(name)}", owner_id, deadline)
        if not answer.ok:
            error = error_of_read(answer)
            if isinstance(error, NotFoundError) and answer.status in (404, GONE):
                return None
            raise NotUnderstoodError(str(error)) if isinstance(error, NotFoundError) else error
        found = understood(answer, self.read)
        return found if _is_live(found) and found.name.lower() == name.lower() else None

    def listed(self, owner_id: UUID, organization_id: UUID, deadline: float) -> list[Workspace]:
        """Return the live ones of an owner, without what cannot be read."""
        username = self._users.username(owner_id, deadline)
        found = self._api.get(f"{V2}/workspaces", owner_id, deadline, self._rows, {"q": f"owner:{username}"}, most=LIST)
        return [it for it in found if it.owner_id == owner_id and it.organization_id == organization_id and _is_live(it)]

    def _rows(self, told: object) -> list[Workspace]:
        return readable(as_list(as_object(told).get("workspaces")), self.read)

    # ------------------------------------------------------------ creating and building

    def create(self, request: CreateWorkspace, deadline: float) -> Workspace:
        """Ask for a workspace. NameTakenError, RefusedError, NotAnsweredError, UnavailableError."""
        body = _bodies.creation(request, self._templates.answers_of_preset(request, deadline))
        answer = self._api.change("POST", f"{V2}/users/{request.owner_id}/workspaces", request.owner_id, body, deadline)
        if not answer.ok:
            raise error_of_change(answer, creates=True)
        return _done(answer, partial(self._made, request))

    def _made(self, request: CreateWorkspace, told: object) -> Workspace:
        made = self.read(told)
        if (made.owner_id, made.name.lower()) != (request.owner_id, request.name.lower()):
            raise anothers()
        return made

    def start(self, workspace: Workspace, parameters: Mapping[str, str], deadline: float) -> Workspace:
        """Ask for a start. One that is dormant is woken first: only newer servers do so by themselves."""
        if workspace.dormant:
            self._wake(workspace, deadline)
        return self._build(workspace, _bodies.start(workspace, parameters), deadline)

    def _wake(self, workspace: Workspace, deadline: float) -> None:
        answer = self._api.change("PUT", f"{V2}/workspaces/{workspace.id}/dormant", workspace.owner_id, {"dormant": False}, deadline)
        if not answer.ok and answer.status != 304:
            error = error_of_change(answer)
            if not isinstance(error, (RefusedError, NoRouteError)):  # else the start says whether it can do without
                raise error

    def stop(self, workspace: Workspace, deadline: float) -> Workspace:
        """Ask for a stop."""
        return self._build(workspace, _bodies.build(Transition.STOP), deadline)

    def delete(self, workspace: Workspace, deadline: float) -> Workspace:
        """Ask for a deletion."""
        return self._build(workspace, _bodies.build(Transition.DELETE), deadline)

    def _build(self, workspace: Workspace, body: Json, deadline: float) -> Workspace:
        answer = self._api.change("POST", f"{V2}/workspaces/{workspace.id}/builds", workspace.owner_id, body, deadline)
        if not answer.ok:
            raise error_of_change(answer)
        return _done(answer, about(workspace.id, partial(self._with_build, workspace), name="workspace_id"))

    def _with_build(self, workspace: Workspace, told: object) -> Workspace:
        it = as_object(told)
        made = workspaces.build(it, self._api.server_time())
        self._homes.put(made.id, workspace.id)
        return attrs.evolve(
            workspace,
            build=made,
            agents=workspaces.agents(it, self._api.server_time()),
            deleted=workspaces.is_deleted(made),
            dormant=workspace.dormant and made.transition is not Transition.START,
        )

    # ------------------------------------------------------------ log and use

    def log(self, workspace: Workspace, after: int, deadline: float) -> list[LogLine]:
        """Return lines of the build's log. NotFoundError: also for a build of another workspace."""
        build = f"{V2}/workspacebuilds/{workspace.build.id}"
        if not self.is_part(workspace.build.id, workspace):
            home = self._api.get(build, workspace.owner_id, deadline, lambda told: required_id(as_object(told), "workspace_id"))
            self._homes.put(workspace.build.id, home)
            if home != workspace.id:
                raise NotFoundError("the build is another workspace's")
        lines = self._api.get(f"{build}/logs", workspace.owner_id, deadline, workspaces.log_lines, {"after": str(after)}, most=LOG)
        return [line for line in lines if line.id > after]

    def parameters(self, workspace: Workspace, deadline: float) -> Mapping[str, str]:
        """Return what the latest build was asked for with. NotFoundError."""
        path = f"{V2}/workspacebuilds/{workspace.build.id}/parameters"
        return self._api.get(path, workspace.owner_id, deadline, workspaces.values, most=LIST)

    def builds(self, workspace: Workspace, deadline: float) -> list[Build]:
        """Return the latest builds, the newest first, without what cannot be read. NotFoundError."""
        path, now = f"{V2}/workspaces/{workspace.id}/builds", self._api.server_time
        found = self._api.get(
            path, workspace.owner_id, deadline, lambda told: readable(as_list(told), partial(_build_of, workspace.id, now())), MOST_BUILDS, most=LIST
        )
        return sorted(found, key=lambda it: it.number, reverse=True)

    def record_use(self, workspace: Workspace, deadline: float) -> None:
        """Tell of use. UnavailableError; what is not there, or may not be told, is left at that."""
        failure = ""
        try:
            answer = self._api.change("POST", f"{V2}/workspaces/{workspace.id}/usage", workspace.owner_id, None, deadline)
        except NotAnsweredError as error:
            failure = str(error)
        else:
            if answer.status == TOO_MANY:
                raise error_of_change(answer)
            if answer.ok or (400 <= answer.status < 500 and problem_of(answer) is not None):
                return
            failure = f"the server answered {answer.status}"
        raise UnavailableError(failure)

    def extend(self, workspace: Workspace, lasts: float, deadline: float) -> None:
        """Have it run on for so many seconds. UnavailableError; what may not be, or is not there, is left at that."""
        extend(self._api, workspace, lasts, deadline)


def _done(answer: Answer, read: Any) -> Workspace:
    """Return what was made. NotAnsweredError: it was done, and it is not told what."""
    try:
        made: Workspace = understood(answer, read)
    except NotUnderstoodError as error:
        raise NotAnsweredError(str(error)) from error
    return made


def _build_of(workspace_id: UUID, now: datetime | None, told: object) -> Build:
    it = as_object(told)
    if required_id(it, "workspace_id") != workspace_id:
        raise anothers()
    return workspaces.build(it, now)


def _is_live(workspace: Workspace) -> bool:
    return not workspace.deleted
