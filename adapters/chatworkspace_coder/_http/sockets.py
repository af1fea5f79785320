"""Connections whose every step is under the limit of the request that uses them."""

from __future__ import annotations

import socket
import ssl
import threading
from collections import deque
from http.client import RemoteDisconnected
from queue import Empty, Full
from typing import Any, cast

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.util.wait import wait_for_read

from chatworkspace_coder._http.framing import Framed, FramingError
from chatworkspace_coder._http.limits import Limit
from chatworkspace_coder._http.ways import Way

_here = threading.local()


class Under:
    """What the thread does inside is under this limit, and goes this way."""

    def __init__(self, limit: Limit, way: Way) -> None:
        self._inner = limit, way

    def __enter__(self) -> None:
        self._outer = getattr(_here, "limit", None), getattr(_here, "way", None)
        _here.limit, _here.way = self._inner

    def __exit__(self, *of_error: object) -> None:
        _here.limit, _here.way = self._outer


def _limit() -> Limit:
    limit: Limit = _here.limit
    return limit


def _way() -> Way:
    way: Way = _here.way
    return way


def heard(idle: socket.socket) -> bool | None:
    """Look whether anything has come on a connection, which is not to be used then. False: nothing; True: a byte; None: its end. OSError.

    TLS may have had something to say for itself, a session ticket: that is no byte of an answer.
    """
    if not isinstance(idle, ssl.SSLSocket) and not wait_for_read(idle, 0.0):
        return False
    patience = idle.gettimeout()
    try:
        idle.settimeout(0.0)
        return True if idle.recv(1) else None
    except (ssl.SSLWantReadError, BlockingIOError):
        return False
    finally:
        idle.settimeout(patience)


def check_unheard(fresh: socket.socket) -> None:
    """See, before the first byte is written, that nothing was said on a connection: it would be taken for the answer. FramingError, OSError."""
    told = heard(fresh)
    if told is None:
        raise RemoteDisconnected("before anything was asked")
    if told:
        raise FramingError("it speaks before it is asked")


class _Bounded(HTTPConnection):
    """Connects, writes and reads under the limit of whoever uses it. One on which a byte is unaccounted for is not used again."""

    _handle: socket.socket | None = None
    _answer: Framed | None = None

    def response_class(self, *args: Any, **kwargs: Any) -> Framed:  # type: ignore[override] # it is only ever called
        """Return the answer to be read."""
        self._answer = Framed(*args, **kwargs)
        return self._answer

    @property
    def reusable(self) -> bool:
        """The last answer has ended where it said, and nothing came behind it."""
        answer = self._answer
        return answer is not None and answer.accounted and self.is_connected

    @property
    def is_connected(self) -> bool:
        try:
            return self.sock is not None and heard(self.sock) is False
        except OSError:
            return False

    def _new_conn(self) -> socket.socket:
        made = _way().connected(self.host, self.port or self.default_port, _limit())
        # TLS takes the descriptor away from what it wraps, so another one is held while it shakes hands
        self._handle = made.dup()
        _limit().hold(self._handle)
        return made

    def connect(self) -> None:
        used = None
        try:
            super().connect()
            used = self.sock
        finally:
            _limit().hold(used)
            if self._handle is not None:
                self._handle.close()

    def request(self, *args: Any, **kwargs: Any) -> None:
        if self.sock is not None and not self.is_connected:
            self.close()
        if self.sock is not None:
            _limit().hold(self.sock)
        super().request(*args, **kwargs)

    def send(self, data: Any) -> None:
        if self.sock is None:
            self.connect()
            check_unheard(cast("socket.socket", self.sock))
        _limit().sent = True
        super().send(data)


class _BoundedTls(_Bounded, HTTPSConnection):  # pyright: ignore[reportIncompatibleVariableOverride] # response_class, as above
    """The same, with TLS."""


class _Shelf:
    """What is idle, the latest first. The standard library's queues have a lock, under which a finalizer may close the client."""

    def __init__(self, maxsize: int) -> None:
        self._most = maxsize
        self._idle: deque[Any] = deque()

    def put(self, it: Any, block: bool = True, timeout: float | None = None) -> None:  # noqa: FBT001, FBT002, ARG002 # as the standard library's
        if len(self._idle) >= self._most:
            raise Full
        self._idle.append(it)

    def get(self, block: bool = True, timeout: float | None = None) -> Any:  # noqa: FBT001, FBT002, ARG002 # as above
        try:
            return self._idle.pop()
        except IndexError:
            raise Empty from None

    def qsize(self) -> int:
        return len(self._idle)


class _Careful(HTTPConnectionPool):
    """Keeps no connection on which the next answer may be another's."""

    QueueCls = _Shelf  # type: ignore[assignment] # pyright: ignore[reportAssignmentType] # all of a queue that is used

    def _put_conn(self, conn: Any) -> None:
        if conn is not None and not conn.reusable:
            conn.close()
        super()._put_conn(conn)


class _HttpPool(_Careful):
    ConnectionCls = _Bounded  # pyright: ignore[reportAssignmentType] # urllib3's own class does not fit its protocol either


class _HttpsPool(_Careful, HTTPSConnectionPool):
    ConnectionCls = _BoundedTls  # pyright: ignore[reportAssignmentType] # as above


class Adapter(HTTPAdapter):
    """Requests' own way to the network, with our connections, and no retries: a request that changes something is sent once.

    It is used without a Session, which would bring .netrc, cookies, redirects and proxies of the environment. TLS is as it is told, for all requests
    alike: requests itself would add authorities that nobody has named.
    """

    def __init__(self, connections: int, tls: ssl.SSLContext | None) -> None:
        self._tls = tls
        super().__init__(pool_connections=1, pool_maxsize=connections, max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        if self._tls is not None:
            kwargs["ssl_context"] = self._tls
            if not self._tls.check_hostname:  # as whoever has made it wants it; urllib3 would look all the same
                kwargs["assert_hostname"] = False
        super().init_poolmanager(*args, **kwargs)
        pools: dict[str, type[HTTPConnectionPool | HTTPSConnectionPool]] = {"http": _HttpPool, "https": _HttpsPool}
        self.poolmanager.pool_classes_by_scheme = pools

    def cert_verify(self, *args: Any, **kwargs: Any) -> None:
        """Leave TLS as it is."""

    def get_connection_with_tls_context(self, request: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ARG002 # as requests calls it
        """Return the connections to the server of this request."""
        return self.poolmanager.connection_from_url(request.url)

    def get_connection(self, url: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ARG002 # as requests before 2.32 calls it
        """Return the connections to the server of this URL."""
        return self.poolmanager.connection_from_url(url)

    def close(self) -> None:
        """Close what is idle now: a pool that is only forgotten keeps its connections for as long as a request under way holds on to it."""
        pools = self.poolmanager.pools
        for key in pools.keys():  # noqa: SIM118 # it cannot be iterated over
            pool = pools.get(key)
            if pool is not None:
                pool.close()
        super().close()
