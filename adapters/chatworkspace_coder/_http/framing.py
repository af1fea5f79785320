"""Where an answer begins and ends on its connection: an answer belongs to its request, and to no other."""

from __future__ import annotations

from http.client import HTTPException, HTTPMessage, HTTPResponse, IncompleteRead, parse_headers
from io import BufferedReader, RawIOBase
from typing import IO, Any, cast

INTERIM = 20
"""Answers before the answer (1xx) that are read past."""


class FramingError(HTTPException):
    """It cannot be said where the answer ends, or it is none to what was asked."""


def check_framing(headers: HTTPMessage) -> None:
    """Raise FramingError where readers may differ on how long the body is."""
    lengths, codings = headers.get_all("content-length", []), headers.get_all("transfer-encoding", [])
    if len(lengths) + len(codings) > 1:
        raise FramingError("more than one length")
    if any(not (it.strip().isascii() and it.strip().isdigit()) for it in lengths):
        raise FramingError("no length")
    if any(it.strip().lower() != "chunked" for it in codings):
        raise FramingError("an unknown coding")


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


class Framed(HTTPResponse):
    """The standard library's answer, which skips only 100 and forgets what it has read beyond the end; this one skips all 1xx and tells."""

    accounted = False
    """The body has ended, and no byte came behind it."""

    def __init__(self, sock: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self._wire = _Wire(cast("Any", self.fp).detach())
        self.fp = BufferedReader(self._wire)

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

    def _close_conn(self) -> None:
        self._wire.over = True
        beyond = self.fp.peek(1)
        self.accounted = not beyond and (self.chunked or self.length == 0)
        cast("Any", super())._close_conn()  # noqa: SLF001 # of the base class
