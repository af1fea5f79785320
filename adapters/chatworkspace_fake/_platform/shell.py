"""A real shell for the agents of a fake platform: what is run there runs on this machine, with the rights of the test."""

from __future__ import annotations

import fcntl
import os
import secrets
import select
import signal
import struct
import subprocess
import tempfile
import termios
import time
from contextlib import suppress
from pathlib import Path
from threading import Event

from chatworkspace import Cancel, InvalidArgumentError, Reason, UnavailableError
from chatworkspace.ports import Completed, OutputBuffer, cancellable, interruptible
from chatworkspace_fake._arguments import check_flag
from chatworkspace_fake._platform.connections import FakeCommand, Shell


class RealShell(Shell):
    """Runs the commands of fake agents with `sh`, each agent in a folder of its own within a given one. No sandbox. Safe from any thread."""

    def __init__(self, folder: Path, *, screen: bool = False) -> None:
        """folder: of the test's own. screen: terminals are those of GNU screen, as on many servers. InvalidArgumentError."""
        if not isinstance(folder, Path) or not folder.is_dir():  # pyright: ignore[reportUnnecessaryIsInstance] # a test may give anything
            raise InvalidArgumentError("folder", "the Path of a folder")
        self.folder: Path = folder.resolve()
        self.screen: bool = check_flag("screen", screen)

    def home(self, agent: str) -> Path:
        """Return the folder of an agent, which is made if need be."""
        home = self.folder / agent
        home.mkdir(exist_ok=True)
        return home

    def run(self, agent: str, command: FakeCommand, output: OutputBuffer, cancel: Cancel | None) -> Completed:
        over = time.monotonic() + command.timeout
        with tempfile.TemporaryFile() as stdin:
            stdin.write(command.stdin)
            stdin.seek(0)
            try:
                process = subprocess.Popen(  # noqa: S603 # what a test has asked to be run
                    ["/bin/sh", "-c", command],
                    stdin=stdin,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    cwd=self.home(agent) / command.cwd,
                    env={**os.environ, "HOME": str(self.home(agent)), **command.env},
                    start_new_session=True,
                )
            except OSError as error:
                return Completed(exit_code=126, output=f"sh: {error.strerror}\n")
        ended = Event()
        with process:
            try:
                with interruptible(lambda: _end(process, ended)), cancellable(cancel, lambda: _end(process, ended)):
                    _read(process, output, over)
                    code = process.wait(max(over - time.monotonic(), 0))
            except subprocess.TimeoutExpired:
                raise TimeoutError("the command did not end in time") from None
            finally:
                _kill(process)
        if ended.is_set():
            raise UnavailableError("it was ended: nobody waits for it any more", reason=Reason.INTERRUPTED)
        return output.completed(code if code >= 0 else 128 - code)

    def open_terminal(self, agent: str, command: str, *, columns: int, lines: int) -> tuple[int, subprocess.Popen[bytes]]:
        """Run a command in a pseudo-terminal, as an agent does, and return the other side of it, a descriptor, and the process, on Linux."""
        ours, theirs = os.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        home = self.home(agent)
        run = ["sh", "-c", command]
        if self.screen:
            settings = home / ".screen-settings"
            settings.write_text("startup_message off\nmsgminwait 0\nmsgwait 0\nterm xterm-256color\nescape ^Ss\n")
            run = ["screen", "-S", secrets.token_hex(4), "-c", str(settings), "-U", *run]
        try:
            process = subprocess.Popen(  # noqa: S603 # as above
                ["/usr/bin/setsid", "-c", *run],
                stdin=theirs,
                stdout=theirs,
                stderr=theirs,
                cwd=home,
                env={**os.environ, "HOME": str(home), "TERM": "xterm-256color"},
            )
        finally:
            os.close(theirs)
        return ours, process


def _read(process: subprocess.Popen[bytes], output: OutputBuffer, over: float) -> None:
    """Take in all that comes. TimeoutExpired."""
    assert process.stdout is not None
    descriptor = process.stdout.fileno()
    while True:
        ready, _, _ = select.select([descriptor], [], [], max(over - time.monotonic(), 0))
        if not ready:
            raise subprocess.TimeoutExpired(process.args, 0)
        data = os.read(descriptor, 65536)
        if not data:
            return
        output.add(data)


def _end(process: subprocess.Popen[bytes], ended: Event) -> None:
    ended.set()
    _kill(process)


def _kill(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
