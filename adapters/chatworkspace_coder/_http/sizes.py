"""What may come back, by kind of answer: one table of limits, and reading that keeps to them. Pure.

Whoever sits behind the URL may send anything: a page without end, a few bytes that unpack to millions, brackets within brackets. What is taken in and
what it is made of are bounded before they are, so that no answer costs a process more than its memory for a moment.
"""

from __future__ import annotations

import json
import re
import zlib

import attrs

_KIB, _MIB = 1024, 1024 * 1024


@attrs.frozen(kw_only=True)
class Size:
    """What one kind of answer may be.

    bytes: as they come, and once more when unpacked.
    values: commas and opening brackets, in texts too: each value of a list or object brings one.
    """

    bytes: int
    values: int


ONE = Size(bytes=4 * _MIB, values=200_000)
"""One thing: a workspace with its agents, a version with its readme."""
LIST = Size(bytes=16 * _MIB, values=500_000)
"""Several: some hundred workspaces, some thousand templates."""
LOG = Size(bytes=16 * _MIB, values=1_000_000)
"""Lines of other programs, which may be full of commas."""
PROBLEM = Size(bytes=256 * _KIB, values=20_000)
"""Whatever is no 2xx. What is longer is somebody's page, and is cut: its status says enough."""
EVENT = ONE
"""One event of a stream, however many lines or frames it comes in."""
OUTPUT = Size(bytes=_MIB, values=0)
"""One message of a terminal."""
HEAD = 64 * _KIB
"""Bytes of a status line with its headers."""
FRAGMENTS = 4096
"""Frames of one message, or lines of one event."""
DEPTH = 64
"""Lists and objects within each other. Coder's own are ten deep."""
_OTHER = bytes(set(range(256)) - set(b'"[]{}'))
_QUOTED = re.compile(rb'"[^"]*"')


class TooLargeError(ValueError):
    """More than this kind of answer may be."""

    def __init__(self, message: str = "the answer is too large") -> None:
        super().__init__(message)


class NoJsonError(ValueError):
    """Not JSON. It does not quote what it was: that may be a page of anybody's."""


class UnknownPackingError(ValueError):
    """Packed in a way for which nobody asked, and which is not known here."""


def parsed(told: bytes, size: Size) -> object:
    """Return the value of JSON. TooLargeError, before anything is made of it; NoJsonError."""
    opened = told.count(b"[") + told.count(b"{")
    if len(told) > size.bytes or opened + told.count(b",") > size.values or (opened > DEPTH and _is_deep(told)):
        raise TooLargeError
    try:
        return json.loads(told)
    except (ValueError, RecursionError):
        pass
    raise NoJsonError("it is not JSON")


def _is_deep(told: bytes) -> bool:
    """Tell whether brackets are still open within so many others; texts may hold any."""
    if b"\\" in told:
        told = told.replace(b"\\\\", b"").replace(b'\\"', b"")
    # two quotes in a row may go: no bracket is in a text, or out of one, because of both
    brackets = _QUOTED.sub(b"", told.translate(None, _OTHER).replace(b'""', b""))
    for _ in range(DEPTH):
        if not brackets:
            return False
        brackets = brackets.replace(b"[]", b"").replace(b"{}", b"")
    return bool(brackets)


class Unpacker:
    """Takes in a body piece by piece, and keeps no more of it than it may be."""

    def __init__(self, packing: str, most: int) -> None:
        """packing: as Content-Encoding says. UnknownPackingError."""
        self._most = most
        self._wire = 0
        self._unpacked = bytearray()
        self._inflate = None
        if packing.strip().lower() not in {"", "identity"}:
            if packing.strip().lower() not in {"gzip", "x-gzip", "deflate"}:
                raise UnknownPackingError("the answer is packed in a way for which nobody asked")
            self._inflate = zlib.decompressobj(zlib.MAX_WBITS | 32)

    def add(self, piece: bytes) -> None:
        """Take in what came next. TooLargeError; ValueError: it is not packed so."""
        self._wire += len(piece)
        self._unpacked += piece if self._inflate is None else self._inflated(piece)
        if max(self._wire, len(self._unpacked)) > self._most:
            raise TooLargeError

    def _inflated(self, piece: bytes) -> bytes:
        assert self._inflate is not None, "it is packed"
        if self._inflate.eof:
            return b""
        try:
            return self._inflate.decompress(piece, self._most + 1 - len(self._unpacked))
        except zlib.error:
            raise ValueError("it is not packed as it says") from None

    def whole(self) -> bytes:
        """Return all of it. ValueError: the end is missing."""
        if self._inflate is not None and self._wire and not self._inflate.eof:
            raise ValueError("it is not packed as it says")
        return bytes(self._unpacked)

    def cut(self) -> bytes:
        """Return as much as it may be."""
        return bytes(self._unpacked[: self._most])
