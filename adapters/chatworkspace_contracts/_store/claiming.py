"""Claims: the right to change things for a chat."""

from __future__ import annotations

import attrs

from chatworkspace.ports import ChangedError, ClaimedError, NotFoundError
from chatworkspace_contracts._checks import equal, holds, raises
from chatworkspace_contracts._seconds import BRIEF, LONG
from chatworkspace_contracts._store.stage import CHAT, NAME, WORKSPACE, WRITES, Fresh, a_plan, fresh_token, topic

CLAIMING = topic("claim")


@CLAIMING.rule("epoch", "A claim counts the epoch up by one; giving it back keeps it.")
def a_claim_counts_the_epoch_up(fresh: Fresh) -> None:
    it = fresh()
    it.open()
    before = it.look().epoch
    for taken in range(1, 4):
        claim = it.claim()
        equal("the epochs of claim and chat", (claim.epoch, it.look().epoch), (before + taken, before + taken))
        it.store.release(claim)


@CLAIMING.rule("token", "A claim carries the token that the caller gave, so that its writes can be told from others'.")
def a_claim_carries_its_token(fresh: Fresh) -> None:
    it = fresh()
    it.open()
    mine = fresh_token()
    equal("the token", it.store.claim(it.look(), token=mine, ttl=LONG).token, mine)


@CLAIMING.rule("for-how-long", "A look at a claimed chat tells the seconds that are left, which get fewer as time passes.")
def a_claimed_chat_says_for_how_long(fresh: Fresh) -> None:
    it = fresh()
    it.claim(ttl=LONG)
    first = it.look().claimed_for
    it.clock.sleep(BRIEF)
    second = it.look().claimed_for
    holds(f"fewer seconds each time, from {LONG:g} to 0", 0 < second < first <= LONG, (first, second))


@CLAIMING.rule("holder", "A look at a claimed chat tells who holds it, by the token up to its last colon, and since when; of a free one neither.")
def a_claimed_chat_says_who_holds_it(fresh: Fresh) -> None:
    it = fresh()
    it.open()
    equal("the holder of a free chat", (it.look().holder, it.look().held_for), ("", 0))
    claim = it.store.claim(it.look(), token=f"web-3:4711:{fresh_token()}", ttl=LONG)
    it.clock.sleep(BRIEF)
    look = it.look()
    equal("the holder", look.holder, "web-3:4711")
    holds(f"seconds from {BRIEF:g} to {LONG:g} since it was claimed", BRIEF / 2 <= look.held_for <= LONG, look.held_for)
    it.store.release(claim)
    equal("the holder afterwards", (it.look().holder, it.look().held_for), ("", 0))


@CLAIMING.rule("held", "A chat that is held refuses a claim with ClaimedError, which says when to try again; the holder stays the holder.")
def a_held_chat_refuses_a_claim(fresh: Fresh) -> None:
    it = fresh()
    claim = it.claim(plan=a_plan())
    with raises(ClaimedError) as refused:
        it.claim()
    holds(f"seconds up to {LONG:g} after which to try again", 0 < refused.error.retry_in <= LONG, refused.error.retry_in)
    equal("what the holder binds", it.store.bind(claim, WORKSPACE).workspace_id, WORKSPACE)


@CLAIMING.rule("refused", "A claim that is refused changes nothing: neither its plan nor its epoch are written.")
def a_refused_claim_changes_nothing(fresh: Fresh) -> None:
    it = fresh()
    claim = it.claim(plan=a_plan())
    with raises(ClaimedError):
        it.claim(plan=a_plan("other", number=7))
    after = it.look()
    equal("name, number and epoch", (after.name, after.number, after.epoch), (NAME, 0, claim.epoch))


@CLAIMING.rule("over", "A claim that is over is free: a dead holder blocks its chat for no longer than the time to live.")
def a_claim_that_is_over_is_free(fresh: Fresh) -> None:
    it = fresh()
    first = it.claim(ttl=BRIEF)
    it.clock.sleep(2 * BRIEF)
    equal("the seconds that it is claimed for", it.look().claimed_for, 0)
    equal("the epoch of the next claim", it.claim().epoch, first.epoch + 1)


@CLAIMING.rule("look-before-another-claim", "A look from before another claim does not claim, though that was given back: ChangedError.")
def a_look_from_before_another_claim(fresh: Fresh) -> None:
    it = fresh()
    it.open()
    look = it.look()
    it.store.release(it.claim())
    with raises(ChangedError):
        it.store.claim(look, token=fresh_token(), ttl=LONG, plan=a_plan())
    equal("the plan", it.look().plan, None)


@CLAIMING.rule("look-before-a-write", "A look from before a write of the holder does not claim, though the epoch is the same: ChangedError.")
def a_look_from_before_a_write_of_the_holder(fresh: Fresh) -> None:
    for write in WRITES:
        it = fresh()
        claim = it.claim(plan=a_plan())
        look = it.look()
        write(it, claim)
        with raises(ChangedError):
            it.store.claim(look, token=fresh_token(), ttl=LONG)


@CLAIMING.rule("look-under-a-claim", "A look from under a claim that changed nothing claims: what was looked at still stands.")
def a_look_from_under_a_claim_that_changed_nothing(fresh: Fresh) -> None:
    it = fresh()
    claim = it.claim(plan=a_plan())
    look = it.look()
    it.store.release(claim)
    equal("the epoch of the claim", it.store.claim(look, token=fresh_token(), ttl=LONG).epoch, claim.epoch + 1)


@CLAIMING.rule("unknown", "Claiming a chat that is not there is NotFoundError, as for a look from another store.")
def claiming_a_chat_that_is_not_there(fresh: Fresh) -> None:
    it = fresh()
    it.open()
    look = attrs.evolve(it.look(), chat=attrs.evolve(it.look().chat, id="nobody"))
    with raises(NotFoundError):
        it.store.claim(look, token=fresh_token(), ttl=LONG)


@CLAIMING.rule(
    "same-token-again", "Asked for once more with the same token and look, for the answer was lost, a claim is the same claim, counted once."
)
def the_same_token_gets_its_claim_again(fresh: Fresh) -> None:
    it = fresh()
    it.open()
    look, token = it.look(), fresh_token()
    first = it.store.claim(look, token=token, ttl=LONG, plan=a_plan())
    again = it.store.claim(look, token=token, ttl=LONG, plan=a_plan())
    equal("epoch, token and chat", (again.epoch, again.token, again.chat), (first.epoch, first.token, first.chat))
    equal("the epoch of the chat", it.look().epoch, look.epoch + 1)
    equal("how long the history is", len(it.store.history(CHAT)), 1)
    equal("what it binds", it.store.bind(again, WORKSPACE).workspace_id, WORKSPACE)


@CLAIMING.rule("same-token-too-late", "The same token does not get its claim again once somebody else has claimed: ChangedError.")
def the_same_token_after_somebody_else(fresh: Fresh) -> None:
    it = fresh()
    it.open()
    look, token = it.look(), fresh_token()
    it.store.claim(look, token=token, ttl=BRIEF)
    it.clock.sleep(2 * BRIEF)
    it.claim()
    with raises(ChangedError):
        it.store.claim(look, token=token, ttl=LONG)
