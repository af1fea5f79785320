"""What can be said to the `chatworkspace` command. What is done then stands in `_online` and `_offline`, each loaded when it is needed."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, NoReturn
from uuid import uuid4

from chatworkspace import __version__
from chatworkspace_cli._codes import epilog
from chatworkspace_cli._examples import examples
from chatworkspace_cli._printing import help_width

SETTINGS = (
    "CODER_URL and CODER_SESSION_TOKEN name the server, CHATWORKSPACE_PLATFORM=local:PATH this machine in its place, "
    "CHATWORKSPACE_STORE the record of chats."
)
CHAT = "the chat, by its id: 1 to 255 characters"
STORE = "the record of chats: sqlite:///PATH; default: $CHATWORKSPACE_STORE, else a file of the user's"
PLATFORM = "local:PATH: folders and processes of this machine, no sandbox; coder: the server; default: $CHATWORKSPACE_PLATFORM, else the server"
WAIT = "seconds to wait for turn, build, agent and scripts; default: as long as the library's limits allow"


class UsageError(Exception):
    """Words that are not understood. by: who reads them."""

    def __init__(self, message: str, by: argparse.ArgumentParser) -> None:
        super().__init__(message)
        self.by = by


class Parser(argparse.ArgumentParser):
    """One that leaves it to its caller how a wrong word is told."""

    def error(self, message: str) -> NoReturn:
        """Raise UsageError."""
        raise UsageError(message, self)


if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[Parser]  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] # it has no other name


def parser() -> Parser:
    """Return what reads the words. What it returns has `run`, which is given all of it and returns the exit code."""
    made = Parser(
        prog="chatworkspace",
        description=fill("Gives every AI chat exactly one remote development workspace.", help_width()),
        epilog=f"{fill(SETTINGS, help_width())}\n\n{epilog()}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("--version", action="version", version=f"chatworkspace {__version__}", help="print the version and exit")
    commands = made.add_subparsers(title="commands", required=True, metavar="COMMAND")
    _add_changes(commands)
    _add_looks(commands)
    _add_mcp(commands)
    _add_databases(commands)
    _add_offline(commands)
    return made


# ---------------------------------------------------------------- commands that ask a server


def _described(commands: Commands, name: str, summary: str) -> Parser:
    """Add a command."""
    told, raw = fill(f"{summary[0].upper()}{summary[1:]}.", help_width()), argparse.RawDescriptionHelpFormatter
    return commands.add_parser(name, help=summary, description=told, epilog=examples(name), formatter_class=raw)


def _command(commands: Commands, name: str, act: str, summary: str) -> Parser:
    command = _described(commands, name, summary)
    command.set_defaults(run=_online, act=act, name_of_command=name, quiet=False, organization=None)
    command.add_argument("--json", action="store_true", help="print one JSON object for programs")
    command.add_argument("--store", metavar="URL", help=STORE)
    if not act.startswith("db_"):
        command.add_argument("--platform", metavar="PLATFORM", help=PLATFORM)
    return command


def _of_server(command: argparse.ArgumentParser, *, organization: bool = False) -> None:
    for option, metavar, what in (
        ("--ca-file", "PATH", "certificates of the authorities that sign the server's, as PEM; default: $CODER_CLIENT_TLS_CA_FILE"),
        ("--client-cert", "PATH", "a certificate of who asks, as PEM, with its key or --client-key; default: $CODER_CLIENT_TLS_CERT_FILE"),
        ("--client-key", "PATH", "the key of that certificate, as PEM, without a password; default: $CODER_CLIENT_TLS_KEY_FILE"),
        (
            "--proxy",
            "URL",
            "http://HOST:PORT of a proxy, or `environment`: as HTTPS_PROXY and NO_PROXY say; default: $CHATWORKSPACE_PROXY, else none",
        ),
    ):
        command.add_argument(option, metavar=metavar, help=what)
    command.add_argument(
        "--header", action="append", default=[], metavar="NAME=VALUE", help="for every request; may be given again; beside those of $CODER_HEADER"
    )
    command.add_argument("--quiet", action="store_true", help="show no progress")
    if organization:
        command.add_argument("--organization", metavar="NAME", help="name or id; default: $CODER_ORGANIZATION, or the token's user's only one")


def _of_chat(command: argparse.ArgumentParser, *, wait: float | None = None, waits: bool = True, organization: bool = False) -> None:
    command.add_argument("--chat", required=True, metavar="ID", help=CHAT)
    if waits:
        command.add_argument("--wait", type=float, default=wait, metavar="SECONDS", help=WAIT if wait is None else f"as for create; default {wait:g}")
    _of_server(command, organization=organization)


def _of_parameters(command: argparse.ArgumentParser) -> None:
    for option, metavar, what in (
        ("--param", "NAME=VALUE", "a parameter of the template; may be given again"),
        ("--param-file", "NAME=PATH", "the same, its value in a file, or - for standard input: for secrets"),
        ("--param-env", "NAME=VARIABLE", "the same, its value in the environment: for secrets"),
    ):
        command.add_argument(option, action="append", default=[], metavar=metavar, help=what)


def _add_changes(commands: Commands) -> None:
    create = _command(commands, "create", "create", "find, join or make the chat's workspace, and wait until it is ready")
    _of_chat(create, organization=True)
    create.add_argument("--template", required=True, metavar="NAME", help="name or id")
    create.add_argument("--name", default="", help="what it is to be called; the real name ends with the chat's mark")
    _of_parameters(create)
    create.add_argument("--preset", metavar="NAME", help="name or id of a preset of the template")
    create.add_argument(
        "--replace",
        nargs="?",
        const=True,
        default=False,
        metavar="WORKSPACE_ID",
        help="leave a live workspace behind and make another; with its id: that one only, so that the same command given twice replaces once",
    )
    create.add_argument("--start", action="store_true", help="also start what the chat has and stands still")
    start = _command(commands, "start", "start", "start the chat's workspace, and wait until it is ready")
    _of_chat(start)
    _of_parameters(start)
    _of_chat(_command(commands, "stop", "stop", "stop the chat's workspace, and wait until it is stopped"))
    attach = _command(commands, "attach", "attach", "bind the chat to a workspace that its user has made")
    _of_chat(attach, organization=True)
    attach.add_argument("workspace", metavar="WORKSPACE", help="name or id")
    _of_chat(_command(commands, "detach", "detach", "unbind the chat's workspace, and leave that alone"))
    _of_chat(_command(commands, "close", "close", "unbind the chat's workspace, leave that alone, and let the chat have none any more"))
    delete = _command(commands, "delete", "delete", "close the chat and delete its workspace; one that was attached is left alone unless it is named")
    _of_chat(delete)
    delete.add_argument("workspace", nargs="?", metavar="WORKSPACE", help="name or id: this one, attached or not, or nothing is done")
    sweep = _command(commands, "sweep", "sweep", "settle creations that were given up, and list workspaces that no chat is bound to")
    sweep.add_argument("--delete", nargs="+", default=[], metavar="ID", help="delete these of the listed workspaces, and nothing else")
    sweep.add_argument("--after", default="", metavar="PLACE", help="go on where another sweep stopped, as it told")
    sweep.add_argument("--limit", type=int, default=1_000_000, metavar="N", help="look at so many chats at most")
    _of_server(sweep)
    purge = _command(commands, "purge", "purge", "remove closed chats of which a sweep has found nothing left, with their histories, for good")
    purge.add_argument("--older-than", type=_seconds, required=True, metavar="DAYS", help="those that were closed so many days ago, or longer")


def _add_looks(commands: Commands) -> None:
    _of_chat(_command(commands, "status", "status", "say how the chat's workspace is; asks for nothing to be changed"), wait=0)
    _of_chat(_command(commands, "follow", "follow", "tell every step and every line of the build log until nothing is under way; --json: JSON Lines"))
    why = "tell the chat's history, with reasons, by the store; and its workspaces' starts, stops and failures, if the server can be asked"
    _of_chat(_command(commands, "why", "why", why), waits=False)
    listed = _command(commands, "list", "list_chats", "list the chats that the store knows, by their ids; asks the store alone")
    listed.add_argument("--all", action="store_true", help="those that are closed, too")
    _of_server(_command(commands, "templates", "templates", "list the templates"), organization=True)
    execute = _command(commands, "exec", "execute", "run a command in the chat's workspace; its output and exit code are this command's")
    _of_chat(execute, waits=False)
    execute.add_argument("--timeout", type=_seconds, default=60.0, metavar="SECONDS", help="for the remote command; default 60")
    execute.add_argument(
        "words",
        nargs=argparse.REMAINDER,
        metavar="COMMAND",
        help="behind the options, and behind -- if it begins with a hyphen; one word: a line for the shell; several: a command and its arguments",
    )
    doctor = _command(commands, "doctor", "doctor", "say what server, token and store are, what is wrong with them, and what to do about it")
    _of_server(doctor, organization=True)
    _add_check(commands)


def _add_check(commands: Commands) -> None:
    summary = "run the rules that the library relies on against the server, on workspaces of their own, which are deleted again"
    check = _command(commands, "check", "check", summary)
    check.add_argument("--template", required=True, metavar="NAME", help="name or id of a template that builds without parameters, and has an agent")
    check.add_argument("--parameters-template", metavar="NAME", help="one with parameters, which --param answers: more rules are run")
    _of_parameters(check)
    check.add_argument("--external-template", metavar="NAME", help="one with an external agent: more rules are run")
    check.add_argument("--commands", action="store_true", help="its agent has a POSIX shell: more rules are run, as always on this machine")
    check.add_argument("--rule", action="append", default=[], metavar="ID", help="this rule alone; may be given again")
    check.add_argument("--minutes", type=_minutes, default=10.0, metavar="N", help="no rule goes on when they are over; default 10")
    check.add_argument("--clean", action="store_true", help="delete first what checks have left behind, also of those that are under way")
    _of_server(check, organization=True)


def _add_mcp(commands: Commands) -> None:
    summary = "serve a chat's tools to a client of the Model Context Protocol, over standard input and output"
    served = _described(commands, "mcp", summary)
    served.description = f"{served.description}\nNeeds chatworkspace[mcp]."
    served.set_defaults(run=_online, act="mcp", name_of_command="mcp", json=False)
    served.add_argument("--chat", default=f"mcp-{uuid4()}", metavar="ID", help=f"{CHAT}; default: another one each time")
    served.add_argument("--wait", type=_patience, default=45.0, metavar="SECONDS", help="that a call waits at most; default 45")
    served.add_argument("--threads", type=_threads, default=8, metavar="N", help="calls that are made at a time; default 8")
    served.add_argument("--hands", action="store_true", help="also the tools that use the workspace: execute, read_file, write_file")
    served.add_argument("--allow-unsandboxed", action="store_true", help="those also where workspaces are not kept apart from this machine")
    served.add_argument("--store", metavar="URL", help=STORE)
    served.add_argument("--platform", metavar="PLATFORM", help=PLATFORM)
    _of_server(served, organization=True)


def _add_databases(commands: Commands) -> None:
    summary = "make, upgrade or check the tables of a store in PostgreSQL; copy a store"
    group = _described(commands, "db", summary)
    acts = group.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for name, act in (
        ("upgrade", "make the tables, or bring them to this version; does nothing when there is nothing to do"),
        ("check", "say what is missing: tables, version, rights"),
        ("sql", "print what upgrade would run, for psql"),
        ("backup", "copy the store, in PostgreSQL (by pg_dump) or in a file, while it is in use"),
    ):
        command = _command(acts, name, f"db_{name}", act)
        command.set_defaults(name_of_command=f"db {name}")
        command.add_argument(
            "--dsn", metavar="DSN", help="the database: postgresql://USER@HOST/DATABASE; default: $CHATWORKSPACE_DSN, or the store's"
        )
        command.add_argument("--dsn-file", metavar="PATH", help="the same, in a file, or - for standard input: for one with a password")
        if name == "backup":
            command.add_argument("file", metavar="FILE", help="to be written: it must not be there, and only you may read it")
        command.add_argument("--schema", default="chatworkspace", metavar="NAME", help="default: chatworkspace")


def _seconds(text: str) -> float:
    with suppress(ValueError):
        if 0 < (seconds := float(text)) < float("inf"):
            return seconds
    raise argparse.ArgumentTypeError("expected a finite number of seconds above 0")


def _patience(text: str) -> float:
    with suppress(ValueError):
        if 0 <= (seconds := float(text)) < float("inf"):
            return seconds
    raise argparse.ArgumentTypeError("expected a finite number of seconds of at least 0")


def _threads(text: str) -> int:
    with suppress(ValueError):
        if 0 < (number := int(text)) <= 1000:
            return number
    raise argparse.ArgumentTypeError("expected a whole number from 1 to 1000")


def _minutes(text: str) -> float:
    if (minutes := _seconds(text)) <= 24 * 60:
        return minutes
    raise argparse.ArgumentTypeError("expected minutes of a day at most")


def _online(options: argparse.Namespace) -> int:
    from chatworkspace_cli._online.perform import perform  # noqa: PLC0415 # --help is to be quick

    return perform(options)


# ---------------------------------------------------------------- commands that need none


def _add_offline(commands: Commands) -> None:
    demo = _described(commands, "demo", "replay a recording of models' tool calls in memory, with everything going wrong")
    demo.set_defaults(run=_offline, act="demo")
    run = _described(commands, "run", "replay recorded tool calls, in memory or for real, and print the tool-result messages for the model")
    run.add_argument(
        "file", type=Path, help="JSON Lines of {chat, at, message}, each message as OpenAI's APIs or Anthropic's return it; - reads standard input"
    )
    run.add_argument("--hands", action="store_true", help="with the tools that use the workspace; in memory files are kept, and no shell runs")
    run.add_argument(
        "--platform",
        metavar="PLATFORM",
        help="for real: local:PATH: in folders and processes of this machine, no sandbox; coder: on the server; "
        "default: $CHATWORKSPACE_PLATFORM, else in memory",
    )
    run.add_argument("--allow-unsandboxed", action="store_true", help="those also where workspaces are not kept apart from this machine")
    run.add_argument("--store", metavar="URL", help="the record of chats there; default: as for other commands")
    run.set_defaults(run=_offline, act="run", name_of_command="run", organization=None)
    simulator = _described(commands, "simulator", "serve a Coder in memory over Coder's own API, until interrupted")
    simulator.add_argument("--port", type=int, default=7080, help="on 127.0.0.1; 0: any that is free (default 7080)")
    simulator.add_argument("--level", default="newest", help="which server it is like: 2.20, 2.24, 2.29, 2.35 or newest (default)")
    simulator.add_argument("--speed", type=float, default=1.0, help="seconds of its time that pass in one; 60: a minute a second (default 1)")
    simulator.add_argument("--token", default="", help="of the site's owner (default: $CHATWORKSPACE_SIMULATOR_TOKEN, or a fresh one; it is printed)")
    simulator.add_argument("--token-file", metavar="PATH", help="the same, in a file, or - for standard input")
    simulator.add_argument("--requests-per-minute", type=int, default=512, metavar="N", help="to one path; default: 512, as servers have")
    simulator.set_defaults(run=_offline, act="simulator")
    for command, more in ((demo, ""), (run, "; for real: do not wait for the second at which a call was recorded")):
        command.add_argument("--fast", action="store_true", help=f"do not play virtual time at a readable pace{more}")
        command.add_argument("--json", action="store_true", help="one JSON object a line; the last is the summary")
        command.add_argument("--seed", type=int, default=0, help="which interleaving (default 0)")


def _offline(options: argparse.Namespace) -> int:
    from chatworkspace_cli._offline import commands  # noqa: PLC0415 # as above

    command: Callable[[argparse.Namespace], int] = getattr(commands, options.act)
    return command(options)
