"""The end of a process, by a signal: what waits is ended first."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from chatworkspace import ClosedError
from chatworkspace_web import close_at_signal
from tests.hanging import until
from tests.packaging.runs import ROOT
from tests.service.chats import CHAT
from tests.service.test_threads import Real

NUMBER = signal.SIGUSR2


@pytest.fixture
def told() -> Iterator[list[str]]:
    """Give what is noted when the signal comes; how it is handled is restored."""
    noted: list[str] = []
    before = signal.signal(NUMBER, lambda _number, _frame: noted.append("the server"))
    yield noted
    signal.signal(NUMBER, before)


def test_what_waits_is_closed_before_the_server_ends(told: list[str]) -> None:
    """In the order in which it was said."""
    close_at_signal(lambda: told.append("closed"), NUMBER)
    os.kill(os.getpid(), NUMBER)
    assert told == ["closed", "the server"]


def test_a_call_of_the_main_thread_is_ended_by_the_handler_in_its_midst(told: list[str]) -> None:
    """As under a server that answers in its main thread."""
    real = Real()
    docker = real.coder.add_template("docker", build=600)
    close_at_signal(real.chats.close, NUMBER)

    def kill() -> None:
        until(lambda: real.waiting == 1)
        os.kill(os.getpid(), NUMBER)

    killer = threading.Thread(target=kill)
    killer.start()
    with pytest.raises(ClosedError) as caught:
        real.chats.create(CHAT, docker.id, wait=60)
    killer.join()
    assert (caught.value.http_status, caught.value.retryable, told, real.quiet) == (503, True, ["the server"], True)


@pytest.mark.parametrize("handler", [signal.SIG_IGN, None])
def test_a_signal_that_was_ignored_still_is(handler: Any, told: list[str]) -> None:
    """Only what waits is closed."""
    signal.signal(NUMBER, handler or signal.SIG_IGN)
    close_at_signal(lambda: told.append("closed"), NUMBER)
    os.kill(os.getpid(), NUMBER)
    assert told == ["closed"]


def test_another_thread_may_not_say_so(told: list[str]) -> None:
    """Python lets only the main thread; that is told, and not lost in a thread."""
    raised: list[Exception] = []

    def act(call: Callable[[], object]) -> None:
        try:
            call()
        except ValueError as error:
            raised.append(error)

    thread = threading.Thread(target=act, args=(lambda: close_at_signal(print, NUMBER),))
    thread.start()
    thread.join()
    assert "main thread" in str(raised[0])
    assert told == []


def test_a_process_that_would_just_end_does() -> None:
    """By the same signal, once all is closed: SIGTERM, if nothing is said."""
    program = (
        "import os; from chatworkspace_web import close_at_signal; close_at_signal(lambda: print('closed', flush=True)); os.kill(os.getpid(), 15)"
    )
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'adapters'}"}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert (done.stdout, done.returncode) == ("closed\n", -signal.SIGTERM)
