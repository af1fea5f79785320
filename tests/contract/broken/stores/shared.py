"""Stores of several processes that break a rule.

Those of one world share their rows, as a database does; each breaks its rule by what it keeps to itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import count
from typing import TypeVar
from uuid import UUID

import attrs
from typing_extensions import Self

from chatworkspace import Chat
from chatworkspace.ports import Claim, Clock, Look, Plan
from chatworkspace_contracts import StoreWorld
from chatworkspace_fake import MemoryStore, Simulation
from tests.contract.broken.breaking import Breaking
from tests.contract.broken.stores.kinds import ClaimsInTwoSteps
from tests.contract.worlds import VirtualThreads

S = TypeVar("S", bound=MemoryStore)


class SharedStore(MemoryStore):
    """A store in memory that can be opened twice."""

    def opened_again(self) -> Self:
        """Return another object with the same rows."""
        another = type(self)(self._clock)
        another._rows, another._register, another._secrets = self._rows, self._register, self._secrets
        return another


SHARED = Breaking("store.sharing", SharedStore)


def shared(kind: type[SharedStore], rounds: int) -> Callable[[], StoreWorld]:
    """Return a factory of such stores in simulations."""
    seeds = count()

    def fresh() -> StoreWorld:
        simulation = Simulation(next(seeds))
        store = kind(simulation)
        return StoreWorld(store=store, another=store.opened_again, clock=simulation, threads=VirtualThreads(simulation, rounds))

    return fresh


@SHARED.breaks("secret")
class HasItsOwnSecret(SharedStore):
    """Each object makes another."""

    def secret(self) -> bytes:
        """Keep it to itself."""
        own: bytes = vars(self).setdefault("own", self._clock.token().encode().rjust(32, b"0")[-32:])
        return own


class RemembersItsClaims(SharedStore):
    """Knows which claims were taken through it, for others to rely on that."""

    def __init__(self, clock: Clock | None = None) -> None:
        super().__init__(clock)
        self.taken: set[str] = set()
        """Their tokens."""

    def claim(self, look: Look, *, token: str, ttl: float, plan: Plan | None = None, keep: bool = False) -> Claim:
        """Note it."""
        claim = super().claim(look, token=token, ttl=ttl, plan=plan, keep=keep)
        self.taken.add(token)
        return claim


@SHARED.breaks("seen")
class RemembersWhatItHasOpened(SharedStore):
    """A chat that was opened is as it was then."""

    def open_chat(self, chat_id: str, owner_id: UUID, organization_id: UUID) -> Chat:
        """Open it once."""
        opened: dict[str, Chat] = vars(self).setdefault("opened", {})
        return opened.setdefault(chat_id, super().open_chat(chat_id, owner_id, organization_id))

    def chats(self, *, after: str = "", limit: int = 500) -> Sequence[Look]:
        """Tell of those that were opened as they were then."""
        opened: dict[str, Chat] = vars(self).get("opened", {})
        return [attrs.evolve(it, chat=opened.get(it.chat.id, it.chat)) for it in super().chats(after=after, limit=limit)]


@SHARED.breaks("held")
class KeepsOutItsOwn(RemembersItsClaims):
    """A claim of another process is nobody's."""

    def claim(self, look: Look, *, token: str, ttl: float, plan: Plan | None = None, keep: bool = False) -> Claim:
        """Take it."""
        row = self._rows[look.chat.id]
        if row.token not in self.taken:
            row.until = 0
        return super().claim(look, token=token, ttl=ttl, plan=plan, keep=keep)


@SHARED.breaks("overtaken")
class TrustsItsOwnClaims(RemembersItsClaims):
    """What was claimed through it is written, whoever has claimed since."""

    def bind(self, claim: Claim, workspace_id: UUID) -> Chat:
        """Write with the claim of whoever holds it now."""
        row = self._rows[claim.chat.id]
        if row.token in self.taken or claim.token not in self.taken:
            return super().bind(claim, workspace_id)
        row.written = False
        return super().bind(row.claim(), workspace_id)


@SHARED.breaks("makings")
class KnowsItsOwnMakings(SharedStore):
    """What others have made is not known to it."""

    def opened_again(self) -> KnowsItsOwnMakings:
        """Let the other begin anew."""
        another = super().opened_again()
        another._register = type(self._register)()
        return another


@SHARED.breaks("turn")
class HearsItsOwnOnly(RemembersItsClaims):
    """Who waits for a claim of another process is not told of its end."""

    def wait_for_turn(self, look: Look, deadline: float) -> None:
        """Sleep."""
        if self._rows[look.chat.id].token in self.taken:
            super().wait_for_turn(look, deadline)
        else:
            self._clock.sleep(max(deadline - self._clock.monotonic(), 0.0))


@SHARED.breaks("race")
class ClaimsInTwoStepsOfTwo(ClaimsInTwoSteps, SharedStore):
    """As one store alone does, and others of the same rows come between."""

    between = 0.001
