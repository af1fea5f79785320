"""How a socket is waited for, by either of a system's ways."""

from __future__ import annotations

import select
import socket
from collections.abc import Callable

import pytest

from chatworkspace_postgres import _wire

WAYS = [_wire._selected, *([_wire._polled] if hasattr(select, "poll") else [])]


@pytest.mark.parametrize("heard", WAYS)
def test_what_is_heard_of_a_socket(heard: Callable[..., bool | None]) -> None:
    """Whether something may be read, its end as well; not where it can only be sent to; None when nothing has happened."""
    here, there = socket.socketpair()
    with here:
        with there:
            assert heard(here.fileno(), 0.001) is None
            assert heard(here.fileno(), 60, to_send=True) is False
            there.send(b"1")
            assert heard(here.fileno(), 60, to_send=True) is True
            assert heard(here.fileno(), 60) is True
            assert here.recv(1) == b"1"
        assert heard(here.fileno(), 60) is True
        assert here.recv(1) == b""
