"""Stores that break a rule."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import attrs

from chatworkspace import Chat
from chatworkspace.ports import TAKEN_OVER, ChangedError, Claim, ClaimedError, Clock, Intent, Look, Plan, WorkspaceTakenError
from chatworkspace_fake import MemoryStore
from tests.contract.broken.breaking import Breaking

STORES = Breaking("store", MemoryStore)


@STORES.breaks("claim.look-before-another-claim")
class ClaimsWhateverWasLookedAt(MemoryStore):
    """A claim does not compare the epoch with the look's."""

    def claim(self, look: Look, *, token: str, ttl: float, plan: Plan | None = None, keep: bool = False) -> Claim:
        """Look again by itself."""
        return super().claim(self.look(look.chat.id), token=token, ttl=ttl, plan=plan, keep=keep)


@STORES.breaks("claim.look-before-a-write")
class ClaimsByEpochAlone(MemoryStore):
    """A claim compares nothing but the epoch, and takes what the holder wrote since for what was looked at."""

    def claim(self, look: Look, *, token: str, ttl: float, plan: Plan | None = None, keep: bool = False) -> Claim:
        """Look again by itself unless the epoch has changed."""
        now = self.look(look.chat.id)
        return super().claim(now if now.epoch == look.epoch else look, token=token, ttl=ttl, plan=plan, keep=keep)


@STORES.breaks("claim.epoch")
class CountsNoEpoch(MemoryStore):
    """A claim leaves the epoch as it is."""

    def claim(self, look: Look, *, token: str, ttl: float, plan: Plan | None = None, keep: bool = False) -> Claim:
        """Take the count back."""
        claim = super().claim(look, token=token, ttl=ttl, plan=plan, keep=keep)
        self._rows[look.chat.id].epoch = look.epoch
        return attrs.evolve(claim, epoch=look.epoch)


@STORES.breaks("claim.held")
class KeepsNobodyOut(MemoryStore):
    """A claim takes what somebody holds."""

    def claim(self, look: Look, *, token: str, ttl: float, plan: Plan | None = None, keep: bool = False) -> Claim:
        """End the holder's claim first."""
        if look.chat.id in self._rows:
            self._rows[look.chat.id].until = 0
        return super().claim(look, token=token, ttl=ttl, plan=plan, keep=keep)


@STORES.breaks("race.claims")
class ClaimsInTwoSteps(MemoryStore):
    """A claim looks whether it may, and takes the row then: others come between."""

    between = 0.0
    """Seconds from the look to the taking."""

    def claim(self, look: Look, *, token: str, ttl: float, plan: Plan | None = None, keep: bool = False) -> Claim:
        """Decide on what was read, not on the row that is updated."""
        now = self.look(look.chat.id)
        if now.chat != look.chat or now.epoch != look.epoch:
            return super().claim(look, token=token, ttl=ttl, plan=plan, keep=keep)
        if now.claimed_for:
            raise ClaimedError(retry_in=now.claimed_for)
        self._clock.sleep(self.between)
        self._rows[look.chat.id].until = 0
        return super().claim(self.look(look.chat.id), token=token, ttl=ttl, plan=plan, keep=keep)


@STORES.breaks("claim.same-token-again")
class KnowsNoTokenAgain(MemoryStore):
    """A claim whose answer was lost is refused to its own holder."""

    def claim(self, look: Look, *, token: str, ttl: float, plan: Plan | None = None, keep: bool = False) -> Claim:
        """Compare the epoch only."""
        if self.look(look.chat.id).epoch != look.epoch:
            raise ChangedError
        return super().claim(look, token=token, ttl=ttl, plan=plan, keep=keep)


@STORES.breaks("plan.generation-after-binding")
class CountsNoGeneration(MemoryStore):
    """A plan over a binding belongs to the generation that it ends."""

    def claim(self, look: Look, *, token: str, ttl: float, plan: Plan | None = None, keep: bool = False) -> Claim:
        """Take the count back."""
        claim = super().claim(look, token=token, ttl=ttl, plan=plan, keep=keep)
        row = self._rows[look.chat.id]
        row.chat = attrs.evolve(row.chat, generation=look.chat.generation)
        return attrs.evolve(claim, chat=row.chat)


@STORES.breaks("plan.unbinds")
class PlansBesideABinding(MemoryStore):
    """A plan leaves the binding, so that both are there at once."""

    def claim(self, look: Look, *, token: str, ttl: float, plan: Plan | None = None, keep: bool = False) -> Claim:
        """Bind again what was unbound."""
        claim = super().claim(look, token=token, ttl=ttl, plan=plan, keep=keep)
        row = self._rows[look.chat.id]
        if look.chat.workspace_id is not None and row.chat.workspace_id is None:
            row.chat = attrs.evolve(row.chat, workspace_id=look.chat.workspace_id)
            self._register.bind(look.chat.workspace_id, None)
        return attrs.evolve(claim, chat=row.chat)


@STORES.breaks("write.stale")
class BindsForTheOvertaken(MemoryStore):
    """bind() accepts the claim of a holder that somebody has overtaken."""

    def bind(self, claim: Claim, workspace_id: UUID) -> Chat:
        """Write with the claim of whoever holds it now."""
        return super().bind(self._rows[claim.chat.id].claim(), workspace_id)


@STORES.breaks("write.another-token")
class BindsByEpochAlone(MemoryStore):
    """bind() does not compare tokens."""

    def bind(self, claim: Claim, workspace_id: UUID) -> Chat:
        """Write with the token that the row has."""
        return super().bind(attrs.evolve(claim, token=self._rows[claim.chat.id].token), workspace_id)


@STORES.breaks("write.gives-back")
class KeepsTheClaimAfterBinding(MemoryStore):
    """bind() does not give the claim back."""

    def bind(self, claim: Claim, workspace_id: UUID) -> Chat:
        """Let it live on."""
        row = self._rows[claim.chat.id]
        until = row.until
        chat = super().bind(claim, workspace_id)
        row.until = until
        return chat


@STORES.breaks("bind.makings-of-others")
class BindsOthersMakings(MemoryStore):
    """bind() does not ask whose making it is."""

    def bind(self, claim: Claim, workspace_id: UUID) -> Chat:
        """Forget who made what."""
        self._register.made.clear()
        return super().bind(claim, workspace_id)


@STORES.breaks("bind.discarded")
class GivesBackWhatItRefuses(MemoryStore):
    """bind() ends the claim of a holder that it refuses."""

    def bind(self, claim: Claim, workspace_id: UUID) -> Chat:
        """Give back, and raise."""
        try:
            return super().bind(claim, workspace_id)
        except WorkspaceTakenError:
            self.release(claim)
            raise


@STORES.breaks("attach.discarded")
class AttachesTheDiscarded(MemoryStore):
    """attach() does not ask whether it will be deleted."""

    def attach(self, claim: Claim, workspace_id: UUID | None, *, number: int, note: str = "") -> Chat:
        """Forget what was discarded."""
        self._register.discarded.clear()
        return super().attach(claim, workspace_id, number=number, note=note)


@STORES.breaks("write.repeated")
class AttachesTwice(MemoryStore):
    """attach() is not to be repeated: it counts each time."""

    def attach(self, claim: Claim, workspace_id: UUID | None, *, number: int, note: str = "") -> Chat:
        """Forget that its holder has written."""
        self._rows[claim.chat.id].written = False
        return super().attach(claim, workspace_id, number=number, note=note)


@STORES.breaks("write.stale-release")
class ReleasesForTheOvertaken(MemoryStore):
    """release() takes the claim from its new holder."""

    def release(self, claim: Claim, *, note: str = "", drop_plan: bool = False, back: Look | None = None) -> None:
        """Release whoever holds it now."""
        super().release(self._rows[claim.chat.id].claim(), note=note, drop_plan=drop_plan, back=back)


@STORES.breaks("release.keeps")
class DropsEveryPlan(MemoryStore):
    """release() drops the plan unasked."""

    def release(self, claim: Claim, *, note: str = "", drop_plan: bool = False, back: Look | None = None) -> None:
        """Drop it."""
        del drop_plan
        super().release(claim, note=note, drop_plan=True, back=back)


@STORES.breaks("discard.bound")
class DiscardsTheBound(MemoryStore):
    """discard() does not ask whether a chat is bound to it."""

    def discard(self, workspace_id: UUID) -> None:
        """Write it down in any case."""
        self._register.discarded.add(workspace_id)


@STORES.breaks("release.notes")
class RemembersOneNote(MemoryStore):
    """A note takes the place of the one before."""

    def history(self, chat_id: str) -> Sequence[Intent]:
        """Tell the last note only."""
        return tuple(attrs.evolve(intent, notes=intent.notes[-1:]) for intent in super().history(chat_id))


@STORES.breaks("history.taken-over")
class TellsOfNoTakeOver(MemoryStore):
    """Who takes over from a holder that has died says nothing of it."""

    def history(self, chat_id: str) -> Sequence[Intent]:
        """Leave those notes out."""
        told = super().history(chat_id)
        return tuple(attrs.evolve(one, notes=tuple(it for it in one.notes if not it.startswith(TAKEN_OVER)), times=()) for one in told)


@STORES.breaks("release.repeated-notes")
class CountsNoNotes(MemoryStore):
    """A note that is repeated is one."""

    def history(self, chat_id: str) -> Sequence[Intent]:
        """Tell no count."""
        return tuple(attrs.evolve(intent, times=()) for intent in super().history(chat_id))


@STORES.breaks("release.last-notes")
class ForgetsByGeneration(MemoryStore):
    """Notes of the latest generation alone are kept."""

    def history(self, chat_id: str) -> Sequence[Intent]:
        """Tell no others."""
        *before, last = super().history(chat_id)
        return (*(attrs.evolve(intent, notes=(), times=()) for intent in before), last)


@STORES.breaks("release.odd-notes")
class KeepsNotesAsTheyCome(MemoryStore):
    """A note is kept as it is, whatever is in it."""

    def history(self, chat_id: str) -> Sequence[Intent]:
        """Tell it so."""
        told = super().history(chat_id)
        return tuple(attrs.evolve(intent, notes=tuple(note.replace("\ufffd", "\0") for note in intent.notes)) for intent in told)


@STORES.breaks("values.history")
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


@STORES.breaks("opening.for-another-owner")
class OverwritesTheOwner(MemoryStore):
    """open_chat() stores what the last caller said."""

    def open_chat(self, chat_id: str, owner_id: UUID, organization_id: UUID) -> Chat:
        """Take the chat over."""
        super().open_chat(chat_id, owner_id, organization_id)
        row = self._rows[chat_id]
        row.chat = attrs.evolve(row.chat, owner_id=owner_id, organization_id=organization_id)
        return row.chat


@STORES.breaks("opening.look-at-unknown")
class OpensWhatIsLookedAt(MemoryStore):
    """look() makes the chat that it does not find."""

    def look(self, chat_id: str) -> Look:
        """Open it for nobody."""
        self.open_chat(chat_id, UUID(int=0), UUID(int=0))
        return super().look(chat_id)


@STORES.breaks("secret.stays")
class ChangesItsSecret(MemoryStore):
    """secret() makes another each time."""

    def secret(self) -> bytes:
        """Forget the one before."""
        self._secrets.clear()
        return super().secret()


@STORES.breaks("values.look")
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


@STORES.breaks("turn.given-back")
class WaitsToTheEnd(MemoryStore):
    """wait_for_turn() does not notice that the claim was given back."""

    def wait_for_turn(self, look: Look, deadline: float) -> None:
        """Sleep."""
        del look
        self._clock.sleep(max(deadline - self._clock.monotonic(), 0))


@STORES.breaks("sweep.planned")
class ListsYoungPlans(MemoryStore):
    """planned() does not ask how old a plan is."""

    def planned(self, older_than: float) -> Sequence[Look]:
        """List all."""
        del older_than
        return super().planned(0)


@STORES.breaks("sweep.order")
class SortsAsPeopleDo(MemoryStore):
    """chats() sorts without case."""

    def chats(self, *, after: str = "", limit: int = 500) -> Sequence[Look]:
        """Sort a page again."""
        return sorted(super().chats(after=after, limit=limit), key=lambda look: look.chat.id.casefold())
