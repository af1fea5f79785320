"""What a 2xx says: its JSON, as whoever asked reads it. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from chatworkspace import UnavailableError
from chatworkspace_coder._answers.fields import UnreadableError
from chatworkspace_coder._http.causes import Cause, Diagnosis
from chatworkspace_coder._http.messages import Answer
from chatworkspace_coder._http.sizes import TooLargeError

T = TypeVar("T")


class NotUnderstoodError(UnavailableError):
    """A 2xx whose body is not what Coder sends. The next one will be no better: somebody else answers, or a server that is not known here."""

    default_retryable = False


def json_of(answer: Answer) -> Any:
    """Return the body's value. NotUnderstoodError."""
    try:
        return answer.json()
    except TooLargeError:
        why = Diagnosis(Cause.TOO_LARGE, answer.url, "or too deep")
    except ValueError:
        why = Diagnosis(Cause.PAGE, answer.url) if answer.is_page else Diagnosis(Cause.NOT_UNDERSTOOD, answer.url, f"{answer.status}, and no JSON")
    raise NotUnderstoodError(str(why))


def understood(answer: Answer, read: Callable[[object], T]) -> T:
    """Return what it says. NotUnderstoodError."""
    told = json_of(answer)
    try:
        return read(told)
    except UnreadableError as error:
        raise NotUnderstoodError(str(Diagnosis(Cause.NOT_UNDERSTOOD, answer.url, f"{answer.status}: {error}"))) from error
