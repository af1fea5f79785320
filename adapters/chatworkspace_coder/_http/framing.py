"""Where an answer begins and ends on its connection: an answer belongs to its request, and to no other."""

from __future__ import annotations

import re
from http.client import HTTPException, HTTPMessage, HTTPResponse, IncompleteRead, parse_headers
from io import BufferedReader, RawIOBase
from typing import IO, Any, cast

from chatworkspace_coder._http.sizes import HEAD, TooLargeError

INTERIM = 20
"""Answers before the answer (1xx) that are read past."""
LINE = 1024
"""Bytes of the line with a chunk's size, and whatever extends it."""
_LENGTH, _SIZE = re.compile(r"[0-9]{1,15}"), re.compile(rb"[0-9A-Fa-f]{1,15}")


class FramingError(HTTPException):
    """It cannot be said where the answer ends, or it is none to what was asked."""


class NoSizeError(FramingError):
    """What it says of its length is no number, or too large a one: a sign, a blank, or nothing at all. The next answer will say so again."""


def check_framing(headers: HTTPMessage) -> None:
    """Raise FramingError where readers may differ on how long the body is."""
    lengths, codings = headers.get_all("content-length", []), headers.get_all("transfer-encoding", [])
    if len(lengths) + len(codings) > 1:
        raise FramingError("more than one length")
    if not all(_LENGTH.fullmatch(it.strip(" \t")) for it in lengths):
        raise NoSizeError("no length")
    if any(it.strip().lower() != "chunked" for it in codings):
        raise FramingError("an unknown coding")


def chunk_size(line: bytes) -> int:
    """Return how long a chunk is, by the line before it. NoSizeError: readers differ on it, and some take a negative one for all there is."""
    size = line.partition(b";")[0].rstrip(b" \t\r\n")
    if not _SIZE.fullmatch(size):
        raise NoSizeError("no size of a chunk")
    return int(size, 16)


class _Wire(RawIOBase):
    """The bytes of a connection, until `over`: then it seems to have ended, and nothing more is taken from it."""

    def __init__(self, below: RawIOBase) -> None:
        super().__init__()
        self._below = below
        self.over = False
        self.ended = False
        """The other side has closed it."""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        if self.over:
            return 0
        count = cast("int | None", cast("Any", self._below).readinto(buffer))
        self.ended |= count == 0
        return count

    def close(self) -> None:
        self._below.close()
        super().close()


class _Chunks(RawIOBase):
    """What chunks carry. Libraries take whatever Python takes for their sizes, and lines of any length for their trailer."""

    def __init__(self, below: Any) -> None:
        super().__init__()
        self._below: BufferedReader = below
        self._left = 0
        self._between = False
        self.ended = False
        """The last one has come, and its trailer."""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._left and not self._next():
            return 0
        count = self._below.readinto1(memoryview(buffer)[: self._left])
        if not count:
            raise IncompleteRead(b"")
        self._left -= count
        return count

    def _next(self) -> bool:
        """Go on to the next chunk, if there is one."""
        if self.ended:
            return False
        if self._between and self._line().strip(b"\r\n"):
            raise NoSizeError("a chunk that is longer than it says")
        self._left = chunk_size(self._line())
        self._between = True
        if not self._left:
            self._skip_trailer()
            self.ended = True
        return not self.ended

    def _skip_trailer(self) -> None:
        taken = 0
        while line := self._below.readline(HEAD).strip(b"\r\n"):
            taken += len(line)
            if taken > HEAD - 2:
                raise TooLargeError

    def _line(self) -> bytes:
        line = self._below.readline(LINE)
        if line.endswith(b"\n"):
            return line
        raise NoSizeError("no size of a chunk") if len(line) == LINE else IncompleteRead(line)

    def close(self) -> None:
        self._below.close()
        super().close()


class Framed(HTTPResponse):
    """The standard library's answer, which skips only 100 and forgets what it has read beyond the end; this one skips all 1xx and tells.

    Chunks are put together here, so that whoever reads it sees a body that ends.
    """

    accounted = False
    """The body has ended, and no byte came behind it."""
    _chunks: _Chunks | None = None

    def __init__(self, sock: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self._wire = _Wire(cast("Any", self.fp).detach())
        self._bytes: Any = BufferedReader(self._wire)
        self.fp = self._bytes

    def _read_status(self) -> tuple[str, int, str]:
        for _ in range(INTERIM):
            version, status, reason = cast("tuple[str, int, str]", cast("Any", super())._read_status())  # noqa: SLF001 # of the base class
            if not 100 <= status < 200:
                return version, status, reason
            if status == 101:
                raise FramingError("another protocol, for which nobody asked")
            parse_headers(cast("IO[bytes]", self.fp))  # type: ignore[arg-type, unused-ignore] # typed narrower than it is
        raise FramingError("no answer behind so many 1xx")

    def begin(self) -> None:
        super().begin()
        if self._wire.ended:  # the standard library takes headers that are cut off for all of them
            raise IncompleteRead(b"")
        check_framing(self.headers)
        if self.chunked:
            self._put_together()

    def _put_together(self) -> None:
        self.chunked = False
        del self.headers["transfer-encoding"]
        if self.length is None:  # else it is one that has no body
            self._chunks = _Chunks(self._bytes)
            self.fp = cast("Any", self._chunks)

    def _close_conn(self) -> None:
        self._wire.over = True
        beyond = self._bytes.peek(1)
        self.accounted = not beyond and (self.length == 0 if self._chunks is None else self._chunks.ended)
        cast("Any", super())._close_conn()  # noqa: SLF001 # of the base class
