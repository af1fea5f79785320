"""The keeper of a workspace: makes it, runs its setup, and is its agent until it is ended. All that runs in the workspace is below it."""

from __future__ import annotations

import fcntl
import os
import selectors
import signal
import socket
import subprocess
import time
from contextlib import suppress
from typing import Any

from chatworkspace_local._worker.children import Children, adopt_orphans
from chatworkspace_local._worker.clients import Client
from chatworkspace_local._worker.copying import copy_template
from chatworkspace_local._worker.ending import Ending
from chatworkspace_local._worker.files import CHUNK, OddFileError, make_folder, read_file, try_lock, whole_file, write_json
from chatworkspace_local._worker.jobs import FILES, MOST_OF_SETUP, RECORD, SETUP, SOCKET, Job, by_signal, log_path, result_path, sessions_path
from chatworkspace_local._worker.log import Log
from chatworkspace_local._worker.processes import identity_of

BACKLOG = 128
CHECKED = 5.0
"""Seconds after which it is seen whether the workspace is still there: somebody may have removed the root."""
TEMPLATE_PATIENCE = 60.0
"""Seconds for which whoever changes a template may hold its folder locked."""
PAUSE = 0.02


class BuildError(Exception):
    """The workspace could not be made; the message says why."""


def _awake(_number: int, _frame: object) -> None:
    """Take a signal, which the pipe of wakes tells of."""


class Keeper:
    """Keeps one workspace. One thread."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._files = f"{job.home}/{FILES}"
        sessions = sessions_path(job.home, job.number)
        make_folder(sessions)
        self._log = Log(log_path(job.home, job.number))
        self._children = Children(sessions, self._files, job.environment)
        self._said: dict[str, Any] = {}
        self._select = selectors.DefaultSelector()
        self._clients: set[Client] = set()

    def say(self, **more: Any) -> None:
        """Say what has become of the build."""
        self._said.update(more)
        write_json(result_path(self._job.home, self._job.number), self._said)

    def build(self) -> None:
        """Copy what the workspace is made from. OSError, BuildError."""
        adopt_orphans()
        self._log.line(f"workspace {self._job.home}")
        make_folder(self._files)
        if self._job.template:
            for line in self._copied(self._job.template):
                self._log.line(line)
        self._log.line("built")

    def _copied(self, template: str) -> list[str]:
        folder = os.open(template, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            over = time.monotonic() + TEMPLATE_PATIENCE
            while not try_lock(folder, shared=True):
                if time.monotonic() >= over:
                    raise BuildError(f"the template is locked by somebody who changes it, for {TEMPLATE_PATIENCE:g} s")
                time.sleep(PAUSE)
            left_out = list(copy_template(template, self._files))
            self._keep_setup(template)
            fcntl.flock(folder, fcntl.LOCK_UN)
            return left_out
        finally:
            os.close(folder)

    def _keep_setup(self, template: str) -> None:
        """Keep the template's setup beside the files: later starts run the same. BuildError: it cannot be one."""
        try:
            script = read_file(f"{template}/{SETUP}", MOST_OF_SETUP)
        except FileNotFoundError:
            return
        except OddFileError as error:
            raise BuildError(f"the template's setup {error}") from error
        kept = f"{self._job.home}/{SETUP}"
        with whole_file(kept, f"{kept}.tmp", 0o700) as copy:
            copy.write(script)

    def serve(self) -> None:
        """Be the agent, until this process is ended, or the workspace is no more: then all below it ends, as when anything goes wrong here."""
        try:
            self._serve()
        finally:
            mine = identity_of(os.getpid())
            Ending(self._job.mark, [] if mine is None else [mine], []).run(self._job.grace)

    def _serve(self) -> None:
        woken, wakes = os.pipe()
        os.set_blocking(woken, False)
        os.set_blocking(wakes, False)
        signal.set_wakeup_fd(wakes, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, _awake)
        signal.signal(signal.SIGTERM, _awake)  # whoever ends the workspace ends all else first
        self._select.register(woken, selectors.EVENT_READ, lambda: self._woken(woken))
        self._listen()
        self._set_up()
        while os.path.exists(f"{self._job.home}/{RECORD}"):
            for key, _ in self._select.select(CHECKED):
                key.data()

    def _woken(self, woken: int) -> None:
        with suppress(BlockingIOError):
            os.read(woken, CHUNK)
        self._children.reap()

    def _listen(self) -> None:
        os.chdir(self._job.home)  # a path of a socket has 107 bytes at most
        with suppress(FileNotFoundError):
            os.unlink(SOCKET)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(SOCKET)
        os.chmod(SOCKET, 0o600)
        listener.listen(BACKLOG)
        listener.setblocking(False)
        self._select.register(listener, selectors.EVENT_READ, lambda: self._accept(listener))

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            connection, _ = listener.accept()
            client = Client(connection, self._job.agent, self._children, self._forget, self._drain)
            self._clients.add(client)
            self._select.register(connection, selectors.EVENT_READ, client.read)

    def _forget(self, client: Client) -> None:
        if client in self._clients:
            self._clients.remove(client)
            self._select.unregister(client.connection)

    def _drain(self, output: int) -> None:
        """Read what nobody wants any more, until nobody writes it: whoever writes into a pipe without a reader is ended."""
        os.set_blocking(output, False)

        def read() -> None:
            with suppress(BlockingIOError):
                if not os.read(output, CHUNK):
                    self._select.unregister(output)
                    os.close(output)

        self._select.register(output, selectors.EVENT_READ, read)

    def _set_up(self) -> None:
        """Begin the setup, if there is one; from then on the build has succeeded."""
        if not os.path.exists(f"{self._job.home}/{SETUP}"):
            self._log.close()
            self.say(built_at=time.time(), setup_ended_at=time.time(), setup_exit_code=0)
            return
        self.say(built_at=time.time(), setup_began_at=time.time())
        output, end = os.pipe()
        nothing = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
        said = _Said(output, self._log, self._select)
        try:
            self._children.start([f"{self._job.home}/{SETUP}"], (nothing, end, end), lambda code: self._setup_over(code, said))
        except (OSError, subprocess.SubprocessError) as error:  # the latter: its session could not be noted, and so it does nothing
            self._log.close(f"setup could not be started: {getattr(error, 'strerror', None) or error}")
            self.say(setup_ended_at=time.time(), setup_exit_code=126)
        os.close(nothing)
        os.close(end)

    def _setup_over(self, code: int, said: _Said) -> None:
        said.read()
        self._log.close(f"setup ended with {by_signal(code) or f'exit code {code}'}" if code else "")
        self.say(setup_ended_at=time.time(), setup_exit_code=code)


class _Said:
    """What a setup says, into the log, until nobody says anything there."""

    def __init__(self, output: int, log: Log, select: selectors.BaseSelector) -> None:
        os.set_blocking(output, False)
        self._output = output
        self._log = log
        self._select = select
        select.register(output, selectors.EVENT_READ, self.read)

    def read(self) -> None:
        """Take what there is. Once its end was read nothing is: the number may be that of another file."""
        if self._output < 0:
            return
        with suppress(BlockingIOError):
            said = os.read(self._output, CHUNK)
            self._log.add(said)
            if not said:
                self._select.unregister(self._output)
                os.close(self._output)
                self._output = -1
