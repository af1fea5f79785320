"""What an answer can do without: the end of a log, the quota, how templates are used, the bump of a workspace's use, what was refused last.

None of it keeps an answer.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import inf
from typing import TYPE_CHECKING, TypeVar
from uuid import UUID

from chatworkspace._application.calls import Call
from chatworkspace._application.logs import fields, logger
from chatworkspace.errors import UnavailableError
from chatworkspace.ports import Clock

if TYPE_CHECKING:
    from chatworkspace._application.values import Values

T = TypeVar("T")

ALL_EXTRAS = 2.0
"""Seconds that a call spends on all of them together, beyond its patience if need be."""
REST = 30.0
"""Seconds for which what has hung is left alone: it would hang again, and each call would wait for it anew."""
CROWDED = 1024
"""Things left alone that are kept before the first look at which need it no more."""


class Extras:
    """Asks for extras, for the calls of one process. Safe from any thread, without a lock: each step is one of a dict's own."""

    def __init__(self, clock: Clock, values: Values | None = None) -> None:
        self._clock = clock
        self._values = values
        self._rests: dict[tuple[str, UUID | str], float] = {}
        """Until when what is left alone."""
        self._crowded_at = CROWDED

    def ask(
        self, call: Call, what: str, of: UUID | str, ask: Callable[[float], T], *, most: float = ALL_EXTRAS, apart: bool = False, missed: str = ""
    ) -> T | None:
        """Return what is asked for, or None where it fails, or does not come in time. ClosedError.

        what, of: what hangs once is known by them; `what` is the name of the request. ask: is given until when it may take. most: seconds.
        apart: it has these seconds for itself, for it is part of the waiting. missed: what to log where there is no answer.
        """
        began = self._clock.monotonic()
        left = most if apart else min(most, ALL_EXTRAS - call.extra_time)
        if left <= 0 or self._rests.get((what, of), -inf) > began:
            return None
        interrupted = call.interrupted
        try:
            with call.asking(began + left, cut=True):
                return ask(began + left) if call.heard is None else call.heard.ask(what, partial(ask, began + left))
        except Exception as error:  # whatever it is, the answer goes without
            call.check()
            if missed:
                if self._values is not None:
                    self._values.out_of_error(call.chat_id, error)
                logger.warning(missed, extra=fields(call.chat_id), exc_info=True)
            if call.interrupted is interrupted:  # else it was cut short
                self._let_rest((what, of), error, began, left)
            return None
        finally:
            call.extra_time += 0.0 if apart else self._clock.monotonic() - began

    def _let_rest(self, key: tuple[str, UUID | str], error: Exception, began: float, left: float) -> None:
        now = self._clock.monotonic()
        asked_to = error.retry_after if isinstance(error, UnavailableError) else None
        if asked_to is not None or now - began >= left / 2:
            self._rests[key] = now + (asked_to or REST)
        if len(self._rests) >= self._crowded_at:
            for old in list(self._rests):
                if self._rests.get(old, inf) <= now:
                    self._rests.pop(old, None)
            self._crowded_at = max(CROWDED, 2 * len(self._rests))
