"""Look whether what a caller answers is asked for, before anything is sent: what platforms do not know they drop without a word.

Where that cannot be found out, the request is sent as it is, and what it was built with is looked at afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import attrs

from chatworkspace._application.asking import Asking
from chatworkspace._application.calls import Calls
from chatworkspace._application.extras import Extras
from chatworkspace._application.turn import Track, Wish
from chatworkspace._domain.answers import overridden, preset_among, refused_lists, unknown_parameters, version_of_start
from chatworkspace.errors import TemplateError
from chatworkspace.model import Chat, Template, Workspace
from chatworkspace.ports import Clock, NotFoundError, Preset, WorkspaceCreator

T = TypeVar("T")

PART = 0.5
"""Of the time that is left, for what a call can do without."""


class Answers:
    """Looks for the calls of one process. Safe from any thread; each method runs under the chat's mutex, before the claim."""

    def __init__(self, *, asking: Asking, calls: Calls, creator: WorkspaceCreator, clock: Clock, extras: Extras) -> None:
        self._asking = asking
        self._calls = calls
        self._creator = creator
        self._clock = clock
        self._extras = extras

    def check_creation(self, chat: Chat, template: Template, wish: Wish, track: Track) -> None:
        """Check a wish with answers or a preset; note in the track what is not known. RefusedError, TemplateError, UnavailableError."""
        given = dict(wish.parameters)
        if wish.preset_id is not None:
            preset = preset_among(wish.preset_id, self._presets(chat, template))
            track.overridden = overridden(given, preset)
            given |= preset.parameters
        if wish.parameters:
            known = self._helped(template, lambda until: self._asked(chat, template, given, until))
            self._settle(wish.parameters, known, track)

    def _presets(self, chat: Chat, template: Template) -> Sequence[Preset]:
        def list_presets(until: float) -> Sequence[Preset]:
            return self._creator.list_presets(chat.owner_id, template, deadline=until)

        try:
            return self._asking.platform(list_presets)
        except NotFoundError:
            raise TemplateError("there is no such template") from None

    def check_start(self, chat: Chat, workspace: Workspace, parameters: Mapping[str, str], track: Track) -> None:
        """Check the answers of a start, which adds them to those of the build before. RefusedError."""
        version_id = version_of_start(workspace)

        def ask(until: float) -> _Known | None:
            before = self._creator.build_parameters(workspace, deadline=until)
            if before is None:
                return None
            found = self._creator.get_template(chat.owner_id, workspace.template_id, deadline=until)
            return self._asked(chat, attrs.evolve(found, version_id=version_id), {**before, **parameters}, until)

        self._settle(parameters, self._helped(workspace, ask), track)

    # ------------------------------------------------------------ inside

    def _helped(self, of: Template | Workspace, ask: Callable[[float], T]) -> T | None:
        """Return what is found out; None where that fails, or takes too long."""
        call = self._calls.mine
        if call is None:
            return None
        most = (self._asking.by() - self._clock.monotonic()) * PART
        return self._extras.ask(call, "evaluate_parameters", of.id, ask, most=most, apart=True)  # not logged: a refusal may quote what was answered

    def _asked(self, chat: Chat, template: Template, given: Mapping[str, str], until: float) -> _Known:
        evaluation = self._creator.evaluate_parameters(chat.owner_id, template, answers=given, deadline=until)
        asked = evaluation.parameters if evaluation is not None else self._creator.list_parameters(chat.owner_id, template, deadline=until)
        return _Known(types={it.name: it.type for it in asked}, complete=evaluation is None or (evaluation.complete and not evaluation.problem))

    @staticmethod
    def _settle(parameters: Mapping[str, str], known: _Known | None, track: Track) -> None:
        unknown = frozenset(parameters) if known is None else parameters.keys() - known.types.keys()
        if unknown and known is not None and known.complete:
            raise unknown_parameters(unknown, known.types.keys())
        refusal = None if known is None else refused_lists(parameters, known.types)
        if refusal is not None:
            raise refusal
        track.unchecked = frozenset(unknown)


@attrs.frozen(kw_only=True, eq=False, repr=False)
class _Known:
    """What a version asks: types by names. complete: nothing else."""

    types: Mapping[str, str]
    complete: bool
