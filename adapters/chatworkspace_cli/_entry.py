"""From a shell's words to an exit code, whatever becomes of the streams."""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Callable, Sequence

from chatworkspace import ChatWorkspaceError, Reason
from chatworkspace_cli._codes import Code
from chatworkspace_cli._parser import UsageError, parser
from chatworkspace_cli._printing import as_json, give_up, say, suppress_gone


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command, and return its exit code, as `--help` lists them. arguments: the words behind its name; None: those of this process.

    SystemExit, as argparse has it: 0 when help or version was asked for, 2 when the words were not understood. Not for threads: it sees to the
    process's streams, and minds Ctrl-C.
    """
    _have_streams()
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        options = _understood(words)
        run: Callable[[argparse.Namespace], int] = options.run
        code = int(run(options))
        sys.stdout.flush()
    except SystemExit:
        with suppress_gone():
            sys.stdout.flush()
        raise
    except KeyboardInterrupt:
        return Code.INTERRUPTED
    except BrokenPipeError:
        give_up()
        return Code.DONE  # whoever read the output has seen enough of it
    except OSError as error:
        give_up()  # the disk is full
        _complain(f"chatworkspace: {error}")
        return Code.NOT_READY
    return code


def _understood(words: list[str]) -> argparse.Namespace:
    """Return what the words mean. SystemExit: they mean nothing, which is told, or help was asked for."""
    try:
        options = parser().parse_args(words)
    except UsageError as error:
        error.by.print_usage(sys.stderr)
        _complain(f"{error.by.prog}: error: {error}")
        if "--json" in words:
            say(as_json(_told(error)), sys.stdout)
        raise SystemExit(Code.USAGE) from None
    if words[:1] == ["exec"] and options.words[:1] == ["--"]:
        del options.words[0]
    return options


def _complain(what: str) -> None:
    from chatworkspace_cli._screen import complain  # noqa: PLC0415 # where all is well nobody needs it

    complain(what)


def _told(error: UsageError) -> dict[str, object]:
    told = ChatWorkspaceError(str(error), reason=Reason.INVALID_ARGUMENT, next_step=f"`{error.by.prog} --help` tells what can be said.")
    return {"error": told.as_dict(), "exit_code": int(Code.USAGE)}


def _have_streams() -> None:
    """See that everything can be printed: what an encoding lacks is escaped, and what goes to a stream that the shell has closed goes nowhere."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115 # for as long as the process lives
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
