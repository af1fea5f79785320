"""Stores that break a rule of what is written: claims, plans, bindings, and what a holder gives back."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import attrs

from chatworkspace import Chat
from chatworkspace.ports import ChangedError, Claim, ClaimedError, Look, Plan, StaleClaimError, WorkspaceTakenError
from chatworkspace_fake import MemoryStore
from tests.contract.broken.breaking import Really
from tests.contract.broken.stores.kinds import STORES


def now_has(it: MemoryStore, chat_id: str, **changes: Any) -> Chat:
    """Change what a chat's row says of the chat."""
    row = it._rows[chat_id]
    row.chat = attrs.evolve(row.chat, **changes)
    return row.chat


# ------------------------------------------------------------------ claims


@STORES.method("claim", "claim.token")
def gives_another_token(it: MemoryStore, really: Really, look: Look, **more: Any) -> Claim:
    claim: Claim = really(look, **more)
    it._rows[look.chat.id].token = f"{claim.token}-0"
    return attrs.evolve(claim, token=f"{claim.token}-0")


@STORES.method("look", "claim.for-how-long")
def always_says_the_same_seconds(_: MemoryStore, really: Really, chat_id: str) -> Look:
    look: Look = really(chat_id)
    return attrs.evolve(look, claimed_for=30.0 if look.claimed_for else 0.0)


@STORES.method("look", "claim.holder")
def says_who_held_it_last(it: MemoryStore, really: Really, chat_id: str) -> Look:
    look: Look = really(chat_id)
    return attrs.evolve(look, holder=it._rows[chat_id].token.rpartition(":")[0])


@STORES.method("claim", "claim.refused")
def writes_what_it_refuses(it: MemoryStore, really: Really, look: Look, *, plan: Plan | None = None, **more: Any) -> Any:
    try:
        return really(look, plan=plan, **more)
    except ClaimedError:
        it._rows[look.chat.id].name = "" if plan is None else plan.name
        raise


@STORES.method("claim", "claim.over")
def keeps_the_dead(it: MemoryStore, really: Really, look: Look, **more: Any) -> Any:
    row = it._rows.get(look.chat.id)
    if row is not None and row.until and row.epoch == look.epoch:
        raise ClaimedError(retry_in=1.0)
    return really(look, **more)


@STORES.method("claim", "claim.look-under-a-claim")
def wants_looks_at_what_is_free(_: MemoryStore, really: Really, look: Look, **more: Any) -> Any:
    claim = really(look, **more)
    if look.claimed_for:
        raise ChangedError
    return claim


@STORES.method("claim", "claim.unknown")
def opens_what_is_claimed(it: MemoryStore, really: Really, look: Look, **more: Any) -> Any:
    it.open_chat(look.chat.id, look.chat.owner_id, look.chat.organization_id)
    return really(look, **more)


@STORES.method("claim", "claim.same-token-too-late")
def gives_a_token_what_it_had(it: MemoryStore, really: Really, look: Look, *, token: str, **more: Any) -> Claim:
    had: dict[str, Claim] = vars(it).setdefault("had", {})
    if token not in had:
        had[token] = really(look, token=token, **more)
    return had[token]


# ------------------------------------------------------------------ plans and generations


@STORES.method("claim", "plan.written-with-the-claim")
def forgets_the_number(it: MemoryStore, really: Really, look: Look, **more: Any) -> Any:
    claim = really(look, **more)
    it._rows[look.chat.id].number = 0
    return claim


@STORES.method("claim", "plan.in-place-of-another")
def keeps_the_first_plan(_: MemoryStore, really: Really, look: Look, *, plan: Plan | None = None, **more: Any) -> Any:
    return really(look, plan=None if look.plan else plan, **more)


@STORES.method("claim", "plan.left-standing")
def drops_the_plan_of_whoever_was_before(it: MemoryStore, really: Really, look: Look, *, plan: Plan | None = None, **more: Any) -> Claim:
    claim: Claim = really(look, plan=plan, **more)
    it._rows[look.chat.id].plan = plan
    return attrs.evolve(claim, plan=plan)


@STORES.method("claim", "plan.binding-left")
def unbinds_with_every_claim(it: MemoryStore, really: Really, look: Look, **more: Any) -> Claim:
    claim: Claim = really(look, **more)
    bound = claim.chat.workspace_id
    if bound is None:
        return claim
    it._register.unbind(bound)
    return attrs.evolve(claim, chat=now_has(it, look.chat.id, workspace_id=None))


@STORES.method("claim", "plan.first-generation")
def counts_the_first_plan(it: MemoryStore, really: Really, look: Look, **more: Any) -> Claim:
    claim: Claim = really(look, **more)
    if look.name or claim.plan is None:
        return claim
    return attrs.evolve(claim, chat=now_has(it, look.chat.id, generation=2))


@STORES.method("bind", "plan.bound-generation")
def counts_bindings(it: MemoryStore, really: Really, claim: Claim, workspace_id: UUID) -> Chat:
    generation = really(claim, workspace_id).generation
    return now_has(it, claim.chat.id, generation=generation + 1)


@STORES.method("claim", "plan.one-generation")
def counts_every_plan(it: MemoryStore, really: Really, look: Look, *, plan: Plan | None = None, **more: Any) -> Claim:
    claim: Claim = really(look, plan=plan, **more)
    if plan is None or look.plan is None:
        return claim
    return attrs.evolve(claim, chat=now_has(it, look.chat.id, generation=claim.chat.generation + 1))


@STORES.method("claim", "plan.generation-after-dropping", "plan.generation-after-detaching")
def counts_what_was_bound_only(it: MemoryStore, really: Really, look: Look, **more: Any) -> Claim:
    claim: Claim = really(look, **more)
    if look.chat.workspace_id is not None:
        return claim
    return attrs.evolve(claim, chat=now_has(it, look.chat.id, generation=look.chat.generation))


@STORES.method("claim", "history.plan-that-stood-last")
def tells_of_the_first_plan(it: MemoryStore, really: Really, look: Look, **more: Any) -> Any:
    row = it._rows.get(look.chat.id)
    history = () if row is None else row.history
    claim = really(look, **more)
    if row is not None and look.plan is not None:
        row.history = history
    return claim


# ------------------------------------------------------------------ writes of the holder


@STORES.method("bind", "write.over")
def wants_claims_that_live(it: MemoryStore, really: Really, claim: Claim, workspace_id: UUID) -> Any:
    row = it._rows[claim.chat.id]
    if not row.written and row.until <= it._clock.monotonic():
        raise StaleClaimError
    return really(claim, workspace_id)


@STORES.method("bind", "write.another-epoch")
def binds_by_token_alone(it: MemoryStore, really: Really, claim: Claim, workspace_id: UUID) -> Any:
    return really(attrs.evolve(claim, epoch=it._rows[claim.chat.id].epoch), workspace_id)


@STORES.method("attach", "write.second")
def attaches_after_another_write(it: MemoryStore, really: Really, claim: Claim, workspace_id: UUID | None, **more: Any) -> Any:
    row = it._rows[claim.chat.id]
    if row.held_by(claim) and row.chat.workspace_id != workspace_id:
        row.written = False
    return really(claim, workspace_id, **more)


@STORES.method("bind", "write.repeated-too-late")
def binds_again_what_is_bound(it: MemoryStore, really: Really, claim: Claim, workspace_id: UUID) -> Any:
    chat = it._rows[claim.chat.id].chat
    return chat if chat.workspace_id == workspace_id else really(claim, workspace_id)


@STORES.method("bind", "bind.makes-a-binding")
def forgets_the_name(it: MemoryStore, really: Really, claim: Claim, workspace_id: UUID) -> Any:
    chat = really(claim, workspace_id)
    it._rows[claim.chat.id].name = ""
    return chat


@STORES.method("bind", "bind.told-in-the-history")
def does_not_note_when(it: MemoryStore, really: Really, claim: Claim, workspace_id: UUID) -> Any:
    chat = really(claim, workspace_id)
    it._rows[claim.chat.id].amend(bound_at=None)
    return chat


@STORES.method("attach", "bind.makings-stay")
def gives_its_makings_away(it: MemoryStore, really: Really, claim: Claim, workspace_id: UUID | None, **more: Any) -> Any:
    if workspace_id is None:
        it._register.made.clear()
    return really(claim, workspace_id, **more)


@STORES.method("bind", "bind.own-making-again")
def binds_once(it: MemoryStore, really: Really, claim: Claim, workspace_id: UUID) -> Any:
    if workspace_id in it._register.made and not it._rows[claim.chat.id].written:
        raise WorkspaceTakenError
    return really(claim, workspace_id)


# ------------------------------------------------------------------ leaving


@STORES.method("attach", "attach.binds", "attach.nothing")
def counts_no_attachments(it: MemoryStore, really: Really, claim: Claim, workspace_id: UUID | None, **more: Any) -> Chat:
    really(claim, workspace_id, **more)
    return now_has(it, claim.chat.id, generation=claim.chat.generation)


@STORES.method("attach", "attach.replaces-a-plan")
def attaches_beside_a_plan(it: MemoryStore, really: Really, claim: Claim, workspace_id: UUID | None, **more: Any) -> Any:
    plan, chat = it._rows[claim.chat.id].plan, really(claim, workspace_id, **more)
    it._rows[claim.chat.id].plan = plan
    return chat


@STORES.method("attach", "attach.number")
def counts_by_itself(_: MemoryStore, really: Really, claim: Claim, workspace_id: UUID | None, *, number: int, **more: Any) -> Any:
    return really(claim, workspace_id, number=number + 1, **more)


@STORES.method("attach", "attach.told-in-the-history")
def attaches_without_a_note(_: MemoryStore, really: Really, claim: Claim, workspace_id: UUID | None, *, number: int, note: str = "") -> Any:
    del note
    return really(claim, workspace_id, number=number)


@STORES.method("attach", "attach.two-chats")
def attaches_to_one_only(it: MemoryStore, really: Really, claim: Claim, workspace_id: UUID | None, **more: Any) -> Any:
    if workspace_id in it._register.bound and not it._rows[claim.chat.id].written:
        raise WorkspaceTakenError
    return really(claim, workspace_id, **more)


@STORES.method("close_chat", "close.unbinds")
def closes_nothing(it: MemoryStore, really: Really, claim: Claim, **more: Any) -> Chat:
    really(claim, **more)
    return now_has(it, claim.chat.id, closed=False)


@STORES.method("close_chat", "close.not-removed")
def removes_what_is_closed(it: MemoryStore, really: Really, claim: Claim, **more: Any) -> Any:
    chat = really(claim, **more)
    row = it._rows[claim.chat.id]
    row.name, row.epoch = "", 0
    return chat


@STORES.method("release", "close.can-be-claimed")
def notes_nothing_of_what_is_closed(_: MemoryStore, really: Really, claim: Claim, *, note: str = "", **more: Any) -> None:
    really(claim, note="" if claim.chat.closed else note, **more)


@STORES.method("release", "release.drops-the-plan")
def keeps_every_plan(_: MemoryStore, really: Really, claim: Claim, *, note: str = "", drop_plan: bool = False) -> None:
    del drop_plan
    really(claim, note=note)


# ------------------------------------------------------------------ discarding, and races


@STORES.method("discard", "discard.bound-to-one-of-two")
def discards_what_one_has_let_go_of(it: MemoryStore, really: Really, workspace_id: UUID) -> None:
    if it._register.bound.get(workspace_id) == 1 and workspace_id in it._register.made:
        it._register.discarded.add(workspace_id)
    else:
        really(workspace_id)


@STORES.method("discard", "discard.let-go", "discard.again")
def discards_nothing(_: MemoryStore, really: Really, workspace_id: UUID) -> None:
    del really, workspace_id


@STORES.method("bind", "race.makings")
def asks_first_whose_making_it_is(it: MemoryStore, really: Really, claim: Claim, workspace_id: UUID) -> Any:
    if it._register.made.get(workspace_id, claim.chat.id) == claim.chat.id:
        it._clock.sleep(0.001)
        it._register.made.pop(workspace_id, None)
    return really(claim, workspace_id)


@STORES.method("discard", "race.bound-or-discarded")
def asks_first_whether_it_is_bound(it: MemoryStore, really: Really, workspace_id: UUID) -> None:
    del really
    if workspace_id in it._register.bound:
        raise WorkspaceTakenError
    it._clock.sleep(0.001)
    it._register.discarded.add(workspace_id)
