"""From parsed options to an exit code: perform a command, show its progress, print what it came to."""

from __future__ import annotations

import os
import signal
import sys
from argparse import Namespace
from collections.abc import Callable, Generator
from contextlib import contextmanager, nullcontext, suppress
from functools import partial
from pathlib import Path
from threading import current_thread, main_thread
from urllib.parse import quote

from chatworkspace import ChatWorkspaceError, Reason, UnavailableError
from chatworkspace.ports import PortError
from chatworkspace_cli._codes import Code, of_error
from chatworkspace_cli._online import commands
from chatworkspace_cli._online.commands import Command, Result
from chatworkspace_cli._online.json import Json, error_json
from chatworkspace_cli._online.network import network_of
from chatworkspace_cli._online.running import LeftError, Running
from chatworkspace_cli._online.screens import JsonLines, Screen, screen_for
from chatworkspace_cli._online.session import Session, Settings, check
from chatworkspace_cli._online.stores import VARIABLE
from chatworkspace_cli._online.texts import error_lines
from chatworkspace_cli._printing import as_json, say, say_lines, suppress_gone
from chatworkspace_cli._screen import complain, say_state, width_of

PLATFORM = "CHATWORKSPACE_PLATFORM"
LEFT = "interrupted while a request was under way"
RUNS_ON = "The command may go on in the workspace."
DELETING = "deleting what was made"
CLEARING = 600.0
"""Seconds that a command may take after Ctrl-C to clear up."""


def perform(options: Namespace) -> int:
    """Perform the command that the options name."""
    command: Command = getattr(commands, options.act)
    try:
        result = _result(command, options)
    except ChatWorkspaceError as error:
        code = of_error(error)
        if command is commands.execute:
            code = code if code in (Code.USAGE, Code.INTERRUPTED) else Code.NOT_REACHED
            error.next_step = RUNS_ON if code is Code.INTERRUPTED else error.next_step
        _complain(options, error, code)
        return code
    with suppress_gone():  # what it came to is the same, whoever reads it
        _print(options, result, follows=command is commands.follow)
    return int(result.code)


def _result(command: Command, options: Namespace) -> Result:
    if "chat" in options:
        check(options.chat, getattr(options, "wait", None))
    follows = command is commands.follow
    root = _root(options)
    settings = Settings(
        environment=os.environ,
        root=root,
        store=_store(options.store, root),
        organization=options.organization,
        otherwise=os.environ.get("CODER_ORGANIZATION") or None,
        network=network_of(options, os.environ),
    )
    running: Running[Result] = Running(lambda: command(session, options, running.tell))
    with Session(settings, None if follows else running.tell) as session:
        interrupt = session.hang_up if command in commands.LOOKS else partial(session.interrupt, str(getattr(options, "chat", "")))
        with _terminable() if command in commands.CLEARS_UP else nullcontext():
            return _ended(running, session, _screen(options, follows=follows), interrupt, clears_up=command in commands.CLEARS_UP)


def _root(options: Namespace) -> Path | None:
    """Return the folder of the platform of this machine, if that is meant, and say what it is not. InvalidArgumentError."""
    if "platform" not in options or not (options.platform or os.environ.get(PLATFORM)):
        return None
    from chatworkspace_cli._online.local import root_of  # noqa: PLC0415 # others need none of it

    root = root_of(options.platform, os.environ)
    if root is not None:
        complain(f"workspaces in {root}: no sandbox, what runs in them may do whatever you may")
    return root


def _store(told: str | None, root: Path | None) -> str | None:
    """Return the URL of the store that is told; with a platform of this machine its own file stands in for the user's."""
    if root is None or told is not None or os.environ.get(VARIABLE):
        return told
    return f"sqlite://{quote(str(root / 'chats.db'))}"


@contextmanager
def _terminable() -> Generator[None, None, None]:
    """Let an order to terminate, or a terminal that goes, be as Ctrl-C: there is something to be cleared up. What is ignored stays so (nohup)."""
    names = ("SIGTERM", "SIGHUP") if current_thread() is main_thread() else ()
    numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
    before = {number: signal.getsignal(number) for number in numbers if signal.getsignal(number) not in (signal.SIG_IGN, None)}
    for number in before:
        signal.signal(number, signal.default_int_handler)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _ended(running: Running[Result], session: Session, screen: Screen, interrupt: Callable[[], object], *, clears_up: bool) -> Result:
    """Return what it came to. What was interrupted by ending its requests has come to nothing, whatever it says."""
    left = ""
    try:
        result = running.end(screen, interrupt, grace=CLEARING, ending=DELETING) if clears_up else running.end(screen, interrupt)
    except LeftError:
        left = ", ".join(session.left())
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
    raise UnavailableError(f"{LEFT}; perhaps left behind: {left}" if left else LEFT, reason=Reason.INTERRUPTED)


def _screen(options: Namespace, *, follows: bool) -> Screen:
    """Return what shows the progress: on standard error, but what follow tells is its result."""
    if follows and options.json:
        return JsonLines(sys.stdout, sys.stderr)
    return screen_for(sys.stdout if follows else sys.stderr, quiet=options.quiet)


def _print(options: Namespace, result: Result, *, follows: bool) -> None:
    if result.show is not None:
        result.show()
        return
    if options.json:
        told = _with_code(result.told, result.code)
        say(as_json({"outcome": told} if follows else told), sys.stdout)
        return
    out = sys.stdout
    if result.output is not None:  # all that standard output gets
        out = sys.stderr
        sys.stdout.write(result.output)
        sys.stdout.flush()
    first, rest = (result.lines[:1], result.lines[1:]) if result.state else ((), result.lines)
    for line in first:
        say_state(line, result.state, out)
    for line in rest:
        say_lines(line, out, width=width_of(out))


def _complain(options: Namespace, error: ChatWorkspaceError, code: Code) -> None:
    first, *rest = error_lines(error)
    for line in (f"chatworkspace {options.name_of_command}: {first}", *rest):
        complain(line)
    if options.json:
        say(as_json(_with_code(error_json(error), code)), sys.stdout)


def _with_code(told: Json, code: int) -> Json:
    return {**told, "exit_code": int(code)}
