"""Dialers whose connections break a rule of commands or of files."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import attrs

from chatworkspace import Agent, InvalidArgumentError, RefusedError, Workspace
from chatworkspace.ports import Completed
from chatworkspace_fake import FakeCoder
from tests.contract.broken.breaking import Breaking
from tests.contract.broken.dialers import BrokenConnection

COMMANDS = Breaking("dialer", FakeCoder)
SHORT = 1.0
"""Seconds for what a broken connection lets hang."""


def connects(*rules: str) -> Callable[[type[BrokenConnection]], type[BrokenConnection]]:
    """Add a dialer with such connections."""

    def add(kind: type[BrokenConnection]) -> type[BrokenConnection]:
        def dial(it: FakeCoder, workspace: Workspace, agent: Agent, *, deadline: float) -> BrokenConnection:
            return kind(FakeCoder.dial(it, workspace, agent, deadline=deadline), it)

        COMMANDS.breaks(*rules)(type(f"Has{kind.__name__}", (FakeCoder,), {"dial": dial}))
        return kind

    return add


def leaves_out(argument: str, *rules: str) -> None:
    """Add a dialer whose connections do not know that argument of run()."""

    class Connection(BrokenConnection):
        """Drops it."""

        def run(self, command: str, *, timeout: float, **more: Any) -> Completed:
            """Run without."""
            left = {name: value for name, value in more.items() if name != argument}
            return super().run(command, timeout=timeout if argument in {"stdin", "cwd", "env", "limit"} else min(timeout, SHORT), **left)

    Connection.__name__ = f"Without{argument.title().replace('_', '')}"
    connects(*rules)(Connection)


leaves_out("stdin", "command.input")
leaves_out("cwd", "command.directory")
leaves_out("env", "command.variables")
leaves_out("limit", "command.limit")
leaves_out("on_output", "command.streamed", "command.error-of-listener")
leaves_out("cancel", "command.cancel", "command.cancel-by-another", "command.cancelled-before")


@connects("command.input-not-read")
class FailsOnInput(BrokenConnection):
    """Takes a command that leaves its input for one that is broken."""

    def run(self, command: str, *, timeout: float, **more: Any) -> Completed:
        """Say so."""
        done = super().run(command, timeout=timeout, **more)
        return attrs.evolve(done, exit_code=141) if more.get("stdin") and "cat" not in command else done


@connects("command.long")
class ShortCommands(BrokenConnection):
    """Refuses long ones."""

    def run(self, command: str, *, timeout: float, **more: Any) -> Completed:
        """Count."""
        if len(command) > 6000:
            raise RefusedError("the command is too long")
        return super().run(command, timeout=timeout, **more)


@connects("command.timeout")
class Patient(BrokenConnection):
    """Says that what it has ended has ended by itself."""

    def run(self, command: str, *, timeout: float, **more: Any) -> Completed:
        """Hide it."""
        try:
            return super().run(command, timeout=timeout, **more)
        except TimeoutError:
            return Completed(exit_code=124, output="")


@connects("command.arguments")
class TakesAnything(BrokenConnection):
    """Looks at no argument."""

    def run(self, command: str, *, timeout: float, **more: Any) -> Completed:
        """Let it pass."""
        try:
            return super().run(command, timeout=timeout, **more)
        except InvalidArgumentError:
            return Completed(exit_code=0, output="")


# ------------------------------------------------------------------ files


@connects("file.bytes")
class WritesTheBeginning(BrokenConnection):
    """Writes 64 KiB at most."""

    def write_file(self, path: str, data: bytes, **more: Any) -> None:
        """Cut."""
        super().write_file(path, data[:65536], **more)


@connects("file.sizes")
class EndsLines(BrokenConnection):
    """Files end with a line's end."""

    def write_file(self, path: str, data: bytes, **more: Any) -> None:
        """Add it."""
        super().write_file(path, data.rstrip(b"\n") + b"\n", **more)


@connects("file.replaced")
class WritesOver(BrokenConnection):
    """Leaves the end of what was longer."""

    def write_file(self, path: str, data: bytes, **more: Any) -> None:
        """Keep it."""
        old = b""
        with suppress(RefusedError):
            old = self.read_file(path, timeout=more["timeout"])
        super().write_file(path, data + old[len(data) :], **more)


@connects("file.names")
class PlainNames(BrokenConnection):
    """Splits names at blanks."""

    def write_file(self, path: str, data: bytes, **more: Any) -> None:
        """Write what stands first."""
        super().write_file(path.split(maxsplit=1)[0], data, **more)


@connects("file.missing")
class EmptyFiles(BrokenConnection):
    """What cannot be read is empty."""

    def read_file(self, path: str, **more: Any) -> bytes:
        """Say so."""
        try:
            return super().read_file(path, **more)
        except RefusedError:
            return b""


@connects("file.limit")
class ReadsAll(BrokenConnection):
    """Knows no limit."""

    def read_file(self, path: str, **more: Any) -> bytes:
        """Leave it out."""
        return super().read_file(path, timeout=more["timeout"])


@connects("file.race")
class OnePlace(BrokenConnection):
    """All that is written at a time goes through one place."""

    def write_file(self, path: str, data: bytes, **more: Any) -> None:
        """Take what is there."""
        vars(self.coder)["data"] = data
        time.sleep(0.1)
        super().write_file(path, vars(self.coder)["data"], **more)
