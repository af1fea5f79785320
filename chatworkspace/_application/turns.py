"""One chat's turn: look, decide, claim, change, record. Everything that changes the platform or the record happens here, under mutex and claim.

A turn never waits for a build, an agent or another caller: it returns what is to be done next, and the service does it outside of every lock.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from math import inf
from typing import TypeVar
from uuid import UUID

import attrs

from chatworkspace._application.admission import Admission
from chatworkspace._application.calls import Call, Calls
from chatworkspace._application.memory import Proof, Proofs
from chatworkspace._application.redaction import Redaction
from chatworkspace._application.waiting import Bound, Ending
from chatworkspace._domain import names
from chatworkspace._domain.conditions import Condition, Finding, Probe, classify, probe_for
from chatworkspace._domain.decisions import Step
from chatworkspace.errors import ChatClosedError, ChatNotFoundError, NoWorkspaceError, OutcomeUnknownError, RefusedError, UnavailableError
from chatworkspace.model import Chat, LeftBehind, Reason, Template, Transition, Workspace
from chatworkspace.ports import (
    ChangedError,
    Claim,
    ClaimedError,
    Clock,
    CreateWorkspace,
    Look,
    NameTakenError,
    NotAnsweredError,
    NotFoundError,
    Plan,
    StaleClaimError,
    Store,
    WorkspaceCreator,
    WorkspaceTakenError,
)
from chatworkspace.timeouts import Timeouts

T = TypeVar("T")

MARGIN = 5.0
"""Seconds of a claim that are kept for its record: what is sent ends so long before the claim does."""
FLOOR = 0.1
BACK_OFF_MOST = 1.0

# ---------------------------------------------------------------- what a turn comes to


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Follow:
    """The chat is bound: wait for its workspace and tell how it is."""

    bound: Bound


@attrs.frozen(kw_only=True, eq=False, repr=False)
class LookAgain:
    """A stop or deletion (or, for stop, a start) is under way: wait for its end, then decide anew."""

    bound: Bound


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Proven:
    """A dial worked a moment ago: ready, and nothing needs to be asked."""

    look: Look
    proof: Proof


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Await:
    """Somebody else holds the chat: wait for the turn."""

    look: Look


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Again:
    """The chat has changed: look again."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Unknown:
    """The chat is bound, but what it is bound to could not be read, or what was sent was not answered. Nothing was made."""

    look: Look
    reason: Reason
    error: str
    workspace: Workspace | None = None


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Unbound:
    """The chat has no workspace (any more)."""

    chat: Chat
    changed: bool


Turn = Follow | LookAgain | Proven | Await | Again | Unknown | Unbound


# ---------------------------------------------------------------- what a call brings along


@attrs.define(kw_only=True, eq=False, repr=False)
class Track:
    """What this call has done so far. Used by one thread."""

    made: Workspace | None = None
    """What its own request made."""
    adopted: bool = False
    stopping: bool = False
    """It is to stop the workspace."""
    built: bool = False
    """It has sent a start or a stop."""
    waited: bool = False
    """It has waited for a build."""
    version_before: UUID | None = None
    """Of the template, before the build that it has sent."""
    attached: bool = False
    opened: bool = False
    """It has opened a generation: one call opens at most one."""
    left: LeftBehind | None = None
    stray: Workspace | None = None
    """What its own request made and could not bind."""
    as_wished: bool = False
    """What was adopted was asked for with this call's very arguments."""
    stood: Plan | None = None
    """A plan that stood before this call's own: what is found may be what it asked for."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Wish:
    """What create() was asked for."""

    template_id: UUID
    name: str = ""
    parameters: Mapping[str, str] = attrs.field(factory=dict[str, str], repr=False)
    preset_id: UUID | None = None
    replace: bool | UUID = False
    """True: whatever is there; or the id of the only workspace that may be."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Policy:
    """What a call does about the chat it finds."""

    step: Callable[[Finding, Workspace], Step]
    make: Callable[[Look, LeftBehind | None, int], Turn]
    """Called with the look, what is left behind, and the number for the name, when a workspace is to be made."""
    asks_for: Callable[[Plan], bool] = lambda _: False
    """Tell whether a plan asks for what this call asks for."""
    parameters: Mapping[str, str] = attrs.field(factory=dict[str, str], repr=False)
    trust_proof: bool = True


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Held:
    """A claim, and when its life began: counted from before it was asked for."""

    claim: Claim
    ends_at: float


class Turns:
    """Takes turns for the chats of one process. Safe from any thread; each method runs under the chat's mutex."""

    def __init__(
        self,
        *,
        store: Store,
        creator: WorkspaceCreator,
        clock: Clock,
        timeouts: Timeouts,
        proofs: Proofs,
        admission: Admission,
        calls: Calls,
    ) -> None:
        self._store = store
        self._creator = creator
        self._clock = clock
        self._timeouts = timeouts
        self._proofs = proofs
        self._admission = admission
        self._calls = calls
        self._secret: bytes | None = None
        self._life = timeouts.creating + MARGIN

    # ------------------------------------------------------------ asking the store

    def stored(self, ask: Callable[[], T], *, until: float | None = None) -> T:
        """Ask the store, again and again with back-off where it is unavailable, until the deadline. UnavailableError with the last real error."""
        deadline = self._clock.monotonic() + self._timeouts.planning if until is None else until
        return self._patiently(ask, deadline, Reason.STORE_UNAVAILABLE)

    def _patiently(self, ask: Callable[[], T], deadline: float, reason: Reason) -> T:
        attempt = 0
        while True:
            try:
                return ask()
            except UnavailableError as error:
                pause = FLOOR + self._clock.random() * (min(FLOOR * 2**attempt, BACK_OFF_MOST) - FLOOR)
                if not error.retryable or self._clock.monotonic() + pause >= deadline:
                    raise UnavailableError(str(error), reason=reason, retryable=error.retryable) from error
                failure = error
            attempt += 1
            self._back_off(pause, failure)

    def _back_off(self, pause: float, failure: UnavailableError) -> None:
        """Wait before the next attempt. Who is interrupted meanwhile gives up; ClosedError."""
        call = self._calls.mine
        if call is None:
            self._clock.sleep(pause)
            return
        call.pause(self._clock.monotonic() + pause)
        if call.interrupted:
            raise UnavailableError(str(failure), reason=Reason.INTERRUPTED) from failure

    def look(self, chat_id: str) -> Look:
        """Read the chat's row. ChatNotFoundError, ChatClosedError, UnavailableError."""
        look = self.look_even_closed(chat_id)
        if look.chat.closed:
            raise ChatClosedError(chat_id)
        return look

    def look_even_closed(self, chat_id: str) -> Look:
        """As look(), for a chat that may be closed."""
        try:
            return self.stored(lambda: self._store.look(chat_id))
        except NotFoundError:
            raise ChatNotFoundError(chat_id) from None

    def mark(self, chat_id: str, number: int) -> str:
        """Return the chat's mark for a number."""
        return names.mark_of(self.secret(), chat_id, number)

    def secret(self) -> bytes:
        """Return the store's secret, asked for once in a process."""
        if self._secret is None:
            self._secret = self.stored(self._store.secret)
        return self._secret

    # ------------------------------------------------------------ reading the platform

    def read(self, look: Look, *, until: float = inf) -> Follow | Unknown:
        """Read the workspace that the chat is bound to. A failure concludes nothing."""
        chat = look.chat
        assert chat.workspace_id is not None, "only a bound chat is read"
        workspace_id, deadline = chat.workspace_id, min(self._clock.monotonic() + self._timeouts.planning, until)
        try:
            workspace, read_at = self.fetch(chat, workspace_id, deadline)
        except NotFoundError as error:
            return Unknown(look=look, reason=Reason.NOT_VISIBLE, error=str(error))
        except UnavailableError as error:
            return Unknown(look=look, reason=error.reason, error=str(error))
        return Follow(bound=Bound(chat=chat, epoch=look.epoch, workspace=workspace, read_at=read_at))

    def fetch(self, chat: Chat, workspace_id: UUID, deadline: float) -> tuple[Workspace, float]:
        """Return a workspace, and say when it was asked for. NotFoundError, UnavailableError."""

        def ask() -> tuple[Workspace, float]:
            now = self._clock.monotonic()
            limit = min(deadline, now + self._timeouts.request)
            return self._creator.get_workspace(chat.owner_id, workspace_id, deadline=limit), now

        return self._patiently(ask, deadline, Reason.PLATFORM_UNAVAILABLE)

    def find(self, chat: Chat, name: str, *, within: float | None = None) -> tuple[Workspace | None, float]:
        """Look for the live workspace of a name, and say when it was asked for. UnavailableError."""
        deadline = self._clock.monotonic() + (self._timeouts.planning if within is None else within)

        def ask() -> tuple[Workspace | None, float]:
            now = self._clock.monotonic()
            limit = min(deadline, now + self._timeouts.request)
            return self._creator.find_workspace(chat.owner_id, name, deadline=limit), now

        return self._patiently(ask, deadline, Reason.PLATFORM_UNAVAILABLE)

    def classify(self, workspace: Workspace) -> Finding:
        """Return what a workspace's facts come to."""
        return classify(workspace, lost_after=self._timeouts.lost_after)

    # ------------------------------------------------------------ claims

    def claim(self, look: Look) -> Held | Await | Again:
        """Take the chat's claim for long enough to send something. UnavailableError."""
        held = self._claimed(look)
        return self._too_late(held) if isinstance(held, Held) and not self._long_enough(held) else held

    def _claimed(self, look: Look, plan: Plan | None = None, *, leaves: bool = False) -> Held | Await | Again:
        """Take the chat's claim, and with a plan write it down. UnavailableError: it was not confirmed, and nothing may be sent.

        leaves: the plan leaves a live workspace behind.
        """
        token, begun = self._clock.token(), self._clock.monotonic()
        unanswered = False

        def ask() -> Claim:
            nonlocal unanswered
            try:
                return self._store.claim(look, token=token, ttl=self._life, plan=plan)
            except UnavailableError:
                unanswered = True
                raise

        try:
            claim = self.stored(ask)
        except ChangedError:
            if unanswered and leaves:  # perhaps by this very call: it must not leave another one behind, and cannot say what it did
                raise UnavailableError("the store did not say whether it was written", reason=Reason.STORE_UNAVAILABLE) from None
            return Again()
        except ClaimedError as error:
            return Await(look=attrs.evolve(look, claimed_for=max(error.retry_in, FLOOR)))
        return Held(claim=claim, ends_at=begun + self._life)

    def _too_late(self, held: Held) -> Again:
        self.release(held)
        return Again()

    def _long_enough(self, held: Held) -> bool:
        """Tell whether a request may still be sent under this claim: not with less than 10 s of it left (less where `creating` is short)."""
        return held.ends_at - self._clock.monotonic() >= MARGIN + min(MARGIN, self._timeouts.creating / 2)

    def release(self, held: Held, *, note: str = "", drop_plan: bool = False) -> None:
        """Give the claim back. Best effort: it ends by itself."""
        try:
            self.stored(lambda: self._store.release(held.claim, note=note, drop_plan=drop_plan), until=self._clock.monotonic() + 1.0)
        except UnavailableError:
            return

    def limit(self, held: Held) -> float:
        """Return until when a request under this claim may take."""
        return min(self._clock.monotonic() + self._timeouts.creating, held.ends_at - MARGIN)

    def left_to_read(self, held: Held) -> float:
        """Return the seconds that a look under this claim may take, so that its record can still be written."""
        return max(min(self._timeouts.planning, held.ends_at - MARGIN / 2 - self._clock.monotonic()), FLOOR)

    def bind(self, held: Held, workspace: Workspace, read_at: float, track: Track) -> Follow | Again:
        """Record what the plan became. A refused holder drops what it has and looks again."""
        chat_id = held.claim.chat.id
        try:
            chat = self.stored(lambda: self._store.bind(held.claim, workspace.id), until=max(held.ends_at, self._clock.monotonic() + FLOOR))
        except StaleClaimError:
            track.stray = track.made
            return Again()
        except WorkspaceTakenError as error:
            self.release(held, note=f"{workspace.id} could not be bound: {error}")
            raise UnavailableError(f"the workspace {workspace.name} is being discarded", reason=Reason.DISCARDED) from error
        self._proofs.void(chat_id)
        return Follow(bound=Bound(chat=chat, epoch=held.claim.epoch, workspace=workspace, read_at=read_at))

    # ------------------------------------------------------------ one turn of create, start and stop

    def take(self, call: Call, policy: Policy, track: Track) -> Turn:
        """Look, decide, and act once."""
        dial = self.dialled(call.chat_id)
        look = self.look(call.chat_id)
        if look.chat.workspace_id is not None:
            return self._bound(look, dial, policy, track)
        if look.plan is not None:
            return Await(look=look) if look.claimed_for > 0 else self._planned(look, look.plan, policy, track)
        return policy.make(look, None, look.number)

    def dialled(self, chat_id: str) -> Proof | None:
        """Return the chat's latest dial. To be asked for before the look that it is held against: what was claimed between them voids it."""
        return self._proofs.latest(chat_id)

    def proven(self, look: Look, dial: Proof | None) -> Proven | None:
        """Return the dial, made before the look, if it proves the chat's workspace ready."""
        now = self._clock.monotonic()
        proof = self._proofs.valid(dial, epoch=look.epoch, workspace_id=look.chat.workspace_id, now=now)
        return Proven(look=look, proof=proof) if proof is not None and proof.proves_ready else None

    def still_proven(self, look: Look, bound: Bound, ending: Ending) -> bool:
        """Tell whether what was found ready still is: nobody has claimed since, and the dial, where one was needed, is no older than it may be."""
        if look.epoch != bound.epoch:
            return False
        now = self._clock.monotonic()
        dial = self._proofs.get(look.chat.id, epoch=look.epoch, workspace_id=bound.workspace.id, now=now)
        return dial is not None or probe_for(ending.finding) is Probe.NONE

    def _bound(self, look: Look, dial: Proof | None, policy: Policy, track: Track) -> Turn:
        if policy.trust_proof and (proven := self.proven(look, dial)):
            return proven
        reading = self.read(look)
        if isinstance(reading, Unknown):
            return reading
        return self._act(look, reading, policy, track)

    def _act(self, look: Look, reading: Follow, policy: Policy, track: Track) -> Turn:
        workspace = reading.bound.workspace
        finding = self.classify(workspace)
        match policy.step(finding, workspace):
            case Step.FOLLOW:
                return reading
            case Step.LOOK_AGAIN:
                return LookAgain(bound=reading.bound)
            case Step.BUILD:
                return self._send(look, Transition.START, Step.BUILD, policy, track)
            case Step.STOP:
                return self._send(look, Transition.STOP, Step.STOP, policy, track)
            case Step.MAKE:
                return policy.make(look, None, look.number)
            case Step.REPLACE:
                return self._replace(look, workspace, finding, policy)
            case Step.NO_WORKSPACE:
                raise NoWorkspaceError("the workspace was deleted", reason=Reason.DELETED)

    def _replace(self, look: Look, workspace: Workspace, finding: Finding, policy: Policy) -> Turn:
        """Make another, unless somebody had the claim at the look: a build that is being asked for is not in what was read."""
        if look.claimed_for > 0:
            return Await(look=look)
        reason = Reason.FIRST_BUILD_FAILED if finding.condition is Condition.FIRST_BUILD_FAILED else Reason.REPLACED
        left = LeftBehind(workspace_id=workspace.id, name=workspace.full_name, reason=reason)
        return policy.make(look, left, self.number_after(look, workspace))

    def number_after(self, look: Look, left: Workspace | None) -> int:
        """Return the number for names once a live workspace is left behind: one more if it bears the mark in use, or is not known."""
        if left is not None and not names.bears_mark(left.name, self.mark(look.chat.id, look.number)):
            return look.number
        return look.number + 1

    def _planned(self, look: Look, plan: Plan, policy: Policy, track: Track) -> Turn:
        """Settle a plan whose maker died or lost the answer: what bears its name is the chat's."""
        found, read_at = self.find(look.chat, plan.name)
        track.stood = plan
        if found is None:
            return policy.make(look, None, look.number)
        held = self.claim(look)
        if not isinstance(held, Held):
            return held
        bound = self.bind(held, found, read_at, track)
        if isinstance(bound, Follow):
            track.adopted, track.as_wished = True, policy.asks_for(plan)
            return Again()  # bound now: decided as it is found
        return bound

    # ------------------------------------------------------------ starting and stopping

    def _send(self, look: Look, transition: Transition, expected: Step, policy: Policy, track: Track) -> Turn:
        """Ask for a build under the claim, if what called for it still holds."""
        held = self.claim(look)
        if not isinstance(held, Held):
            return held
        try:
            reading = self.read(attrs.evolve(look, epoch=held.claim.epoch))
            if isinstance(reading, Unknown):
                return reading
            workspace = reading.bound.workspace
            if policy.step(self.classify(workspace), workspace) is not expected or not self._long_enough(held):
                return Again()
            return self._sent(held, reading.bound, transition, policy, track)
        finally:
            self._proofs.void(look.chat.id)
            self.release(held)

    def _sent(self, held: Held, bound: Bound, transition: Transition, policy: Policy, track: Track) -> Turn:
        before = bound.workspace
        asked_at = self._clock.monotonic()
        try:
            after = self._ask_for(transition, before, policy.parameters, self.limit(held))
        except (NotAnsweredError, UnavailableError, RefusedError) as error:
            Redaction(policy.parameters).of_error(error)
            return self._settle_build(held, bound, error, track)
        except NotFoundError as error:
            return Unknown(look=_as_look(bound, held), reason=Reason.NOT_VISIBLE, error=str(error))
        track.built, track.version_before = True, before.build.template_version_id
        return Follow(bound=attrs.evolve(bound, workspace=after, read_at=asked_at))

    def _ask_for(self, transition: Transition, workspace: Workspace, parameters: Mapping[str, str], deadline: float) -> Workspace:
        if transition is Transition.START:
            return self._creator.start_workspace(workspace, parameters, deadline=deadline)
        return self._creator.stop_workspace(workspace, deadline=deadline)

    def _settle_build(self, held: Held, bound: Bound, error: Exception, track: Track) -> Turn:
        """After an unclear answer or a refusal: a higher build number is the answer; none is unknown, and no reason to send it again."""
        look = _as_look(bound, held)
        reading = self.read(look)
        if isinstance(reading, Follow) and reading.bound.workspace.build.number > bound.workspace.build.number:
            track.built, track.version_before = not isinstance(error, RefusedError), bound.workspace.build.template_version_id
            return reading
        if isinstance(error, RefusedError):
            self.release(held, note=f"refused: {error}")
            raise error
        return Unknown(look=look, reason=Reason.OUTCOME_UNKNOWN, error=str(error), workspace=bound.workspace)

    # ------------------------------------------------------------ making

    def asks_for(self, wish: Wish, plan: Plan) -> bool:
        """Tell whether a plan asks for what is wished."""
        print_of = names.fingerprint(self.secret(), wish.parameters)
        return (plan.template_id, plan.preset_id, plan.fingerprint) == (wish.template_id, wish.preset_id, print_of)

    def make(self, look: Look, wish: Wish, left: LeftBehind | None, number: int, track: Track) -> Turn:
        """Check the template, claim with plan, create, and bind. One generation a call."""
        if track.opened and look.plan is None:
            return self._not_again(look)
        deadline = self._clock.monotonic() + self._timeouts.planning
        check = partial(self._admission.check_template, look.chat, wish.template_id, deadline)
        template = self._patiently(check, deadline, Reason.PLATFORM_UNAVAILABLE)
        plan = self._plan(look, wish, template, number)
        ttl = self._admission.ttl_of(look.chat)
        held = self._claimed(look, plan, leaves=left is not None)
        if not isinstance(held, Held):
            return held
        track.opened = True  # also where the claim came too late to send anything: the plan stands
        track.left = left or track.left
        return self._create(held, plan, wish, ttl, track) if self._long_enough(held) else self._too_late(held)

    def _not_again(self, look: Look) -> Turn:
        """Tell how it is: this call has made one already, and it is gone again."""
        return Unbound(chat=look.chat, changed=False) if look.chat.workspace_id is None else self.read(look)

    def _plan(self, look: Look, wish: Wish, template: Template, number: int) -> Plan:
        return Plan(
            name=names.name_in_use(look.name, wish.name, template.name, self.mark(look.chat.id, number)),
            number=number,
            template_id=template.id,
            preset_id=wish.preset_id,
            fingerprint=names.fingerprint(self.secret(), wish.parameters),
        )

    def _create(self, held: Held, plan: Plan, wish: Wish, ttl: float | None, track: Track) -> Turn:
        chat = held.claim.chat
        request = CreateWorkspace(
            owner_id=chat.owner_id,
            organization_id=chat.organization_id,
            name=plan.name,
            template_id=plan.template_id,
            parameters=wish.parameters,
            preset_id=plan.preset_id,
            ttl=ttl,
        )
        asked_at = self._clock.monotonic()
        try:
            made = self._creator.create_workspace(request, deadline=self.limit(held))
        except (NameTakenError, NotAnsweredError, UnavailableError) as error:
            Redaction(wish.parameters).of_error(error)
            return self._settle_creation(held, plan, error, track)
        except RefusedError as error:
            Redaction(wish.parameters).of_error(error)
            self.release(held, note=f"refused: {error}")
            raise
        except Exception as error:
            self.release(held, note=f"failed: {type(error).__name__}")
            raise
        track.made = made
        return self.bind(held, made, asked_at, track)

    def _settle_creation(self, held: Held, plan: Plan, error: Exception, track: Track) -> Turn:
        """After a conflict or no clear answer: what bears the name is the chat's, from whatever template. Else nobody knows."""
        try:
            found, read_at = self.find(held.claim.chat, plan.name, within=self.left_to_read(held))
        except UnavailableError as failure:
            self.release(held)
            raise OutcomeUnknownError(f"{error}; then {failure}") from failure
        if found is not None:
            track.adopted = True
            track.as_wished = not isinstance(error, NameTakenError) and (track.stood is None or _alike(track.stood, plan))
            return self.bind(held, found, read_at, track)
        if isinstance(error, NotAnsweredError) and not error.in_flight:
            self.release(held, note=f"refused: {error}")
            raise RefusedError(str(error)) from error
        self.release(held)
        raise OutcomeUnknownError(str(error)) from error


def _alike(one: Plan, other: Plan) -> bool:
    return (one.template_id, one.preset_id, one.fingerprint) == (other.template_id, other.preset_id, other.fingerprint)


def _as_look(bound: Bound, held: Held) -> Look:
    chat = bound.chat
    return Look(chat=chat, plan=None, name="", number=0, epoch=held.claim.epoch, claimed_for=0)
