"""What holds however many threads come at once."""

from __future__ import annotations

from functools import partial
from uuid import UUID

from chatworkspace.ports import ChangedError, Claim, ClaimedError, Look, StaleClaimError, Store, WorkspaceTakenError
from chatworkspace_contracts._checks import equal, raises
from chatworkspace_contracts._seconds import LONG, THREADS
from chatworkspace_contracts._store.stage import Fresh, Stage, a_plan, fresh_token, topic

RACES = topic("race")


@RACES.rule("claims", "Of threads that claim a chat together one wins: the epoch rises by one, and no overtaken holder's write is accepted.")
def of_racing_claims_one_wins(fresh: Fresh) -> None:
    it = fresh()
    it.open()
    race_claims(it, [it.store] * THREADS)


@RACES.rule("makings", "Of chats that bind one workspace together one makes it its own.")
def of_racing_chats_one_makes_a_workspace_its_own(fresh: Fresh) -> None:
    it = fresh()
    ids = [f"chat-{number}" for number in range(THREADS)]
    for round_number in range(it.threads.rounds):
        workspace_id = UUID(int=1000 + round_number)
        claims = [it.claim(chat_id, plan=a_plan()) for chat_id in ids]
        bound = it.threads.together([partial(_bind_or_release, it.store, claim, workspace_id) for claim in claims])
        equal("how many have bound it", sum(bound), 1)


@RACES.rule("bound-or-discarded", "A workspace that one thread binds and others discard is never both.")
def a_workspace_is_bound_or_discarded(fresh: Fresh) -> None:
    it = fresh()
    for round_number in range(it.threads.rounds):
        workspace_id = UUID(int=1000 + round_number)
        claim = it.claim(plan=a_plan())
        binding = partial(_bind_or_release, it.store, claim, workspace_id)
        discarding = partial(_discard, it.store, workspace_id)
        bound, *discarded = it.threads.together([binding, *[discarding] * (THREADS - 1)])
        equal("whether it was discarded", discarded, [not bound] * len(discarded))


def race_claims(it: Stage, stores: list[Store]) -> None:
    """Let a thread for each of these stores, which are one, claim the chat and bind, for many rounds."""
    overtaken: Claim | None = None
    for round_number in range(1, it.threads.rounds + 1):
        look = it.look()
        won = it.threads.together([partial(_race, store, look, overtaken) for store in stores])
        claims = [claim for claim in won if claim is not None]
        equal("how many have won", len(claims), 1)
        (overtaken,) = claims
        after = it.look()
        equal("the epochs of claim and chat", (overtaken.epoch, after.epoch), (look.epoch + 1, look.epoch + 1))
        equal("the generation", after.chat.generation, round_number)
        made = _made_by(overtaken)
        equal("what chat and history say that is bound", (after.chat.workspace_id, it.latest().workspace_id), (made, made))
        equal("the seconds that it is claimed for", after.claimed_for, 0)


def _race(store: Store, look: Look, overtaken: Claim | None) -> Claim | None:
    """Claim and bind; who is refused tries to write with a claim that was overtaken."""
    try:
        claim = store.claim(look, token=fresh_token(), ttl=LONG, plan=a_plan())
    except (ChangedError, ClaimedError):
        if overtaken is not None:
            with raises(StaleClaimError):
                store.bind(overtaken, UUID(int=1))
        return None
    store.bind(claim, _made_by(claim))
    return claim


def _made_by(claim: Claim) -> UUID:
    """Return the workspace that the holder of a claim makes."""
    return UUID(int=10_000 + int(claim.token.rpartition("-")[2]))


def _bind_or_release(store: Store, claim: Claim, workspace_id: UUID) -> bool:
    try:
        store.bind(claim, workspace_id)
    except WorkspaceTakenError:
        store.release(claim)
        return False
    return True


def _discard(store: Store, workspace_id: UUID) -> bool:
    try:
        store.discard(workspace_id)
    except WorkspaceTakenError:
        return False
    return True
