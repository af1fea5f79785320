"""Users of a Coder server: who they are, and what they may use."""

from __future__ import annotations

from uuid import UUID

from chatworkspace import InvalidArgumentError, Quota, UnavailableError
from chatworkspace.ports import NotFoundError
from chatworkspace_coder._answers import users
from chatworkspace_coder._answers.contents import understood
from chatworkspace_coder._answers.errors import NobodysError, error_of_read, problem_of
from chatworkspace_coder._answers.fields import about
from chatworkspace_coder._answers.users import User
from chatworkspace_coder._api import V2, Api, can_be_named, segment


class Users:
    """Asks for users. Safe from any thread."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def named(self, user: str, deadline: float) -> User:
        """Return a user by name, id or "me". InvalidArgumentError: there is none that the token may see. UnavailableError."""
        if not can_be_named(user):
            raise InvalidArgumentError("user", "a user that the token may see (nobody has such a name)")
        answer = self._api.answer(f"{V2}/users/{segment(user)}", None, deadline)
        if answer.ok:
            return understood(answer, users.user)
        error, problem = error_of_read(answer), problem_of(answer)
        if isinstance(error, NotFoundError) or (answer.status == 400 and problem is not None):
            raise InvalidArgumentError("user", f"a user that the token may see ({problem})")
        raise error

    def username(self, owner_id: UUID, deadline: float) -> str:
        """Return the name by which workspaces are searched for. It is asked for each time: users may be renamed. UnavailableError."""
        try:
            return self._api.get(f"{V2}/users/{owner_id}", owner_id, deadline, about(owner_id, users.user)).username
        except NotFoundError as error:
            raise UnavailableError(f"the owner cannot be seen: {error}", retryable=False) from error

    def quota(self, owner_id: UUID, organization_id: UUID, deadline: float) -> Quota | None:
        """Return the quota; None where there is none, or where it cannot be seen. UnavailableError."""
        paths = {
            "quota of a member": f"{V2}/organizations/{organization_id}/members/{owner_id}/workspace-quota",
            "quota of a user": f"{V2}/workspace-quota/{owner_id}",
        }
        try:
            return self._api.get_newest(paths, owner_id, deadline, users.quota)
        except (NotFoundError, NobodysError):
            return None
