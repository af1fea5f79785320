"""A connection to one of the addresses of a name: all of them get their chance, as RFC 8305 has it, so that a dead one costs a moment."""

from __future__ import annotations

import errno
import os
import selectors
import socket
import time
from itertools import chain, zip_longest
from typing import Any

from chatworkspace_coder._http.limits import Limit, OverdueError, left

STAGGER = 0.25
"""Seconds after which the next address is tried beside those before."""
_UNDER_WAY = frozenset({errno.EINPROGRESS, errno.EWOULDBLOCK, errno.EINTR})
Address = tuple[int, int, int, Any]
"""Family, kind, protocol, and where."""


def connected(host: str, port: int, limit: Limit) -> socket.socket:
    """Return a TCP connection to the address that answers first; the limit is for all addresses together. OSError, OverdueError.

    Only the resolution of the name cannot be limited: the system offers no way.
    """
    found = socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM)
    race = _Race(limit)
    try:
        made = race.run([(family, kind, protocol, address) for family, kind, protocol, _, address in found])
    finally:
        race.close()
    try:
        made.settimeout(left(limit.deadline))
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except BaseException:
        made.close()
        raise
    return made


def in_turn(addresses: list[Address]) -> list[Address]:
    """Return addresses in the system's order, but of one family and another in turn: it may be a family that leads nowhere."""
    families = list(dict.fromkeys(family for family, *_ in addresses))
    apart = [[it for it in addresses if it[0] == family] for family in families]
    return [it for it in chain.from_iterable(zip_longest(*apart)) if it is not None]


class _Race:
    """Connections under way, of which the first is taken. Used by one thread."""

    def __init__(self, limit: Limit) -> None:
        self._limit = limit
        self._selector = selectors.DefaultSelector()
        self._failure: OSError = OSError("the name has no address")

    def run(self, addresses: list[Address]) -> socket.socket:
        """Return the first. OSError: none comes about; OverdueError."""
        for address in in_turn(addresses):
            made = self._begin(address) or self._first(time.monotonic() + STAGGER)
            if made is not None:
                return made
        made = self._first(self._limit.deadline)
        if made is None:
            raise self._failure
        return made

    def close(self) -> None:
        """End those that are still under way."""
        for key in tuple(self._selector.get_map().values()):
            self._drop(key.fileobj)
        self._selector.close()

    def _begin(self, address: Address) -> socket.socket | None:
        """Try an address as well; return the connection if there is one at once."""
        family, kind, protocol, where = address
        try:
            made = socket.socket(family, kind, protocol)
        except OSError as error:  # a family that this system does not have
            self._failure = error
            return None
        made.setblocking(False)
        try:
            code = made.connect_ex(where)
        except BaseException:
            made.close()
            raise
        if code in _UNDER_WAY:
            self._selector.register(made, selectors.EVENT_WRITE)
            return None
        return self._settled(made, code)

    def _first(self, until: float) -> socket.socket | None:
        """Return the first that comes about; None: none until then, or none that is still under way."""
        while self._selector.get_map():
            if self._limit.struck:
                raise OverdueError
            seconds = min(until - time.monotonic(), left(self._limit.deadline), STAGGER)
            if seconds <= 0:
                return None
            for key, _ in self._selector.select(seconds):
                made: Any = key.fileobj
                self._selector.unregister(made)
                settled = self._settled(made, made.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR))
                if settled is not None:
                    return settled
        return None

    def _settled(self, made: socket.socket, code: int) -> socket.socket | None:
        if code == 0:
            return made
        made.close()
        self._failure = OSError(code, os.strerror(code))
        return None

    def _drop(self, made: Any) -> None:
        self._selector.unregister(made)
        made.close()
