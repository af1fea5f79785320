"""What an answer says that is not what was asked for: status and body to a typed error. Pure.

Coder's error body is {"message", "detail", "validations": [{"field", "detail"}]}; there is no machine-readable code. What is not such a body was not
said by Coder: a proxy's page, say.
"""

from __future__ import annotations

import re
from typing import Any, cast
from urllib.parse import urlsplit

import attrs

from chatworkspace import RefusedError, UnavailableError
from chatworkspace.ports import NameTakenError, NotAnsweredError, NotFoundError
from chatworkspace_coder._answers.contents import NotUnderstoodError, json_of
from chatworkspace_coder._answers.fields import printable, shortened
from chatworkspace_coder._http.causes import Cause, Diagnosis
from chatworkspace_coder._http.messages import Answer
from chatworkspace_coder._http.rates import WINDOW, rate_in

UNCLEAR = frozenset({401, 406, 408, 425, 429, 499})
"""4xx that speak of the token, the moment (a version that is still being imported, say) or the connection, not of the request."""
MOMENT = 5.0
"""Seconds for which a read waits, at most, where Coder takes no more requests: its caller may hold what others wait for."""
SOONEST = 1.0
"""Seconds before which nobody comes back whom Coder has sent away, whatever it says: a date of its clock may be past."""
BAD, UNAUTHORIZED = 400, 401
TOO_MANY = 429
UNHEARD = frozenset({408, 499})
"""Of these, said by who stands between and has not waited for Coder's answer."""
_IN_WORDS = re.compile(r'Unable to validate parameter "([^"]+)"')
LONGEST = 2000
"""Characters of other people's text that go into one of our messages. More is cut, and says so."""


@attrs.frozen(kw_only=True)
class Problem:
    """What Coder says is wrong."""

    message: str
    detail: str = ""
    validations: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        parts = [self.message.rstrip(), self.detail, *(f"{field}: {detail}" for field, detail in self.validations)]
        return shortened(" ".join(part for part in parts if part), LONGEST)


class NoRouteError(UnavailableError):
    """This server does not know the path: it is older or newer than what was asked of it."""


class NobodysError(NoRouteError):
    """Somebody else says that the path is not there, and it may be in a moment: nothing is concluded from it for later."""


class ServerFailedError(UnavailableError):
    """The server could not do what it was asked to, and said so: 5xx."""


def problem_of(answer: Answer) -> Problem | None:
    """Return what Coder says, or None if it is not Coder who speaks."""
    try:
        body = json_of(answer)
    except NotUnderstoodError:
        return None
    if not isinstance(body, dict) or not isinstance(cast("dict[str, Any]", body).get("message"), str):
        return None
    told = cast("dict[str, Any]", body)
    return Problem(message=_text(told.get("message")), detail=_text(told.get("detail")), validations=_validations(told.get("validations")))


def _validations(told: object) -> tuple[tuple[str, str], ...]:
    if not isinstance(told, list):
        return ()
    of = [cast("dict[str, Any]", it) for it in cast("list[object]", told) if isinstance(it, dict)]
    pairs = [(_text(it.get("field")), _text(it.get("detail"))) for it in of]
    return tuple(pair for pair in pairs if any(pair))


_OF_A_DATABASE = re.compile(
    r"(?:\bpq: |\bsql: (?:no rows|transaction|connection|database|statement|Scan|Rows)|\bERROR: [^()]*\(SQLSTATE|duplicate key value violates).*",
    re.DOTALL,
)
_DATABASE = "the server's database failed"
"""Stands for what a database says of itself: it is nobody's business outside, and helps nobody there."""


def _text(told: object) -> str:
    return _OF_A_DATABASE.sub(_DATABASE, printable(told)) if isinstance(told, str) else ""


def is_no_route(answer: Answer) -> bool:
    """Tell a path that the server does not know from a thing that is not there: both are 404."""
    problem = problem_of(answer)
    return answer.status == 404 and problem is not None and problem.message.lower().startswith("route not found")


def is_too_old(answer: Answer) -> bool:
    """Tell, of a route that only newer servers have, that this one lacks it: it is an unknown route, or a page comes in place of an answer.

    Before 2.27 whatever is unknown under /api/experimental is answered with the site's page, and 200.
    """
    return answer.is_page or is_no_route(answer)


def is_nobodys(answer: Answer) -> bool:
    """Tell a 404 that is not Coder's: of a proxy that lets the route not through, or of one that begins, and finds no server yet."""
    return answer.status == 404 and problem_of(answer) is None


def may_pass(answer: Answer) -> bool:
    """Say whether the same read may fare better in a moment."""
    if answer.ok or _is_to_wait(answer):
        return False  # somebody's page stays, and whoever is to wait so long holds nothing meanwhile
    if answer.status in {408, 425, 429, 499} or answer.status >= 500:
        return True
    return answer.status >= 400 and problem_of(answer) is None and not foreign(answer).lasting


def error_of_read(answer: Answer) -> Exception:
    """Return the error for a read: NotFoundError for what is missing or out of sight (404, 403, 410), else UnavailableError."""
    problem = problem_of(answer)
    if answer.status >= 500:
        return ServerFailedError(str(foreign(answer)) if problem is None else _said(answer, problem))
    if problem is None:
        why = foreign(answer)
        again = answer.token_may_change if answer.status == UNAUTHORIZED else not (answer.ok or why.lasting)
        return UnavailableError(str(why), retryable=again, retry_after=answer.come_back)
    if is_no_route(answer):
        return NoRouteError(_said(answer, problem), retryable=False)
    if answer.status in (403, 404, 410):
        return NotFoundError(str(problem))
    again = answer.token_may_change if answer.status == UNAUTHORIZED else answer.status == TOO_MANY or may_pass(answer)
    return UnavailableError(_said(answer, problem), retryable=again, retry_after=_asked_for(answer))


def _asked_for(answer: Answer) -> float | None:
    """Return the seconds for which Coder takes no more requests, where it says that it takes none; None: it does not say so.

    Where it is not told for how long, for a proxy has taken that away, it is the whole time over which Coder counts.
    """
    if answer.status != TOO_MANY or problem_of(answer) is None:
        return None
    told = answer.retry_after
    return WINDOW if told is None else max(told, SOONEST)


def _is_to_wait(answer: Answer) -> bool:
    """Tell whether Coder itself says that it takes no more requests for longer than a read waits."""
    says_when = answer.retry_after is not None or rate_in(answer.headers) is not None
    return says_when and (_asked_for(answer) or 0.0) > MOMENT


def unavailable(answer: Answer, *, retryable: bool = True) -> UnavailableError:
    """Return the error for a read where nothing can be missing. retryable: it may yet be there, where the answer says that it is not."""
    error = error_of_read(answer)
    return error if isinstance(error, UnavailableError) else UnavailableError(str(error), retryable=retryable)


def error_of_change(answer: Answer, *, creates: bool = False) -> Exception:
    """Return the error for what creates or changes.

    RefusedError, NotFoundError, NameTakenError: certainly nothing was done. NotAnsweredError: perhaps; in_flight=False: Coder itself has answered
    500, so that nothing is still to come. UnavailableError: not done, for no reason that lies in the request.
    """
    problem = problem_of(answer)
    if problem is None:
        return NotAnsweredError(str(foreign(answer)))
    if is_no_route(answer):
        return NoRouteError(_said(answer, problem), retryable=False)
    if answer.status in UNCLEAR - UNHEARD:
        again = answer.status != UNAUTHORIZED or answer.token_may_change
        return UnavailableError(_said(answer, problem), retryable=again, retry_after=_asked_for(answer))
    if answer.status in UNHEARD or not 400 <= answer.status < 500:
        return NotAnsweredError(_said(answer, problem), in_flight=answer.status != 500)
    return _refusal(answer, problem, creates=creates)


def _refusal(answer: Answer, problem: Problem, *, creates: bool) -> Exception:
    if creates and answer.status == 409 and _is_about_the_name(problem):
        return NameTakenError(str(problem))
    if not creates and answer.status == 404:
        return NotFoundError(str(problem))
    return refused(problem)


def refused(problem: Problem) -> RefusedError:
    """Return the refusal, with all that was said. One that names a parameter in words alone, as older servers do, names it as a field, too."""
    in_words = _IN_WORDS.match(problem.message)
    if in_words is None or problem.validations:
        return RefusedError(problem.message, detail=problem.detail, validations=problem.validations)
    return RefusedError(problem.message, validations=[(in_words[1], problem.detail)])


def _is_about_the_name(problem: Problem) -> bool:
    return any(field == "name" for field, _ in problem.validations) or "already exists" in problem.message


def _said(answer: Answer, problem: Problem) -> str:
    if answer.status == UNAUTHORIZED:
        return str(Diagnosis(Cause.UNAUTHORIZED, answer.url, str(problem)))
    if is_no_route(answer):
        return str(Diagnosis(Cause.NO_SUCH_PATH, answer.url))
    return f"Coder answered {answer.status}: {problem}"


def foreign(answer: Answer) -> Diagnosis:
    """Say what an answer is that is not Coder's."""
    told = f"{answer.status}"
    if 300 <= answer.status < 400:
        to = origin(answer)
        return Diagnosis(Cause.REDIRECT, answer.url, f"{told}, to {to}" if to else told)
    if answer.status == UNAUTHORIZED:
        return Diagnosis(Cause.SIGN_IN, answer.url)
    if answer.status == BAD and answer.url.startswith("http://") and b"HTTPS" in answer.body:
        return Diagnosis(Cause.TLS_WANTED, answer.url)  # servers of other people's say it so, each in words of its own
    return Diagnosis(Cause.PAGE, answer.url) if answer.is_page else Diagnosis(Cause.FOREIGN, answer.url, told)


def origin(redirect: Answer) -> str:
    """Return scheme, host and port to which a redirect leads: the rest may hold anything, and is not needed. Empty: it names no host."""
    try:
        parts = urlsplit(redirect.headers.get("location", ""))
        return f"{parts.scheme}://{parts.hostname}" + (f":{parts.port}" if parts.port else "") if parts.scheme and parts.hostname else ""
    except ValueError:
        return ""
