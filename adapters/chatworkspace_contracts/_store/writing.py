"""Writes of the holder, whichever they are: whose are accepted, and what a second one comes to."""

from __future__ import annotations

import attrs

from chatworkspace.ports import StaleClaimError
from chatworkspace_contracts._checks import equal, holds, present, raises
from chatworkspace_contracts._seconds import BRIEF
from chatworkspace_contracts._store.stage import (
    CHANGES,
    CHAT,
    THIRD,
    WORKSPACE,
    WRITES,
    Fresh,
    a_plan,
    attach,
    bind,
    close,
    detach,
    fresh_token,
    release,
    topic,
)

WRITING = topic("write")


@WRITING.rule("gives-back", "Every write of the holder gives the claim back: the next caller claims at once.")
def every_write_gives_the_claim_back(fresh: Fresh) -> None:
    for write in WRITES:
        it = fresh()
        claim = it.claim(plan=a_plan())
        write(it, claim)
        equal("the seconds that it is claimed for", it.look().claimed_for, 0)
        equal("the epoch of the next claim", it.claim().epoch, claim.epoch + 1)


@WRITING.rule("stale", "Once somebody else has claimed, a write is StaleClaimError: chat and history stay, and the new holder is the holder.")
def a_stale_claim_writes_nothing(fresh: Fresh) -> None:
    for write in CHANGES:
        it = fresh()
        stale = it.overtaken(plan=a_plan())
        before, history = it.look(), it.store.history(CHAT)
        with raises(StaleClaimError):
            write(it, stale)
        after = it.look()
        now = (after.chat, after.plan is None, after.number, after.epoch)
        equal("chat, no plan, number and epoch", now, (before.chat, before.plan is None, before.number, before.epoch))
        holds("a claim that still lives", after.claimed_for > 0, after.claimed_for)
        equal("the history", it.store.history(CHAT), history)


@WRITING.rule("stale-release", "A stale release is ignored: it takes the claim from nobody, drops no plan and leaves no note.")
def a_stale_release_is_ignored(fresh: Fresh) -> None:
    it = fresh()
    stale = it.overtaken(plan=a_plan())
    before = it.notes()
    release(it, stale)
    after = it.look()
    holds("a claim that still lives", after.claimed_for > 0, after.claimed_for)
    present("a plan", after.plan)
    equal("the notes", it.notes(), before)


@WRITING.rule(
    "another-token", "A claim of the right epoch with another token is stale: a store that lost its last commits counts to one number twice."
)
def a_claim_with_another_token_is_stale(fresh: Fresh) -> None:
    it = fresh()
    claim = it.claim(plan=a_plan())
    with raises(StaleClaimError):
        it.store.bind(attrs.evolve(claim, token=fresh_token()), WORKSPACE)


@WRITING.rule("another-epoch", "A claim with the right token of another epoch is stale.")
def a_claim_with_another_epoch_is_stale(fresh: Fresh) -> None:
    it = fresh()
    claim = it.claim(plan=a_plan())
    with raises(StaleClaimError):
        it.store.bind(attrs.evolve(claim, epoch=claim.epoch - 1), WORKSPACE)


@WRITING.rule("over", "A claim that is over still writes until somebody else claims: a slow answer is not lost.")
def a_claim_that_is_over_still_writes(fresh: Fresh) -> None:
    it = fresh()
    claim = it.claim(plan=a_plan(), ttl=BRIEF)
    it.clock.sleep(2 * BRIEF)
    equal("what is bound", it.store.bind(claim, WORKSPACE).workspace_id, WORKSPACE)


@WRITING.rule("repeated", "A write whose answer was lost can be repeated: it returns the same, and chat and history are as after the first.")
def a_write_can_be_repeated(fresh: Fresh) -> None:
    for write in WRITES:
        it = fresh()
        claim = it.claim(plan=a_plan())
        told = write(it, claim)
        look, history = it.look(), it.store.history(CHAT)
        equal("what the second write returns", write(it, claim), told)
        equal("the chat afterwards", it.look(), look)
        equal("the history afterwards", it.store.history(CHAT), history)


@WRITING.rule("second", "A second write that is not the first one repeated is StaleClaimError, and changes nothing: the first gave the claim back.")
def a_second_write_is_not_the_holders_any_more(fresh: Fresh) -> None:
    for first, second in ((bind, attach), (bind, detach), (attach, detach), (detach, bind), (detach, close), (close, bind)):
        it = fresh()
        claim = it.claim(plan=a_plan())
        first(it, claim)
        before, history = it.look(), it.store.history(CHAT)
        with raises(StaleClaimError):
            second(it, claim)
        equal("the chat afterwards", it.look(), before)
        equal("the history afterwards", it.store.history(CHAT), history)
        with raises(StaleClaimError):
            it.store.bind(claim, THIRD)


@WRITING.rule("repeated-too-late", "A repeated write is StaleClaimError once somebody else has claimed.")
def a_repeated_write_after_somebody_else_has_claimed(fresh: Fresh) -> None:
    for write in CHANGES:
        it = fresh()
        claim = it.claim(plan=a_plan())
        write(it, claim)
        it.claim()
        with raises(StaleClaimError):
            write(it, claim)
