"""The contract of a Store, one test a rule. An adapter subclasses StoreContract and gives it a fixture `store_factory`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from itertools import count
from uuid import UUID

import attrs
import pytest

from chatworkspace import Chat
from chatworkspace.ports import (
    ChangedError,
    Claim,
    ClaimedError,
    Clock,
    Intent,
    Look,
    NotFoundError,
    Plan,
    StaleClaimError,
    Store,
    WorkspaceTakenError,
)
from tests.contract.threads import THREADS, Threads

CHAT = "chat-1"
OWNER, OTHER_OWNER, ORGANIZATION, OTHER_ORGANIZATION, TEMPLATE, OTHER_TEMPLATE, PRESET = (UUID(int=number) for number in range(1, 8))
WORKSPACE, ANOTHER, THIRD = (UUID(int=number) for number in range(101, 104))
GIVEN = 5
"""The number that attach, detach and close are given."""
LONG = 30.0
"""Seconds that no test waits for."""
BRIEF = 0.05
"""Seconds that a test can wait for."""
SOON = 5.0
"""Seconds within which what need not wait has happened, on the slowest machine."""

_tokens = count()


@attrs.frozen(kw_only=True)
class StoreWorld:
    """A fresh store, and what a test needs to use it."""

    store: Store
    clock: Clock
    """Lets time pass, by the store's clock as well."""
    threads: Threads

    def open(self, chat_id: str = CHAT) -> Chat:
        """Open a chat."""
        return self.store.open_chat(chat_id, OWNER, ORGANIZATION)

    def look(self, chat_id: str = CHAT) -> Look:
        """Look at it."""
        return self.store.look(chat_id)

    def claim(self, chat_id: str = CHAT, *, plan: Plan | None = None, ttl: float = LONG, keep: bool = False) -> Claim:
        """Look at a chat, opened if need be, and claim it."""
        self.open(chat_id)
        return self.store.claim(self.look(chat_id), token=fresh_token(), ttl=ttl, plan=plan, keep=keep)

    def replacing(self, plan: Plan | None = None, *, ttl: float = LONG) -> Claim:
        """Claim a chat, which is bound, with a plan beside its binding."""
        return self.claim(plan=plan or another_plan(), ttl=ttl, keep=True)

    def bound(self, workspace_id: UUID = WORKSPACE, chat_id: str = CHAT) -> Claim:
        """Make a chat whose making is this workspace, bound to it; return the claim, which was given back."""
        claim = self.claim(chat_id, plan=a_plan())
        self.store.bind(claim, workspace_id)
        return claim

    def overtaken(self, *, plan: Plan | None = None) -> Claim:
        """Return a claim that was over, and that somebody has claimed after."""
        claim = self.claim(plan=plan, ttl=BRIEF)
        self.clock.sleep(2 * BRIEF)
        self.claim()
        return claim

    def latest(self, chat_id: str = CHAT) -> Intent:
        """Return the end of the history."""
        return self.store.history(chat_id)[-1]

    def notes(self, chat_id: str = CHAT) -> list[str]:
        """Return all notes in the history."""
        return [note for intent in self.store.history(chat_id) for note in intent.notes]

    def took(self, call: Callable[[], object]) -> float:
        """Return how many seconds a call takes."""
        began = self.clock.monotonic()
        call()
        return self.clock.monotonic() - began


StoreFactory = Callable[[], StoreWorld]


def fresh_token() -> str:
    return f"token-{next(_tokens)}"


def a_plan(name: str = "dev-abcdefghij", *, number: int = 0, template_id: UUID = TEMPLATE, preset_id: UUID | None = None) -> Plan:
    return Plan(name=name, number=number, template_id=template_id, preset_id=preset_id, fingerprint="print")


def another_plan(name: str = "lab-bbbbbbbbbb", *, number: int = 1) -> Plan:
    """Return one that is to replace what a_plan() became."""
    return a_plan(name, number=number, template_id=OTHER_TEMPLATE, preset_id=PRESET)


def attach(world: StoreWorld, claim: Claim) -> object:
    return world.store.attach(claim, ANOTHER, number=GIVEN, note="attached")


def detach(world: StoreWorld, claim: Claim) -> object:
    return world.store.attach(claim, None, number=GIVEN, note="detached")


def close(world: StoreWorld, claim: Claim) -> object:
    return world.store.close_chat(claim, number=GIVEN, note="closed")


def release(world: StoreWorld, claim: Claim) -> None:
    world.store.release(claim, note="refused", drop_plan=True)


def bind(world: StoreWorld, claim: Claim) -> object:
    return world.store.bind(claim, WORKSPACE)


Write = Callable[[StoreWorld, Claim], object]
WRITES: tuple[Write, ...] = (bind, attach, detach, close, release)


def spoil(values: Sequence[object]) -> None:
    """Change what a store has handed out, where it can be changed."""
    if isinstance(values, list):
        values.clear()


class StoreContract:
    """Every rule of Store. `store_factory`: returns a StoreWorld over a fresh store."""

    # ------------------------------------------------------------ the secret

    def test_the_secret_is_32_bytes(self, store_factory: StoreFactory) -> None:
        """It is as long as a key of HMAC-SHA256 should be."""
        assert len(store_factory().store.secret()) == 32

    def test_the_secret_stays(self, store_factory: StoreFactory) -> None:
        """Marks are computed from it, so it is the same ever after, whatever was done meanwhile."""
        world = store_factory()
        secret = world.store.secret()
        world.bound()
        assert world.store.secret() == secret

    def test_two_stores_have_two_secrets(self, store_factory: StoreFactory) -> None:
        """It is random: a mark of one store proves nothing to another."""
        assert store_factory().store.secret() != store_factory().store.secret()

    def test_threads_that_ask_first_together_get_one_secret(self, store_factory: StoreFactory) -> None:
        """Several may be the first to use it; one secret is made."""
        world = store_factory()
        assert len(set(world.threads.together([world.store.secret] * THREADS))) == 1

    # ------------------------------------------------------------ opening and looking

    def test_a_chat_opens_at_generation_1(self, store_factory: StoreFactory) -> None:
        """A new chat is unbound, open, and at its first generation."""
        opened = store_factory().open()
        assert opened == Chat(id=CHAT, owner_id=OWNER, organization_id=ORGANIZATION, generation=1)

    def test_opening_again_returns_what_is_stored(self, store_factory: StoreFactory) -> None:
        """The chat as it is comes back, not as it began."""
        world = store_factory()
        world.bound()
        detach(world, world.claim())
        assert world.open() == world.look().chat
        assert world.open().generation == 2

    def test_opening_for_another_owner_changes_nothing(self, store_factory: StoreFactory) -> None:
        """What is stored comes back, so that the caller can compare; owner and organization stay."""
        world = store_factory()
        first = world.open()
        assert world.store.open_chat(CHAT, OTHER_OWNER, OTHER_ORGANIZATION) == first
        assert world.look().chat == first

    def test_threads_that_open_one_chat_get_one_row(self, store_factory: StoreFactory) -> None:
        """In every round all are told the same owner: that of whoever was first."""
        world = store_factory()
        for round_number in range(world.threads.rounds):
            chat_id, owners = f"chat-{round_number}", [UUID(int=number) for number in range(1, THREADS + 1)]
            calls = [partial(world.store.open_chat, chat_id, owner, ORGANIZATION) for owner in owners]
            told = world.threads.together(calls)
            assert told == [world.look(chat_id).chat] * THREADS

    def test_a_new_chat_looks_free_and_unplanned(self, store_factory: StoreFactory) -> None:
        """No plan, no name, nobody's claim."""
        world = store_factory()
        chat = world.open()
        look = world.look()
        assert (look.chat, look.plan, look.name, look.claimed_for) == (chat, None, "", 0)

    def test_looking_at_an_unknown_chat(self, store_factory: StoreFactory) -> None:
        """NotFoundError; looking makes no chat."""
        world = store_factory()
        for _ in range(2):
            with pytest.raises(NotFoundError):
                world.look("nobody")

    def test_looking_changes_nothing(self, store_factory: StoreFactory) -> None:
        """Two looks in a row are the same, and take no claim."""
        world = store_factory()
        world.bound()
        assert world.look() == world.look()
        assert world.look().claimed_for == 0

    def test_ids_are_told_apart_by_every_character(self, store_factory: StoreFactory) -> None:
        """Case, accents, spaces and signs beyond the basic plane make another chat."""
        world, ids = store_factory(), ["chat", "Chat", "chät", "cha\u0308t", "chat ", " chat", "chat\U0001f600", "%", "'"]
        for chat_id in ids:
            world.open(chat_id)
        assert {look.chat.id for look in world.store.chats()} == set(ids)

    # ------------------------------------------------------------ values handed out

    def test_a_look_does_not_change_with_its_chat(self, store_factory: StoreFactory) -> None:
        """What was handed out is a copy: the chat goes on and is looked at again, the look stays."""
        world = store_factory()
        world.open()
        look = world.look()
        copy = attrs.evolve(look)
        world.bound()
        assert world.look() != copy
        assert look == copy

    def test_a_chat_handed_out_does_not_change(self, store_factory: StoreFactory) -> None:
        """The same holds for chats and claims."""
        world = store_factory()
        chat, claim = world.open(), world.claim(plan=a_plan())
        world.store.bind(claim, WORKSPACE)
        assert world.open().workspace_id == WORKSPACE
        assert (chat.workspace_id, claim.chat.workspace_id, claim.plan is not None) == (None, None, True)

    def test_what_was_handed_out_can_be_spoilt(self, store_factory: StoreFactory) -> None:
        """Emptying the lists that a store has returned takes nothing from it."""
        world = store_factory()
        world.claim(plan=a_plan())
        reads: list[Callable[[], Sequence[object]]] = [partial(world.store.history, CHAT), partial(world.store.planned, 0), world.store.chats]
        for read in reads:
            spoil(read())
            assert len(read()) == 1

    def test_a_history_handed_out_does_not_grow(self, store_factory: StoreFactory) -> None:
        """What was read stays as it was read."""
        world = store_factory()
        world.bound()
        before = world.store.history(CHAT)
        read = list(before)
        detach(world, world.claim())
        assert len(world.store.history(CHAT)) == 2
        assert list(before) == read

    # ------------------------------------------------------------ claiming

    def test_a_claim_counts_the_epoch_up(self, store_factory: StoreFactory) -> None:
        """By one for each claim; giving it back keeps it."""
        world = store_factory()
        world.open()
        before = world.look().epoch
        for taken in range(1, 4):
            claim = world.claim()
            assert claim.epoch == world.look().epoch == before + taken
            world.store.release(claim)

    def test_a_claim_carries_its_token(self, store_factory: StoreFactory) -> None:
        """The token that the caller gave, so that its writes can be told from others'."""
        world = store_factory()
        world.open()
        mine = fresh_token()
        assert world.store.claim(world.look(), token=mine, ttl=LONG).token == mine

    def test_a_claimed_chat_says_for_how_long(self, store_factory: StoreFactory) -> None:
        """The look tells the seconds that are left, which get fewer as time passes."""
        world = store_factory()
        world.claim(ttl=LONG)
        first = world.look().claimed_for
        world.clock.sleep(BRIEF)
        assert 0 < world.look().claimed_for < first <= LONG

    def test_a_held_chat_refuses_a_claim(self, store_factory: StoreFactory) -> None:
        """ClaimedError, with the seconds after which to try again; the holder stays the holder."""
        world = store_factory()
        claim = world.claim(plan=a_plan())
        with pytest.raises(ClaimedError) as refused:
            world.claim()
        assert 0 < refused.value.retry_in <= LONG
        assert world.store.bind(claim, WORKSPACE).workspace_id == WORKSPACE

    def test_a_refused_claim_changes_nothing(self, store_factory: StoreFactory) -> None:
        """Neither its plan nor its epoch are written."""
        world = store_factory()
        claim = world.claim(plan=a_plan())
        with pytest.raises(ClaimedError):
            world.claim(plan=a_plan("other", number=7))
        after = world.look()
        assert (after.name, after.number, after.epoch) == ("dev-abcdefghij", 0, claim.epoch)

    def test_a_claim_that_is_over_is_free(self, store_factory: StoreFactory) -> None:
        """A dead holder blocks its chat for no longer than the time to live."""
        world = store_factory()
        first = world.claim(ttl=BRIEF)
        world.clock.sleep(2 * BRIEF)
        assert world.look().claimed_for == 0
        assert world.claim().epoch == first.epoch + 1

    def test_a_look_from_before_another_claim(self, store_factory: StoreFactory) -> None:
        """ChangedError: somebody has come and gone since."""
        world = store_factory()
        world.open()
        look = world.look()
        world.store.release(world.claim())
        with pytest.raises(ChangedError):
            world.store.claim(look, token=fresh_token(), ttl=LONG, plan=a_plan())
        assert world.look().plan is None

    def test_a_look_from_before_a_write_of_the_holder(self, store_factory: StoreFactory) -> None:
        """ChangedError, though the epoch is the same: the holder's own write keeps it, and the chat is another than was looked at."""
        for write in WRITES:
            world = store_factory()
            claim = world.claim(plan=a_plan())
            look = world.look()
            write(world, claim)
            with pytest.raises(ChangedError):
                world.store.claim(look, token=fresh_token(), ttl=LONG)

    def test_a_look_from_under_a_claim_that_changed_nothing(self, store_factory: StoreFactory) -> None:
        """It claims: what was looked at still stands."""
        world = store_factory()
        claim = world.claim(plan=a_plan())
        look = world.look()
        world.store.release(claim)
        assert world.store.claim(look, token=fresh_token(), ttl=LONG).epoch == claim.epoch + 1

    def test_claiming_a_chat_that_is_not_there(self, store_factory: StoreFactory) -> None:
        """NotFoundError, as for a look from another store."""
        world = store_factory()
        world.open()
        look = attrs.evolve(world.look(), chat=attrs.evolve(world.look().chat, id="nobody"))
        with pytest.raises(NotFoundError):
            world.store.claim(look, token=fresh_token(), ttl=LONG)

    def test_the_same_token_gets_its_claim_again(self, store_factory: StoreFactory) -> None:
        """The answer was lost, and the claim is asked for once more, from the same look: it is the same claim, counted once."""
        world = store_factory()
        world.open()
        look, token = world.look(), fresh_token()
        first = world.store.claim(look, token=token, ttl=LONG, plan=a_plan())
        again = world.store.claim(look, token=token, ttl=LONG, plan=a_plan())
        assert (again.epoch, again.token, again.chat) == (first.epoch, first.token, first.chat)
        assert world.look().epoch == look.epoch + 1
        assert len(world.store.history(CHAT)) == 1
        assert world.store.bind(again, WORKSPACE).workspace_id == WORKSPACE

    def test_the_same_token_after_somebody_else(self, store_factory: StoreFactory) -> None:
        """An overtaken holder does not get its claim again."""
        world = store_factory()
        world.open()
        look, token = world.look(), fresh_token()
        world.store.claim(look, token=token, ttl=BRIEF)
        world.clock.sleep(2 * BRIEF)
        world.claim()
        with pytest.raises(ChangedError):
            world.store.claim(look, token=token, ttl=LONG)

    # ------------------------------------------------------------ the plan

    def test_a_plan_is_written_with_the_claim(self, store_factory: StoreFactory) -> None:
        """In the same step: plan, name and number stand before anything is sent."""
        world, plan = store_factory(), a_plan("lab-abcdefghij", number=3, preset_id=PRESET)
        claim, look = world.claim(plan=plan), world.look()
        for written in (claim.plan, look.plan):
            assert written is not None
            assert attrs.evolve(written, planned_for=0) == plan
        assert (look.name, look.number) == ("lab-abcdefghij", 3)

    def test_a_plan_unbinds(self, store_factory: StoreFactory) -> None:
        """What was bound is gone, and the plan is of a generation that begins without it."""
        world = store_factory()
        world.bound()
        claim = world.claim(plan=a_plan())
        assert claim.chat == world.look().chat
        assert claim.chat.workspace_id is None

    def test_a_plan_takes_the_place_of_another(self, store_factory: StoreFactory) -> None:
        """Somebody died or was refused; the next caller's request is what stands."""
        world = store_factory()
        world.store.release(world.claim(plan=a_plan()))
        world.claim(plan=a_plan("lab-abcdefghij", number=1, template_id=OTHER_TEMPLATE))
        look = world.look()
        assert look.plan is not None
        assert (look.plan.template_id, look.plan.name, look.name, look.number) == (OTHER_TEMPLATE, "lab-abcdefghij", "lab-abcdefghij", 1)

    def test_a_claim_without_a_plan_leaves_a_standing_one(self, store_factory: StoreFactory) -> None:
        """Claim.plan is what stands, for its holder to settle."""
        world = store_factory()
        world.store.release(world.claim(plan=a_plan()))
        claim, look = world.claim(), world.look()
        for standing in (claim.plan, look.plan):
            assert standing is not None
            assert attrs.evolve(standing, planned_for=0) == a_plan()
        assert claim.chat.generation == 1

    def test_a_claim_without_a_plan_leaves_the_binding(self, store_factory: StoreFactory) -> None:
        """A start or a stop claims a bound chat, which stays bound and at its generation."""
        world = store_factory()
        world.bound()
        before = world.look().chat
        claim = world.claim()
        assert (claim.chat, claim.plan, world.look().chat) == (before, None, before)

    def test_the_first_plan_keeps_generation_1(self, store_factory: StoreFactory) -> None:
        """Nothing was made or bound before."""
        assert store_factory().claim(plan=a_plan()).chat.generation == 1

    def test_binding_keeps_the_generation(self, store_factory: StoreFactory) -> None:
        """The plan opened it; what it became belongs to it."""
        world = store_factory()
        world.bound()
        assert world.look().chat.generation == 1

    def test_a_plan_in_place_of_another_keeps_the_generation(self, store_factory: StoreFactory) -> None:
        """One generation, however many requests it took."""
        world = store_factory()
        for _ in range(3):
            claim = world.claim(plan=a_plan())
            world.store.release(claim)
            assert claim.chat.generation == 1
        assert len(world.store.history(CHAT)) == 1

    def test_a_plan_over_a_binding_counts_the_generation_up(self, store_factory: StoreFactory) -> None:
        """What was bound is left behind."""
        world = store_factory()
        world.bound()
        assert world.claim(plan=a_plan()).chat.generation == 2

    def test_a_plan_after_a_dropped_one_counts_the_generation_up(self, store_factory: StoreFactory) -> None:
        """There was an earlier intent, and no plan stands."""
        world = store_factory()
        world.store.release(world.claim(plan=a_plan()), drop_plan=True)
        assert world.claim(plan=a_plan()).chat.generation == 2

    def test_a_plan_after_detaching_counts_the_generation_up(self, store_factory: StoreFactory) -> None:
        """Once for the detaching, once for the plan."""
        world = store_factory()
        world.bound()
        detach(world, world.claim())
        assert world.claim(plan=a_plan()).chat.generation == 3

    # ------------------------------------------------------------ a plan beside a binding

    def test_a_plan_that_keeps_stands_beside_the_binding(self, store_factory: StoreFactory) -> None:
        """Binding and generation stay, nothing goes into the history; name and number are the plan's."""
        world = store_factory()
        world.bound()
        before, history = world.look().chat, list(world.store.history(CHAT))
        claim, look = world.replacing(), world.look()
        assert claim.chat == look.chat == before
        for standing in (claim.plan, look.plan):
            assert standing is not None
            assert attrs.evolve(standing, planned_for=0) == another_plan()
        assert (look.name, look.number) == ("lab-bbbbbbbbbb", 1)
        assert list(world.store.history(CHAT)) == history

    def test_binding_another_switches(self, store_factory: StoreFactory) -> None:
        """One generation more, and an intent of its own: as planned, what it replaces, what it became. The plan stands no more."""
        world = store_factory()
        world.bound()
        claim = world.replacing()
        world.clock.sleep(BRIEF)
        chat, told = world.store.bind(claim, ANOTHER), world.latest()
        look = world.look()
        assert chat == look.chat
        assert (chat.workspace_id, chat.generation, look.plan, look.name, look.number) == (ANOTHER, 2, None, "lab-bbbbbbbbbb", 1)
        assert (told.generation, told.name, told.template_id, told.preset_id) == (2, "lab-bbbbbbbbbb", OTHER_TEMPLATE, PRESET)
        assert (told.replaces, told.workspace_id) == (WORKSPACE, ANOTHER)
        assert told.planned_at is not None
        assert told.bound_at is not None
        assert told.planned_at + timedelta(seconds=BRIEF / 2) < told.bound_at
        assert world.store.history(CHAT)[0].workspace_id == WORKSPACE

    def test_switching_again_repeats_nothing(self, store_factory: StoreFactory) -> None:
        """The answer was lost: the same row comes back, counted once and told once."""
        world = store_factory()
        world.bound()
        claim = world.replacing()
        first = world.store.bind(claim, ANOTHER)
        assert world.store.bind(claim, ANOTHER) == first == world.look().chat
        assert len(world.store.history(CHAT)) == 2
        with pytest.raises(StaleClaimError):
            world.store.bind(claim, THIRD)

    def test_binding_what_is_bound_drops_the_plan(self, store_factory: StoreFactory) -> None:
        """Nothing is counted and nothing told: the chat has it already."""
        world = store_factory()
        world.bound()
        before, history = world.look().chat, list(world.store.history(CHAT))
        assert world.store.bind(world.replacing(), WORKSPACE) == before == world.look().chat
        assert world.look().plan is None
        assert list(world.store.history(CHAT)) == history

    def test_what_was_replaced_can_be_discarded_and_what_is_bound_cannot(self, store_factory: StoreFactory) -> None:
        """While the replacement stands, the old one is bound; once it is bound itself, it is the other way round."""
        world = store_factory()
        world.bound()
        claim = world.replacing()
        with pytest.raises(WorkspaceTakenError):
            world.store.discard(WORKSPACE)
        world.store.bind(claim, ANOTHER)
        world.store.discard(WORKSPACE)
        with pytest.raises(WorkspaceTakenError):
            world.store.discard(ANOTHER)

    def test_another_chats_making_replaces_nothing(self, store_factory: StoreFactory) -> None:
        """WorkspaceTakenError; claim, plan and binding stay."""
        world = store_factory()
        world.bound(ANOTHER, "maker")
        world.bound()
        claim = world.replacing()
        with pytest.raises(WorkspaceTakenError):
            world.store.bind(claim, ANOTHER)
        look = world.look()
        assert (look.chat, look.plan is not None, look.claimed_for > 0) == (claim.chat, True, True)
        assert world.store.bind(claim, THIRD).generation == 2

    def test_a_replacement_that_is_dropped_gives_the_name_back(self, store_factory: StoreFactory) -> None:
        """Name and number go back to the look's, in the same step; the chat is as it was, and the note goes to what stays bound."""
        world = store_factory()
        world.bound()
        before = world.look()
        claim = world.replacing()
        world.store.release(claim, note="refused", drop_plan=True, back=before)
        look = world.look()
        assert attrs.evolve(look, epoch=before.epoch) == before
        assert (look.epoch, look.claimed_for) == (claim.epoch, 0)
        assert (world.latest().generation, world.latest().notes) == (1, ("refused",))

    def test_a_stale_holder_gives_no_name_back(self, store_factory: StoreFactory) -> None:
        """Somebody has claimed since, with a plan under the same name: it stands, and so do name and number."""
        world = store_factory()
        world.bound()
        before = world.look()
        stale = world.replacing(ttl=BRIEF)
        world.clock.sleep(2 * BRIEF)
        world.replacing()
        world.store.release(stale, note="refused", drop_plan=True, back=before)
        look = world.look()
        assert (look.plan is not None, look.name, look.number, look.claimed_for > 0) == (True, "lab-bbbbbbbbbb", 1, True)
        assert world.notes() == []

    def test_a_replacement_in_doubt_keeps_its_age(self, store_factory: StoreFactory) -> None:
        """A plan that takes its place has stood since the first; what it becomes was planned then."""
        world = store_factory()
        world.bound()
        world.store.release(world.replacing())
        first = world.look().plan
        world.clock.sleep(4 * BRIEF)
        claim = world.replacing()
        second = world.look().plan
        assert first is not None
        assert second is not None
        assert second.planned_for >= first.planned_for + 2 * BRIEF
        world.store.bind(claim, ANOTHER)
        told = world.latest()
        assert told.planned_at is not None
        assert told.bound_at is not None
        assert told.planned_at + timedelta(seconds=2 * BRIEF) < told.bound_at

    def test_a_plan_that_does_not_keep_unbinds_also_beside_another(self, store_factory: StoreFactory) -> None:
        """What was bound is gone: one generation more, with an intent of its own, though a plan stood."""
        world = store_factory()
        world.bound()
        world.store.release(world.replacing())
        claim = world.claim(plan=another_plan())
        told = world.latest()
        assert (claim.chat.workspace_id, claim.chat.generation) == (None, 2)
        assert (told.generation, told.name, told.replaces, told.workspace_id) == (2, "lab-bbbbbbbbbb", WORKSPACE, None)
        world.store.discard(WORKSPACE)
        world.store.bind(claim, ANOTHER)
        assert [(it.generation, it.workspace_id) for it in world.store.history(CHAT)] == [(1, WORKSPACE), (2, ANOTHER)]

    def test_a_replacement_is_listed_with_the_plans(self, store_factory: StoreFactory) -> None:
        """The sweep looks for it, and sees what is bound as well."""
        world = store_factory()
        world.bound()
        world.store.release(world.replacing())
        (look,) = world.store.planned(0)
        assert look.plan is not None
        assert (look.chat.workspace_id, look.plan.name) == (WORKSPACE, "lab-bbbbbbbbbb")

    def test_leaving_ends_a_replacement(self, store_factory: StoreFactory) -> None:
        """Attach, detach and close end binding and plan in one step, and name what was bound."""
        for write, workspace_id in ((attach, ANOTHER), (detach, None), (close, None)):
            world = store_factory()
            world.bound()
            world.store.release(world.replacing())
            write(world, world.claim())
            look, told = world.look(), world.latest()
            assert (look.plan, look.chat.workspace_id, look.chat.generation, look.number) == (None, workspace_id, 2, GIVEN)
            assert (told.replaces, told.workspace_id) == (WORKSPACE, workspace_id)

    def test_a_look_from_before_a_replacement_was_planned_or_dropped(self, store_factory: StoreFactory) -> None:
        """ChangedError: whether a plan stands is part of what a claim has to match."""
        world = store_factory()
        world.bound()
        before = world.look()
        claim = world.replacing()
        during = world.look()
        for look in (before, during):
            if look is during:
                world.store.release(claim, drop_plan=True, back=before)
            with pytest.raises(ChangedError):
                world.store.claim(look, token=fresh_token(), ttl=LONG)

    def test_of_racing_replacements_one_switches(self, store_factory: StoreFactory) -> None:
        """In every round one of 8 threads claims beside the binding and switches; the generation rises by one."""
        world = store_factory()
        world.bound()
        for round_number in range(1, world.threads.rounds + 1):
            look = world.look()
            won = world.threads.together([partial(_race, world.store, look, None, keep=True)] * THREADS)
            (claim,) = [it for it in won if it is not None]
            after = world.look()
            assert after.chat.generation == round_number + 1
            assert (after.chat.workspace_id, after.plan) == (_made_by(claim), None)
            assert world.latest().replaces == look.chat.workspace_id

    # ------------------------------------------------------------ waiting for the turn

    def test_the_turn_is_waited_for_until_the_deadline(self, store_factory: StoreFactory) -> None:
        """A chat that stays claimed keeps nobody beyond the deadline."""
        world = store_factory()
        world.claim()
        look = world.look()
        assert world.took(lambda: world.store.wait_for_turn(look, world.clock.monotonic() + BRIEF)) < SOON

    def test_the_turn_comes_when_the_claim_is_given_back(self, store_factory: StoreFactory) -> None:
        """Every holder's write ends the waiting, long before the deadline."""
        for write in WRITES:
            world = store_factory()
            claim = world.claim(plan=a_plan())
            look = world.look()
            wait = partial(world.store.wait_for_turn, look, world.clock.monotonic() + LONG)
            give_back = partial(_later, world, partial(write, world, claim))
            assert world.took(partial(world.threads.together, [wait, wait, give_back])) < SOON

    def test_the_turn_comes_when_the_claim_is_over(self, store_factory: StoreFactory) -> None:
        """Nobody gives back what a dead process held; its time to live ends the waiting."""
        world = store_factory()
        world.claim(ttl=2 * BRIEF)
        look = world.look()
        assert world.took(lambda: world.store.wait_for_turn(look, world.clock.monotonic() + LONG)) < SOON

    def test_a_free_chat_is_not_waited_for(self, store_factory: StoreFactory) -> None:
        """It may be claimed at once."""
        world = store_factory()
        world.open()
        look = world.look()
        assert world.took(lambda: world.store.wait_for_turn(look, world.clock.monotonic() + LONG)) < SOON

    def test_a_chat_that_was_claimed_since_is_not_waited_for(self, store_factory: StoreFactory) -> None:
        """It has changed since the look, and has to be looked at again."""
        world = store_factory()
        world.open()
        look = world.look()
        world.claim()
        assert world.took(lambda: world.store.wait_for_turn(look, world.clock.monotonic() + LONG)) < SOON

    # ------------------------------------------------------------ writes of the holder

    def test_every_write_gives_the_claim_back(self, store_factory: StoreFactory) -> None:
        """The next caller claims at once."""
        for write in WRITES:
            world = store_factory()
            claim = world.claim(plan=a_plan())
            write(world, claim)
            assert world.look().claimed_for == 0
            assert world.claim().epoch == claim.epoch + 1

    def test_a_stale_claim_writes_nothing(self, store_factory: StoreFactory) -> None:
        """StaleClaimError once somebody else has claimed; the chat and its history stay as they are, and the new holder is the holder."""
        for write in (bind, attach, detach, close):
            world = store_factory()
            stale = world.overtaken(plan=a_plan())
            before, history = world.look(), world.store.history(CHAT)
            with pytest.raises(StaleClaimError):
                write(world, stale)
            after = world.look()
            assert (after.chat, after.plan is None, after.number, after.epoch) == (before.chat, before.plan is None, before.number, before.epoch)
            assert after.claimed_for > 0
            assert world.store.history(CHAT) == history

    def test_a_stale_release_is_ignored(self, store_factory: StoreFactory) -> None:
        """It takes the claim from nobody, drops no plan and leaves no note."""
        world = store_factory()
        stale = world.overtaken(plan=a_plan())
        release(world, stale)
        after = world.look()
        assert after.claimed_for > 0
        assert after.plan is not None
        assert world.notes() == []

    def test_a_claim_with_another_token_is_stale(self, store_factory: StoreFactory) -> None:
        """The epoch alone proves nothing: a store that lost its last commits counts to the same number twice."""
        world = store_factory()
        claim = world.claim(plan=a_plan())
        with pytest.raises(StaleClaimError):
            world.store.bind(attrs.evolve(claim, token=fresh_token()), WORKSPACE)

    def test_a_claim_with_another_epoch_is_stale(self, store_factory: StoreFactory) -> None:
        """Every write carries both, and both are compared."""
        world = store_factory()
        claim = world.claim(plan=a_plan())
        with pytest.raises(StaleClaimError):
            world.store.bind(attrs.evolve(claim, epoch=claim.epoch - 1), WORKSPACE)

    def test_a_claim_that_is_over_still_writes(self, store_factory: StoreFactory) -> None:
        """Until somebody else claims, its holder is the last: a slow answer is not lost."""
        world = store_factory()
        claim = world.claim(plan=a_plan(), ttl=BRIEF)
        world.clock.sleep(2 * BRIEF)
        assert world.store.bind(claim, WORKSPACE).workspace_id == WORKSPACE

    def test_a_write_can_be_repeated(self, store_factory: StoreFactory) -> None:
        """Its answer was lost: the second time it returns the same, and chat and history are as after the first."""
        for write in WRITES:
            world = store_factory()
            claim = world.claim(plan=a_plan())
            told = write(world, claim)
            look, history = world.look(), world.store.history(CHAT)
            assert write(world, claim) == told
            assert (world.look(), world.store.history(CHAT)) == (look, history)

    def test_a_second_write_is_not_the_holders_any_more(self, store_factory: StoreFactory) -> None:
        """The first gave the claim back: what is not the first one repeated is refused, and changes nothing."""
        for first, second in ((bind, attach), (bind, detach), (attach, detach), (detach, bind), (detach, close), (close, bind)):
            world = store_factory()
            claim = world.claim(plan=a_plan())
            first(world, claim)
            before, history = world.look(), world.store.history(CHAT)
            with pytest.raises(StaleClaimError):
                second(world, claim)
            assert (world.look(), world.store.history(CHAT)) == (before, history)
            with pytest.raises(StaleClaimError):
                world.store.bind(claim, THIRD)

    def test_a_repeated_write_after_somebody_else_has_claimed(self, store_factory: StoreFactory) -> None:
        """It comes too late to be told apart from any other write of an overtaken holder."""
        for write in (bind, attach, detach, close):
            world = store_factory()
            claim = world.claim(plan=a_plan())
            write(world, claim)
            world.claim()
            with pytest.raises(StaleClaimError):
                write(world, claim)

    # ------------------------------------------------------------ bind

    def test_bind_makes_of_the_plan_a_workspace(self, store_factory: StoreFactory) -> None:
        """Bound, no plan; the name in use and its number are kept."""
        world = store_factory()
        chat = world.store.bind(world.claim(plan=a_plan(number=2)), WORKSPACE)
        look = world.look()
        assert chat == look.chat
        assert (chat.workspace_id, look.plan, look.name, look.number) == (WORKSPACE, None, "dev-abcdefghij", 2)

    def test_bind_is_told_in_the_history(self, store_factory: StoreFactory) -> None:
        """What the intent became, and when, by aware times in their order."""
        world = store_factory()
        world.bound()
        made = world.latest()
        assert made.workspace_id == WORKSPACE
        assert made.planned_at is not None
        assert made.bound_at is not None
        assert made.planned_at.utcoffset() == timedelta(0)
        assert made.planned_at <= made.bound_at

    def test_another_chats_making_cannot_be_bound(self, store_factory: StoreFactory) -> None:
        """A workspace is the making of one chat only. The claim stays, and another workspace may be bound with it."""
        world = store_factory()
        world.bound(WORKSPACE, "first")
        claim = world.claim("second", plan=a_plan())
        with pytest.raises(WorkspaceTakenError):
            world.store.bind(claim, WORKSPACE)
        look = world.look("second")
        assert (look.chat.workspace_id, look.plan is None, look.claimed_for > 0) == (None, False, True)
        assert world.store.bind(claim, ANOTHER).workspace_id == ANOTHER

    def test_another_chats_making_stays_its_own(self, store_factory: StoreFactory) -> None:
        """Even when that chat has let go of it."""
        world = store_factory()
        world.bound(WORKSPACE, "first")
        world.store.attach(world.claim("first"), None, number=1)
        with pytest.raises(WorkspaceTakenError):
            world.store.bind(world.claim("second", plan=a_plan()), WORKSPACE)

    def test_a_chats_own_making_can_be_bound_again(self, store_factory: StoreFactory) -> None:
        """A plan that finds the workspace of its own name again binds it: the making of one chat is no obstacle to that chat."""
        world = store_factory()
        world.bound()
        assert world.store.bind(world.claim(plan=a_plan()), WORKSPACE).workspace_id == WORKSPACE

    def test_a_discarded_workspace_cannot_be_bound(self, store_factory: StoreFactory) -> None:
        """It is about to be deleted. The claim stays."""
        world = store_factory()
        world.store.discard(WORKSPACE)
        claim = world.claim(plan=a_plan())
        with pytest.raises(WorkspaceTakenError):
            world.store.bind(claim, WORKSPACE)
        assert world.look().claimed_for > 0
        assert world.look().plan is not None

    # ------------------------------------------------------------ attach, close_chat

    def test_attach_binds_what_was_not_made_here(self, store_factory: StoreFactory) -> None:
        """One generation more, bound to it, in place of what was bound; the name stays the chat's."""
        world = store_factory()
        world.bound()
        chat = world.store.attach(world.claim(), ANOTHER, number=1)
        look = world.look()
        assert chat == look.chat
        assert (chat.workspace_id, chat.generation, look.name) == (ANOTHER, 2, "dev-abcdefghij")

    def test_attach_replaces_a_plan(self, store_factory: StoreFactory) -> None:
        """No plan stands after it."""
        world = store_factory()
        chat = world.store.attach(world.claim(plan=a_plan()), ANOTHER, number=0)
        assert (chat.generation, chat.workspace_id, world.look().plan) == (2, ANOTHER, None)

    def test_attach_of_nothing_unbinds(self, store_factory: StoreFactory) -> None:
        """One generation more, and no workspace."""
        world = store_factory()
        world.bound()
        chat = world.store.attach(world.claim(), None, number=1)
        assert (chat.workspace_id, chat.generation, chat.closed) == (None, 2, False)

    def test_attach_and_close_take_the_number_as_given(self, store_factory: StoreFactory) -> None:
        """The caller knows whether a live workspace of the name is left behind."""
        for write in (attach, detach, close):
            world = store_factory()
            world.bound()
            write(world, world.claim())
            assert world.look().number == GIVEN

    def test_attach_and_close_are_told_in_the_history(self, store_factory: StoreFactory) -> None:
        """An intent of its own generation, without a template: what was bound, what is bound now, the note."""
        for write, workspace_id, note in ((attach, ANOTHER, "attached"), (detach, None, "detached"), (close, None, "closed")):
            world = store_factory()
            world.bound()
            write(world, world.claim())
            told = world.latest()
            assert (told.generation, told.template_id, told.replaces, told.workspace_id, told.notes) == (2, None, WORKSPACE, workspace_id, (note,))

    def test_a_workspace_can_be_attached_to_two_chats(self, store_factory: StoreFactory) -> None:
        """It is attached on somebody's word, and makes nobody its maker."""
        world = store_factory()
        world.bound(WORKSPACE, "first")
        assert world.store.attach(world.claim("second"), WORKSPACE, number=0).workspace_id == WORKSPACE
        assert world.look("first").chat.workspace_id == WORKSPACE

    def test_a_discarded_workspace_cannot_be_attached(self, store_factory: StoreFactory) -> None:
        """It is about to be deleted. The claim stays, and the chat is as it was."""
        world = store_factory()
        world.bound()
        world.store.discard(ANOTHER)
        claim = world.claim()
        with pytest.raises(WorkspaceTakenError):
            world.store.attach(claim, ANOTHER, number=1)
        look = world.look()
        assert (look.chat.workspace_id, look.chat.generation, look.number, look.claimed_for > 0) == (WORKSPACE, 1, 0, True)
        assert len(world.store.history(CHAT)) == 1

    def test_a_closed_chat_is_unbound_and_closed(self, store_factory: StoreFactory) -> None:
        """One generation more; no plan, no workspace."""
        world = store_factory()
        world.bound()
        chat = world.store.close_chat(world.claim(), number=1)
        assert (chat.closed, chat.workspace_id, chat.generation) == (True, None, 2)
        assert world.look().chat == chat

    def test_a_closed_chat_is_not_removed(self, store_factory: StoreFactory) -> None:
        """Epoch, generation and name outlive it, and opening it again does not begin anew."""
        world = store_factory()
        world.bound()
        world.store.close_chat(world.claim(), number=1)
        before = world.look()
        assert world.open() == before.chat
        assert world.look() == before
        assert (before.name, before.epoch) == ("dev-abcdefghij", world.claim().epoch - 1)

    # ------------------------------------------------------------ release

    def test_release_keeps_plan_and_binding(self, store_factory: StoreFactory) -> None:
        """A refusal speaks for one request, not for those before it."""
        world = store_factory()
        world.store.release(world.claim(plan=a_plan()), note="refused: 400")
        assert world.look().plan is not None
        world.bound(ANOTHER, "bound")
        world.store.release(world.claim("bound"))
        assert world.look("bound").chat.workspace_id == ANOTHER

    def test_release_drops_the_plan_when_told(self, store_factory: StoreFactory) -> None:
        """The name in use and the generation stay."""
        world = store_factory()
        world.store.release(world.claim(plan=a_plan(number=1)), drop_plan=True)
        look = world.look()
        assert (look.plan, look.name, look.number, look.chat.generation) == (None, "dev-abcdefghij", 1, 1)

    def test_every_note_goes_into_the_history(self, store_factory: StoreFactory) -> None:
        """In their order, none in place of another."""
        world = store_factory()
        for note in ("refused: 400", "refused: 403"):
            world.store.release(world.claim(plan=a_plan()), note=note)
        world.bound()
        assert world.latest().notes == ("refused: 400", "refused: 403")

    # ------------------------------------------------------------ no claim needed

    def test_a_stray_goes_into_the_history(self, store_factory: StoreFactory) -> None:
        """With its note beside the others; no claim is needed, none is taken, and the binding stays."""
        world = store_factory()
        world.bound()
        claim = world.claim()
        world.store.record_stray(CHAT, ANOTHER, "made another, and was overtaken")
        world.store.release(claim, note="refused")
        assert world.notes() == ["made another, and was overtaken", "refused"]
        assert (world.look().chat.workspace_id, world.look().epoch) == (WORKSPACE, claim.epoch)

    def test_a_stray_of_an_unknown_chat(self, store_factory: StoreFactory) -> None:
        """NotFoundError."""
        with pytest.raises(NotFoundError):
            store_factory().store.record_stray("nobody", WORKSPACE, "a stray")

    def test_a_bound_workspace_cannot_be_discarded(self, store_factory: StoreFactory) -> None:
        """WorkspaceTakenError, whether it was made or attached; it can be bound or attached as before."""
        world = store_factory()
        world.bound(WORKSPACE, "maker")
        world.store.attach(world.claim("guest"), ANOTHER, number=0)
        for workspace_id in (WORKSPACE, ANOTHER):
            with pytest.raises(WorkspaceTakenError):
                world.store.discard(workspace_id)
            world.store.attach(world.claim("third"), workspace_id, number=0)

    def test_a_workspace_bound_to_one_of_two_cannot_be_discarded(self, store_factory: StoreFactory) -> None:
        """One chat has let go of it, the other has not."""
        world = store_factory()
        world.bound(WORKSPACE, "maker")
        world.store.attach(world.claim("guest"), WORKSPACE, number=0)
        world.store.attach(world.claim("maker"), None, number=1)
        with pytest.raises(WorkspaceTakenError):
            world.store.discard(WORKSPACE)

    def test_what_a_chat_has_let_go_of_can_be_discarded(self, store_factory: StoreFactory) -> None:
        """By a plan, by detaching or by closing; then nobody can attach it, its maker not either."""
        for let_go in (detach, close, release):
            world = store_factory()
            world.bound()
            let_go(world, world.claim(plan=a_plan() if let_go is release else None))
            world.store.discard(WORKSPACE)
            with pytest.raises(WorkspaceTakenError):
                world.store.attach(world.claim("guest"), WORKSPACE, number=0)

    def test_discarding_again_is_no_error(self, store_factory: StoreFactory) -> None:
        """The answer was lost, or the deletion failed and is tried again."""
        world = store_factory()
        world.store.discard(WORKSPACE)
        world.store.discard(WORKSPACE)
        with pytest.raises(WorkspaceTakenError):
            world.store.attach(world.claim(), WORKSPACE, number=0)

    def test_the_history_is_told_from_its_beginning(self, store_factory: StoreFactory) -> None:
        """One intent per generation, oldest first: what was planned, what each replaced, what it became."""
        world = store_factory()
        world.bound(WORKSPACE)
        claim = world.claim(plan=a_plan("lab-abcdefghij", number=1, template_id=OTHER_TEMPLATE, preset_id=PRESET))
        world.store.bind(claim, ANOTHER)
        detach(world, world.claim())
        told = [(it.generation, it.template_id, it.preset_id, it.replaces, it.workspace_id) for it in world.store.history(CHAT)]
        assert told == [
            (1, TEMPLATE, None, None, WORKSPACE),
            (2, OTHER_TEMPLATE, PRESET, WORKSPACE, ANOTHER),
            (3, None, None, ANOTHER, None),
        ]
        assert [it.name for it in world.store.history(CHAT)][:2] == ["dev-abcdefghij", "lab-abcdefghij"]

    def test_the_history_tells_the_plan_that_stood_last(self, store_factory: StoreFactory) -> None:
        """A plan in place of another is what the generation was planned as."""
        world = store_factory()
        world.store.release(world.claim(plan=a_plan()))
        world.claim(plan=a_plan(template_id=OTHER_TEMPLATE, preset_id=PRESET))
        assert (world.latest().template_id, world.latest().preset_id) == (OTHER_TEMPLATE, PRESET)

    def test_a_new_chat_has_no_history(self, store_factory: StoreFactory) -> None:
        """Nothing was planned yet."""
        world = store_factory()
        world.open()
        assert list(world.store.history(CHAT)) == []

    def test_the_history_of_an_unknown_chat(self, store_factory: StoreFactory) -> None:
        """NotFoundError, not an empty one."""
        with pytest.raises(NotFoundError):
            store_factory().store.history("nobody")

    def test_plans_are_listed_once_they_are_old_enough(self, store_factory: StoreFactory) -> None:
        """Those that have stood for at least so many seconds, by the store's clock; chats without a plan never."""
        world = store_factory()
        world.open("unplanned")
        world.bound(WORKSPACE, "bound")
        world.store.release(world.claim("old", plan=a_plan()))
        world.clock.sleep(10 * BRIEF)
        world.claim("young", plan=a_plan())
        assert {look.chat.id for look in world.store.planned(0)} == {"old", "young"}
        assert list(world.store.planned(LONG)) == []
        (old,) = world.store.planned(10 * BRIEF)
        assert old.plan is not None
        assert (old.chat.id, old.plan.planned_for >= 10 * BRIEF) == ("old", True)

    def test_chats_are_in_order_of_their_code_points(self, store_factory: StoreFactory) -> None:
        """Not by any language's order, nor by that of UTF-16."""
        world, ids = store_factory(), ["", "\U0001f600", "\ufb01", "é", "a b", "ab", "a-b", "B", "A", "10", "9"]
        for chat_id in ids[1:]:
            world.open(chat_id)
        assert [look.chat.id for look in world.store.chats()] == sorted(ids[1:])

    def test_chats_come_in_pages(self, store_factory: StoreFactory) -> None:
        """Each begins behind the last id of the one before; no chat is missed or told twice."""
        world, ids = store_factory(), ["\U0001f600", "\ufb01", "é", "b", "a", "B", "A"]
        for chat_id in ids:
            world.open(chat_id)
        told, after = list[str](), ""
        while page := world.store.chats(after=after, limit=2):
            assert len(page) <= 2
            after = page[-1].chat.id
            told += [look.chat.id for look in page]
        assert told == sorted(ids)

    def test_a_page_begins_behind_any_id(self, store_factory: StoreFactory) -> None:
        """`after` need not be a chat's."""
        world = store_factory()
        for chat_id in ("a", "c"):
            world.open(chat_id)
        assert [look.chat.id for look in world.store.chats(after="b")] == ["c"]

    def test_chats_are_told_as_looked_at(self, store_factory: StoreFactory) -> None:
        """The sweep sees what look() sees."""
        world = store_factory()
        world.bound()
        assert list(world.store.chats()) == [world.look()]

    # ------------------------------------------------------------ races

    def test_of_racing_claims_one_wins(self, store_factory: StoreFactory) -> None:
        """In every round one of 8 threads gets the claim and binds; the epoch rises by one; no overtaken holder's write is accepted."""
        world = store_factory()
        world.open()
        overtaken: Claim | None = None
        for round_number in range(1, world.threads.rounds + 1):
            look = world.look()
            won = world.threads.together([partial(_race, world.store, look, overtaken)] * THREADS)
            claims = [claim for claim in won if claim is not None]
            assert len(claims) == 1
            (overtaken,) = claims
            after = world.look()
            assert overtaken.epoch == after.epoch == look.epoch + 1
            assert after.chat.generation == round_number
            assert after.chat.workspace_id == world.latest().workspace_id == _made_by(overtaken)
            assert after.claimed_for == 0

    def test_of_racing_chats_one_makes_a_workspace_its_own(self, store_factory: StoreFactory) -> None:
        """In every round 8 chats bind one workspace; the store's constraint lets one of them."""
        world = store_factory()
        ids = [f"chat-{number}" for number in range(THREADS)]
        for round_number in range(world.threads.rounds):
            workspace_id = UUID(int=1000 + round_number)
            claims = [world.claim(chat_id, plan=a_plan()) for chat_id in ids]
            bound = world.threads.together([partial(_bind_or_release, world.store, claim, workspace_id) for claim in claims])
            assert sum(bound) == 1

    def test_a_workspace_is_bound_or_discarded(self, store_factory: StoreFactory) -> None:
        """In every round one thread binds what others discard: it is never both."""
        world = store_factory()
        for round_number in range(world.threads.rounds):
            workspace_id = UUID(int=1000 + round_number)
            claim = world.claim(plan=a_plan())
            binding = partial(_bind_or_release, world.store, claim, workspace_id)
            discarding = partial(_discard, world.store, workspace_id)
            bound, *discarded = world.threads.together([binding, *[discarding] * (THREADS - 1)])
            assert discarded == [not bound] * len(discarded)


def _later(world: StoreWorld, call: Callable[[], object]) -> None:
    world.clock.sleep(BRIEF)
    call()


def _made_by(claim: Claim) -> UUID:
    """Return the workspace that the holder of a claim makes."""
    return UUID(int=10_000 + int(claim.token.rpartition("-")[2]))


def _race(store: Store, look: Look, overtaken: Claim | None, *, keep: bool = False) -> Claim | None:
    """Claim and bind; who is refused tries to write with a claim that was overtaken."""
    try:
        claim = store.claim(look, token=fresh_token(), ttl=LONG, plan=a_plan(), keep=keep)
    except (ChangedError, ClaimedError):
        if overtaken is not None:
            with pytest.raises(StaleClaimError):
                store.bind(overtaken, UUID(int=1))
        return None
    store.bind(claim, _made_by(claim))
    return claim


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
