"""Steps of a run: those of one lane one after another, lanes side by side. A step that fails does not keep the others from running."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, NamedTuple

from tests.runs import offspring

ROOT = Path(__file__).resolve().parents[2]
MOST = 3600.0
"""Seconds after which a command is ended, unless its step says otherwise: it hangs, and whoever runs the tests is to see what the others came to."""
TO_CLEAN_UP = 20.0
"""Seconds that interrupted steps have to end what they have started; what is left then is asked itself."""
TO_END = 5.0
"""Seconds that what is left then has, before it is killed."""
TO_FADE = 10.0
"""Seconds in which whatever the last step has ended is gone."""
INTERRUPTED = 130


class Shell:
    """Runs the commands of one step. Used by the step's thread; `end` comes from another."""

    def __init__(self, output: IO[bytes] | None, most: float | None = MOST) -> None:
        """output: where all goes that they print; None: where this process prints. most: seconds that each may take."""
        self._output = output
        self._most = most
        self._lock = threading.Lock()
        """Guards what runs, and whether anything may."""
        self._running: subprocess.Popen[bytes] | None = None
        self._ended = False

    def run(self, *command: str, **environment: str) -> bool:
        """Run a command at the root of the checkout, with this environment beside ours; tell whether it succeeded."""
        try:
            process = self._start(command, environment)
        except OSError as error:
            self.say(f"{command[0]}: {error}")
            return False
        return process is not None and self._succeeds(process)

    def _succeeds(self, process: subprocess.Popen[bytes]) -> bool:
        try:
            return process.wait(self._most) == 0
        except subprocess.TimeoutExpired:
            self.say(f"it has not ended in {self._most:g} s, and is ended")
        process.terminate()
        try:
            process.wait(TO_CLEAN_UP)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        return False

    def say(self, line: str) -> None:
        """Print a line among what the commands print."""
        output = sys.stdout.buffer if self._output is None else self._output
        output.write(f"{line}\n".encode())
        output.flush()

    def end(self) -> None:
        """Ask what runs to end, and let nothing more be run. Any thread."""
        with self._lock:
            self._ended = True
            if self._running is not None:
                self._running.terminate()

    def _start(self, command: Sequence[str], environment: dict[str, str]) -> subprocess.Popen[bytes] | None:
        with self._lock:
            if self._ended:
                return None
            self._running = subprocess.Popen(
                command, cwd=ROOT, env=_environment(environment), stdin=subprocess.DEVNULL, stdout=self._output, stderr=self._output
            )
            return self._running


class Step(NamedTuple):
    """One thing to run, and what it is called."""

    name: str
    run: Callable[[Shell], bool]
    most: float | None = MOST
    """Seconds that each of its commands may take."""


class Result(NamedTuple):
    """How a step ended."""

    name: str
    passed: bool
    seconds: float


class Run:
    """One run. What the steps of the first lane print is seen at once; what those of the others print, when they have ended."""

    def __init__(self, lanes: Sequence[Sequence[Step]], notes: Sequence[str] = ()) -> None:
        """Keep them. notes: lines to say at the end, which are no failures."""
        self._lanes = lanes
        self._notes = notes
        self._lock = threading.Lock()
        """Guards the results, the shells, and what is printed."""
        self._results: list[Result] = []
        self._shells: list[Shell] = []
        self._interrupted = False

    def __call__(self) -> int:
        """Run all, tell what came of each, and return the exit code: 0 only if none failed."""
        offspring.adopt()
        threads = [threading.Thread(target=self._take, args=(lane, number == 0)) for number, lane in enumerate(self._lanes)]
        try:
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        except KeyboardInterrupt:
            self._end(threads)
            return INTERRUPTED
        return self._tell()

    # ------------------------------------------------------------ in the threads

    def _take(self, lane: Sequence[Step], at_once: bool) -> None:  # noqa: FBT001 # of a thread
        for step in lane:
            if self._interrupted:
                return
            if at_once:
                self._say(f"\n======== {step.name}")
                self._told(self._result(step, None))
            else:
                with tempfile.TemporaryFile() as output:
                    result = self._result(step, output)
                    output.seek(0)
                    self._told(result, output.read())

    def _result(self, step: Step, output: IO[bytes] | None) -> Result:
        shell, began = Shell(output, step.most), time.monotonic()
        with self._lock:
            self._shells.append(shell)
        if self._interrupted:
            shell.end()
        return Result(step.name, step.run(shell), time.monotonic() - began)

    def _told(self, result: Result, output: bytes | None = None) -> None:
        with self._lock:
            self._results.append(result)
            if output is not None:
                _print(f"\n======== {result.name}, beside the others\n{output.decode(errors='replace').rstrip()}")
            _print(f"-------- {'passed' if result.passed else 'FAILED'} in {result.seconds:.1f} s: {result.name}")

    def _say(self, line: str) -> None:
        with self._lock:
            _print(line)

    # ------------------------------------------------------------ the end

    def _end(self, threads: Sequence[threading.Thread]) -> None:
        """End the steps, then whatever is left of what they have started. Another interrupt ends the waiting."""
        self._interrupted = True
        with suppress(KeyboardInterrupt):
            self._say("\ninterrupted: ending what was started")
            with self._lock:
                shells = tuple(self._shells)
            for shell in shells:
                shell.end()
            until = time.monotonic() + TO_CLEAN_UP
            for thread in threads:
                thread.join(max(until - time.monotonic(), 0))
        with suppress(KeyboardInterrupt):
            offspring.end(TO_END)
        offspring.end(0)

    def _tell(self) -> int:
        left = _left_behind()
        self._say("")
        for result in self._results:
            self._say(f"{'passed' if result.passed else 'FAILED'}  {result.seconds:6.1f} s  {result.name}")
        for line in left:
            self._say(f"FAILED  left behind: {line}")
        for note in self._notes:
            self._say(note)
        failed = sum(not result.passed for result in self._results) + bool(left)
        self._say(f"{len(self._results) + bool(left) - failed} passed, {failed} failed")
        return 1 if failed else 0


def _environment(more: dict[str, str]) -> dict[str, str]:
    """Return ours with this. Modules are compiled once: else each step, each of its processes and each of theirs compiles them all anew."""
    ours = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**ours, **more}


def _print(line: str) -> None:
    with suppress(OSError):  # nobody listens any more
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()


def _left_behind() -> list[str]:
    """End what the steps have left, and return the commands of it."""
    until = time.monotonic() + TO_FADE
    while (left := offspring.offspring()) and time.monotonic() < until:
        time.sleep(0.05)
    told = list[str]()
    for pid in sorted(left):
        with suppress(OSError):
            told.append(Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip() or str(pid))
    offspring.end(0)
    return told
