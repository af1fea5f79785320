"""Making a workspace: check the template, claim with a plan, create, and bind what came of it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from chatworkspace._application.admission import Admission
from chatworkspace._application.asking import Asking
from chatworkspace._application.claims import Claims
from chatworkspace._application.turn import Again, Held, Track, Turn, Unbound, Wish
from chatworkspace._domain import names
from chatworkspace.errors import OutcomeUnknownError, RefusedError, UnavailableError
from chatworkspace.model import LeftBehind, Phase, Template
from chatworkspace.ports import Clock, CreateWorkspace, Look, NameTakenError, NotAnsweredError, Plan, WorkspaceCreator

if TYPE_CHECKING:
    from chatworkspace._application.answers import Answers
    from chatworkspace._application.values import Values

REFUSED = "refused: "
"""How the note of a refused creation begins."""


class Maker:
    """Makes workspaces for the chats of one process. Safe from any thread; each method runs under the chat's mutex."""

    def __init__(
        self, *, asking: Asking, claims: Claims, creator: WorkspaceCreator, clock: Clock, admission: Admission, answers: Answers, values: Values
    ) -> None:
        self._answers = answers
        self._values = values
        self._asking = asking
        self._claims = claims
        self._creator = creator
        self._clock = clock
        self._admission = admission

    def asks_for(self, wish: Wish, plan: Plan) -> bool:
        """Tell whether a plan asks for what is wished."""
        print_of = names.fingerprint(self._asking.secret(), wish.parameters)
        return (plan.template_id, plan.preset_id, plan.fingerprint) == (wish.template_id, wish.preset_id, print_of)

    def make(self, wish: Wish, track: Track, look: Look, replaces: LeftBehind | None, number: int) -> Turn:
        """Check the template and what it is answered, claim with plan, create, and bind. One generation a call.

        What it replaces stays bound until then.
        """
        if track.opened and look.plan is None:
            return self._not_again(look)
        check = partial(self._admission.check_template, look.chat, wish.template_id)
        template = self._asking.platform(check, what=self._creator.get_template)
        if wish.parameters:
            self._values.answer_to(look.chat.id, look.chat.owner_id, template.id)
        if wish.parameters or wish.preset_id is not None:
            self._answers.check_creation(look.chat, template, wish, track)
        plan = self._plan(look, wish, template, number)
        request = CreateWorkspace(
            owner_id=look.chat.owner_id,
            organization_id=look.chat.organization_id,
            name=plan.name,
            template_id=plan.template_id,
            parameters=wish.parameters,
            preset_id=plan.preset_id,
            ttl=self._admission.ttl_of(look.chat),
        )
        held = self._claims.planned(look, plan, keep=replaces is not None)
        if not isinstance(held, Held):
            return held
        now = self._clock.monotonic()
        if not self._claims.long_enough(held, now):
            return self._too_late(held, replaces, track)
        track.opened, track.replaces = True, replaces
        return self._create(held, plan, request, track, now)

    def _too_late(self, held: Held, replaces: LeftBehind | None, track: Track) -> Again:
        """Give the claim back: nothing was sent. A replacement begins anew; any other plan has opened a generation, and the call goes on with it."""
        if replaces is None:
            track.opened = True
        if replaces is not None and held.fresh:
            self._claims.drop(held, back=True)
        else:
            self._claims.release(held)
        return Again()

    def _not_again(self, look: Look) -> Turn:
        """Tell how it is: this call has made one already, and it is gone again."""
        return Unbound(chat=look.chat, changed=False) if look.chat.workspace_id is None else self._asking.read(look)

    def _plan(self, look: Look, wish: Wish, template: Template, number: int) -> Plan:
        return Plan(
            name=names.name_in_use(look.name, wish.name, template.name, self._asking.mark(look.chat.id, number)),
            number=number,
            template_id=template.id,
            preset_id=wish.preset_id,
            fingerprint=names.fingerprint(self._asking.secret(), wish.parameters) if wish.parameters else "",
        )

    def _create(self, held: Held, plan: Plan, request: CreateWorkspace, track: Track, asked_at: float) -> Turn:
        deadline = self._claims.limit(held, asked_at)
        try:
            if track.heard is None:
                made = self._creator.create_workspace(request, deadline=deadline)
            else:
                create = partial(self._creator.create_workspace, request, deadline=deadline)
                made = track.heard.ask("create_workspace", create, Phase.CREATING)
        except (NameTakenError, NotAnsweredError, UnavailableError) as error:
            if isinstance(error, UnavailableError) and error.retry_after is not None:
                self._claims.release(held)  # certainly nothing was made: it is asked again, from the look on, or not at all
                raise
            return self._settle_creation(held, plan, error, track)
        except RefusedError as error:
            raise self._refused(held, error, track) from error
        except Exception as error:
            self._claims.release(held, note=f"failed: {type(error).__name__}")
            raise
        track.made = made
        if track.heard is not None:
            track.heard.saw(made)
        return self._claims.bind(held, made, asked_at, track, replaces=track.replaces)

    def _refused(self, held: Held, error: RefusedError, track: Track) -> RefusedError:
        """Note a refusal, and return it as it is told. Its plan is dropped, unless another request under the same name may be on its way."""
        replaces, track.replaces = track.replaces is not None, None
        note = f"replacement refused: {error}" if replaces else f"{REFUSED}{error}"
        if held.fresh:
            self._claims.drop(held, note=note, back=replaces)
            return error
        self._claims.release(held, note=note)
        if not replaces:
            return error
        message = f"{error}; an earlier request for another workspace was not answered, and may still replace this one"
        return RefusedError(message, detail=error.detail, validations=error.validations, reason=error.reason)

    def _settle_creation(self, held: Held, plan: Plan, error: Exception, track: Track) -> Turn:
        """After a conflict or no clear answer: what bears the name is the chat's, from whatever template. Else nobody knows."""
        try:
            found, read_at = self._asking.find(held.claim.chat, plan.name, within=self._claims.left_to_read(held), settling=True)
        except UnavailableError as failure:
            self._claims.release(held)
            track.replaces = None
            message = f"{error}; then {failure}"
            raise OutcomeUnknownError(message, retryable=failure.retryable, retry_after=failure.retry_after) from failure
        if found is not None:
            track.adopted = True
            track.as_wished = not isinstance(error, NameTakenError) and (track.stood is None or _alike(track.stood, plan))
            return self._claims.bind(held, found, read_at, track, replaces=track.replaces, adopts=True)
        if isinstance(error, NotAnsweredError) and not error.in_flight:
            raise self._refused(held, RefusedError(str(error)), track) from error
        self._claims.release(held)
        track.replaces = None
        raise OutcomeUnknownError(str(error)) from error


def _alike(one: Plan, other: Plan) -> bool:
    return (one.template_id, one.preset_id, one.fingerprint) == (other.template_id, other.preset_id, other.fingerprint)
