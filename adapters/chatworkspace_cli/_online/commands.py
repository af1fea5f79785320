"""The commands that ask a server: each a few steps over a session, that come to a result."""

from __future__ import annotations

import shlex
from argparse import Namespace
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor

import attrs

from chatworkspace import Chat, ChatNotFoundError, ChatWorkspaceError, Hand, InvalidArgumentError, Outcome, Progress, Reason, State
from chatworkspace.ports import NotFoundError
from chatworkspace_cli import _secrets as secrets
from chatworkspace_cli._codes import Code, of_outcome
from chatworkspace_cli._online import builds, held, json, names, stores, texts
from chatworkspace_cli._online.json import Json
from chatworkspace_cli._online.session import Session

Tell = Callable[[Progress | str], object]


@attrs.frozen(kw_only=True)
class Result:
    """What a command came to."""

    code: int
    told: Json
    """For programs, beside the exit code."""
    lines: tuple[str, ...] = ()
    """For people."""
    state: str = ""
    """That the first of them tells."""
    output: str | None = None
    """What a remote command has printed: shown as it is, and the lines beside it."""
    show: Callable[[], object] | None = None
    """Shows all of it, in place of the rest."""


DAY = 86400.0
LISTED_AT_ONCE = 8
"""Owners whose workspaces a sweep lists at the same time."""
Command = Callable[[Session, Namespace, Tell], Result]


def _of_outcome(outcome: Outcome, wanted: State = State.READY) -> Result:
    return Result(code=of_outcome(outcome, wanted), told=outcome.as_dict(), lines=tuple(texts.outcome_lines(outcome)), state=outcome.state.value)


# ---------------------------------------------------------------- what changes something


def create(session: Session, options: Namespace, tell: Tell) -> Result:
    """Find, join or make the chat's workspace."""
    del tell
    parameters = parameters_of(options, session.settings.environment)
    chat = names.open_chat(session, options.chat)
    template_id = names.template_id(session, options.template, chat)
    outcome = session.workspaces.create(
        chat.id,
        template_id,
        name=options.name,
        parameters=parameters,
        preset_id=None if options.preset is None else names.preset_id(session, options.preset, template_id, chat),
        replace=options.replace,
        start=options.start,
        wait=options.wait,
    )
    return _of_outcome(outcome if options.json else names.with_template_name(session, outcome))


def start(session: Session, options: Namespace, tell: Tell) -> Result:
    """Start it."""
    del tell
    return _of_outcome(session.workspaces.start(options.chat, parameters=parameters_of(options, session.settings.environment), wait=options.wait))


def stop(session: Session, options: Namespace, tell: Tell) -> Result:
    """Stop it."""
    del tell
    return _of_outcome(session.workspaces.stop(options.chat, wait=options.wait), State.STOPPED)


def attach(session: Session, options: Namespace, tell: Tell) -> Result:
    """Bind one that the user has made."""
    del tell
    chat = names.open_chat(session, options.chat)
    return _of_outcome(session.workspaces.attach(chat.id, names.workspace_id(session, options.workspace, chat), wait=options.wait))


def detach(session: Session, options: Namespace, tell: Tell) -> Result:
    """Unbind."""
    del tell
    return _of_outcome(session.workspaces.detach(options.chat, wait=options.wait), State.ABSENT)


def close(session: Session, options: Namespace, tell: Tell) -> Result:
    """Unbind for good."""
    del tell
    outcome = session.workspaces.close_chat(options.chat, wait=options.wait)
    done = Code.DONE if outcome.chat.closed else of_outcome(outcome, State.ABSENT)
    return Result(code=done, told=outcome.as_dict(), lines=tuple(texts.outcome_lines(outcome)))


def delete(session: Session, options: Namespace, tell: Tell) -> Result:
    """Close the chat, and delete what it has of its own making, or what is named."""
    del tell
    workspaces = session.workspaces
    named = None if options.workspace is None else names.workspace_id(session, options.workspace, workspaces.get_chat(options.chat))
    outcome = workspaces.delete(options.chat, workspace_id=named, wait=options.wait)
    closed = outcome.chat.closed and outcome.state is State.ABSENT  # there was nothing to be deleted, and that is told
    return _of_outcome(outcome, State.ABSENT if closed else State.GONE)


def sweep(session: Session, options: Namespace, tell: Tell) -> Result:
    """List strays, and delete those that are named."""
    del tell
    with ThreadPoolExecutor(LISTED_AT_ONCE) as pool:
        swept = session.workspaces.sweep(delete=options.delete, after=options.after, limit=options.limit, executor=pool)
    code = Code.NOT_READY if swept.errors else Code.DONE
    return Result(code=code, told=swept.as_dict(), lines=tuple(texts.sweep_lines(swept)))


def purge(session: Session, options: Namespace, tell: Tell) -> Result:
    """Remove what is past."""
    del tell
    removed = session.workspaces.purge(older_than=options.older_than * DAY)
    return Result(code=Code.DONE, told={"removed": removed}, lines=(f"removed {removed} chats",))


def parameters_of(options: Namespace, environment: Mapping[str, str]) -> Mapping[str, str]:
    """Return the parameters that are told, wherever their values are. InvalidArgumentError."""
    found = dict(_pairs(options.param, "NAME=VALUE"))
    found |= {name: secrets.of_file(path, "param-file") for name, path in _pairs(options.param_file, "NAME=PATH")}
    return found | {name: secrets.of_environment(it, "param-env", environment) for name, it in _pairs(options.param_env, "NAME=VARIABLE")}


def _pairs(told: list[str], expected: str) -> Iterator[tuple[str, str]]:
    for pair in told:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise InvalidArgumentError("parameters", expected)  # the text may be a secret: it is not shown
        yield name, value


# ---------------------------------------------------------------- what only looks


def status(session: Session, options: Namespace, tell: Tell) -> Result:
    """Say how it is; of a creation that has come to nothing yet, who is at it, and since when."""
    del tell
    outcome = session.workspaces.status(options.chat, wait=options.wait)
    result = _of_outcome(outcome)
    if outcome.reason not in {Reason.IN_PROGRESS, Reason.INTERRUPTED_CREATION} or outcome.workspace is not None:
        return result
    look = session.opened.store.look(options.chat)
    return attrs.evolve(result, told={**result.told, **held.held_json(look)}, lines=(*result.lines, *held.held_lines(look)))


def follow(session: Session, options: Namespace, tell: Tell) -> Result:
    """Tell every step until nothing is under way."""
    outcome: Outcome | None = None
    for step in session.workspaces.follow(options.chat, wait=options.wait):
        tell(step)
        outcome = step.outcome
    assert outcome is not None, "the last step has the outcome"
    return _of_outcome(outcome)


def why(session: Session, options: Namespace, tell: Tell) -> Result:
    """Tell the chat's history: by the store, and by the platform what became of its workspaces, if that can be asked."""
    del tell
    store = session.opened.store
    try:
        look, history = store.look(options.chat), store.history(options.chat)
    except NotFoundError:
        raise ChatNotFoundError(options.chat) from None
    lives = builds.lives(session, look, history)
    told = {**json.chat_json(look, history), "builds": [it.told() for it in lives]}
    lines = (*texts.history_lines(look, history), *(line for it in lives for line in it.lines()))
    return Result(code=Code.DONE, told=told, lines=lines)


def list_chats(session: Session, options: Namespace, tell: Tell) -> Result:
    """List the chats. Only the store is asked."""
    del tell
    chats, errors, after = list[Chat](), dict[str, str](), ""
    while True:
        page = session.without_server.chats(closed=None if options.all else False, after=after, limit=1000)
        chats += page.chats
        errors |= page.errors
        if page.after is None:
            break
        after = page.after
    begun = {it.chat.id: it for it in session.opened.store.planned(0.0)}
    begun = {it.id: begun[it.id] for it in chats if it.id in begun}
    lines = [texts.chat_line(it) + (f"; {held.held_text(begun[it.id])}" if it.id in begun else "") for it in chats]
    lines += [f"odd: {chat_id}: {what}" for chat_id, what in errors.items()]
    told = {"chats": [it.as_dict() for it in chats], "begun": {it: held.held_json(look) for it, look in begun.items()}, "errors": errors}
    return Result(code=Code.NOT_READY if errors else Code.DONE, told=told, lines=tuple(lines) or ("there are no chats",))


def templates(session: Session, options: Namespace, tell: Tell) -> Result:
    """List the templates."""
    del options, tell
    user = session.client.user()
    found = session.client.list_templates(user.id, names.organization_id(session, user.organization_ids), deadline=session.deadline())
    listed = sorted(found, key=lambda it: it.name)
    told = {"templates": [it.as_dict() for it in listed]}
    return Result(code=Code.DONE, told=told, lines=tuple(map(texts.template_line, listed)) or ("there are no templates",))


# ---------------------------------------------------------------- what runs in the workspace


def execute(session: Session, options: Namespace, tell: Tell) -> Result:
    """Run a command in the workspace. Its exit code becomes ours."""
    del tell
    if not options.words:
        raise InvalidArgumentError("command", "a command behind the options, such as: uname -a")
    # one word is a line for the shell, several are a command and its arguments, which arrive as they were typed
    command = options.words[0] if len(options.words) == 1 else shlex.join(options.words)
    session.dial_within(options.timeout)
    with session.workspaces.connect(options.chat) as agent:
        try:
            done = agent.run(command, timeout=options.timeout)
        except TimeoutError:
            what = f"the command did not end within {options.timeout:g} s, and was interrupted"
            error = {"reason": "timed_out", "message": what, "retryable": False}
            return Result(code=Code.TIMED_OUT, told={"error": error}, lines=(what,), output="")
    told = {"output": done.output, "truncated": done.truncated}
    lines = ("the output was too long: its middle is missing",) if done.truncated else ()
    return Result(code=done.exit_code, told=told, lines=lines, output=done.output)


def doctor(session: Session, options: Namespace, tell: Tell) -> Result:
    """Look at everything that the other commands need."""
    from chatworkspace_cli._online.doctor import examine  # noqa: PLC0415 # the other commands need none of it

    del options, tell
    report = examine(session)
    code = Code.NOT_READY if report.problems else Code.DONE
    return Result(code=code, told=report.told(), lines=tuple(report.lines()))


def check(session: Session, options: Namespace, tell: Tell) -> Result:
    """Run the rules of the ports against the server."""
    from chatworkspace_cli._online.check import checked  # noqa: PLC0415 # as above

    parameters = parameters_of(options, session.settings.environment)
    found = checked(session, options, parameters, tell)
    return Result(code=found.code, told=found.told, lines=found.lines)


# ---------------------------------------------------------------- for clients of another protocol


def mcp(session: Session, options: Namespace, tell: Tell) -> Result:
    """Serve the chat's tools until the client has gone."""
    from chatworkspace_mcp import ChatServer  # noqa: PLC0415 # the other commands need none of it

    def opened() -> None:
        try:
            names.open_chat(session, options.chat)
        except ChatWorkspaceError as error:  # the model is told less
            tell(texts.message_of(error))
            raise

    hands: tuple[Hand, ...] = ("execute", "read_file", "write_file") if options.hands else ()
    server = ChatServer(
        options.chat, wait=options.wait, threads=options.threads, prepare=opened, tools=hands, allow_unsandboxed=options.allow_unsandboxed
    )
    session.tell_of_progress(server.tell)
    session.stop_by(server.stop)
    workspaces = session.workspaces
    tell(f"the chat of this session: {options.chat}")
    try:
        server.serve_stdio(workspaces)
    except ImportError as error:
        raise InvalidArgumentError("mcp", "the package of that name: pip install 'chatworkspace[mcp]'") from error
    return Result(code=Code.INTERRUPTED if session.interrupted else Code.DONE, told={})


# ---------------------------------------------------------------- recordings


def run(session: Session, options: Namespace, tell: Tell) -> Result:
    """Replay recorded calls on the platform of this machine."""
    from chatworkspace_cli._offline.showing import finish  # noqa: PLC0415 # the other commands need none of it
    from chatworkspace_cli._online.recorded import Recorded  # noqa: PLC0415 # as above

    hands: tuple[Hand, ...] = ("execute", "read_file", "write_file") if options.hands else ()
    recorded = Recorded(session, options.lines, hands=hands, allow_unsandboxed=options.allow_unsandboxed, fast=options.fast, tell=tell)
    story = recorded.play()
    code = Code.INTERRUPTED if session.interrupted else Code.NOT_READY if story.duplicates else Code.DONE
    return Result(code=code, told={}, show=lambda: finish(story, for_programs=options.json))


# ---------------------------------------------------------------- the database of a store


def db_upgrade(session: Session, options: Namespace, tell: Tell) -> Result:
    """Make or upgrade the tables."""
    del tell
    applied = list(stores.upgrade_database(session.dsn(options), options.schema))
    return Result(code=Code.DONE, told={"applied": applied}, lines=tuple(f"applied {it}" for it in applied) or ("nothing to do",))


def db_check(session: Session, options: Namespace, tell: Tell) -> Result:
    """Say what is missing: an error does."""
    del tell
    version = stores.version_of_database(session.dsn(options), options.schema)
    return Result(code=Code.DONE, told={"schema_version": version}, lines=(f"nothing is missing; version {version}",))


def db_sql(session: Session, options: Namespace, tell: Tell) -> Result:
    """Print what an upgrade would run."""
    del tell
    text = stores.sql_for_database(session.dsn(options), options.schema)
    return Result(code=Code.DONE, told={"sql": text}, output=text)


def db_backup(session: Session, options: Namespace, tell: Tell) -> Result:
    """Copy a store, wherever it is."""
    del tell
    stores.backup(session.url(options), options.schema, options.file)
    return Result(code=Code.DONE, told={"file": options.file}, lines=(f"written: {options.file}",))


LOOKS = (templates, why, list_chats, execute, doctor)
"""They wait for no workspace and change none, so Ctrl-C ends their requests."""
CLEARS_UP = (check,)
"""They make what is theirs alone, and delete it also after Ctrl-C."""
