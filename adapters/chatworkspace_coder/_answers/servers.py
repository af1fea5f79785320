"""What answers at a URL: Coder, a redirect, or something else. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import Enum

import attrs

from chatworkspace_coder._answers.contents import NotUnderstoodError, understood
from chatworkspace_coder._answers.errors import error_of_read, origin
from chatworkspace_coder._answers.fields import as_object, required_text
from chatworkspace_coder._http.causes import told_apart
from chatworkspace_coder._http.messages import Answer

HALF_A_SECOND = timedelta(seconds=0.5)
"""A Date header has whole seconds: on average the answer is so much later."""


class Found(Enum):
    """What answers at the client's URL.

    CODER: a Coder server, as it says itself.
    REDIRECT: something that sends elsewhere, and is not followed.
    FOREIGN: something else than Coder: a proxy's page, say.
    NOTHING: no answer came, or none in time.
    """

    CODER = "coder"
    REDIRECT = "redirect"
    FOREIGN = "foreign"
    NOTHING = "nothing"


@attrs.frozen(kw_only=True)
class Server:
    """What was found at the client's URL.

    url: the client's; nothing in it is secret.
    found: what answers there.
    version: as Coder writes it ("v2.34.2+9c4e7b1"); empty if nothing was told.
    problem: what is wrong, in some words with the URL; empty if it is Coder.
    remedy: what to do about it, in sentences; empty if nothing is wrong.
    location: scheme, host and port to which a redirect leads; empty if it is none, or names no host.
    clock_difference: seconds that the server's clock is ahead of ours, give or take one; negative: behind. None: it does not tell its time.
    """

    url: str
    found: Found
    version: str = ""
    problem: str = ""
    remedy: str = ""
    location: str = ""
    clock_difference: float | None = None


def server(url: str, answer: Answer, heard_at: datetime) -> Server:
    """Return what an answer to the question for its version says of a server. heard_at: when it came, by our clock."""
    return attrs.evolve(_found(url, answer), clock_difference=_difference(answer, heard_at))


def _found(url: str, answer: Answer) -> Server:
    if not answer.ok:
        found = Found.REDIRECT if 300 <= answer.status < 400 else Found.FOREIGN
        location = origin(answer) if found is Found.REDIRECT else ""
        return another(url, found, str(error_of_read(answer)), location)
    try:
        version = understood(answer, _version)
    except NotUnderstoodError as error:
        return another(url, Found.FOREIGN, str(error))
    return Server(url=url, found=Found.CODER, version=version)


def another(url: str, found: Found, message: str, location: str = "") -> Server:
    """Return what is found where Coder is not. message: as an error has it."""
    problem, remedy = told_apart(message)
    return Server(url=url, found=found, problem=problem, remedy=remedy, location=location)


def _version(told: object) -> str:
    return required_text(as_object(told), "version")[:100]


def _difference(answer: Answer, ours: datetime) -> float | None:
    try:
        theirs = parsedate_to_datetime(answer.headers.get("date", ""))
        return (theirs + HALF_A_SECOND - ours).total_seconds()
    except (ValueError, TypeError, OverflowError):
        return None
