"""The way to a server: straight, or through a tunnel that a proxy makes; and the TLS that is spoken at its end.

Whatever is asked of the server goes through the tunnel, plain HTTP too: a proxy sees host and port, and neither token nor headers.
"""

from __future__ import annotations

import base64
import socket
import ssl
from http.client import HTTPException

import attrs
from requests.utils import DEFAULT_CA_BUNDLE_PATH

from chatworkspace import InvalidArgumentError
from chatworkspace_coder._http.causes import Cause, Diagnosis
from chatworkspace_coder._http.connecting import connected
from chatworkspace_coder._http.failures import WayError, diagnosed
from chatworkspace_coder._http.limits import Limit
from chatworkspace_coder._http.link import BrokenError, Link, head_of
from chatworkspace_coder._http.tokens import Secret

_NONE = frozenset({405, 501})
"""What servers that are no proxy say of CONNECT."""


@attrs.frozen(kw_only=True)
class Proxy:
    """Where a proxy is, and what it is told of who asks."""

    host: str
    port: int
    authorization: Secret = attrs.field(default=Secret(), repr=False)

    @property
    def url(self) -> str:
        """Its URL, without name and password."""
        return f"http://{_bracketed(self.host)}:{self.port}"


def authorization(name: str, password: str) -> Secret:
    """Return how a proxy is told a name and a password."""
    return Secret("Basic " + base64.b64encode(f"{name}:{password}".encode()).decode())


class Way:
    """Leads to one server. tls: with which it is spoken to; None: without. Safe from any thread."""

    def __init__(self, *, tls: ssl.SSLContext | None, proxy: Proxy | None) -> None:
        self.tls: ssl.SSLContext | None = tls
        self._proxy = proxy

    def connected(self, host: str, port: int, limit: Limit) -> socket.socket:
        """Return a connection to the server, without TLS yet. OSError, of which WayError says that the proxy is the reason; OverdueError."""
        if self._proxy is None:
            return connected(host, port, limit)
        made = self._at(self._proxy, limit)
        try:
            limit.hold(made)
            self._ask(self._proxy, made, f"{_bracketed(host)}:{port}", limit)
        except BaseException:
            limit.hold(None)
            made.close()
            raise
        return made

    @staticmethod
    def _at(proxy: Proxy, limit: Limit) -> socket.socket:
        try:
            return connected(proxy.host, proxy.port, limit)
        except (OSError, UnicodeError) as error:
            raise WayError(attrs.evolve(diagnosed(error, proxy.url), detail="the proxy")) from error

    @staticmethod
    def _ask(proxy: Proxy, made: socket.socket, server: str, limit: Limit) -> None:
        """Have the proxy make a tunnel. WayError."""
        lines = [f"CONNECT {server} HTTP/1.1", f"Host: {server}", "User-Agent: chatworkspace"]
        if proxy.authorization:
            lines.append(f"Proxy-Authorization: {proxy.authorization}")
        link = Link(made)
        try:
            link.send("".join(f"{line}\r\n" for line in (*lines, "")).encode(), limit.deadline)
            status = head_of(link, limit.deadline).status
        except (HTTPException, ValueError) as error:
            raise WayError(Diagnosis(Cause.NO_PROXY, proxy.url)) from error
        except (OSError, BrokenError) as error:
            raise WayError(attrs.evolve(diagnosed(error, proxy.url), detail="the proxy")) from error
        if not 200 <= status < 300:
            raise WayError(Diagnosis(_cause_of(status), proxy.url, f"{status}, asked for {server}"))


def _cause_of(status: int) -> Cause:
    if status == 407:
        return Cause.PROXY_PASSWORD
    if status in _NONE:
        return Cause.NO_PROXY
    return Cause.PROXY_FAILED if status >= 500 else Cause.PROXY_FORBIDS


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def tls_context(ca_file: str | None = None, *, client_cert: str | None = None, client_key: str | None = None) -> ssl.SSLContext:
    """Return TLS as CoderClient has it by itself, for its `ssl_context`. InvalidArgumentError: the message names the argument. Reads the files.

    ca_file: of authorities, as PEM; None: those that come with `requests`. client_cert: a certificate of who asks, as PEM; None: none.
    client_key: its key, as PEM, without a password; None: it is in the same file.
    """
    # ssl.create_default_context() would write secrets of connections to a file that the environment names
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.set_alpn_protocols(["http/1.1"])
    try:
        context.load_verify_locations(ca_file or DEFAULT_CA_BUNDLE_PATH)
    except OSError as error:
        raise InvalidArgumentError("ca_file", "a PEM file with certificates") from error
    if client_cert is None:
        return context
    try:
        context.load_cert_chain(client_cert, client_key, password="")  # who has a key with a password is not asked for it
    except (OSError, ValueError) as error:
        raise InvalidArgumentError("client_cert", "a PEM file with a certificate, and its key there or in client_key, without a password") from error
    return context
