"""The suites reject what breaks a contract: each of these stores, platforms and dialers breaks one rule, and the test of that rule fails for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any
from uuid import UUID

import attrs
import pytest

from chatworkspace import Agent, Chat, Workspace
from chatworkspace.ports import (
    AgentConnection,
    ChangedError,
    Claim,
    ClaimedError,
    Clock,
    CreateWorkspace,
    DialError,
    Intent,
    LogLine,
    Look,
    NameTakenError,
    NotAnsweredError,
    NotFoundError,
    Plan,
    Watch,
    WorkspaceTakenError,
)
from chatworkspace_fake import FakeCoder, MemoryStore
from tests.contract.creator import CreatorFactory, WatchContract, WorkspaceCreatorContract
from tests.contract.dialer import AgentDialerContract, DialerFactory
from tests.contract.factories import creators_in_virtual_time, dialers_in_virtual_time, stores_in_virtual_time
from tests.contract.store import StoreContract, StoreFactory

ROUNDS = 5
"""A race in virtual time needs no more to show what is broken."""


class CreatorAndWatchContract(WorkspaceCreatorContract, WatchContract):
    """All that a platform that can be watched has to keep."""


def name_of(broken_or_rule: object) -> str:
    return getattr(broken_or_rule, "__name__", None) or str(broken_or_rule).removeprefix("test_")


def rules(suite: type[object]) -> list[str]:
    """Return the names of a suite's tests."""
    return [name for name in dir(suite) if name.startswith("test_")]


def broken_rules(suite: type[object], factory: StoreFactory | CreatorFactory | DialerFactory, wanted: str = "") -> set[str]:
    """Run a whole suite, save its races that are not wanted, and return the names of the tests that fail."""
    return {rule for rule in rules(suite) if (rule == wanted or not is_race(rule)) and fails(getattr(suite(), rule), factory)}


def is_race(rule: str) -> bool:
    """Tell whether a test lets many threads race for many rounds, which takes its time."""
    return "racing" in rule or "threads" in rule


def fails(test: Callable[[Any], None], factory: StoreFactory | CreatorFactory | DialerFactory) -> bool:
    """Run one test."""
    try:
        test(factory)
    except (Exception, pytest.fail.Exception):  # noqa: BLE001 - however a test fails, it rejects
        return True
    return False


def expect_rejected(suite: type[object], factory: StoreFactory | CreatorFactory | DialerFactory, rule: str) -> None:
    """See the rule's test fail, and most others pass: what is rejected is that rule."""
    broken = broken_rules(suite, factory, rule)
    assert rule in broken
    assert len(broken) < len(rules(suite)) / 2, f"more is broken than one rule: {sorted(broken)}"


# ------------------------------------------------------------------ stores


class ClaimsWhateverWasLookedAt(MemoryStore):
    """A claim does not compare the epoch with the look's."""

    def claim(self, look: Look, *, token: str, ttl: float, plan: Plan | None = None) -> Claim:
        """Look again by itself."""
        return super().claim(self.look(look.chat.id), token=token, ttl=ttl, plan=plan)


class ClaimsByEpochAlone(MemoryStore):
    """A claim compares nothing but the epoch, and takes what the holder wrote since for what was looked at."""

    def claim(self, look: Look, *, token: str, ttl: float, plan: Plan | None = None) -> Claim:
        """Look again by itself unless the epoch has changed."""
        now = self.look(look.chat.id)
        return super().claim(now if now.epoch == look.epoch else look, token=token, ttl=ttl, plan=plan)


class CountsNoEpoch(MemoryStore):
    """A claim leaves the epoch as it is."""

    def claim(self, look: Look, *, token: str, ttl: float, plan: Plan | None = None) -> Claim:
        """Take the count back."""
        claim = super().claim(look, token=token, ttl=ttl, plan=plan)
        self._rows[look.chat.id].epoch = look.epoch
        return attrs.evolve(claim, epoch=look.epoch)


class KeepsNobodyOut(MemoryStore):
    """A claim takes what somebody holds."""

    def claim(self, look: Look, *, token: str, ttl: float, plan: Plan | None = None) -> Claim:
        """End the holder's claim first."""
        if look.chat.id in self._rows:
            self._rows[look.chat.id].until = 0
        return super().claim(look, token=token, ttl=ttl, plan=plan)


class ClaimsInTwoSteps(MemoryStore):
    """A claim looks whether it may, and takes the row then: others come between."""

    def claim(self, look: Look, *, token: str, ttl: float, plan: Plan | None = None) -> Claim:
        """Decide on what was read, not on the row that is updated."""
        now = self.look(look.chat.id)
        if now.chat != look.chat or now.epoch != look.epoch:
            return super().claim(look, token=token, ttl=ttl, plan=plan)
        if now.claimed_for:
            raise ClaimedError(retry_in=now.claimed_for)
        self._clock.sleep(0)
        self._rows[look.chat.id].until = 0
        return super().claim(self.look(look.chat.id), token=token, ttl=ttl, plan=plan)


class KnowsNoTokenAgain(MemoryStore):
    """A claim whose answer was lost is refused to its own holder."""

    def claim(self, look: Look, *, token: str, ttl: float, plan: Plan | None = None) -> Claim:
        """Compare the epoch only."""
        if self.look(look.chat.id).epoch != look.epoch:
            raise ChangedError
        return super().claim(look, token=token, ttl=ttl, plan=plan)


class CountsNoGeneration(MemoryStore):
    """A plan over a binding belongs to the generation that it ends."""

    def claim(self, look: Look, *, token: str, ttl: float, plan: Plan | None = None) -> Claim:
        """Take the count back."""
        claim = super().claim(look, token=token, ttl=ttl, plan=plan)
        row = self._rows[look.chat.id]
        row.chat = attrs.evolve(row.chat, generation=look.chat.generation)
        return attrs.evolve(claim, chat=row.chat)


class PlansBesideABinding(MemoryStore):
    """A plan leaves the binding, so that both are there at once."""

    def claim(self, look: Look, *, token: str, ttl: float, plan: Plan | None = None) -> Claim:
        """Bind again what was unbound."""
        claim = super().claim(look, token=token, ttl=ttl, plan=plan)
        row = self._rows[look.chat.id]
        if look.chat.workspace_id is not None and row.chat.workspace_id is None:
            row.chat = attrs.evolve(row.chat, workspace_id=look.chat.workspace_id)
            self._register.bind(look.chat.workspace_id, None)
        return attrs.evolve(claim, chat=row.chat)


class BindsForTheOvertaken(MemoryStore):
    """bind() accepts the claim of a holder that somebody has overtaken."""

    def bind(self, claim: Claim, workspace_id: UUID) -> Chat:
        """Write with the claim of whoever holds it now."""
        return super().bind(self._rows[claim.chat.id].claim(), workspace_id)


class BindsByEpochAlone(MemoryStore):
    """bind() does not compare tokens."""

    def bind(self, claim: Claim, workspace_id: UUID) -> Chat:
        """Write with the token that the row has."""
        return super().bind(attrs.evolve(claim, token=self._rows[claim.chat.id].token), workspace_id)


class KeepsTheClaimAfterBinding(MemoryStore):
    """bind() does not give the claim back."""

    def bind(self, claim: Claim, workspace_id: UUID) -> Chat:
        """Let it live on."""
        row = self._rows[claim.chat.id]
        until = row.until
        chat = super().bind(claim, workspace_id)
        row.until = until
        return chat


class BindsOthersMakings(MemoryStore):
    """bind() does not ask whose making it is."""

    def bind(self, claim: Claim, workspace_id: UUID) -> Chat:
        """Forget who made what."""
        self._register.made.clear()
        return super().bind(claim, workspace_id)


class GivesBackWhatItRefuses(MemoryStore):
    """bind() ends the claim of a holder that it refuses."""

    def bind(self, claim: Claim, workspace_id: UUID) -> Chat:
        """Give back, and raise."""
        try:
            return super().bind(claim, workspace_id)
        except WorkspaceTakenError:
            self.release(claim)
            raise


class AttachesTheDiscarded(MemoryStore):
    """attach() does not ask whether it will be deleted."""

    def attach(self, claim: Claim, workspace_id: UUID | None, *, number: int, note: str = "") -> Chat:
        """Forget what was discarded."""
        self._register.discarded.clear()
        return super().attach(claim, workspace_id, number=number, note=note)


class AttachesTwice(MemoryStore):
    """attach() is not to be repeated: it counts each time."""

    def attach(self, claim: Claim, workspace_id: UUID | None, *, number: int, note: str = "") -> Chat:
        """Forget that its holder has written."""
        self._rows[claim.chat.id].written = False
        return super().attach(claim, workspace_id, number=number, note=note)


class ReleasesForTheOvertaken(MemoryStore):
    """release() takes the claim from its new holder."""

    def release(self, claim: Claim, *, note: str = "", drop_plan: bool = False) -> None:
        """Release whoever holds it now."""
        super().release(self._rows[claim.chat.id].claim(), note=note, drop_plan=drop_plan)


class DropsEveryPlan(MemoryStore):
    """release() drops the plan unasked."""

    def release(self, claim: Claim, *, note: str = "", drop_plan: bool = False) -> None:
        """Drop it."""
        del drop_plan
        super().release(claim, note=note, drop_plan=True)


class DiscardsTheBound(MemoryStore):
    """discard() does not ask whether a chat is bound to it."""

    def discard(self, workspace_id: UUID) -> None:
        """Write it down in any case."""
        self._register.discarded.add(workspace_id)


class RemembersOneNote(MemoryStore):
    """A note takes the place of the one before."""

    def history(self, chat_id: str) -> Sequence[Intent]:
        """Tell the last note only."""
        return tuple(attrs.evolve(intent, notes=intent.notes[-1:]) for intent in super().history(chat_id))


class HandsOutItsHistory(MemoryStore):
    """history() returns the store's own list, for everybody to change."""

    def __init__(self, clock: Clock | None = None) -> None:
        super().__init__(clock)
        self._lists: dict[str, list[Intent]] = {}

    def history(self, chat_id: str) -> Sequence[Intent]:
        """Bring the one list up to date."""
        told = self._lists.setdefault(chat_id, [])
        told[:] = super().history(chat_id)
        return told


class OverwritesTheOwner(MemoryStore):
    """open_chat() stores what the last caller said."""

    def open_chat(self, chat_id: str, owner_id: UUID, organization_id: UUID) -> Chat:
        """Take the chat over."""
        super().open_chat(chat_id, owner_id, organization_id)
        row = self._rows[chat_id]
        row.chat = attrs.evolve(row.chat, owner_id=owner_id, organization_id=organization_id)
        return row.chat


class OpensWhatIsLookedAt(MemoryStore):
    """look() makes the chat that it does not find."""

    def look(self, chat_id: str) -> Look:
        """Open it for nobody."""
        self.open_chat(chat_id, UUID(int=0), UUID(int=0))
        return super().look(chat_id)


class ChangesItsSecret(MemoryStore):
    """secret() makes another each time."""

    def secret(self) -> bytes:
        """Forget the one before."""
        self._secrets.clear()
        return super().secret()


class HandsOutItsRow(MemoryStore):
    """look() returns one object for each chat, and changes it later."""

    def __init__(self, clock: Clock | None = None) -> None:
        super().__init__(clock)
        self._looks: dict[str, Look] = {}

    def look(self, chat_id: str) -> Look:
        """Bring the one object up to date."""
        fresh = super().look(chat_id)
        own = self._looks.setdefault(chat_id, fresh)
        for field in attrs.fields(Look):
            object.__setattr__(own, field.name, getattr(fresh, field.name))
        return own


class WaitsToTheEnd(MemoryStore):
    """wait_for_turn() does not notice that the claim was given back."""

    def wait_for_turn(self, look: Look, deadline: float) -> None:
        """Sleep."""
        del look
        self._clock.sleep(max(deadline - self._clock.monotonic(), 0))


class ListsYoungPlans(MemoryStore):
    """planned() does not ask how old a plan is."""

    def planned(self, older_than: float) -> Sequence[Look]:
        """List all."""
        del older_than
        return super().planned(0)


class SortsAsPeopleDo(MemoryStore):
    """chats() sorts without case."""

    def chats(self, *, after: str = "", limit: int = 500) -> Sequence[Look]:
        """Sort a page again."""
        return sorted(super().chats(after=after, limit=limit), key=lambda look: look.chat.id.casefold())


BROKEN_STORES: dict[Callable[[Clock], MemoryStore], str] = {
    ClaimsWhateverWasLookedAt: "test_a_look_from_before_another_claim",
    ClaimsByEpochAlone: "test_a_look_from_before_a_write_of_the_holder",
    CountsNoEpoch: "test_a_claim_counts_the_epoch_up",
    KeepsNobodyOut: "test_a_held_chat_refuses_a_claim",
    ClaimsInTwoSteps: "test_of_racing_claims_one_wins",
    KnowsNoTokenAgain: "test_the_same_token_gets_its_claim_again",
    CountsNoGeneration: "test_a_plan_over_a_binding_counts_the_generation_up",
    PlansBesideABinding: "test_a_plan_unbinds",
    BindsForTheOvertaken: "test_a_stale_claim_writes_nothing",
    BindsByEpochAlone: "test_a_claim_with_another_token_is_stale",
    KeepsTheClaimAfterBinding: "test_every_write_gives_the_claim_back",
    BindsOthersMakings: "test_another_chats_making_cannot_be_bound",
    GivesBackWhatItRefuses: "test_a_discarded_workspace_cannot_be_bound",
    AttachesTheDiscarded: "test_a_discarded_workspace_cannot_be_attached",
    AttachesTwice: "test_a_write_can_be_repeated",
    ReleasesForTheOvertaken: "test_a_stale_release_is_ignored",
    DropsEveryPlan: "test_release_keeps_plan_and_binding",
    DiscardsTheBound: "test_a_bound_workspace_cannot_be_discarded",
    RemembersOneNote: "test_every_note_goes_into_the_history",
    HandsOutItsHistory: "test_a_history_handed_out_does_not_grow",
    OverwritesTheOwner: "test_opening_for_another_owner_changes_nothing",
    OpensWhatIsLookedAt: "test_looking_at_an_unknown_chat",
    ChangesItsSecret: "test_the_secret_stays",
    HandsOutItsRow: "test_a_look_does_not_change_with_its_chat",
    WaitsToTheEnd: "test_the_turn_comes_when_the_claim_is_given_back",
    ListsYoungPlans: "test_plans_are_listed_once_they_are_old_enough",
    SortsAsPeopleDo: "test_chats_are_in_order_of_their_code_points",
}


def test_an_unbroken_store_is_not_rejected() -> None:
    """What all these are made from keeps every rule, run in the same way."""
    assert broken_rules(StoreContract, stores_in_virtual_time(MemoryStore, rounds=ROUNDS)) == set()


@pytest.mark.parametrize(("broken", "rule"), BROKEN_STORES.items(), ids=name_of)
def test_a_broken_store_is_rejected(broken: Callable[[Clock], MemoryStore], rule: str) -> None:
    """The test of the rule that it breaks fails."""
    expect_rejected(StoreContract, stores_in_virtual_time(broken, rounds=ROUNDS), rule)


# ------------------------------------------------------------------ platforms


class TellsNamesApartByCase(FakeCoder):
    """`dev` and `Dev` may both be live."""

    def create_workspace(self, request: CreateWorkspace, *, deadline: float) -> Workspace:
        """Free the name if it is written in another way."""
        self._free(request, lambda name: name != request.name)
        return super().create_workspace(request, deadline=deadline)

    def _free(self, request: CreateWorkspace, unless: Callable[[str], bool]) -> None:
        names, key = self._platform._names, (request.owner_id, request.name.lower())
        if key in names and unless(names[key].name):
            del names[key]


class ChecksNamesFirst(TellsNamesApartByCase):
    """The name is looked up, and given then: others come between."""

    def create_workspace(self, request: CreateWorkspace, *, deadline: float) -> Workspace:
        """Decide on what was read."""
        if self._platform._named(request.owner_id, request.name) is None:
            self._platform.clock.sleep(0)
            self._free(request, lambda _: True)
        return super(TellsNamesApartByCase, self).create_workspace(request, deadline=deadline)


class FindsTheDeleted(FakeCoder):
    """find_workspace() returns one that is deleted."""

    def find_workspace(self, owner_id: UUID, name: str, *, deadline: float) -> Workspace | None:
        """Look among all that ever were."""
        found = super().find_workspace(owner_id, name, deadline=deadline)
        deleted = (it.now for it in self.workspaces if (it.owner_id, it.name.lower()) == (owner_id, name.lower()) and it.now.deleted)
        return found or next(deleted, None)


class FindsInOneCase(FakeCoder):
    """find_workspace() compares with case."""

    def find_workspace(self, owner_id: UUID, name: str, *, deadline: float) -> Workspace | None:
        """Compare again."""
        found = super().find_workspace(owner_id, name, deadline=deadline)
        return found if found is not None and found.name == name else None


class NeverFreesAName(FakeCoder):
    """The name of a deleted workspace is taken for ever."""

    def create_workspace(self, request: CreateWorkspace, *, deadline: float) -> Workspace:
        """Look among all that ever were."""
        names = [(it.owner_id, it.name.lower()) for it in self.workspaces]
        if (request.owner_id, request.name.lower()) in names:
            raise NameTakenError
        return super().create_workspace(request, deadline=deadline)


class ReturnsWhoeverHasTheName(FakeCoder):
    """create_workspace() settles a conflict by itself, and says that it has made what was there."""

    def create_workspace(self, request: CreateWorkspace, *, deadline: float) -> Workspace:
        """Look by name."""
        try:
            return super().create_workspace(request, deadline=deadline)
        except NameTakenError:
            found = self.find_workspace(request.owner_id, request.name, deadline=deadline)
            if found is None:
                raise
            return found


class AsksAgain(FakeCoder):
    """create_workspace() is sent again when nobody answers."""

    def create_workspace(self, request: CreateWorkspace, *, deadline: float) -> Workspace:
        """Ask twice."""
        try:
            return super().create_workspace(request, deadline=deadline)
        except NotAnsweredError:
            super().create_workspace(request, deadline=deadline)
            raise


class HidesTheDeleted(FakeCoder):
    """get_workspace() says of a deleted one what it says of one that never was."""

    def get_workspace(self, owner_id: UUID, workspace_id: UUID, *, deadline: float) -> Workspace:
        """Raise."""
        workspace = super().get_workspace(owner_id, workspace_id, deadline=deadline)
        if workspace.deleted:
            raise NotFoundError
        return workspace


class ListsForeigners(FakeCoder):
    """list_workspaces() does not ask for the organization."""

    def list_workspaces(self, owner_id: UUID, organization_id: UUID, *, deadline: float) -> Sequence[Workspace]:
        """Add those of all others."""
        listed = super().list_workspaces(owner_id, organization_id, deadline=deadline)
        others = [it.now for it in self.live if it.owner_id == owner_id and it.template.organization_id != organization_id]
        return [*listed, *others]


class BeginsTheLogAnew(FakeCoder):
    """build_log() tells every line each time."""

    def build_log(self, workspace: Workspace, *, after: int, deadline: float) -> Sequence[LogLine]:
        """Forget what was read."""
        del after
        return super().build_log(workspace, after=0, deadline=deadline)


class TakesItsTime(FakeCoder):
    """get_workspace() waits for longer than it was told to."""

    def get_workspace(self, owner_id: UUID, workspace_id: UUID, *, deadline: float) -> Workspace:
        """Add a second."""
        return super().get_workspace(owner_id, workspace_id, deadline=deadline + 1)


class BrokenWatch(Watch):
    """A watch that passes all on, for others to break."""

    def __init__(self, watch: Watch, now: Callable[[], Workspace]) -> None:
        self.watch = watch
        self.now = now

    def next(self, deadline: float) -> Workspace | None:
        """Pass on."""
        return self.watch.next(deadline)

    def close(self) -> None:
        """Pass on."""
        self.watch.close()


class RepeatingWatch(BrokenWatch):
    """Tells the same state again."""

    def next(self, deadline: float) -> Workspace | None:
        """Tell how it is in any case."""
        return self.watch.next(deadline) or self.now()


class LateWatch(BrokenWatch):
    """Tells changes only, not how it is."""

    def __init__(self, watch: Watch, now: Callable[[], Workspace]) -> None:
        super().__init__(watch, now)
        self.watch.next(0)


class DeafWatch(BrokenWatch):
    """Cannot be closed."""

    def close(self) -> None:
        """Do nothing."""


class WatchesBadly(FakeCoder):
    """Its watches break a rule."""

    watches: type[BrokenWatch]

    def watch(self, workspace: Workspace, *, deadline: float) -> Watch | None:
        """Wrap it."""
        watch = super().watch(workspace, deadline=deadline)
        assert watch is not None
        return self.watches(watch, lambda: self.get_workspace(workspace.owner_id, workspace.id, deadline=deadline))


class RepeatsStates(WatchesBadly):
    """See RepeatingWatch."""

    watches = RepeatingWatch


class TellsChangesOnly(WatchesBadly):
    """See LateWatch."""

    watches = LateWatch


class ClosesNothing(WatchesBadly):
    """See DeafWatch."""

    watches = DeafWatch


BROKEN_CODERS: dict[Callable[[Clock], FakeCoder], str] = {
    TellsNamesApartByCase: "test_a_live_name_is_taken_in_any_case",
    ChecksNamesFirst: "test_of_racing_creations_one_is_made",
    FindsTheDeleted: "test_a_deleted_workspace_is_not_found_by_name",
    FindsInOneCase: "test_a_workspace_is_found_by_name_in_any_case",
    NeverFreesAName: "test_the_name_of_a_deleted_workspace_is_free",
    ReturnsWhoeverHasTheName: "test_a_live_name_is_taken",
    AsksAgain: "test_changes_keep_their_deadline",
    HidesTheDeleted: "test_a_deleted_workspace_is_read_by_id",
    ListsForeigners: "test_live_workspaces_are_listed",
    BeginsTheLogAnew: "test_the_log_goes_on_after_a_line",
    TakesItsTime: "test_reads_keep_their_deadline",
    RepeatsStates: "test_nothing_new_until_the_deadline",
    TellsChangesOnly: "test_the_first_state_is_how_it_is",
    ClosesNothing: "test_closing_ends_the_waiting",
}


def test_an_unbroken_platform_is_not_rejected() -> None:
    """What all these are made from keeps every rule, run in the same way."""
    assert broken_rules(CreatorAndWatchContract, creators_in_virtual_time(FakeCoder, rounds=ROUNDS)) == set()


@pytest.mark.parametrize(("broken", "rule"), BROKEN_CODERS.items(), ids=name_of)
def test_a_broken_platform_is_rejected(broken: Callable[[Clock], FakeCoder], rule: str) -> None:
    """The test of the rule that it breaks fails."""
    expect_rejected(CreatorAndWatchContract, creators_in_virtual_time(broken, rounds=ROUNDS), rule)


# ------------------------------------------------------------------ dialers


class HopesForever(FakeCoder):
    """dial() never says that an agent is gone."""

    def dial(self, workspace: Workspace, agent: Agent, *, deadline: float) -> AbstractContextManager[AgentConnection]:
        """Say that it may come."""
        try:
            return super().dial(workspace, agent, deadline=deadline)
        except DialError as error:
            raise DialError(str(error), permanent=False) from error


class GivesUp(FakeCoder):
    """dial() says of every agent that it is gone."""

    def dial(self, workspace: Workspace, agent: Agent, *, deadline: float) -> AbstractContextManager[AgentConnection]:
        """Say that it will not come."""
        try:
            return super().dial(workspace, agent, deadline=deadline)
        except DialError as error:
            raise DialError(str(error), permanent=True) from error


class DialsAnyAgent(FakeCoder):
    """dial() takes any agent of the workspace for the one that was meant."""

    def dial(self, workspace: Workspace, agent: Agent, *, deadline: float) -> AbstractContextManager[AgentConnection]:
        """Choose the first."""
        known = [it.now.agents for it in self.workspaces if it.id == workspace.id]
        return super().dial(workspace, known[0][0] if known and known[0] else agent, deadline=deadline)


BROKEN_DIALERS: dict[Callable[[Clock], FakeCoder], str] = {
    HopesForever: "test_the_agent_of_a_deleted_workspace",
    GivesUp: "test_an_agent_that_is_not_connected",
    DialsAnyAgent: "test_the_agent_of_a_build_before",
}


def test_an_unbroken_dialer_is_not_rejected() -> None:
    """What all these are made from keeps every rule, run in the same way."""
    assert broken_rules(AgentDialerContract, dialers_in_virtual_time(FakeCoder, rounds=ROUNDS)) == set()


@pytest.mark.parametrize(("broken", "rule"), BROKEN_DIALERS.items(), ids=name_of)
def test_a_broken_dialer_is_rejected(broken: Callable[[Clock], FakeCoder], rule: str) -> None:
    """The test of the rule that it breaks fails."""
    expect_rejected(AgentDialerContract, dialers_in_virtual_time(broken, rounds=ROUNDS), rule)
