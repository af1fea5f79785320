"""The one who starts, kills, stops and replaces workers, by process id."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from tests.crash.worker import Settings
from tests.hanging import PATIENCE

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

ROOT = Path(__file__).resolve().parents[2]
LONG = 120.0
"""Seconds that nothing takes."""

Told = Mapping[str, Any]


class EndedError(Exception):
    """The worker ended before it answered."""


class Worker:
    """One worker, seen from outside. Safe from any thread; `_lock` guards what is asked and not answered."""

    def __init__(self, pid: int, line: socket.socket, *, reap: Callable[[int], None], heard: Callable[[Told], None]) -> None:
        self.pid = pid
        self._line = line
        self._reap = reap
        self._heard = heard
        self._lock = threading.Lock()
        self._numbers = count()
        self._asked: dict[int, Future[Told]] = {}
        self._reports: dict[str, threading.Event] = {}
        self._up = threading.Event()
        self._gone = threading.Event()
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    # ------------------------------------------------------------ orders

    def order(self, do: str, *of: str, **arguments: Any) -> Future[Told]:
        """Order something, and return where its answer will be. EndedError is its error if the worker ends first."""
        return self._send({"do": do, "of": of, "arguments": arguments})

    def ask(self, do: str, *of: str, **arguments: Any) -> Told:
        """Order something, and wait for its answer."""
        return self.order(do, *of, **arguments).result(LONG)

    def swept(self) -> Told:
        """Sweep, and again while the platform does not answer in time: a sweep says so, and whoever runs it runs it again."""
        over = time.monotonic() + PATIENCE
        while True:
            swept = self.ask("sweep")
            if (swept["ready"] and not swept["errors"]) or time.monotonic() >= over:
                return swept

    def arm(self, moment: str, kind: str, *, lost: bool = False) -> threading.Event:
        """Have the worker do that to itself at the next such moment; return what is set once it has come there."""
        reached = self._reports[moment] = threading.Event()
        self._send({"do": "arm", "moment": moment, "kind": kind, "lost": lost}).result(LONG)
        return reached

    def _send(self, what: dict[str, Any]) -> Future[Told]:
        answer: Future[Told] = Future()
        with self._lock:
            number = next(self._numbers)
            self._asked[number] = answer
            try:
                self._line.sendall(json.dumps({"id": number, **what}).encode() + b"\n")
            except OSError:
                self._gone.set()
            if self._gone.is_set() and self._asked.pop(number, None) is not None:
                answer.set_exception(EndedError(f"worker {self.pid}"))
        return answer

    def _listen(self) -> None:
        with self._line.makefile("r", encoding="utf-8") as lines:
            try:
                for line in lines:
                    if line.endswith("\n"):  # else it was killed in the midst of it
                        self._hear(json.loads(line))
            except OSError:
                pass
        self._gone.set()
        with self._lock:
            left, self._asked = tuple(self._asked.values()), {}
        for answer in left:
            answer.set_exception(EndedError(f"worker {self.pid}"))

    def _hear(self, told: dict[str, Any]) -> None:
        if "id" in told:
            with self._lock:
                answer = self._asked.pop(told["id"])
            answer.set_result(told["told"])
        elif "at" in told:
            self._reports[told["at"]].set()
        elif "up" in told:
            self._up.set()
        else:
            self._heard(told)

    # ------------------------------------------------------------ blows

    def wait_until_up(self) -> None:
        """Return when it has made its service."""
        assert self._up.wait(LONG), f"worker {self.pid} did not come up"

    def stop(self) -> None:
        """Stop it where it is."""
        os.kill(self.pid, signal.SIGSTOP)

    def go_on(self) -> None:
        """Let it go on once it has stopped."""
        ends = time.monotonic() + LONG
        while self.state != "T" and time.monotonic() < ends:
            time.sleep(0.005)
        os.kill(self.pid, signal.SIGCONT)

    @property
    def state(self) -> str:
        """What the system says of it: R, S, T (stopped), Z (ended)."""
        return Path(f"/proc/{self.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]

    def kill(self) -> None:
        """End it as SIGKILL does, and wait until it has ended. A second time, nothing happens."""
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)  # until it is reaped the id is its own, whether it has ended or not
            self._reap(self.pid)
            self.pid = 0
            self._listener.join()
            self._line.close()


class Nursery:
    """Starts workers, and ends all of them when it is left."""

    def __init__(self) -> None:
        ours, its = socket.socketpair()
        self._line = ours
        self._lock = threading.Lock()
        self._workers: list[Worker] = []
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (ROOT, ROOT / "adapters")))}
        command = [sys.executable, "-m", "tests.crash.worker", str(its.fileno())]
        with its:
            self._process = subprocess.Popen(command, cwd=ROOT, env=environment, pass_fds=(its.fileno(),), stdin=subprocess.DEVNULL)
        self._answers = ours.makefile("r", encoding="utf-8")
        assert self._answers.readline() == "up\n"

    def start(self, settings: Settings, *, heard: Callable[[Told], None] = lambda _: None) -> Worker:
        """Start one. heard is told what it reports unasked, in a thread of its own."""
        ours, its = socket.socketpair()
        with self._lock, its:
            socket.send_fds(self._line, [json.dumps({"do": "fork", "settings": attrs.asdict(settings)}).encode()], [its.fileno()])
            pid = int(self._answers.readline())
            worker = Worker(pid, ours, reap=self._reap, heard=heard)
            self._workers.append(worker)
        return worker

    def _reap(self, pid: int) -> None:
        with self._lock:
            self._line.sendall(json.dumps({"do": "reap", "pid": pid}).encode())
            assert self._answers.readline() == "gone\n"

    def __enter__(self) -> Self:
        return self

    def kill_all(self) -> None:
        """Kill every worker."""
        for worker in self._workers:
            worker.kill()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.kill_all()
        self._answers.close()
        self._line.close()
        self._process.wait(LONG)
