"""Where a server may listen."""

from __future__ import annotations

import atexit
import socket
from functools import cache


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as it:
        it.bind(("127.0.0.1", 0))
        port: int = it.getsockname()[1]
        return port


@cache
def refusing_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on, and that nobody else gets while this process runs."""
    it = socket.socket()
    atexit.register(it.close)
    it.bind(("127.0.0.1", 0))
    port: int = it.getsockname()[1]
    return port
