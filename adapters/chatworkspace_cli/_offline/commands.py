"""The commands: replay the demo or a recording, serve a Coder in memory. Each loads what it needs."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, TextIO

from chatworkspace import ChatWorkspaceError, InvalidArgumentError, Reason
from chatworkspace_cli._codes import Code
from chatworkspace_cli._printing import as_json, say
from chatworkspace_cli._screen import complain
from chatworkspace_cli._secrets import told

if TYPE_CHECKING:
    from chatworkspace_cli._offline.recordings import Line
    from chatworkspace_cli._offline.stories import Story


def demo(options: argparse.Namespace) -> int:
    """Replay the packaged recording."""
    from chatworkspace_cli._offline.demo import demonstrate  # noqa: PLC0415 # only these commands need the fake

    return _show(demonstrate(options.seed), options, sys.stdout)


def run(options: argparse.Namespace) -> int:
    """Print what is for the model on standard output, and what is for people on standard error."""
    from chatworkspace_cli._offline.recordings import BadLine, read  # noqa: PLC0415 # as above

    try:
        text = sys.stdin.read() if str(options.file) == "-" else options.file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is no text in UTF-8"
        return _refused(options, f"{options.file}: {why}", "Give a file of recorded calls, a JSON object a line, or - for standard input.")
    lines = list(read(text))
    bad = [line for line in lines if isinstance(line, BadLine)]
    for line in bad:
        complain(f"{options.file}: line {line.number}: {line.problem}")
        if options.json:
            say(as_json({"event": "unread", "line": line.number, "problem": line.problem}), sys.stdout)
    good = [line for line in lines if not isinstance(line, BadLine)]
    code = _for_real(good, options) if options.platform or os.environ.get("CHATWORKSPACE_PLATFORM") else _in_memory(good, options)
    return code or (Code.NOT_READY if bad else Code.DONE)


def simulator(options: argparse.Namespace) -> int:
    """Print how it is reached, and serve until interrupted."""
    from chatworkspace_cli._offline.serving import serve  # noqa: PLC0415 # as above

    try:
        serve(
            port=options.port,
            level=options.level,
            speed=options.speed,
            token=told(options.token, options.token_file, "token") or os.environ.get("CHATWORKSPACE_SIMULATOR_TOKEN", ""),
            requests_per_minute=options.requests_per_minute,
            say=lambda text: say(text, sys.stdout),
        )
    except (OSError, OverflowError) as error:
        complain(f"chatworkspace simulator: port {options.port}: {error}")
        return Code.USAGE
    except InvalidArgumentError as error:
        complain(f"chatworkspace simulator: {error}")
        return Code.USAGE
    return Code.DONE


def _in_memory(lines: Sequence[Line], options: argparse.Namespace) -> int:
    from chatworkspace_cli._offline.demo import play  # noqa: PLC0415 # only this needs the fake

    return _show(play(lines, options.seed, hands=options.hands), options, sys.stderr, messages=sys.stdout)


def _for_real(lines: Sequence[Line], options: argparse.Namespace) -> int:
    from chatworkspace_cli._online.perform import perform  # noqa: PLC0415 # in memory nobody needs it

    return perform(argparse.Namespace(**{**vars(options), "lines": lines, "quiet": options.json}))


def _refused(options: argparse.Namespace, problem: str, step: str) -> int:
    """Tell people, and programs that want JSON, what is wrong with an argument."""
    complain(f"chatworkspace run: {problem}")
    complain(step)
    if options.json:
        error = ChatWorkspaceError(problem, reason=Reason.INVALID_ARGUMENT, next_step=step)
        say(as_json({"error": error.as_dict(), "exit_code": int(Code.USAGE)}), sys.stdout)
    return Code.USAGE


def _show(story: Story, options: argparse.Namespace, out: TextIO, *, messages: TextIO | None = None) -> int:
    from chatworkspace_cli._offline.showing import play, print_json  # noqa: PLC0415 # as above

    if options.json:
        print_json(story, sys.stdout)
    else:
        play(story, out, fast=options.fast, messages=messages)
    return Code.NOT_READY if story.duplicates else Code.DONE
