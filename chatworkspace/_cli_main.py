"""From parsed options to an exit code: run a command, show its progress, print what it came to."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from contextlib import suppress
from typing import TextIO

from chatworkspace import _cli_codes, _cli_commands, _cli_texts
from chatworkspace._cli_codes import Code
from chatworkspace._cli_commands import Command, Result
from chatworkspace._cli_running import LeftError, Running
from chatworkspace._cli_screen import JsonLines, Screen, screen_for
from chatworkspace._cli_session import Session, Settings
from chatworkspace.errors import ChatWorkspaceError, UnavailableError
from chatworkspace.model import Reason

LEFT = "interrupted while a request was under way"


def run(options: Namespace) -> int:
    """Run the command that the options name."""
    command: Command = getattr(_cli_commands, options.act)
    is_exec, is_follow = command is _cli_commands.execute, command is _cli_commands.follow
    screen = _screen(options, follows=is_follow)
    settings = Settings(environment=os.environ, store=options.store, organization=options.organization, ca_file=options.ca_file)
    running: Running[Result] = Running(lambda: command(session, options, running.tell))
    try:
        with Session(settings, None if is_follow else running.tell) as session:
            result = _ended(running, session, screen, str(getattr(options, "chat", "")))
    except ChatWorkspaceError as error:
        code = _cli_codes.of_error(error)
        code = Code.NOT_REACHED if is_exec and code not in (Code.USAGE, Code.INTERRUPTED) else code
        _complain(options, error, code)
        return code
    _print(options, result)
    return int(result.code)


def _ended(running: Running[Result], session: Session, screen: Screen, chat_id: str) -> Result:
    try:
        return running.end(screen, lambda: session.interrupt(chat_id))
    except LeftError:
        with suppress(KeyboardInterrupt):
            session.hang_up()
            running.wait(1.0)
        raise UnavailableError(LEFT, reason=Reason.INTERRUPTED) from None
    finally:
        screen.close()


def _screen(options: Namespace, *, follows: bool) -> Screen:
    """Return what shows the progress: on standard error, but what follow tells is its result."""
    if follows and options.json:
        return JsonLines(sys.stdout, sys.stderr)
    return screen_for(sys.stdout if follows else sys.stderr, quiet=options.quiet)


def _print(options: Namespace, result: Result) -> None:
    if options.json:
        _say(_cli_texts.as_json(result.told), sys.stdout)
        return
    out = sys.stdout
    if result.output is not None:  # all that standard output gets
        out = sys.stderr
        sys.stdout.write(result.output)
        sys.stdout.flush()
    for line in result.lines:
        _say(_cli_texts.printable(line), out)


def _complain(options: Namespace, error: ChatWorkspaceError, code: Code) -> None:
    first, *rest = _cli_texts.error_lines(error)
    for line in (f"chatworkspace {options.name_of_command}: {first}", *rest):
        _say(_cli_texts.printable(line), sys.stderr)
    if options.json:
        _say(_cli_texts.as_json(_cli_texts.error_json(error, code)), sys.stdout)


def _say(text: str, out: TextIO) -> None:
    print(text, file=out, flush=True)
