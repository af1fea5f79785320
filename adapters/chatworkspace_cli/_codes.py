"""Exit codes of the command: what a script may decide by. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from textwrap import fill

from chatworkspace import ChatNotFoundError, ChatWorkspaceError, InvalidArgumentError, NoWorkspaceError, Outcome, Reason, State
from chatworkspace_cli._printing import help_width


class Code(IntEnum):
    """How a command ended."""

    DONE = 0
    NOT_READY = 1
    USAGE = 2
    REFUSED = 3
    UNAVAILABLE = 4
    IN_PROGRESS = 5
    TIMED_OUT = 124
    INTERRUPTED = 130
    NOT_REACHED = 255


MEANINGS: Mapping[Code, str] = {
    Code.DONE: "done: the workspace is ready (stop: stopped; detach: unbound; delete: gone), or what was asked for is printed",
    Code.NOT_READY: (
        "the workspace is not as asked for: failed, stopped, unreachable, deleted, or there is none; doctor, sweep, check: something is wrong"
    ),
    Code.USAGE: "an argument or a setting is wrong; nothing was changed",
    Code.REFUSED: "refused, by the server or by a rule: asking again does not help",
    Code.UNAVAILABLE: "server or store could not be asked: the same command may be given again",
    Code.IN_PROGRESS: "still in progress when --wait was over: the same command goes on waiting",
    Code.TIMED_OUT: "exec only: the command did not end within --timeout",
    Code.INTERRUPTED: "interrupted by Ctrl-C: nothing is lost, the same command goes on",
    Code.NOT_REACHED: "exec only: the command was not run, or its end is not known; every other code of exec is the command's own",
}


def epilog() -> str:
    """Return the table that --help ends with, no wider than the terminal."""
    rows = (fill(meaning, help_width(), initial_indent=f"  {code.value:>3}  ", subsequent_indent=" " * 7) for code, meaning in MEANINGS.items())
    return "exit codes:\n" + "".join(f"{row}\n" for row in rows)


def of_outcome(outcome: Outcome, wanted: State = State.READY) -> Code:
    """Return the code for an outcome, where `wanted` is what was asked for."""
    if outcome.reason is Reason.INTERRUPTED:
        return Code.INTERRUPTED
    if outcome.phase is not None:
        return Code.IN_PROGRESS
    if outcome.state is wanted:
        return Code.DONE
    return Code.UNAVAILABLE if outcome.state is State.UNKNOWN else Code.NOT_READY


def of_error(error: ChatWorkspaceError) -> Code:
    """Return the code for an error."""
    if error.reason is Reason.INTERRUPTED:
        return Code.INTERRUPTED
    if isinstance(error, InvalidArgumentError) or error.reason is Reason.TEMPLATE_NOT_FOUND:
        return Code.USAGE
    if isinstance(error, (ChatNotFoundError, NoWorkspaceError)):
        return Code.NOT_READY
    return Code.UNAVAILABLE if error.retryable else Code.REFUSED
