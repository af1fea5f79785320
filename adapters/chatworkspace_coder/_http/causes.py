"""Why a server could not be asked, in a person's words, and what to do about it: one table, for the library's errors and for whoever examines. Pure.

Whatever is told names the URL, in which nothing is secret: it has no user, no password and no query.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

import attrs


class Cause(Enum):
    """What is wrong on the way to a server, or with what answers there."""

    REFUSED = "refused"
    NAME_UNKNOWN = "name unknown"
    NAME_UNCLEAR = "name unclear"
    NO_WAY = "no way"
    RESET = "reset"
    CLOSED = "closed"
    CUT_OFF = "cut off"
    SILENT = "silent"
    EXPIRED = "certificate expired"
    TOO_EARLY = "certificate not valid yet"
    WRONG_HOST = "certificate of another host"
    UNTRUSTED = "authority not known"
    INVALID = "certificate not valid"
    CLIENT_CERTIFICATE = "client certificate"
    NO_TLS = "no TLS"
    TLS_WANTED = "TLS wanted"
    TLS_FAILED = "TLS failed"
    PROXY_PASSWORD = "proxy password"  # noqa: S105 # the name of a cause
    PROXY_FORBIDS = "proxy forbids"
    PROXY_FAILED = "proxy failed"
    NO_PROXY = "no proxy"
    TOO_LARGE = "too large"
    PACKED = "packed"
    NO_SIZE = "no size"
    UNSOUND = "unsound"
    NO_HTTP = "no HTTP"
    UNAUTHORIZED = "unauthorized"
    SIGN_IN = "sign in"
    REDIRECT = "redirect"
    PAGE = "page"
    NO_SUCH_PATH = "no such path"
    FOREIGN = "foreign"
    NOT_UNDERSTOOD = "not understood"
    OTHER = "other"


@attrs.frozen
class Row:
    """words: what is wrong. remedy: what to do about it, in sentences. lasting: the same request would fail so again."""

    words: str
    remedy: str
    lasting: bool = False


_BETWEEN = "See what stands between this machine and the server: a proxy, a firewall."
_OWN_URL = (
    "See that the URL is the server's own, with the path below which Coder is served and nothing behind it, and that Coder is up behind its proxy."
)
_RENEW = "Have a valid one made; if it is new, see that the clock of this machine is right."

TABLE: Mapping[Cause, Row] = {
    Cause.REFUSED: Row("the connection was refused", "See that the server is up, and that host and port are right."),
    Cause.NAME_UNKNOWN: Row(
        "the name of the host is not known", "See that it is spelled right, and that this machine asks a name server that knows it.", lasting=True
    ),
    Cause.NAME_UNCLEAR: Row("the name of the host could not be looked up now", "See that this machine reaches its name server."),
    Cause.NO_WAY: Row(
        "no way leads there from this machine", "See that it may reach that host: a VPN may be off, a firewall closed, a proxy has to be named."
    ),
    Cause.RESET: Row("the connection was reset", _BETWEEN),
    Cause.CLOSED: Row("the connection was closed before an answer came", _BETWEEN),
    Cause.CUT_OFF: Row("the answer was cut off", _BETWEEN),
    Cause.SILENT: Row("not answered in time", "See that the server is up, and that nothing on the way swallows what is sent."),
    Cause.EXPIRED: Row("the server's certificate has expired", _RENEW, lasting=True),
    Cause.TOO_EARLY: Row("the server's certificate is not valid yet", _RENEW, lasting=True),
    Cause.WRONG_HOST: Row(
        "the server's certificate is for another host",
        "Let the URL have the name that the certificate is for, or have one made for this name.",
        lasting=True,
    ),
    Cause.UNTRUSTED: Row(
        "the server's certificate is signed by an authority that is not known here",
        "If that is your company's own, name the file with its certificate: ca_file=; for commands --ca-file or CODER_CLIENT_TLS_CA_FILE.",
        lasting=True,
    ),
    Cause.INVALID: Row("the server's certificate is not valid", _RENEW, lasting=True),
    Cause.CLIENT_CERTIFICATE: Row(
        "the server wants a certificate of who asks, or does not take the one that it was given",
        "Give one that its authority has signed: ssl_context=tls_context(…); for commands --client-cert and --client-key.",
        lasting=True,
    ),
    Cause.NO_TLS: Row(
        "what answers there speaks no TLS: plain HTTP, perhaps",
        "If the server has no TLS, let the URL begin with http://; else see that the port is right.",
        lasting=True,
    ),
    Cause.TLS_WANTED: Row("what answers there wants TLS", "Let the URL begin with https://.", lasting=True),
    Cause.TLS_FAILED: Row("no TLS connection came about", "See that the port is right, and which versions of TLS the server takes."),
    Cause.PROXY_PASSWORD: Row(
        "the proxy wants a name and a password, or does not take those that it was given",
        "Give them in the proxy's URL: http://NAME:PASSWORD@HOST:PORT.",
        lasting=True,
    ),
    Cause.PROXY_FORBIDS: Row("the proxy lets no tunnel through", "Have its administrator allow CONNECT to the server's host and port.", lasting=True),
    Cause.PROXY_FAILED: Row(
        "the proxy could not reach the server", "See that the server is up, and that the proxy knows its name and may reach its port."
    ),
    Cause.NO_PROXY: Row("what answers there is no HTTP proxy", "See that the proxy's host and port are right.", lasting=True),
    Cause.TOO_LARGE: Row("the answer is too large", _OWN_URL, lasting=True),
    Cause.PACKED: Row("the answer is packed in a way for which nobody asked", _BETWEEN, lasting=True),
    Cause.NO_SIZE: Row("the answer is no sound HTTP: how long it is is no number", _BETWEEN, lasting=True),
    Cause.UNSOUND: Row("the answer is no sound HTTP: where it ends is not clear", _BETWEEN),
    Cause.NO_HTTP: Row("what answers there speaks no HTTP", "See that host and port are right."),
    Cause.UNAUTHORIZED: Row(
        "Coder answered 401, for it does not take the token",
        "Make another (`coder tokens create`), and set it: token=; for commands CODER_SESSION_TOKEN.",
        lasting=True,
    ),
    Cause.SIGN_IN: Row(
        "somebody in front of Coder answered 401",
        "A proxy wants to know who asks: give it the header that it asks for (headers=; for commands --header or CODER_HEADER).",
        lasting=True,
    ),
    Cause.REDIRECT: Row(
        "the answer is a redirect, and none is followed",
        "It would take the token along: name the URL where it leads in place of this one, if that is your server.",
        lasting=True,
    ),
    Cause.PAGE: Row(
        "a page for people came in place of an answer of Coder's API",
        "See in a browser what is there: a page to sign in wants a header of its own (headers=; for commands --header or CODER_HEADER), another site "
        "another URL.",
        lasting=True,
    ),
    Cause.NO_SUCH_PATH: Row(
        "Coder answers, and has no such path",
        "Let the URL end where Coder's own page opens, without /api/v2; if it does, the server is too old or too new for what was asked.",
        lasting=True,
    ),
    Cause.FOREIGN: Row("the answer is not Coder's: a proxy's, say", _OWN_URL),
    Cause.NOT_UNDERSTOOD: Row("the answer is not what Coder sends", _OWN_URL, lasting=True),
    Cause.OTHER: Row("no answer came", _BETWEEN),
}


@attrs.frozen
class Diagnosis:
    """What is wrong, and where. url: has no user, password or query. detail: what else is known of it, in some words."""

    cause: Cause
    url: str
    detail: str = ""

    @property
    def problem(self) -> str:
        """What is wrong, with the URL."""
        return f"{self.url}: {TABLE[self.cause].words}" + (f" ({self.detail})" if self.detail else "")

    @property
    def remedy(self) -> str:
        """What to do about it, in sentences."""
        return TABLE[self.cause].remedy

    @property
    def lasting(self) -> bool:
        """The same request would fail so again."""
        return TABLE[self.cause].lasting

    def __str__(self) -> str:
        return f"{self.problem}. {self.remedy}"


def told_apart(message: str) -> tuple[str, str]:
    """Return what is wrong and what to do about it, of a message that ends with a remedy of the table; else all of it, and nothing."""
    for row in TABLE.values():
        if message.endswith(f". {row.remedy}"):
            return message.removesuffix(f". {row.remedy}"), row.remedy
    return message, ""
