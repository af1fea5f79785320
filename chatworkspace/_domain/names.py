"""Workspace names. Pure.

A name is a wish, a hyphen and the chat's mark: ten characters computed from the store's secret, the chat's id and a number. The mark is the proof
that a workspace is the chat's making, and it is the same for every request that could make one, so the platform lets one of them through.
Names are at most 32 letters, digits and single hyphens (the platform's rule).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _hashlib import HASH

MARK_LENGTH = 10
WISH_LENGTH = 21
FALLBACK = "workspace"
LOST_NUMBERS = 8
"""A store that lost its last commits may not know the numbers that it gave last."""
_BASE32 = "abcdefghijklmnopqrstuvwxyz234567"
_PAIRS = [first + second for first in _BASE32 for second in _BASE32]
"""Ten bits each, as two characters."""
MOST_KEPT = 256
"""Keys, and names of templates made fit, that are kept ready."""

BLOCK = 64
"""Bytes that SHA-256 takes in at a time."""
_OTHER = re.compile(r"[^A-Za-z0-9]+")


def mark_of(secret: bytes, chat_id: str, number: int) -> str:
    """Return the chat's mark: the first 50 bits of HMAC-SHA256 over chat id, NUL and number, in lower-case base32."""
    digest, pairs = _digest(secret, f"{chat_id}\0{number}".encode()), _PAIRS
    bits = int.from_bytes(digest[:8], "big") >> 14
    return pairs[bits >> 40] + pairs[bits >> 30 & 1023] + pairs[bits >> 20 & 1023] + pairs[bits >> 10 & 1023] + pairs[bits & 1023]


def mark_in(name: str) -> str:
    """Return what is the mark in a workspace's name, if there is one."""
    return name.lower()[-MARK_LENGTH:]


def marks_ahead(secret: bytes, chat_id: str, number: int) -> list[str]:
    """Return the marks of the numbers that come after this one: a workspace that bears one was made by another store of the same secret."""
    return [mark_of(secret, chat_id, number + step) for step in range(1, LOST_NUMBERS + 1)]


def workspace_name(wish: str, template_name: str, mark: str) -> str:
    """Return the name to ask for: the wish, or else the template's name, made fit, and the mark."""
    return f"{(wish and _fit(wish)) or _fit_template(template_name) or FALLBACK}-{mark}"


def bears_mark(name: str, mark: str) -> bool:
    """Tell whether a workspace of this name is the making of the chat whose mark it is. The platform compares names without case."""
    return name.lower().endswith(f"-{mark}")


def name_in_use(name: str, wish: str, template_name: str, mark: str) -> str:
    """Return the name once planned as long as its number stands, else a new one."""
    return name if name and bears_mark(name, mark) else workspace_name(wish, template_name, mark)


def wish_was_kept(wish: str, name: str) -> bool:
    """Tell whether the name shows the wish as it was written."""
    return not wish or wish in (name, name[: -MARK_LENGTH - 1])


def may_be_of(wish: str, name: str) -> bool:
    """Tell whether a name may have been made for a wish: it shows it, made fit; where nothing was wished for any may."""
    fit = _fit(wish)
    return not fit or name[: -MARK_LENGTH - 1] == fit


def fingerprint(secret: bytes, parameters: Mapping[str, str]) -> str:
    """Return a keyed hash of parameters, so that two requests can be compared without storing a value; empty for none."""
    if not parameters:
        return ""
    message = "".join(f"{len(part)}:{part}" for pair in sorted(parameters.items()) for part in pair)
    return _digest(secret, message.encode()).hex()[:32]


def _digest(secret: bytes, message: bytes) -> bytes:
    """Return the HMAC-SHA256 (RFC 2104). hmac.digest() would give other threads the interpreter, and get it back some milliseconds later."""
    begun, ending = _keyed(secret)
    inner, outer = begun.copy(), ending.copy()
    inner.update(message)
    outer.update(inner.digest())
    return outer.digest()


@lru_cache(MOST_KEPT)
def _keyed(secret: bytes) -> tuple[HASH, HASH]:
    """Return its inner and its outer hash with the key taken in already: most of what it costs for a short message."""
    from hashlib import sha256  # noqa: PLC0415 # loads OpenSSL, which costs as much as a fifth of this library, and importing it should cost little

    key = (secret if len(secret) <= BLOCK else sha256(secret).digest()).ljust(BLOCK, b"\0")
    return sha256(bytes(it ^ 0x36 for it in key)), sha256(bytes(it ^ 0x5C for it in key))


def _fit(wish: str) -> str:
    return _OTHER.sub("-", wish).strip("-")[:WISH_LENGTH].strip("-")


_fit_template = lru_cache(MOST_KEPT)(_fit)
