"""Keep the values of parameters, which may be secrets, out of what the platform's words tell: it repeats them."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from chatworkspace.errors import RefusedError
from chatworkspace.outcomes import Outcome

SHORTEST = 4
"""Characters from which on a value is taken out. Shorter ones ("eu", "2") would take words apart, and keep no secret."""


class Redaction:
    """Takes the values of one call's parameters out of text, as they are and as JSON writes them."""

    def __init__(self, parameters: Mapping[str, str]) -> None:
        values = {value for value in parameters.values() if len(value) >= SHORTEST}
        self._values = sorted(values | {_escaped(value) for value in values}, key=lambda value: (-len(value), value))

    def of_text(self, text: str) -> str:
        """Return the text without them."""
        for value in self._values:
            text = text.replace(value, "…")
        return text

    def of_outcome(self, outcome: Outcome) -> Outcome:
        """Return the outcome without them."""
        if not self._values or not (outcome.error or outcome.log_tail):
            return outcome
        return attrs.evolve(outcome, error=self.of_text(outcome.error), log_tail=tuple(map(self.of_text, outcome.log_tail)))

    def of_error(self, error: Exception) -> None:
        """Take them out of an error's message, and of what else it tells."""
        if not self._values:
            return
        error.args = tuple(self.of_text(it) if isinstance(it, str) else it for it in error.args)
        if isinstance(error, RefusedError):
            error.message, error.detail = self.of_text(error.message), self.of_text(error.detail)
            error.validations = tuple((self.of_text(field), self.of_text(detail)) for field, detail in error.validations)


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
