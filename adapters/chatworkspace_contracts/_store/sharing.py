"""What holds between processes: a store that is opened twice is one store."""

from __future__ import annotations

from functools import partial

from chatworkspace.ports import ChangedError, ClaimedError, StaleClaimError, WorkspaceTakenError
from chatworkspace_contracts._abilities import Ability
from chatworkspace_contracts._checks import equal, holds, raises, within
from chatworkspace_contracts._seconds import LONG, SOON, THREADS
from chatworkspace_contracts._store.races import race_claims
from chatworkspace_contracts._store.stage import ANOTHER, CHAT, WORKSPACE, Fresh, a_plan, fresh_token, topic

SHARING = topic("sharing")
FEW = 4
"""As many as open the store for a race."""


@SHARING.rule("secret", "All processes have one secret.", Ability.ANOTHER)
def all_processes_have_one_secret(fresh: Fresh) -> None:
    it = fresh()
    holds("the same secret", it.store.secret() == it.beside().store.secret(), "another")


@SHARING.rule("seen", "What one process has written, another sees at its next look: chat, history, plans and lists.", Ability.ANOTHER)
def what_one_has_written_another_sees(fresh: Fresh) -> None:
    it = fresh()
    other = it.beside()
    it.open()
    equal("the chat when it was opened", other.open(), it.look().chat)
    claim = it.claim(plan=a_plan())
    equal("those with a plan", [look.chat.id for look in other.store.planned(0)], [CHAT])
    it.store.bind(claim, WORKSPACE)
    equal("the chat when it was bound", other.look(), it.look())
    equal("the history", list(other.store.history(CHAT)), list(it.store.history(CHAT)))
    equal("the chats", list(other.store.chats()), [it.look()])


@SHARING.rule("held", "A chat that one process holds refuses the claims of another.", Ability.ANOTHER)
def what_one_holds_is_refused_to_another(fresh: Fresh) -> None:
    it = fresh()
    other = it.beside()
    claim = it.claim(plan=a_plan())
    with raises(ClaimedError):
        other.claim()
    equal("what the holder binds", it.store.bind(claim, WORKSPACE).workspace_id, WORKSPACE)
    equal("the epoch of the other's claim", other.claim().epoch, claim.epoch + 1)


@SHARING.rule("overtaken", "A process that was overtaken by another writes nothing, and its look claims no more.", Ability.ANOTHER)
def who_was_overtaken_by_another_writes_nothing(fresh: Fresh) -> None:
    it = fresh()
    other = it.beside()
    it.open()
    look, claim = it.look(), it.claim(plan=a_plan())
    it.store.release(claim)
    other.store.bind(other.claim(plan=a_plan()), ANOTHER)
    with raises(StaleClaimError):
        it.store.bind(claim, WORKSPACE)
    with raises(ChangedError):
        it.store.claim(look, token=fresh_token(), ttl=LONG)
    equal("what is bound", it.look().chat.workspace_id, ANOTHER)


@SHARING.rule("makings", "What was made by a chat of one process, or discarded by one, is taken for all.", Ability.ANOTHER)
def what_is_taken_for_one_is_taken_for_all(fresh: Fresh) -> None:
    it = fresh()
    other = it.beside()
    it.bound(WORKSPACE, "first")
    it.store.discard(ANOTHER)
    for workspace_id in (WORKSPACE, ANOTHER):
        claim = other.claim("second", plan=a_plan())
        with raises(WorkspaceTakenError):
            other.store.bind(claim, workspace_id)
        other.store.release(claim)
    with raises(WorkspaceTakenError):
        other.store.discard(WORKSPACE)


@SHARING.rule("turn", "The turn comes when another process gives the claim back, long before the deadline.", Ability.ANOTHER)
def the_turn_comes_when_another_gives_the_claim_back(fresh: Fresh) -> None:
    it = fresh()
    other = it.beside()
    claim = it.claim(plan=a_plan())
    look = other.look()
    give_back = partial(it.later, partial(it.store.bind, claim, WORKSPACE))
    within("how long the turn was waited for", it.took(partial(it.threads.together, [partial(other.wait, look), give_back])), SOON)


@SHARING.rule("race", "Of claims of several processes one wins, and no overtaken holder's write is accepted.", Ability.ANOTHER)
def of_racing_claims_of_processes_one_wins(fresh: Fresh) -> None:
    it = fresh()
    it.open()
    stores = [it.store, *(it.beside().store for _ in range(FEW - 1))]
    race_claims(it, stores * (THREADS // FEW))
