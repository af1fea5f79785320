"""What a 2xx says: its JSON, as whoever asked reads it. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, TypeVar

from chatworkspace import UnavailableError
from chatworkspace_coder._answers.fields import UnreadableError
from chatworkspace_coder._http.messages import Answer

T = TypeVar("T")


class NotUnderstoodError(UnavailableError):
    """A 2xx whose body is not what Coder sends."""


def json_of(answer: Answer) -> Any:
    """Return the body's value. NotUnderstoodError."""
    try:
        return json.loads(answer.body)
    except (ValueError, RecursionError):
        pass  # the parser's own error quotes the body, which may be a page of anybody's
    raise NotUnderstoodError(f"the answer ({answer.status}) is not JSON: it is not Coder's")


def understood(answer: Answer, read: Callable[[object], T]) -> T:
    """Return what it says. NotUnderstoodError."""
    told = json_of(answer)
    try:
        return read(told)
    except UnreadableError as error:
        raise NotUnderstoodError(f"the answer ({answer.status}) is not what Coder sends: {error}") from error
