"""What a server is, what the token's holder may do there, and how workspaces can be watched: for whoever sets it up, or looks why it fails."""

from __future__ import annotations

from datetime import datetime, timezone

from chatworkspace import Id, UnavailableError, Workspace
from chatworkspace.ports import NotFoundError, to_uuid
from chatworkspace_coder import _arguments, _bodies
from chatworkspace_coder._answers import servers, users
from chatworkspace_coder._answers.contents import understood
from chatworkspace_coder._answers.errors import NoRouteError, error_of_read, unavailable
from chatworkspace_coder._answers.servers import Found, Server
from chatworkspace_coder._answers.users import Holder, Organization
from chatworkspace_coder._api import V2, Api
from chatworkspace_coder._http.failures import LostError
from chatworkspace_coder._http.messages import Request
from chatworkspace_coder._http.sizes import LIST
from chatworkspace_coder._watching import Watching


class About:
    """Asks a server about itself, for whoever sets it up: `CoderClient.about` is one, and makes it. Safe from any thread.

    deadline, of every call: the instant of time.monotonic(), in seconds, by which it ends, whatever the server does. Nothing is kept: each call asks.
    InvalidArgumentError: an argument is not what it should be; nothing is asked.
    """

    def __init__(self, api: Api, watching: Watching) -> None:
        self._api = api
        self._watching = watching

    def server(self, deadline: float) -> Server:
        """Ask once what answers at the client's URL; that nothing does is an answer, too. Whoever has no valid token may ask.

        UnavailableError: the client is closed, or its token function failed.
        """
        until = _arguments.deadline(deadline)
        began = datetime.now(timezone.utc)
        try:
            answer = self._api.once(Request(path=f"{V2}/buildinfo", owner_id=None), until)
        except LostError as error:
            return servers.another(self._api.url, Found.NOTHING, str(error))
        return servers.server(self._api.url, answer, began + (datetime.now(timezone.utc) - began) / 2)

    def holder(self, deadline: float) -> Holder:
        """Ask whose token it is, and how much of the rate limit is left. UnavailableError: the token is not valid, or there is no answer."""
        answer = self._api.answer(f"{V2}/users/me", None, _arguments.deadline(deadline))
        if not answer.ok:
            raise unavailable(answer, retryable=False)
        return Holder(user=understood(answer, users.user), rate_limit=users.rate_limit(answer))

    def organizations(self, deadline: float) -> list[Organization]:
        """Return those that the token's holder is a member of. UnavailableError."""
        try:
            return self._api.get(f"{V2}/users/me/organizations", None, _arguments.deadline(deadline), users.organizations, most=LIST)
        except NotFoundError as error:
            raise UnavailableError(f"the organizations cannot be seen: {error}", retryable=False) from error

    def may_create(self, organization_id: Id, deadline: float) -> bool | None:
        """Say whether the token's holder may make workspaces there, by the server's own word; None: it does not tell. UnavailableError.

        organization_id: a UUID or its text. It is asked with a POST, which changes nothing.
        """
        body = _bodies.may_create(to_uuid("organization_id", organization_id))
        answer = self._api.read(Request(method="POST", path=f"{V2}/authcheck", owner_id=None, body=body), _arguments.deadline(deadline))
        if not answer.ok:
            error = error_of_read(answer)
            if isinstance(error, (NoRouteError, NotFoundError)):
                return None
            raise error
        return understood(answer, users.may_create)

    def watched_by(self, workspace: Workspace, deadline: float) -> str:
        """Return how this workspace can be watched: "websocket", "events" (server-sent) or "polling", by trying; nothing stays open.

        chatworkspace.ports.NotFoundError: it is not there, or the token may not see it. UnavailableError.
        """
        return self._watching.level(_arguments.workspace(workspace), _arguments.deadline(deadline))
