"""From a shell's words to an exit code, whatever becomes of the streams."""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Callable, Sequence

from chatworkspace_cli._codes import Code
from chatworkspace_cli._parser import parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command, and return its exit code, as `--help` lists them. arguments: the words behind its name; None: those of this process.

    SystemExit, as argparse has it: 0 when help or version was asked for, 2 when the words were not understood. Not for threads: it sees to the
    process's streams, and minds Ctrl-C.
    """
    _have_streams()
    told = list(sys.argv[1:] if arguments is None else arguments)
    words: list[str] = []
    if told[:1] == ["exec"] and "--" in told:  # what is behind it is another command's, whatever it looks like
        cut = told.index("--")
        told, words = told[:cut], told[cut + 1 :]
    options = parser().parse_args(told)
    if words:
        options.words = [*options.words, *words]
    run: Callable[[argparse.Namespace], int] = options.run
    try:
        code = int(run(options))
        sys.stdout.flush()
    except KeyboardInterrupt:
        return Code.INTERRUPTED
    except OSError as error:
        # whoever read the output has gone, or the disk is full; what is still to be flushed at the end goes nowhere
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(error, BrokenPipeError):
            sys.stderr.write(f"chatworkspace: {error}\n")
        return Code.NOT_READY
    return code


def _have_streams() -> None:
    """See that everything can be printed: what an encoding lacks is escaped, and what goes to a stream that the shell has closed goes nowhere."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115 # for as long as the process lives
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
