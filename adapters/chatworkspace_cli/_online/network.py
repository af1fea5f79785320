"""How the commands reach the server: what options say, and Coder's own variables of the environment by their names. Values may be secret."""

from __future__ import annotations

import csv
from argparse import Namespace
from collections.abc import Mapping
from typing import Any

import attrs

from chatworkspace import InvalidArgumentError

PROXY = "CHATWORKSPACE_PROXY"
CA_FILE, CLIENT_CERT, CLIENT_KEY = "CODER_CLIENT_TLS_CA_FILE", "CODER_CLIENT_TLS_CERT_FILE", "CODER_CLIENT_TLS_KEY_FILE"
HEADER = "CODER_HEADER"


@attrs.frozen(kw_only=True)
class Network:
    """What a client is made with beside URL and token."""

    ca_file: str | None = None
    client_cert: str | None = None
    client_key: str | None = None
    proxy: str | None = attrs.field(default=None, repr=False)
    headers: Mapping[str, str] = attrs.field(factory=dict[str, str], repr=False)

    def options(self) -> dict[str, Any]:
        """Return them as CoderClient takes them. InvalidArgumentError: a file is not what it should be."""
        from chatworkspace_coder import tls_context  # noqa: PLC0415 # --help needs no HTTP

        more: dict[str, Any] = {"proxy": self.proxy, "headers": self.headers}
        if self.client_cert is None:
            return more | {"ca_file": self.ca_file}
        return more | {"ssl_context": tls_context(self.ca_file, client_cert=self.client_cert, client_key=self.client_key)}


def network_of(options: Namespace, environment: Mapping[str, str]) -> Network:
    """Return what options say, and for what they do not the environment. InvalidArgumentError."""

    def said(name: str, variable: str) -> str | None:
        told: str | None = getattr(options, name, None)
        return told or environment.get(variable) or None

    certificate, key = said("client_cert", CLIENT_CERT), said("client_key", CLIENT_KEY)
    if key and not certificate:
        raise InvalidArgumentError("client_cert", "a file with the certificate of the key that is named")
    return Network(
        ca_file=said("ca_file", CA_FILE),
        client_cert=certificate,
        client_key=key,
        proxy=said("proxy", PROXY),
        headers=_headers([*_listed(environment.get(HEADER, "")), *getattr(options, "header", [])]),
    )


def _listed(told: str) -> list[str]:
    """Return what Coder's variable lists: with commas in between, and quotes around what has one itself."""
    return [it for row in csv.reader([told]) for it in row]


def _headers(pairs: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals:
            raise InvalidArgumentError("headers", "NAME=VALUE")  # the text may be a secret: it is not shown
        found[name.strip()] = value.strip()
    return found
