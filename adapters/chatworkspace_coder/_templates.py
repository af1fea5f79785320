"""Templates of a Coder server, with what their active versions say."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timezone
from uuid import UUID

import attrs

from chatworkspace import RefusedError, Template, UnavailableError
from chatworkspace.ports import CreateWorkspace, Evaluation, NotFoundError, Parameter, Preset, TemplateUse
from chatworkspace_coder import _bodies
from chatworkspace_coder._answers import parameters, templates, use
from chatworkspace_coder._answers.contents import NotUnderstoodError, understood
from chatworkspace_coder._answers.errors import UNAUTHORIZED, NoRouteError, error_of_read, problem_of, refused
from chatworkspace_coder._answers.fields import about
from chatworkspace_coder._answers.templates import Listed, Version
from chatworkspace_coder._answers.use import Used
from chatworkspace_coder._api import V2, Api, can_be_named, segment
from chatworkspace_coder._http.failures import OutOfTimeError, UnusableError
from chatworkspace_coder._http.messages import Answer, Request
from chatworkspace_coder._http.sizes import LIST
from chatworkspace_coder._memory import Cache
from chatworkspace_coder._settings import Settings
from chatworkspace_coder._users import Users

IMPORTING = (406, 412, 425)
"""What is said of a version whose import has not ended: the same question has an answer then."""
PART = 0.25
"""Of the time that is left, for a version without which a list can be told."""
JUST_NOW = 5.0
"""Seconds for which a list is good enough for how its templates are used: whoever lists them asks for that next."""
MOST_LISTS = 64
VersionOf = Callable[[UUID, UUID | None, float], Version]


class Templates:
    """Asks for templates. Safe from any thread."""

    def __init__(self, api: Api, users: Users, settings: Settings) -> None:
        self._api = api
        self._users = users
        self._settings = settings
        self._versions = Cache[Version]()
        self._seen = Cache[Listed]()
        """Templates as they were read last."""
        self._parameters = Cache[Sequence[Parameter]]()
        self._presets = Cache[Sequence[Preset]]()
        """Both by version."""
        self._lists = Cache[tuple[list[Listed], float]](MOST_LISTS)
        """By owner and organization, with when each was read. One is used up by whoever takes it."""

    # ------------------------------------------------------------ templates

    def listed(self, owner_id: UUID, organization_id: UUID, deadline: float) -> list[Template]:
        """Return those of an organization. Asks once for each version that is new to it.

        One whose version cannot be read is told without what the version says: the others are there all the same.
        """
        listed = self._of(owner_id, organization_id, deadline)
        self._lists.put((owner_id, organization_id), (listed, time.monotonic()))
        return [self._whole(it, owner_id, deadline, self._version_if_any) for it in listed]

    def _of(self, owner_id: UUID, organization_id: UUID, deadline: float) -> list[Listed]:
        path = f"{V2}/organizations/{organization_id}/templates"
        try:
            return [self._noted(it) for it in self._api.get(path, owner_id, deadline, templates.templates, most=LIST)]
        except NotFoundError as error:
            raise UnavailableError(f"the organization's templates cannot be seen: {error}", retryable=False) from error

    def get(self, owner_id: UUID, template_id: UUID, deadline: float) -> Template:
        """Return one. NotFoundError."""
        return self._whole(self._one(owner_id, template_id, deadline), owner_id, deadline)

    def by_name(self, name: str, organization_id: UUID, deadline: float) -> Template:
        """Return one. NotFoundError."""
        if not can_be_named(name):
            raise NotFoundError("no template has such a name")
        path = f"{V2}/organizations/{organization_id}/templates/{segment(name)}"
        return self._whole(self._noted(_live(self._api.get(path, None, deadline, templates.template))), None, deadline)

    def _one(self, owner_id: UUID, template_id: UUID, deadline: float) -> Listed:
        return self._noted(_live(self._api.get(f"{V2}/templates/{template_id}", owner_id, deadline, about(template_id, templates.template))))

    def _noted(self, it: Listed) -> Listed:
        self._seen.put(it.template.id, it)
        return it

    def _known(self, owner_id: UUID, template_id: UUID, deadline: float) -> Listed:
        """Return a template as it was read last. NotFoundError."""
        return self._seen.get(template_id) or self._one(owner_id, template_id, deadline)

    def _whole(self, it: Listed, owner_id: UUID | None, deadline: float, version_of: VersionOf | None = None) -> Template:
        version = (version_of or self._version)(it.template.version_id, owner_id, deadline)
        allowed = it.template.agents_allowed if it.tells_allowed else self._settings.is_allowed(it.template.id, owner_id, deadline)
        return attrs.evolve(it.template, readme=version.readme, external_agent=version.external_agent, agents_allowed=allowed)

    def _version(self, version_id: UUID, owner_id: UUID | None, deadline: float) -> Version:
        return self._versions.get(version_id) or self._told(version_id, self._asked(version_id, owner_id, deadline))

    def _asked(self, version_id: UUID, owner_id: UUID | None, deadline: float) -> Answer:
        return self._api.answer(f"{V2}/templateversions/{version_id}", owner_id, deadline)

    def _told(self, version_id: UUID, answer: Answer) -> Version:
        if not answer.ok:
            raise error_of_read(answer)
        known = understood(answer, about(version_id, templates.version))
        self._versions.put(version_id, known)
        return known

    def _version_if_any(self, version_id: UUID, owner_id: UUID | None, deadline: float) -> Version:
        """Return what a version says; nothing where the answer is any other, or late by a part of the time: there may be more of them.

        UnavailableError where no other version would fare better: the token is none, there is no connection, or no time.
        """
        known, now = self._versions.get(version_id), time.monotonic()
        try:
            if known is None:
                answer = self._asked(version_id, owner_id, now + (deadline - now) * PART)
                known = self._told(version_id, answer) if answer.ok or answer.status == UNAUTHORIZED else Version()
        except (NotUnderstoodError, UnusableError):
            return Version()
        except OutOfTimeError:
            if time.monotonic() >= deadline:
                raise
            return Version()
        return known

    # ------------------------------------------------------------ what they ask

    def parameters(self, owner_id: UUID, template: Template, deadline: float) -> Sequence[Parameter]:
        """Return what a version asks, as its import found it. NotFoundError."""
        self._known(owner_id, template.id, deadline)
        known = self._parameters.get(template.version_id)
        if known is not None:
            return known
        path = f"{V2}/templateversions/{template.version_id}/rich-parameters"
        found = tuple(self._api.get(path, owner_id, deadline, parameters.parameters, most=LIST))
        self._parameters.put(template.version_id, found)
        return found

    def presets(self, owner_id: UUID, template: Template, deadline: float) -> Sequence[Preset]:
        """Return a version's presets; none from servers that have none. NotFoundError."""
        self._known(owner_id, template.id, deadline)
        known = self._presets.get(template.version_id)
        if known is not None:
            return known
        try:
            found = tuple(self._api.get(f"{V2}/templateversions/{template.version_id}/presets", owner_id, deadline, parameters.presets, most=LIST))
        except NoRouteError:
            return ()
        self._presets.put(template.version_id, found)
        return found

    def answers_of_preset(self, request: CreateWorkspace, deadline: float) -> Mapping[str, str]:
        """Return what a preset answers: servers before 2.22 ignore it, so that is sent along. RefusedError: it is not the active version's."""
        if request.preset_id is None:
            return {}
        try:
            return self._answers_of(request, self._known(request.owner_id, request.template_id, deadline), deadline) or self._answers_anew(
                request, deadline
            )
        except NotFoundError:
            return {}  # the server says what is wrong with the template

    def _answers_anew(self, request: CreateWorkspace, deadline: float) -> Mapping[str, str]:
        """Return the same for a template that may have another version by now."""
        found = self._answers_of(request, self._one(request.owner_id, request.template_id, deadline), deadline)
        if found is None:
            raise RefusedError("unknown preset", validations=[("preset_id", "the template has no such preset")])
        return found

    def _answers_of(self, request: CreateWorkspace, it: Listed, deadline: float) -> Mapping[str, str] | None:
        presets = self.presets(request.owner_id, it.template, deadline)
        return next((one.parameters for one in presets if one.id == request.preset_id), None)

    def evaluated(self, owner_id: UUID, template: Template, answers: Mapping[str, str], deadline: float) -> Evaluation | None:
        """Return the parameters as they are for the owner who answers so; None: this template is not evaluated.

        It is sent as POST, and changes nothing. NotFoundError, RefusedError; UnavailableError: also where the server cannot.
        """
        if self._known(owner_id, template.id, deadline).classic:
            return None
        path = f"{V2}/templateversions/{template.version_id}/dynamic-parameters/evaluate"
        request = Request(method="POST", path=path, owner_id=owner_id, body=_bodies.evaluation(owner_id, answers), most=LIST)
        answer = self._api.read(request, deadline, newer="evaluation of parameters")
        if answer.ok:
            return understood(answer, parameters.evaluation)
        problem = problem_of(answer)
        if problem is not None and answer.status in (400, 409):
            raise refused(problem)
        if problem is not None and answer.status in IMPORTING:
            raise UnavailableError(f"Coder answered {answer.status}: {problem}")
        raise error_of_read(answer)

    # ------------------------------------------------------------ use

    def use(self, owner_id: UUID, organization_id: UUID, deadline: float) -> Mapping[UUID, TemplateUse]:
        """Return how templates are used. No server lists workspaces that are deleted."""
        listed = self._just_listed(owner_id, organization_id)
        if listed is None:
            listed = self._of(owner_id, organization_id, deadline)
        username = self._users.username(owner_id, deadline)
        own = self._own(owner_id, f"owner:{username}", deadline)
        return use.template_use(listed, own, self._api.server_time() or datetime.now(timezone.utc))

    def _just_listed(self, owner_id: UUID, organization_id: UUID) -> list[Listed] | None:
        found = self._lists.take((owner_id, organization_id))
        return found[0] if found is not None and time.monotonic() - found[1] < JUST_NOW else None

    def _own(self, owner_id: UUID, query: str, deadline: float) -> list[Used]:
        answer = self._api.answer(f"{V2}/workspaces", owner_id, deadline, {"q": query}, most=LIST)
        if answer.status == 400:  # a server that does not know these words
            return []
        if not answer.ok:
            raise error_of_read(answer)
        return [it for it in understood(answer, use.used) if it.owner_id == owner_id]


def _live(it: Listed) -> Listed:
    if it.deleted:
        raise NotFoundError("the template was deleted")
    return it
