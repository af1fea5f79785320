"""Why no answer came: from what a driver raises to a row of the table. Its own words may hold anything, and it holds the request."""

from __future__ import annotations

import errno
import socket
import ssl
from collections.abc import Iterator
from http.client import BadStatusLine, HTTPException, IncompleteRead, RemoteDisconnected

from chatworkspace import UnavailableError
from chatworkspace_coder._http.causes import Cause, Diagnosis
from chatworkspace_coder._http.framing import FramingError, NoSizeError
from chatworkspace_coder._http.link import BrokenError
from chatworkspace_coder._http.sizes import TooLargeError, UnknownPackingError


class LostError(Exception):
    """No whole answer came. sent: perhaps the request arrived; overdue: time ran out; diagnosis: of what was wrong on the way, else None."""

    def __init__(self, why: str | Diagnosis, *, sent: bool, overdue: bool) -> None:
        super().__init__(str(why))
        self.sent: bool = sent
        self.overdue: bool = overdue
        self.diagnosis: Diagnosis | None = why if isinstance(why, Diagnosis) else None

    @property
    def final(self) -> bool:
        """The next one would fare no better."""
        return self.diagnosis is not None and self.diagnosis.lasting


class OutOfTimeError(UnavailableError):
    """Nothing but that time ran out."""

    overdue = True


class UnusableError(UnavailableError):
    """An answer came, and it is none that may be taken in: too large, or packed in a way for which nobody asked."""

    default_retryable = False


class WayError(OSError):
    """No way leads through the proxy. url: the proxy's, or the server's as seen from there; nothing in it is secret."""

    def __init__(self, diagnosis: Diagnosis) -> None:
        super().__init__(str(diagnosis))
        self.diagnosis = diagnosis


def told(lost: LostError, retry_after: float | None = None) -> UnavailableError:
    """Return what a read says that has no answer. retry_after: seconds before which it is not to be asked again."""
    if lost.overdue:
        return OutOfTimeError(str(lost))
    if lost.final and lost.sent:
        return UnusableError(str(lost))
    return UnavailableError(str(lost), retryable=not lost.final, retry_after=retry_after)


def diagnosed(error: BaseException, url: str) -> Diagnosis:
    """Say why no answer came from the server at this URL."""
    for it in _within(error):
        if isinstance(it, WayError):
            return it.diagnosis
        found = _cause(it)
        if found is not None:
            return Diagnosis(found, url, it.verify_message if found is Cause.INVALID and isinstance(it, ssl.SSLCertVerificationError) else "")
    if isinstance(error, BrokenError):  # and nothing says by what
        return Diagnosis(Cause.CLOSED, url)
    return Diagnosis(Cause.OTHER, url, type(error).__name__)


def _within(error: BaseException) -> Iterator[BaseException]:
    """Yield an error, what others have wrapped in it, and what it comes from."""
    to_do, seen = [error], set[int]()
    while to_do:
        it = to_do.pop(0)
        if id(it) in seen:
            continue
        seen.add(id(it))
        yield it
        to_do += [other for other in (*it.args, getattr(it, "reason", None), it.__cause__) if isinstance(other, BaseException)]


def _cause(error: BaseException) -> Cause | None:
    """Tell the cause by an error's type alone; None: it says nothing by itself."""
    if isinstance(error, ssl.SSLError):
        return _of_certificate(error) if isinstance(error, ssl.SSLCertVerificationError) else _of_tls(error)
    if isinstance(error, socket.gaierror):
        return Cause.NAME_UNKNOWN if error.errno in _UNKNOWN else Cause.NAME_UNCLEAR
    if isinstance(error, OSError) and error.errno in _NO_WAY:
        return Cause.NO_WAY
    if isinstance(error, BadStatusLine) and not isinstance(error, RemoteDisconnected):
        return Cause.TLS_WANTED if str(error.args[0]).startswith(_ALERT) else Cause.NO_HTTP
    return next((cause for kind, cause in _KINDS if isinstance(error, kind)), None)


_ALERT = "\x15\x03"
"""How TLS begins to say that it was not spoken to in TLS."""
_UNKNOWN = {getattr(socket, name) for name in ("EAI_NONAME", "EAI_NODATA") if hasattr(socket, name)}
_NO_WAY = {errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ETIMEDOUT}
_KINDS: tuple[tuple[type[BaseException], Cause], ...] = (
    (ConnectionRefusedError, Cause.REFUSED),
    (RemoteDisconnected, Cause.CLOSED),  # which is a reset, too
    (ConnectionError, Cause.RESET),
    (UnicodeError, Cause.NAME_UNKNOWN),  # a part of the name is too long, or empty
    (TooLargeError, Cause.TOO_LARGE),
    (UnknownPackingError, Cause.PACKED),
    (NoSizeError, Cause.NO_SIZE),
    (FramingError, Cause.UNSOUND),
    (IncompleteRead, Cause.CUT_OFF),
    (HTTPException, Cause.UNSOUND),
)
_OPENSSL = {10: Cause.EXPIRED, 9: Cause.TOO_EARLY, 62: Cause.WRONG_HOST, 64: Cause.WRONG_HOST, **dict.fromkeys((2, 18, 19, 20, 21), Cause.UNTRUSTED)}
"""Numbers by which OpenSSL says what is wrong with a certificate."""


def _of_certificate(error: ssl.SSLCertVerificationError) -> Cause:
    return _OPENSSL.get(error.verify_code, Cause.INVALID)


def _of_tls(error: ssl.SSLError) -> Cause:
    """Tell by the reason that OpenSSL gives. An alert about certificates speaks of ours: the server's own is looked at here."""
    reason: str = getattr(error, "reason", None) or ""
    if reason in {"WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "UNKNOWN_PROTOCOL", "HTTP_REQUEST"}:
        return Cause.NO_TLS
    if "ALERT" in reason and ("CERTIFICATE" in reason or "UNKNOWN_CA" in reason):
        return Cause.CLIENT_CERTIFICATE
    return Cause.CLOSED if isinstance(error, (ssl.SSLEOFError, ssl.SSLZeroReturnError)) else Cause.TLS_FAILED
