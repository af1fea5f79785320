"""What a command has found, as lines for people. Pure. Other people's text is data; whoever prints it makes it harmless for a terminal."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence

from chatworkspace import (
    Chat,
    ChatNotFoundError,
    ChatWorkspaceError,
    InvalidArgumentError,
    LeftBehind,
    Outcome,
    Progress,
    Quota,
    Reason,
    RefusedError,
    Sweep,
    Template,
)
from chatworkspace.ports import Intent, Look
from chatworkspace_cli._online import stores
from chatworkspace_cli._online.held import held_lines

ARGUMENTS = {
    "chat_id": "--chat",
    "template": "--template",
    "template_id": "--template",
    "parameters_template": "--parameters-template",
    "external_template": "--external-template",
    "rule": "--rule",
    "parameters": "--param",
    "preset": "--preset",
    "preset_id": "--preset",
    "name": "--name",
    "wait": "--wait",
    "replace": "--replace",
    "workspace_id": "WORKSPACE",
    "delete": "--delete",
    "organization": "--organization",
    "organization_id": "--organization",
    "store": "--store or CHATWORKSPACE_STORE",
    "path": "--store or CHATWORKSPACE_STORE",
    "platform": "--platform or CHATWORKSPACE_PLATFORM",
    "root": "--platform or CHATWORKSPACE_PLATFORM",
    "allow_unsandboxed": "--allow-unsandboxed",
    "url": "CODER_URL",
    "token": "CODER_SESSION_TOKEN",
    "ca_file": "--ca-file or CODER_CLIENT_TLS_CA_FILE",
    "client_cert": "--client-cert or CODER_CLIENT_TLS_CERT_FILE",
    "headers": "--header or CODER_HEADER",
    "proxy": "--proxy or CHATWORKSPACE_PROXY",
    "dsn": "--dsn",
    "param-file": "--param-file",
    "param-env": "--param-env",
    "file": "FILE",
    "schema": "--schema",
}
"""What the library's arguments are called on the command line."""


def message_of(error: ChatWorkspaceError) -> str:
    """Return what went wrong, in the words of the command line."""
    if isinstance(error, InvalidArgumentError):
        name, bracket, rest = error.argument.partition("[")
        return ARGUMENTS.get(name, name) + bracket + rest + str(error).removeprefix(error.argument)
    if isinstance(error, ChatNotFoundError):
        return f"chat {error.chat_id!r} is not known to this store"
    said = _apart(error)[0]
    if not isinstance(error, RefusedError):
        return said
    parts = [it for it in (said, error.detail, "; ".join(f"{field}: {detail}" for field, detail in error.validations)) if it]
    return " ".join([*(it if it.endswith((".", "!", "?", ":")) else f"{it}:" for it in parts[:-1]), *parts[-1:]])


def _apart(error: ChatWorkspaceError) -> tuple[str, str]:
    """Return what is wrong and what to do about it, of a server or a store that could not be asked; else the message, and nothing."""
    message = str(error)
    if error.reason is Reason.STORE_UNAVAILABLE:
        return stores.told_apart(message)
    if error.reason is not Reason.PLATFORM_UNAVAILABLE:
        return message, ""
    from chatworkspace_coder import told_apart  # noqa: PLC0415 # only who has asked a server needs it

    return told_apart(message)


def remedy_of(error: ChatWorkspaceError) -> str:
    """Return what to do about a server or a store that could not be asked; empty where the error does not say so."""
    return _apart(error)[1]


def next_step_of(error: ChatWorkspaceError) -> str:
    """Return what to do about it, in the words of the command line."""
    if isinstance(error, ChatNotFoundError):
        return "`chatworkspace create` makes its workspace; `chatworkspace doctor` says which store this is."
    if error.reason is Reason.TEMPLATE_NOT_FOUND:
        return "`chatworkspace templates` lists them."
    return remedy_of(error) or error.next_step


def error_lines(error: ChatWorkspaceError) -> Iterator[str]:
    """Yield what a person is told of an error."""
    yield message_of(error)
    if error.left_behind is not None:
        yield _left_line(error.left_behind)
    if step := next_step_of(error):
        yield step


def outcome_lines(outcome: Outcome) -> Iterator[str]:
    """Yield what a person is told of an outcome."""
    phase = "" if outcome.phase is None else f", {outcome.phase.value}"
    yield f"{outcome.chat.id}: {outcome.state.value}{phase} ({outcome.reason.value}), {outcome.elapsed:.1f} s"
    if outcome.workspace is not None:
        yield f"workspace {outcome.workspace.full_name} ({outcome.workspace.id})"
    if outcome.agent is not None:
        yield f"agent {outcome.agent.name}, {outcome.agent.status.value}"
    if outcome.log_left_out:
        yield f"| … [{outcome.log_left_out} lines before these]"
    yield from (f"| {line}" for line in outcome.log_tail)
    if outcome.error:
        yield f"error: {outcome.error}"
    yield from _remarks(outcome.quota, outcome.not_applied)
    if outcome.left_behind is not None:
        yield _left_line(outcome.left_behind)
    if outcome.next_step:
        yield outcome.next_step


def _remarks(quota: Quota | None, not_applied: Mapping[str, str]) -> Iterator[str]:
    if quota is not None:
        yield f"quota: {quota.consumed} of {quota.budget} used"
    for name, holds in not_applied.items():
        option = ARGUMENTS.get(name, name)
        yield f"{option} is not as it was asked for: it is {holds}" if name == "name" else f"{option} had no effect; what holds: {holds}"


def _left_line(it: LeftBehind) -> str:
    return f"left behind: {f'{it.name} ({it.workspace_id})' if it.name else it.workspace_id}, {it.reason.value}"


def step_text(step: Progress) -> str:
    """Return a step in some words."""
    if step.line is not None:
        return f"| {step.line}"
    phase = "" if step.phase is None else step.phase.value
    return ", ".join(text for text in (phase, queue_text(step)) if text)


def queue_text(step: Progress) -> str:
    """Return where a build stands in the platform's queue; empty: in none."""
    return f"position {step.queue_position} in the queue" if step.queue_position else ""


def chat_line(chat: Chat) -> str:
    """Return a chat in one line."""
    state = "closed" if chat.closed else "has no workspace" if chat.workspace_id is None else f"has workspace {chat.workspace_id}"
    return f"{chat.id}: {state}"


def history_lines(look: Look, history: Sequence[Intent]) -> Iterator[str]:
    """Yield what a person is told of a chat's history."""
    chat = look.chat
    yield chat_line(chat)
    yield from held_lines(look)
    for it in history:
        yield f"{it.generation}. {_intent_text(it)}"
        yield from (f"   {note}{_times(times)}" for note, times in zip(it.notes, it.times or (1,) * len(it.notes), strict=True))


def _times(times: int) -> str:
    return f" ({times} times)" if times > 1 else ""


def _intent_text(it: Intent) -> str:
    if it.template_id is None:
        what = "detached or closed" if it.workspace_id is None else f"attached {it.workspace_id}"
    else:
        what = f"planned {it.name} of template {it.template_id}"
    parts = [what, f"at {it.planned_at:%Y-%m-%d %H:%M:%S} UTC" if it.planned_at is not None else ""]
    if it.template_id is not None:
        parts.append("never bound" if it.workspace_id is None else f"bound to {it.workspace_id}")
    parts.append(f"at {it.bound_at:%Y-%m-%d %H:%M:%S} UTC" if it.bound_at is not None else "")
    parts.append(f"in place of {it.replaces}" if it.replaces is not None else "")
    return " ".join(part for part in parts if part)


def sweep_lines(swept: Sweep) -> Iterator[str]:
    """Yield what a person is told of a sweep."""
    yield from (f"settled the plan of {chat_id}" for chat_id in swept.settled)
    yield from (f"stray {it.full_name} ({it.id}): `chatworkspace sweep --delete {it.id}` deletes it" for it in swept.strays)
    yield from (f"deleted {it}" for it in swept.deleted)
    yield from (f"failed: {key}: {what}" for key, what in swept.errors.items())
    if swept.after is not None:
        yield f"stopped before the end: `chatworkspace sweep --after {shlex.quote(swept.after)}` goes on"
    elif not (swept.settled or swept.strays or swept.deleted or swept.errors):
        yield "nothing to sweep"


def template_line(it: Template) -> str:
    """Return one line of the list of templates."""
    marks = (("not for chats", not it.agents_allowed), ("external agent", it.external_agent), ("deprecated", it.deprecated))
    remarks = ", ".join(mark for mark, holds in marks if holds)
    first = next(iter(it.description.splitlines()), "")
    return f"{it.name} ({it.id})" + (f" [{remarks}]" if remarks else "") + (f" - {first}" if first else "")
