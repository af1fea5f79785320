"""Waiting for a chat's turn."""

from __future__ import annotations

from functools import partial

from chatworkspace_contracts._checks import within
from chatworkspace_contracts._seconds import BRIEF, SOON
from chatworkspace_contracts._store.stage import WRITES, Fresh, a_plan, topic

TURNS = topic("turn")
WAITED = "how long the turn was waited for"


@TURNS.rule("deadline", "A chat that stays claimed keeps nobody who waits for its turn beyond the deadline.")
def the_turn_is_waited_for_until_the_deadline(fresh: Fresh) -> None:
    it = fresh()
    it.claim()
    look = it.look()
    within(WAITED, it.took(partial(it.wait, look, BRIEF)), SOON)


@TURNS.rule("given-back", "The turn comes when the claim is given back: every write of the holder ends the waiting, long before the deadline.")
def the_turn_comes_when_the_claim_is_given_back(fresh: Fresh) -> None:
    for write in WRITES:
        it = fresh()
        claim = it.claim(plan=a_plan())
        look = it.look()
        wait = partial(it.wait, look)
        give_back = partial(it.later, partial(write, it, claim))
        within(WAITED, it.took(partial(it.threads.together, [wait, wait, give_back])), SOON)


@TURNS.rule("over", "The turn comes when the claim is over, for nobody gives back what a dead process held.")
def the_turn_comes_when_the_claim_is_over(fresh: Fresh) -> None:
    it = fresh()
    it.claim(ttl=2 * BRIEF)
    look = it.look()
    within(WAITED, it.took(partial(it.wait, look)), SOON)


@TURNS.rule("free", "A chat that is free is not waited for.")
def a_free_chat_is_not_waited_for(fresh: Fresh) -> None:
    it = fresh()
    it.open()
    look = it.look()
    within(WAITED, it.took(partial(it.wait, look)), SOON)


@TURNS.rule("claimed-since", "A chat that was claimed since the look is not waited for: it has to be looked at again.")
def a_chat_that_was_claimed_since_is_not_waited_for(fresh: Fresh) -> None:
    it = fresh()
    it.open()
    look = it.look()
    it.claim()
    within(WAITED, it.took(partial(it.wait, look)), SOON)
