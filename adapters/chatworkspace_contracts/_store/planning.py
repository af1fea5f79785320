"""Plans: what will be asked for, written with the claim; and generations."""

from __future__ import annotations

import attrs

from chatworkspace.ports import Plan
from chatworkspace_contracts._checks import equal, present
from chatworkspace_contracts._store.stage import CHAT, OTHER_TEMPLATE, PRESET, Fresh, a_plan, detach, topic

PLANNING = topic("plan")


@PLANNING.rule("written-with-the-claim", "A plan is written in the same step as the claim: plan, name and number stand before anything is sent.")
def a_plan_is_written_with_the_claim(fresh: Fresh) -> None:
    it, plan = fresh(), a_plan("lab-abcdefghij", number=3, preset_id=PRESET)
    claim, look = it.claim(plan=plan), it.look()
    _standing(claim.plan, plan)
    _standing(look.plan, plan)
    equal("name and number", (look.name, look.number), ("lab-abcdefghij", 3))


@PLANNING.rule("unbinds", "A plan unbinds what was bound, unless it is to keep it.")
def a_plan_unbinds(fresh: Fresh) -> None:
    it = fresh()
    it.bound()
    claim = it.claim(plan=a_plan())
    equal("the claim's chat", claim.chat, it.look().chat)
    equal("what is bound", claim.chat.workspace_id, None)


@PLANNING.rule("in-place-of-another", "A plan takes the place of another: the next caller's request is what stands.")
def a_plan_takes_the_place_of_another(fresh: Fresh) -> None:
    it = fresh()
    it.store.release(it.claim(plan=a_plan()))
    it.claim(plan=a_plan("lab-abcdefghij", number=1, template_id=OTHER_TEMPLATE))
    look = it.look()
    plan = present("a plan", look.plan)
    equal("what is planned", (plan.template_id, plan.name), (OTHER_TEMPLATE, "lab-abcdefghij"))
    equal("name and number", (look.name, look.number), ("lab-abcdefghij", 1))


@PLANNING.rule("left-standing", "A claim without a plan leaves a standing one, and carries it for its holder to settle.")
def a_claim_without_a_plan_leaves_a_standing_one(fresh: Fresh) -> None:
    it = fresh()
    it.store.release(it.claim(plan=a_plan()))
    claim, look = it.claim(), it.look()
    _standing(claim.plan, a_plan())
    _standing(look.plan, a_plan())
    equal("the generation", claim.chat.generation, 1)


@PLANNING.rule("binding-left", "A claim without a plan leaves the binding and the generation as they are.")
def a_claim_without_a_plan_leaves_the_binding(fresh: Fresh) -> None:
    it = fresh()
    it.bound()
    before = it.look().chat
    claim = it.claim()
    equal("the claim's chat", claim.chat, before)
    equal("its plan", claim.plan, None)
    equal("the chat", it.look().chat, before)


def _standing(seen: Plan | None, plan: Plan) -> None:
    """Compare but for the age."""
    equal("the plan", attrs.evolve(present("a plan", seen), planned_for=0), plan)


# ------------------------------------------------------------------ generations


@PLANNING.rule("first-generation", "The first plan keeps generation 1: nothing was made or bound before.")
def the_first_plan_keeps_generation_1(fresh: Fresh) -> None:
    equal("the generation", fresh().claim(plan=a_plan()).chat.generation, 1)


@PLANNING.rule("bound-generation", "Binding keeps the generation that the plan opened.")
def binding_keeps_the_generation(fresh: Fresh) -> None:
    it = fresh()
    it.bound()
    equal("the generation", it.look().chat.generation, 1)


@PLANNING.rule("one-generation", "A plan in place of another keeps the generation, however many requests it takes.")
def a_plan_in_place_of_another_keeps_the_generation(fresh: Fresh) -> None:
    it = fresh()
    for _ in range(3):
        claim = it.claim(plan=a_plan())
        it.store.release(claim)
        equal("the generation", claim.chat.generation, 1)
    equal("how long the history is", len(it.store.history(CHAT)), 1)


@PLANNING.rule("generation-after-binding", "A plan over a binding counts the generation up: what was bound is left behind.")
def a_plan_over_a_binding_counts_the_generation_up(fresh: Fresh) -> None:
    it = fresh()
    it.bound()
    equal("the generation", it.claim(plan=a_plan()).chat.generation, 2)


@PLANNING.rule("generation-after-dropping", "A plan after one that was dropped counts the generation up.")
def a_plan_after_a_dropped_one_counts_the_generation_up(fresh: Fresh) -> None:
    it = fresh()
    it.store.release(it.claim(plan=a_plan()), drop_plan=True)
    equal("the generation", it.claim(plan=a_plan()).chat.generation, 2)


@PLANNING.rule("generation-after-detaching", "Detaching counts the generation up, and a plan after it once more.")
def a_plan_after_detaching_counts_the_generation_up(fresh: Fresh) -> None:
    it = fresh()
    it.bound()
    detach(it, it.claim())
    equal("the generation", it.claim(plan=a_plan()).chat.generation, 3)
