"""What names stand for: the chat, its organization, a template, a preset, a workspace."""

from __future__ import annotations

from contextlib import suppress
from uuid import UUID

import attrs

from chatworkspace import Chat, ChatNotFoundError, ChatWorkspaceError, InvalidArgumentError, Outcome, Reason, TemplateError
from chatworkspace.ports import NotFoundError
from chatworkspace_cli._online.session import Session

BRIEF = 2.0
"""Seconds for what an answer can do without."""


def open_chat(session: Session, chat_id: str) -> Chat:
    """Make the chat known, with the token's user and its organization. InvalidArgumentError, ChatClosedError, UnavailableError."""
    workspaces, user = session.workspaces, session.client.user()
    try:
        chosen = workspaces.get_chat(chat_id).organization_id
    except ChatNotFoundError:
        chosen = organization_id(session, user.organization_ids)
    else:
        if session.settings.organization is not None:
            chosen = organization_id(session, user.organization_ids)
    try:
        return workspaces.open_chat(chat_id, owner_id=user.id, organization_id=chosen)
    except InvalidArgumentError as error:
        if error.argument == "owner_id":
            raise InvalidArgumentError("chat_id", f"a chat of {user.username}, whose token this is; another user's has this id") from error
        raise


def organization_id(session: Session, of_user: tuple[UUID, ...]) -> UUID:
    """Return the organization that was chosen, or the user's only one. InvalidArgumentError, UnavailableError."""
    wanted = session.settings.organization or session.settings.otherwise
    if wanted is None and len(of_user) == 1:
        return of_user[0]
    found = session.client.about.organizations(session.deadline())
    for it in found:
        if wanted is not None and wanted.lower() in (it.name.lower(), str(it.id)):
            return it.id
    names = ", ".join(it.name for it in found) or "none: the token's user is in no organization"
    raise InvalidArgumentError("organization", f"one of: {names}")


def template_id(session: Session, told: str, chat: Chat) -> UUID:
    """Return the id of a template of the chat's organization, of which name or id is told. InvalidArgumentError, UnavailableError."""
    if (known := id_of(told)) is not None:
        return known
    try:
        return session.client.template(told, organization_id=chat.organization_id).id
    except TemplateError as error:
        expected = f"name or id of a template of the chat's organization{_templates(session, chat)}; there is no {told!r}"
        raise InvalidArgumentError("template", expected, reason=Reason.TEMPLATE_NOT_FOUND) from error


def _templates(session: Session, chat: Chat) -> str:
    """Return what templates there are, as far as that can be told."""
    with suppress(ChatWorkspaceError):
        found = session.client.list_templates(chat.owner_id, chat.organization_id, deadline=session.deadline())
        return f" ({', '.join(sorted(it.name for it in found)) or 'it has none'})"
    return ""


def with_template_name(session: Session, outcome: Outcome) -> Outcome:
    """Return the outcome with the name of the template that holds in place of the one asked for, where it can be told: for people."""
    template_id = outcome.not_applied.get("template_id")
    if template_id is None:
        return outcome
    try:
        found = session.client.get_template(outcome.chat.owner_id, UUID(template_id), deadline=session.deadline(BRIEF))
    except (ChatWorkspaceError, NotFoundError):
        return outcome
    return attrs.evolve(outcome, not_applied={**outcome.not_applied, "template_id": found.name})


def preset_id(session: Session, told: str, template_id: UUID, chat: Chat) -> UUID:
    """Return the id of a preset of the template, of which name or id is told. InvalidArgumentError, UnavailableError."""
    if (known := id_of(told)) is not None:
        return known
    client = session.client
    try:
        template = client.get_template(chat.owner_id, template_id, deadline=session.deadline())
        presets = client.list_presets(chat.owner_id, template, deadline=session.deadline())
    except NotFoundError as error:
        expected = "name or id of a template that the token may see"
        raise InvalidArgumentError("template", expected, reason=Reason.TEMPLATE_NOT_FOUND) from error
    found = [it.id for it in presets if it.name == told] or [it.id for it in presets if it.name.lower() == told.lower()]
    if len(found) != 1:
        names = ", ".join(repr(it.name) for it in presets) or "none: the template has no presets"
        raise InvalidArgumentError("preset", f"one of: {names}")
    return found[0]


def workspace_id(session: Session, told: str, chat: Chat) -> UUID:
    """Return the id of a workspace of the chat's owner, of which name or id is told. InvalidArgumentError, UnavailableError."""
    if (known := id_of(told)) is not None:
        return known
    found = session.client.find_workspace(chat.owner_id, told.rpartition("/")[2], deadline=session.deadline())
    if found is None:
        raise InvalidArgumentError("workspace_id", f"name or id of a live workspace of the token's user; there is no {told!r}")
    return found.id


def id_of(told: str) -> UUID | None:
    """Return the id that is told, if it is one."""
    try:
        return UUID(told)
    except ValueError:
        return None
