"""The client: each method hands its request to the part that knows it."""

from __future__ import annotations

import os
import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING
from uuid import UUID

from chatworkspace import Agent, Build, Chat, Id, Quota, Reason, Template, TemplateError, Workspace
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
    Warming,
    Watch,
    WorkspaceCreator,
    to_uuid,
)
from chatworkspace_coder import _arguments, _network
from chatworkspace_coder._about import About
from chatworkspace_coder._answers.users import User
from chatworkspace_coder._api import Api
from chatworkspace_coder._dialing import Dialer
from chatworkspace_coder._http.opener import Opener
from chatworkspace_coder._many import Many
from chatworkspace_coder._memory import Lacking
from chatworkspace_coder._settings import Settings
from chatworkspace_coder._templates import Templates
from chatworkspace_coder._users import Users
from chatworkspace_coder._watching import Watching
from chatworkspace_coder._workspaces import Workspaces

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

LIMIT = 15.0
"""Seconds for the calls that have no deadline."""


class CoderClient(WorkspaceCreator, AgentDialer):
    """Coder over HTTP, servers from 2.20 on: creates, reads, watches and reaches workspaces. Give it to ChatWorkspaces as creator and as dialer.

    Safe from any thread: share one between all threads of a process, and close it after the ChatWorkspaces that uses it: by close(), or by leaving
    its `with` block. A child of fork() begins with connections of its own. It holds at most `connections` connections for requests, one for each
    watch (200 at most), for each command that runs, and for each fresh agent whose scripts run (64 at most), and one thread, while requests are
    under way.

    The token travels in a header, to this host alone: redirects, .netrc and cookies are not used, and nothing is read from the environment unless
    `proxy` asks for it. No log, repr or exception shows the token, a header's value or a proxy's password. Reads are asked again while that may help,
    until the deadline; what creates or changes is sent once. Where the server's rate limit is near, reads are slowed; where it is reached,
    UnavailableError says when to come again (`retry_after`). What a server is too old for is asked once, and again when its version changes.

    An error that speaks of the server names its URL, what is wrong in some words, and what to do about it: `told_apart` parts the two. Where nothing
    at the URL has ever said that it is Coder a read goes on for three seconds at most, for the URL may be wrong.

    deadline, of every call that has one: the instant of time.monotonic(), in seconds, by which the call ends, whatever the server does. A
    ChatWorkspaces has to use chatworkspace.ports.SystemClock, whose instants are the same. Calls without a deadline end within 15 seconds.
    Errors: UnavailableError wherever the server cannot be asked, and after close(); what else a call raises is said there.
    """

    def __init__(
        self,
        url: str,
        *,
        token: str | Callable[[UUID | None], str],
        connections: int = 32,
        ca_file: str | os.PathLike[str] | None = None,
        proxy: str | None = None,
        headers: Mapping[str, str] | None = None,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        """Ask nothing yet: no I/O but reading ca_file. InvalidArgumentError: the message names the argument, and what was expected.

        url: http:// or https://, host, port and path of the server as seen from here; no user, query or fragment.
        token: a session token, or a function that returns one for the owner with this id (None: no owner, as in user()). The function is asked on
            each request, from any thread, and what it raises becomes UnavailableError.
        connections: how many requests may be under way at a time, at least 1; whoever comes later waits, until its deadline. Of two or more, one in
            eight and at least one is for requests that change something. Watches and terminals have their own.
        ca_file: the path of a PEM file with the authorities that sign the server's certificate, in place of those that come with `requests`.
        proxy: the URL of an HTTP proxy, http://NAME:PASSWORD@HOST:PORT, name and password where it wants them: it makes a tunnel (CONNECT), through
            which all goes, streams too. "environment": that of HTTPS_PROXY, or HTTP_PROXY for an http:// URL, or ALL_PROXY, unless NO_PROXY has the
            host; read once, here. None: straight.
        headers: for every request to the server, streams too, as a service in front of it may want: they are as secret as the token. Not the proxy's.
        ssl_context: TLS as your company wants it, client certificates included (`tls_context` makes one), in place of ca_file. Used as it is.
        """
        self._transport = _network.transport(
            url, token=token, connections=connections, proxy=proxy, headers=headers, ssl_context=ssl_context, ca_file=ca_file
        )
        lacking = Lacking(lambda: self._transport.version)
        api = Api(self._transport, lacking)
        self._opener = Opener(self._transport)
        self._users = Users(api)
        self._settings = Settings(api)
        self._templates = Templates(api, self._users, self._settings)
        self._workspaces = Workspaces(api, self._users, self._templates)
        self._many = Many(api, self._users, self._workspaces)
        self._watching = Watching(self._opener, self._workspaces, lacking)
        self._dialer = Dialer(api, self._opener, self._workspaces)
        self._about = About(api, self._watching)

    def __repr__(self) -> str:
        return f"CoderClient({self._transport.url!r})"

    # ------------------------------------------------------------ beside the ports

    @property
    def about(self) -> About:
        """What the server is, and what the token's holder may do there: for whoever sets it up, or looks why it fails."""
        return self._about

    def user(self, user: str = "me") -> User:
        """Return who that is on the Coder server: this is where owner_id and organization_id come from. Read with the token for no owner.

        user: a user's name or id as text; "me": whose token it is. InvalidArgumentError: there is none that the token may see.
        """
        return self._users.named(_arguments.text("user", user), time.monotonic() + LIMIT)

    def template(self, name: str, *, organization_id: Id) -> Template:
        """Return a template by its name. Read with the token for no owner.

        name: as in the template's URL, not its display name; organization_id: a UUID or its text.
        TemplateError: there is none that the token may see. InvalidArgumentError.
        """
        name, home = _arguments.text("name", name), to_uuid("organization_id", organization_id)
        try:
            return self._templates.by_name(name, home, time.monotonic() + LIMIT)
        except NotFoundError as error:
            raise TemplateError(f"no template {name!r} in that organization: {error}", reason=Reason.TEMPLATE_NOT_FOUND) from error

    def workspace_ttl(self, chat: Chat) -> float | None:
        """Return the seconds after which the server wants a chat's workspace to be stopped: ChatWorkspaces(workspace_ttl=coder.workspace_ttl) obeys.

        None: none is set, or the server has no such setting, and the template's own holds. It is asked for once a minute, with the token of the
        chat's owner. chat: as ChatWorkspaces hands it over. InvalidArgumentError.
        """
        return self._settings.lifetime(_arguments.chat(chat).owner_id, time.monotonic() + LIMIT)

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

    def describe_templates(self, owner_id: UUID, templates: Sequence[Template], *, deadline: float) -> Sequence[Template]:
        return self._templates.described(owner_id, templates, deadline)

    def get_template(self, owner_id: UUID, template_id: UUID, *, deadline: float) -> Template:
        return self._templates.get(owner_id, template_id, deadline)

    def list_parameters(self, owner_id: UUID, template: Template, *, deadline: float) -> Sequence[Parameter]:
        return self._templates.parameters(owner_id, template, deadline)

    def evaluate_parameters(
        self, owner_id: UUID, template: Template, *, answers: Mapping[str, str] | None = None, deadline: float
    ) -> Evaluation | None:
        return self._templates.evaluated(owner_id, template, answers or {}, deadline)

    def list_presets(self, owner_id: UUID, template: Template, *, deadline: float) -> Sequence[Preset]:
        return self._templates.presets(owner_id, template, deadline)

    def template_use(self, owner_id: UUID, organization_id: UUID, *, deadline: float) -> Mapping[UUID, TemplateUse]:
        return self._templates.use(owner_id, organization_id, deadline)

    def get_quota(self, owner_id: UUID, organization_id: UUID, *, deadline: float) -> Quota | None:
        return self._users.quota(owner_id, organization_id, deadline)

    # ------------------------------------------------------------ workspaces

    def create_workspace(self, request: CreateWorkspace, *, deadline: float) -> Workspace:
        return self._workspaces.create(request, deadline)

    def get_workspace(self, owner_id: UUID, workspace_id: UUID, *, deadline: float) -> Workspace:
        return self._workspaces.get(owner_id, workspace_id, deadline)

    def find_workspace(self, owner_id: UUID, name: str, *, deadline: float) -> Workspace | None:
        return self._workspaces.find(owner_id, name, deadline)

    def list_workspaces(self, owner_id: UUID, organization_id: UUID, *, deadline: float) -> Sequence[Workspace]:
        return self._workspaces.listed(owner_id, organization_id, deadline)

    def read_workspaces(self, owner_id: UUID, organization_id: UUID, workspaces: Sequence[Workspace], *, deadline: float) -> Sequence[Workspace]:
        return self._many.read(owner_id, organization_id, workspaces, deadline)

    def start_workspace(self, workspace: Workspace, parameters: Mapping[str, str], *, deadline: float) -> Workspace:
        return self._workspaces.start(workspace, parameters, deadline)

    def stop_workspace(self, workspace: Workspace, *, deadline: float) -> Workspace:
        return self._workspaces.stop(workspace, deadline)

    def delete_workspace(self, workspace: Workspace, *, deadline: float) -> Workspace:
        return self._workspaces.delete(workspace, deadline)

    def build_log(self, workspace: Workspace, *, after: int, deadline: float) -> Sequence[LogLine]:
        return self._workspaces.log(workspace, after, deadline)

    def build_parameters(self, workspace: Workspace, *, deadline: float) -> Mapping[str, str] | None:
        return self._workspaces.parameters(workspace, deadline)

    def list_builds(self, workspace: Workspace, *, deadline: float) -> Sequence[Build]:
        return self._workspaces.builds(workspace, deadline)

    def record_use(self, workspace: Workspace, *, lasts: float | None = None, deadline: float) -> None:
        self._workspaces.record_use(workspace, deadline)
        if lasts is not None:
            self._workspaces.extend(workspace, lasts, deadline)

    def watch(self, workspace: Workspace, *, deadline: float) -> Watch | None:
        return self._watching.watch(workspace, deadline)

    # ------------------------------------------------------------ agents

    def dial(self, workspace: Workspace, agent: Agent, *, deadline: float) -> AbstractContextManager[AgentConnection]:
        return self._dialer.dial(workspace, agent, deadline)

    def warm(self, workspace: Workspace, agent: Agent, *, deadline: float) -> Warming | None:
        return self._dialer.warm(workspace, agent, deadline)
