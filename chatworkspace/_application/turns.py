"""One chat's turn: look, decide, claim, change, record. What create, start and stop change happens here and in `making`, under mutex and claim.

A turn never waits for a build, an agent or another caller: it returns what is to be done next, and the steps of the call do it outside of every lock.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import attrs

from chatworkspace._application.asking import Asking, unread
from chatworkspace._application.builds import Builds
from chatworkspace._application.calls import Call
from chatworkspace._application.claims import Claims
from chatworkspace._application.memory import Proof, Proofs
from chatworkspace._application.turn import Again, Await, Held, LookAgain, Policy, Proven, Track, Turn, Unknown
from chatworkspace._application.waiting import Bound, Ending
from chatworkspace._domain.conditions import Condition, Finding, Probe, probe_for
from chatworkspace._domain.decisions import Step
from chatworkspace.errors import NoWorkspaceError, UnavailableError
from chatworkspace.model import LeftBehind, Reason, Transition, Workspace
from chatworkspace.ports import Clock, Look, Plan

if TYPE_CHECKING:
    from chatworkspace._application.answers import Answers


class Turns:
    """Takes turns for the chats of one process. Safe from any thread; each method runs under the chat's mutex."""

    def __init__(self, *, asking: Asking, claims: Claims, builds: Builds, clock: Clock, proofs: Proofs, answers: Answers) -> None:
        self._answers = answers
        self._asking = asking
        self._claims = claims
        self._builds = builds
        self._clock = clock
        self._proofs = proofs
        self.latest_dial = proofs.latest

    def take(self, call: Call, policy: Policy, track: Track) -> Turn:
        """Look, decide, and act once."""
        track.answers = policy.parameters
        dial = self.latest_dial(call.chat_id)
        look = self._asking.look(call.chat_id)
        if look.plan is not None:
            return Await(look=look) if look.claimed_for > 0 else self._planned(look, look.plan, dial, policy, track)
        return self._unplanned(look, dial, policy, track)

    def _unplanned(self, look: Look, dial: Proof | None, policy: Policy, track: Track) -> Turn:
        """Decide by what is bound, if anything is."""
        if look.chat.workspace_id is None:
            return policy.make(look, None, look.number)
        if policy.trust_proof and (proven := self.proven(look, dial)):
            return proven
        reading = self._asking.read(look)
        if isinstance(reading, Unknown):
            return reading
        if dial is not None and dial.workspace.build.id != reading.workspace.build.id:
            self._proofs.void(look.chat.id)  # somebody else has built since
        return self._act(look, reading, policy, track)

    def proven(self, look: Look, dial: Proof | None) -> Proven | None:
        """Return the dial, made before the look, if it proves the chat's workspace ready."""
        now = self._clock.monotonic()
        proof = self._proofs.valid(dial, epoch=look.epoch, workspace_id=look.chat.workspace_id, now=now)
        return Proven(look=look, proof=proof) if proof is not None and proof.proves_ready else None

    def still_proven(self, look: Look, bound: Bound, ending: Ending) -> bool:
        """Tell whether what was found ready still is: nobody has claimed since, and the dial, where one was needed, is no older than it may be."""
        if look.epoch != bound.epoch:
            return False
        dial, now = self.latest_dial(look.chat.id), self._clock.monotonic()
        dial = self._proofs.valid(dial, epoch=look.epoch, workspace_id=bound.workspace.id, now=now)
        return dial is not None or probe_for(ending.finding) is Probe.NONE

    def _act(self, look: Look, reading: Bound, policy: Policy, track: Track) -> Turn:
        workspace = reading.workspace
        finding = self._asking.classify(workspace)
        match policy.step(finding, workspace):
            case Step.FOLLOW:
                return reading
            case Step.LOOK_AGAIN:
                return LookAgain(bound=reading)
            case Step.BUILD | Step.RESUME as step:
                return self._start(look, workspace, step, policy, track)
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
        replaces = LeftBehind(workspace_id=workspace.id, name=workspace.full_name, reason=reason)
        return policy.make(look, replaces, self._asking.number_after(look, workspace))

    def _planned(self, look: Look, plan: Plan, dial: Proof | None, policy: Policy, track: Track) -> Turn:
        """Settle a plan whose maker died or lost the answer: what bears its name is the chat's. Until there is something, what is bound is."""
        try:
            found, read_at = self._asking.find(look.chat, plan.name)
        except UnavailableError as error:
            if look.chat.workspace_id is None:
                raise
            return unread(look, error)
        track.stood = plan
        if found is None:
            return self._unplanned(look, dial, policy, track)
        turn = self._claims.settle(look, found, read_at, track)
        if not isinstance(turn, Bound):
            return turn
        track.adopted, track.as_wished = True, policy.asks_for(plan)
        return Again(settled=turn)  # bound now: decided as it is found

    # ------------------------------------------------------------ starting and stopping

    def _start(self, look: Look, workspace: Workspace, step: Step, policy: Policy, track: Track) -> Turn:
        track.resumed = step is Step.RESUME
        if policy.parameters and not track.resumed:
            self._answers.check_start(look.chat, workspace, policy.parameters, track)
        return self._send(look, Transition.START, step, policy, track)

    def _send(self, look: Look, transition: Transition, expected: Step, policy: Policy, track: Track) -> Turn:
        """Ask for a build under the claim, if what called for it still holds."""
        held = self._claims.claim(look)
        if not isinstance(held, Held):
            return held
        try:
            reading = self._asking.read(attrs.evolve(look, epoch=held.claim.epoch))
            if isinstance(reading, Unknown):
                return reading
            workspace = reading.workspace
            step = policy.step(self._asking.classify(workspace), workspace)
            if step is not expected or not self._claims.long_enough(held, self._clock.monotonic()):
                return Again()
            parameters: Mapping[str, str] = {} if track.resumed else policy.parameters
            return self._builds.send(held, reading, transition, parameters, track)
        finally:
            self._proofs.void(look.chat.id)
            self._claims.release(held)
