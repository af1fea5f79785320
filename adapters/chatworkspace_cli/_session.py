"""What the commands work with: server, store and library, each opened when a command first needs it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from functools import cached_property
from typing import TYPE_CHECKING
from uuid import UUID

import attrs

from chatworkspace._domain.arguments import check_chat_id
from chatworkspace.errors import ChatNotFoundError, InvalidArgumentError, TemplateError, UnavailableError
from chatworkspace.model import Chat, Reason
from chatworkspace.outcomes import Progress
from chatworkspace.ports import NotFoundError, SystemClock
from chatworkspace.service import ChatWorkspaces
from chatworkspace_cli._stores import Opened, dsn_of, opened

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

    from chatworkspace_coder import CoderClient

LIMIT = 15.0
"""Seconds for a request of the command's own."""


@attrs.frozen(kw_only=True)
class Settings:
    """What environment and options say."""

    environment: Mapping[str, str] = attrs.field(repr=False)
    """May hold secrets: never shown."""
    store: str | None = attrs.field(default=None, repr=False)
    organization: str | None = None
    ca_file: str | None = None


class Session:
    """The parts. Used by one thread; interrupt() and close() may come from another."""

    def __init__(self, settings: Settings, on_progress: Callable[[Progress], object] | None = None) -> None:
        self._settings = settings
        self._on_progress = on_progress
        self._stack = ExitStack()
        self._workspaces: ChatWorkspaces | None = None
        self._interrupted = False
        self.hung_up = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stack.close()

    # ------------------------------------------------------------ parts

    @cached_property
    def client(self) -> CoderClient:
        """The client of the server that the environment names. InvalidArgumentError."""
        from chatworkspace_coder import CoderClient  # noqa: PLC0415 # --help needs no HTTP

        url = self._variable("CODER_URL", "url", "the URL of a Coder server, such as https://coder.example.com")
        token = self._variable("CODER_SESSION_TOKEN", "token", "a session token of that server in the environment; `coder tokens create` makes one")
        return self._stack.enter_context(CoderClient(url, token=token, ca_file=self._settings.ca_file))

    def _variable(self, name: str, argument: str, expected: str) -> str:
        told = self._settings.environment.get(name, "").strip()
        if not told:
            raise InvalidArgumentError(argument, expected)
        return told

    @cached_property
    def opened(self) -> Opened:
        """The store. InvalidArgumentError, UnavailableError."""
        return self._stack.enter_context(opened(self._settings.store, self._settings.environment))

    def dsn(self, told: str | None) -> str:
        """Return the database that is meant. InvalidArgumentError."""
        return dsn_of(told, self._settings.store, self._settings.environment)

    @cached_property
    def workspaces(self) -> ChatWorkspaces:
        """The library over both. InvalidArgumentError, UnavailableError."""
        client = self.client
        made = ChatWorkspaces(
            store=self.opened.store, creator=client, dialer=client, workspace_ttl=client.workspace_ttl, on_progress=self._on_progress
        )
        self._workspaces = self._stack.enter_context(made)
        if self._interrupted:
            raise UnavailableError("interrupted before anything was asked for", reason=Reason.INTERRUPTED)
        return made

    def interrupt(self, chat_id: str) -> None:
        """End the waits."""
        self._interrupted = True
        if self._workspaces is not None and chat_id:
            self._workspaces.interrupt(chat_id)

    def hang_up(self) -> None:
        """End the requests under way: who made them finds that they were not answered, and gives the chat back."""
        self.hung_up = True
        client: CoderClient | None = self.__dict__.get("client")
        if client is not None:
            client.close()

    # ------------------------------------------------------------ what names stand for

    @staticmethod
    def deadline() -> float:
        """Return until when a request of the command's own may take."""
        return SystemClock().monotonic() + LIMIT

    def open_chat(self, chat_id: str) -> Chat:
        """Make the chat known, with the token's user and its organization. InvalidArgumentError, ChatClosedError, UnavailableError."""
        check_chat_id(chat_id)
        workspaces, user = self.workspaces, self.client.user()
        try:
            organization_id = workspaces.get_chat(chat_id).organization_id
        except ChatNotFoundError:
            organization_id = self.organization_id(user.organization_ids)
        else:
            if self._settings.organization is not None:
                organization_id = self.organization_id(user.organization_ids)
        try:
            return workspaces.open_chat(chat_id, owner_id=user.id, organization_id=organization_id)
        except InvalidArgumentError as error:
            if error.argument == "owner_id":
                raise InvalidArgumentError("chat_id", f"a chat of {user.username}, whose token this is; another user's has this id") from error
            raise

    def organization_id(self, of_user: tuple[UUID, ...]) -> UUID:
        """Return the organization that was chosen, or the user's only one. InvalidArgumentError, UnavailableError."""
        wanted = self._settings.organization
        if wanted is None and len(of_user) == 1:
            return of_user[0]
        found = self.client.about.organizations(self.deadline())
        for it in found:
            if wanted is not None and wanted.lower() in (it.name.lower(), str(it.id)):
                return it.id
        names = ", ".join(it.name for it in found) or "none: the token's user is in no organization"
        raise InvalidArgumentError("organization", f"one of: {names}")

    def template_id(self, told: str, organization_id: UUID) -> UUID:
        """Return the id of a template, of which name or id is told. InvalidArgumentError, UnavailableError."""
        if (known := _id(told)) is not None:
            return known
        try:
            return self.client.template(told, organization_id=organization_id).id
        except TemplateError as error:
            expected = f"name or id of a template of the chat's organization; there is no {told!r}"
            raise InvalidArgumentError("template", expected, reason=Reason.TEMPLATE_NOT_FOUND) from error

    def preset_id(self, told: str, template_id: UUID, chat: Chat) -> UUID:
        """Return the id of a preset of the template, of which name or id is told. InvalidArgumentError, UnavailableError."""
        if (known := _id(told)) is not None:
            return known
        try:
            template = self.client.get_template(chat.owner_id, template_id, deadline=self.deadline())
            presets = self.client.list_presets(chat.owner_id, template, deadline=self.deadline())
        except NotFoundError as error:
            expected = "name or id of a template that the token may see"
            raise InvalidArgumentError("template", expected, reason=Reason.TEMPLATE_NOT_FOUND) from error
        found = [it.id for it in presets if it.name == told] or [it.id for it in presets if it.name.lower() == told.lower()]
        if len(found) != 1:
            names = ", ".join(repr(it.name) for it in presets) or "none: the template has no presets"
            raise InvalidArgumentError("preset", f"one of: {names}")
        return found[0]

    def workspace_id(self, told: str, chat: Chat) -> UUID:
        """Return the id of a workspace of the chat's owner, of which name or id is told. InvalidArgumentError, UnavailableError."""
        if (known := _id(told)) is not None:
            return known
        found = self.client.find_workspace(chat.owner_id, told.rpartition("/")[2], deadline=self.deadline())
        if found is None:
            raise InvalidArgumentError("workspace_id", f"name or id of a live workspace of the token's user; there is no {told!r}")
        return found.id


def _id(told: str) -> UUID | None:
    try:
        return UUID(told)
    except ValueError:
        return None
