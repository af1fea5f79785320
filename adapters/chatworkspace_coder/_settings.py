"""What a Coder server is set to for chats. Where it is kept has changed, and older servers have no chats."""

from __future__ import annotations

from uuid import UUID

from chatworkspace import UnavailableError
from chatworkspace.ports import NotFoundError
from chatworkspace_coder._answers import settings
from chatworkspace_coder._answers.errors import NoRouteError
from chatworkspace_coder._api import EXPERIMENTAL, V2, Api
from chatworkspace_coder._http.sizes import LIST
from chatworkspace_coder._memory import Kept

_ALLOW_LIST = f"{EXPERIMENTAL}/chats/config/template-allowlist"
_LIFETIMES = {path: path for path in (f"{V2}/chats/config/workspace-ttl", f"{EXPERIMENTAL}/chats/config/workspace-ttl")}
"""Newest first: it moved when chats became stable."""


class Settings:
    """Asks for settings, each once a minute. Safe from any thread."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._allowed = Kept[frozenset[UUID] | None]()
        self._lifetime = Kept[float | None]()

    def is_allowed(self, template_id: UUID, owner_id: UUID | None, deadline: float) -> bool:
        """Say whether chats may use a template, by the list of servers that do not tell it with the template. UnavailableError."""
        allowed = self._allowed.get(lambda: self._allow_list(owner_id, deadline), deadline)
        return allowed is None or template_id in allowed

    def _allow_list(self, owner_id: UUID | None, deadline: float) -> frozenset[UUID] | None:
        """Return what is allowed. Older servers have no list; of others most users may not see it: it is unknown then, and forbids nothing here.

        UnavailableError: it is there, and cannot be read. Whatever it forbids would be let in without it, so nothing is told.
        """
        try:
            return self._api.get(_ALLOW_LIST, owner_id, deadline, settings.allow_list, newer=_ALLOW_LIST, most=LIST)
        except (NotFoundError, NoRouteError):
            return None
        except UnavailableError as error:
            why = f"which templates chats may use cannot be told: {error}"
            raise UnavailableError(why, retryable=error.retryable, retry_after=error.retry_after) from error

    def lifetime(self, owner_id: UUID, deadline: float) -> float | None:
        """Return the seconds after which a chat's workspace is to be stopped; None: not set, or a server without chats. UnavailableError."""
        return self._lifetime.get(lambda: self._ask_lifetime(owner_id, deadline), deadline)

    def _ask_lifetime(self, owner_id: UUID, deadline: float) -> float | None:
        try:
            return self._api.get_newest(_LIFETIMES, owner_id, deadline, settings.lifetime)
        except NotFoundError:
            return None
