"""The rules of what AgentConnection runs, reads and writes, where an agent has a shell."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from chatworkspace import Cancel, InvalidArgumentError, Reason, RefusedError, UnavailableError, Workspace
from chatworkspace.ports import Completed
from chatworkspace_contracts._abilities import Ability
from chatworkspace_contracts._agents import Fresh, Stage
from chatworkspace_contracts._checks import MismatchError, equal, holds, raises, within
from chatworkspace_contracts._rules import Topic
from chatworkspace_contracts._seconds import LONG, SOON

NEED = Ability.COMMANDS
EVERY_BYTE = bytes(range(256))
LARGE = EVERY_BYTE * 4096
"""1 MiB."""
PATIENCE = 120.0
"""Seconds for what is large."""
OVER = 1.0
"""Seconds after which a command is to be ended that goes on for LONG."""
INTERRUPTED = "the reason"
LIVES = 'p=$(cat pid); kill -0 "$p" 2>/dev/null && ! grep -qs "^State:.Z" "/proc/$p/status"'
"""Whether a process lives: one that has ended and that nobody has asked for does not."""

COMMAND = Topic("dialer.command", "AgentDialer", Stage)


def _run(it: Stage, workspace: Workspace, command: str, **more: Any) -> Completed:
    with it.dialled(workspace) as connection:
        return connection.run(command, timeout=LONG, **more)


@COMMAND.rule("input", "What a command is given as its input arrives as it is, whatever bytes it is of; without any, its input is empty.", NEED)
def input_arrives(fresh: Fresh) -> None:
    it = fresh()
    workspace = it.ready()
    equal("what was read", _run(it, workspace, "cat", stdin="zwölf\n  Boxkämpfer".encode()).output, "zwölf\n  Boxkämpfer")
    equal("how many bytes came", _run(it, workspace, "wc -c", stdin=EVERY_BYTE).output.strip(), str(len(EVERY_BYTE)))
    equal("what was read of nothing", _run(it, workspace, "cat; echo end").output.strip(), "end")


@COMMAND.rule("input-not-read", "A command that does not read its input ends as it does without.", NEED)
def input_may_be_left(fresh: Fresh) -> None:
    it = fresh()
    done = _run(it, it.ready(), "echo no; exit 4", stdin=EVERY_BYTE * 64)
    equal("exit code and output", (done.exit_code, done.output.strip()), (4, "no"))


@COMMAND.rule("directory", "A command runs where it is told to, from where the agent begins; where there is no such folder, it does not run.", NEED)
def a_command_runs_where_it_is_told_to(fresh: Fresh) -> None:
    it = fresh()
    workspace = it.ready()
    _run(it, workspace, "mkdir -p 'in here/and there'")
    equal("the end of the path", _run(it, workspace, "pwd", cwd="in here/and there").output.strip()[-17:], "in here/and there")
    lost = _run(it, workspace, "echo ran", cwd="nowhere")
    holds("an exit code above 0, and nothing run", lost.exit_code and "ran" not in lost.output.split("\n"), lost)


@COMMAND.rule("variables", "Variables have the values that they are given, whatever characters those have.", NEED)
def variables_have_their_values(fresh: Fresh) -> None:
    it = fresh()
    value = 'it\'s "$HOME" \\ `x`\nä'
    done = _run(it, it.ready(), 'printf %s "$CW_ONE"; printf %s "$CW_TWO"', env={"CW_ONE": value, "CW_TWO": "-n"})
    equal("what was printed", done.output, f"{value}-n")


@COMMAND.rule("long", "A command of 100,000 characters runs.", NEED)
def a_long_command_runs(fresh: Fresh) -> None:
    it = fresh()
    equal("what was said", _run(it, it.ready(), f"x='{'y' * 100_000}'; echo ${{#x}}").output.strip(), "100000")


@COMMAND.rule("limit", "Of output beyond the limit the beginning and the end are kept, and a line says what is left out.", NEED)
def output_is_kept_within_the_limit(fresh: Fresh) -> None:
    it = fresh()
    done = _run(it, it.ready(), "seq 1 20000", limit=2000)
    holds("truncated output", done.truncated, done.output[:100])
    holds("at most 2,100 characters", len(done.output) <= 2100, len(done.output))
    lines = done.output.split()
    equal("the first and the last line", (lines[0], lines[-1]), ("1", "20000"))
    whole = _run(it, it.ready(), "seq 1 20000")
    equal("lines, and whether it is truncated, within the limit", (len(whole.output.split()), whole.truncated), (20000, False))


@COMMAND.rule("streamed", "Output is told while the command runs, and all of it.", NEED)
def output_is_told_as_it_comes(fresh: Fresh) -> None:
    it = fresh()
    workspace = it.ready()
    told: list[str] = []

    def hear(text: str) -> None:
        told.append(text)
        if len(told) == 1:
            _run(it, workspace, "touch go")

    done = _run(it, workspace, "echo one; while [ ! -e go ]; do sleep 0.05; done; echo two", on_output=hear)
    equal("all that was told", "".join(told).split(), ["one", "two"])
    equal("the output", done.output.split(), ["one", "two"])


@COMMAND.rule("error-of-listener", "What a listener raises comes out.", NEED)
def an_error_of_a_listener_comes_out(fresh: Fresh) -> None:
    it = fresh()

    def hear(text: str) -> None:
        raise LookupError(text)

    with raises(LookupError):
        _run(it, it.ready(), "echo one; sleep 60", on_output=hear)


def _ends(it: Stage, workspace: Workspace) -> None:
    """See that the command that has noted its id has ended."""
    until = it.clock.monotonic() + SOON
    while _run(it, workspace, LIVES).exit_code == 0:
        if it.clock.monotonic() >= until:
            raise MismatchError("a command that has ended", "it goes on")
        it.clock.sleep(0.1)


@COMMAND.rule("timeout", "A command that takes too long is TimeoutError, and ended.", NEED)
def a_command_is_ended_in_time(fresh: Fresh) -> None:
    it = fresh()
    workspace = it.ready()
    began = it.clock.monotonic()
    with it.dialled(workspace) as connection, raises(TimeoutError):
        connection.run("echo $$ >pid; exec sleep 60", timeout=OVER)
    within("how long that took", it.clock.monotonic() - began, OVER + SOON)
    _ends(it, workspace)


@COMMAND.rule("cancel", "A command that is cancelled is UnavailableError, reason INTERRUPTED, and ended.", NEED)
def a_command_is_cancelled(fresh: Fresh) -> None:
    it = fresh()
    workspace, cancel = it.ready(), Cancel()

    def hear(_: str) -> None:
        cancel.cancel()

    with raises(UnavailableError) as refused:
        _run(it, workspace, "echo $$ >pid; echo begun; exec sleep 60", on_output=hear, cancel=cancel)
    equal(INTERRUPTED, refused.error.reason, Reason.INTERRUPTED)
    _ends(it, workspace)


@COMMAND.rule("cancel-by-another", "Another thread may cancel it.", NEED)
def another_thread_cancels(fresh: Fresh) -> None:
    it = fresh()
    workspace, cancel = it.ready(), Cancel()

    def run() -> Reason | None:
        with raises(UnavailableError) as refused:
            _run(it, workspace, "sleep 60", cancel=cancel)
        return refused.error.reason

    def end() -> None:
        it.clock.sleep(0.2)
        cancel.cancel()

    calls: list[Callable[[], Reason | None]] = [run, end]
    equal("the reasons", it.threads.together(calls), [Reason.INTERRUPTED, None])


@COMMAND.rule("cancelled-before", "What was cancelled before it began does not run.", NEED)
def what_was_cancelled_does_not_run(fresh: Fresh) -> None:
    it = fresh()
    workspace, cancel = it.ready(), Cancel()
    cancel.cancel()
    with raises(UnavailableError) as refused:
        _run(it, workspace, "touch ran", cancel=cancel)
    equal(INTERRUPTED, refused.error.reason, Reason.INTERRUPTED)


WRONG: tuple[tuple[str, dict[str, Any]], ...] = (
    ("command", {"command": b"echo"}),
    ("command", {"command": "a\0b"}),
    ("timeout", {"timeout": float("nan")}),
    ("timeout", {"timeout": 0}),
    ("stdin", {"stdin": "text"}),
    ("cwd", {"cwd": b"."}),
    ("env", {"env": {"A=B": "c"}}),
    ("limit", {"limit": 0}),
    ("on_output", {"on_output": 1}),
    ("cancel", {"cancel": 1}),
)


@COMMAND.rule("arguments", "Arguments that make no sense are InvalidArgumentError, which names them.", NEED)
def arguments_are_checked(fresh: Fresh) -> None:
    it = fresh()
    with it.dialled(it.ready()) as connection:
        for name, given in WRONG:
            arguments: dict[str, Any] = {"command": "echo", "timeout": LONG, **given}
            with raises(InvalidArgumentError) as refused:
                connection.run(arguments.pop("command"), **arguments)
            equal("the argument", refused.error.argument, name)


# ------------------------------------------------------------------ files

FILE = Topic("dialer.file", "AgentDialer", Stage)


def _back(it: Stage, workspace: Workspace, path: str, data: bytes) -> bytes:
    with it.dialled(workspace) as connection:
        connection.write_file(path, data, timeout=PATIENCE)
        return connection.read_file(path, timeout=PATIENCE)


@FILE.rule("bytes", "A file of 1 MiB, of all bytes, is written and read back identical.", NEED)
def a_file_comes_back(fresh: Fresh) -> None:
    it = fresh()
    back = _back(it, it.ready(), "large", LARGE)
    holds("the same bytes", back == LARGE, f"{len(back)} bytes")


@FILE.rule("sizes", "Files of few bytes are what they are, an empty one too.", NEED)
def small_files_come_back(fresh: Fresh) -> None:
    it = fresh()
    workspace = it.ready()
    for data in (b"", b"\n", b"a", b"\0\0", b"abc\r\n", b"no end", "ä".encode()):
        equal("what came back", _back(it, workspace, "small", data), data)


@FILE.rule("replaced", "A file takes the place of one that is longer.", NEED)
def a_file_is_replaced(fresh: Fresh) -> None:
    it = fresh()
    workspace = it.ready()
    _back(it, workspace, "one", b"a long one")
    equal("what came back", _back(it, workspace, "one", b"short"), b"short")


@FILE.rule("names", "Names may have any characters but NUL, and folders are made.", NEED)
def names_may_be_odd(fresh: Fresh) -> None:
    it = fresh()
    workspace = it.ready()
    for path in ("a b", "it's", "-n", "$HOME", "ä\nö", "new/folder/of a/file", "~/at home"):
        equal(f"what came back of {path!r}", _back(it, workspace, path, b"here"), b"here")


@FILE.rule("missing", "A file that is not there is RefusedError; so is a folder.", NEED)
def a_missing_file_is_refused(fresh: Fresh) -> None:
    it = fresh()
    workspace = it.ready()
    _back(it, workspace, "folder/file", b"x")
    with it.dialled(workspace) as connection:
        for path in ("nowhere", "folder"):
            with raises(RefusedError):
                connection.read_file(path, timeout=LONG)
        with raises(RefusedError):
            connection.write_file("folder", b"x", timeout=LONG)


@FILE.rule("limit", "A file larger than the limit is RefusedError; one as large is read.", NEED)
def a_large_file_is_refused(fresh: Fresh) -> None:
    it = fresh()
    workspace = it.ready()
    _back(it, workspace, "file", b"12345")
    with it.dialled(workspace) as connection:
        equal("what came back", connection.read_file("file", timeout=LONG, limit=5), b"12345")
        with raises(RefusedError):
            connection.read_file("file", timeout=LONG, limit=4)


@FILE.rule("race", "Threads that write files of one agent together each read back their own.", NEED)
def threads_write_together(fresh: Fresh) -> None:
    it = fresh()
    workspace = it.ready()
    data = [bytes([number]) * 5000 for number in range(4)]
    calls = [partial(_back, it, workspace, f"folder/{number}", it_) for number, it_ in enumerate(data)]
    holds("each its own", it.threads.together(calls) == data, "another's")
