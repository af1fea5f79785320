"""Why no answer came, in words of ours: a driver's own may hold anything, and it holds the request."""

from __future__ import annotations

from chatworkspace import UnavailableError


class LostError(Exception):
    """No whole answer came. sent: perhaps the request arrived; overdue: time ran out; final: the next one would fare no better."""

    def __init__(self, message: str, *, sent: bool, overdue: bool, final: bool = False) -> None:
        super().__init__(message)
        self.sent: bool = sent
        self.overdue: bool = overdue
        self.final: bool = final


class OutOfTimeError(UnavailableError):
    """Nothing but that time ran out."""

    overdue = True


class UnusableError(UnavailableError):
    """An answer came, and it is none that may be taken in: too large, or packed in a way for which nobody asked."""

    default_retryable = False


def told(lost: LostError) -> UnavailableError:
    """Return what a read says that has no answer."""
    if lost.overdue:
        return OutOfTimeError(str(lost))
    return UnusableError(str(lost)) if lost.final and lost.sent else UnavailableError(str(lost), retryable=not lost.final)


_REASONS: tuple[tuple[str, str], ...] = (
    ("CERTIFICATE_VERIFY_FAILED", "the server's certificate is not trusted (ca_file names the authority)"),
    ("Name or service not known", "the server's name is not known"),
    ("Name does not resolve", "the server's name is not known"),
    ("refused", "the connection was refused"),
    ("reset", "the connection was reset"),
    ("SSL", "no TLS connection"),
    ("TooLargeError", "the answer is too large"),
    ("UnknownPackingError", "the answer is packed in a way for which nobody asked"),
    ("NoSizeError", "the answer is no sound HTTP: how long it is is no number"),
    ("FramingError", "the answer is no sound HTTP: where it ends is not clear"),
    ("IncompleteRead", "the answer was cut off"),
    ("RemoteDisconnected", "the connection was closed"),
)


def reason_of(error: BaseException) -> str:
    """Say why no answer came, in words of ours."""
    told = repr(error)
    return next((reason for sign, reason in _REASONS if sign in told), type(error).__name__)


_FINAL = ("CERTIFICATE_VERIFY_FAILED", "TooLargeError", "UnknownPackingError", "NoSizeError")


def is_final(error: BaseException) -> bool:
    """Tell whether the same request would fail so again."""
    told = repr(error)
    return any(sign in told for sign in _FINAL)
