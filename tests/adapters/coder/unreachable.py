"""Servers that cannot be asked, each for a reason of its own, over real sockets; and what is said of each, library and commands alike."""

from __future__ import annotations

import socket
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager

import attrs
import pytest

from chatworkspace_coder._http import transport
from chatworkspace_coder._http.causes import Cause
from tests.adapters.coder.certificates import LATER, LONG_AGO, LONG_OFF, SOON_AFTER, Certificates
from tests.adapters.coder.payloads import NO_ROUTE, PAGE, problem
from tests.adapters.coder.server import Handler, Reply, serving
from tests.sockets import refusing_port


@attrs.frozen(kw_only=True)
class Met:
    """Where somebody asks in vain. answered: something answers, so that the message names what it was asked for. asked: for which names."""

    url: str
    ca_file: str | None = None
    answered: bool = False
    asked: list[str] = attrs.field(factory=list[str])


World = Callable[[Certificates, pytest.MonkeyPatch], AbstractContextManager[Met]]


def _answering(*replies: Reply) -> World:
    """Return a server that answers everything so."""

    @contextmanager
    def world(certificates: Certificates, monkeypatch: pytest.MonkeyPatch) -> Generator[Met, None, None]:
        del certificates, monkeypatch
        with serving() as server:
            server.otherwise(replies[0])
            yield Met(url=server.url, answered=True)

    return world


def _with_certificate(made: Callable[[Certificates], AbstractContextManager[Met]]) -> World:
    def world(certificates: Certificates, monkeypatch: pytest.MonkeyPatch) -> AbstractContextManager[Met]:
        del monkeypatch
        return made(certificates)

    return world


@contextmanager
def _expired(certificates: Certificates) -> Generator[Met, None, None]:
    with serving(tls=certificates.server(begins=LONG_AGO, ends=SOON_AFTER)) as server:
        yield Met(url=server.url, ca_file=certificates.ca_file)


@contextmanager
def _too_early(certificates: Certificates) -> Generator[Met, None, None]:
    with serving(tls=certificates.server(begins=LONG_OFF, ends=LATER)) as server:
        yield Met(url=server.url, ca_file=certificates.ca_file)


@contextmanager
def _of_another(certificates: Certificates) -> Generator[Met, None, None]:
    with serving(tls=certificates.server("another.example.com")) as server:
        yield Met(url=server.url, ca_file=certificates.ca_file)


@contextmanager
def _unknown_authority(certificates: Certificates) -> Generator[Met, None, None]:
    with serving(tls=certificates.server()) as server:
        yield Met(url=server.url)


@contextmanager
def _wants_certificate(certificates: Certificates) -> Generator[Met, None, None]:
    with serving(tls=certificates.demanding()) as server:
        yield Met(url=server.url, ca_file=certificates.ca_file)


@contextmanager
def _plain_behind_https(certificates: Certificates) -> Generator[Met, None, None]:
    del certificates
    with serving() as server:
        yield Met(url=server.url.replace("http:", "https:"))


@contextmanager
def _refused(certificates: Certificates) -> Generator[Met, None, None]:
    del certificates
    yield Met(url=f"http://127.0.0.1:{refusing_port()}")


@contextmanager
def _mail_server(certificates: Certificates) -> Generator[Met, None, None]:
    def hail(handler: Handler) -> None:
        handler.wfile.write(b"220 mail.example.com ready\r\n")
        handler.close_connection = True

    del certificates
    with serving() as server:
        server.otherwise(hail)
        yield Met(url=server.url)


def _resolving(code: int) -> World:
    @contextmanager
    def world(certificates: Certificates, monkeypatch: pytest.MonkeyPatch) -> Generator[Met, None, None]:
        met = Met(url="https://coder.example.com")

        def resolve(name: str, *_: object) -> object:
            met.asked.append(name)
            raise socket.gaierror(code, "in whatever words")

        del certificates
        monkeypatch.setattr("chatworkspace_coder._http.connecting.socket.getaddrinfo", resolve)
        yield met

    return world


WORLDS: dict[Cause, World] = {
    Cause.REFUSED: _with_certificate(_refused),
    Cause.NAME_UNKNOWN: _resolving(socket.EAI_NONAME),
    Cause.NAME_UNCLEAR: _resolving(socket.EAI_AGAIN),
    Cause.EXPIRED: _with_certificate(_expired),
    Cause.TOO_EARLY: _with_certificate(_too_early),
    Cause.WRONG_HOST: _with_certificate(_of_another),
    Cause.UNTRUSTED: _with_certificate(_unknown_authority),
    Cause.CLIENT_CERTIFICATE: _with_certificate(_wants_certificate),
    Cause.NO_TLS: _with_certificate(_plain_behind_https),
    Cause.TLS_WANTED: _answering(Reply(400, b"this port is for HTTPS")),
    Cause.NO_HTTP: _with_certificate(_mail_server),
    Cause.UNAUTHORIZED: _answering(Reply(401, problem("You are signed out."))),
    Cause.SIGN_IN: _answering(Reply(401, PAGE)),
    Cause.REDIRECT: _answering(Reply(302, b"", {"Location": "https://ana:hush@sso.example.com/login?hush"})),
    Cause.PAGE: _answering(Reply(200, PAGE)),
    Cause.NO_SUCH_PATH: _answering(Reply(404, NO_ROUTE)),
    Cause.FOREIGN: _answering(Reply(404, PAGE)),
    Cause.NOT_UNDERSTOOD: _answering(Reply(200, {"status": "another service"})),
}
DETAILS = {
    Cause.UNAUTHORIZED: "You are signed out.",
    Cause.REDIRECT: "302, to https://sso.example.com",
    Cause.FOREIGN: "404",
}
"""What stands in brackets behind the words, where it is always the same."""


@contextmanager
def unreachable(cause: Cause, certificates: Certificates, monkeypatch: pytest.MonkeyPatch) -> Generator[Met, None, None]:
    """Serve so, to somebody who loses patience at once where nothing has ever said that it is Coder."""
    monkeypatch.setattr(transport, "PATIENCE", 0.0)
    with WORLDS[cause](certificates, monkeypatch) as met:
        yield met
