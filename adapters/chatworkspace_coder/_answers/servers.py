"""What answers at a URL: Coder, a redirect, or something else. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import Enum
from urllib.parse import urlsplit

import attrs

from chatworkspace_coder._answers.contents import NotUnderstoodError, understood
from chatworkspace_coder._answers.errors import error_of_read
from chatworkspace_coder._answers.fields import as_object, required_text
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
    problem: what is wrong, in a sentence; empty if it is Coder.
    location: scheme, host and port to which a redirect leads; empty if it is none, or names no host.
    clock_difference: seconds that the server's clock is ahead of ours, give or take one; negative: behind. None: it does not tell its time.
    """

    url: str
    found: Found
    version: str = ""
    problem: str = ""
    location: str = ""
    clock_difference: float | None = None


def server(url: str, answer: Answer, heard_at: datetime) -> Server:
    """Return what an answer to the question for its version says of a server. heard_at: when it came, by our clock."""
    return attrs.evolve(_found(url, answer), clock_difference=_difference(answer, heard_at))


def _found(url: str, answer: Answer) -> Server:
    if 300 <= answer.status < 400:
        return Server(url=url, found=Found.REDIRECT, problem=str(error_of_read(answer)), location=_origin(answer.headers.get("location", "")))
    if not answer.ok:
        return Server(url=url, found=Found.FOREIGN, problem=str(error_of_read(answer)))
    try:
        version = understood(answer, _version)
    except NotUnderstoodError as error:
        return Server(url=url, found=Found.FOREIGN, problem=str(error))
    return Server(url=url, found=Found.CODER, version=version)


def _version(told: object) -> str:
    return required_text(as_object(told), "version")[:100]


def _origin(location: str) -> str:
    """Return scheme and host of a URL: the rest may hold anything, and is not needed."""
    try:
        parts = urlsplit(location)
        return f"{parts.scheme}://{parts.hostname}" + (f":{parts.port}" if parts.port else "") if parts.scheme and parts.hostname else ""
    except ValueError:
        return ""


def _difference(answer: Answer, ours: datetime) -> float | None:
    try:
        theirs = parsedate_to_datetime(answer.headers.get("date", ""))
        return (theirs + HALF_A_SECOND - ours).total_seconds()
    except (ValueError, TypeError, OverflowError):
        return None
