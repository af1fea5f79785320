"""From parsed options to an exit code: run a command, show its progress, print what it came to."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TextIO

from chatworkspace.errors import ChatWorkspaceError, UnavailableError
from chatworkspace.model import Reason
from chatworkspace.ports import PortError
from chatworkspace_cli import _codes, _commands, _json, _texts
from chatworkspace_cli._codes import Code
from chatworkspace_cli._commands import Command, Result
from chatworkspace_cli._running import LeftError, Running
from chatworkspace_cli._screen import JsonLines, Screen, screen_for
from chatworkspace_cli._session import Session, Settings

LEFT = "interrupted while a request was under way"
RUNS_ON = "The command may go on in the workspace."


def run(options: Namespace) -> int:
    """Run the command that the options name."""
    command: Command = getattr(_commands, options.act)
    is_exec, is_follow = command is _commands.execute, command is _commands.follow
    screen = _screen(options, follows=is_follow)
    settings = Settings(environment=os.environ, store=options.store, organization=options.organization, ca_file=options.ca_file)
    running: Running[Result] = Running(lambda: command(session, options, running.tell))
    try:
        with Session(settings, None if is_follow else running.tell) as session:
            interrupt = session.hang_up if command in _commands.LOOKS else partial(session.interrupt, str(getattr(options, "chat", "")))
            result = _ended(running, session, screen, interrupt)
    except ChatWorkspaceError as error:
        code = _codes.of_error(error)
        if is_exec:
            code = code if code in (Code.USAGE, Code.INTERRUPTED) else Code.NOT_REACHED
            error.next_step = RUNS_ON if code is Code.INTERRUPTED else error.next_step
        _complain(options, error, code)
        return code
    _print(options, result)
    return int(result.code)


def _ended(running: Running[Result], session: Session, screen: Screen, interrupt: Callable[[], object]) -> Result:
    """Return what it came to. What was interrupted by ending its requests has come to nothing, whatever it says."""
    try:
        result = running.end(screen, interrupt)
    except LeftError:
        with suppress(KeyboardInterrupt):
            session.hang_up()
            running.wait(1.0)
    except ChatWorkspaceError:
        if not session.hung_up:
            raise
    except PortError as error:
        if not session.hung_up:
            raise UnavailableError(str(error) or type(error).__name__) from error
    else:
        if not session.hung_up:
            return result
    finally:
        screen.close()
    raise UnavailableError(LEFT, reason=Reason.INTERRUPTED)


def _screen(options: Namespace, *, follows: bool) -> Screen:
    """Return what shows the progress: on standard error, but what follow tells is its result."""
    if follows and options.json:
        return JsonLines(sys.stdout, sys.stderr)
    return screen_for(sys.stdout if follows else sys.stderr, quiet=options.quiet)


def _print(options: Namespace, result: Result) -> None:
    if options.json:
        _say(_json.as_json(result.told), sys.stdout)
        return
    out = sys.stdout
    if result.output is not None:  # all that standard output gets
        out = sys.stderr
        sys.stdout.write(result.output)
        sys.stdout.flush()
    for line in result.lines:
        _say(_texts.printable(line), out)


def _complain(options: Namespace, error: ChatWorkspaceError, code: Code) -> None:
    first, *rest = _texts.error_lines(error)
    for line in (f"chatworkspace {options.name_of_command}: {first}", *rest):
        _say(_texts.printable(line), sys.stderr)
    if options.json:
        _say(_json.as_json(_json.error_json(error, code)), sys.stdout)


def _say(text: str, out: TextIO) -> None:
    print(text, file=out, flush=True)
