"""What a worker is told to do, and what it says of it: values that go as JSON, for the host and the worker alike."""

from __future__ import annotations

import os
import signal
from typing import Any, NamedTuple

RECORD = "record.json"
SOCKET = "agent.sock"
FILES = "files"
SETUP = "setup"
MOST_OF_SETUP = 16 << 20
"""Bytes."""
LOG_LIMIT = 1024 * 1024
"""Bytes of a build's log."""
SHELLS = ("/bin/bash", "/bin/sh")
BY_SIGNAL = 128
"""What shells add to the number of the signal that has ended a command."""


class Job(NamedTuple):
    """One build.

    kind: "start", "stop" or "delete".
    home: the folder of the workspace.
    mark: its id.
    number: of the build.
    agent: the id of the agent that a start brings.
    environment: of all that is started.
    template: the folder to copy from; empty: its files are there.
    grace: seconds between asking processes to end and killing them.
    keepers: those of earlier starts: build's number, and identity.
    grave: where a deleted workspace is moved; stone: what is left of it as a record, and what that says.
    lock: the file that is locked to change the workspace.
    """

    kind: str
    home: str
    mark: str
    number: int
    agent: str = ""
    environment: dict[str, str] = {}  # noqa: RUF012 # never changed
    template: str = ""
    grace: float = 5.0
    keepers: list[tuple[int, list[Any]]] = []  # noqa: RUF012 # never changed
    grave: str = ""
    stone: str = ""
    says: dict[str, Any] = {}  # noqa: RUF012 # never changed
    lock: str = ""


def result_path(home: str, number: int) -> str:
    """Return where a worker says what has become of a build."""
    return f"{home}/builds/{number}.json"


def log_path(home: str, number: int) -> str:
    """Return where the log of a build is."""
    return f"{home}/builds/{number}.log"


def sessions_path(home: str, number: int) -> str:
    """Return the folder in which sessions that a keeper has begun are noted."""
    return f"{home}/builds/{number}.sessions"


def lock_path(home: str, number: int) -> str:
    """Return the file that a worker holds locked for as long as it lives."""
    return f"{home}/builds/{number}.lock"


def shell() -> str:
    """Return the shell that runs commands."""
    return next((path for path in SHELLS if os.access(path, os.X_OK)), SHELLS[-1])


def exit_code(status: int) -> int:
    """Return how a process ended, as shells tell it."""
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else BY_SIGNAL - code


def by_signal(code: int) -> str:
    """Return the name of the signal that has ended a command, or nothing."""
    try:
        return signal.Signals(code - BY_SIGNAL).name if code > BY_SIGNAL else ""
    except ValueError:
        return ""
