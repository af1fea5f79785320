"""Check what users hand over, and say what was expected. A value is never shown: a URL or a name may have a secret in it by mistake."""

from __future__ import annotations

import math
import os
from typing import cast
from urllib.parse import urlsplit

from chatworkspace import Chat, InvalidArgumentError, Workspace


def url(value: object) -> str:
    """Return a server's URL without a slash at its end."""
    expected = InvalidArgumentError("url", "the URL of a Coder server, such as https://coder.example.com, without user, query or fragment")
    if not isinstance(value, str) or not value.isascii() or not value.isprintable() or " " in value:
        raise expected
    try:
        parts = urlsplit(value)
        port_is_read = parts.port is None or parts.port > 0
    except ValueError as error:
        raise expected from error
    plain = parts.username is None and not parts.query and not parts.fragment
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.hostname.startswith((".", "*")) or not port_is_read or not plain:
        raise expected
    return value.rstrip("/")


def connections(value: object) -> int:
    """Return how many connections there may be."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise InvalidArgumentError("connections", "a whole number of at least 1")
    return value


def ca_file(value: object) -> str | None:
    """Return the path of a file; it is not read here."""
    path = os.fspath(cast("os.PathLike[str]", value)) if isinstance(value, os.PathLike) else value
    if path is not None and (not isinstance(path, str) or not path):
        raise InvalidArgumentError("ca_file", "the path of a PEM file with certificates, or None")
    return path


def text(argument: str, value: object) -> str:
    """Return text that a path can carry."""
    if not isinstance(value, str) or any("\ud800" <= character <= "\udfff" for character in value):
        raise InvalidArgumentError(argument, "text without lone surrogates")
    return value


def deadline(value: object) -> float:
    """Return an instant."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or math.isnan(value):
        raise InvalidArgumentError("deadline", "an instant of time.monotonic(), in seconds")
    return float(value)


def chat(value: object) -> Chat:
    """Return a chat."""
    if not isinstance(value, Chat):
        raise InvalidArgumentError("chat", "a Chat, as ChatWorkspaces hands it over")
    return value


def workspace(value: object) -> Workspace:
    """Return a workspace."""
    if not isinstance(value, Workspace):
        raise InvalidArgumentError("workspace", "a Workspace, as an Outcome or the client hands it over")
    return value
