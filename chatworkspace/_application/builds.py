"""Builds of what is there: a start, stop or deletion is asked for once, under the claim; an unclear answer is settled by what is there then."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

import attrs

from chatworkspace._application.asking import Asking
from chatworkspace._application.claims import Claims
from chatworkspace._application.turn import Held, Track, Unknown
from chatworkspace._application.waiting import Bound
from chatworkspace.errors import RefusedError, UnavailableError
from chatworkspace.model import Reason, Transition, Workspace
from chatworkspace.ports import Clock, Look, NotAnsweredError, NotFoundError, WorkspaceCreator

if TYPE_CHECKING:
    from chatworkspace._application.values import Values


class Builds:
    """Asks for builds, for the chats of one process. Safe from any thread; each method runs under the chat's mutex and its claim."""

    def __init__(self, *, asking: Asking, claims: Claims, creator: WorkspaceCreator, clock: Clock, values: Values) -> None:
        self._values = values
        self._asking = asking
        self._claims = claims
        self._creator = creator
        self._clock = clock

    def send(self, held: Held, bound: Bound, transition: Transition, parameters: Mapping[str, str], track: Track) -> Bound | Unknown:
        """Ask for a build. RefusedError; UnavailableError: certainly nothing was done, for the platform takes no more requests for now."""
        before = bound.workspace
        if parameters:
            self._values.answer_to(bound.chat.id, before.owner_id, before.template_id)
        asked_at = self._clock.monotonic()
        try:
            ask = partial(self._ask_for, transition, before, parameters, self._claims.limit(held, asked_at))
            after = ask() if track.heard is None else track.heard.ask(f"{transition.value}_workspace", ask)
        except (NotAnsweredError, UnavailableError, RefusedError) as error:
            if isinstance(error, UnavailableError) and error.retry_after is not None:
                raise  # certainly nothing was done
            return self._settle(held, bound, error, track)
        except NotFoundError as error:
            return Unknown(look=_as_look(bound, held), reason=Reason.NOT_VISIBLE, error=str(error))
        track.built, track.version_before = True, before.build.template_version_id
        return attrs.evolve(bound, workspace=after, read_at=asked_at)

    def _ask_for(self, transition: Transition, workspace: Workspace, parameters: Mapping[str, str], deadline: float) -> Workspace:
        match transition:
            case Transition.START:
                return self._creator.start_workspace(workspace, parameters, deadline=deadline)
            case Transition.STOP:
                return self._creator.stop_workspace(workspace, deadline=deadline)
            case Transition.DELETE:
                return self._creator.delete_workspace(workspace, deadline=deadline)

    def _settle(self, held: Held, bound: Bound, error: Exception, track: Track) -> Bound | Unknown:
        """After an unclear answer or a refusal: a higher build number is the answer; none is unknown, and no reason to send it again."""
        look = _as_look(bound, held)
        reading = self._asking.read(look, of=bound.workspace.id, settling=True)
        if isinstance(reading, Bound) and reading.workspace.build.number > bound.workspace.build.number:
            track.built, track.version_before = not isinstance(error, RefusedError), bound.workspace.build.template_version_id
            return reading
        if isinstance(error, NotAnsweredError) and not error.in_flight and isinstance(reading, Bound):
            error = RefusedError(str(error))  # the platform's own failure, and nothing came of it
        if isinstance(error, RefusedError):
            self._claims.release(held, note=f"refused: {error}")
            raise error
        told, retryable = (f"{error}; then {reading.error}", reading.retryable) if isinstance(reading, Unknown) else (str(error), True)
        return Unknown(look=look, reason=Reason.OUTCOME_UNKNOWN, error=told, workspace=bound.workspace, retryable=retryable)


def _as_look(bound: Bound, held: Held) -> Look:
    chat = bound.chat
    return Look(chat=chat, plan=None, name="", number=0, epoch=held.claim.epoch, claimed_for=0)
