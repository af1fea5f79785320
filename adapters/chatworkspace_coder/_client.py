"""The client: each method hands its request to the part that knows it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING
from uuid import UUID

from chatworkspace import Agent, Chat, InvalidArgumentError, Quota, Reason, Template, TemplateError, Workspace
from chatworkspace.ports import (
    AgentConnection,
    AgentDialer,
    CreateWorkspace,
    Evaluation,
    LogLine,
    NotFoundError,
    Parameter,
    Preset,
    TemplateUse,
    Watch,
    WorkspaceCreator,
)
from chatworkspace_coder._about import About
from chatworkspace_coder._answers import workspaces
from chatworkspace_coder._answers.errors import error_of_read, problem_of
from chatworkspace_coder._answers.workspaces import User
from chatworkspace_coder._api import V2, Api, segment, understood
from chatworkspace_coder._http.link import Opener
from chatworkspace_coder._http.tokens import Tokens
from chatworkspace_coder._http.transport import Transport
from chatworkspace_coder._pty import Dialer
from chatworkspace_coder._templates import Templates
from chatworkspace_coder._watch import Watching
from chatworkspace_coder._workspaces import Workspaces

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

LIMIT = 15.0
"""Seconds for the calls that have no deadline."""


class CoderClient(WorkspaceCreator, AgentDialer):
    """Coder over HTTP. Share one between threads; close it after the ChatWorkspaces that uses it.

    The token travels in a header, to this host alone: redirects, .netrc, cookies and proxies of the environment are not used. Reads are asked again
    while that may help, until the deadline; what creates or changes is sent once.
    Deadlines are those of SystemClock, which the ChatWorkspaces has to use.
    """

    def __init__(self, url: str, *, token: str | Callable[[UUID | None], str], connections: int = 32, ca_file: str | None = None) -> None:
        """Do no I/O but reading ca_file. InvalidArgumentError.

        token: may be a function of the owner's id (None: no owner, as in user()); asked on each request, from any thread.
        connections: how many requests are under way at a time; watches and terminals have their own.
        ca_file: a PEM file of the authorities that sign the server's certificate, in place of those that come with `requests`.
        """
        if connections < 1:
            raise InvalidArgumentError("connections", "a number above 0")
        self._transport = Transport(url, tokens=Tokens(token), connections=connections, ca_file=ca_file)
        self._api = Api(self._transport)
        self._opener = opener = Opener(self._transport)
        self._templates = Templates(self._api)
        self._workspaces = Workspaces(self._api)
        self._watching = Watching(opener, self._workspaces)
        self._dialer = Dialer(self._api, opener, self._workspaces)
        self.about = About(self._api, self._watching)
        """What the server is, and what the token's holder may do there."""

    def __repr__(self) -> str:
        return f"CoderClient({self._transport.url!r})"

    # ------------------------------------------------------------ beside the ports

    def user(self, user: str = "me") -> User:
        """Who is that on the Coder server: by name, id or "me". This is where owner_id and organization_id come from.

        InvalidArgumentError: there is none that the token may see. UnavailableError.
        """
        answer = self._api.answer(f"{V2}/users/{segment(user)}", None, time.monotonic() + LIMIT)
        if answer.ok:
            return understood(answer, workspaces.user)
        error, problem = error_of_read(answer), problem_of(answer)
        if isinstance(error, NotFoundError) or (answer.status == 400 and problem is not None):
            raise InvalidArgumentError("user", f"a user that the token may see ({problem})")
        raise error

    def template(self, name: str, *, organization_id: UUID) -> Template:
        """Return a template by its name. TemplateError: there is none that the token may see. UnavailableError."""
        try:
            return self._templates.by_name(name, organization_id, time.monotonic() + LIMIT)
        except NotFoundError as error:
            raise TemplateError(f"no template {name!r} in that organization: {error}", reason=Reason.TEMPLATE_NOT_FOUND) from error

    def workspace_ttl(self, chat: Chat) -> float | None:
        """Return the server's setting for chats, in seconds; pass it as ChatWorkspaces(workspace_ttl=coder.workspace_ttl).

        None: the template's own holds. It is asked for once a minute. UnavailableError.
        """
        return self._templates.workspace_ttl(chat.owner_id, time.monotonic() + LIMIT)

    def close(self) -> None:
        """End watches, terminals, requests under way and connections. Later calls raise UnavailableError. Idempotent."""
        self._watching.close()
        self._opener.close()
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    # ------------------------------------------------------------ templates

    def list_templates(self, owner_id: UUID, organization_id: UUID, *, deadline: float) -> Sequence[Template]:
        return self._templates.listed(owner_id, organization_id, deadline)

    def get_template(self, owner_id: UUID, template_id: UUID, *, deadline: float) -> Template:
        return self._templates.get(owner_id, template_id, deadline)

    def list_parameters(self, owner_id: UUID, template: Template, *, deadline: float) -> Sequence[Parameter]:
        return self._templates.parameters(owner_id, template.id, deadline)

    def evaluate_parameters(self, owner_id: UUID, template: Template, *, deadline: float) -> Evaluation | None:
        return self._templates.evaluated(owner_id, template.id, deadline)

    def list_presets(self, owner_id: UUID, template: Template, *, deadline: float) -> Sequence[Preset]:
        return self._templates.presets(owner_id, template.id, deadline)

    def template_use(self, owner_id: UUID, organization_id: UUID, *, deadline: float) -> Mapping[UUID, TemplateUse]:
        return self._templates.use(owner_id, organization_id, deadline)

    def get_quota(self, owner_id: UUID, organization_id: UUID, *, deadline: float) -> Quota | None:
        return self._templates.quota(owner_id, organization_id, deadline)

    # ------------------------------------------------------------ workspaces

    def create_workspace(self, request: CreateWorkspace, *, deadline: float) -> Workspace:
        return self._workspaces.create(request, deadline)

    def get_workspace(self, owner_id: UUID, workspace_id: UUID, *, deadline: float) -> Workspace:
        return self._workspaces.get(owner_id, workspace_id, deadline)

    def find_workspace(self, owner_id: UUID, name: str, *, deadline: float) -> Workspace | None:
        return self._workspaces.find(owner_id, name, deadline)

    def list_workspaces(self, owner_id: UUID, organization_id: UUID, *, deadline: float) -> Sequence[Workspace]:
        return self._workspaces.listed(owner_id, organization_id, deadline)

    def start_workspace(self, workspace: Workspace, parameters: Mapping[str, str], *, deadline: float) -> Workspace:
        return self._workspaces.start(workspace, parameters, deadline)

    def stop_workspace(self, workspace: Workspace, *, deadline: float) -> Workspace:
        return self._workspaces.stop(workspace, deadline)

    def delete_workspace(self, workspace: Workspace, *, deadline: float) -> Workspace:
        return self._workspaces.delete(workspace, deadline)

    def build_log(self, workspace: Workspace, *, after: int, deadline: float) -> Sequence[LogLine]:
        return self._workspaces.log(workspace, after, deadline)

    def record_use(self, workspace: Workspace, *, deadline: float) -> None:
        self._workspaces.record_use(workspace, deadline)

    def watch(self, workspace: Workspace, *, deadline: float) -> Watch | None:
        return self._watching.watch(workspace, deadline)

    # ------------------------------------------------------------ agents

    def dial(self, workspace: Workspace, agent: Agent, *, deadline: float) -> AbstractContextManager[AgentConnection]:
        return self._dialer.dial(workspace, agent, deadline)
