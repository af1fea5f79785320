"""Every fault, in every situation that matters: one chat has one live workspace, and the next call goes on from there."""

from __future__ import annotations

import pytest

from tests.service.situations import ALONE, CASES, Case
from tests.service.stories import CLAIM, CREATING, FOUND, LONGER, READY, World, create, stop

PATIENCE = CLAIM + CREATING + 2 * READY
"""Seconds that a call takes at most: for a claim that nobody gave back, an answer that does not come, a build, and another that supersedes it."""


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_chat_keeps_its_one_workspace(case: Case) -> None:
    """Something goes wrong once; whoever calls then, and whoever calls later, is told one and the same workspace, and how it is."""
    world = case.play()
    fault, look = case.fault, world.look
    *_, then, last = world.told
    bound, strays = look.chat.workspace_id, {it.id for it in world.third.workspaces.sweep().strays}

    if case.situation is ALONE:
        struck = world.told[0]
        assert (struck.word, int(struck.took)) == (fault.says, fault.took), "what the caller is told whom the fault strikes, and when"
        assert then.word in ((fault.later,) if fault.later else case.ends), "the next call goes on from there"
        assert world.asked == fault.requests, "nothing is asked for twice that may have been done"
    assert last.word in case.ends, "once faults end, the next call ends with a live workspace, or with a reason"
    assert last.word in (*FOUND, "chat_closed", "deleted") or (last.outcome is not None and last.outcome.next_step), "and that says who must act"
    assert max(told.took for told in world.told) <= max(PATIENCE + LONGER * fault.stops_first, fault.took), "every call ends in time"
    assert world.contradictions == [], "all callers of one generation are told the same workspace, and what it was not made with"
    in_doubt = fault.doubt and case.situation is ALONE
    assert (look.plan is not None, look.claimed_for) == (in_doubt, 0), "no plan stands but a replacement's in doubt, and no claim is in force"
    assert not in_doubt or bound is not None, "and that leaves the chat what it had"

    live = {it.id for it in world.sim.coder.live if it in world.made}
    assert world.overlaps(allowed=world.left_behind if case.leaves else set()) == [], "never two live workspaces of one chat's making"
    assert last.word != "deleted" or not live, "what is told to be deleted is gone"
    assert case.leaves or live == {bound}, "the chat has the one that lives"
    assert strays == {it.id for it in world.made if it.id in live and it.now.name == it.made_as} - {bound}, "the sweep lists what nobody has"


def test_nothing_is_sent_under_a_claim_that_is_over() -> None:
    """A holder that slept through its claim looks again, and claims anew before it asks for anything."""
    world = World()
    world.first.pause(LONGER, after="store.claim")
    world.run((world.first, create))
    steps = [line.split()[3] for line in world.sim.trace.splitlines() if " first " in line]
    claim, request = "store.claim", "coder.create_workspace"
    assert [step for step in steps if step in {claim, request}] == [claim, claim, request]


@pytest.mark.parametrize("seed", range(8))
def test_a_stop_is_told_of_its_own_build(seed: int) -> None:
    """Another caller of the process has heard of the start that was before the stop: the stop takes nothing from that."""
    world = World(seed)
    world.meanwhile(10, world.first, stop)
    world.run((world.first, create))
    assert sorted(told.word for told in world.told) == ["not_running", "stopped"]
