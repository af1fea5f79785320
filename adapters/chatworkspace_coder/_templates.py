"""Templates of a Coder server, with what their active versions say."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timezone
from typing import TypeVar
from uuid import UUID

import attrs

from chatworkspace import RefusedError, Template, UnavailableError
from chatworkspace.ports import CreateWorkspace, Evaluation, NotFoundError, Parameter, Preset, TemplateUse
from chatworkspace_coder import _bodies
from chatworkspace_coder._answers import parameters, templates, use
from chatworkspace_coder._answers.contents import NotUnderstoodError, understood
from chatworkspace_coder._answers.errors import BAD, UNAUTHORIZED, NoRouteError, error_of_read, problem_of, refused
from chatworkspace_coder._answers.fields import about
from chatworkspace_coder._answers.templates import Listed, Version
from chatworkspace_coder._answers.use import Used
from chatworkspace_coder._api import V2, Api, can_be_named, segment
from chatworkspace_coder._http.failures import OutOfTimeError, UnusableError
from chatworkspace_coder._http.messages import Answer, Request
from chatworkspace_coder._http.sizes import LIST, ONE, Size
from chatworkspace_coder._memory import Cache
from chatworkspace_coder._settings import Settings
from chatworkspace_coder._users import Users

IMPORTING = (406, 412, 425)
"""What is said of a version whose import has not ended: the same question has an answer then."""
PART = 0.25
"""Of the time that is left, for what a list can be told without."""
READMES, READMES_OF_OLDER = 2, 1
"""How many versions are read for a page, so that a list is six requests at most: servers that do not tell with the template whether chats may use it
are asked for that once more."""
EXTERNAL = "has_external_agent:true"
"""The templates whose agents run on hosts of the user's. A server that does not know these words has none."""
JUST_NOW = 5.0
"""Seconds for which a list is good enough for how its templates are used: whoever lists them asks for that next."""
MOST_LISTS = 64
T = TypeVar("T")


class Templates:
    """Asks for templates. Safe from any thread."""

    def __init__(self, api: Api, users: Users, settings: Settings) -> None:
        self._api = api
        self._users = users
        self._settings = settings
        self._versions = Cache[Version]()
        self._external = Cache[bool]()
        """By version: whether its agents run on hosts of the user's. Found by a search, before the version itself is read."""
        self._seen = Cache[Listed]()
        """Templates as they were read last."""
        self._parameters = Cache[Sequence[Parameter]]()
        self._presets = Cache[Sequence[Preset]]()
        """Both by version."""
        self._lists = Cache[tuple[list[Listed], float]](MOST_LISTS)
        """By owner and organization, with when each was read. One is used up by whoever takes it."""

    # ------------------------------------------------------------ templates

    def listed(self, owner_id: UUID, organization_id: UUID, deadline: float) -> list[Template]:
        """Return those of an organization, with READMEs where they are known. One search tells the flags of all versions that are new to it."""
        listed = self._of(owner_id, organization_id, deadline)
        self._lists.put((owner_id, organization_id), (listed, time.monotonic()))
        if any(self._flag(it) is None for it in listed):
            self._search_external(listed, owner_id, organization_id, deadline)
        return [self._as_known(it, owner_id, deadline) for it in listed]

    def _flag(self, it: Listed) -> bool | None:
        """Return whether a template's agents are external; None: it is not known."""
        version = self._versions.get(it.template.version_id)
        return self._external.get(it.template.version_id) if version is None else version.external_agent

    def _search_external(self, listed: Sequence[Listed], owner_id: UUID, organization_id: UUID, deadline: float) -> None:
        """Find out which are external. Where that cannot be told the list is told without it: whoever creates asks again."""
        path = f"{V2}/organizations/{organization_id}/templates"
        found = self._answer_if_any(path, owner_id, deadline, _found, {"q": EXTERNAL}, most=LIST)
        if found is not None:
            external = {it.template.version_id for it in found}
            for it in listed:
                self._external.put(it.template.version_id, it.template.version_id in external)

    def _as_known(self, it: Listed, owner_id: UUID, deadline: float) -> Template:
        version = self._versions.get(it.template.version_id) or Version(external_agent=bool(self._flag(it)))
        return self._with(it, version, owner_id, deadline)

    def described(self, owner_id: UUID, shown: Sequence[Template], deadline: float) -> list[Template]:
        """Return those whose versions are known, and the first of the others: a few more each time."""
        seen = [self._seen.get(it.id) for it in shown]
        spare = READMES if all(it is not None and it.tells_allowed for it in seen) else READMES_OF_OLDER
        told: list[Template] = []
        for it in shown:
            version = self._versions.get(it.version_id)
            if version is None and spare:
                spare -= 1
                version = self._version_if_any(it.version_id, owner_id, deadline)
            if version is not None:
                told.append(attrs.evolve(it, readme=version.readme, external_agent=version.external_agent))
        return told

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

    def _whole(self, it: Listed, owner_id: UUID | None, deadline: float) -> Template:
        return self._with(it, self._version(it.template.version_id, owner_id, deadline), owner_id, deadline)

    def _with(self, it: Listed, version: Version, owner_id: UUID | None, deadline: float) -> Template:
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

    def _version_if_any(self, version_id: UUID, owner_id: UUID, deadline: float) -> Version | None:
        path = f"{V2}/templateversions/{version_id}"
        return self._answer_if_any(path, owner_id, deadline, lambda answer: self._told(version_id, answer) if answer.ok else None)

    def _answer_if_any(
        self,
        path: str,
        owner_id: UUID,
        deadline: float,
        read: Callable[[Answer], T | None],
        query: Mapping[str, str] | None = None,
        *,
        most: Size = ONE,
    ) -> T | None:
        """Return what is read there; None where the answer cannot be used, or is late by a part of the time: a list can be told without it.

        UnavailableError where nothing else would fare better: the token is none, there is no connection, or no time.
        """
        now = time.monotonic()
        try:
            answer = self._api.answer(path, owner_id, now + (deadline - now) * PART, query, most=most)
            if answer.status == UNAUTHORIZED:
                raise error_of_read(answer)
            return read(answer)
        except (NotUnderstoodError, UnusableError):
            return None
        except OutOfTimeError:
            if time.monotonic() >= deadline:
                raise
            return None

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


def _found(answer: Answer) -> list[Listed] | None:
    """Return what a search has found. A server that does not know its words has nothing of the kind."""
    if not answer.ok:
        return [] if answer.status == BAD else None
    return understood(answer, templates.templates)


def _live(it: Listed) -> Listed:
    if it.deleted:
        raise NotFoundError("the template was deleted")
    return it
