"""Takes the values that may be secret out of what callers are told. What a template shows to everybody stays: it is asked, once it matters."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

from chatworkspace._application.calls import Call
from chatworkspace._application.extras import Extras
from chatworkspace._application.values import Values
from chatworkspace._domain.offer import Parameter
from chatworkspace._domain.parameters import Description
from chatworkspace._domain.redaction import Redaction, words_of
from chatworkspace.errors import ClosedError, RefusedError
from chatworkspace.outcomes import Outcome, Progress
from chatworkspace.ports import Clock, NotFoundError, WorkspaceCreator

KNOWN = 300.0
"""Seconds for which what a template asks is taken to be the same."""
NOT_KNOWN = 30.0
"""Seconds for which a template that did not tell is not asked again."""
MOST_TEMPLATES = 4096


class Redactor:
    """Redacts for the calls of one process. Safe from any thread, without a lock: each step is one of a dict's own. Used outside of every lock."""

    def __init__(self, *, clock: Clock, creator: WorkspaceCreator, extras: Extras, values: Values) -> None:
        self._clock = clock
        self._creator = creator
        self._extras = extras
        self._values = values
        self._asked: dict[UUID, tuple[float, Sequence[Parameter] | None]] = {}
        """Template -> until when it is not asked again, and what it said."""

    def of_outcome(self, call: Call, outcome: Outcome) -> Outcome:
        """Return the outcome without them. Costs nothing where none was brought."""
        if outcome.chat.id not in self._values.told:
            return outcome
        without = self._redaction(call, outcome.chat.id, words_of(outcome))
        return outcome if without is None else without.of_outcome(outcome)

    def of_progress(self, call: Call, progress: Progress) -> Progress:
        """Return a step of the way without them."""
        if progress.line is None or progress.chat_id not in self._values.told:
            return progress
        without = self._redaction(call, progress.chat_id, words_of(progress))
        return progress if without is None else without.of_progress(progress)

    def of_description(self, call: Call, description: Description) -> Description:
        """Return a template without them, where the platform says something of answers."""
        if call.chat_id not in self._values.told:
            return description
        without = self._redaction(call, call.chat_id, words_of(description))
        return description if without is None else without.of_description(description)

    def of_error(self, call: Call, error: BaseException) -> None:
        """Take them out of an error, and of those behind it."""
        if call.chat_id not in self._values.told:
            return
        without = self._redaction(call, call.chat_id, words_of(error))
        if without is not None:
            without.of_error(error)

    def _redaction(self, call: Call, chat_id: str, words: Iterable[str]) -> Redaction | None:
        """Return what is to be taken out; None: nothing that was brought is in these words."""
        brought, made = self._values.of(chat_id), self._values.made_of(chat_id)
        if brought is None or made is None or not made.every.meets(words):
            return None
        asked = None if brought.asked_of is None else self._questions(call, *brought.asked_of)
        return made.guessed if asked is None else made.known(asked)

    def _questions(self, call: Call, owner_id: UUID, template_id: UUID) -> Sequence[Parameter] | None:
        """Return what a template asks; None: it does not tell now."""
        until, asked = self._asked.get(template_id, (0.0, None))
        if self._clock.monotonic() < until:
            return asked
        try:
            asked = self._extras.ask(call, "list_parameters", template_id, lambda deadline: self._ask(owner_id, template_id, deadline))
        except ClosedError:
            return None  # what the call came to is told all the same
        self._asked[template_id] = self._clock.monotonic() + (NOT_KNOWN if asked is None else KNOWN), asked
        if len(self._asked) > MOST_TEMPLATES:
            for oldest in list(self._asked)[: MOST_TEMPLATES // 2]:
                self._asked.pop(oldest, None)
        return asked

    def _ask(self, owner_id: UUID, template_id: UUID, deadline: float) -> Sequence[Parameter]:
        """Ask for the parameters as they are for the owner, who is told what is masked; what those lack is as it was recorded at import."""
        template = self._creator.get_template(owner_id, template_id, deadline=deadline)
        try:
            evaluated = self._creator.evaluate_parameters(owner_id, template, deadline=deadline)
        except (RefusedError, NotFoundError):
            evaluated = None
        if evaluated is not None and evaluated.stands_alone:
            return evaluated.parameters
        recorded = {it.name: it for it in self._creator.list_parameters(owner_id, template, deadline=deadline)}
        return tuple((recorded | {it.name: it for it in (evaluated.parameters if evaluated is not None else ())}).values())
