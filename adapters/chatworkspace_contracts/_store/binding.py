"""bind(): the plan became a workspace, which is the making of one chat."""

from __future__ import annotations

from datetime import timedelta

from chatworkspace.ports import WorkspaceTakenError
from chatworkspace_contracts._checks import equal, holds, present, raises
from chatworkspace_contracts._store.stage import ANOTHER, NAME, WORKSPACE, Fresh, a_plan, topic

BINDING = topic("bind")


@BINDING.rule("makes-a-binding", "bind() makes of the plan a binding; the name in use and its number are kept.")
def bind_makes_of_the_plan_a_workspace(fresh: Fresh) -> None:
    it = fresh()
    chat = it.store.bind(it.claim(plan=a_plan(number=2)), WORKSPACE)
    look = it.look()
    equal("the chat", chat, look.chat)
    equal("binding, plan, name and number", (chat.workspace_id, look.plan, look.name, look.number), (WORKSPACE, None, NAME, 2))


@BINDING.rule("told-in-the-history", "The history tells what the plan became, and when, by aware times in their order.")
def bind_is_told_in_the_history(fresh: Fresh) -> None:
    it = fresh()
    it.bound()
    made = it.latest()
    equal("what it became", made.workspace_id, WORKSPACE)
    planned_at, bound_at = present("when it was planned", made.planned_at), present("when it was bound", made.bound_at)
    equal("the offset from UTC", planned_at.utcoffset(), timedelta(0))
    holds("planned before it was bound", planned_at <= bound_at, (planned_at, bound_at))


@BINDING.rule("makings-of-others", "Another chat's making cannot be bound: WorkspaceTakenError. The claim stays, and binds another workspace.")
def another_chats_making_cannot_be_bound(fresh: Fresh) -> None:
    it = fresh()
    it.bound(WORKSPACE, "first")
    claim = it.claim("second", plan=a_plan())
    with raises(WorkspaceTakenError):
        it.store.bind(claim, WORKSPACE)
    look = it.look("second")
    equal("binding, no plan, a claim", (look.chat.workspace_id, look.plan is None, look.claimed_for > 0), (None, False, True))
    equal("what is bound instead", it.store.bind(claim, ANOTHER).workspace_id, ANOTHER)


@BINDING.rule("makings-stay", "A chat's making stays its own, even when that chat has let go of it: WorkspaceTakenError to others.")
def another_chats_making_stays_its_own(fresh: Fresh) -> None:
    it = fresh()
    it.bound(WORKSPACE, "first")
    it.store.attach(it.claim("first"), None, number=1)
    with raises(WorkspaceTakenError):
        it.store.bind(it.claim("second", plan=a_plan()), WORKSPACE)


@BINDING.rule("own-making-again", "A chat's own making can be bound by it again: a plan may find the workspace of its own name.")
def a_chats_own_making_can_be_bound_again(fresh: Fresh) -> None:
    it = fresh()
    it.bound()
    equal("what is bound", it.store.bind(it.claim(plan=a_plan()), WORKSPACE).workspace_id, WORKSPACE)


@BINDING.rule("discarded", "A discarded workspace cannot be bound, for it is about to be deleted: WorkspaceTakenError, and the claim stays.")
def a_discarded_workspace_cannot_be_bound(fresh: Fresh) -> None:
    it = fresh()
    it.store.discard(WORKSPACE)
    claim = it.claim(plan=a_plan())
    with raises(WorkspaceTakenError):
        it.store.bind(claim, WORKSPACE)
    holds("a claim that still lives", it.look().claimed_for > 0, it.look().claimed_for)
    present("a plan", it.look().plan)
