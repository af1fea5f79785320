"""Stores that break a rule of replacements: a plan beside a binding, and the bind that switches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import attrs

from chatworkspace import Chat
from chatworkspace.ports import Claim, Look, Plan
from chatworkspace_fake import MemoryStore
from tests.contract.broken.breaking import Really
from tests.contract.broken.stores.kinds import STORES
from tests.contract.broken.stores.written import now_has

# ------------------------------------------------------------------ while it stands


@STORES.method("claim", "replace.beside")
def unbinds_whatever_it_is_told(_: MemoryStore, really: Really, look: Look, *, keep: bool = False, **more: Any) -> Any:
    del keep
    return really(look, **more)


@STORES.method("planned", "replace.listed")
def lists_the_plans_of_the_unbound(_: MemoryStore, really: Really, older_than: float) -> Sequence[Look]:
    return [look for look in really(older_than) if look.chat.workspace_id is None]


@STORES.method("claim", "replace.age")
def begins_an_age_with_each_plan(it: MemoryStore, really: Really, look: Look, *, keep: bool = False, **more: Any) -> Any:
    claim = really(look, keep=keep, **more)
    if keep:
        it._rows[look.chat.id].planned_at, it._rows[look.chat.id].planned_on = it._now(), it._clock.now()
    return claim


@STORES.method("claim", "replace.compared")
def compares_no_plan_beside_a_binding(it: MemoryStore, really: Really, look: Look, **more: Any) -> Any:
    row = it._rows.get(look.chat.id)
    if row is not None and row.chat.workspace_id is not None:
        look = attrs.evolve(look, plan=row.plan, epoch=row.epoch)
    return really(look, **more)


# ------------------------------------------------------------------ what it becomes


@STORES.method("bind", "replace.switches")
def switches_without_a_count(it: MemoryStore, really: Really, claim: Claim, workspace_id: UUID) -> Chat:
    chat: Chat = really(claim, workspace_id)
    return now_has(it, chat.id, generation=claim.chat.generation)


@STORES.method("bind", "replace.repeated")
def switches_once_more(it: MemoryStore, really: Really, claim: Claim, workspace_id: UUID) -> Any:
    row = it._rows[claim.chat.id]
    again = row.written and claim.chat.workspace_id not in {None, workspace_id}
    chat = really(claim, workspace_id)
    return now_has(it, chat.id, generation=chat.generation + 1) if again else chat


@STORES.method("bind", "replace.same")
def counts_what_is_bound_once_more(it: MemoryStore, really: Really, claim: Claim, workspace_id: UUID) -> Any:
    again = claim.chat.workspace_id == workspace_id and not it._rows[claim.chat.id].written
    chat = really(claim, workspace_id)
    return now_has(it, chat.id, generation=chat.generation + 1) if again else chat


@STORES.method("bind", "replace.discard")
def keeps_what_it_has_replaced(it: MemoryStore, really: Really, claim: Claim, workspace_id: UUID) -> Any:
    before = it._rows[claim.chat.id].chat.workspace_id
    chat = really(claim, workspace_id)
    if before is not None and before != workspace_id:
        it._register.bound[before] = 1
    return chat


@STORES.method("bind", "replace.makings-of-others")
def makes_others_makings_its_own_in_place_of_another(it: MemoryStore, really: Really, claim: Claim, workspace_id: UUID) -> Any:
    if claim.chat.workspace_id is not None:
        it._register.made.pop(workspace_id, None)
    return really(claim, workspace_id)


# ------------------------------------------------------------------ what ends it otherwise


@STORES.method("release", "replace.dropped")
def keeps_the_number_that_was_planned(_: MemoryStore, really: Really, claim: Claim, *, back: Look | None = None, **more: Any) -> None:
    del back
    really(claim, **more)


@STORES.method("release", "replace.stale")
def gives_the_name_back_for_anybody(it: MemoryStore, really: Really, claim: Claim, *, back: Look | None = None, **more: Any) -> None:
    really(claim, back=back, **more)
    if back is not None:
        it._rows[claim.chat.id].name = back.name


@STORES.method("claim", "replace.gone")
def keeps_what_is_gone_beside_a_plan(_: MemoryStore, really: Really, look: Look, *, plan: Plan | None = None, keep: bool = False, **more: Any) -> Any:
    beside = look.plan is not None and look.chat.workspace_id is not None
    return really(look, plan=plan, keep=keep or (plan is not None and beside), **more)


@STORES.method("attach", "replace.left")
@STORES.method("close_chat", "replace.left")
def leaves_the_plan_standing(it: MemoryStore, really: Really, claim: Claim, *arguments: Any, **more: Any) -> Chat:
    row = it._rows[claim.chat.id]
    plan = row.plan if row.chat.workspace_id is not None else None
    chat: Chat = really(claim, *arguments, **more)
    row.plan = plan
    return chat


@STORES.method("claim", "replace.race")
def lets_everybody_replace(it: MemoryStore, really: Really, look: Look, *, keep: bool = False, **more: Any) -> Any:
    if keep:
        row = it._rows[look.chat.id]
        row.until, look = 0.0, it.look(look.chat.id)
    return really(look, keep=keep, **more)
