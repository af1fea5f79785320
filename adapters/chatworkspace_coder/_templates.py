"""Templates of a Coder server, with what their active versions say."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

import attrs

from chatworkspace import Quota, Template, UnavailableError
from chatworkspace.ports import Evaluation, NotFoundError, Parameter, Preset, TemplateUse
from chatworkspace_coder._answers import templates, workspaces
from chatworkspace_coder._answers.errors import NoRouteError, error_of_read, problem_of, refused
from chatworkspace_coder._answers.json import as_object, number
from chatworkspace_coder._answers.templates import Listed, Version
from chatworkspace_coder._api import EXPERIMENTAL, V2, Api, Cache, Kept, segment, understood
from chatworkspace_coder._http.transport import Request
from chatworkspace_coder._requests import evaluation

_TTL_PATHS = tuple(f"{prefix}/chats/config/workspace-ttl" for prefix in (V2, EXPERIMENTAL))


class Templates:
    """Asks for templates. Safe from any thread."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._versions = Cache[Version]()
        self._allowed = Kept[frozenset[UUID] | None]()
        self._ttl = Kept[float | None]()
        self._ttl_paths = _TTL_PATHS

    # ------------------------------------------------------------ templates

    def listed(self, owner_id: UUID, organization_id: UUID, deadline: float) -> list[Template]:
        """Return those of an organization. Asks once for each version that is new to it."""
        return [self._whole(it, owner_id, deadline) for it in self._of(owner_id, organization_id, deadline)]

    def _of(self, owner_id: UUID, organization_id: UUID, deadline: float) -> list[Listed]:
        path = f"{V2}/organizations/{organization_id}/templates"
        try:
            return self._api.get(path, owner_id, deadline, templates.templates)
        except NotFoundError as error:
            raise UnavailableError(f"the organization's templates cannot be seen: {error}", retryable=False) from error

    def get(self, owner_id: UUID, template_id: UUID, deadline: float) -> Template:
        """Return one. NotFoundError."""
        return self._whole(self._one(owner_id, template_id, deadline), owner_id, deadline)

    def by_name(self, name: str, organization_id: UUID, deadline: float) -> Template:
        """Return one. NotFoundError."""
        path = f"{V2}/organizations/{organization_id}/templates/{segment(name)}"
        return self._whole(_live(self._api.get(path, None, deadline, templates.template)), None, deadline)

    def _one(self, owner_id: UUID, template_id: UUID, deadline: float) -> Listed:
        return _live(self._api.get(f"{V2}/templates/{template_id}", owner_id, deadline, templates.template))

    def _whole(self, it: Listed, owner_id: UUID | None, deadline: float) -> Template:
        version = self._version(it.template.version_id, owner_id, deadline)
        allowed = it.template.agents_allowed if it.tells_allowed else self._is_allowed(it.template.id, owner_id, deadline)
        return attrs.evolve(it.template, readme=version.readme, external_agent=version.external_agent, agents_allowed=allowed)

    def _version(self, version_id: UUID, owner_id: UUID | None, deadline: float) -> Version:
        known = self._versions.get(version_id)
        if known is None:
            known = self._api.get(f"{V2}/templateversions/{version_id}", owner_id, deadline, templates.version)
            self._versions.put(version_id, known)
        return known

    # ------------------------------------------------------------ settings for chats

    def _is_allowed(self, template_id: UUID, owner_id: UUID | None, deadline: float) -> bool:
        """Ask the allow-list of servers that do not tell it with the template."""
        allowed = self._allowed.get(lambda: self._allow_list(owner_id, deadline))
        return allowed is None or template_id in allowed

    def _allow_list(self, owner_id: UUID | None, deadline: float) -> frozenset[UUID] | None:
        """Return what is allowed. Older servers have no list; of others most users may not see it: it is unknown then, and forbids nothing here."""
        try:
            return self._api.get(f"{EXPERIMENTAL}/chats/config/template-allowlist", owner_id, deadline, templates.allow_list)
        except (NotFoundError, NoRouteError):
            return None

    def workspace_ttl(self, owner_id: UUID, deadline: float) -> float | None:
        """Return the seconds after which a chat's workspace is to be stopped; None: not set, or a server without chats."""
        return self._ttl.get(lambda: self._workspace_ttl(owner_id, deadline))

    def _workspace_ttl(self, owner_id: UUID, deadline: float) -> float | None:
        """Ask under either path, first where it was last time: it moved when chats became stable."""
        for path in self._ttl_paths:
            try:
                told = self._api.get(path, owner_id, deadline, _ttl)
            except NotFoundError:
                return None
            except NoRouteError:
                continue
            self._ttl_paths = (path, *(other for other in _TTL_PATHS if other != path))
            return told
        return None

    # ------------------------------------------------------------ what they ask

    def parameters(self, owner_id: UUID, template_id: UUID, deadline: float) -> list[Parameter]:
        """Return what the active version asks. NotFoundError."""
        version_id = self._one(owner_id, template_id, deadline).template.version_id
        return self._api.get(f"{V2}/templateversions/{version_id}/rich-parameters", owner_id, deadline, templates.parameters)

    def presets(self, owner_id: UUID, template_id: UUID, deadline: float) -> list[Preset]:
        """Return the active version's presets; none from servers that have none. NotFoundError."""
        version_id = self._one(owner_id, template_id, deadline).template.version_id
        try:
            return self._api.get(f"{V2}/templateversions/{version_id}/presets", owner_id, deadline, templates.presets)
        except NoRouteError:
            return []

    def evaluated(self, owner_id: UUID, template_id: UUID, deadline: float) -> Evaluation | None:
        """Return the parameters as they are for the owner. It is sent as POST, and changes nothing. NotFoundError, RefusedError."""
        listed = self._one(owner_id, template_id, deadline)
        if listed.classic:
            return None
        path = f"{V2}/templateversions/{listed.template.version_id}/dynamic-parameters/evaluate"
        request = Request(method="POST", path=path, owner_id=owner_id, body=evaluation(owner_id))
        answer = self._api.transport.read(request, deadline)
        if answer.ok:
            return understood(answer, templates.evaluation)
        error, problem = error_of_read(answer), problem_of(answer)
        if isinstance(error, NoRouteError):
            return None
        if problem is not None and answer.status in (400, 409, 412, 425):
            raise refused(problem)
        raise error

    # ------------------------------------------------------------ use and quota

    def use(self, owner_id: UUID, organization_id: UUID, deadline: float) -> Mapping[UUID, TemplateUse]:
        """Return how templates are used. Live and deleted workspaces are two listings."""
        listed = self._of(owner_id, organization_id, deadline)
        username = username_of(self._api, owner_id, deadline)
        own = [it for it in self._own(owner_id, f"owner:{username}", deadline) if not it.deleted]
        own += [it for it in self._own(owner_id, f"owner:{username} status:deleted", deadline) if it.deleted]
        return templates.template_use(listed, own, self._api.now())

    def _own(self, owner_id: UUID, query: str, deadline: float) -> list[templates.Used]:
        answer = self._api.answer(f"{V2}/workspaces", owner_id, deadline, {"q": query})
        if answer.status == 400:  # a server that does not know these words
            return []
        if not answer.ok:
            raise error_of_read(answer)
        return [it for it in understood(answer, templates.used) if it.owner_id == owner_id]

    def quota(self, owner_id: UUID, organization_id: UUID, deadline: float) -> Quota | None:
        """Return the quota; None where there is none, or where it cannot be seen."""
        try:
            path = f"{V2}/organizations/{organization_id}/members/{owner_id}/workspace-quota"
            return self._api.get(path, owner_id, deadline, workspaces.quota)
        except NotFoundError:
            return None
        except NoRouteError:
            return self._older_quota(owner_id, deadline)

    def _older_quota(self, owner_id: UUID, deadline: float) -> Quota | None:
        try:
            return self._api.get(f"{V2}/workspace-quota/{owner_id}", owner_id, deadline, workspaces.quota)
        except (NotFoundError, NoRouteError):
            return None


def username_of(api: Api, owner_id: UUID, deadline: float) -> str:
    """Return the name by which workspaces are searched for. It is asked for each time: users may be renamed."""
    try:
        return api.get(f"{V2}/users/{owner_id}", owner_id, deadline, workspaces.user).username
    except NotFoundError as error:
        raise UnavailableError(f"the owner cannot be seen: {error}", retryable=False) from error


def _ttl(told: object) -> float | None:
    ms = number(as_object(told), "workspace_ttl_ms")
    return ms / 1000 if ms is not None and ms > 0 else None


def _live(it: Listed) -> Listed:
    if it.deleted:
        raise NotFoundError("the template was deleted")
    return it
