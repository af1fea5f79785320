"""Check what users hand over for networks of companies: a proxy, headers, TLS. Values are never shown: they are secrets, or have some in them."""

from __future__ import annotations

import re
import ssl
from collections.abc import Mapping
from contextlib import suppress
from ipaddress import ip_address, ip_network
from typing import cast
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies_environment

from chatworkspace import InvalidArgumentError
from chatworkspace_coder import _arguments
from chatworkspace_coder._http.tokens import Secret, Token, Tokens
from chatworkspace_coder._http.transport import Transport
from chatworkspace_coder._http.ways import Proxy, Way, authorization, tls_context

ENVIRONMENT = "environment"
"""Stands for what the environment says of proxies: it is read when somebody asks for it, once."""
OURS = frozenset(
    {
        "accept",
        "accept-encoding",
        "coder-session-token",
        "connection",
        "content-length",
        "content-type",
        "host",
        "proxy-authorization",
        "transfer-encoding",
        "upgrade",
    }
)
"""Headers that say how a request is sent, and by whom."""


def transport(
    url: str, *, token: Token, connections: int, proxy: str | None, headers: object, ssl_context: ssl.SSLContext | None, ca_file: object
) -> Transport:
    """Return the way to a server with all that goes along it, as CoderClient is told. InvalidArgumentError."""
    url = _arguments.url(url)
    return Transport(
        url,
        tokens=Tokens(token),
        connections=_arguments.connections(connections),
        way=_way(url, proxy=proxy, ssl_context=ssl_context, ca_file=ca_file),
        headers=_headers(headers),
    )


def _way(url: str, *, proxy: object, ssl_context: object, ca_file: object) -> Way:
    """Return the way to a server. The file of authorities is read."""
    if ssl_context is not None and not isinstance(ssl_context, ssl.SSLContext):
        raise InvalidArgumentError("ssl_context", "an ssl.SSLContext, or None")
    if ssl_context is not None and ca_file is not None:
        raise InvalidArgumentError("ssl_context", "None where ca_file is given: load_verify_locations() adds a file to a context")
    path = _arguments.ca_file(ca_file)
    tls = ssl_context or tls_context(path) if url.startswith("https:") else None
    return Way(tls=tls, proxy=_proxy(proxy, url))


def _proxy(value: object, url: str) -> Proxy | None:
    """Return a proxy, by its URL, which is never shown: it may have a password. "environment": as that says it for the server's URL."""
    expected = InvalidArgumentError(
        "proxy",
        'the URL of an HTTP proxy, such as http://NAME:PASSWORD@proxy.example.com:3128, or "environment", or None; no TLS to the proxy, no SOCKS',
    )
    told = _of_environment(url) if value == ENVIRONMENT else value
    if told is None:
        return None
    if not isinstance(told, str) or not told.isascii() or not told.isprintable() or " " in told:
        raise expected
    try:
        parts = urlsplit(told)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise expected from None
    if parts.scheme != "http" or not host or port == 0 or parts.path not in {"", "/"} or parts.query or parts.fragment:
        raise expected
    known = parts.username is not None or parts.password is not None
    secret = authorization(unquote(parts.username or ""), unquote(parts.password or "")) if known else Secret()
    return Proxy(host=host, port=port or 80, authorization=secret)


def _of_environment(url: str) -> str | None:
    """Return what HTTPS_PROXY (of an http:// URL HTTP_PROXY), ALL_PROXY and NO_PROXY say; names in small letters count for more, as everywhere."""
    parts, told = urlsplit(url), getproxies_environment()
    found = told.get(parts.scheme) or told.get("all")
    if not found or is_left_out(parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80), told.get("no", "")):
        return None
    return found if "://" in found else f"http://{found}"


def is_left_out(host: str, port: int, no_proxy: str) -> bool:
    """Say whether NO_PROXY has a host: by its name, by what its name ends with, with or without a port, by a network's address, or with all (*)."""
    return any(_covers(it.strip().lower(), host.lower(), port) for it in no_proxy.split(","))


def _covers(entry: str, host: str, port: int) -> bool:
    name, colon, number = entry.rpartition(":")
    if colon and number.isdecimal() and ":" not in name:
        if int(number) != port:
            return False
        entry = name
    with suppress(ValueError):
        return ip_address(host) in ip_network(entry, strict=False)
    name = entry.removeprefix("*").removeprefix(".")
    return entry == "*" or (bool(name) and (host == name or host.endswith(f".{name}")))


def _headers(value: object) -> Mapping[str, Secret]:
    """Return headers for every request. Their values are never shown."""
    expected = InvalidArgumentError("headers", "a mapping of names of HTTP headers to their values, in printable ASCII")
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise expected
    found = {name: Secret(told) for name, told in cast("Mapping[object, object]", value).items() if _is_header(name) and _is_printable(told)}
    if len(found) != len(cast("Mapping[object, object]", value)):
        raise expected
    for name in cast("Mapping[str, Secret]", found):
        if name.lower() in OURS or name.lower().startswith("sec-websocket-"):
            raise InvalidArgumentError("headers", f"others than {', '.join(sorted(OURS))}: those are the client's own")
    return cast("Mapping[str, Secret]", found)


def _is_header(name: object) -> bool:
    return isinstance(name, str) and re.fullmatch(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+", name) is not None


def _is_printable(value: object) -> bool:
    return isinstance(value, str) and value.isascii() and value.isprintable() and value == value.strip()
