"""What a test, or whoever runs a simulator, chooses about a platform."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Literal
from uuid import UUID

from chatworkspace import InvalidArgumentError
from chatworkspace_fake._arguments import check_flag, check_id, check_whole, check_whole_or_none

if TYPE_CHECKING:
    from chatworkspace_fake._platform.rules import Platform


class Switches:
    """The part of FakeCoder that is about the platform as a whole. Safe from any thread."""

    def set_quota(self, budget: int, *, owner_id: UUID | None = None) -> None:
        """Allow so many credits at a time; a build beyond them fails. owner_id=None: everybody who has no budget of their own."""
        check_whole("budget", budget, least=0)
        if owner_id is not None:
            check_id("owner_id", owner_id)
        with self._seen() as platform:
            platform.budgets[owner_id] = budget

    def set_provisioners(self, count: int | None) -> None:
        """Let at most so many builds run at a time, the others wait in a queue; None: as many as are asked for."""
        check_whole_or_none("count", count, least=0)
        with self._seen() as platform:
            platform.reschedule(count)

    def set_members(self, organization_id: UUID, user_ids: Collection[UUID] | None) -> None:
        """Let an organization be these users' own: its templates are there for nobody else. None (at first): everybody's."""
        check_id("organization_id", organization_id)
        members = None if user_ids is None else frozenset(check_id("user_ids", it) for it in user_ids)
        with self._seen() as platform:
            platform.members.pop(organization_id, None)
            if members is not None:
                platform.members[organization_id] = members

    def set_licence(self, licence: Literal["agpl", "enterprise"]) -> None:
        """Without an enterprise licence there are no quotas, nothing is deprecated, and no version is required. At first there is one."""
        if licence not in {"agpl", "enterprise"}:
            raise InvalidArgumentError("licence", '"agpl" or "enterprise"')
        self._switch(licensed=licence == "enterprise")

    def answer_conflicts(self, status: Literal[409, 500] | None) -> None:
        """Answer a name that is taken with 409, or with 500. None (at first): 409 if it was taken before, 500 if a race for it is lost."""
        if status not in {409, 500, None}:
            raise InvalidArgumentError("status", "409, 500 or None")
        with self._seen() as platform:
            platform.conflict_status = status

    def cancel_as(self, status: Literal["canceled", "failed"]) -> None:
        """Let builds that are canceled end as canceled (at first), or as failed with the error "canceled": some provisioners report it so."""
        if status not in {"canceled", "failed"}:
            raise InvalidArgumentError("status", '"canceled" or "failed"')
        self._switch(cancels_as_failed=status == "failed")

    def drop_unknown_parameters(self, drop: bool) -> None:  # noqa: FBT001 # the one thing that it is told
        """Drop answers that no question was asked for, without a word, as servers do (at first), or refuse them."""
        self._switch(drops_unknown=check_flag("drop", drop))

    def allow_renames(self, allow: bool) -> None:  # noqa: FBT001 # the one thing that it is told
        """Let users rename their workspaces (at first not). FakeWorkspace.rename() asks nobody."""
        self._switch(renames=check_flag("allow", allow))

    def slow_first_dials(self, seed: int | None) -> None:
        """Let the first dial of each agent take 0.2 to 1.2 seconds, seldom more than 5, or fail; the same for the same seed. None: as others.

        At first they are as others in memory, and slow on a platform that a simulator makes for itself.
        """
        if seed is not None:
            check_whole("seed", seed)
        with self._seen() as platform:
            platform.cold_seed = seed

    # ------------------------------------------------------------ inside

    def _switch(self, **fields: bool) -> None:
        with self._seen() as platform:
            platform.switch(**fields)

    def _seen(self) -> AbstractContextManager[Platform]:
        """Give the platform as it is now, its shared part locked."""
        raise NotImplementedError
