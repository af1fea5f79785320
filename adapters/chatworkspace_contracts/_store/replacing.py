"""A plan beside a binding: what is to replace a workspace takes its place once it is bound, and not before."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from uuid import UUID

import attrs

from chatworkspace.ports import ChangedError, Claim, ClaimedError, Look, Plan, StaleClaimError, Store, WorkspaceTakenError
from chatworkspace_contracts._checks import equal, holds, present, raises
from chatworkspace_contracts._seconds import BRIEF, LONG, THREADS
from chatworkspace_contracts._store.stage import (
    ANOTHER,
    CHAT,
    GIVEN,
    OTHER_TEMPLATE,
    PRESET,
    THIRD,
    WORKSPACE,
    Fresh,
    Stage,
    a_plan,
    attach,
    close,
    detach,
    fresh_token,
    topic,
)

REPLACING = topic("replace")

NEW_NAME = "lab-bbbbbbbbbb"


def another_plan() -> Plan:
    """Return one that is to replace what a_plan() became."""
    return a_plan(NEW_NAME, number=1, template_id=OTHER_TEMPLATE, preset_id=PRESET)


def replacing(it: Stage, *, ttl: float = LONG) -> Claim:
    """Claim the chat with a plan beside its binding."""
    return it.claim(plan=another_plan(), ttl=ttl, keep=True)


def replaced_in_doubt(fresh: Fresh) -> Stage:
    """Return a store whose chat is bound, with a plan beside that, and nobody's claim."""
    it = fresh()
    it.bound()
    it.store.release(replacing(it))
    return it


# ------------------------------------------------------------------ while it stands


@REPLACING.rule("beside", "A plan that keeps stands beside the binding: that and the generation stay, nothing is told in the history.")
def a_plan_that_keeps_stands_beside_the_binding(fresh: Fresh) -> None:
    it = fresh()
    it.bound()
    before, history = it.look().chat, list(it.store.history(CHAT))
    claim, look = replacing(it), it.look()
    equal("the claim's chat", claim.chat, before)
    equal("the chat", look.chat, before)
    for standing in (claim.plan, look.plan):
        equal("the plan", attrs.evolve(present("a plan", standing), planned_for=0), another_plan())
    equal("name and number", (look.name, look.number), (NEW_NAME, 1))
    equal("the history", list(it.store.history(CHAT)), history)


@REPLACING.rule("listed", "A replacement is listed with the plans, and what is bound with it.")
def a_replacement_is_listed_with_the_plans(fresh: Fresh) -> None:
    it = replaced_in_doubt(fresh)
    looks = it.store.planned(0)
    listed = [(look.chat.workspace_id, present("a plan", look.plan).name) for look in looks]
    equal("what is listed", listed, [(WORKSPACE, NEW_NAME)])


@REPLACING.rule("age", "A plan that takes the place of a replacement keeps its age; what it becomes was planned then.")
def a_replacement_in_doubt_keeps_its_age(fresh: Fresh) -> None:
    it = replaced_in_doubt(fresh)
    first = present("a plan", it.look().plan).planned_for
    it.clock.sleep(4 * BRIEF)
    claim = replacing(it)
    second = present("a plan", it.look().plan).planned_for
    holds("as old as the first", second >= first + 2 * BRIEF, (first, second))
    it.store.bind(claim, ANOTHER)
    told = it.latest()
    took = present("when it was bound", told.bound_at) - present("when it was planned", told.planned_at)
    holds("planned when the first was", took >= timedelta(seconds=2 * BRIEF), took)


@REPLACING.rule("compared", "A look from before a replacement was planned, or dropped, claims nothing: ChangedError.")
def whether_one_stands_is_part_of_what_a_claim_matches(fresh: Fresh) -> None:
    it = fresh()
    it.bound()
    before = it.look()
    claim = replacing(it)
    during = it.look()
    with raises(ChangedError):
        it.store.claim(before, token=fresh_token(), ttl=LONG)
    it.store.release(claim, drop_plan=True, back=before)
    with raises(ChangedError):
        it.store.claim(during, token=fresh_token(), ttl=LONG)


# ------------------------------------------------------------------ what it becomes


@REPLACING.rule(
    "switches", "bind() of another puts it in the place of what is bound: one generation more, and an intent as planned, which names both."
)
def binding_another_switches(fresh: Fresh) -> None:
    it = fresh()
    it.bound()
    claim = replacing(it)
    it.clock.sleep(BRIEF)
    chat, told = it.store.bind(claim, ANOTHER), it.latest()
    look = it.look()
    equal("the chat", chat, look.chat)
    equal("binding, generation and plan", (chat.workspace_id, chat.generation, look.plan), (ANOTHER, 2, None))
    equal("name and number", (look.name, look.number), (NEW_NAME, 1))
    equal("what was planned", (told.generation, told.name, told.template_id, told.preset_id), (2, NEW_NAME, OTHER_TEMPLATE, PRESET))
    equal("what it replaced and became", (told.replaces, told.workspace_id), (WORKSPACE, ANOTHER))
    planned_at, bound_at = present("when it was planned", told.planned_at), present("when it was bound", told.bound_at)
    holds("planned before it was bound", planned_at + timedelta(seconds=BRIEF / 2) < bound_at, (planned_at, bound_at))
    equal("what the first intent became", it.store.history(CHAT)[0].workspace_id, WORKSPACE)


@REPLACING.rule("repeated", "A bind() that has switched can be repeated: the same row comes back, counted once and told once.")
def switching_again_repeats_nothing(fresh: Fresh) -> None:
    it = fresh()
    it.bound()
    claim = replacing(it)
    first = it.store.bind(claim, ANOTHER)
    equal("the chat", it.store.bind(claim, ANOTHER), first)
    equal("how long the history is", len(it.store.history(CHAT)), 2)
    with raises(StaleClaimError):
        it.store.bind(claim, THIRD)


@REPLACING.rule("same", "bind() of what is bound drops the plan, counts nothing and tells nothing.")
def binding_what_is_bound_drops_the_plan(fresh: Fresh) -> None:
    it = fresh()
    it.bound()
    before, history = it.look().chat, list(it.store.history(CHAT))
    equal("the chat", it.store.bind(replacing(it), WORKSPACE), before)
    equal("chat and plan", (it.look().chat, it.look().plan), (before, None))
    equal("the history", list(it.store.history(CHAT)), history)


@REPLACING.rule("discard", "While a replacement stands, what is bound cannot be discarded; once it is bound, the other can.")
def what_was_replaced_can_be_discarded(fresh: Fresh) -> None:
    it = fresh()
    it.bound()
    claim = replacing(it)
    with raises(WorkspaceTakenError):
        it.store.discard(WORKSPACE)
    it.store.bind(claim, ANOTHER)
    it.store.discard(WORKSPACE)
    with raises(WorkspaceTakenError):
        it.store.discard(ANOTHER)


@REPLACING.rule("makings-of-others", "Another chat's making replaces nothing: WorkspaceTakenError; claim, plan and binding stay.")
def another_chats_making_replaces_nothing(fresh: Fresh) -> None:
    it = fresh()
    it.bound(ANOTHER, "maker")
    it.bound()
    claim = replacing(it)
    with raises(WorkspaceTakenError):
        it.store.bind(claim, ANOTHER)
    look = it.look()
    equal("chat, plan and claim", (look.chat, look.plan is not None, look.claimed_for > 0), (claim.chat, True, True))
    equal("the generation after another", it.store.bind(claim, THIRD).generation, 2)


# ------------------------------------------------------------------ what ends it otherwise


@REPLACING.rule("dropped", "A replacement that is dropped gives name and number back in the same step; the note goes to what stays bound.")
def a_replacement_that_is_dropped_gives_the_name_back(fresh: Fresh) -> None:
    it = fresh()
    it.bound()
    before = it.look()
    claim = replacing(it)
    it.store.release(claim, note="refused", drop_plan=True, back=before)
    look = it.look()
    equal("the chat's row, but for the epoch", attrs.evolve(look, epoch=before.epoch), before)
    equal("the epoch", look.epoch, claim.epoch)
    equal("generation and notes of the latest intent", (it.latest().generation, it.latest().notes), (1, ("refused",)))


@REPLACING.rule("stale", "A holder that was overtaken gives no name back and drops no plan.")
def a_stale_holder_gives_no_name_back(fresh: Fresh) -> None:
    it = fresh()
    it.bound()
    before = it.look()
    stale = replacing(it, ttl=BRIEF)
    it.clock.sleep(2 * BRIEF)
    replacing(it)
    notes = it.notes()
    it.store.release(stale, note="refused", drop_plan=True, back=before)
    look = it.look()
    seen = (look.plan is not None, look.name, look.number, look.claimed_for > 0)
    equal("plan, name, number and claim", seen, (True, NEW_NAME, 1, True))
    equal("the notes", it.notes(), notes)


@REPLACING.rule("gone", "A plan that does not keep unbinds also where one stands: one generation more, with an intent of its own.")
def a_plan_that_does_not_keep_unbinds_also_beside_another(fresh: Fresh) -> None:
    it = replaced_in_doubt(fresh)
    claim = it.claim(plan=another_plan())
    told = it.latest()
    equal("binding and generation", (claim.chat.workspace_id, claim.chat.generation), (None, 2))
    equal("the latest intent", (told.generation, told.name, told.replaces, told.workspace_id), (2, NEW_NAME, WORKSPACE, None))
    it.store.discard(WORKSPACE)
    it.store.bind(claim, ANOTHER)
    equal("the history", [(intent.generation, intent.workspace_id) for intent in it.store.history(CHAT)], [(1, WORKSPACE), (2, ANOTHER)])


@REPLACING.rule("left", "Attach, detach and close end binding and plan in one step, and name what was bound.")
def leaving_ends_a_replacement(fresh: Fresh) -> None:
    for write, workspace_id in ((attach, ANOTHER), (detach, None), (close, None)):
        it = replaced_in_doubt(fresh)
        write(it, it.claim())
        look, told = it.look(), it.latest()
        seen = (look.plan, look.chat.workspace_id, look.chat.generation, look.number)
        equal("plan, binding, generation and number", seen, (None, workspace_id, 2, GIVEN))
        equal("what was bound and is bound", (told.replaces, told.workspace_id), (WORKSPACE, workspace_id))


# ------------------------------------------------------------------ races


@REPLACING.rule("race", "Of threads that replace together one wins: the generation rises by one, and the history names what was bound.")
def of_racing_replacements_one_switches(fresh: Fresh) -> None:
    it = fresh()
    it.bound()
    for round_number in range(1, it.threads.rounds + 1):
        look = it.look()
        won = [claim for claim in it.threads.together([partial(_race, it.store, look)] * THREADS) if claim is not None]
        equal("how many have won", len(won), 1)
        after, told = it.look(), it.latest()
        equal("generation and plan", (after.chat.generation, after.plan), (round_number + 1, None))
        equal("what is bound", after.chat.workspace_id, _made_by(won[0]))
        equal(
            "what the history says", (told.generation, told.replaces, told.workspace_id), (round_number + 1, look.chat.workspace_id, _made_by(won[0]))
        )


def _race(store: Store, look: Look) -> Claim | None:
    try:
        claim = store.claim(look, token=fresh_token(), ttl=LONG, plan=another_plan(), keep=True)
    except (ChangedError, ClaimedError):
        return None
    store.bind(claim, _made_by(claim))
    return claim


def _made_by(claim: Claim) -> UUID:
    """Return the workspace that the holder of a claim makes."""
    return UUID(int=10_000 + int(claim.token.rpartition("-")[2]))
