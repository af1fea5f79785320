"""A FakeCoder as its server sees it: users, organizations, and errors that have a status."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from math import inf
from typing import TypeVar
from uuid import UUID

from chatworkspace import Template
from chatworkspace_fake._platform.coder import FakeCoder
from chatworkspace_fake._platform.states import NEVER, ORGANIZATION, OWNER, Blueprint
from chatworkspace_fake._platform.workspaces import FakeWorkspace
from chatworkspace_simulator._api.errors import error_of
from chatworkspace_simulator._api.levels import Level
from chatworkspace_simulator._http.messages import NO_USER, ApiError, GoneError, Request, User, missing

T = TypeVar("T")

UNKNOWN = "unknown"


class World:
    """All that the routes work upon. Safe from any thread."""

    def __init__(self, coder: FakeCoder, level: Level, tokens: Mapping[str, UUID]) -> None:
        self.coder = coder
        self.inside = coder.inside
        self.platform = self.inside.platform
        self.clock = self.platform.clock
        self.level = level
        self.platform.obey(level.book)
        self.is_shared: Callable[[], bool] = lambda: False
        """Tells whether several connections are open, so that requests may race."""
        self.repeats = 2
        """How often a watch tells each state."""
        self._users = {token: user_of_id(user_id) for token, user_id in tokens.items()}
        self.expired: dict[str, datetime] = {}
        """Tokens that are over, and since when."""
        self.statuses: dict[UUID, str] = {}
        """Of users that are not active: "suspended", or "unknown", which there are not."""
        self._born = self.clock.now() - timedelta(seconds=self.clock.monotonic())

    # ------------------------------------------------------------ asking

    def ask(self, call: str, act: Callable[[], T]) -> T:
        """Have a call of the port performed, its faults included. ApiError, GoneError."""
        try:
            return self.inside.answer(call, act, inf)
        except (ApiError, GoneError):
            raise
        except Exception as error:  # a fault may raise what it likes, and a server answers all the same
            raise error_of(error) from error

    def date(self, instant: float) -> datetime:
        """Return an instant of the clock as a time of day: always the same for the same instant."""
        return self._born + timedelta(seconds=instant)

    # ------------------------------------------------------------ users and organizations

    def holder(self, token: str) -> User | None:
        """Return whose token it is; suspended or not."""
        user = None if token in self.expired else self._users.get(token)
        return None if user is None or self.status(user) == UNKNOWN else user

    def status(self, user: User) -> str:
        """Return how a user is: active, unless told otherwise."""
        return self.statuses.get(user.id, "active")

    def user(self, request: Request, text: str | None = None) -> User:
        """Return the user that the path names. ApiError 400: none; 404: none of the caller's business."""
        name = request.arguments["user"] if text is None else text
        user = request.user if name == "me" else self._named(name)
        user = None if user is None or self.status(user) == UNKNOWN else user
        if user is None and request.user.admin:
            raise ApiError(400, NO_USER, detail=f'queried user="{name}"')
        if user is None or not (request.user.admin or user.id == request.user.id):
            raise missing()
        return user

    def _named(self, text: str) -> User | None:
        """Any id is a user's, unless told otherwise: a fake coder has no list of them."""
        try:
            return user_of_id(UUID(text))
        except ValueError:
            known = {it.owner_id for it in self.coder.workspaces} | {it.id for it in self._users.values()}
            return next((it for it in map(user_of_id, known) if it.name == text.lower()), None)

    def organizations(self, user: User | None = None) -> list[UUID]:
        """Return all there are; of a user, those that the user is in."""
        there = dict.fromkeys([ORGANIZATION, *(it.organization_id for it in self.templates())])
        return [it for it in there if user is None or self.platform.belongs(user.id, it)]

    def sees_organization(self, user: User, organization_id: UUID) -> bool:
        """Say whether the user may see it and what is in it: an administrator all, others those that they are in."""
        return user.admin or self.platform.belongs(user.id, organization_id)

    def organization(self, user: User, text: str) -> UUID:
        """Return the organization that a path names. ApiError 404: none, or not the user's."""
        for it in self.organizations():
            if self.sees_organization(user, it) and text in {str(it), organization_name(it)}:
                return it
        raise missing()

    # ------------------------------------------------------------ templates

    def templates(self) -> list[Template]:
        """Return them all."""
        return list(self.platform.templates.values())

    def seen_version(self, user: User, version_id: UUID) -> tuple[Template, Blueprint]:
        """Return a version of a template that the user may see. ApiError 404."""
        template, blueprint = self.version(version_id)
        if not self.sees_organization(user, template.organization_id):
            raise missing()
        return template, blueprint

    def version(self, version_id: UUID) -> tuple[Template, Blueprint]:
        """Return a version of a template: the active one, or one that was built before. ApiError 404."""
        for template_id, blueprint in tuple(self.platform.blueprints.items()):
            if blueprint.version_id == version_id:
                return self.platform.templates[template_id], blueprint
        for workspace in tuple(self.platform.made.values()):
            for record in workspace.records:
                if record.blueprint.version_id == version_id:
                    return self.platform.templates[workspace.template.id], record.blueprint
        raise missing()

    # ------------------------------------------------------------ workspaces

    def workspace(self, user: User, workspace_id: UUID) -> FakeWorkspace:
        """Return a workspace that the user may see, deleted or not. ApiError 404."""
        workspace = self.platform.made.get(workspace_id)
        if workspace is None or not self.sees(user, workspace):
            raise missing()
        return workspace

    def owner(self, workspace: FakeWorkspace) -> User:
        """Return whose it is."""
        return user_of_id(workspace.owner_id)

    def sees(self, user: User, workspace: FakeWorkspace) -> bool:
        """Say whether the user may see it. What is hidden is hidden from everybody."""
        return not workspace.hidden and (user.admin or user.id == workspace.owner_id)

    def shown(self, user: User) -> list[FakeWorkspace]:
        """Return the live ones that the user may see."""
        return [it for it in self.platform.live() if self.sees(user, it)]

    def deleted(self, workspace: FakeWorkspace) -> bool:
        """Say whether it is."""
        return workspace.gone_at != NEVER and self.platform.time >= workspace.gone_at


def user_of_id(user_id: UUID) -> User:
    """Return a user by id. The owner of a simulation's chats is the site's owner."""
    return User(id=user_id, name="admin" if user_id == OWNER else f"user-{user_id.hex[-12:]}", admin=user_id == OWNER)


def organization_name(organization_id: UUID) -> str:
    """Return what an organization is called."""
    return "default" if organization_id == ORGANIZATION else f"org-{organization_id.hex[-12:]}"


def required(request: Request, name: str) -> str:
    """Return a query parameter. ApiError 400."""
    if name not in request.query:
        raise ApiError(400, "Query parameters have invalid values.", validations=((name, f'Query param "{name}" is required'),))
    return request.query[name]
